"""The gateway to a workbook, whichever kind it is: what a tab answers when it is read, and how cells are written.

Every kind of book gives the same `Grid`; what differs between them ends here. A book that only reads is a `Book`;
one that the mirror keeps is a `LiveBook`, whose errors tell apart what happened to a request: nothing, nothing but
try later, or nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final, NamedTuple, Protocol

from occupation.sheets.codec import Codec
from occupation.sheets.layout import Columns, Hold, Tab, column, headers, locate

TabNames = Mapping[Tab, str]
"""What each tab is called in this shop's book."""

USUAL_NAMES: Final[TabNames] = {tab: tab.value for tab in Tab}


_SECOND: Final = 0.5 / 86_400

ROW_LIMIT: Final = 200_000
"""Most rows of a tab: four times the largest book this is built for. Beyond it something is wrong."""


class BookUnreadable(Exception):  # noqa: N818  a refusal of the book, told in a Spanish sentence
    """The book, or one of its tabs, could not be read at all. The text is for the person who can mend it."""


class BookUnwritable(Exception):  # noqa: N818  the same, for writing
    """The book could not be written; what was there before is still there, whole."""


class PermissionLost(BookUnreadable):
    """The book may no longer be read or written (401, 403), or is gone: only a person can mend it."""


class NotNow(Exception):  # noqa: N818  no fault of anybody: time mends it
    """The book did not do it now: try later.

    `retry_after` is how many seconds the book asked to wait, None if it did not say. `quota` tells that too much was
    asked within a minute, so that waiting for less than the next one is useless.
    """

    def __init__(self, sentence: str, retry_after: float | None = None, *, quota: bool = False) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
        self.quota = quota


class BookBusy(NotNow):
    """The book cannot answer (quota spent, 5xx or no network while reading): nothing was changed."""


class WriteUnknown(NotNow):
    """Nobody knows whether the change was applied: the answer was lost. It may even be applied minutes from now."""


class BookMoved(BookUnwritable):
    """The book changed since it was read, so nothing was written: read it again, and write what is right then."""


class WriteRefused(BookUnwritable):
    """The book refused the whole change (400), and nothing says which of its cells is to blame."""


class Row(NamedTuple):
    """The raw cells of one row, in the order of its grid's `names`. `number` counts from 1, header included."""

    number: int
    cells: tuple[Any, ...]


class Unseen(Enum):
    """In place of a raw cell: nobody read it."""

    UNSEEN = "unseen"


UNSEEN: Final = Unseen.UNSEEN

Beside = Callable[[int, int], object]
"""The raw cell of a row number and a 0-based position, `None` for a blank, `UNSEEN` where nothing was read."""


def nothing_beside(_number: int, _position: int) -> object:
    """Of a book that only gives what it was asked for."""
    return UNSEEN


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
    A shared book tells in `beside` what stands near our columns, where a write lands when columns move under it.
    """

    picked: Picked
    rows: Sequence[Row]
    last_row: int
    beside: Beside = field(default=nothing_beside, compare=False)

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


class Ask(NamedTuple):
    """What to read of one tab: the header row, and these columns (all known ones by default) from `first_row` on."""

    tab: Tab
    columns: tuple[str, ...] | None = None
    first_row: int = 2


class AsRead(NamedTuple):
    """A cell to be put back exactly as the book gave it, past any codec."""

    raw: object


class RowChange(NamedTuple):
    """The cells to write in one row, by canonical header; no other cell of the row is touched.

    A value is what the column's codec encodes (`None` writes a blank), or `AsRead`. `number` counts from 1, header
    included, and may lie beyond the last row: the book grows.
    """

    tab: Tab
    number: int
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What one atomic request writes, in one tab or in several.

    `columns` says where the headers of each of its tabs stood in the read that the change was worked out from.
    """

    columns: Mapping[Tab, Columns]
    rows: Sequence[RowChange]


class Stray(NamedTuple):
    """A cell that a write reached by mistake, because rows or columns moved under it.

    `row` counts from 1, `column` from 0. `wrote` is what the write left there and `before` what it wrote over, both
    raw; `None` is a blank, `UNSEEN` what cannot be put back.
    """

    row: int
    column: int
    wrote: Any
    before: Any


class Place(NamedTuple):
    """One cell of a tab: its row counts from 1, header included; its column, `position`, from 0."""

    number: int
    position: int


Cells = tuple[tuple[object, ...], ...]
"""A whole tab, header first, as the book holds it: blanks at the end of each row and empty rows at the end left out."""


