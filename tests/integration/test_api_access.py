"""Who may call what: every route with every credential."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.test import Client

from occupation.models import Device, Evento
from occupation.services import revoke
from occupation.vocabulary import DeviceKind, DeviceScope
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory

pytestmark = pytest.mark.django_db

READS = [
    "occupation/status/MK-1",
    "spools?operacion=ARM",
    "workers",
    "dashboard/occupied",
    "history/MK-1",
    "docs",
    "openapi.json",
]
OPEN = ["health", "redis-health", "sheets-health", "ready"]
VERBS = [
    "occupation/tomar",
    "occupation/pausar",
    "occupation/completar",
    "occupation/cancelar",
    "occupation/batch-tomar",
    "occupation/batch-pausar",
    "occupation/batch-completar",
    "metrologia/completar",
]
BODY = {"worker_id": 93}


def device(kind: DeviceKind = DeviceKind.TABLET, scope: DeviceScope = DeviceScope.ACT) -> Device:
    made: Device = DeviceFactory(kind=kind, scope=DeviceScope.READ if kind == DeviceKind.BOARD else scope)
    return made


def token_of(device: Device) -> str:
    return str(vars(device)["raw_token"])


def bearer(device: Device) -> Client:
    return Client(headers={"Authorization": f"Bearer {token_of(device)}"})


def cookie(device: Device) -> Client:
    client = Client()
    client.cookies["taller_device"] = token_of(device)
    return client


def revoked(device: Device) -> Device:
    revoke(device=device)
    return device


READ, ACT = DeviceScope.READ, DeviceScope.ACT
TABLET, BOARD, PROGRAM = DeviceKind.TABLET, DeviceKind.BOARD, DeviceKind.API

# credential: what a read answers, and which error a verb with a senseless body meets
CREDENTIALS: dict[str, tuple[Callable[[], Client], int, tuple[int, str]]] = {
    "none": (Client, 401, (401, "NO_VINCULADO")),
    "wrong bearer": (
        lambda: Client(headers={"Authorization": "Bearer nada"}),
        401,
        (401, "NO_VINCULADO"),
    ),
    "empty bearer": (lambda: Client(headers={"Authorization": "Bearer "}), 401, (401, "NO_VINCULADO")),
    "tablet bearer": (lambda: bearer(device()), 200, (422, "SOLICITUD_INVALIDA")),
    "reading tablet bearer": (lambda: bearer(device(TABLET, READ)), 200, (403, "SIN_PERMISO")),
    "program bearer": (lambda: bearer(device(PROGRAM)), 200, (422, "SOLICITUD_INVALIDA")),
    "reading program bearer": (lambda: bearer(device(PROGRAM, READ)), 200, (403, "SIN_PERMISO")),
    "board bearer": (lambda: bearer(device(BOARD)), 401, (401, "NO_VINCULADO")),
    "revoked bearer": (lambda: bearer(revoked(device())), 401, (401, "NO_VINCULADO")),
    "tablet cookie": (lambda: cookie(device()), 200, (422, "SOLICITUD_INVALIDA")),
    "reading tablet cookie": (lambda: cookie(device(TABLET, READ)), 200, (403, "SIN_PERMISO")),
    "board cookie": (lambda: cookie(device(BOARD)), 200, (403, "SIN_PERMISO")),
    "program cookie": (lambda: cookie(device(PROGRAM)), 401, (401, "NO_VINCULADO")),
    "revoked cookie": (lambda: cookie(revoked(device())), 401, (401, "NO_VINCULADO")),
}


@pytest.fixture(autouse=True)
def _shop() -> None:
    TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas")
    SpoolFactory(tag_hoja="MK-1")


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("path", READS)
def test_a_read_wants_a_credential(path: str, credential: str) -> None:
    make, expected, _ = CREDENTIALS[credential]
    response = make().get(f"/api/{path}")
    assert response.status_code == expected
    if expected == 401:
        assert (response.json(), response["WWW-Authenticate"]) == (
            {
                "success": False,
                "error": "NO_VINCULADO",
                "message": "Este dispositivo no está vinculado al taller. "
                "Pida al supervisor un código para vincularlo.",
                "data": {},
            },
            "Bearer",
        )


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("path", VERBS)
def test_a_verb_wants_a_credential_that_may_act(path: str, credential: str) -> None:
    make, _, expected = CREDENTIALS[credential]
    response = make().post(f"/api/{path}", json.dumps(BODY), content_type="application/json")
    assert (response.status_code, response.json()["error"]) == expected
    assert Evento.objects.count() == 0


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("path", OPEN)
def test_health_asks_nobody_who_they_are(path: str, credential: str) -> None:
    assert CREDENTIALS[credential][0]().get(f"/api/{path}").json()["status"] == "healthy"


def test_who_only_looks_hears_what_to_do() -> None:
    board = DeviceFactory(kind=BOARD, nombre="Muro")
    response = cookie(board).post("/api/occupation/tomar", "{}", content_type="application/json")
    assert response.json() == {
        "success": False,
        "error": "SIN_PERMISO",
        "message": "Muro solo puede mirar. Use una tableta, o pida al supervisor un permiso para actuar.",
        "data": {},
    }


def test_a_bearer_token_decides_even_beside_a_good_cookie() -> None:
    client = cookie(device())
    assert client.get("/api/workers", headers={"Authorization": "Bearer nada"}).status_code == 401


def test_another_scheme_leaves_the_cookie_to_decide() -> None:
    client = cookie(device())
    assert client.get("/api/workers", headers={"Authorization": "Basic Og=="}).status_code == 200


TOMAR = json.dumps({"tag_spool": "MK-1", "worker_id": 93, "operacion": "ARM"})


def test_a_cookie_alone_posts_nothing() -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["taller_device"] = token_of(device())
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
    client = Client(enforce_csrf_checks=True)
    client.cookies["taller_device"] = token_of(device())
    secret = "a" * 32
    client.cookies["taller_csrf"] = secret
    response = client.post(
        "/api/occupation/tomar", TOMAR, content_type="application/json", headers={"X-CSRFToken": secret}
    )
    assert (response.status_code, response.json()["message"]) == (200, "Spool MK-1 tomado por MR(93)")


def test_a_bearer_needs_no_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token_of(device(PROGRAM))}"})
    response = client.post("/api/occupation/tomar", TOMAR, content_type="application/json")
    assert (response.status_code, response.json()["success"]) == (200, True)


def test_a_revoked_device_is_a_stranger_at_its_next_request() -> None:
    tablet = device()
    client = bearer(tablet)
    assert client.get("/api/workers").status_code == 200
    revoke(device=tablet)
    assert client.get("/api/workers").status_code == 401


def test_calling_is_being_seen() -> None:
    tablet = device()
    bearer(tablet).get("/api/workers")
    assert Device.objects.get(pk=tablet.pk).visto_en is not None


def test_the_document_names_every_route_and_every_failure() -> None:
    document = bearer(device()).get("/api/openapi.json").json()
    assert sorted(document["paths"]) == sorted(
        f"/api/{path}"
        for path in [
            *VERBS,
            *OPEN,
            "occupation/status/{tag}",
            "spools",
            "workers",
            "dashboard/occupied",
            "history/{tag}",
            "sse/stream",
        ]
    )
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
    html = bearer(device()).get("/api/docs").content.decode()
    assert "://" not in html.replace("http://testserver", "")
    assert "/static/ninja/swagger-ui-bundle.js" in html
