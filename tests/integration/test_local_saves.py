"""The local workbook saved in a spreadsheet program while the shop works: nothing of the floor is lost or obeyed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from occupation import services
from occupation.models import CeldaDudosa, Conflicto, EdicionDevuelta, Evento, Spool
from occupation.queries import find_spool
from occupation.sheets.book import Ask, BookBusy, BookUnreadable, Grid
from occupation.sheets.cycle import Cycle
from occupation.sheets.layout import Hold, Tab
from occupation.sheets.local import LocalBook
from occupation.sheets.rows import APP_HEADERS, app_cells_of, app_columns
from occupation.vocabulary import Operacion, Resultado, TipoEvento
from tests.books import fila
from tests.calc import Calc
from tests.mirror_office import Office
from tests.shop import SUPERVISOR, TABLET

pytestmark = pytest.mark.django_db(transaction=True, available_apps=["occupation"])

DONE = {"Fecha_Armado": "06-01-2026", "Armador": "MR(93)", "Fecha_Soldadura": "07-01-2026", "Soldador": "JP(94)"}
TAGS = [f"MK-{n}" for n in range(12)]


def new_office(tmp_path: Path) -> Office:
    """Twelve spools that the app has not seen; MK-8 is fitted up and welded."""
    return Office(tmp_path / "libro", [fila(tag, DONE if tag == "MK-8" else None) for tag in TAGS])


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """The same, mirrored once."""
    office = new_office(tmp_path)
    office.sync()
    return office


def opened(office: Office, **how: object) -> Calc:
    return Calc(office.book.path(Tab.OPERACIONES), **how)  # type: ignore[arg-type]  # handed on


def work_of_some_minutes(sync: Callable[[], object]) -> None:
    """Verbs of every kind, some of them mirrored at once and some later; MK-10 stays held."""
    for tag in (*TAGS[1:5], "MK-10"):
        services.tomar(tag=tag, trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    sync()
    services.completar(tag="MK-2", trabajador_id=93, actor=TABLET)
    services.pausar(tag="MK-3", trabajador_id=93, actor=TABLET)
    services.cancelar(tag="MK-4", trabajador_id=93, actor=TABLET)
    services.inspeccionar(tag="MK-8", trabajador_id=95, resultado=Resultado.APROBADO, actor=TABLET)
    sync()
    services.liberar(tag="MK-1", motivo="se fue", actor=SUPERVISOR)
    services.tomar(tag="MK-1", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)


def floor() -> list[dict[str, object]]:
    """What the floor did: every spool, but for the office's columns and the moment of the row."""
    office = {"prioridad", "notas", "ubicacion", "fecha_materiales", "fecha_compromiso", "busqueda"}
    rows = Spool.objects.order_by("tag").values()
    return [{name: value for name, value in row.items() if name not in office} for row in rows]


def audit(office: Office) -> list[str]:
    return sorted(row["id"] for row in office.rows(Tab.METADATA))


def told() -> list[str]:
    kinds = (TipoEvento.STATE_CHANGE, TipoEvento.IMPORTACION)
    return sorted(str(uuid) for uuid in Evento.objects.exclude(tipo__in=kinds).values_list("uuid", flat=True))


def shows_the_floor(calc: Calc) -> bool:
    """Whether each row of the file, opened again, says what the app says."""
    for spool in Spool.objects.all():
        app = app_cells_of(app_columns(spool))
        if calc.encoding == "cp1252":
            app = {header: text.replace("✓", "?") for header, text in app.items()}
        cells = {header: calc.cell(spool.tag_hoja, header) for header in APP_HEADERS}
        if {name: text.partition("(")[2] if "(" in text else text for name, text in cells.items()} != {
            name: text.partition("(")[2] if "(" in text else text for name, text in app.items()
        }:
            return False
    return True