class Request(StrEnum):
    """The two kinds of requests, each with a quota of its own."""

    READ = "lectura"
    WRITE = "escritura"


Meter = Callable[[Request], None]
"""A book over a network calls it before each single request; it raises `BookBusy` while that kind's budget is spent."""


class LiveBook(Book, Protocol):
    """A workbook that people and the mirror work in at the same time. `metered` tells that requests spend a quota.

    Each method is one request, but for what a book over a network has to learn once. All may raise `BookUnreadable`,
    `PermissionLost` and `BookBusy`: nothing was written then.
    """

    metered: bool
    names: TabNames

    def read_many(self, asks: Sequence[Ask]) -> list[Grid | Hold]:
        """Answer all asks as of one moment, in their order; the proof of a write is such a read too.

        Each is answered as `Book.read` would, with only the rows from `first_row` on: none when the tab ends before,
        and `last_row` is never less than `first_row - 1`. An ask for all columns sees whole rows, so its `last_row`
        counts what people put in columns the app does not know; one for some columns may miss that. A header that is
        not where it was remembered makes the book ask again before it answers. A book that is byte by byte as it was
        when the same was asked before answers with the very same objects, if it still has them.
        """
        ...

    def apply(self, change: Change) -> None:
        """Write all of the change or nothing of it, growing a tab that is too small; columns without rows are fine.

        Raises `BookMoved` where the book can tell that it is not as it was read (a shared one cannot, hence the
        proof), `WriteRefused` when it accepts no such change, `WriteUnknown` when the answer was lost, and
        `BookUnwritable` for anything else that left the book as it was.
        """
        ...

    def put_back(self, tab: Tab, cells: Sequence[Stray]) -> int:
        """Give each of these cells that still holds what was written what it held before; return how many did.

        Raises as `apply`. Several requests, and the only method that writes cells of columns that are not ours.
        """
        ...

    def doubt_tabs(self) -> None:
        """What was written was not found: a tab may have been swapped for another of its name. No request by itself."""
        ...

    def show_dates(self, columns: Sequence[Columns]) -> None:
        """Make the date and time columns of ours show as dates, all the way down. Raises as `apply`."""
        ...

    def titles(self) -> list[str]:
        """Name every tab of the book: ours, the office's own, and the copies of backups."""
        ...

    def read_cells(self, titles: Sequence[str], *, formulas: bool = False) -> list[Cells | None]:
        """Return every cell of these tabs as of one moment, `None` for a tab that is not there.

        Cells hold what `Row.cells` holds; with `formulas`, the text of a formula instead of its result.
        """
        ...

    def enter(self, tab: Tab, cells: Mapping[Place, object]) -> None:
        """Put these cells into a tab as if typed, growing it where it is too small. Raises as `apply`.

        No other cell is touched. Unlike `apply` it needs no headers, so it is what writes and mends them.
        """
        ...

    def copy_tabs(self, copies: Mapping[str, str]) -> None:
        """Duplicate tabs inside the book, title → the copy's title: cells, formulas, formats. Raises as `apply`.

        A copy whose title is taken is `WriteRefused`. A book over a network makes all copies or none.
        """
        ...

    def restore_tabs(self, copies: Mapping[Tab, str]) -> None:
        """Make each tab what its copy is, cell by cell and size by size. Raises as `apply`.

        The tab itself stays: its id, its name, its place, and what other tabs refer to. So does the copy.
        """
        ...


def raw_of(tab: Tab, header: str, value: object) -> object:
    """What a column's codec stores for a value of a `RowChange`; a blank is `None` or `""`."""
    return value.raw if isinstance(value, AsRead) else column(tab, header).codec.encode(value)


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


def without_blanks(rows: Iterable[Sequence[object]]) -> Cells:
    """Leave out the blanks at the end of each row and the empty rows at the end."""
    whole = [tuple("" if cell is None else cell for cell in row[: _width(row)]) for row in rows]
    while whole and not whole[-1]:
        whole.pop()
    return tuple(whole)


def _width(row: Sequence[object]) -> int:
    width = len(row)
    while width and (row[width - 1] is None or row[width - 1] == ""):
        width -= 1
    return width


def same_raw(one: object, other: object) -> bool:
    """Whether two raw cells hold the same; every kind of blank is one, and a serial number is as long as a second."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) < _SECOND
    return (one or "") == (other or "")


def is_filled(cells: Sequence[object]) -> bool:
    """Whether any of the raw cells holds something."""
    return any(raw is not None and raw != "" for raw in cells)
