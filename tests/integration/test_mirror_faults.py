"""What the mirror does when answers are lost, rows move under it, or the book refuses a cell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from time_machine import Traveller

from occupation import services
from occupation.models import CicloHoja, Conflicto, EdicionDevuelta, EstadoHoja, Mirror, Retencion
from occupation.queries import find_spool
from occupation.services.mirroring import requeue
from occupation.sheets.book import BookBusy, Request, WriteUnknown
from occupation.sheets.cycle import Cycle
from occupation.sheets.cycle_report import CycleReport
from occupation.sheets.flush import Memory, NotLeading
from occupation.sheets.layout import Tab
from tests.books import NOW, Fila, fila
from tests.mirror_office import (
    AnyOffice,
    Office,
    SharedBook,
    SharedFolder,
    foreign_cells,
    mirrored_office,
    nothing_left,
    ours,
    server_of,
    take,
)
from tests.shop import TABLET, journal

pytestmark = [
    pytest.mark.django_db(transaction=True, available_apps=["occupation"]),
    pytest.mark.usefixtures("clock"),
    pytest.mark.sheet,
]


def shop_floor() -> list[Fila]:
    """Eight spools, and a second row of MK-3."""
    filas = [*(fila(f"MK-{n}") for n in range(8)), fila("MK-3", NV="NV9999")]
    filas[6] |= {"Armador": "MR(93)", "Peso_Kg": "=A1*2"}
    return filas


@pytest.fixture(params=["local", "google"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyOffice]:
    """Eight spools that the app knows, mirrored once."""
    with mirrored_office(request.param, tmp_path, shop_floor()) as office:
        yield office


@pytest.fixture
def book(office: AnyOffice) -> SharedBook:
    return office.shared()


def pause() -> None:
    """Somebody else's thread pauses MK-1, with a database connection of its own."""
    services.pausar(tag="MK-1", trabajador_id=94, actor=TABLET)
    connection.close()


def sync(book: SharedBook) -> CycleReport:
    return Cycle(book).run()


def converged(office: AnyOffice) -> bool:
    """Whether every spool's row says what the app says, the audit has each event once, and nothing is left to do."""
    late = Mirror.objects.exclude(behind_since=None).count()
    audit = sorted(row["id"] for row in office.rows(Tab.METADATA) if row["evento_tipo"])
    events = sorted(str(one.uuid) for one in journal() if one.accion)
    versions = {(row["TAG_SPOOL"], row["version"]) for row in office.rows()}
    shown = {(f"MK-{n}", str(find_spool(f"MK-{n}").version)) for n in range(8)} <= versions
    return late == 0 and audit == events and shown and nothing_left(office)


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_lost_answer_ends_with_every_cell_and_every_event_exactly_once(
    office: AnyOffice, book: SharedBook, lost: str
) -> None:
    take(1, 2)
    book.lost = lost
    with pytest.raises(WriteUnknown):
        sync(book)
    take(4)
    sync(book)
    assert [row["tag_spool"] for row in office.rows(Tab.METADATA)] == ["MK-1", "MK-2", "MK-4"]
    assert EdicionDevuelta.objects.count() == 0
    assert converged(office)


def test_a_write_that_arrives_late_over_a_newer_one_is_put_right(office: AnyOffice, book: SharedBook) -> None:
    take(1)
    book.lost = "before"
    with pytest.raises(WriteUnknown):
        sync(book)
    services.pausar(tag="MK-1", trabajador_id=94, actor=TABLET)
    sync(book)
    book.arrive()
    assert office.row("MK-1")["Ocupado_Por"] == "JP(94)"
    sync(book)
    assert (office.row("MK-1")["Ocupado_Por"], find_spool("MK-1").ocupado) == ("", False)
    assert converged(office)


