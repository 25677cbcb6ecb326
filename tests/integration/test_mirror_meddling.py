"""What people do to the book in the very moment that would lose something for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from occupation import services
from occupation.models import EstadoHoja, Retencion, Spool
from occupation.queries import find_spool
from occupation.sheets.book import Stray, WriteUnknown
from occupation.sheets.cycle import Cycle
from occupation.sheets.flush import Memory
from occupation.sheets.google_ranges import Strip, around
from occupation.sheets.layout import Owner, Tab, headers, letters
from occupation.vocabulary import Operacion
from tests.books import Fila, fila
from tests.mirror_office import (
    AnyOffice,
    SharedBook,
    at_office,
    foreign_cells,
    last_event,
    mirrored_office,
    nothing_left,
    ours,
    server_of,
    take,
    told,
    without_addresses,
)
from tests.sheets_server.server import SheetsServer
from tests.shop import SUPERVISOR, TABLET

pytestmark = [
    pytest.mark.django_db(transaction=True, available_apps=["occupation"]),
    pytest.mark.usefixtures("clock"),
    pytest.mark.sheet,
]


def shop_floor() -> list[Fila]:
    """Eight spools, the first begun, and a second row of MK-3."""
    filas = [*(fila(f"MK-{n}") for n in range(8)), fila("MK-3", NV="NV9999")]
    filas[0] |= {"Armador": "MR(93)"}
    return filas


@pytest.fixture(params=["local", "google"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyOffice]:
    """Eight spools that the app knows, mirrored once."""
    with mirrored_office(request.param, tmp_path, shop_floor()) as office:
        yield office


@pytest.fixture
def sheet(tmp_path: Path) -> Iterator[AnyOffice]:
    """The same at Google's book, where rows and columns move between a reading and a writing."""
    with mirrored_office("google", tmp_path, shop_floor()) as office:
        yield office


def test_a_duplicate_that_somebody_fills_in_stays_as_they_left_it(office: AnyOffice) -> None:
    rows = office.rows()
    rows[8] |= {"Armador": "JP(94)", "Fecha_Armado": "01-03-2026", "Soldador": "JP(94)"}
    office.save(rows)
    for behind in (False, True):
        if behind:
            take(3)
        office.sync()
        assert office.rows()[8] == rows[8]
    assert (office.row("MK-3")["Ocupado_Por"], find_spool("MK-3").fecha_armado) == ("JP(94)", None)
    assert nothing_left(office)


def test_a_restored_cell_that_arrives_after_a_correction_undoes_nothing(office: AnyOffice) -> None:
    take(1)
    services.completar(tag="MK-1", trabajador_id=94, actor=TABLET, fecha=date(2026, 3, 1))
    office.sync()
    book = office.shared()
    office.edit("MK-1", Fecha_Armado="03-04-2026")
    book.lost = "before"
    with pytest.raises(WriteUnknown):
        Cycle(book).run()
    correction: dict[str, Any] = {"operacion": Operacion.ARM, "motivo": "fue después", "fecha": date(2026, 3, 2)}
    services.corregir(tag="MK-1", actor=SUPERVISOR, **correction)
    Cycle(book).run()
    before, cells = last_event(), ours(office, "MK-1")
    book.arrive()
    assert office.row("MK-1")["Fecha_Armado"] == "01-03-2026"
    Cycle(book).run()
    assert (told(before), find_spool("MK-1").fecha_armado, ours(office, "MK-1")) == ([], date(2026, 3, 2), cells)
    assert nothing_left(office)


def test_a_row_that_gets_the_tag_of_a_spool_that_left_takes_its_work_along(office: AnyOffice) -> None:
    office.save([row for row in office.rows() if row["TAG_SPOOL"] != "MK-7"])
    office.sync()
    take(1)
    office.sync()
    spool = find_spool("MK-1").pk
    office.edit("MK-1", TAG_SPOOL="MK-7")
    office.sync()
    now = find_spool("MK-7")
    assert (now.pk, now.ocupado, office.row("MK-7")["Ocupado_Por"]) == (spool, True, "JP(94)")
    assert Spool.objects.exclude(archivado_en=None).count() == 1
    assert nothing_left(office)


