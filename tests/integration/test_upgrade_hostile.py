"""An upgrade while answers get lost, quotas are spent and people go on working in the sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from occupation.models import BookUpgrade, EstadoHoja
from occupation.sheets.book import BookBusy, PermissionLost
from occupation.sheets.budget import Budget
from occupation.sheets.flush import NotLeading
from occupation.sheets.google import GoogleBook
from occupation.sheets.google_client import connected
from occupation.sheets.layout import Tab
from occupation.sheets.rollback import roll_back
from occupation.sheets.upgrade import upgrade_book
from occupation.sheets.upgrade_plan import NEW_HEADERS
from occupation.sheets.upgrade_work import UpgradeRefused, Work
from tests.contracts.desks import GoogleDesk
from tests.mirror_office import tabs_of
from tests.sheets_server.server import SheetsServer
from tests.upgrade_office import FILAS, Died, DyingBook, V21Office, v21, v21_office

pytestmark = [pytest.mark.django_db(transaction=True, available_apps=["occupation"]), pytest.mark.sheet]

Fault = Callable[[SheetsServer, int], None]
LATE = 90.0


@pytest.fixture
def office(tmp_path: Path, settings: Settings) -> Iterator[V21Office]:
    settings.TALLER_VAR = tmp_path
    with v21_office("google", tmp_path) as office:
        yield office


def server_of(office: V21Office) -> SheetsServer:
    assert isinstance(office.desk, GoogleDesk)
    return office.desk.server


def well_upgraded(office: V21Office) -> bool:
    """Whether the book is v3.0, its tags have each their own version, and there is one backup."""
    header = office.desk.table(Tab.OPERACIONES)[0]
    versions = [row["version"] for row in office.rows() if row["Estado_Detalle"]]
    assert [header.count(name) for name in NEW_HEADERS] == [1, 1, 1, 1]
    assert (len(versions), len(set(versions))) == (5, 5)
    assert {row["TAG_SPOOL"] for row in office.rows() if row["version"]} == {"MK-1", "MK-2", "MK-3", "MK-4", "MK-5"}
    return set(office.backups()) == set(office.before) and office.sync().complete


def writes_of_an_upgrade(tmp_path: Path) -> int:
    with v21_office("google", tmp_path) as office:
        book = DyingBook(office.desk.opened())
        office.upgrade(book)
        BookUpgrade.objects.all().delete()
        return sum(call in {"copy_tabs", "enter", "apply"} for call in book.calls)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda server, skip: server.faults.cut(applied=False, on="write", skip=skip), id="not applied"),
        pytest.param(lambda server, skip: server.faults.cut(applied=True, on="write", skip=skip), id="applied"),
        pytest.param(lambda server, skip: server.faults.late(LATE, on="write", skip=skip), id="applied late"),
        pytest.param(lambda server, skip: server.faults.error(503, on="write", skip=skip), id="503"),
        pytest.param(lambda server, skip: server.faults.too_many(3, on="write", skip=skip), id="429"),
    ],
)
def test_an_answer_that_is_lost_costs_no_second_backup_and_no_second_version(
    tmp_path: Path, settings: Settings, fault: Fault
) -> None:
    settings.TALLER_VAR = tmp_path
    for skip in range(writes_of_an_upgrade(tmp_path)):
        BookUpgrade.objects.all().delete()
        with v21_office("google", tmp_path) as office:
            fault(server_of(office), skip)
            office.upgrade()
            server_of(office).clock.advance(LATE)
            server_of(office).google.settle()
            assert server_of(office).faults.waiting == []
            assert well_upgraded(office)
            assert office.backups() == office.before


def test_a_google_that_stays_away_leaves_the_upgrade_to_be_repeated(office: V21Office) -> None:
    server_of(office).faults.too_many(times=None, on="write")
    with pytest.raises(BookBusy):
        office.upgrade()
    server_of(office).faults.clear()
    server_of(office).faults.error(403)
    with pytest.raises(PermissionLost):
        office.upgrade()
    assert office.originals() == office.before
    assert well_upgraded(office) if office.upgrade() else False


def test_a_book_without_room_for_a_backup_is_left_as_it_was(office: V21Office) -> None:
    server_of(office).faults.error(400, message="This action would increase the number of cells above the limit")
    with pytest.raises(Exception, match="above the limit"):
        office.upgrade()
    assert dict(office.desk.stored()) == office.before
    assert office.sync().imported.workers == 3  # type: ignore[union-attr]  # the relay is not in the way


def test_rows_sorted_while_they_are_initialised_get_each_their_own_version(office: V21Office) -> None:
    server = server_of(office)
    server.faults.before("write", lambda: server.office.reverse("Operaciones"), skip=2)
    office.upgrade()
    assert server.faults.waiting == []
    assert next(row["TAG_SPOOL"] for row in office.rows()) == "MK-5"
    assert well_upgraded(office)


def columns_of(office: V21Office) -> Counter[tuple[str, ...]]:
    """Every column of Operaciones that is not ours or empty, whole."""
    table = office.desk.table(Tab.OPERACIONES)
    width = max(map(len, table))
    columns = zip(*([*row, *[""] * (width - len(row))] for row in table), strict=True)
    return Counter(column for column in columns if any(column[1:]) and column[0] not in NEW_HEADERS)


@pytest.mark.parametrize("scribble", ["", "mirar esto"])
@pytest.mark.parametrize("skip", [1, 2], ids=["headers", "rows"])
@pytest.mark.parametrize(("before", "many"), [("NV", 1), ("Pulgadas_SOLD", 1), ("Fecha_Armado", 2)])
def test_a_column_inserted_while_we_write_loses_nothing_of_the_office(
    tmp_path: Path, settings: Settings, before: str, many: int, skip: int, scribble: str
) -> None:
    settings.TALLER_VAR = tmp_path
    filled = [one | {"Pulgadas_SOLD": "4", "Pulgadas_ARM": "6"} for one in FILAS]
    with v21_office("google", tmp_path, v21(tabs_of(filled), scribble)) as office:
        server, seen = server_of(office), columns_of(office)

        def insert() -> None:
            for _ in range(many):
                server.office.insert_column("Operaciones", before)

        server.faults.before("write", insert, skip=skip)
        office.upgrade()
        assert server.faults.waiting == []
        assert columns_of(office) == seen
        assert well_upgraded(office)


def test_what_the_office_types_meanwhile_stays(office: V21Office) -> None:
    server = server_of(office)
    server.faults.after("write", lambda: server.office.edit("Operaciones", "MK-5", "Notas", "urgente"), skip=0)
    server.faults.after("write", lambda: server.office.edit("Operaciones", "MK-5", "Armador", "JP(94)"), skip=2)
    office.upgrade()
    assert (office.row("MK-5")["Notas"], office.row("MK-5")["Armador"]) == ("urgente", "JP(94)")
    office.sync()
    assert office.row("MK-5")["Estado_Detalle"] == "Disponible - ARM parcial (pausado), SOLD pendiente"


def test_an_upgrade_stays_within_its_budget(office: V21Office, settings: Settings) -> None:
    settings.SHEETS_READS_PER_MINUTE, settings.SHEETS_WRITES_PER_MINUTE = 12, 4
    server, waits = server_of(office), list[float]()
    book = GoogleBook(connected(server.url), server.spreadsheet_id, meter=Budget().spend)

    def pause(seconds: float) -> None:
        """A minute passes at once: the buckets are full again."""
        waits.append(seconds)
        EstadoHoja.objects.update(cubetas={})

    upgrade_book(Work(book, lambda: True, office.said.append, pause))
    counts = server.log.counts()
    assert len(waits) >= counts["read"] // 3 - 1
    assert all(0 < seconds <= 60 for seconds in waits)
    assert well_upgraded(office)


def test_who_does_not_lead_writes_nothing(office: V21Office) -> None:
    with pytest.raises(NotLeading):
        upgrade_book(Work(office.desk.opened(), lambda: False, office.said.append))
    assert dict(office.desk.stored()) == office.before
    name = office.upgrade()
    after = dict(office.desk.stored())
    with pytest.raises(NotLeading):
        roll_back(Work(office.desk.opened(), lambda: False, office.said.append), name=name)
    assert dict(office.desk.stored()) == after


def test_a_header_taken_away_while_an_upgrade_lies_half_done_is_added_again(office: V21Office) -> None:
    with pytest.raises(Died):
        office.upgrade(DyingBook(office.desk.opened(), "apply"))
    server_of(office).office.delete_column("Operaciones", "version")
    office.upgrade()
    assert well_upgraded(office)


def test_a_header_that_people_broke_meanwhile_is_told_and_waits(office: V21Office) -> None:
    server = server_of(office)
    server.faults.after("write", lambda: server.office.rename_column("Operaciones", "TAG_SPOOL", "Tag"), skip=1)
    with pytest.raises(UpgradeRefused, match="TAG_SPOOL"):
        office.upgrade()
    server.office.rename_column("Operaciones", "Tag", "TAG_SPOOL")
    office.upgrade()
    assert well_upgraded(office)
