"""The gateway to a workbook, whichever kind it is: what a tab answers when it is read.

Every kind of book gives the same `Grid`; what differs between them ends here. The writing side of a book is a
protocol of its own, for the part that pushes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from occupation.sheets.codec import Codec
from occupation.sheets.layout import Columns, Hold, Tab, column, headers, locate

TabNames = Mapping[Tab, str]
"""What each tab is called in this shop's book."""

USUAL_NAMES: Final[TabNames] = {tab: tab.value for tab in Tab}


ROW_LIMIT: Final = 200_000
"""Most rows of a tab: four times the largest book this is built for. Beyond it something is wrong."""


class BookUnreadable(Exception):  # noqa: N818  a refusal of the book, told in a Spanish sentence
    """The book, or one of its tabs, could not be read at all. The text is for the person who can mend it."""


class BookUnwritable(Exception):  # noqa: N818  the same, for writing
    """The book could not be written; what was there before is still there, whole."""


class Row(NamedTuple):
    """The raw cells of one row, in the order of its grid's `names`. `number` counts from 1, header included."""

    number: int
    cells: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Picked:
    """The columns chosen from one header row: `names[i]` stands at 0-based `positions[i]`."""

    header: tuple[object, ...]
    columns: Columns
    names: tuple[str, ...]
    positions: tuple[int, ...]
    codecs: tuple[Codec[Any], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """One tab as it stood at one moment.

    `rows` leaves out rows whose chosen cells are all blank; `last_row` is the last row with anything in it, in
    any column, and 1 when there is only the header. An optional column that the tab lacks is not in `names`.
    """

    picked: Picked
    rows: Sequence[Row]
    last_row: int

    @property
    def columns(self) -> Columns:
        """Where every known column of the tab stands, the chosen ones and the others."""
        return self.picked.columns

    @property
    def names(self) -> tuple[str, ...]:
        """The canonical headers that `Row.cells` follows."""
        return self.picked.names

    def decode(self, row: Row) -> dict[str, Any]:
        """Return a row's meaning by canonical header: a value, `None` for a blank, or `Unreadable`."""
        cells = zip(self.picked.names, self.picked.codecs, row.cells, strict=True)
        return {name: codec.decode(raw) for name, codec, raw in cells}


class Book(Protocol):
    """A workbook that can be read tab by tab."""

    def read(self, tab: Tab, columns: Sequence[str] | None = None) -> Grid | Hold:
        """Return the tab with these canonical columns (all known ones by default), or why it is held.

        A tab that is not there is a `Hold` without `encabezado`. Raises `BookUnreadable` when the book cannot
        be reached or understood, `KeyError` for a column the catalogue does not know.
        """
        ...


def pick(tab: Tab, header_row: Sequence[object], columns: Sequence[str] | None = None) -> Picked | Hold:
    """Locate the tab's columns and choose those asked for that are there, in the order asked."""
    located = locate(tab, header_row)
    if isinstance(located, Hold):
        return located
    wanted = headers(tab) if columns is None else [column(tab, name).header for name in columns]
    names = tuple(name for name in wanted if name in located.positions)
    positions = tuple(located.positions[name] for name in names)
    return Picked(tuple(header_row), located, names, positions, tuple(column(tab, name).codec for name in names))


def missing_tab(tab: Tab, name: str) -> Hold:
    """Say that the book has no such tab."""
    return Hold(tab, None, f"el libro no tiene la hoja «{name}»: devuélvala o corrija su nombre")


def gather(picked: Picked, rows: Iterable[tuple[int, bool, Sequence[object]]]) -> Grid:
    """Build the grid from rows below the header: number, whether anything stands in it, the chosen cells."""
    kept: list[Row] = []
    last_row = 1
    for number, filled, cells in rows:
        if filled:
            last_row = number
        if filled and is_filled(cells):
            kept.append(Row(number, tuple(cells)))
            if len(kept) > ROW_LIMIT:
                tab = picked.columns.tab
                raise BookUnreadable(f"La hoja {tab} tiene más de {ROW_LIMIT} filas con datos.")
    return Grid(picked, kept, last_row)


def choose(picked: Picked, whole: Sequence[object]) -> tuple[object, ...]:
    """Return the chosen cells of a whole row; what a short row lacks is blank."""
    width = len(whole)
    return tuple([whole[position] if position < width else None for position in picked.positions])


def is_filled(cells: Sequence[object]) -> bool:
    """Whether any of the raw cells holds something."""
    return any(raw is not None and raw != "" for raw in cells)
