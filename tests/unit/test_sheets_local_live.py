"""The folder of CSV files as a book that people and the mirror work in at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from occupation.sheets.book import Ask, AsRead, BookMoved, BookUnwritable, Change, Grid, RowChange
from occupation.sheets.layout import Hold, Tab, headers
from occupation.sheets.local import LocalBook, _write_edit

METADATA = ",".join(headers(Tab.METADATA))
FIRST = "11111111-1111-4111-8111-111111111111"
SECOND = "22222222-2222-4222-8222-222222222222"


def operaciones(folder: Path, rows: list[str], *, newline: str = "\r\n", encoding: str = "utf-8-sig") -> Path:
    path = folder / "Operaciones.csv"
    text = newline.join([";".join(["Peso_Kg", *headers(Tab.OPERACIONES)]), *rows, ""])
    path.write_bytes(text.encode(encoding))
    return path


def metadata(folder: Path, *lines: str, end: str = "\n") -> Path:
    path = folder / "Metadata.csv"
    path.write_bytes(("\n".join([METADATA, *lines]) + end).encode())
    return path


def seen(book: LocalBook, *tabs: Tab) -> dict[Tab, Grid]:
    grids = dict(zip(tabs, book.read_many([Ask(tab) for tab in tabs]), strict=True))
    assert not any(isinstance(grid, Hold) for grid in grids.values())
    return grids  # type: ignore[return-value]  # just asserted


def change(grids: Mapping[Tab, Grid], *rows: RowChange) -> Change:
    return Change({tab: grid.columns for tab, grid in grids.items()}, rows)


def event(uuid: str) -> dict[str, Any]:
    return {"id": uuid, "timestamp": datetime(2026, 1, 21, 15, 30, tzinfo=UTC), "worker_id": 0, "metadata_json": "{}"}


def test_only_the_cells_named_change_and_every_other_byte_stays(tmp_path: Path) -> None:
    path = operaciones(tmp_path, ['"1,5";"MK-1";"=A1";;;;;;;;;;;', '2;MK-2;"dos\nlíneas";x', "3;MK-3"])
    book = LocalBook(tmp_path)
    grids = seen(book, Tab.OPERACIONES)
    written = {"Fecha_Armado": date(2026, 1, 21), "Armador": "MR(93)", "version": FIRST, "Ocupado_Por": None}
    book.apply(change(grids, RowChange(Tab.OPERACIONES, 3, written)))
    assert path.read_bytes().decode("utf-8-sig").split("\r\n")[1:] == [
        '"1,5";"MK-1";"=A1";;;;;;;;;;;',
        f'2;MK-2;"dos\nlíneas";x;;;;;;;;;21-01-2026;MR(93);;;;;;{FIRST}',
        "3;MK-3",
        "",
    ]


def test_a_cell_is_put_back_exactly_as_it_was_read(tmp_path: Path) -> None:
    path = operaciones(tmp_path, ["1;MK-1;'=x"])
    book = LocalBook(tmp_path)
    row = RowChange(
        Tab.OPERACIONES, 2, {"NV": AsRead("'=x"), "Fecha_Armado": AsRead(" 21/1/2026 "), "OT": AsRead(None)}
    )
    book.apply(change(seen(book, Tab.OPERACIONES), row))
    assert path.read_bytes().decode("utf-8-sig").split("\r\n")[1] == "1;MK-1;'=x;;;;;;;;;; 21/1/2026 "


@pytest.mark.parametrize("tab", [Tab.OPERACIONES, Tab.METADATA])
def test_a_book_that_changed_since_it_was_read_is_not_written_at_all(tmp_path: Path, tab: Tab) -> None:
    paths = {Tab.OPERACIONES: operaciones(tmp_path, ["1;MK-1"]), Tab.METADATA: metadata(tmp_path)}
    book = LocalBook(tmp_path)
    grids = seen(book, Tab.OPERACIONES, Tab.METADATA)
    with paths[tab].open("ab") as file:
        file.write(b"x;MK-9\r\n")
    before = {path: path.read_bytes() for path in paths.values()}
    with pytest.raises(BookMoved):
        book.apply(
            change(grids, RowChange(Tab.OPERACIONES, 2, {"version": FIRST}), RowChange(Tab.METADATA, 2, event(FIRST)))
        )
    assert {path: path.read_bytes() for path in paths.values()} == before


def test_metadata_is_appended_in_place_so_that_whoever_follows_the_file_sees_it_grow(tmp_path: Path) -> None:
    path = metadata(tmp_path, f'{FIRST},,"a ""b""",,,,,,,')
    inode = path.stat().st_ino
    book = LocalBook(tmp_path)
    book.apply(change(seen(book, Tab.METADATA), RowChange(Tab.METADATA, 3, event(SECOND))))
    assert path.read_text() == "\n".join(
        [METADATA, f'{FIRST},,"a ""b""",,,,,,,', f"{SECOND},21-01-2026 12:30:00,,,0,,,,,{{}}", ""]
    )
    assert path.stat().st_ino == inode


