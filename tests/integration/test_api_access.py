"""How a call of the API shows who makes it, and what those hear who may not. Every route: test_doors.py."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from occupation.access import COOKIE
from occupation.models import Device, Evento
from occupation.services import revoke
from occupation.vocabulary import DeviceKind
from tests.doors import API
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory
from tests.visitors import bearer, token

pytestmark = pytest.mark.django_db


def browser(token: str, *, enforce_csrf_checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    client.cookies[COOKIE] = token
    return client


@pytest.fixture(autouse=True)
def _shop() -> None:
    TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas")
    SpoolFactory(tag_hoja="MK-1")


def test_who_only_looks_hears_what_to_do() -> None:
    board = browser(token(kind=DeviceKind.BOARD, nombre="Muro"))
    response = board.post("/api/occupation/tomar", "{}", content_type="application/json")
    assert response.json() == {
        "success": False,
        "error": "SIN_PERMISO",
        "message": "Muro solo puede mirar. Use una tableta, o pida al administrador un permiso para actuar.",
        "data": {},
    }


def test_a_bearer_token_decides_even_beside_a_good_cookie() -> None:
    answers = [browser(token()).get("/api/workers", headers=bearer(wrong)) for wrong in ("nada", "")]
    assert [answer.status_code for answer in answers] == [401, 401]


def test_another_scheme_leaves_the_cookie_to_decide() -> None:
    answer = browser(token()).get("/api/workers", headers={"Authorization": "Basic Og=="})
    assert answer.status_code == 200


TOMAR = json.dumps({"tag_spool": "MK-1", "worker_id": 93, "operacion": "ARM"})


def test_a_cookie_alone_posts_nothing() -> None:
    client = browser(token(), enforce_csrf_checks=True)
    response = client.post("/api/occupation/tomar", TOMAR, content_type="application/json")
    assert (response.status_code, response.json()) == (
        403,
        {
            "success": False,
            "error": "CSRF",
            "message": "Falta la protección contra envíos ajenos (X-CSRFToken). Recargue la página y repita.",
            "data": {},
        },
    )
    assert Evento.objects.count() == 0


def test_a_cookie_with_the_token_of_our_page_posts() -> None:
    client = browser(token(), enforce_csrf_checks=True)
    secret = "a" * 32
    client.cookies["taller_csrf"] = secret
    response = client.post(
        "/api/occupation/tomar", TOMAR, content_type="application/json", headers={"X-CSRFToken": secret}
    )
    assert (response.status_code, response.json()["message"]) == (200, "Spool MK-1 tomado por MR(93)")


def test_a_bearer_needs_no_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True, headers=bearer(token(kind=DeviceKind.API)))
    response = client.post("/api/occupation/tomar", TOMAR, content_type="application/json")
    assert (response.status_code, response.json()["success"]) == (200, True)


def test_a_revoked_device_is_a_stranger_at_its_next_request() -> None:
    tablet = DeviceFactory()
    client = Client(headers=bearer(tablet.raw_token))
    assert client.get("/api/workers").status_code == 200
    revoke(device=tablet)
    assert client.get("/api/workers").status_code == 401


def test_calling_is_being_seen() -> None:
    tablet = DeviceFactory()
    Client(headers=bearer(tablet.raw_token)).get("/api/workers")
    assert Device.objects.get(pk=tablet.pk).visto_en is not None


def test_the_document_names_every_route_and_every_failure() -> None:
    document = Client(headers=bearer(token())).get("/api/openapi.json").json()
    told = {re.sub(r"<path:(\w+)>", r"{\1}", route) for route in API} - {"api/", "api/docs", "api/openapi.json"}
    assert sorted(document["paths"]) == sorted(f"/{route}" for route in told)
    tomar = document["paths"]["/api/occupation/tomar"]["post"]
    assert tomar["security"] == [{"Bearer": []}, {"PairedCookie": []}]
    assert sorted(tomar["responses"]) == ["200", "400", "401", "403", "404", "409", "410", "413", "422", "500", "503"]
    assert {
        answer["content"]["application/json"]["schema"]["$ref"]
        for status, answer in tomar["responses"].items()
        if status != "200"
    } == {"#/components/schemas/Error"}
    assert "security" not in document["paths"]["/api/health"]["get"]


def test_the_documentation_page_loads_nothing_from_elsewhere() -> None:
    html = Client(headers=bearer(token())).get("/api/docs").content.decode()
    assert "://" not in html.replace("http://testserver", "")
    assert "/static/ninja/swagger-ui-bundle.js" in html
