"""Requests of `spreadsheets.batchUpdate` that move rows and columns: insert, delete, move, append, sort."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from tests.sheets_server.a1 import Area, area_of
from tests.sheets_server.cells import BLANK, Cell
from tests.sheets_server.errors import invalid
from tests.sheets_server.grid import NOTHING, Row, Tab, after_deletion, after_insertion, after_move
from tests.sheets_server.workbook import Workbook

Json = dict[str, Any]


def insert_dimension(book: Workbook, told: Mapping[str, Any]) -> Json:
    """Insert empty rows or columns. With `inheritFromBefore` they take on the formats of what stands before."""
    tab, rows, start, end = _dimension(book, told["range"], closed=True)
    size = tab.row_count if rows else tab.column_count
    if start > size:
        raise invalid(f"range.startIndex[{start}] must be less than the grid size [{size}]")
    if told.get("inheritFromBefore") and start == 0:
        raise invalid("inheritFromBefore cannot be true if inserting at the start of the sheet")
    model = start - 1 if told.get("inheritFromBefore") else start
    if rows:
        insert_rows(book, tab, start, end - start, model)
    else:
        insert_columns(book, tab, start, end - start, model)
    book.require_room()
    return {}


def insert_rows(book: Workbook, tab: Tab, at: int, count: int, model: int) -> None:
    """Insert empty rows that look like row `model`."""
    looks = _looks(tab.rows[model]) if 0 <= model < tab.row_count else NOTHING
    tab.insert_rows(at, [looks] * count)
    book.formulas_follow(tab, rows=after_insertion(at, count))


def insert_columns(book: Workbook, tab: Tab, at: int, count: int, model: int) -> None:
    """Insert empty columns that look like column `model`."""
    looks = [row.get(model, BLANK).format for row in tab.rows]
    tab.place_columns(after_insertion(at, count), tab.column_count + count)
    for number, fmt in enumerate(looks):
        if fmt is not None:
            tab.put_row(number, dict.fromkeys(range(at, at + count), Cell(format=fmt)))
    book.formulas_follow(tab, columns=after_insertion(at, count))


def _looks(row: Row) -> Row:
    return {column: Cell(format=cell.format) for column, cell in row.items() if cell.format is not None}


def delete_dimension(book: Workbook, told: Mapping[str, Any]) -> Json:
    tab, rows, start, end = _dimension(book, told["range"])
    size = tab.row_count if rows else tab.column_count
    if start >= size:
        raise invalid(f"Cannot delete a {'row' if rows else 'column'} that doesn't exist. Tried to delete {start}")
    end = min(end, size)
    tab.require_editable(Area(start, 0, end) if rows else Area(0, start, None, end))
    place = after_deletion(start, end)
    if rows:
        tab.delete_rows(start, end)
        book.formulas_follow(tab, rows=place)
    else:
        tab.place_columns(place, tab.column_count - (end - start))
        book.formulas_follow(tab, columns=place)
    return {}


def move_dimension(book: Workbook, told: Mapping[str, Any]) -> Json:
    """Move rows or columns so that they stand before what was at `destinationIndex`."""
    tab, rows, start, end = _dimension(book, told["source"])
    to = told.get("destinationIndex", 0)
    size = tab.row_count if rows else tab.column_count
    if end > size or to > size:
        raise invalid(f"Cannot move beyond the grid size [{size}]")
    if start < to < end:
        raise invalid("The destination of the move cannot be inside the source.")
    place = after_move(start, end, to)
    if rows:
        tab.move_rows(start, end, to)
        book.formulas_follow(tab, rows=place)
    else:
        tab.place_columns(place, tab.column_count)
        book.formulas_follow(tab, columns=place)
    return {}


def append_dimension(book: Workbook, told: Mapping[str, Any]) -> Json:
    """Add rows or columns at the end, without formats."""
    tab = book.by_id(told.get("sheetId", 0))
    length = told.get("length", 0)
    if length < 1:
        raise invalid("length must be greater than 0.")
    if told.get("dimension") == "COLUMNS":
        tab.grow(columns=tab.column_count + length)
    else:
        tab.grow(rows=tab.row_count + length)
    book.require_room()
    return {}


def _dimension(book: Workbook, told: Mapping[str, Any], *, closed: bool = False) -> tuple[Tab, bool, int, int]:
    tab = book.by_id(told.get("sheetId", 0))
    if told.get("dimension") not in {"ROWS", "COLUMNS"}:
        raise invalid("No dimension was specified.")
    rows = told["dimension"] == "ROWS"
    start = told.get("startIndex", 0)
    end = told.get("endIndex", 0 if closed else (tab.row_count if rows else tab.column_count))
    if start < 0 or end <= start:
        raise invalid(f"range.endIndex[{end}] must be greater than range.startIndex[{start}]")
    return tab, rows, start, end


def sort_range(book: Workbook, told: Mapping[str, Any]) -> Json:
    """Sort the rows of a range by some of its columns; cells outside it stay where they are."""
    tab = book.by_id(told["range"].get("sheetId", 0))
    area = tab.clip(area_of(told["range"]))
    tab.require_editable(area)
    bottom, right = area.ends()
    order = list(range(area.top, bottom))
    for spec in reversed(told.get("sortSpecs", [])):
        column = spec.get("dimensionIndex", 0)
        if not area.left <= column < right:
            raise invalid(f"Sort column {column} is outside the range.")
        down = spec.get("sortOrder") == "DESCENDING"
        order = _sorted(book, tab, order, column, descending=down)
    reorder(tab, area, order)
    return {}


def _sorted(book: Workbook, tab: Tab, order: list[int], column: int, *, descending: bool) -> list[int]:
    """Numbers before texts before booleans; blanks always last."""
    keys = {row: _key(book.result(tab, row, column)) for row in order}
    filled = sorted(
        (row for row in order if keys[row] is not None), key=lambda row: keys[row] or (), reverse=descending
    )
    return filled + [row for row in order if keys[row] is None]


def _key(value: float | str | bool | None) -> tuple[int, float, str] | None:  # noqa: FBT001  the value of a cell
    if value is None:
        return None
    if isinstance(value, bool):
        return (2, float(value), "")
    if isinstance(value, str):
        return (1, 0.0, unicodedata.normalize("NFKD", value).casefold())
    return (0, value, "")


def reorder(tab: Tab, area: Area, order: list[int]) -> None:
    """Put the area's part of row `order[i]` on its i-th row; relative formulas follow their row."""
    _, right = area.ends()
    before = [tab.rows[row] for row in order]
    for place, (source, row) in enumerate(zip(order, before, strict=True), start=area.top):
        inside = {column: cell for column, cell in row.items() if area.left <= column < right}
        outside = {at: cell for at, cell in tab.rows[place].items() if not area.left <= at < right}
        # Only later rows are still unread here, because `before` was taken first.
        tab.rows[place] = {**outside, **tab.relocated(inside, place - source)}
