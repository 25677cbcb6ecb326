"""Which ranges answer an ask, and the grid that their answers make. Pure: no network here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from occupation.sheets.book import UNSEEN, Ask, Grid, Picked, Stray, choose, gather, is_filled
from occupation.sheets.layout import is_ours, letters

_GAP: Final = 3
"""Columns that nobody asked for are read along when no more than these stand between two that were."""

_NEAR: Final = 3
"""Columns that are read along on each side of one of ours: so many may be inserted, or move, while we write."""

_BESIDE: Final = 5
"""How many rows above and below a cell are looked through for the formula that filled it: its neighbours may have been
written over too.
"""

_STRIPS: Final = 100
"""Each is a range in the address of one request, which Google refuses beyond some thousand characters."""

_ALL_COLUMNS: Final = "ZZZ"
"""Beyond any tab's last column; Google reads up to the last there is."""

Rows = Sequence[Sequence[Any]]


class Span(NamedTuple):
    """Neighbouring columns that are read as one range, 0-based, `right` excluded; `None` is up to the last."""

    left: int
    right: int | None


WHOLE: Final = (Span(0, None),)


@dataclass(frozen=True, slots=True)
class Plan:
    """How an ask is answered: its tab's title, the spans below the header, and where its columns stood.

    `positions` is `None` when where they stand is not known yet, and empty when whole rows are read.
    """

    ask: Ask
    title: str
    spans: tuple[Span, ...]
    positions: tuple[int, ...] | None

    @property
    def top(self) -> int:
        """The row that spans are asked from: the first one, or the header, which is there also when nothing else is.

        Google refuses all of a request that asks beyond a tab's last row.
        """
        return 1 if self.ask.first_row == 2 else self.ask.first_row

    def ranges(self) -> list[str]:
        """The header row, and each span from the first row on."""
        name = quoted(self.title)
        below = (f"{letters(left)}{self.top}:{_last(right)}" for left, right in self.spans)
        return [f"{name}!1:1", *(f"{name}!{cells}" for cells in below)]

    def holds(self, picked: Picked) -> bool:
        """Whether the columns stand where the plan had them."""
        return self.positions is not None and (self.ask.columns is None or self.positions == picked.positions)

    def grid(self, picked: Picked, answers: Sequence[Rows]) -> Grid:
        """The grid of the answers to the spans."""
        answers = [rows[self.ask.first_row - self.top :] for rows in answers]
        rows = _whole(picked, answers) if self.ask.columns is None else _pieced(picked, self.spans, answers)
        found = gather(picked, ((self.ask.first_row + at, *row) for at, row in enumerate(rows)))
        last_row = max(found.last_row, self.ask.first_row - 1)
        return Grid(picked, found.rows, last_row, _Answered(self.ask.first_row, self.spans, answers))


@dataclass(frozen=True, slots=True)
class _Answered:
    """Whatever the answers to some spans hold, asked for or read along."""

    first_row: int
    spans: Sequence[Span]
    answers: Sequence[Rows]

    def __call__(self, number: int, position: int) -> object:
        """See `Beside`."""
        for (left, right), rows in zip(self.spans, self.answers, strict=True):
            if left <= position and (right is None or position < right):
                row = rows[number - self.first_row] if 0 <= number - self.first_row < len(rows) else ()
                return row[position - left] if position - left < len(row) else None
        return UNSEEN


class Strip(NamedTuple):
    """Cells of one column, 0-based, one below the other, by their row numbers, both included."""

    column: int
    top: int
    bottom: int

    @property
    def a1(self) -> str:
        """The range, without its tab."""
        name = letters(self.column)
        return f"{name}{self.top}:{name}{self.bottom}"


def whole_tab(title: str) -> str:
    """The range that is a whole tab, header included."""
    return f"{quoted(title)}!A1:{_ALL_COLUMNS}"


def quoted(title: str) -> str:
    """A tab's title as ranges spell it."""
    return "'" + title.replace("'", "''") + "'"


def around(cells: Collection[Stray]) -> list[Strip]:
    """The cells with those above and below them, in few enough strips for one request, however far they are apart."""
    gap = 1
    while len(strips := list(_joined(cells, gap))) > _STRIPS:
        gap *= 2
    return strips


def _joined(cells: Collection[Stray], gap: int) -> Iterator[Strip]:
    strip: Strip | None = None
    for column, row in sorted({(cell.column, cell.row) for cell in cells}):
        top, bottom = max(row - _BESIDE, 1), row + _BESIDE
        if strip and strip.column == column and top - strip.bottom <= gap:
            strip = strip._replace(bottom=bottom)
        else:
            if strip:
                yield strip
            strip = Strip(column, top, bottom)
    if strip:
        yield strip


def formula_beside(cell: Stray, written: Collection[Stray], typed: Mapping[tuple[int, int], object]) -> int | None:
    """The nearest row whose formula the cell may have had; None for a cell that was blank."""
    touched = {(one.row, one.column) for one in written}
    for row in (at for far in range(1, _BESIDE + 1) for at in (cell.row - far, cell.row + far)):
        text = typed.get((row, cell.column))
        if (cell.before or "") != "" and (row, cell.column) not in touched and str(text).startswith("="):
            return row
    return None


def near_ours(picked: Picked) -> set[int]:
    """The columns that stand near one of ours."""
    ours = {at for name, at in zip(picked.names, picked.positions, strict=True) if is_ours(picked.columns.tab, name)}
    return {near for at in ours for near in range(max(at - _NEAR, 0), at + _NEAR + 1)}


def _last(right: int | None) -> str:
    return _ALL_COLUMNS if right is None else letters(right - 1)


def spans_of(positions: Sequence[int]) -> tuple[Span, ...]:
    """The fewest ranges that hold these columns and few others."""
    spans: list[Span] = []
    for position in sorted(set(positions)):
        if spans and position - (spans[-1].right or 0) <= _GAP:
            spans[-1] = Span(spans[-1].left, position + 1)
        else:
            spans.append(Span(position, position + 1))
    return tuple(spans)


def _whole(picked: Picked, answers: Sequence[Rows]) -> Iterator[tuple[bool, Sequence[object]]]:
    for row in answers[0] if answers else ():
        yield is_filled(row), choose(picked, row)


def _pieced(picked: Picked, spans: Sequence[Span], answers: Sequence[Rows]) -> Iterator[tuple[bool, Sequence[object]]]:
    places = [_place(spans, position) for position in picked.positions] if answers else []
    for at in range(max(map(len, answers), default=0)):
        pieces = [rows[at] if at < len(rows) else () for rows in answers]
        cells = [pieces[span][column] if column < len(pieces[span]) else None for span, column in places]
        yield is_filled(cells), cells


def _place(spans: Sequence[Span], position: int) -> tuple[int, int]:
    """Which span a column is in, and where in it."""
    for number, (left, right) in enumerate(spans):
        if left <= position and (right is None or position < right):
            return number, position - left
    raise LookupError(position)