def test_a_late_write_after_the_rows_were_sorted_lands_elsewhere_and_is_healed(
    office: AnyOffice, book: SharedBook
) -> None:
    take(1)
    book.lost = "before"
    with pytest.raises(WriteUnknown):
        sync(book)
    sync(book)
    before = {tag: ours(office, tag) for tag in ("MK-1", "MK-5", "MK-6")}
    rows = office.rows()
    office.save([rows[0], rows[6], *rows[1:6], *rows[7:]])
    book.arrive()
    assert ours(office, "MK-6") != before["MK-6"]
    sync(book)
    assert {tag: ours(office, tag) for tag in before} == before
    assert converged(office)


def test_lesson_7_rows_sorted_between_the_reading_and_the_writing_are_healed(
    office: AnyOffice, book: SharedBook
) -> None:
    cells = ours(office, "MK-6")
    take(1)
    book.between = lambda: office.save(office.rows()[::-1])
    report = sync(book)
    assert (report.repaired > 0) != (report.moved > 0)
    assert (office.row("MK-1")["Ocupado_Por"], ours(office, "MK-6"), office.row("MK-6")["Peso_Kg"]) == (
        "JP(94)",
        cells,
        "=A1*2",
    )
    assert EdicionDevuelta.objects.count() == 0
    assert converged(office)


@pytest.mark.parametrize("inserted", ["", "MK-3"])
def test_a_row_inserted_where_we_write_gets_its_cells_back(office: AnyOffice, book: SharedBook, inserted: str) -> None:
    take(1)
    rows = office.rows()
    blank = dict.fromkeys(rows[0], "") | {"TAG_SPOOL": inserted, "Notas": "nueva"}
    book.between = lambda: office.save([rows[0], blank, *rows[1:]])
    sync(book)
    assert office.rows()[1] == blank
    assert office.row("MK-1")["Ocupado_Por"] == "JP(94)"
    assert converged(office)


def test_a_duplicate_that_we_wrote_on_by_accident_says_what_it_said(office: AnyOffice, book: SharedBook) -> None:
    take(1)
    rows = office.rows()
    duplicate = rows[8]
    book.between = lambda: office.save([rows[0], duplicate, *rows[1:8]])
    sync(book)
    assert office.rows()[1] == duplicate
    assert converged(office)


def test_a_spool_that_moves_on_at_every_write_is_behind_only_since_the_last_one(
    office: AnyOffice, book: SharedBook, clock: Traveller
) -> None:
    take(1)
    clock.shift(60)
    book.between = pause
    sync(book)
    assert Mirror.objects.get(spool__tag="MK-1").behind_since == NOW + timedelta(seconds=60)
    sync(book)
    assert converged(office)


def test_who_loses_the_lead_between_two_writes_sends_no_other_and_settles_nothing(
    office: AnyOffice, book: SharedBook
) -> None:
    take(1, 2)
    office.desk.protect(Tab.OPERACIONES, "MK-1")
    lead = iter([*[True] * 4, *[False] * 9])
    with pytest.raises(NotLeading):
        Cycle(book, leads=lambda: next(lead)).run()
    assert (book.writes, Mirror.objects.exclude(behind_since=None).count()) == (2, 2)
    office.desk.unprotect(Tab.OPERACIONES)
    sync(book)
    assert converged(office)


def test_a_refused_row_is_parked_alone_until_a_verb_or_an_admin_tries_again(
    office: AnyOffice, book: SharedBook
) -> None:
    take(1, 2, 4, 5)
    office.desk.protect(Tab.OPERACIONES, "MK-4")
    report = sync(book)
    assert (report.parked, report.rows, report.events) == (1, 3, 4)
    (parked,) = Mirror.objects.exclude(error="")
    assert (parked.spool.tag, "prote" in parked.error) == ("MK-4", True)
    writes = book.writes
    assert (sync(book).effective, book.writes) == (False, writes)
    requeue([find_spool("MK-4").pk])
    assert (sync(book).parked, Mirror.objects.exclude(error="").count()) == (1, 1)
    services.pausar(tag="MK-4", trabajador_id=94, actor=TABLET)
    office.desk.unprotect(Tab.OPERACIONES)
    sync(book)
    assert Mirror.objects.exclude(error="").count() == 0
    assert converged(office)


