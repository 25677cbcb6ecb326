"""A relay that dies between a write and its proof: what the next one finds of it in the book, and leaves alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from time_machine import Traveller

from occupation import services
from occupation.models import CicloHoja, EdicionDevuelta, EstadoHoja
from occupation.queries import find_spool
from occupation.sheets.book import WriteUnknown
from occupation.sheets.cycle import Cycle
from occupation.sheets.cycle_report import CycleReport
from occupation.sheets.flush import MAY_ARRIVE, Memory, NotLeading
from occupation.sheets.layout import Owner, Tab, headers
from occupation.vocabulary import Operacion
from tests.books import Fila, fila
from tests.mirror_office import AnyOffice, foreign_cells, mirrored_office, nothing_left, ours, server_of, take
from tests.sheets_server.office import Office
from tests.shop import TABLET

pytestmark = [
    pytest.mark.django_db(transaction=True, available_apps=["occupation"]),
    pytest.mark.usefixtures("clock"),
    pytest.mark.sheet,
]

OURS = headers(Tab.OPERACIONES, Owner.APP)


def shop_floor() -> list[Fila]:
    """Eight spools, and a second row of MK-3 with a fitter of its own."""
    filas = [*(fila(f"MK-{n}") for n in range(8)), fila("MK-3", NV="NV9999", Armador="MR(93)")]
    filas[3] |= {"Armador": "MR(93)", "Fecha_Armado": "02-03-2026"}
    return filas


@pytest.fixture
def sheet(tmp_path: Path) -> Iterator[AnyOffice]:
    """Eight spools that the app knows, mirrored once, at Google's book, where things move while we write."""
    with mirrored_office("google", tmp_path, shop_floor()) as office:
        yield office


@pytest.fixture
def people(sheet: AnyOffice) -> Office:
    """Whoever works in the spreadsheet."""
    return server_of(sheet).office


def dies_after_writing(office: AnyOffice, meanwhile: Callable[[], None] | None = None) -> None:
    """A relay reads, something happens `meanwhile`, it writes, and is gone before it knows where that landed."""
    book = office.shared()
    book.between = meanwhile
    with pytest.raises(NotLeading):
        Cycle(book, leads=lambda: book.writes == 0).run()


def cells_of_ours(office: AnyOffice, at: int) -> dict[str, str]:
    """Our cells that hold something in the row at that place below the header."""
    row = office.rows()[at]
    return {name: row[name] for name in OURS if row[name]}


def put_right(office: AnyOffice) -> CycleReport:
    """The next relay, after which nothing is left to do and nobody is told of an edit."""
    report = office.sync()
    assert EdicionDevuelta.objects.count() == 0
    assert nothing_left(office)
    return report


@pytest.mark.parametrize("count", [1, 3])
def test_a_blank_row_inserted_where_a_dying_relay_wrote_is_blank_again(
    sheet: AnyOffice, people: Office, clock: Traveller, count: int
) -> None:
    take(1)
    dies_after_writing(sheet, lambda: people.insert_row("Operaciones", "MK-1", count))
    assert cells_of_ours(sheet, 1)["Ocupado_Por"] == "JP(94)"
    assert put_right(sheet).repaired > 0
    assert [cells_of_ours(sheet, 1 + at) for at in range(count)] == [{}] * count
    assert sheet.row("MK-1")["Ocupado_Por"] == "JP(94)"
    clock.shift(MAY_ARRIVE)
    assert (nothing_left(sheet), EstadoHoja.objects.get().escrituras) == (True, "")


def test_a_new_spool_typed_into_the_inserted_row_before_the_next_relay_comes_in_with_nothing_done(
    sheet: AnyOffice, people: Office
) -> None:
    take(1)
    dies_after_writing(sheet, lambda: people.insert_row("Operaciones", "MK-1"))
    for header, text in (("TAG_SPOOL", "MK-NUEVO"), ("NV", "NV0700"), ("Notas", "urgente")):
        people.edit("Operaciones", 3, header, text)
    put_right(sheet)
    spool = find_spool("MK-NUEVO")
    assert (spool.armador_id, spool.ocupado, spool.notas, find_spool("MK-1").ocupado) == (None, False, "urgente", True)
    assert spool.version != find_spool("MK-1").version


