"""An upgrade, or the way back, that dies at any call of the book is finished by the next run: one backup, no loss."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from occupation.models import BookUpgrade, Spool
from occupation.services.upgrading import half_done, why_left_alone
from occupation.sheets.cycle import Cycle
from occupation.sheets.layout import Tab
from occupation.sheets.upgrade_plan import NEW_HEADERS
from occupation.vocabulary import PasoMejora
from tests.contracts.desks import Table
from tests.upgrade_office import Died, DyingBook, V21Office, demo_tabs, small_tabs, v21_office

pytestmark = [pytest.mark.django_db(transaction=True, available_apps=["occupation"]), pytest.mark.sheet]


@pytest.fixture(params=["local", "google"])
def kind(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> str:
    settings.TALLER_VAR = tmp_path
    return str(request.param)


@pytest.fixture
def tabs(tmp_path: Path, long_profile: bool) -> dict[str, Table]:  # noqa: FBT001  a fixture
    return demo_tabs(tmp_path / "demo") if long_profile else small_tabs()


def offices(kind: str, folder: Path, tabs: dict[str, Table]) -> Iterator[V21Office]:
    """One fresh v2.1 book after the other, each on an app that has never upgraded one."""
    number = 0
    while True:
        BookUpgrade.objects.all().delete()
        with v21_office(kind, folder / f"libro-{number}", tabs) as office:
            yield office
        number += 1


def deaths(calls: list[str]) -> list[tuple[int, bool]]:
    """Before and after each call of an uninterrupted run."""
    return [(at, after) for at in range(1, len(calls) + 1) for after in (False, True)]


def without_ours(rows: list[list[str]]) -> list[list[str]]:
    """A table without the columns that an upgrade adds."""
    ours = {at for at, name in enumerate(rows[0]) if name in NEW_HEADERS}
    kept = [[cell for at, cell in enumerate(row) if at not in ours] for row in rows]
    return [row[: max((at + 1 for at, cell in enumerate(row) if cell), default=0)] for row in kept]


def told(office: V21Office) -> list[tuple[str, str, bool]]:
    return [(row["TAG_SPOOL"], row["Estado_Detalle"], bool(row["version"])) for row in office.rows()]


def test_an_upgrade_that_dies_at_any_call_is_finished_by_the_next(
    kind: str, tmp_path: Path, tabs: dict[str, Table]
) -> None:
    fresh = offices(kind, tmp_path, tabs)
    office = next(fresh)
    whole = DyingBook(office.desk.opened())
    seen = office.as_people_see_it()
    office.upgrade(whole)
    wanted = told(office)
    for at, after in deaths(whole.calls):
        office = next(fresh)
        with pytest.raises(Died):
            office.upgrade(DyingBook(office.desk.opened(), at, after))
        office.upgrade()
        where = f"{whole.calls[at - 1]}, call {at}, {'after' if after else 'before'}"
        assert office.backups() == office.before, where
        assert told(office) == wanted, where
        now = office.as_people_see_it()
        assert {tab: without_ours(rows) for tab, rows in now.items()} == {
            tab: without_ours(rows) for tab, rows in seen.items()
        }, where
        assert (BookUpgrade.objects.count(), half_done()) == (1, None), where


def test_a_way_back_that_dies_at_any_call_is_finished_by_the_next(
    kind: str, tmp_path: Path, tabs: dict[str, Table]
) -> None:
    fresh = offices(kind, tmp_path, tabs)
    office = next(fresh)
    name = office.upgrade()
    whole = DyingBook(office.desk.opened())
    office.go_back(name, whole)
    for at, after in deaths(whole.calls):
        office = next(fresh)
        name = office.upgrade()
        with pytest.raises(Died):
            office.go_back(name, DyingBook(office.desk.opened(), at, after))
        office.go_back(name)
        where = f"{whole.calls[at - 1]}, call {at}, {'after' if after else 'before'}"
        assert (office.originals(), office.backups()) == (office.before, office.before), where
        assert half_done() is None, where


def test_an_upgrade_that_died_anywhere_can_be_put_back_once_its_backup_is_there(
    kind: str, tmp_path: Path, tabs: dict[str, Table]
) -> None:
    fresh = offices(kind, tmp_path, tabs)
    office = next(fresh)
    whole = DyingBook(office.desk.opened())
    office.upgrade(whole)
    first = whole.calls.index("copy_tabs") + 1
    for at, after in deaths(whole.calls):
        if at <= first:
            continue
        office = next(fresh)
        with pytest.raises(Died):
            office.upgrade(DyingBook(office.desk.opened(), at, after))
        office.go_back(BookUpgrade.objects.get().name)
        assert (office.originals(), office.backups()) == (office.before, office.before)


def test_nobody_else_touches_a_book_that_is_half_upgraded(kind: str, tmp_path: Path) -> None:
    with v21_office(kind, tmp_path / "libro") as office:
        with pytest.raises(Died):
            office.upgrade(DyingBook(office.desk.opened(), "enter", after=True))
        assert BookUpgrade.objects.get().step == PasoMejora.RESPALDADA
        book = DyingBook(office.desk.opened())
        report = Cycle(book).run()
        assert (book.calls, report.complete, Spool.objects.count()) == ([], False, 0)
        assert {hold.tab for hold in report.imported.holds} == set(Tab)  # type: ignore[union-attr]
        assert "sheets_upgrade" in why_left_alone()
        office.upgrade()
        assert office.sync().complete
