"""A1 notation: `'Tab name'!A2:C`, as text and as a rectangle of 0-based half-open bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.sheets_server.errors import ApiError, invalid

_CORNER: Final = re.compile(r"\$?([A-Za-z]{1,3})?\$?([1-9][0-9]{0,7})?")
_LOOKS_LIKE_A_CELL: Final = re.compile(r"[A-Za-z]{1,3}[0-9]+|[Rr][0-9]*[Cc][0-9]*")
_PLAIN_TITLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle: rows `top` to `bottom` and columns `left` to `right`, ends excluded, `None` for an open end."""

    top: int = 0
    left: int = 0
    bottom: int | None = None
    right: int | None = None

    def clipped(self, rows: int, columns: int) -> Area:
        """The part inside a grid of that size, with every end closed."""
        bottom = rows if self.bottom is None else min(self.bottom, rows)
        right = columns if self.right is None else min(self.right, columns)
        return replace(self, bottom=bottom, right=right)

    def ends(self) -> tuple[int, int]:
        """The last row and column, ends excluded, of an area whose ends are closed."""
        assert self.bottom is not None
        assert self.right is not None
        return self.bottom, self.right

    @property
    def is_one_cell(self) -> bool:
        return self.bottom == self.top + 1 and self.right == self.left + 1

    def holds(self, row: int, column: int) -> bool:
        """Whether a cell lies inside."""
        return (
            self.top <= row
            and self.left <= column
            and (self.bottom is None or row < self.bottom)
            and (self.right is None or column < self.right)
        )

    def meets(self, other: Area) -> bool:
        """Whether two areas share a cell."""
        return _overlap(self.top, self.bottom, other.top, other.bottom) and _overlap(
            self.left, self.right, other.left, other.right
        )


def _overlap(start: int, end: int | None, other_start: int, other_end: int | None) -> bool:
    return (end is None or other_start < end) and (other_end is None or start < other_end)


def split(text: str) -> tuple[str | None, str | None]:
    """Return the tab's title and the cells of a range; either may be missing. A lone word is one or the other."""
    quoted = re.fullmatch(r"'((?:[^']|'')*)'(?:!(.+))?", text)
    if quoted:
        return quoted[1].replace("''", "'"), quoted[2]
    title, bang, cells = text.rpartition("!")
    if bang:
        return title, cells
    return None, text


def parse_cells(cells: str, whole: str) -> Area:
    """Return the area of `A1`, `A1:B2`, `A2:C`, `B:B`, `2:5`; raises Google's 400 that names the `whole` range."""
    first, colon, last = cells.partition(":")
    start, end = _corner(first, whole), _corner(last, whole) if colon else None
    if end is None:
        if None in start:
            raise unparsable(whole)
        end = start
    rows, columns = _ordered(start[1], end[1]), _ordered(start[0], end[0])
    return Area(rows[0], columns[0], rows[1], columns[1])


def _ordered(first: int | None, last: int | None) -> tuple[int, int | None]:
    if first is None or last is None:
        known = first if last is None else last
        return (known or 0, None) if first is not None else (0, None if last is None else last + 1)
    return min(first, last), max(first, last) + 1


def _corner(text: str, whole: str) -> tuple[int | None, int | None]:
    found = _CORNER.fullmatch(text)
    if found is None or not text:
        raise unparsable(whole)
    return (column_number(found[1]) if found[1] else None), (int(found[2]) - 1 if found[2] else None)


def unparsable(text: str) -> ApiError:
    return invalid(f"Unable to parse range: {text}")


def column_number(letters: str) -> int:
    """`A` is 0, `AA` is 26."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def column_letters(number: int) -> str:
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def quoted_title(title: str) -> str:
    """The title as a range names it: in quotes unless it is a plain word that looks like no cell."""
    if _PLAIN_TITLE.fullmatch(title) and not _LOOKS_LIKE_A_CELL.fullmatch(title):
        return title
    return "'" + title.replace("'", "''") + "'"


def cells_text(area: Area) -> str:
    """`A1`, `A1:B2`, `A1001:B` and, with open columns, `AA1:2`, as Google spells a range of indexes."""
    first = f"{column_letters(area.left)}{area.top + 1}"
    if area.is_one_cell:
        return first
    right = "" if area.right is None else column_letters(area.right - 1)
    bottom = "" if area.bottom is None else str(area.bottom)
    return f"{first}:{right}{bottom}" if right or bottom else first


def range_text(title: str, area: Area) -> str:
    return f"{quoted_title(title)}!{cells_text(area)}"


def area_of(grid_range: dict[str, Any]) -> Area:
    """A `GridRange` of a request as an area."""
    return Area(
        grid_range.get("startRowIndex", 0),
        grid_range.get("startColumnIndex", 0),
        grid_range.get("endRowIndex"),
        grid_range.get("endColumnIndex"),
    )


def grid_range_of(sheet_id: int, area: Area) -> dict[str, Any]:
    """An area as a `GridRange` of an answer, without what is open."""
    told: dict[str, Any] = {"sheetId": sheet_id, "startRowIndex": area.top, "startColumnIndex": area.left}
    if area.bottom is not None:
        told["endRowIndex"] = area.bottom
    if area.right is not None:
        told["endColumnIndex"] = area.right
    return told
