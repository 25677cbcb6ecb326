"""People at work in the sheet, and eyes to look at it with.

Columns are named by the text of their header, rows by the text of a key cell (`TAG_SPOOL` unless said otherwise) or by
their number in the sheet, from 1. What they type is understood as the sheet's locale has it; protections of the office
do not bind the office. Every act settles late writes first and is seen whole by the next request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.sheets_server.a1 import Area, column_number
from tests.sheets_server.cells import BLANK, Cell
from tests.sheets_server.formats import Format
from tests.sheets_server.grid import NOTHING, Protection, Tab, after_deletion, after_move
from tests.sheets_server.sheets import duplicate_sheet
from tests.sheets_server.structure import insert_columns, insert_rows, reorder, sort_range
from tests.sheets_server.typed import stored, typed
from tests.sheets_server.workbook import Workbook

KEY = "TAG_SPOOL"
PATTERNS = {
    "DATE": "dd-mm-yyyy",
    "DATE_TIME": "dd-mm-yyyy hh:mm:ss",
    "NUMBER": "0.00",
    "PERCENT": "0.00%",
    "TEXT": "@",
    "TIME": "h:mm:ss",
}


class Office:
    """What people do to a book and see of it."""

    def __init__(self, book: Workbook, lock: threading.RLock, settle: Callable[[], None]) -> None:
        self.book = book
        self._lock = lock
        self._settle = settle
        self._binned: dict[str, tuple[int, Tab]] = {}

    def edit(self, tab: str, row: str | int, header: str, value: Any, *, key: str = KEY) -> None:
        """Type a value into a cell; `""` empties it."""
        with self._at(tab) as sheet:
            number = self._row(sheet, row, key)
            self._type(sheet, number, self._column(sheet, header), value)

    def program_writes(self, tab: str, row: str | int, values: Mapping[str, Any], *, key: str = KEY) -> None:
        """Another program stores values in a row, RAW."""
        with self._at(tab) as sheet:
            number = self._row(sheet, row, key)
            for header, value in values.items():
                column = self._column(sheet, header)
                sheet.put(number, column, stored(value, sheet.cell(number, column)))

    def append_row(self, tab: str, cells: Mapping[str, Any]) -> int:
        """Type a new row under the last filled one and return its number."""
        with self._at(tab) as sheet:
            number = sheet.last_filled_row()
            sheet.grow(number + 1)
            for header, value in cells.items():
                self._type(sheet, number, self._column(sheet, header), value)
            return number + 1

    def insert_row(self, tab: str, before: str | int, count: int = 1, *, key: str = KEY) -> None:
        """Insert empty rows above a row."""
        with self._at(tab) as sheet:
            number = self._row(sheet, before, key)
            insert_rows(self.book, sheet, number, count, number)

    def delete_row(self, tab: str, row: str | int, *, key: str = KEY) -> None:
        with self._at(tab) as sheet:
            number = self._row(sheet, row, key)
            sheet.delete_rows(number, number + 1)
            self.book.formulas_follow(sheet, rows=after_deletion(number, number + 1))

    def delete_rows(self, tab: str, rows: Sequence[str | int], *, key: str = KEY) -> None:
        for row in rows:
            self.delete_row(tab, row, key=key)

    def copy_row(self, tab: str, row: str | int, changes: Mapping[str, Any], *, key: str = KEY) -> int:
        """Copy a row under the last one, change some cells, and return its number."""
        with self._at(tab) as sheet:
            source, number = self._row(sheet, row, key), sheet.last_filled_row()
            sheet.grow(number + 1)
            sheet.rows[number] = sheet.relocated(sheet.rows[source], number - source)
            for header, value in changes.items():
                self._type(sheet, number, self._column(sheet, header), value)
            return number + 1

    def sort(self, tab: str, header: str, *, descending: bool = False) -> None:
        """Sort everything below the header by one column."""
        with self._at(tab) as sheet:
            spec = {
                "dimensionIndex": self._column(sheet, header),
                "sortOrder": "DESCENDING" if descending else "ASCENDING",
            }
            below = {"sheetId": sheet.sheet_id, "startRowIndex": 1, "endRowIndex": sheet.last_filled_row()}
            guards, sheet.protections = sheet.protections, ()
            sort_range(self.book, {"range": below, "sortSpecs": [spec]})
            sheet.protections = guards

    def reverse(self, tab: str) -> None:
        """Turn all rows below the header upside down: a sort that surely moves them."""
        with self._at(tab) as sheet:
            bottom = sheet.last_filled_row()
            reorder(sheet, Area(1, 0, bottom, sheet.column_count), list(range(bottom - 1, 0, -1)))

    def insert_column(self, tab: str, before: str, header: str = "") -> None:
        with self._at(tab) as sheet:
            at = self._column(sheet, before)
            insert_columns(self.book, sheet, at, 1, at)
            sheet.put(0, at, sheet.cell(0, at).holding(header or None))

    def move_column(self, tab: str, header: str, before: str) -> None:
        with self._at(tab) as sheet:
            start, to = self._column(sheet, header), self._column(sheet, before)
            place = after_move(start, start + 1, to)
            sheet.place_columns(place, sheet.column_count)
            self.book.formulas_follow(sheet, columns=place)

    def delete_column(self, tab: str, header: str) -> None:
        with self._at(tab) as sheet:
            at = self._column(sheet, header)
            place = after_deletion(at, at + 1)
            sheet.place_columns(place, sheet.column_count - 1)
            self.book.formulas_follow(sheet, columns=place)

    def rename_column(self, tab: str, header: str, to: str) -> None:
        with self._at(tab) as sheet:
            at = self._column(sheet, header)
            sheet.put(0, at, sheet.cell(0, at).holding(to or None))

    def flip_format(
        self, tab: str, header: str, kind: str, row: str | int | None = None, *, pattern: str = "", key: str = KEY
    ) -> None:
        """Give a cell, or a whole column, another number format; `AUTOMATIC` takes it away."""
        with self._at(tab) as sheet:
            column = self._column(sheet, header)
            rows = range(1, sheet.row_count) if row is None else [self._row(sheet, row, key)]
            for number in rows:
                cell = sheet.cell(number, column)
                sheet.put(number, column, cell.dressed(_with_format(cell.format, kind, pattern)))

    def protect(self, tab: str, row: str | int | None = None, header: str | None = None, *, key: str = KEY) -> None:
        """Protect a cell, a row, a column or the whole tab against everybody who is not the office."""
        with self._at(tab) as sheet:
            top = 0 if row is None else self._row(sheet, row, key)
            left = 0 if header is None else self._column(sheet, header)
            area = Area(top, left, None if row is None else top + 1, None if header is None else left + 1)
            sheet.protections += (Protection(self.book.new_id(), area, by_office=True),)

    def unprotect(self, tab: str) -> None:
        """Take every protection of the tab away."""
        with self._at(tab) as sheet:
            sheet.protections = ()

    def delete_tab(self, tab: str) -> None:
        with self._at(tab) as sheet:
            self._binned[tab] = (self.book.tabs.index(sheet), sheet)
            self.book.tabs.remove(sheet)

    def restore_tab(self, tab: str) -> None:
        """Undo the deletion: the tab is back with its id."""
        with self._held():
            place, sheet = self._binned.pop(tab)
            self.book.tabs.insert(place, sheet)

    def swap_for_copy(self, tab: str, old: str) -> None:
        """Name the tab otherwise, and give its name to a copy of it."""
        with self._at(tab) as sheet:
            sheet.title = old
            duplicate_sheet(self.book, {"sourceSheetId": sheet.sheet_id, "newSheetName": tab})

    def trim(self, tab: str, spare: int = 0) -> None:
        """Delete the empty rows at the bottom, so that the grid ends `spare` rows after the last filled one."""
        with self._at(tab) as sheet:
            sheet.resize(sheet.last_filled_row() + spare, sheet.column_count)

    def table(self, tab: str, option: str = "UNFORMATTED_VALUE") -> list[list[Any]]:
        """Every filled row as a list as wide as the grid, header first."""
        with self._at(tab) as sheet:
            return [
                [
                    self.book.rendered(sheet, row, column, sheet.cell(row, column), option, "SERIAL_NUMBER")
                    for column in range(sheet.column_count)
                ]
                for row in range(sheet.last_filled_row())
            ]

    def records(self, tab: str, option: str = "UNFORMATTED_VALUE") -> list[dict[str, Any]]:
        """The rows below the header by header."""
        header, *rows = self.table(tab, option) or [[]]
        return [{str(name): cell for name, cell in zip(header, row, strict=True) if name != ""} for row in rows]

    def pairs(self, tab: str, key: str, header: str) -> list[tuple[Any, Any]]:
        """Two columns, side by side, of every filled row below the header."""
        with self._at(tab) as sheet:
            left, right = self._column(sheet, key), self._column(sheet, header)
            rows = range(1, sheet.last_filled_row())
            return [(self.book.result(sheet, row, left), self.book.result(sheet, row, right)) for row in rows]

    def value(self, tab: str, row: str | int, header: str, *, key: str = KEY, option: str = "UNFORMATTED_VALUE") -> Any:
        """What one cell holds; as people see it with `FORMATTED_VALUE`, as typed with `FORMULA`."""
        with self._at(tab) as sheet:
            number, column = self._row(sheet, row, key), self._column(sheet, header)
            return self.book.rendered(sheet, number, column, sheet.cell(number, column), option, "SERIAL_NUMBER")

    def format(self, tab: str, row: str | int, header: str, *, key: str = KEY) -> Format | None:
        """The format of one cell."""
        with self._at(tab) as sheet:
            return sheet.cell(self._row(sheet, row, key), self._column(sheet, header)).format

    def cells(self, tab: str) -> dict[tuple[str, int], Cell]:
        """Every cell that is not blank by header text and row number: two of these compare byte for byte."""
        with self._at(tab) as sheet:
            names = [str(sheet.cell(0, column).value or "") for column in range(sheet.column_count)]
            return {
                (names[column] or f"column {column + 1}", number + 1): cell
                for number, row in enumerate(sheet.rows)
                for column, cell in row.items()
            }

    def row_number(self, tab: str, key_text: str, *, key: str = KEY) -> int:
        """The number of the row whose key cell says this."""
        with self._at(tab) as sheet:
            return self._row(sheet, key_text, key) + 1

    def headers(self, tab: str) -> list[str]:
        return [str(cell) for cell in (self.table(tab) or [[]])[0]]

    def add_tab(self, tab: str, rows: Sequence[Sequence[Any]], *, columns: int = 0, spare: int = 100) -> None:
        """Make a tab and type its rows, header first."""
        with self._held():
            width = max(columns, *(len(row) for row in rows), 1)
            sheet = self.book.add_tab(tab, len(rows) + spare, width)
            for number, row in enumerate(rows):
                cells = {
                    at: typed(text, BLANK, self.book.locale) for at, text in enumerate(row) if text not in {"", None}
                }
                sheet.rows[number] = cells or NOTHING

    def retype(self, tab: str, rows: Sequence[Sequence[Any]]) -> None:
        """Type the whole tab anew, header first; every cell keeps its looks, and what is beyond is emptied."""
        with self._at(tab) as sheet:
            sheet.grow(len(rows), max(map(len, rows), default=1))
            for number, column, _ in list(sheet.filled()):
                if number >= len(rows) or column >= len(rows[number]):
                    self._type(sheet, number, column, "")
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    self._type(sheet, number, column, value)

    def _type(self, sheet: Tab, row: int, column: int, value: Any) -> None:
        sheet.put(row, column, typed(value, sheet.cell(row, column), self.book.locale))

    def _row(self, sheet: Tab, row: str | int, key: str) -> int:
        if isinstance(row, int):
            return row - 1
        column = self._column(sheet, key)
        for number in range(1, sheet.row_count):
            if self.book.shown(sheet, number, column) == row:
                return number
        raise LookupError(f"no row of {sheet.title} has {key} = {row}")

    def _column(self, sheet: Tab, header: str) -> int:
        for column in range(sheet.column_count):
            if sheet.cell(0, column).value == header:
                return column
        if header.startswith("$"):  # by its letters, where there is no header to name it by
            return column_number(header[1:])
        raise LookupError(f"{sheet.title} has no column {header}")

    def _at(self, tab: str) -> _Held:
        return _Held(self, tab)

    def _held(self) -> _Held:
        return _Held(self, None)


class _Held:
    """The book held still while somebody works in a tab."""

    def __init__(self, office: Office, tab: str | None) -> None:
        self._office = office
        self._tab = tab

    def __enter__(self) -> Tab:
        self._office._lock.acquire()
        try:
            self._office._settle()
            return self._office.book.named(self._tab) if self._tab else self._office.book.tabs[0]
        except BaseException:
            self._office._lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._office._lock.release()


def _with_format(before: Format | None, kind: str, pattern: str) -> Format | None:
    rest = {name: value for name, value in (before or {}).items() if name != "numberFormat"}
    if kind == "AUTOMATIC":
        return rest or None
    return {**rest, "numberFormat": {"type": kind, "pattern": pattern or PATTERNS[kind]}}
