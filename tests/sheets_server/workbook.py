"""The spreadsheet: its tabs in order, its properties, and what each cell shows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.sheets_server.a1 import Area, parse_cells, split, unparsable
from tests.sheets_server.cells import Cell, Formula
from tests.sheets_server.errors import TOO_MANY_CELLS, ApiError, invalid
from tests.sheets_server.formats import LOCALES, Locale, is_date, shown_number
from tests.sheets_server.formula import Result, evaluated, followed
from tests.sheets_server.grid import NOTHING, Place, Tab

MOST_CELLS = 10_000_000


@dataclass
class Workbook:
    """One spreadsheet. `begin` gives a copy to change; who keeps the copy has changed the book."""

    spreadsheet_id: str
    title: str = "Libro"
    locale_name: str = "es_CL"
    time_zone: str = "America/Santiago"
    tabs: list[Tab] = field(default_factory=list)
    next_id: int = 1_000_001

    @property
    def locale(self) -> Locale:
        return LOCALES[self.locale_name]

    def begin(self) -> Workbook:
        """A copy that shares nothing that changes in place."""
        copy = Workbook(self.spreadsheet_id, self.title, self.locale_name, self.time_zone, next_id=self.next_id)
        copy.tabs = [tab.copy() for tab in self.tabs]
        return copy

    def take(self, changed: Workbook) -> None:
        """Become what the copy is now."""
        self.title, self.locale_name, self.time_zone = changed.title, changed.locale_name, changed.time_zone
        self.tabs, self.next_id = changed.tabs, changed.next_id

    def new_id(self) -> int:
        self.next_id += 7919  # far apart and never reused, as Google's are
        return self.next_id

    def add_tab(
        self, title: str, rows: int = 1000, columns: int = 26, sheet_id: int | None = None, index: int | None = None
    ) -> Tab:
        """Add an empty tab; refuses a title or id that is taken."""
        self.require_free_title(title)
        if sheet_id is not None and any(tab.sheet_id == sheet_id for tab in self.tabs):
            raise invalid(f"Sheet with id {sheet_id} already exists.")
        chosen = (0 if not self.tabs else self.new_id()) if sheet_id is None else sheet_id
        tab = Tab(chosen, title, columns, [NOTHING] * rows)
        self.tabs.insert(len(self.tabs) if index is None else index, tab)
        self.require_room()
        return tab

    def require_free_title(self, title: str) -> None:
        if not title or any(tab.title.casefold() == title.casefold() for tab in self.tabs):
            raise invalid(f'A sheet with the name "{title}" already exists. Please enter another name.')

    def require_room(self) -> None:
        if sum(tab.row_count * tab.column_count for tab in self.tabs) > MOST_CELLS:
            raise invalid(TOO_MANY_CELLS)

    def by_id(self, sheet_id: int, missing: str = "No grid with id: {}") -> Tab:
        for tab in self.tabs:
            if tab.sheet_id == sheet_id:
                return tab
        raise invalid(missing.format(sheet_id))

    def named(self, title: str) -> Tab:
        """The tab of that title, without regard to case. Raises `KeyError`."""
        for tab in self.tabs:
            if tab.title.casefold() == title.casefold():
                return tab
        raise KeyError(title)

    def resolve(self, text: str) -> tuple[Tab, Area]:
        """The tab and area of an A1 range; raises Google's 400 when there is no such thing."""
        title, cells = split(text)
        if title is None and cells is not None:
            try:
                return self.tabs[0], parse_cells(cells, text)
            except ApiError:
                title, cells = cells, None
        try:
            tab = self.named(title or "")
        except KeyError:
            raise unparsable(text) from None
        return tab, Area() if cells is None else parse_cells(cells, text)

    def result(self, tab: Tab, row: int, column: int, cell: Cell | None = None) -> Result:
        """What the cell comes to: its value, or what its formula gives."""
        return self._result(tab, row, column, cell or tab.cell(row, column), frozenset())

    def _result(self, tab: Tab, row: int, column: int, cell: Cell, seen: frozenset[tuple[int, int, int]]) -> Result:
        if not isinstance(cell.value, Formula):
            return cell.value
        here = (tab.sheet_id, row, column)
        if here in seen:
            return "#REF!"

        def lookup(title: str | None, area: Area) -> list[Result]:
            try:
                other = tab if title is None else self.named(title)
            except KeyError:
                return ["#REF!"]
            return [
                self._result(other, at_row, at_column, other.cell(at_row, at_column), seen | {here})
                for at_row, at_column in _places(area.clipped(other.row_count, other.column_count))
            ] or ["#REF!"]

        return evaluated(cell.value.text, lookup, row)

    def shown(self, tab: Tab, row: int, column: int, cell: Cell | None = None) -> str:
        """What people see in the cell."""
        cell = cell or tab.cell(row, column)
        result = self.result(tab, row, column, cell)
        if result is None:
            return ""
        if isinstance(result, bool):
            return self.locale.true if result else self.locale.false
        return result if isinstance(result, str) else shown_number(result, cell.format, self.locale)

    def rendered(self, tab: Tab, row: int, column: int, cell: Cell, option: str, dates: str) -> Any:
        """The cell as `values` answers it under a render option; an empty one is `""`."""
        if cell.value is None:
            return ""
        if option == "FORMATTED_VALUE":
            return self.shown(tab, row, column, cell)
        if option == "FORMULA" and isinstance(cell.value, Formula):
            return cell.value.text
        result = self.result(tab, row, column, cell)
        if isinstance(result, float):
            as_text = dates == "FORMATTED_STRING" and is_date(cell.format)
            return shown_number(result, cell.format, self.locale) if as_text else plain(result)
        return "" if result is None else result

    def formulas_follow(self, tab: Tab, rows: Place | None = None, columns: Place | None = None) -> None:
        """Rewrite every formula of the book after rows or columns of `tab` moved."""
        for own in self.tabs:
            title = own.title

            def change(text: str, title: str = title) -> str:
                return followed(text, title, tab.title, rows or _same, columns or _same)

            own.map_formulas(change)


def _same(index: int) -> int:
    return index


def _places(area: Area) -> Iterator[tuple[int, int]]:
    bottom, right = area.ends()
    return itertools.product(range(area.top, bottom), range(area.left, right))


def plain(number: float) -> int | float:
    """A double as JSON spells it: whole ones without decimals."""
    return int(number) if number == int(number) and abs(number) < 1e15 else number