def test_a_row_that_shows_what_the_app_once_wrote_for_another_spool_comes_in_free(office: AnyOffice) -> None:
    take(1)
    office.sync()
    stray = office.row("MK-1") | {"TAG_SPOOL": ""}
    office.save([*office.rows(), stray])
    services.completar(tag="MK-1", trabajador_id=94, actor=TABLET)
    office.sync()
    office.save([*office.rows()[:-1], stray | {"TAG_SPOOL": "MK-NUEVO"}])
    report = office.sync().imported
    assert (report and report.copied, find_spool("MK-NUEVO").ocupado) == (1, False)
    assert (find_spool("MK-NUEVO").version != find_spool("MK-1").version, nothing_left(office)) == (True, True)


def audited(office: AnyOffice) -> list[str]:
    """The tag of each of our rows in the audit, or what people wrote there, in order."""
    return [row["tag_spool"] or row["id"] for row in office.rows(Tab.METADATA)]


def test_an_old_copy_of_the_audit_with_as_many_rows_of_the_office_loses_no_event(office: AnyOffice) -> None:
    take(1, 2)
    office.sync()
    old = office.rows(Tab.METADATA)
    take(4, 5, 6)
    office.sync()
    blank = dict.fromkeys(old[0], "")
    office.save([*old, *(blank | {"id": f"a mano {n}"} for n in range(3))], Tab.METADATA)
    office.sync()
    assert audited(office) == ["MK-1", "MK-2", "a mano 0", "a mano 1", "a mano 2", "MK-4", "MK-5", "MK-6"]
    assert nothing_left(office)


def test_an_audit_that_was_emptied_for_good_stays_so_whatever_people_write_there(office: AnyOffice) -> None:
    take(*range(7))
    office.sync()
    office.empty(Tab.METADATA)
    office.sync(accept_shrink=True)
    for n in range(7):
        office.append(Tab.METADATA, f"a mano {n}")
        office.sync()
    take(7)
    office.sync()
    assert audited(office) == [*(f"a mano {n}" for n in range(7)), "MK-7"]
    assert nothing_left(office)


@pytest.mark.parametrize("lost", ["", "after"])
@pytest.mark.parametrize(("above", "count"), [(2, 1), (2, 2), (4, 1)])
def test_rows_inserted_into_the_audit_between_the_reading_and_the_writing_cost_no_event(
    sheet: AnyOffice, above: int, count: int, lost: str
) -> None:
    take(1, 2)
    sheet.sync()
    sheet.append(Tab.METADATA, "a mano")
    sheet.sync()
    take(4)
    book = sheet.shared()
    book.between, book.lost = lambda: server_of(sheet).office.insert_row("Metadata", above, count), lost
    memory = Memory()
    with suppress(WriteUnknown):
        Cycle(book, memory).run()
    Cycle(book, memory).run()
    assert sorted(filter(None, audited(sheet))) == ["MK-1", "MK-2", "MK-4", "a mano"]
    assert nothing_left(sheet)


def test_an_event_that_arrives_late_on_a_row_that_somebody_took_gives_it_back(sheet: AnyOffice) -> None:
    take(1, 2)
    book, memory = sheet.shared(), Memory()
    book.lost = "before"
    with pytest.raises(WriteUnknown):
        Cycle(book, memory).run()
    sheet.append(Tab.METADATA, "a mano", "", "anotado")
    Cycle(book, memory).run()
    assert audited(sheet) == ["a mano", "MK-2", "MK-1"]
    rows = sheet.rows(Tab.METADATA)
    Cycle(book, memory).run()
    book.arrive()
    assert audited(sheet) == ["MK-1", "MK-2", "MK-1"]
    Cycle(book, memory).run()
    assert sheet.rows(Tab.METADATA) == rows
    assert nothing_left(sheet)


@pytest.mark.parametrize("before", ["NV", "Fecha_Soldadura", "Ocupado_Por"])
def test_columns_inserted_together_between_the_reading_and_the_writing_cost_the_office_nothing(
    sheet: AnyOffice, before: str
) -> None:
    take(1)
    services.completar(tag="MK-1", trabajador_id=94, actor=TABLET)
    server, book, new = server_of(sheet), sheet.shared(), ("Nueva", "Otra", "Otra más")
    fill(server, "MK-1")
    foreign = foreign_cells(server)

    def insert() -> None:
        for name in new:
            server.office.insert_column("Operaciones", before, name)

    book.between = insert
    Cycle(book).run()
    assert foreign_cells(server, *new) == foreign
    assert nothing_left(sheet)


