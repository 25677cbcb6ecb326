"""What the API tells: a spool, the lists, the workers, who has what, and the history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries
from time_machine import Traveller

from occupation.models import Spool, TagAnterior
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, Rol
from tests.api_client import ApiClient
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)
DONE = EstadoTrabajo.COMPLETADO


@pytest.fixture(autouse=True)
def clock() -> Iterator[Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def api() -> ApiClient:
    TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=[Rol.SOLDADOR, Rol.ARMADOR])
    TrabajadorFactory(id=96, nombre="Ana", apellido="de la Fuente", roles=[Rol.METROLOGIA])
    return ApiClient(DeviceFactory(nombre="Tablet 1").raw_token)


def tags(answer: tuple[int, Any]) -> list[str]:
    assert answer[0] == 200
    return [spool["tag_spool"] for spool in answer[1]["spools"]]


def test_the_status_of_a_held_spool(api: ApiClient) -> None:
    SpoolFactory(tag_hoja="Mk-1", nv="NV0650", arm_state=DONE)
    api.post("occupation/tomar", tag_spool="mk-1", worker_id=93, operacion="SOLD")
    assert api.get("occupation/status/mk-1") == (
        200,
        {
            "tag_spool": "Mk-1",
            "nv": "NV0650",
            "ocupado": True,
            "ocupado_por": "MR(93)",
            "worker_id": 93,
            "operacion": "SOLD",
            "fecha_ocupacion": "2026-03-02T10:30:00-03:00",
            "estado_detalle": "MR(93) trabajando SOLD (ARM completado, SOLD en progreso)",
            "arm_state": "completado",
            "sold_state": "en_progreso",
            "calidad_state": "pendiente",
            "ciclo": 0,
            "armador": None,
            "soldador": "MR(93)",
            "fecha_materiales": "2026-01-05",
            "fecha_armado": "2026-01-12",
            "fecha_soldadura": None,
            "fecha_qc": None,
            "version": str(Spool.objects.get().version),
        },
    )


def test_the_status_of_an_approved_spool(api: ApiClient) -> None:
    SpoolFactory(tag_hoja="MK-1", nv="", calidad_state=EstadoCalidad.APROBADO, fecha_qc=date(2026, 2, 3))
    status, answer = api.get("occupation/status/MK-1")
    assert (status, answer) == (
        200,
        answer
        | {
            "nv": "",
            "ocupado": False,
            "ocupado_por": None,
            "worker_id": None,
            "operacion": None,
            "fecha_ocupacion": None,
            "calidad_state": "aprobado",
            "fecha_qc": "2026-02-03",
        },
    )


def test_a_tag_that_left_the_sheet_has_no_status_but_a_history(api: ApiClient) -> None:
    SpoolFactory(tag_hoja="Mk-1", archivado_en=NOW)
    assert api.get("occupation/status/mk-1") == (
        404,
        {
            "success": False,
            "error": "SPOOL_NO_ENCONTRADO",
            "message": "El spool Mk-1 ya no está en la hoja. Avise a la oficina si debe seguir en el taller.",
            "data": {"tag_spool": "Mk-1", "archivado": True},
        },
    )
    assert api.get("history/mk-1") == (200, {"tag_spool": "Mk-1", "sessions": [], "eventos": []})


def test_a_tag_that_was_renamed_says_what_it_is_called_now(api: ApiClient) -> None:
    TagAnterior.objects.create(tag="MK-0", spool=SpoolFactory(tag_hoja="MK-1"), instante=NOW)
    status, answer = api.get("occupation/status/MK-0")
    assert (status, answer["error"], answer["data"]) == (
        404,
        "SPOOL_NO_ENCONTRADO",
        {"tag_spool": "MK-0", "archivado": True, "ahora": "MK-1"},
    )


@pytest.mark.parametrize("tag", ["X" * 101, "%00", "%ED%A0%80", "%FF", "NO-EXISTE", "ß" * 60, "a%0Ab", "%20"])
@pytest.mark.parametrize("path", ["occupation/status", "history"])
def test_a_tag_nobody_painted_is_not_found(api: ApiClient, path: str, tag: str) -> None:
    status, answer = api.get(f"{path}/{tag}")
    assert (status, answer["error"]) in [(404, "SPOOL_NO_ENCONTRADO"), (404, "RUTA_NO_ENCONTRADA")]


def test_a_listed_spool_says_what_it_is(api: ApiClient) -> None:
    SpoolFactory(tag_hoja="Mk-1", nv="NV0650")
    assert api.get("spools", operacion="ARM") == (
        200,
        {
            "spools": [
                {
                    "tag_spool": "Mk-1",
                    "nv": "NV0650",
                    "estado_detalle": "Disponible - ARM pendiente, SOLD pendiente",
                    "arm_state": "pendiente",
                    "sold_state": "pendiente",
                    "calidad_state": "pendiente",
                    "ciclo": 0,
                    "ocupado_por": None,
                    "elegible": True,
                    "motivo": None,
                    "mensaje": None,
                }
            ],
            "next_cursor": None,
        },
    )


def test_a_list_has_what_the_action_is_possible_on_and_a_search_also_the_rest(api: ApiClient) -> None:
    SpoolFactory(tag_hoja="MK-1")
    SpoolFactory(tag_hoja="MK-2", fecha_materiales=None)
    SpoolFactory(tag_hoja="MK-3", arm_state=DONE)
    assert tags(api.get("spools", operacion="ARM")) == ["MK-1"]
    found = api.get("spools", operacion="ARM", q="mk")[1]["spools"]
    assert [(spool["tag_spool"], spool["elegible"], spool["motivo"]) for spool in found] == [
        ("MK-1", True, None),
        ("MK-2", False, "DEPENDENCIAS_NO_SATISFECHAS"),
        ("MK-3", False, "OPERACION_YA_COMPLETADA"),
    ]


def test_a_list_of_what_can_be_paused_narrows_to_its_holder(api: ApiClient) -> None:
    other = TrabajadorFactory(id=94)
    SpoolFactory(tag_hoja="MK-1", ocupado_por=other)
    SpoolFactory(tag_hoja="MK-2")
    api.post("occupation/tomar", tag_spool="MK-2", worker_id=93, operacion="ARM")
    for accion in ("pausar", "completar"):
        assert tags(api.get("spools", operacion="ARM", accion=accion)) == ["MK-1", "MK-2"]
        assert tags(api.get("spools", operacion="ARM", accion=accion, worker_id=93)) == ["MK-2"]


def test_inspecting_means_metrologia_whatever_the_operation(api: ApiClient) -> None:
    SpoolFactory(tag_hoja="MK-1", arm_state=DONE, sold_state=DONE)
    SpoolFactory(tag_hoja="MK-2")
    for operacion in Operacion.values:
        assert tags(api.get("spools", operacion=operacion, accion="inspeccionar")) == ["MK-1"]
    found = api.get("spools", operacion="ARM", accion="inspeccionar", q="MK-2")[1]["spools"]
    assert [spool["motivo"] for spool in found] == ["DEPENDENCIAS_NO_SATISFECHAS"]


def test_a_search_ranks_exact_before_prefix_before_contained(api: ApiClient) -> None:
    for tag, nv in (("XMK-1", "NV1"), ("MK-10", "NV2"), ("MK-1", "NV3"), ("ZZ-9", "MK 1"), ("AA-1", "NV9")):
        SpoolFactory(tag_hoja=tag, nv=nv)
    for spelling in ("MK-1", "mk 1", "m-k1", " mk1 "):
        assert tags(api.get("spools", operacion="ARM", q=spelling)) == ["MK-1", "ZZ-9", "MK-10", "XMK-1"]


def test_the_longest_tag_still_has_a_next_page(api: ApiClient) -> None:
    for first in "AB":
        SpoolFactory(tag_hoja=first + "\U0001f529" * 99)
    cursor = api.get("spools", operacion="ARM", limit=1)[1]["next_cursor"]
    assert tags(api.get("spools", operacion="ARM", limit=1, cursor=cursor)) == ["B" + "\U0001f529" * 99]


@pytest.mark.parametrize("q", ["", "MK"])
def test_the_cursor_walks_every_row_exactly_once(api: ApiClient, q: str) -> None:
    for number in range(23):
        SpoolFactory(tag_hoja=f"MK-{number:02}Ñ", nv=["MK", "NV1"][number % 2])
    walked: list[str] = []
    cursor, pages = "", 0
    while True:
        status, answer = api.get("spools", operacion="ARM", q=q, limit=5, cursor=cursor)
        walked += [spool["tag_spool"] for spool in answer["spools"]]
        cursor, pages = answer["next_cursor"], pages + 1
        if cursor is None:
            break
    assert (status, pages, len(walked)) == (200, 5, 23)
    assert sorted(walked) == sorted(Spool.objects.values_list("tag_hoja", flat=True))


BAD_QUERIES: list[tuple[str, dict[str, str | int], dict[str, str]]] = [
    ("spools", {}, {"operacion": "falta"}),
    ("spools", {"operacion": "arm"}, {"operacion": "debe ser ARM, SOLD, METROLOGIA o REPARACION"}),
    (
        "spools",
        {"operacion": "ARM", "accion": "cancelar"},
        {"accion": "debe ser tomar, pausar, completar o inspeccionar"},
    ),
    ("spools", {"operacion": "ARM", "limit": 201}, {"limit": "debe ser 200 o menos"}),
    ("spools", {"operacion": "ARM", "limit": 0}, {"limit": "debe ser 1 o más"}),
    ("spools", {"operacion": "ARM", "limit": "x"}, {"limit": "debe ser un número entero"}),
    ("spools", {"operacion": "ARM", "worker_id": 0}, {"worker_id": "debe ser 1 o más"}),
    ("spools", {"operacion": "ARM", "worker_id": 2**31}, {"worker_id": "debe ser 2147483647 o menos"}),
    ("spools", {"operacion": "ARM", "worker_id": "9" * 5000}, {"worker_id": "debe ser un número entero más pequeño"}),
    ("spools", {"operacion": "ARM", "q": "a\x00"}, {"q": "tiene caracteres que no se pueden escribir"}),
    ("spools", {"operacion": "ARM", "q": "x" * 101}, {"q": "use a lo más 100 caracteres"}),
    ("spools", {"operacion": "ARM", "cursor": "nada"}, {"cursor": "no es un cursor de esta lista"}),
    ("spools", {"operacion": "ARM", "cursor": "WzAsIlx1ZDgwMCJd"}, {"cursor": "no es un cursor de esta lista"}),
    ("spools", {"operacion": "ARM", "cursor": "WzksIkEiXQ"}, {"cursor": "no es un cursor de esta lista"}),
    ("spools", {"operacion": "ARM", "operación": "x"}, {"operación": "no se conoce este parámetro"}),
    ("workers", {"operacion": "PINTAR"}, {"operacion": "debe ser ARM, SOLD, METROLOGIA o REPARACION"}),
    ("workers", {"activo": "no"}, {"activo": "no se conoce este parámetro"}),
    ("occupation/status/MK-1", {"version": "1"}, {"version": "no se conoce este parámetro"}),
    ("history/MK-1", {"limit": 5}, {"limit": "no se conoce este parámetro"}),
    ("sse/stream", {"since": 5}, {"since": "no se conoce este parámetro"}),
    ("dashboard/occupied", {"operacion": "ARM"}, {"operacion": "no se conoce este parámetro"}),
    ("spools", {"operacion": "ARM", "cursor": "x" * 2001}, {"cursor": "use a lo más 2000 caracteres"}),
]


@pytest.mark.parametrize(("path", "query", "campos"), BAD_QUERIES)
def test_an_impossible_query_says_which_value_and_why(
    api: ApiClient, path: str, query: dict[str, str | int], campos: dict[str, str]
) -> None:
    status, answer = api.get(path, **query)
    assert (status, answer["error"], answer["data"]) == (422, "SOLICITUD_INVALIDA", {"campos": campos})


def test_the_active_workers_by_number(api: ApiClient) -> None:
    TrabajadorFactory(id=95, activo=False)
    miguel = {
        "id": 93,
        "nombre": "Miguel",
        "apellido": "Rojas",
        "nombre_completo": "Miguel Rojas",
        "worker_nombre": "MR(93)",
        "roles": ["Armador", "Soldador"],
        "activo": True,
    }
    ana = {
        "id": 96,
        "nombre": "Ana",
        "apellido": "de la Fuente",
        "nombre_completo": "Ana de la Fuente",
        "worker_nombre": "AD(96)",
        "roles": ["Metrologia"],
        "activo": True,
    }
    assert api.get("workers") == (200, {"workers": [miguel, ana], "total": 2})
    assert api.get("workers", operacion="METROLOGIA") == (200, {"workers": [ana], "total": 1})
    assert api.get("workers", operacion="REPARACION") == (200, {"workers": [miguel], "total": 1})


def test_who_has_what_newest_first(api: ApiClient, clock: Traveller) -> None:
    for tag in ("MK-1", "MK-2"):
        SpoolFactory(tag_hoja=tag)
        api.post("occupation/tomar", tag_spool=tag, worker_id=93, operacion="ARM")
        clock.shift(timedelta(minutes=5))
    common = {
        "worker_nombre": "MR(93)",
        "estado_detalle": "MR(93) trabajando ARM (ARM en progreso, SOLD pendiente)",
        "operacion": "ARM",
    }
    assert api.get("dashboard/occupied") == (
        200,
        [
            common | {"tag_spool": "MK-2", "fecha_ocupacion": "2026-03-02T10:35:00-03:00", "segundos": 300},
            common | {"tag_spool": "MK-1", "fecha_ocupacion": "2026-03-02T10:30:00-03:00", "segundos": 600},
        ],
    )


def test_the_history_tells_sessions_and_events(api: ApiClient, clock: Traveller) -> None:
    SpoolFactory(tag_hoja="MK-1")
    api.post("occupation/tomar", tag_spool="MK-1", worker_id=93, operacion="ARM")
    clock.shift(timedelta(hours=2, minutes=15))
    api.post("occupation/pausar", tag_spool="MK-1", worker_id=93)
    clock.shift(timedelta(days=1))
    api.post("occupation/tomar", tag_spool="MK-1", worker_id=93, operacion="ARM")
    clock.shift(timedelta(days=1, hours=2))
    status, answer = api.get("history/mk-1")
    assert (status, answer["tag_spool"], answer["sessions"]) == (
        200,
        "MK-1",
        [
            {
                "worker_nombre": "MR(93)",
                "worker_id": 93,
                "operacion": "ARM",
                "start_time": "2026-03-02T10:30:00-03:00",
                "end_time": "2026-03-02T12:45:00-03:00",
                "duration": "2h 15m",
                "segundos": 8100,
                "cierre": "PAUSAR",
            },
            {
                "worker_nombre": "MR(93)",
                "worker_id": 93,
                "operacion": "ARM",
                "start_time": "2026-03-03T12:45:00-03:00",
                "end_time": None,
                "duration": "1d 2h 0m",
                "segundos": 93600,
                "cierre": None,
            },
        ],
    )
    ids = [evento.pop("id") for evento in answer["eventos"]]
    assert ids == sorted(ids)
    assert answer["eventos"][:2] == [
        {
            "tipo": "TOMAR_ARM",
            "instante": "2026-03-02T10:30:00-03:00",
            "worker_nombre": "MR(93)",
            "actor": "Tablet 1",
            "operacion": "ARM",
            "detalle": {},
        },
        {
            "tipo": "STATE_CHANGE",
            "instante": "2026-03-02T10:30:00-03:00",
            "worker_nombre": "MR(93)",
            "actor": "Tablet 1",
            "operacion": "ARM",
            "detalle": {"maquina": "ARM", "desde": "pendiente", "hasta": "en_progreso"},
        },
    ]
    assert [evento["tipo"] for evento in answer["eventos"]] == ["TOMAR_ARM", "STATE_CHANGE", "PAUSAR_ARM", "TOMAR_ARM"]


def test_an_inspection_is_an_event_and_no_session(api: ApiClient) -> None:
    SpoolFactory(tag_hoja="MK-1", arm_state=DONE, sold_state=DONE)
    api.post("metrologia/completar", tag_spool="MK-1", worker_id=96, resultado="RECHAZADO")
    _, answer = api.get("history/MK-1")
    assert answer["sessions"] == []
    assert [(evento["tipo"], evento["detalle"]) for evento in answer["eventos"]] == [
        ("COMPLETAR_METROLOGIA", {"resultado": "RECHAZADO", "ciclo": 1}),
        ("STATE_CHANGE", {"maquina": "CALIDAD", "desde": "pendiente", "hasta": "rechazado"}),
    ]


@pytest.mark.parametrize(
    ("path", "query", "most"),
    [
        ("spools", {"operacion": "ARM", "q": "MK"}, 3),
        ("workers", {}, 4),
        ("dashboard/occupied", {}, 3),
        ("occupation/status/MK-1", {}, 3),
        ("history/MK-1", {}, 4),
    ],
)
def test_a_read_asks_the_database_a_fixed_number_of_times(
    api: ApiClient,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    path: str,
    query: dict[str, str | int],
    most: int,
) -> None:
    for number in range(1, 21):
        SpoolFactory(tag_hoja=f"MK-{number}")
        api.post("occupation/tomar", tag_spool=f"MK-{number}", worker_id=93, operacion="ARM")
    with django_assert_max_num_queries(most):
        assert api.get(path, **query)[0] == 200
