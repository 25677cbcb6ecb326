"""Whatever goes wrong under /api/, the answer has one shape, and says nothing it should not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.test import Client

from occupation.models import Evento
from tests.api_client import ApiClient
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory
from tests.shop import TOO_OLD_A_DAY

pytestmark = pytest.mark.django_db

TOMAR = "occupation/tomar"
GOOD: dict[str, Any] = {"tag_spool": "MK-1", "worker_id": 93, "operacion": "ARM"}
NOT_FOUND = "Esta dirección no existe en la API. Las que hay están en /api/docs."
NOT_JSON = "El cuerpo de la solicitud no es JSON. Envíe un objeto JSON en UTF-8."
TOO_BIG = "La solicitud es demasiado grande: a lo más 1 MB."


@pytest.fixture
def api() -> ApiClient:
    TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas")
    SpoolFactory(tag_hoja="MK-1")
    return ApiClient(DeviceFactory().raw_token)


def failure(error: str, message: str) -> dict[str, Any]:
    return {"success": False, "error": error, "message": message, "data": {}}


@pytest.mark.parametrize("path", ["", "nada", "occupation/", "occupation/status/", "health/", "../admin", "spools/x"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_unknown_route_is_said_in_the_envelope(api: ApiClient, path: str, method: str) -> None:
    response = getattr(api.http, method)(f"/api/{path}", headers=api.headers)
    assert (response.status_code, response.json()) == (404, failure("RUTA_NO_ENCONTRADA", NOT_FOUND))


def test_the_address_without_its_slash_is_no_redirect(api: ApiClient) -> None:
    response = api.http.get("/api", headers=api.headers)
    assert (response.status_code, response.json()) == (404, failure("RUTA_NO_ENCONTRADA", NOT_FOUND))


@pytest.mark.parametrize("path", ["", "/", "/nada", "/health/", "/occupation/status/MK-1", "/spools", "/docs/x"])
@pytest.mark.parametrize("method", ["post", "delete", "options", "patch"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nada"}])
def test_a_stranger_does_not_learn_which_addresses_and_methods_there_are(
    path: str, method: str, headers: dict[str, str]
) -> None:
    response = getattr(Client(), method)(f"/api{path}", headers=headers)
    assert (response.status_code, response.json()["error"], response["WWW-Authenticate"]) == (
        401,
        "NO_VINCULADO",
        "Bearer",
    )
    assert "Allow" not in response


@pytest.mark.parametrize("path", ["health", "redis-health", "sheets-health", "ready"])
def test_what_is_open_says_its_methods_to_anybody(path: str) -> None:
    response = Client().put(f"/api/{path}")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("get", TOMAR, "OPTIONS, POST"),
        ("head", TOMAR, "OPTIONS, POST"),
        ("post", "spools", "GET, HEAD, OPTIONS"),
        ("delete", "occupation/status/MK-1", "GET, HEAD, OPTIONS"),
        ("put", "health", "GET, HEAD, OPTIONS"),
        ("trace", "workers", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_hears_which_are_right(api: ApiClient, method: str, path: str, allow: str) -> None:
    response = getattr(api.http, method)(f"/api/{path}", headers=api.headers)
    assert (response.status_code, response["Allow"]) == (405, allow)
    if method != "head":
        assert response.json() == failure(
            "METODO_NO_PERMITIDO",
            "Esta dirección no acepta ese método. El encabezado Allow dice cuáles acepta.",
        )


def test_options_says_the_methods_and_nothing_else(api: ApiClient) -> None:
    response = api.http.options("/api/spools", headers=api.headers)
    assert (response.status_code, response["Allow"], response.content) == (204, "GET, HEAD, OPTIONS", b"")


def test_head_is_get_without_its_body(api: ApiClient) -> None:
    get = api.http.get("/api/workers", headers=api.headers)
    head = api.http.head("/api/workers", headers=api.headers)
    assert (head.status_code, head.content, head["Content-Length"]) == (200, b"", get["Content-Length"])


NOT_JSON_BODIES = [
    b"",
    b"{",
    b"tag_spool=MK-1",
    b"\xff\xfe\xff",
    b"{'a': 1}",
    b'{"worker_id": NaN}',
    b'{"worker_id": Infinity}',
    b"[" * 100_000,
    b'{"worker_id": ' + b"9" * 5000 + b"}",
    b'{"a":1}{"b":2}',
]


@pytest.mark.parametrize("body", NOT_JSON_BODIES, ids=range(len(NOT_JSON_BODIES)))
def test_what_is_not_json_is_said_to_be_not_json(api: ApiClient, body: bytes) -> None:
    assert api.send(TOMAR, body) == (400, failure("JSON_INVALIDO", NOT_JSON))


def test_a_form_is_not_json(api: ApiClient) -> None:
    response = api.http.post(f"/api/{TOMAR}", GOOD, headers=api.headers)
    assert (response.status_code, response.json()) == (400, failure("JSON_INVALIDO", NOT_JSON))


FIELDS: list[tuple[Any, dict[str, str]]] = [
    ([], {"cuerpo": "debe ser un objeto JSON"}),
    ("MK-1", {"cuerpo": "debe ser un objeto JSON"}),
    (None, {"cuerpo": "debe ser un objeto JSON"}),
    (1, {"cuerpo": "debe ser un objeto JSON"}),
    ({}, {"worker_id": "falta", "tag_spool": "falta", "operacion": "falta"}),
    (GOOD | {"worker_id": None}, {"worker_id": "debe ser un número entero"}),
    (GOOD | {"worker_id": True}, {"worker_id": "debe ser un número entero"}),
    (GOOD | {"worker_id": "93"}, {"worker_id": "debe ser un número entero"}),
    (GOOD | {"worker_id": 93.0}, {"worker_id": "debe ser un número entero"}),
    (GOOD | {"worker_id": 1e999}, {"worker_id": "debe ser un número entero"}),
    (GOOD | {"worker_id": 0}, {"worker_id": "debe ser 1 o más"}),
    (GOOD | {"worker_id": -1}, {"worker_id": "debe ser 1 o más"}),
    (GOOD | {"worker_id": 2**31}, {"worker_id": "debe ser 2147483647 o menos"}),
    (GOOD | {"worker_id": 10**30}, {"worker_id": "debe ser 2147483647 o menos"}),
    (GOOD | {"worker_id": [93]}, {"worker_id": "debe ser un número entero"}),
    (GOOD | {"tag_spool": ""}, {"tag_spool": "no puede estar vacío"}),
    (GOOD | {"tag_spool": " \n\t"}, {"tag_spool": "no puede estar vacío"}),
    (GOOD | {"tag_spool": None}, {"tag_spool": "debe ser un texto"}),
    (GOOD | {"tag_spool": 7}, {"tag_spool": "debe ser un texto"}),
    (GOOD | {"tag_spool": "X" * 101}, {"tag_spool": "use a lo más 100 caracteres"}),
    (GOOD | {"tag_spool": "MK\x00-1"}, {"tag_spool": "tiene caracteres que no se pueden escribir"}),
    (GOOD | {"tag_spool": "MK\x1b[31m"}, {"tag_spool": "tiene caracteres que no se pueden escribir"}),
    (GOOD | {"tag_spool": "MK\ud800"}, {"tag_spool": "tiene caracteres que no se pueden escribir"}),
    (GOOD | {"operacion": "arm"}, {"operacion": "debe ser ARM, SOLD, METROLOGIA o REPARACION"}),
    (GOOD | {"operacion": None}, {"operacion": "debe ser ARM, SOLD, METROLOGIA o REPARACION"}),
    (GOOD | {"version": "v1"}, {"version": "debe ser la versión (UUID) que entrega la API"}),
    (GOOD | {"version": 1}, {"version": "debe ser la versión (UUID) que entrega la API"}),
    (GOOD | {"tag": "MK-1"}, {"tag": "no se conoce este campo"}),
    (GOOD | {"fecha_operacion": "2026-01-01"}, {"fecha_operacion": "no se conoce este campo"}),
    (GOOD | {"\ud800": 1}, {"cuerpo": "tiene caracteres que no se pueden escribir"}),
]


@pytest.mark.parametrize(("body", "campos"), FIELDS)
def test_a_body_that_makes_no_sense_says_which_field_and_why(
    api: ApiClient, body: object, campos: dict[str, str]
) -> None:
    status, answer = api.send(TOMAR, json.dumps(body).replace("Infinity", "1e999"))
    assert (status, answer["error"], answer["data"]) == (422, "SOLICITUD_INVALIDA", {"campos": campos})
    assert answer["message"] == "La solicitud no es válida. " + "; ".join(
        f"{campo}: {razon}" for campo, razon in campos.items()
    )
    assert Evento.objects.count() == 0


@pytest.mark.parametrize(
    ("fecha", "razon"),
    [
        ("2026-02-30", "esa fecha no existe en el calendario"),
        ("30-01-2026", "debe ser una fecha AAAA-MM-DD"),
        ("2026-01-30T00:00:00", "debe ser una fecha AAAA-MM-DD"),
        ("", "debe ser una fecha AAAA-MM-DD"),
        (1767225600, "debe ser una fecha AAAA-MM-DD"),
        (True, "debe ser una fecha AAAA-MM-DD"),
        ("٢٠٢٦-٠١-٠١", "debe ser una fecha AAAA-MM-DD"),
        ("0001-01-01", TOO_OLD_A_DAY),
        ("1989-12-31", TOO_OLD_A_DAY),
    ],
)
def test_a_day_is_written_in_one_way(api: ApiClient, fecha: object, razon: str) -> None:
    status, answer = api.post("occupation/completar", tag_spool="MK-1", worker_id=93, fecha_operacion=fecha)
    assert (status, answer["data"]) == (422, {"campos": {"fecha_operacion": razon}})


@pytest.mark.parametrize(
    ("clave", "razon"),
    [
        ("", "no puede estar vacío"),
        ("x" * 201, "use a lo más 200 caracteres"),
        ("a\x7fb", "tiene caracteres que no se pueden escribir"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(api: ApiClient, clave: str, razon: str) -> None:
    status, answer = api.post(TOMAR, clave=clave, **GOOD)
    assert (status, answer["error"], answer["data"]) == (
        422,
        "SOLICITUD_INVALIDA",
        {"campos": {"Idempotency-Key": razon}},
    )


def test_the_longest_key_is_taken(api: ApiClient) -> None:
    assert api.post(TOMAR, clave="x" * 200, **GOOD)[0] == 200


def test_many_unknown_fields_do_not_make_a_long_answer(api: ApiClient) -> None:
    status, answer = api.send(TOMAR, json.dumps({f"{number}" * 300: 1 for number in range(300)}))
    assert (status, len(answer["data"]["campos"])) == (422, 20)
    assert max(len(campo) for campo in answer["data"]["campos"]) == 100


def send_declaring(api: ApiClient, length: int, **body: object) -> tuple[int, dict[str, Any]]:
    response = api.http.generic(
        "POST",
        f"/api/{TOMAR}",
        json.dumps(body),
        content_type="application/json",
        headers=api.headers,
        CONTENT_LENGTH=str(length),
    )
    return response.status_code, response.json()


def test_a_body_over_one_megabyte_is_refused(api: ApiClient) -> None:
    too_big = (413, failure("CUERPO_DEMASIADO_GRANDE", TOO_BIG))
    assert api.post(TOMAR, **GOOD, worker_nombre="x" * 1024 * 1024) == too_big
    assert send_declaring(api, 1024 * 1024 + 1, **GOOD) == too_big
    assert Evento.objects.count() == 0


def test_a_body_of_almost_one_megabyte_is_read(api: ApiClient) -> None:
    assert api.post(TOMAR, **GOOD, worker_nombre="x" * (1024 * 1024 - 200))[0] == 200


def test_a_body_cut_short_is_not_json(api: ApiClient) -> None:
    assert send_declaring(api, 9, **GOOD) == (400, failure("JSON_INVALIDO", NOT_JSON))


def test_a_host_that_is_not_the_shop_is_said_in_the_envelope(api: ApiClient) -> None:
    response = api.http.get("/api/workers", headers=api.headers | {"Host": "otro.example"})
    assert (response.status_code, response.json()) == (
        422,
        failure("SOLICITUD_INVALIDA", "La solicitud no es válida. Host: el taller no se llama así")
        | {"data": {"campos": {"Host": "el taller no se llama así"}}},
    )
    assert Client().get("/api/health", headers={"Host": "otro.example"}).status_code == 422


def test_what_django_itself_refuses_is_said_in_the_envelope(api: ApiClient) -> None:
    query = "&".join(f"x{number}=1" for number in range(1001))
    response = api.http.get(f"/api/workers?{query}", headers=api.headers)
    assert (response.status_code, response.json()) == (
        422,
        failure("SOLICITUD_INVALIDA", "La solicitud no se entiende. Revise la dirección y los encabezados.")
        | {"data": {"campos": {"solicitud": "no se entiende"}}},
    )


def test_an_unexpected_failure_is_logged_and_not_shown(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(operacion: object) -> None:
        raise RuntimeError(f"clave secreta {operacion}")

    monkeypatch.setattr("occupation.queries.active_workers", broken)
    assert api.get("workers") == (
        500,
        failure("ERROR_INTERNO", "Algo falló y quizás se alcanzó a guardar. Mire el spool antes de repetir."),
    )
    [record] = [record for record in caplog.records if record.name == "occupation.api.site"]
    assert record.getMessage() == "Falló GET /api/workers"
    assert record.exc_info
    assert str(record.exc_info[1]) == "clave secreta None"


def test_a_failure_outside_the_api_is_still_said_in_the_envelope(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object, request: HttpRequest) -> None:
        raise RuntimeError(request.path)

    monkeypatch.setattr("django.middleware.common.CommonMiddleware.process_request", broken)
    status, answer = api.get("workers")
    assert (status, answer["error"]) == (500, "ERROR_INTERNO")


@pytest.fixture
def busy_database() -> Iterator[None]:
    """Every question is answered as by a database whose lock did not come free in ten seconds."""

    def refuse(*_: object) -> None:
        error = OperationalError("busy")
        error.__cause__ = _busy_cause()
        raise error

    with connection.execute_wrapper(refuse):
        yield


def _busy_cause() -> Exception:
    if connection.vendor == "postgresql":
        from psycopg.errors import LockNotAvailable

        return LockNotAvailable()
    import sqlite3

    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


@pytest.mark.usefixtures("busy_database")
def test_a_database_that_stays_busy_says_when_to_come_back() -> None:
    response = Client().get("/api/workers", headers={"Authorization": "Bearer x"})
    assert (response.status_code, response["Retry-After"], response.json()) == (
        503,
        "2",
        failure(
            "OCUPADO",
            "El sistema está muy ocupado y no alcanzó a guardar. No se hizo nada: repita en un momento.",
        ),
    )


@pytest.mark.usefixtures("busy_database")
def test_a_busy_database_is_said_even_where_there_is_nothing() -> None:
    response = Client().get("/api/nada", headers={"Authorization": "Bearer x"})
    assert (response.status_code, response["Retry-After"], response.json()["error"]) == (503, "2", "OCUPADO")


def test_nothing_of_the_api_is_kept_by_caches(api: ApiClient) -> None:
    for path in ("workers", "nada", "health"):
        assert api.http.get(f"/api/{path}", headers=api.headers)["Cache-Control"] == "no-store"


def test_pages_outside_the_api_keep_their_own_way_of_failing() -> None:
    response = Client().get("/apiario/")
    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