def test_a_write_of_which_the_book_took_no_row_is_not_looked_for(office: AnyOffice, book: SharedBook) -> None:
    take(4)
    office.desk.protect(Tab.OPERACIONES, "MK-4")
    assert (sync(book).parked, EstadoHoja.objects.get().escrituras) == (1, "")


def test_an_audit_that_may_not_be_written_holds_no_row_back(office: AnyOffice, book: SharedBook) -> None:
    take(1, 2)
    office.desk.protect(Tab.METADATA)
    report = sync(book)
    assert (report.rows, report.complete, office.rows(Tab.METADATA)) == (2, False, [])
    assert [(one.hoja, one.tipo) for one in Retencion.objects.all()] == [("Metadata", "escritura")]
    office.desk.unprotect(Tab.METADATA)
    assert sync(book).events == 2
    assert (Retencion.objects.count(), converged(office)) == (0, True)


def test_a_person_who_appends_to_the_audit_before_a_repeat_keeps_the_row(office: AnyOffice, book: SharedBook) -> None:
    take(1)
    book.lost = "before"
    with pytest.raises(WriteUnknown):
        sync(book)
    office.append(Tab.METADATA, "a mano")
    sync(book)
    assert [row["evento_tipo"] or row["id"] for row in office.rows(Tab.METADATA)] == ["a mano", "TOMAR_ARM"]


def test_a_folder_that_is_saved_meanwhile_is_read_again_and_nothing_of_the_person_is_lost(tmp_path: Path) -> None:
    office = Office(tmp_path / "libro", shop_floor())
    office.sync()
    take(1)
    folder = SharedFolder(office.desk)
    folder.between = lambda: office.edit("MK-5", Notas="urgente")
    report = sync(folder)
    assert (report.moved, report.rows) == (1, 1)
    assert (office.row("MK-5")["Notas"], find_spool("MK-5").notas) == ("urgente", "urgente")
    assert converged(office)


@pytest.fixture
def sheet(tmp_path: Path) -> Iterator[AnyOffice]:
    """The office at Google's book, where columns and other programs come between as well."""
    with mirrored_office("google", tmp_path, shop_floor()) as office:
        yield office


@pytest.mark.parametrize("before", ["NV", "Fecha_Soldadura", "Ocupado_Por"])
@pytest.mark.parametrize("named", ["", "Nueva"])
def test_lesson_6_a_column_inserted_between_the_reading_and_the_writing_keeps_every_cell_of_the_office(
    sheet: AnyOffice, before: str, named: str
) -> None:
    take(1)
    services.completar(tag="MK-1", trabajador_id=94, actor=TABLET)
    take(2)
    server = server_of(sheet)
    server.office.edit("Operaciones", "MK-2", "MatSys", "=A3&B3")
    server.office.edit("Operaciones", "MK-3", "MatSys", "=A4&B4")
    book, events = sheet.shared(), len(journal())
    book.between = lambda: server.office.insert_column("Operaciones", before, named)
    foreign = foreign_cells(server)
    report = sync(book)
    assert (report.repaired > 0, report.rows, len(journal())) == (True, 2, events)
    assert {place: cell for place, cell in foreign_cells(server).items() if place[0] != (named or "?")} == foreign
    assert converged(sheet)


def test_a_column_inserted_into_the_audit_meanwhile_leaves_each_event_once_and_the_column_empty(
    sheet: AnyOffice,
) -> None:
    take(1)
    server, book = server_of(sheet), sheet.shared()
    book.between = lambda: server.office.insert_column("Metadata", "id", "Nueva")
    sync(book)
    assert [row["Nueva"] for row in sheet.rows(Tab.METADATA)] == [""]
    assert converged(sheet)


