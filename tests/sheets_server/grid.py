"""One tab: a grid of cells with edges, that grows, shrinks, moves and sorts as a whole.

A row is a mapping from column to cell and is replaced, never changed, so a copy of a tab is a copy of its list of
rows: that is what makes a batch all or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.sheets_server.a1 import Area, range_text
from tests.sheets_server.cells import BLANK, Cell, Formula
from tests.sheets_server.errors import PROTECTED, ApiError, invalid
from tests.sheets_server.formula import moved

Row = Mapping[int, Cell]
Place = Callable[[int], int | None]
"""Where a row or column index ends up; `None` when it is deleted."""

NOTHING: Final[Row] = {}


@dataclass(frozen=True, slots=True)
class Protection:
    """A protected range. `by_office` ones refuse the program's edits; `warning` ones only warn people."""

    number: int
    area: Area
    by_office: bool
    warning: bool = False
    description: str = ""

    @property
    def refuses(self) -> bool:
        return self.by_office and not self.warning


@dataclass
class Tab:
    """A tab of the book. `rows` is always `row_count` long."""

    sheet_id: int
    title: str
    column_count: int
    rows: list[Row]
    hidden: bool = False
    grid: dict[str, Any] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)
    protections: tuple[Protection, ...] = ()

    @property
    def row_count(self) -> int:
        return len(self.rows)

    def copy(self) -> Tab:
        return replace(self, rows=list(self.rows), grid=dict(self.grid), other=dict(self.other))

    def cell(self, row: int, column: int) -> Cell:
        return self.rows[row].get(column, BLANK) if row < len(self.rows) else BLANK

    def put(self, row: int, column: int, cell: Cell) -> None:
        """Set one cell, which must be inside the grid."""
        line = dict(self.rows[row])
        if cell.is_nothing:
            line.pop(column, None)
        else:
            line[column] = cell
        self.rows[row] = line

    def put_row(self, row: int, cells: Mapping[int, Cell]) -> None:
        """Set several cells of one row, each inside the grid."""
        merged = {**self.rows[row], **cells}
        self.rows[row] = {column: cell for column, cell in merged.items() if not cell.is_nothing}

    def clip(self, area: Area, title: str | None = None) -> Area:
        """The part of the area that exists; refused when it starts beyond the last row or column."""
        self.require_start(area, title)
        return area.clipped(self.row_count, self.column_count)

    def require_start(self, area: Area, title: str | None = None) -> None:
        if area.top >= self.row_count or area.left >= self.column_count:
            raise self.beyond(area, title)

    def beyond(self, area: Area, title: str | None = None) -> ApiError:
        """Google's refusal of a range past the edge."""
        told = range_text(title or self.title, area)
        return invalid(
            f"Range ({told}) exceeds grid limits. Max rows: {self.row_count}, max columns: {self.column_count}"
        )

    def require_editable(self, area: Area) -> None:
        """Refuse the edit when a protection that binds the program covers any of it."""
        if any(guard.refuses and guard.area.meets(area) for guard in self.protections):
            raise invalid(PROTECTED)

    def filled(self) -> Iterator[tuple[int, int, Cell]]:
        """Every cell with a value, by row and column."""
        for number, row in enumerate(self.rows):
            for column, cell in row.items():
                if cell.value is not None:
                    yield number, column, cell

    def last_filled_row(self) -> int:
        """How many rows there are up to the last one with a value; formats alone do not count."""
        for number in range(self.row_count, 0, -1):
            if any(cell.value is not None for cell in self.rows[number - 1].values()):
                return number
        return 0

    def grow(self, rows: int = 0, columns: int = 0) -> None:
        """Make room for at least that many rows and columns. New cells have no format."""
        self.rows.extend([NOTHING] * (rows - self.row_count))
        self.column_count = max(self.column_count, columns)

    def resize(self, rows: int, columns: int) -> None:
        """Exactly that many; what no longer fits is gone."""
        if rows < 1 or columns < 1:
            raise invalid("You can't delete all the rows or columns on the sheet.")
        del self.rows[rows:]
        self.grow(rows)
        if columns < self.column_count:
            self.rows = [
                {at: cell for at, cell in row.items() if at < columns} if row else NOTHING for row in self.rows
            ]
        self.column_count = columns

    def insert_rows(self, at: int, lines: list[Row]) -> None:
        self.rows[at:at] = lines
        self._guards_follow(rows=lambda row: row if row < at else row + len(lines))

    def delete_rows(self, start: int, end: int) -> None:
        if end - start >= self.row_count:
            raise invalid("You can't delete all the rows on the sheet.")
        del self.rows[start:end]
        self._guards_follow(rows=after_deletion(start, end))

    def move_rows(self, start: int, end: int, to: int) -> None:
        place = after_move(start, end, to)
        order = sorted(range(self.row_count), key=lambda row: place(row) or 0)
        self.rows = [self.rows[row] for row in order]
        self._guards_follow(rows=place)

    def place_columns(self, place: Place, count: int) -> None:
        """Move every column where `place` says; the grid has `count` columns afterwards."""
        if count < 1:
            raise invalid("You can't delete all the columns on the sheet.")
        self.rows = [_placed(row, place) if row else NOTHING for row in self.rows]
        self.column_count = count
        self._guards_follow(columns=place)

    def map_formulas(self, change: Callable[[str], str]) -> None:
        """Rewrite every formula, as a spreadsheet does when what they point at moves."""
        for number, row in enumerate(self.rows):
            if any(isinstance(cell.value, Formula) for cell in row.values()):
                self.rows[number] = {column: _rewritten(cell, change) for column, cell in row.items()}

    def relocated(self, row: Row, by_rows: int, by_columns: int = 0) -> Row:
        """A row as it reads in another place: relative references of its formulas follow."""
        return {column: _rewritten(cell, lambda text: moved(text, by_rows, by_columns)) for column, cell in row.items()}

    def _guards_follow(self, rows: Place | None = None, columns: Place | None = None) -> None:
        kept = []
        for guard in self.protections:
            top, bottom = _span(guard.area.top, guard.area.bottom, rows)
            left, right = _span(guard.area.left, guard.area.right, columns)
            if bottom != top and right != left:
                kept.append(replace(guard, area=Area(top, left, bottom, right)))
        self.protections = tuple(kept)


def _span(start: int, end: int | None, place: Place | None) -> tuple[int, int | None]:
    if place is None:
        return start, end
    if end is None:
        at = place(start)
        return (start if at is None else at), None
    places = [at for at in map(place, range(start, end)) if at is not None]
    return (min(places), max(places) + 1) if places else (start, start)


def after_deletion(start: int, end: int) -> Place:
    """Where what stays ends up when `start` to `end` are deleted."""

    def place(index: int) -> int | None:
        if start <= index < end:
            return None
        return index if index < start else index - (end - start)

    return place


def after_insertion(at: int, count: int) -> Place:
    return lambda index: index if index < at else index + count


def after_move(start: int, end: int, to: int) -> Place:
    """Where each index ends up when `start` to `end` move before what was at `to`."""
    size = end - start

    def place(index: int) -> int:
        if start <= index < end:
            return index - start + (to if to <= start else to - size)
        if to <= index < start:
            return index + size
        if end <= index < to:
            return index - size
        return index

    return place


def _placed(row: Row, place: Place) -> Row:
    where = ((place(column), cell) for column, cell in row.items())
    return {column: cell for column, cell in where if column is not None}


def _rewritten(cell: Cell, change: Callable[[str], str]) -> Cell:
    return cell.holding(Formula(change(cell.value.text))) if isinstance(cell.value, Formula) else cell