@pytest.mark.parametrize(
    ("delimiter", "encoding", "quoted"), [(",", "utf-8", True), (";", "cp1252", True), ("\t", "utf-8", False)]
)
def test_a_file_saved_as_it_was_opened_keeps_its_dialect_and_both_sides_go_on(
    office: Office, delimiter: str, encoding: str, *, quoted: bool
) -> None:
    path = office.book.path(Tab.OPERACIONES)
    first = opened(office)
    first.delimiter, first.encoding, first.quoted = delimiter, encoding, quoted
    first.type("MK-5", "Prioridad", "Alta ñ")
    first.save()
    assert office.sync().adopted == 0
    assert (find_spool("MK-5").prioridad, EdicionDevuelta.objects.count()) == ("Alta ñ", 0)
    services.tomar(tag="MK-6", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    lines = path.read_bytes().splitlines(keepends=True)
    office.sync()
    after = path.read_bytes().splitlines(keepends=True)
    assert [number for number, line in enumerate(after) if line != lines[number]] == [7]
    again = opened(office, delimiter=delimiter, encoding=encoding, quoted=quoted)
    assert (again.cell("MK-6", "Ocupado_Por"), again.cell("MK-5", "Prioridad")) == ("JP(94)", "Alta ñ")
    assert shows_the_floor(again)
    again.close()


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_copy_open_for_minutes_takes_nothing_from_the_floor_when_it_is_saved(office: Office, encoding: str) -> None:
    calc = opened(office, encoding=encoding)
    calc.type("MK-9", "Notas", "urgente")
    work_of_some_minutes(office.sync)
    before = floor()
    calc.save()
    assert office.sync().adopted == 0
    assert floor() == before
    assert (find_spool("MK-9").notas, Conflicto.objects.count()) == ("urgente", 0)
    assert audit(office) == told()
    assert shows_the_floor(opened(office))
    assert not office.sync().effective


def test_a_copy_opened_before_the_app_ever_wrote_in_it_frees_nobody(tmp_path: Path) -> None:
    office = new_office(tmp_path)
    calc = opened(office)
    office.sync()
    work_of_some_minutes(office.sync)
    before = floor()
    calc.save()
    assert (office.sync().adopted, floor()) == (0, before)
    assert shows_the_floor(opened(office))


def test_an_old_copy_of_the_audit_gets_its_last_events_again_and_each_once(office: Office) -> None:
    services.tomar(tag="MK-7", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    office.sync()
    calc = Calc(office.book.path(Tab.METADATA), key="id")
    services.pausar(tag="MK-7", trabajador_id=93, actor=TABLET)
    services.tomar(tag="MK-7", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    office.sync()
    services.pausar(tag="MK-7", trabajador_id=94, actor=TABLET)
    calc.rows.append(["anotado a mano"])
    calc.save()
    assert office.sync().events == 3
    assert [row["evento_tipo"] or row["id"] for row in office.rows(Tab.METADATA)] == [
        "TOMAR_ARM",
        "anotado a mano",
        *("PAUSAR_ARM", "TOMAR_ARM", "PAUSAR_ARM"),
    ]
    assert not office.sync().effective


def test_no_piece_of_a_file_that_is_being_saved_is_believed(office: Office) -> None:
    work_of_some_minutes(office.sync)
    office.sync()
    before, calc = floor(), opened(office)

    def believed() -> bool:
        try:
            return office.sync().complete
        except BookUnreadable:
            return False

    *pieces, whole = [believed() for _ in calc.save_in_place(90)]
    assert (set(pieces), whole) == ({False}, True)
    assert floor() == before
    assert shows_the_floor(opened(office))


def test_the_mirror_waits_until_a_save_is_over(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    calc = opened(office)
    calc.type("MK-3", "Notas", "urgente")
    saving = calc.save_in_place(7)
    next(saving)
    monkeypatch.setattr(time, "sleep", lambda _: next(saving, None))
    report = Cycle(LocalBook(office.book.folder, patience=60)).run()
    assert (report.complete, find_spool("MK-3").notas) == (True, "urgente")


def test_a_file_that_is_never_left_alone_is_tried_later(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    path = office.book.path(Tab.ROLES)
    path.touch()
    monkeypatch.setattr(time, "sleep", lambda _: path.write_bytes(path.read_bytes() + b"\n"))
    with pytest.raises(BookBusy, match=r"Alguien está guardando Roles\.csv\."):
        LocalBook(office.book.folder, patience=60).read_many([Ask(Tab.ROLES)])


def test_a_file_taken_away_for_a_moment_holds_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    book, path = LocalBook(office.book.folder, patience=60), office.book.path(Tab.ROLES)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    book.read_many([Ask(Tab.ROLES)])
    aside = path.rename(path.with_suffix(".bak"))
    monkeypatch.setattr(time, "sleep", lambda _: aside.exists() and aside.rename(path))
    assert [type(answer) for answer in book.read_many([Ask(Tab.ROLES)])] == [Grid]
    path.unlink()
    assert [type(answer) for answer in book.read_many([Ask(Tab.ROLES)])] == [Hold]


def test_what_programs_leave_beside_the_files_is_left_alone(office: Office) -> None:
    calc = opened(office)
    strangers = {
        "Operaciones.ods": b"PK\x03\x04 saved as something else",
        "Operaciones (copia).csv": calc.data().replace(b"MK-1", b"XX-1"),
        "lu26889xux7.tmp": b"TAG_SPOOL",
        "Operaciones.csv~": b"",
    }
    for name, data in strangers.items():
        (office.book.folder / name).write_bytes(data)
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    office.sync()
    assert {name: (office.book.folder / name).read_bytes() for name in strangers} == strangers
    assert calc.lock.exists()
    assert (office.row("MK-1")["Ocupado_Por"], Spool.objects.count()) == ("MR(93)", len(TAGS))


def test_dates_that_a_program_wrote_its_own_way_change_nothing_of_the_floor(office: Office) -> None:
    work_of_some_minutes(office.sync)
    office.sync()
    before, calc = floor(), opened(office)
    for row in calc.rows:
        for place, text in enumerate(row):
            day, dash, rest = text.partition("-")
            if dash and day.isdigit() and len(rest) in (7, 16):
                month, year = rest[:2], rest[5:7]
                row[place] = f"{month}/{day}/{year}{' 11:00 AM' if len(rest) > 7 else ''}"
    calc.save()
    assert (office.sync().adopted, floor()) == (0, before)
    assert find_spool("MK-5").fecha_materiales is not None
    assert CeldaDudosa.objects.filter(encabezado="Fecha_Materiales").count() == len(TAGS)
    assert shows_the_floor(opened(office))


def test_a_book_cut_short_for_good_is_refused_with_its_last_row(office: Office) -> None:
    path = office.book.path(Tab.OPERACIONES)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BookUnreadable, match="la fila 12, la última, está cortada; guárdelo de nuevo"):
        office.sync()