def test_a_row_that_another_program_wrote_right_after_us_is_read_merged_and_written_again(sheet: AnyOffice) -> None:
    take(1)
    server, book = server_of(sheet), sheet.shared()
    theirs = {"version": "33333333-3333-4333-8333-333333333333", "Estado_Detalle": "otra cosa"}
    book.after = lambda: server.office.program_writes("Operaciones", "MK-1", theirs)
    report = sync(book)
    assert (report.rows, book.writes, "otro programa" in " ".join(report.lines)) == (1, 2, True)
    listed = [EdicionDevuelta.objects.get().encabezado, Conflicto.objects.get().encabezado]
    assert listed == ["version", "Estado_Detalle"]
    assert converged(sheet)


def test_a_program_that_writes_after_each_of_our_writes_is_given_up_after_three_attempts(
    sheet: AnyOffice, clock: Traveller
) -> None:
    take(1)
    server, book = server_of(sheet), sheet.shared()
    theirs = {"version": "33333333-3333-4333-8333-333333333333"}

    def again() -> None:
        server.office.program_writes("Operaciones", "MK-1", theirs)
        book.after = again

    book.after = again
    clock.shift(60)
    report = sync(book)
    assert (report.rows, book.writes, Mirror.objects.exclude(behind_since=None).count()) == (0, 3, 1)
    assert (report.complete, EstadoHoja.objects.get().sincronizada_en) == (False, NOW)
    assert "sin terminar: 1" in CicloHoja.objects.latest("id").resumen
    book.after = None
    assert sync(book).complete
    assert EstadoHoja.objects.get().sincronizada_en == NOW + timedelta(seconds=60)
    assert converged(sheet)


def test_a_write_for_which_there_was_no_quota_is_not_looked_for(sheet: AnyOffice) -> None:
    spent: list[Request] = []

    def meter(kind: Request) -> None:
        if kind in spent:
            raise BookBusy("no queda cuota")

    book, memory = sheet.shared(meter), Memory()
    take(1)
    Cycle(book, memory).run()
    take(2)
    spent.append(Request.WRITE)
    with pytest.raises(BookBusy):
        Cycle(book, memory).run()
    assert (book.writes, EstadoHoja.objects.get().escrituras) == (2, "")
    spent.clear()
    Cycle(book, memory).run()
    assert converged(sheet)


def test_a_search_for_a_refused_row_goes_on_where_the_quota_ended_it(sheet: AnyOffice) -> None:
    take(0, 1, 2, 4, 5, 6, 7)
    sheet.desk.protect(Tab.OPERACIONES, "MK-6")
    purse: list[Request] = []

    def meter(kind: Request) -> None:
        if kind is Request.WRITE:
            purse.append(kind)
        if len(purse) > 3:
            raise BookBusy("no queda cuota")

    book, memory = sheet.shared(meter), Memory()
    for _ in range(4):
        purse.clear()
        with suppress(BookBusy):
            Cycle(book, memory).run()
    assert [one.spool.tag for one in Mirror.objects.exclude(error="")] == ["MK-6"]
    sheet.desk.unprotect(Tab.OPERACIONES)
    requeue([find_spool("MK-6").pk])
    sheet.sync()
    assert converged(sheet)


def test_a_write_that_arrives_late_after_a_column_was_inserted_leaves_the_offices_cells_as_they_were(
    sheet: AnyOffice,
) -> None:
    take(1)
    server, book, memory = server_of(sheet), sheet.shared(), Memory()
    for tag, formula in (("MK-0", "=A2&B2"), ("MK-1", "=A3&B3")):
        server.office.edit("Operaciones", tag, "MatSys", formula)
    foreign = foreign_cells(server)
    book.lost = "before"
    with pytest.raises(WriteUnknown):
        Cycle(book, memory).run()
    Cycle(book, memory).run()
    server.office.insert_column("Operaciones", "OT", "Nueva")
    book.arrive()
    Cycle(book, memory).run()
    assert foreign_cells(server, "Nueva") == foreign
    assert converged(sheet)
