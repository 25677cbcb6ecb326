"""The first import of a book: what the rows, the journal, the mirror and the lists hold afterwards."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from occupation import services
from occupation.history import events_of, sessions_of
from occupation.models import CeldaDudosa, Evento, FilaDuplicada, Mirror, Spool, Trabajador
from occupation.queries import find_spool
from occupation.services import Actor
from occupation.sheets.guard import any_loss
from occupation.sheets.hydrate import WITHOUT_HOLDER
from occupation.sheets.layout import Tab, headers
from occupation.sheets.pull import import_book
from occupation.vocabulary import ActorTipo, EstadoCalidad, EstadoTrabajo, TipoEvento
from tests.books import NOW, BookFolder, TypedBook, fila, typed_rows
from tests.shop import Shop, empty_shop

V1 = "11111111-1111-4111-8111-111111111111"
TABLET = Actor(ActorTipo.DISPOSITIVO, "Tablet 1", 1)

pytestmark = pytest.mark.usefixtures("clock")


def listed_doubts() -> list[tuple[str | None, str, int, str, str]]:
    cells = CeldaDudosa.objects.select_related("spool").order_by("hoja", "fila", "encabezado")
    return [(c.spool.tag if c.spool else None, c.hoja, c.fila, c.encabezado, c.valor) for c in cells]


@pytest.mark.usefixtures("transactional_db")
def test_a_first_import_makes_workers_roles_and_spools(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("mk-1335-CW-1", OT="OT7", DIAM="1 1/2"), fila("MK-2", Armador="MR(93)")])
    report = import_book(book.save())
    assert (report.new, report.workers, report.changes, report.lines) == (2, 3, 5, [])
    miguel, juan, _ = Trabajador.objects.order_by("id")
    assert (miguel.worker_nombre, miguel.activo, miguel.nombres_de_roles()) == ("MR(93)", True, ["Armador"])
    assert juan.nombres_de_roles() == ["Armador", "Soldador"]
    spool = find_spool("MK-1335-CW-1")
    assert (spool.tag_hoja, spool.nv, spool.ot, spool.diam) == ("mk-1335-CW-1", "NV0650", "OT7", "1.5")
    assert (spool.fecha_materiales, spool.busqueda) == (date(2026, 1, 5), "mk1335cw1 nv0650")
    begun = find_spool("MK-2")
    assert (begun.arm_state, begun.armador_id, begun.ocupado) == (EstadoTrabajo.EN_PROGRESO, 93, False)
    assert begun.estado_detalle == "Disponible - ARM parcial (pausado), SOLD pendiente"


@pytest.mark.usefixtures("transactional_db")
def test_the_journal_says_what_each_transaction_of_an_import_changed(tmp_path: Path) -> None:
    import_book(BookFolder(tmp_path, [fila("MK-1"), fila("mk-2")]).save())
    told = [(one.tipo, one.actor_tipo, one.spool_id, one.detalle) for one in Evento.objects.order_by("id")]
    assert told == [
        (TipoEvento.IMPORTACION, ActorTipo.HOJA, None, {"trabajadores": 3}),
        (TipoEvento.IMPORTACION, ActorTipo.HOJA, None, {"nuevas": 2, "tags": ["MK-1", "MK-2"]}),
    ]


@pytest.mark.usefixtures("transactional_db")
def test_more_than_fifty_spools_are_told_as_one_repaint(tmp_path: Path) -> None:
    import_book(BookFolder(tmp_path, [fila(f"MK-{n}") for n in range(51)]).save())
    assert [one.detalle for one in Evento.objects.order_by("id")][1:] == [{"nuevas": 51}]


def test_a_row_that_comes_held_opens_one_session(shop: Shop, tmp_path: Path) -> None:
    held = fila("MK-1", Armador="MR(93)", Ocupado_Por="MR(93)", Fecha_Ocupacion="02-03-2026 08:30:00", version=V1)
    import_book(BookFolder(tmp_path, [held]).save())
    spool = find_spool("MK-1")
    desde = datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
    assert (spool.ocupado_por_id, spool.ocupado_operacion, spool.ocupado_desde) == (93, "ARM", desde)
    take = Evento.objects.get(spool=spool)
    assert (take.tipo, take.instante, take.trabajador_id, take.dia) == ("TOMAR_ARM", desde, 93, date(2026, 3, 2))
    assert (take.actor_tipo, take.actor_nombre, take.accion) == (ActorTipo.HOJA, "hoja", "TOMAR")
    assert (take.estado["version"], take.estado["ocupado"]) == (V1, True)
    sesiones = sessions_of(events_of(spool), NOW)
    assert [(one.trabajador.id if one.trabajador else 0, one.cierre, one.duracion) for one in sesiones] == [
        (93, None, "1d 2h 30m")
    ]
    assert shop.claims() == {"spool_lock:MK-1": f"93:{spool.ocupacion_token}"}
    assert [(one["event_type"], one["worker_nombre"]) for one in shop.listener.heard() if "tag_spool" in one] == [
        ("TOMAR", "MR(93)"),
        ("SPOOL", "MR(93)"),
    ]


@pytest.mark.usefixtures("transactional_db")
def test_cancelar_of_an_imported_take_restores_what_the_row_said(tmp_path: Path) -> None:
    book = BookFolder(
        tmp_path,
        [
            fila("MK-1", Ocupado_Por="MR(93)"),
            fila("MK-2", Armador="JP(94)", Ocupado_Por="MR(93)"),
            fila("MK-3", Ocupado_Por="MR(93)", Estado_Detalle="EN_REPARACION (Ciclo 2/3) - Ocupado: MR(93)"),
        ],
    )
    import_book(book.save())
    for tag in ("MK-1", "MK-2", "MK-3"):
        services.cancelar(tag=tag, trabajador_id=93, actor=TABLET)
    after = Spool.objects.order_by("tag")
    assert [(one.arm_state, one.armador_id, one.calidad_state, one.ocupado_por_id) for one in after] == [
        (EstadoTrabajo.PENDIENTE, None, EstadoCalidad.PENDIENTE, None),
        (EstadoTrabajo.EN_PROGRESO, 94, EstadoCalidad.PENDIENTE, None),
        (EstadoTrabajo.PENDIENTE, None, EstadoCalidad.REPARACION_PAUSADA, None),
    ]


@pytest.mark.usefixtures("transactional_db")
def test_a_row_keeps_its_version_and_only_version_and_text_may_be_written_back(tmp_path: Path) -> None:
    text = "Disponible - ARM pendiente, SOLD pendiente"
    book = BookFolder(
        tmp_path,
        [fila("MK-1", version=V1, Estado_Detalle=text), fila("MK-2", version=V1), fila("MK-3", Estado_Detalle=text)],
    )
    import_book(book.save())
    spools = {spool.tag: spool for spool in Spool.objects.select_related("mirror")}
    assert str(spools["MK-1"].version) == V1
    assert len({spool.version for spool in spools.values()}) == 3
    behind = {tag: spool.mirror.behind_since for tag, spool in spools.items()}
    assert behind == {"MK-1": None, "MK-2": NOW, "MK-3": NOW}
    assert spools["MK-1"].mirror.base == {
        "Fecha_Armado": "",
        "Armador": "",
        "Fecha_Soldadura": "",
        "Soldador": "",
        "Fecha_QC_Metrología": "",
        "Ocupado_Por": "",
        "Fecha_Ocupacion": "",
        "version": V1,
        "Estado_Detalle": text,
    }


@pytest.mark.usefixtures("transactional_db")
def test_lesson_4_an_unreadable_cell_never_removes_its_row(tmp_path: Path) -> None:
    book = BookFolder(
        tmp_path,
        [
            fila("MK-1", Fecha_Materiales="pronto", Armador="Pedro", Ocupado_Por="W(500)"),
            fila("X" * 101),
            fila("MK-3", Estado_Detalle="EN_REPARACION (Ciclo 1/3) - Ocupado: MR(93)"),
        ],
        roles=[("93", "Astronauta", "TRUE")],
    )
    report = import_book(book.save())
    assert (report.new, report.doubtful, report.complete) == (2, 6, True)
    spool = find_spool("MK-1")
    assert (spool.fecha_materiales, spool.arm_state, spool.armador, spool.ocupado) == (
        None,
        EstadoTrabajo.EN_PROGRESO,
        None,
        False,
    )
    assert listed_doubts() == [
        ("MK-1", "Operaciones", 2, "Armador", "Pedro"),
        ("MK-1", "Operaciones", 2, "Fecha_Materiales", "pronto"),
        ("MK-1", "Operaciones", 2, "Ocupado_Por", "W(500)"),
        (None, "Operaciones", 3, "TAG_SPOOL", "X" * 101),
        ("MK-3", "Operaciones", 4, "Estado_Detalle", "EN_REPARACION (Ciclo 1/3) - Ocupado: MR(93)"),
        (None, "Roles", 2, "Rol", "Astronauta"),
    ]
    told = "EN_REPARACION (Ciclo 1/3) - Ocupado: MR(93)"
    assert f"dato dudoso: Operaciones fila 4, Estado_Detalle «{told}»: {WITHOUT_HOLDER}" in report.lines


@pytest.mark.usefixtures("transactional_db")
def test_lesson_9_duplicated_tags_are_listed_and_ignored(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1", NV="NV1"), fila("mk-1", NV="NV2", Armador="MR(93)"), fila("MK-2")])
    report = import_book(book.save())
    assert (report.new, report.duplicate) == (2, 1)
    assert report.lines == ["duplicada: MK-1 (fila 2) se ignora; se usa la fila 3"]
    assert find_spool("MK-1").nv == "NV2"
    assert list(FilaDuplicada.objects.values_list("tag", "fila", "fila_usada")) == [("MK-1", 2, 3)]


@pytest.mark.usefixtures("transactional_db")
def test_a_copied_row_comes_in_free_and_is_listed(tmp_path: Path) -> None:
    row = {"Armador": "MR(93)", "Ocupado_Por": "MR(93)", "version": V1}
    report = import_book(BookFolder(tmp_path, [fila("MK-1", row), fila("MK-2", row)]).save())
    assert (report.new, report.copied) == (1, 1)
    assert report.lines == ["copiada: MK-2 (fila 3) trae la versión de MK-1: entra libre"]
    original, copy = find_spool("MK-1"), find_spool("MK-2")
    assert (str(original.version), original.ocupado_por_id) == (V1, 93)
    assert (copy.ocupado, copy.arm_state, copy.armador_id) == (False, EstadoTrabajo.EN_PROGRESO, 93)
    assert copy.version != original.version


@pytest.mark.usefixtures("transactional_db")
def test_lesson_6_a_missing_header_holds_its_tab_and_the_others_go_on(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1")])
    book.headers = [header for header in book.headers if header != "Soldador"]
    report = import_book(book.save())
    assert (report.held, report.new, report.workers, report.complete) == (1, 0, 3, False)
    told = "falta el encabezado «Soldador»: devuélvalo a la primera fila de la hoja"
    assert report.lines == [f"retenida: la hoja Operaciones no se importa: {told}"]


@pytest.mark.usefixtures("transactional_db")
def test_lesson_6_columns_are_found_by_name_wherever_they_stand(tmp_path: Path) -> None:
    row = fila("MK-1", {"Ubicación": "Patio 3"}, Armador="MR(93)")
    book = BookFolder(tmp_path, [row])
    book.headers = ["Nueva", *reversed(book.headers)]
    import_book(book.save())
    spool = find_spool("MK-1")
    assert (spool.ubicacion, spool.armador_id, spool.ocupado) == ("Patio 3", 93, False)


@pytest.mark.usefixtures("transactional_db")
def test_a_dry_run_tells_everything_and_changes_nothing(tmp_path: Path) -> None:
    rows = [fila("MK-1", Ocupado_Por="MR(93)", NV="NV1"), fila("MK-1"), fila("MK-2", DIAM="cuatro")]
    book = BookFolder(tmp_path, rows).save()
    dry = import_book(book, dry_run=True)
    tables = (Spool, Mirror, Trabajador, Evento, CeldaDudosa, FilaDuplicada)
    assert [table.objects.count() for table in tables] == [0, 0, 0, 0, 0, 0]
    wet = import_book(book)
    assert (dry.counts(), dry.lines) == (wet.counts(), wet.lines)
    assert wet.new == 2


HOSTILE: list[Any] = [
    None,
    "",
    "-",
    "#REF!",
    "\ud800",
    "MK\x00",
    "x" * 10_000,
    "ﬃ" * 100,
    "MR(93)",
    "W(500)",
    "W(999999999)",
    "BLOQUEADO - Contactar supervisor",
    "EN_REPARACION (Ciclo 2/3) - Ocupado: MR(93)",
    "METROLOGIA APROBADO ✓",
    "RECHAZADO (Ciclo 9/3)",
    "MR(93) trabajando SOLD (ARM x)",
    "12-01-2026",
    "12-01-2026 25:61:61",
    V1,
    float("nan"),
    float("inf"),
    -1,
    7,
    46034,
    46034.4818,
    10**400,
    10**5000,
    True,
    "2,5",
]
CELLS = st.dictionaries(st.sampled_from(headers(Tab.OPERACIONES)), st.sampled_from(HOSTILE))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=st.lists(CELLS, min_size=1, max_size=12), again=st.lists(CELLS, max_size=6))
@pytest.mark.usefixtures("transactional_db")
def test_no_cell_makes_the_database_refuse_a_row(rows: list[dict[str, Any]], again: list[dict[str, Any]]) -> None:
    empty_shop()
    people: list[list[Any]] = [
        ["Id", "Nombre", "Apellido", "Activo"],
        [93, "Miguel", "Rojas", True],
        [10**5000, "\ud800", "\x00", 7],
    ]
    roles: list[list[Any]] = [["Id", "Rol", "Activo"], [93, "Armador", True], [float("nan"), "x" * 10_000, "\ud800"]]
    base: dict[Tab, list[list[Any]]] = {Tab.TRABAJADORES: people, Tab.ROLES: roles}
    first = [{"TAG_SPOOL": f"MK-{n}"} | row for n, row in enumerate(rows)]
    second = [{"TAG_SPOOL": f"MK-{n}"} | row for n, row in enumerate(again)]
    import_book(TypedBook(base | {Tab.OPERACIONES: typed_rows(*first)}))
    book = TypedBook(base | {Tab.OPERACIONES: typed_rows(*(second + first[len(second) :]))})
    report = import_book(book, accepts=any_loss)
    last = Evento.objects.order_by("-id").values_list("id", flat=True).first()
    repeated = import_book(book, accepts=any_loss)
    assert (repeated.changes, repeated.doubtful, repeated.unadopted) == (0, report.doubtful, report.unadopted)
    assert Evento.objects.order_by("-id").values_list("id", flat=True).first() == last
    for spool in Spool.objects.all():
        open_ones = [one for one in sessions_of(events_of(spool), NOW) if one.cierre is None]
        assert len(open_ones) == (1 if spool.ocupado else 0)
        uuid.UUID(str(spool.version))
