"""The read side: finding, listing, ranking, paging, with a bounded number of queries."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from occupation import queries, services
from occupation.models import Device, Evento, Mirror, Spool, TagAnterior
from occupation.queries import Recorte, count_by_nv, find_any_spool, find_spool, list_spools
from occupation.services import Actor
from occupation.vocabulary import Accion, Avance, EstadoCalidad, EstadoTrabajo, Operacion, Rol
from tests.api_client import ApiClient
from tests.factories import DESDE, DeviceFactory, SpoolFactory, TrabajadorFactory
from tests.shop import COMMITS, TABLET, refusal

pytestmark = COMMITS

ARM, SOLD, METROLOGIA, REPARACION = Operacion
NumQueries = Callable[[int], AbstractContextManager[Any]]


def tags(**asked: Any) -> list[str]:
    asked.setdefault("operacion", ARM)
    return [fila.spool.tag for fila in list_spools(**asked).filas]


@pytest.mark.parametrize(
    "spelling", ["Cañería-1/3 'a'", "  CAÑERÍA-1/3  'A'", "cañeri\N{COMBINING ACUTE ACCENT}a-1/3 'a'"]
)
def test_any_spelling_finds_the_spool(spelling: str) -> None:
    spool: Spool = SpoolFactory(tag_hoja="Cañería-1/3 'a'")
    assert find_spool(spelling) == spool
    assert find_any_spool(spelling) == spool


def test_a_tag_with_an_invisible_character_is_found_as_the_sheet_has_it() -> None:
    spool: Spool = SpoolFactory(tag_hoja="MK-1\N{ZERO WIDTH SPACE}")
    assert find_spool("mk-1\N{ZERO WIDTH SPACE}") == spool


def test_what_left_the_sheet_is_only_found_by_who_asks_for_any() -> None:
    gone: Spool = SpoolFactory(tag_hoja="MK-1", archivado_en=DESDE)
    renamed: Spool = SpoolFactory(tag_hoja="Mk-Nuevo")
    TagAnterior.objects.create(tag="MK-VIEJO", spool=renamed, instante=DESDE)
    assert (find_any_spool("mk-1"), find_any_spool("mk-viejo")) == (gone, renamed)
    assert refusal(lambda: find_spool("mk-1")) == ("SPOOL_NO_ENCONTRADO", {"tag_spool": "MK-1", "archivado": True})
    assert refusal(lambda: find_spool("mk-viejo"))[1]["ahora"] == "Mk-Nuevo"
    assert refusal(lambda: find_any_spool("mk-2")) == ("SPOOL_NO_ENCONTRADO", {"tag_spool": "MK-2"})


def test_a_new_spool_with_a_tag_that_another_had_is_itself() -> None:
    renamed = SpoolFactory(tag_hoja="MK-NUEVO")
    TagAnterior.objects.create(tag="MK-1", spool=renamed, instante=DESDE)
    again: Spool = SpoolFactory(tag_hoja="MK-1")
    assert find_spool("MK-1") == again


def test_a_search_ranks_exact_before_prefix_before_contained() -> None:
    for tag, nv in [
        ("MK-2-011", "NV0650"),
        ("MK-2-0110", "NV0651"),
        ("AA-MK-2-011", "NV0652"),
        ("ZZ-1", "MK-2-011"),
        ("ZZ-2", "MK-2-0119"),
        ("ZZ-3", "NV0653"),
    ]:
        SpoolFactory(tag_hoja=tag, nv=nv)
    assert tags(q="mk2 011") == ["MK-2-011", "ZZ-1", "MK-2-0110", "ZZ-2", "AA-MK-2-011"]
    assert tags(q="nv-06 53") == ["ZZ-3"]
    assert tags(q="011") == ["AA-MK-2-011", "MK-2-011", "MK-2-0110", "ZZ-1", "ZZ-2"]


@pytest.mark.parametrize("typed", ["%", "_mk", "a\\", "'", '"', "(", "*", "🔧"])
def test_a_search_takes_every_sign_as_itself(typed: str) -> None:
    SpoolFactory(tag_hoja="MK-1")
    assert tags(q=typed) == (["MK-1"] if typed == "_mk" else [])
    SpoolFactory(tag_hoja=f"X{typed}Y")
    assert f"X{typed}Y".upper() in tags(q=f"x{typed}y")


@pytest.mark.parametrize("typed", ["\x00", "\ud800", "x" * 251, "x" * 100_000])
def test_a_search_for_what_no_tag_can_be_finds_nothing(typed: str) -> None:
    SpoolFactory()
    assert tags(q=typed) == []


@pytest.mark.parametrize("typed", ["", "  ", "-", "_ -"])
def test_a_blank_search_is_the_plain_list(typed: str) -> None:
    SpoolFactory(tag_hoja="MK-1")
    SpoolFactory(tag_hoja="MK-2", fecha_materiales=None)
    assert tags(q=typed) == ["MK-1"]


def test_a_search_also_finds_what_cannot_be_done_and_says_why() -> None:
    juan = TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez")
    SpoolFactory(tag_hoja="MK-1")
    SpoolFactory(tag_hoja="MK-2", ocupado_por=juan)
    SpoolFactory(tag_hoja="MK-3", fecha_materiales=None)
    SpoolFactory(tag_hoja="MK-4", calidad_state=EstadoCalidad.APROBADO)
    SpoolFactory(tag_hoja="MK-5", archivado_en=DESDE)
    found = list_spools(operacion=ARM, q="mk").filas
    assert [(fila.spool.tag, fila.elegible, fila.refused and fila.refused.codigo) for fila in found] == [
        ("MK-1", True, None),
        ("MK-2", False, "SPOOL_OCCUPIED"),
        ("MK-3", False, "DEPENDENCIAS_NO_SATISFECHAS"),
        ("MK-4", False, "OPERACION_YA_COMPLETADA"),
    ]


def test_lists_of_what_can_be_ended_narrow_to_the_holder() -> None:
    miguel, juan = TrabajadorFactory(id=93), TrabajadorFactory(id=94)
    SpoolFactory(tag_hoja="MK-1", ocupado_por=miguel)
    SpoolFactory(tag_hoja="MK-2", ocupado_por=juan)
    SpoolFactory(tag_hoja="MK-3", ocupado_por=juan, ocupado_operacion=SOLD)
    SpoolFactory(tag_hoja="MK-4")
    for accion in (Accion.PAUSAR, Accion.COMPLETAR):
        assert tags(accion=accion) == ["MK-1", "MK-2"]
        assert tags(accion=accion, worker_id=94) == ["MK-2"]
        assert tags(accion=accion, worker_id=94, operacion=SOLD) == ["MK-3"]
        assert tags(accion=accion, worker_id=7) == []
    found = list_spools(operacion=ARM, accion=Accion.PAUSAR, worker_id=94, q="mk").filas
    assert [fila.refused and fila.refused.codigo for fila in found] == [
        "NO_AUTORIZADO",
        None,
        "OPERACION_NO_DISPONIBLE",
        "OCUPACION_TERMINADA",
    ]


def test_the_inspection_queue() -> None:
    done = EstadoTrabajo.COMPLETADO
    SpoolFactory(tag_hoja="MK-1", arm_state=done, sold_state=done)
    SpoolFactory(tag_hoja="MK-2", arm_state=done, sold_state=done, ciclo=2)
    for number, calidad in enumerate(EstadoCalidad):
        if calidad not in {EstadoCalidad.PENDIENTE, EstadoCalidad.EN_REPARACION}:
            SpoolFactory(tag_hoja=f"MK-3{number}", calidad_state=calidad)
    assert tags(accion=Accion.INSPECCIONAR, operacion=METROLOGIA) == ["MK-1", "MK-2"]
    assert tags(operacion=METROLOGIA) == []
    assert len(tags(operacion=REPARACION)) == 2


@pytest.mark.parametrize("q", ["", "mk"])
def test_pages_show_each_spool_once_whatever_happens_in_between(q: str) -> None:
    for number in range(25):
        SpoolFactory(tag_hoja=f"MK-{number:03}", nv="MK-7" if number % 3 else "NV1")
    seen: list[str] = []
    cursor = None
    for _ in range(10):
        page = list_spools(operacion=ARM, q=q, limit=7, cursor=cursor)
        seen += [fila.spool.tag for fila in page.filas]
        cursor = page.siguiente
        if cursor is None:
            break
        SpoolFactory(tag_hoja="MK--1" + str(len(seen)), nv="NV1")
    assert len(seen) == len(set(seen))
    assert {f"MK-{number:03}" for number in range(25)} - set(seen) == set()


def test_a_last_page_that_is_just_full_has_no_next() -> None:
    SpoolFactory.create_batch(4)
    assert list_spools(operacion=ARM, limit=4).siguiente is None
    assert list_spools(operacion=ARM, limit=3).siguiente is not None


def sealed(place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "ñ",
        "====",
        "AAAA",
        sealed(7),
        sealed([]),
        sealed([0]),
        sealed([0, "a", "b"]),
        sealed({"a": 1, "b": 2}),
        sealed(["0", "MK-1"]),
        sealed([3, "MK-1"]),
        sealed([-1, "MK-1"]),
        sealed([0, 7]),
        sealed([0, "a\x00b"]),
        sealed([0, "\ud800"]),
        base64.urlsafe_b64encode(b"[" * 1400).decode(),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b'\xff\xfe["').decode(),
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    heard = refusal(lambda: list_spools(operacion=ARM, cursor=cursor))
    assert heard == ("SOLICITUD_INVALIDA", {"campos": {"cursor": "no es un cursor de esta lista"}})


@pytest.mark.parametrize("count", [1, 40])
def test_each_read_takes_as_many_queries_for_many_as_for_one(django_assert_num_queries: NumQueries, count: int) -> None:
    worker = TrabajadorFactory(roles=[Rol.ARMADOR])
    other = TrabajadorFactory(roles=[Rol.SOLDADOR])
    SpoolFactory.create_batch(count, ocupado_por=worker, soldador=other)
    SpoolFactory.create_batch(count, arm_state=EstadoTrabajo.EN_PROGRESO, armador=other)
    with django_assert_num_queries(1):
        shown = [(fila.spool.armador, fila.refused) for fila in list_spools(operacion=ARM, q="mk", limit=200).filas]
    assert len(shown) == 2 * count
    with django_assert_num_queries(1):
        assert len([spool.ocupado_por.worker_nombre for spool in queries.occupied()]) == count  # type: ignore[union-attr]  # held
    with django_assert_num_queries(1):
        assert len(queries.held_by(worker)) == count
    with django_assert_num_queries(2):
        assert [w.nombres_de_roles() for w in queries.active_workers()] == [["Armador"], ["Soldador"]]
    with django_assert_num_queries(2):
        assert [w.puede(ARM) for w in queries.active_workers(ARM)] == [True]


@pytest.mark.django_db(transaction=True)
def test_a_take_over_http_costs_a_bounded_number_of_statements_and_postgresql_prepares_them(
    django_assert_num_queries: NumQueries,
) -> None:
    api = ApiClient(DeviceFactory().raw_token)
    TrabajadorFactory(id=93)
    first, *rest = SpoolFactory.create_batch(5)

    def take(spool: Spool) -> None:
        Mirror.objects.create(spool=spool)
        with django_assert_num_queries(15):  # BEGIN and COMMIT among them
            api.post("occupation/tomar", clave=spool.tag, tag_spool=spool.tag, worker_id=93, operacion="ARM")

    api.post("occupation/tomar", clave="k", tag_spool=first.tag, worker_id=93, operacion="ARM")
    for spool in rest:
        take(spool)
    assert Evento.objects.filter(accion="TOMAR").count() == 5
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) >= 10 FROM pg_prepared_statements")
            assert cursor.fetchone() == (True,)


def test_who_has_what_newest_first() -> None:
    worker = TrabajadorFactory()
    for minutes in (10, 30, 20):
        SpoolFactory(tag_hoja=f"MK-{minutes}", ocupado_por=worker, ocupado_desde=DESDE + timedelta(minutes=minutes))
    assert [spool.tag for spool in queries.occupied()] == ["MK-30", "MK-20", "MK-10"]
    assert [spool.tag for spool in queries.held_by(worker)] == ["MK-10", "MK-20", "MK-30"]


def test_active_workers_of_an_operation_once_each_by_number() -> None:
    TrabajadorFactory(id=12, roles=[Rol.SOLDADOR, Rol.AYUDANTE])
    TrabajadorFactory(id=11, roles=[Rol.AYUDANTE])
    TrabajadorFactory(id=10, roles=[Rol.AYUDANTE], activo=False)
    TrabajadorFactory(id=9, roles=[Rol.PINTURA])
    assert [worker.id for worker in queries.active_workers()] == [9, 11, 12]
    assert [worker.id for worker in queries.active_workers(SOLD)] == [11, 12]
    assert [worker.id for worker in queries.active_workers(METROLOGIA)] == []


def test_the_last_five_workers_of_a_device_latest_first() -> None:
    device: Device = DeviceFactory()
    other = Actor.de(DeviceFactory())
    for worker_id in range(1, 7):
        TrabajadorFactory(id=worker_id)
    for worker_id in (1, 2, 3, 4, 5, 6, 2):
        services.tomar(tag=SpoolFactory().tag, trabajador_id=worker_id, operacion=ARM, actor=Actor.de(device))
    TrabajadorFactory(id=7)
    services.tomar(tag=SpoolFactory().tag, trabajador_id=7, operacion=ARM, actor=other)
    assert queries.recent_worker_ids(device) == [2, 6, 5, 4, 3]


def test_the_newest_journal_id() -> None:
    assert queries.journal_id() == 0
    worker = TrabajadorFactory(id=93)
    spool = SpoolFactory(ocupado_por=worker)
    services.pausar(tag=spool.tag, trabajador_id=93, actor=TABLET)
    assert queries.journal_id() == spool.eventos.latest("id").pk


@pytest.fixture
def two_orders() -> None:
    """NV1 with one spool of each kind for ARM, NV2 with two not begun, one without NV, one that waits for materials."""
    holder = TrabajadorFactory(id=94)
    SpoolFactory(tag_hoja="A-1", nv="NV1")
    SpoolFactory(tag_hoja="A-2", nv="NV1", arm_state=EstadoTrabajo.EN_PROGRESO, armador=holder)
    SpoolFactory(tag_hoja="A-3", nv="NV1", ocupado_por=holder)
    SpoolFactory(tag_hoja="A-4", nv="NV1", ocupado_por=holder, ocupado_operacion=SOLD)
    SpoolFactory(tag_hoja="B-1", nv="NV2")
    SpoolFactory(tag_hoja="B-2", nv="NV2")
    SpoolFactory(tag_hoja="C-1", nv="")
    SpoolFactory(tag_hoja="D-1", nv="NV1", fecha_materiales=None)


@pytest.mark.parametrize(
    ("recorte", "q", "expected"),
    [
        (Recorte(), "", ["A-1", "A-2", "A-3", "A-4", "B-1", "B-2", "C-1"]),
        (Recorte(nv="NV2"), "", ["B-1", "B-2"]),
        (Recorte(nv="NV9"), "", []),
        (Recorte(nv="nv\0"), "", []),
        (Recorte(avance=Avance.SIN_EMPEZAR), "", ["A-1", "B-1", "B-2", "C-1"]),
        (Recorte(avance=Avance.EN_PAUSA), "", ["A-2"]),
        (Recorte(avance=Avance.OCUPADO), "", ["A-3", "A-4"]),
        (Recorte("NV1", Avance.SIN_EMPEZAR), "", ["A-1"]),
        (Recorte(nv="NV1"), "1", ["A-1", "D-1", "A-2", "A-3", "A-4"]),
        (Recorte(avance=Avance.SIN_EMPEZAR), "1", ["A-1", "B-1", "C-1"]),
    ],
)
def test_a_list_is_narrowed_to_an_nv_and_to_how_far_its_spools_are(
    two_orders: None, recorte: Recorte, q: str, expected: list[str]
) -> None:
    assert sorted(tags(recorte=recorte, q=q, con_ocupados=True)) == sorted(expected)


def test_the_nvs_of_a_list_are_counted_as_it_would_be_narrowed(
    two_orders: None, django_assert_num_queries: NumQueries
) -> None:
    with django_assert_num_queries(1):
        assert count_by_nv(operacion=ARM) == [("NV1", 4), ("NV2", 2)]
    assert count_by_nv(operacion=ARM, avance=Avance.OCUPADO) == [("NV1", 2)]
    assert count_by_nv(operacion=ARM, q="d1") == [("NV1", 1)]
    assert count_by_nv(operacion=ARM, limit=1) == [("NV1", 4)]
    assert count_by_nv(operacion=ARM, q="\0") == []
    assert count_by_nv(operacion=METROLOGIA) == []


def test_the_pages_of_a_narrowed_list_stay_narrowed() -> None:
    for number in range(9):
        SpoolFactory(tag_hoja=f"A-{number}", nv="NV1" if number % 2 else "NV2")
    first = list_spools(operacion=ARM, recorte=Recorte(nv="NV2"), limit=3)
    rest = list_spools(operacion=ARM, recorte=Recorte(nv="NV2"), limit=3, cursor=first.siguiente)
    assert [fila.spool.tag for fila in [*first.filas, *rest.filas]] == ["A-0", "A-2", "A-4", "A-6", "A-8"]
    assert rest.siguiente is None
