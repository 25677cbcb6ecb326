"""What every book that the mirror keeps promises about whole tabs: to name, read, copy, type into and put them back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from occupation.sheets.book import BookMoved, BookUnreadable, LiveBook, Place, WriteRefused
from occupation.sheets.layout import Tab
from tests.contracts.desks import METADATA, OPERACIONES, ROLES, Desk, GoogleDesk, LocalDesk, google_server

pytestmark = pytest.mark.database_free

COPY = "Operaciones 2026-03-03_18-30-00"


@pytest.fixture(params=["local", "google"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    if request.param == "local":
        yield LocalDesk(tmp_path)
        return
    with google_server() as server:
        yield GoogleDesk(server)


def trimmed(rows: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(row[: max((at + 1 for at, cell in enumerate(row) if cell), default=0)]) for row in rows)


def as_text(book: LiveBook, title: str, *, formulas: bool = False) -> list[list[str]]:
    (cells,) = book.read_cells([title], formulas=formulas)
    assert cells is not None
    return [[str(cell) for cell in row] for row in cells]


def test_every_tab_is_named_whoever_made_it(desk: Desk) -> None:
    assert sorted(desk.book.titles()) == ["Metadata", "Operaciones", "Roles"]
    desk.delete("Roles")
    desk.book.copy_tabs({"Metadata": "Notas de la oficina"})
    assert sorted(desk.book.titles()) == ["Metadata", "Notas de la oficina", "Operaciones"]


def test_whole_tabs_are_read_without_the_blanks_at_their_ends(desk: Desk) -> None:
    roles, gone, metadata = desk.book.read_cells(["Roles", "No hay", "Metadata"])
    assert roles is not None
    assert metadata is not None
    assert gone is None
    assert [len(row) for row in roles] == [len(row) for row in ROLES]
    assert (metadata[0], len(metadata[1])) == (tuple(METADATA[0]), 5)
    (operaciones,) = desk.book.read_cells(["Operaciones"])
    assert operaciones is not None
    assert [len(row) for row in operaciones] == [len(row) for row in trimmed(OPERACIONES)]
    assert operaciones[3] == ()


def test_formulas_are_read_as_such_when_asked(desk: Desk) -> None:
    assert as_text(desk.book, "Operaciones", formulas=True)[2][0] == "=1+1"
    assert as_text(desk.book, "Operaciones")[2][0] == ("=1+1" if isinstance(desk, LocalDesk) else "2")


def test_cells_are_typed_anywhere_and_nothing_else_changes(desk: Desk) -> None:
    before = desk.table("Operaciones")
    width = len(before[0])
    desk.book.read_cells(["Operaciones"])
    desk.book.enter(Tab.OPERACIONES, {Place(1, width): "Nueva", Place(7, width + 1): "=2+2", Place(2, 0): ""})
    after = desk.table("Operaciones")
    assert after[0] == [*before[0], "Nueva"]
    assert after[1] == ["", *before[1][1:]]
    assert after[2:5] == before[2:5]
    assert (after[5], after[6][width + 1]) == ([], "=2+2")


def test_a_tab_is_copied_whole_and_the_copy_is_a_tab_of_its_own(desk: Desk) -> None:
    before = dict(desk.stored())
    desk.book.copy_tabs({"Operaciones": COPY, "Roles": "Roles copia"})
    stored = dict(desk.stored())
    assert (stored.pop(COPY), stored.pop("Roles copia")) == (before["Operaciones"], before["Roles"])
    assert stored == before
    assert set(desk.book.titles()) == {*before, COPY, "Roles copia"}


def test_a_copy_whose_name_is_taken_is_refused_and_makes_nothing(desk: Desk) -> None:
    desk.book.copy_tabs({"Operaciones": COPY})
    before = dict(desk.stored())
    with pytest.raises(WriteRefused):
        desk.book.copy_tabs({"Operaciones": COPY})
    assert dict(desk.stored()) == before


def test_a_tab_is_put_back_in_its_place_whatever_became_of_it(desk: Desk) -> None:
    before = dict(desk.stored())
    desk.book.copy_tabs({"Operaciones": COPY, "Roles": "Roles copia"})
    longer = [[*row, "x"] for row in OPERACIONES[::-1]] + [["uno", "más"]] * 3
    desk.retype("Operaciones", longer)
    desk.retype("Roles", [["Id"]])
    desk.book.titles()
    desk.book.read_cells(["Operaciones", "Roles"])
    desk.book.restore_tabs({Tab.OPERACIONES: COPY, Tab.ROLES: "Roles copia"})
    after = dict(desk.stored())
    assert {tab: after[tab] for tab in before} == before
    assert (after[COPY], after["Roles copia"]) == (before["Operaciones"], before["Roles"])
    desk.book.read_cells(["Operaciones", "Roles"])
    desk.book.restore_tabs({Tab.OPERACIONES: COPY})
    assert dict(desk.stored()) == after


def test_a_tab_that_is_put_back_keeps_its_id_its_place_and_what_refers_to_it() -> None:
    with google_server() as server:
        desk = GoogleDesk(server)
        server.office.add_tab("Resumen", [["Total"], ["=COUNTA(Operaciones!B2:B9)"]])
        assert server.office.table("Resumen")[1] == [3]
        places = {tab.title: (number, tab.sheet_id) for number, tab in enumerate(server.book.tabs)}
        desk.book.copy_tabs({"Operaciones": COPY})
        server.office.delete_row("Operaciones", "MK-2")
        server.office.insert_column("Operaciones", "NV", "Nueva")
        desk.book.titles()
        desk.book.restore_tabs({Tab.OPERACIONES: COPY})
        now = {tab.title: (number, tab.sheet_id) for number, tab in enumerate(server.book.tabs)}
        assert {title: now[title] for title in places} == places
        assert now[COPY][0] == len(places)
        assert server.office.table("Resumen")[1] == [3]


def test_a_tab_people_protected_is_not_put_back_and_says_so() -> None:
    with google_server() as server:
        desk = GoogleDesk(server)
        desk.book.copy_tabs({"Operaciones": COPY})
        server.office.protect("Operaciones", "MK-2", "NV")
        before = dict(desk.stored())
        with pytest.raises(WriteRefused, match="protected"):
            desk.book.restore_tabs({Tab.OPERACIONES: COPY})
        assert dict(desk.stored()) == before


def test_a_folder_that_changed_since_it_was_read_is_not_written(tmp_path: Path) -> None:
    desk = LocalDesk(tmp_path)
    desk.book.copy_tabs({"Operaciones": COPY})
    desk.book.read_cells(["Operaciones"])
    desk.retype("Operaciones", OPERACIONES[:2])
    before = dict(desk.stored())
    with pytest.raises(BookMoved):
        desk.book.enter(Tab.OPERACIONES, {Place(1, 30): "Nueva"})
    with pytest.raises(BookMoved):
        desk.book.restore_tabs({Tab.OPERACIONES: COPY})
    assert dict(desk.stored()) == before


def test_a_folder_that_is_not_there_has_no_tabs_to_name_or_copy(tmp_path: Path) -> None:
    book = LocalDesk(tmp_path / "libro").book
    (tmp_path / "libro").rename(tmp_path / "otro")
    for ask in (book.titles, lambda: book.read_cells(["Roles"]), lambda: book.copy_tabs({"Roles": "Copia"})):
        with pytest.raises(BookUnreadable):
            ask()


def test_whole_tabs_cost_one_read_once_the_book_is_known() -> None:
    with google_server() as server:
        book = GoogleDesk(server).book
        book.titles()
        server.log.clear()
        book.read_cells(["Operaciones", "Roles"])
        book.copy_tabs({"Operaciones": COPY, "Roles": "Roles copia"})
        assert [entry.method for entry in server.log.entries()] == [
            "spreadsheets.values.batchGet",
            "spreadsheets.batchUpdate",
        ]