def test_a_column_that_comes_from_afar_between_the_reading_and_the_writing_is_told_cell_by_cell_not_emptied(
    sheet: AnyOffice,
) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    fill(server, "MK-1")
    foreign = foreign_cells(server)
    book.between = lambda: server.office.move_column("Operaciones", "id", "Estado_Detalle")
    lost = [line for _ in range(2) for line in Cycle(book, memory).run().lines if "no se pudo reparar" in line]
    version = str(find_spool("MK-1").version)
    assert [(version in line, "historial de versiones" in line) for line in lost] == [(True, True)]
    assert foreign_cells(server) == foreign | {("id", 1): version}
    assert nothing_left(sheet)


@pytest.mark.parametrize("then", ["TOMAR", "COMPLETAR"])
@pytest.mark.parametrize("again", ["insert", "delete"])
def test_columns_that_move_before_a_write_arrives_and_again_after_it_cost_the_office_nothing(
    sheet: AnyOffice, then: str, again: str
) -> None:
    take(1)
    if then == "COMPLETAR":
        services.completar(tag="MK-1", trabajador_id=94, actor=TABLET)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    fill(server, "MK-1")
    foreign = foreign_cells(server)
    lose_beside_a_new_column(server, book, memory)
    if again == "insert":
        server.office.insert_column("Operaciones", "NV", "Otra")
    else:
        server.office.delete_column("Operaciones", "Nueva")
    assert foreign_cells(server, "Nueva", "Otra") != foreign
    Cycle(book, memory).run()
    assert foreign_cells(server, "Nueva", "Otra") == foreign
    assert nothing_left(sheet)


@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
def test_columns_that_move_under_a_write_and_rows_that_move_after_it_cost_the_office_nothing(
    sheet: AnyOffice, *, again: bool
) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    fill(server, "MK-1")
    foreign = foreign_by_tag(server)
    lose_beside_a_new_column(server, book, memory)
    if again:
        server.office.insert_column("Operaciones", "NV", "Otra")
    server.office.sort("Operaciones", "TAG_SPOOL", descending=True)
    Cycle(book, memory).run()
    assert foreign_by_tag(server) == foreign
    assert nothing_left(sheet)


def test_columns_that_move_around_a_late_write_on_another_row_cost_the_office_nothing(sheet: AnyOffice) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    for n in range(8):
        fill(server, f"MK-{n}")
    book.lost = "before"
    with pytest.raises(WriteUnknown):
        Cycle(book, memory).run()
    server.office.sort("Operaciones", "TAG_SPOOL", descending=True)
    server.office.insert_column("Operaciones", "NV", "Nueva")
    foreign = foreign_cells(server, "Nueva")
    book.arrive()
    server.office.insert_column("Operaciones", "NV", "Otra")
    assert foreign_cells(server, "Nueva", "Otra") != foreign
    Cycle(book, memory).run()
    assert foreign_cells(server, "Nueva", "Otra") == foreign
    assert nothing_left(sheet)


def test_a_late_write_that_empties_a_holder_after_columns_moved_releases_nobody(sheet: AnyOffice) -> None:
    take(1)
    sheet.sync()
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    services.pausar(tag="MK-1", trabajador_id=94, actor=TABLET)
    book.lost = "before"
    with pytest.raises(WriteUnknown):
        Cycle(book, memory).run()
    Cycle(book, memory).run()
    take(1)
    Cycle(book, memory).run()
    before, cells = last_event(), ours(sheet, "MK-1")
    server.office.insert_column("Operaciones", "Fecha_Ocupacion", "Nueva")
    book.arrive()
    Cycle(book, memory).run()
    assert (told(before), find_spool("MK-1").ocupado, ours(sheet, "MK-1")) == ([], True, cells)
    assert nothing_left(sheet)


