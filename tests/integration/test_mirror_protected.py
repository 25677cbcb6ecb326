"""A Metadata that may not be written: it costs a request a minute, holds no row back, and loses no event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from time_machine import Traveller

from occupation.models import EstadoHoja, Retencion
from occupation.sheets.book import BookBusy, Request
from occupation.sheets.cycle import Cycle
from occupation.sheets.cycle_report import CycleReport
from occupation.sheets.flush import AUDIT_AGAIN, Memory
from occupation.sheets.layout import Tab
from tests.books import fila
from tests.mirror_office import AnyOffice, SharedBook, mirrored_office, nothing_left, take
from tests.shop import journal

pytestmark = [
    pytest.mark.django_db(transaction=True, available_apps=["occupation"]),
    pytest.mark.usefixtures("clock"),
    pytest.mark.sheet,
]


@pytest.fixture(params=["local", "google"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyOffice]:
    """Twelve spools that the app knows, mirrored once, and an audit that the office protects."""
    with mirrored_office(request.param, tmp_path, [fila(f"MK-{n}") for n in range(12)]) as office:
        office.desk.protect(Tab.METADATA)
        yield office


class Day:
    """A relay that goes on all day, and how many writes each of its cycles tries."""

    def __init__(self, book: SharedBook) -> None:
        self.book = book
        self.memory = Memory()
        self.report = CycleReport()

    def writes(self) -> int:
        before = self.book.writes
        self.report = Cycle(self.book, self.memory).run()
        return self.book.writes - before


@pytest.fixture
def day(office: AnyOffice) -> Day:
    """A relay that has just been refused: with the row, then the row alone, then the audit alone."""
    day = Day(office.shared())
    take(1)
    assert (day.writes(), day.report.rows, day.report.complete) == (3, 1, False)
    return day


def held() -> list[str]:
    return sorted(Retencion.objects.values_list("tipo", flat=True))


def tagged(office: AnyOffice) -> list[str]:
    return [row["tag_spool"] for row in office.rows(Tab.METADATA)]


def test_a_protected_audit_is_tried_by_itself_once_a_minute_and_rows_are_written_without_it(
    office: AnyOffice, day: Day, clock: Traveller
) -> None:
    assert (day.writes(), day.report.complete) == (0, False)
    for number in (2, 3):
        take(number)
        assert (day.writes(), day.report.rows, day.report.complete) == (1, 1, False)
    clock.shift(AUDIT_AGAIN)
    assert (day.writes(), day.writes()) == (1, 0)
    take(4)
    clock.shift(AUDIT_AGAIN)
    assert (day.writes(), day.report.rows, held()) == (2, 1, ["escritura"])
    office.desk.unprotect(Tab.METADATA)
    take(5)
    assert (day.writes(), held(), tagged(office)) == (1, ["escritura"], [])
    clock.shift(AUDIT_AGAIN)
    assert (day.writes(), day.report.events, held()) == (1, 5, [])
    assert tagged(office) == [f"MK-{n}" for n in range(1, 6)]
    assert nothing_left(office)


def test_a_clock_that_was_ahead_when_the_audit_was_refused_does_not_keep_it_back(
    office: AnyOffice, day: Day, clock: Traveller
) -> None:
    clock.shift(-timedelta(days=400))
    office.desk.unprotect(Tab.METADATA)
    assert (day.writes(), held(), tagged(office)) == (1, [], ["MK-1"])


def test_a_protected_audit_stays_held_while_what_it_holds_cannot_be_believed(
    office: AnyOffice, day: Day, clock: Traveller
) -> None:
    office.desk.unprotect(Tab.METADATA)
    take(2, 3, 4, 5, 6, 7)
    clock.shift(AUDIT_AGAIN)
    day.writes()
    office.desk.protect(Tab.METADATA)
    take(8)
    day.writes()
    office.empty(Tab.METADATA)
    take(9)
    assert (day.writes(), held()) == (1, ["encogida", "escritura"])


def test_a_protected_audit_that_is_owed_nothing_more_is_held_no_longer(office: AnyOffice, day: Day) -> None:
    (owed,) = [one for one in journal() if one.accion]
    office.append(Tab.METADATA, str(owed.uuid), "", "TOMAR_ARM", "MK-1")
    assert (day.writes(), day.report.complete, held()) == (0, True, [])


def test_a_refused_audit_is_read_by_its_tail_as_before(day: Day) -> None:
    assert EstadoHoja.objects.get().reserva == {}


def test_a_quota_that_ends_before_the_audit_is_tried_mends_nothing(tmp_path: Path, clock: Traveller) -> None:
    purse: list[Request] = []

    def meter(kind: Request) -> None:
        if kind is Request.WRITE:
            if not purse:
                raise BookBusy("no queda cuota")
            purse.pop()

    with mirrored_office("google", tmp_path, [fila(f"MK-{n}") for n in range(12)]) as office:
        office.desk.protect(Tab.METADATA)
        day = Day(office.shared(meter))
        purse[:] = [Request.WRITE] * 9
        take(1)
        day.writes()
        clock.shift(AUDIT_AGAIN)
        purse[1:] = []
        take(2)
        with pytest.raises(BookBusy):
            day.writes()
        assert (held(), office.row("MK-2")["Ocupado_Por"]) == (["escritura"], "JP(94)")
        office.desk.unprotect(Tab.METADATA)
        purse[:] = [Request.WRITE] * 9
        assert (day.writes(), held(), tagged(office)) == (1, [], ["MK-1", "MK-2"])
        assert nothing_left(office)