def test_a_doubled_row_that_moved_under_a_dying_relay_says_what_it_said(sheet: AnyOffice, people: Office) -> None:
    rows = sheet.rows()
    doubled = rows[8]
    take(1, 2)
    dies_after_writing(sheet, lambda: sheet.save([rows[0], doubled, *rows[1:8]]))
    assert sheet.rows()[1] != doubled
    put_right(sheet)
    assert sheet.rows()[1] == doubled
    assert (sheet.row("MK-1")["Ocupado_Por"], sheet.row("MK-2")["Ocupado_Por"]) == ("JP(94)", "JP(94)")


def test_what_a_person_wrote_over_our_cells_since_stays(sheet: AnyOffice, people: Office) -> None:
    take(1)
    dies_after_writing(sheet, lambda: people.insert_row("Operaciones", "MK-1"))
    people.edit("Operaciones", 3, "Estado_Detalle", "reservado")
    put_right(sheet)
    assert cells_of_ours(sheet, 1) == {"Estado_Detalle": "reservado"}


def test_a_write_that_landed_where_it_was_meant_is_looked_for_no_more(sheet: AnyOffice, people: Office) -> None:
    take(1)
    dies_after_writing(sheet)
    copied = people.copy_row("Operaciones", "MK-1", {"TAG_SPOOL": ""})
    people.insert_row("Operaciones", "MK-1")
    people.insert_column("Operaciones", "Armador", "Nueva")
    report = put_right(sheet)
    assert (report.repaired, report.lines, EstadoHoja.objects.get().escrituras) == (0, [], "")
    assert cells_of_ours(sheet, copied - 1)["Ocupado_Por"] == "JP(94)"


def test_a_spool_renamed_while_a_dying_relay_wrote_keeps_its_history(sheet: AnyOffice, people: Office) -> None:
    spool = find_spool("MK-1").pk
    take(1)
    dies_after_writing(sheet, lambda: people.edit("Operaciones", "MK-1", "TAG_SPOOL", "MK-1-B"))
    put_right(sheet)
    renamed = find_spool("MK-1-B")
    assert (renamed.pk, renamed.ocupado, sheet.row("MK-1-B")["Ocupado_Por"]) == (spool, True, "JP(94)")


def test_a_spool_renamed_between_a_reading_and_a_writing_keeps_its_history(sheet: AnyOffice, people: Office) -> None:
    spool, book = find_spool("MK-1").pk, sheet.shared()
    take(1)
    book.between = lambda: people.edit("Operaciones", "MK-1", "TAG_SPOOL", "MK-1-B")
    Cycle(book).run()
    assert (find_spool("MK-1-B").pk, sheet.row("MK-1-B")["Ocupado_Por"]) == (spool, "JP(94)")
    assert nothing_left(sheet)


@pytest.mark.parametrize("before", ["NV", "Fecha_Soldadura", "Ocupado_Por"])
def test_a_column_inserted_under_a_dying_relay_costs_the_office_nothing(
    sheet: AnyOffice, people: Office, before: str
) -> None:
    take(1)
    services.completar(tag="MK-1", trabajador_id=94, actor=TABLET)
    for header in ("MatSys", "Peso_Kg"):
        people.edit("Operaciones", "MK-1", header, f"de {header}")
    foreign = foreign_cells(server_of(sheet))
    dies_after_writing(sheet, lambda: people.insert_column("Operaciones", before, "Nueva"))
    put_right(sheet)
    assert foreign_cells(server_of(sheet), "Nueva") == foreign


def test_a_cell_of_a_row_that_the_dead_relay_did_not_keep_is_told_not_emptied(sheet: AnyOffice, people: Office) -> None:
    take(1)
    services.completar(tag="MK-1", trabajador_id=94, actor=TABLET)

    def meanwhile() -> None:
        people.insert_column("Operaciones", "NV", "Nueva")
        people.reverse("Operaciones")

    dies_after_writing(sheet, meanwhile)
    written = sheet.row("MK-7")["Fecha_Materiales"]
    report = sheet.sync()
    lost = [line for line in report.lines if "no se pudo reparar" in line]
    assert (len(lost), "historial de versiones" in lost[0]) == (1, True)
    assert sheet.row("MK-7")["Fecha_Materiales"] == written != ""
    assert (sheet.row("MK-1")["Armador"], sheet.row("MK-7")["Armador"]) == ("JP(94)", "")
    assert (find_spool("MK-7").armador_id, nothing_left(sheet)) == (None, True)