def test_a_formula_comes_back_from_a_row_further_away_where_its_neighbours_were_written_over_too(
    sheet: AnyOffice,
) -> None:
    take(1, 2, 3)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    for n in range(5):
        server.office.edit("Operaciones", f"MK-{n}", "MatSys", f"=A{n + 2}&B{n + 2}")
    foreign = foreign_cells(server)
    book.between = lambda: server.office.insert_column("Operaciones", "OT", "Nueva")
    Cycle(book, memory).run()
    assert foreign_cells(server, "Nueva") == foreign
    assert nothing_left(sheet)


def test_a_late_write_on_a_row_that_came_since_gives_back_what_that_row_said(sheet: AnyOffice) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    book.lost = "before"
    with pytest.raises(WriteUnknown):
        Cycle(book, memory).run()
    server.office.copy_row("Operaciones", "MK-5", {"TAG_SPOOL": "MK-NUEVO"})
    fill(server, "MK-NUEVO")
    for _ in range(2):
        Cycle(book, memory).run()
    number = server.office.row_number("Operaciones", "MK-1")
    server.office.insert_column("Operaciones", "NV", "Nueva")
    server.office.sort("Operaciones", "TAG_SPOOL", descending=True)
    moved = server.office.row_number("Operaciones", "MK-NUEVO")
    for _ in range(number - moved):
        server.office.insert_row("Operaciones", 2)
    assert server.office.row_number("Operaciones", "MK-NUEVO") == number
    foreign = foreign_cells(server)
    book.arrive()
    assert foreign_cells(server) != foreign
    Cycle(book, memory).run()
    assert foreign_cells(server) == foreign
    assert nothing_left(sheet)


def test_a_late_write_on_a_row_and_a_column_that_nobody_read_is_told_and_stops_nothing(sheet: AnyOffice) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    book.lost = "before"
    with pytest.raises(WriteUnknown):
        Cycle(book, memory).run()
    server.office.insert_column("Operaciones", "Fecha_Ocupacion", "Nueva")
    server.office.insert_row("Operaciones", server.office.row_number("Operaciones", "MK-1"))
    number = server.office.row_number("Operaciones", "MK-1") - 1
    server.office.edit("Operaciones", number, "TAG_SPOOL", "MK-NUEVO")
    book.arrive()
    lines = Cycle(book, memory).run().lines
    at = server.office.headers("Operaciones").index("Nueva")
    assert [f"la celda {letters(at)}{number} " in line for line in lines if "no se pudo reparar" in line] == [True]
    assert find_spool("MK-NUEVO").ocupado is False
    assert not Cycle(book, memory).run().effective


@pytest.mark.parametrize("relay", ["the same", "the next"])
@pytest.mark.parametrize("moved", ["rows", "rows, twice", "columns", "both"])
def test_a_blank_row_that_moves_on_with_what_landed_on_it_is_blank_again(
    sheet: AnyOffice, relay: str, moved: str
) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    book.between, book.lost = lambda: server.office.insert_row("Operaciones", "MK-1"), "after"
    with pytest.raises(WriteUnknown):
        Cycle(book, memory).run()
    if moved != "columns":
        server.office.reverse("Operaciones")
    if moved in {"columns", "both"}:
        server.office.insert_column("Operaciones", "NV", "Nueva")
    assert [row["Armador"] for row in blank_rows(server)] == ["JP(94)"]
    if moved == "rows, twice":
        server.faults.before("write", lambda: server.office.reverse("Operaciones"))
    Cycle(book, memory if relay == "the same" else Memory()).run()
    assert [set(row.values()) for row in blank_rows(server)] == [{""}]
    assert nothing_left(sheet)


def test_what_a_write_left_in_a_row_that_got_another_tag_since_is_given_back(sheet: AnyOffice) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    fill(server, "MK-1")
    lose_beside_a_new_column(server, book, memory)
    server.office.edit("Operaciones", "MK-1", "TAG_SPOOL", "MK-OTRO")
    foreign = foreign_cells(server, "Nueva", "MatSys", "Total_Uniones")
    Cycle(book, memory).run()
    assert foreign_cells(server, "Nueva", "MatSys", "Total_Uniones") == foreign
    row = next(row for row in server.office.records("Operaciones") if row["TAG_SPOOL"] == "MK-OTRO")
    assert (row["MatSys"], row["Total_Uniones"]) == ("de MatSys", "de Total_Uniones")
    assert nothing_left(sheet)