def test_a_last_row_that_a_person_left_without_its_newline_keeps_its_row(tmp_path: Path) -> None:
    path = metadata(tmp_path, "anotado a mano,,,,,,,,,", end="")
    book = LocalBook(tmp_path)
    book.apply(change(seen(book, Tab.METADATA), RowChange(Tab.METADATA, 3, event(SECOND))))
    assert path.read_text().splitlines()[1:] == [
        "anotado a mano,,,,,,,,,",
        f"{SECOND},21-01-2026 12:30:00,,,0,,,,,{{}}",
    ]


@pytest.mark.parametrize(
    "torn", ["2", SECOND[:20], f"{SECOND},21-01-20", f'{SECOND},,,,,,,,,"{{""a"": ""', f"{SECOND},,,,,,,,,{{"]
)
def test_a_last_row_of_ours_torn_by_a_power_cut_is_as_if_never_written(tmp_path: Path, torn: str) -> None:
    path = metadata(tmp_path, f"{FIRST},,,,,,,,,{{}}", torn, end="")
    book = LocalBook(tmp_path)
    grid = seen(book, Tab.METADATA)[Tab.METADATA]
    assert ([row.cells[0] for row in grid.rows], grid.last_row) == ([FIRST], 2)
    book.apply(change({Tab.METADATA: grid}, RowChange(Tab.METADATA, 3, event(SECOND))))
    assert path.read_text().splitlines()[1:] == [f"{FIRST},,,,,,,,,{{}}", f"{SECOND},21-01-2026 12:30:00,,,0,,,,,{{}}"]


def test_rows_beyond_the_end_leave_blank_ones_and_rows_written_again_are_replaced(tmp_path: Path) -> None:
    metadata(tmp_path, f"{FIRST},,,,,,,,,")
    book = LocalBook(tmp_path)
    book.apply(change(seen(book, Tab.METADATA), RowChange(Tab.METADATA, 5, event(SECOND))))
    again = seen(book, Tab.METADATA)
    assert [(row.number, row.cells[0]) for row in again[Tab.METADATA].rows] == [(2, FIRST), (5, SECOND)]
    book.apply(change(again, RowChange(Tab.METADATA, 5, event(SECOND)), RowChange(Tab.METADATA, 6, event(FIRST))))
    rows = seen(book, Tab.METADATA)[Tab.METADATA].rows
    assert [(row.number, row.cells[0]) for row in rows] == [(2, FIRST), (5, SECOND), (6, FIRST)]


def test_an_ask_gives_the_rows_from_its_first_one_on(tmp_path: Path) -> None:
    metadata(tmp_path, *(f"{n},,,,,,,,," for n in range(2, 8)))
    (grid,) = LocalBook(tmp_path).read_many([Ask(Tab.METADATA, ("id",), 6)])
    assert isinstance(grid, Grid)
    assert ([(row.number, row.cells) for row in grid.rows], grid.last_row) == ([(6, ("6",)), (7, ("7",))], 7)
    (grid,) = LocalBook(tmp_path).read_many([Ask(Tab.METADATA, ("id",), 20)])
    assert isinstance(grid, Grid)
    assert (list(grid.rows), grid.last_row) == ([], 19)


def test_an_unchanged_file_answers_the_same_grid_without_being_parsed_again(tmp_path: Path) -> None:
    metadata(tmp_path, f"{FIRST},,,,,,,,,")
    book = LocalBook(tmp_path)
    first = book.read_many([Ask(Tab.METADATA)])
    assert book.read_many([Ask(Tab.METADATA)])[0] is first[0]


def test_a_book_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    path = operaciones(tmp_path, ["1;MK-1"])
    book = LocalBook(tmp_path)
    grids = seen(book, Tab.OPERACIONES)
    before = path.read_bytes()
    with pytest.raises(BookUnwritable):
        book.apply(change(grids, RowChange(Tab.OPERACIONES, 2, {"Estado_Detalle": "\ud800"})))
    assert (path.read_bytes(), [one.name for one in tmp_path.iterdir()]) == (before, ["Operaciones.csv"])


@pytest.mark.parametrize("tab", [Tab.OPERACIONES, Tab.METADATA])
def test_a_file_saved_while_its_new_text_was_prepared_is_not_replaced(tmp_path: Path, tab: Tab) -> None:
    paths = {Tab.OPERACIONES: operaciones(tmp_path, ["1;MK-1"]), Tab.METADATA: metadata(tmp_path)}
    book = LocalBook(tmp_path)
    row = RowChange(tab, 2, {"version": FIRST} if tab == Tab.OPERACIONES else event(FIRST))
    edit = book._edit(tab, seen(book, tab)[tab].columns, [row])
    saved = b"saved by a person a moment ago\n"
    paths[tab].write_bytes(saved)
    with pytest.raises(BookMoved):
        _write_edit(paths[tab], edit)
    assert paths[tab].read_bytes() == saved
    assert sorted(one.name for one in tmp_path.iterdir()) == ["Metadata.csv", "Operaciones.csv"]