def test_a_write_that_arrives_late_on_a_blank_row_is_found_by_the_relay_that_came_after(
    sheet: AnyOffice, people: Office, clock: Traveller
) -> None:
    take(1)
    book, memory = sheet.shared(), Memory()
    book.lost = "before"
    with pytest.raises(WriteUnknown):
        Cycle(book).run()
    Cycle(book, memory).run()
    people.insert_row("Operaciones", "MK-1")
    book.arrive()
    assert cells_of_ours(sheet, 1) != {}
    Cycle(book, memory).run()
    assert cells_of_ours(sheet, 1) == {}
    clock.shift(MAY_ARRIVE)
    Cycle(book, memory).run()
    assert EstadoHoja.objects.get().escrituras == ""
    assert nothing_left(sheet)


@pytest.mark.parametrize("fault", ["empty", "half"])
def test_a_first_reading_that_is_cut_short_has_nothing_put_back(sheet: AnyOffice, fault: str) -> None:
    take(7)
    dies_after_writing(sheet)
    row = sheet.row("MK-7")
    getattr(server_of(sheet).faults, fault)(on="spreadsheets.values.batchGet")
    book, memory = sheet.desk.opened(), Memory()
    assert not Cycle(book, memory).run().complete
    assert sheet.row("MK-7") == row
    Cycle(book, memory).run()
    assert (sheet.row("MK-7"), EdicionDevuelta.objects.count(), nothing_left(sheet)) == (row, 0, True)


def test_a_dry_run_after_a_death_puts_nothing_back(sheet: AnyOffice, people: Office) -> None:
    take(1)
    dies_after_writing(sheet, lambda: people.insert_row("Operaciones", "MK-1"))
    before = sheet.stored(), EstadoHoja.objects.values().get(), CicloHoja.objects.count()
    sheet.sync(dry_run=True)
    assert (sheet.stored(), EstadoHoja.objects.values().get(), CicloHoja.objects.count()) == before
    put_right(sheet)
    assert cells_of_ours(sheet, 1) == {}


def test_a_write_of_a_clock_that_was_ahead_is_looked_for_no_longer_than_others(
    sheet: AnyOffice, people: Office, clock: Traveller
) -> None:
    take(1)
    clock.shift(timedelta(days=400))
    dies_after_writing(sheet, lambda: people.insert_row("Operaciones", "MK-1"))
    clock.shift(-timedelta(days=400))
    memory = Memory()
    Cycle(sheet.desk.opened(), memory).run()
    assert cells_of_ours(sheet, 1) == {}
    clock.shift(MAY_ARRIVE)
    Cycle(sheet.desk.opened(), memory).run()
    assert EstadoHoja.objects.get().escrituras == ""


def test_a_write_that_is_proved_is_forgotten(sheet: AnyOffice) -> None:
    take(1)
    before = ours(sheet, "MK-2")
    sheet.sync()
    assert (EstadoHoja.objects.get().escrituras, ours(sheet, "MK-2")) == ("", before)


def test_a_restored_cell_that_landed_on_another_spools_row_is_no_edit_of_that_spool(
    sheet: AnyOffice, people: Office
) -> None:
    for tag, fitter in (("MK-1", 93), ("MK-2", 94)):
        services.tomar(tag=tag, trabajador_id=fitter, operacion=Operacion.ARM, actor=TABLET)
        services.completar(tag=tag, trabajador_id=fitter, actor=TABLET)
    sheet.sync()
    services.tomar(tag="MK-1", trabajador_id=94, operacion=Operacion.SOLD, actor=TABLET)
    sheet.sync()
    before = ours(sheet, "MK-1"), ours(sheet, "MK-2")
    people.edit("Operaciones", "MK-1", "Armador", "")
    rows = sheet.rows()
    dies_after_writing(sheet, lambda: sheet.save([rows[0], rows[2], rows[1], *rows[3:]]))
    assert sheet.row("MK-2")["Armador"] == "MR(93)"
    report = sheet.sync()
    assert (report.adopted, find_spool("MK-2").armador_id) == (0, 94)
    assert (ours(sheet, "MK-1"), ours(sheet, "MK-2")) == before
    assert nothing_left(sheet)


def test_a_restored_cell_that_landed_in_an_inserted_row_leaves_it_blank(sheet: AnyOffice, people: Office) -> None:
    take(1)
    sheet.sync()
    before = ours(sheet, "MK-1")
    people.edit("Operaciones", "MK-1", "Estado_Detalle", "reservado")
    dies_after_writing(sheet, lambda: people.insert_row("Operaciones", "MK-1"))
    assert cells_of_ours(sheet, 1) == {name: before[name] for name in ("version", "Estado_Detalle")}
    sheet.sync()
    assert (cells_of_ours(sheet, 1), ours(sheet, "MK-1")) == ({}, before)
    assert nothing_left(sheet)