@pytest.mark.parametrize("meanwhile", ["rows", "columns"])
@pytest.mark.parametrize("lost", [False, True])
def test_what_is_put_right_while_the_sheet_moves_again_reaches_its_cells_and_no_other(
    sheet: AnyOffice, meanwhile: str, *, lost: bool
) -> None:
    """The write lands beside its columns, and what puts that right lands beside those."""
    take(1, 6)
    sheet.sync()
    services.pausar(tag="MK-1", trabajador_id=94, actor=TABLET)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    for n in range(8):
        fill(server, f"MK-{n}")
    before, foreign, moved = last_event(), foreign_by_tag(server), False

    def move_again() -> None:
        nonlocal moved
        moved = True
        if meanwhile == "rows":
            server.office.reverse("Operaciones")
        else:
            server.office.insert_column("Operaciones", "OT", "Otra")

    book.after = lambda: server.faults.before("write", move_again)
    if lost:
        lose_beside_a_new_column(server, book, memory)
    else:
        book.between = lambda: server.office.insert_column("Operaciones", "NV", "Nueva")
    Cycle(book, memory).run()
    assert foreign_by_tag(server) == foreign
    assert (moved, told(before), find_spool("MK-6").ocupado) == (True, [], True)
    assert nothing_left(sheet)


@pytest.mark.parametrize("tag", ["MK-1-B", ""])
def test_a_tag_that_is_corrected_while_its_row_is_put_right_costs_nobody_anything(sheet: AnyOffice, tag: str) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    fill(server, "MK-1")
    foreign = foreign_cells(server) | {("TAG_SPOOL", 1): tag}
    lose_beside_a_new_column(server, book, memory)
    server.faults.after("write", lambda: server.office.edit("Operaciones", "MK-1", "TAG_SPOOL", tag))
    lines = Cycle(book, memory).run().lines
    assert foreign_cells(server, "Nueva") == foreign
    assert [line for line in lines if "no se pudo reparar" in line] == []
    assert find_spool(tag or "MK-1").ocupado


def test_a_tag_that_is_cleared_right_after_a_write_costs_the_office_no_date(sheet: AnyOffice) -> None:
    """Cells of the office's that say the same day as ours do not come from us."""
    take(1)
    services.completar(tag="MK-1", trabajador_id=94, actor=TABLET)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    for name in ("Fecha_Compromiso", "Fecha_Materiales", "Fecha_NDT"):
        server.office.edit("Operaciones", "MK-1", name, "03-03-2026")
    server.office.edit("Operaciones", "MK-1", "Notas", "JP(94)")
    book.lost = "after"
    with pytest.raises(WriteUnknown):
        Cycle(book, memory).run()
    server.office.edit("Operaciones", "MK-1", "TAG_SPOOL", "")
    foreign = foreign_cells(server)
    assert [row["Fecha_Armado"] == row["Fecha_NDT"] for row in blank_rows(server)] == [True]
    Cycle(book, memory).run()
    assert foreign_cells(server) == foreign


def test_a_row_copied_without_its_tag_before_a_write_was_seen_to_stand_stays_as_it_is(sheet: AnyOffice) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    book.lost = "after"
    with pytest.raises(WriteUnknown):
        Cycle(book, memory).run()
    server.office.copy_row("Operaciones", "MK-1", {"TAG_SPOOL": ""})
    for _ in range(2):
        Cycle(book, memory).run()
    assert [row["Ocupado_Por"] for row in blank_rows(server)] == ["JP(94)"]
    assert EstadoHoja.objects.get().escrituras == ""


def test_a_whole_sheet_that_was_written_beside_its_columns_is_put_right_by_requests_that_google_takes(
    tmp_path: Path,
) -> None:
    with at_office("google", tmp_path, [fila(f"MK-{n}", FLAG=f"f{n}", MatSys=f"m{n}") for n in range(150)]) as sheet:
        server, book = server_of(sheet), sheet.shared()
        foreign = foreign_cells(server)
        book.between = lambda: server.office.insert_column("Operaciones", "NV", "Nueva")
        report = Cycle(book).run()
        assert (report.repaired > 150, foreign_cells(server, "Nueva") == foreign) == (True, True)
        assert max(len(asked.ranges) for asked in server.log.entries()) <= 100


def test_cells_far_apart_are_read_with_what_is_around_them_by_one_request_that_google_takes() -> None:
    cells = {Stray(row, column, "", None) for row in range(2, 5000, 25) for column in (*range(36, 41), *range(66, 70))}
    strips = around(cells)
    read = {(row, strip.column) for strip in strips for row in range(strip.top, strip.bottom + 1)}
    assert len(strips) <= 100
    assert {(cell.row + by, cell.column) for cell in cells for by in range(-1, 6)} <= read
    assert around([Stray(9, 3, "", None)]) == [Strip(3, 4, 14)]


def test_a_note_in_a_column_without_a_header_comes_back_too(sheet: AnyOffice) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    server.office.insert_column("Operaciones", "Ocupado_Por", "Sin nombre")
    server.office.edit("Operaciones", "MK-1", "Sin nombre", "ojo")
    server.office.rename_column("Operaciones", "Sin nombre", "")
    lose_beside_a_new_column(server, book, memory)
    place = server.office.headers("Operaciones").index("")
    assert server.office.table("Operaciones")[2][place] == "JP(94)"
    Cycle(book, memory).run()
    assert server.office.table("Operaciones")[2][place] == "ojo"
    assert nothing_left(sheet)


def test_what_a_lost_write_left_nowhere_is_not_looked_for_in_each_cycle(sheet: AnyOffice) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    lose_beside_a_new_column(server, book, memory)
    for _ in range(2):
        Cycle(book, memory).run()
    reads = server.log.counts()["read"]
    Cycle(book, memory).run()
    assert server.log.counts()["read"] == reads + 1
    assert nothing_left(sheet)


@pytest.mark.parametrize("relay", ["the same", "the next"])
def test_what_a_write_left_in_a_tab_that_is_held_since_is_given_back_once_that_is_mended(
    sheet: AnyOffice, relay: str
) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    fill(server, "MK-1")
    foreign = foreign_cells(server)
    book.between = lambda: server.office.insert_column("Operaciones", "NV", "Armador")
    Cycle(book, memory).run()
    take(2)
    report = Cycle(book, memory).run()
    assert (report.rows, report.events, Retencion.objects.get().hoja) == (0, 1, Tab.OPERACIONES)
    server.office.rename_column("Operaciones", "Armador", "Nueva")
    Cycle(book, memory if relay == "the same" else Memory()).run()
    assert foreign_cells(server, "Nueva") == foreign
    assert nothing_left(sheet)


def test_what_was_put_back_after_a_lost_answer_is_not_put_back_twice(sheet: AnyOffice) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    lose_beside_a_new_column(server, book, memory)
    reads = server.log.counts()["read"]
    assert Cycle(book, memory).run().repaired > 0
    assert server.log.counts()["read"] == reads + 5
    assert nothing_left(sheet)


def lose_beside_a_new_column(server: SheetsServer, book: SharedBook, memory: Memory) -> None:
    """A write that arrives after a column was inserted, and whose answer is lost."""
    book.between, book.lost = lambda: server.office.insert_column("Operaciones", "NV", "Nueva"), "after"
    with pytest.raises(WriteUnknown):
        Cycle(book, memory).run()


def blank_rows(server: SheetsServer) -> list[dict[str, Any]]:
    return [row for row in server.office.records("Operaciones") if row["TAG_SPOOL"] == ""]


def foreign_by_tag(server: SheetsServer) -> dict[tuple[str, str], dict[str, object]]:
    """What is not ours in each row, but in columns that came since."""
    left_out = {*headers(Tab.OPERACIONES, Owner.APP), "Nueva", "Otra"}
    return {
        (row["TAG_SPOOL"], row["NV"]): {
            name: without_addresses(cell) for name, cell in row.items() if name not in left_out
        }
        for row in server.office.records("Operaciones", "FORMULA")
    }


def fill(server: SheetsServer, tag: str) -> None:
    """Something of the office's in each of its cells of a row."""
    for name in set(server.office.headers("Operaciones")) - {"", "TAG_SPOOL"} - set(headers(Tab.OPERACIONES)):
        server.office.edit("Operaciones", tag, name, f"de {name}")
