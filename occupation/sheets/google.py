"""The workbook in Google Sheets.

Nothing here is imported unless a shop is configured for Google, and nobody is contacted before the first read. Tabs are
read by name and written by id; ids and sizes are learnt once, and again when Google says that they are wrong.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from occupation.sheets.book import (
    USUAL_NAMES,
    Ask,
    BookBusy,
    BookMoved,
    BookUnreadable,
    Cells,
    Change,
    Grid,
    Meter,
    Place,
    Request,
    Stray,
    TabNames,
    WriteRefused,
    missing_tab,
    pick,
    same_raw,
    without_blanks,
)
from occupation.sheets.google_changes import (
    Sheet,
    copying,
    dressing,
    entering,
    filled_down,
    growth,
    restored,
    restoring,
    updates,
)
from occupation.sheets.google_client import Answers, Refused, SheetsClient, connected, credentials_of
from occupation.sheets.google_ranges import (
    WHOLE,
    Plan,
    Rows,
    Span,
    around,
    formula_beside,
    near_ours,
    quoted,
    spans_of,
    whole_tab,
)
from occupation.sheets.layout import Columns, Hold, Tab

_TRIES: Final = 4
_READINGS: Final = 2
"""A relay reads everything, or our columns."""
MISSED_FOR: Final = 6
"""How many readings a tab that is gone is missed for without a look whether it is back: half a minute's."""

_LOST_TRACK: Final = ("exceeds grid limits", "beyond the last requested", "No grid with id", "No sheet with id")
_NOT_THERE: Final = ("Unable to parse range", *_LOST_TRACK)

Json = dict[str, Any]


def unmetered(request: Request) -> None:
    """The meter of who asks so seldom that nobody counts."""


class _Known(NamedTuple):
    """What an answer was understood as, so that the very same one is not understood again."""

    told: Answers
    plans: Sequence[Plan]
    grids: list[Grid | Hold]


class GoogleBook:
    """One spreadsheet. See `LiveBook` for what each method promises; it is used by one thread at a time."""

    metered = True

    def __init__(
        self, client: SheetsClient, spreadsheet_id: str, names: TabNames = USUAL_NAMES, meter: Meter = unmetered
    ) -> None:
        self.names = names
        self._client = client
        self._id = spreadsheet_id
        self._meter = meter
        self._sheets: dict[str, Sheet] = {}
        self._headers: dict[Tab, tuple[object, ...]] = {}
        self._known: deque[_Known] = deque(maxlen=_READINGS)
        self._missed = 0
        self._doubted = False
        self._held: set[Tab] = set()

    def read(self, tab: Tab, columns: Sequence[str] | None = None) -> Grid | Hold:
        """See `Book.read`."""
        return self.read_many([Ask(tab, None if columns is None else tuple(columns))])[0]

    def read_many(self, asks: Sequence[Ask]) -> list[Grid | Hold]:
        """See `LiveBook.read_many`: one `values:batchGet`; more while tabs or headers turn out to be elsewhere."""
        fresh = self._know(self.names[ask.tab] for ask in asks)
        for _ in range(_TRIES):
            plans = {at: self._plan(ask, sizes_hold=fresh) for at, ask in enumerate(asks) if self._has(ask)}
            try:
                answers = self._answers(list(plans.values()))
            except Refused as refused:
                if fresh or not refused.says(*_NOT_THERE):
                    raise BookUnreadable(f"Google no pudo leer el libro: {refused}") from refused
                fresh = self._learn()
                continue
            if answers is not None:
                told = dict(zip(plans, answers, strict=True))
                grids = [told.get(at) or missing_tab(ask.tab, self.names[ask.tab]) for at, ask in enumerate(asks)]
                self._notice_held({ask.tab: isinstance(grid, Hold) for ask, grid in zip(asks, grids, strict=True)})
                return grids
            fresh = False
        raise BookBusy("La hoja cambia mientras se lee.")

    def _notice_held(self, held: Mapping[Tab, bool]) -> None:
        """A tab that was mended after it had been held may be another of its name."""
        mended = {tab for tab in self._held if not held.get(tab, True)}
        self._doubted |= bool(mended)
        self._held = self._held - mended | {tab for tab, still in held.items() if still}

    def apply(self, change: Change) -> None:
        """See `LiveBook.apply`: one `spreadsheets.batchUpdate`, which grows a tab on the way."""
        self._write(lambda: list(self._requests(change)), {self.names[row.tab] for row in change.rows})

    def put_back(self, tab: Tab, cells: Sequence[Stray]) -> int:
        """See `LiveBook.put_back`: a read, a write, and a look at the formulas that were taken from the next row."""
        typed = self._around(tab, cells, typed=True)
        still = [cell for cell in cells if same_raw(typed.get((cell.row, cell.column)), cell.wrote)]
        sources = {cell: row for cell in still if (row := formula_beside(cell, still, typed))}
        self._restore(tab, still, sources)
        shown = self._around(tab, list(sources), typed=False)
        self._restore(tab, [one for one in sources if not same_raw(shown.get((one.row, one.column)), one.before)], {})
        return len(still)

    def doubt_tabs(self) -> None:
        """See `LiveBook.doubt_tabs`: their ids are learnt again before the next write."""
        self._doubted = True

    def _around(self, tab: Tab, cells: Sequence[Stray], *, typed: bool) -> dict[tuple[int, int], Any]:
        """What stands in these cells and in rows above and below, as typed or as it comes out, by place."""
        if not cells:
            return {}
        title, strips = quoted(self.names[tab]), around(cells)
        self._meter(Request.READ)
        try:
            told = self._client.read(self._id, [f"{title}!{strip.a1}" for strip in strips], typed=typed)
        except Refused as refused:
            raise BookUnreadable(f"Google no pudo leer lo que hay que reparar: {refused}") from refused
        return {
            (strip.top + down, strip.column): row[0]
            for strip, rows in zip(strips, told, strict=True)
            for down, row in enumerate(rows)
            if row
        }

    def _restore(self, tab: Tab, cells: Sequence[Stray], sources: Mapping[Stray, int]) -> None:
        """Write what was there before; where a row is named for it, its formula."""
        if cells:
            sheet = self._sheet(self.names[tab])
            requests = [
                filled_down(sheet, cell, sources[cell]) if cell in sources else restored(sheet, cell) for cell in cells
            ]
            self._write(lambda: requests, {self.names[tab]})

    def show_dates(self, columns: Sequence[Columns]) -> None:
        """See `LiveBook.show_dates`."""
        self._write(
            lambda: [one for told in columns for one in dressing(self._sheet(self.names[told.tab]), told)],
            {self.names[told.tab] for told in columns},
        )

    def titles(self) -> list[str]:
        """See `LiveBook.titles`."""
        self._learn()
        return list(self._sheets)

    def read_cells(self, titles: Sequence[str], *, formulas: bool = False) -> list[Cells | None]:
        """See `LiveBook.read_cells`: one `values:batchGet`, once it is known which tabs there are."""
        fresh = any(title not in self._sheets for title in titles) and self._learn()
        while there := [title for title in titles if title in self._sheets]:
            self._meter(Request.READ)
            try:
                told = self._client.read(self._id, [whole_tab(title) for title in there], typed=formulas)
            except Refused as refused:
                if fresh or not refused.says(*_NOT_THERE):
                    raise BookUnreadable(f"Google no pudo leer el libro: {refused}") from refused
                fresh = self._learn()
            else:
                found = dict(zip(there, map(without_blanks, told), strict=True))
                return [found.get(title) for title in titles]
        return [None for _ in titles]

    def enter(self, tab: Tab, cells: Mapping[Place, object]) -> None:
        """See `LiveBook.enter`."""
        title = self.names[tab]
        self._write(lambda: list(entering(self._sheet(title), cells)), {title})

    def copy_tabs(self, copies: Mapping[str, str]) -> None:
        """See `LiveBook.copy_tabs`: the copies stand after the last tab, so that nobody's first tab changes."""
        self._write(lambda: self._copying(copies), copies)

    def restore_tabs(self, copies: Mapping[Tab, str]) -> None:
        """See `LiveBook.restore_tabs`."""
        pairs = {self.names[tab]: copy for tab, copy in copies.items()}
        self._write(
            lambda: [one for title, copy in pairs.items() for one in restoring(self._sheet(title), self._sheet(copy))],
            {*pairs, *pairs.values()},
        )

    def _copying(self, copies: Mapping[str, str]) -> list[Json]:
        places = enumerate(copies.items(), start=len(self._sheets))
        return [copying(self._sheet(title), copy, place) for place, (title, copy) in places]

    def _requests(self, change: Change) -> Iterator[Json]:
        for tab in Tab:
            mine = [row for row in change.rows if row.tab == tab]
            if mine:
                sheet = self._sheet(self.names[tab])
                yield from growth(sheet, mine)
                yield from updates(tab, sheet, change.columns[tab], mine)

    def _write(self, build: Callable[[], list[Json]], titles: Iterable[str]) -> None:
        """Send what `build` makes; once more when Google says that the tabs are not as we remember them."""
        fresh = self._learn() if self._doubted else self._know(titles)
        while requests := build():
            self._meter(Request.WRITE)
            try:
                self._client.write(self._id, requests)
            except Refused as refused:
                if fresh or not refused.says(*_LOST_TRACK):
                    raise WriteRefused(f"Google no aceptó el cambio: {refused}") from refused
                fresh = self._learn()
            else:
                self._remember(requests)
                return

    def _remember(self, requests: Sequence[Json]) -> None:
        """Keep the sizes of the tabs that grew; when there are other tabs now, or smaller ones, learn them again."""
        if any("duplicateSheet" in one or "deleteDimension" in one for one in requests):
            self._sheets = {}
        for grown in (one["appendDimension"] for one in requests if "appendDimension" in one):
            field = "rows" if grown["dimension"] == "ROWS" else "columns"
            for title, sheet in self._sheets.items():
                if sheet.number == grown["sheetId"]:
                    self._sheets[title] = sheet._replace(**{field: getattr(sheet, field) + grown["length"]})

    def _know(self, titles: Iterable[str]) -> bool:
        """Learn the tabs if one of these is unknown, now and then; return whether they were learnt just now."""
        if all(title in self._sheets for title in titles):
            self._missed = 0
            return False
        self._missed += 1
        return (not self._sheets or self._missed % MISSED_FOR == 1) and self._learn()

    def _learn(self) -> bool:
        self._meter(Request.READ)
        try:
            told = self._client.describe(self._id)
        except Refused as refused:
            raise BookUnreadable(f"Google no pudo describir el libro: {refused}") from refused
        self._sheets = {one["title"]: _sheet(one) for one in told}
        self._doubted = False
        return True

    def _has(self, ask: Ask) -> bool:
        return self.names[ask.tab] in self._sheets

    def _sheet(self, title: str) -> Sheet:
        if title not in self._sheets:
            raise BookMoved(f"El libro ya no tiene la hoja «{title}».")
        return self._sheets[title]

    def _plan(self, ask: Ask, *, sizes_hold: bool) -> Plan:
        """The ranges for an ask. Sizes were learnt just now or count for nothing: tabs grow without telling."""
        title = self.names[ask.tab]
        sheet = self._sheet(title)
        spans: tuple[Span, ...] = WHOLE
        positions: tuple[int, ...] = ()
        if ask.columns is not None:
            header = self._headers.get(ask.tab, ())
            picked = pick(ask.tab, header, ask.columns)
            if isinstance(picked, Hold):
                return Plan(ask, title, (), None)
            spans, positions = spans_of([*picked.positions, *near_ours(picked)]), picked.positions
        if sizes_hold:
            below = ask.first_row <= sheet.rows
            spans = tuple(span for span in spans if below and span.left < sheet.columns)
        return Plan(ask, title, spans, positions)

    def _answers(self, plans: Sequence[Plan]) -> list[Grid | Hold] | None:
        """Ask for all plans at once. `None` when a header is not where its plan had it: all is thrown away then."""
        if not plans:
            return []
        self._meter(Request.READ)
        told = self._client.read(self._id, [text for plan in plans for text in plan.ranges()])
        for known in self._known:
            if known.told is told and known.plans == plans:
                return known.grids
        rows = iter(told)
        answers = [self._answer(plan, next(rows), [next(rows) for _ in plan.spans]) for plan in plans]
        if None in answers:
            return None
        self._known.append(_Known(told, plans, [answer for answer in answers if answer is not None]))
        return self._known[-1].grids

    def _answer(self, plan: Plan, header: Rows, below: Sequence[Rows]) -> Grid | Hold | None:
        self._headers[plan.ask.tab] = tuple(header[0]) if header else ()
        picked = pick(plan.ask.tab, self._headers[plan.ask.tab], plan.ask.columns)
        if isinstance(picked, Hold):
            return picked
        return plan.grid(picked, below) if plan.holds(picked) else None


def opened(
    *,
    spreadsheet_id: str,
    names: TabNames = USUAL_NAMES,
    origin: str = "",
    credentials_file: str = "",
    credentials_json: str = "",
    meter: Meter = unmetered,
) -> GoogleBook:
    """The book of a shop's settings, not contacted yet. With an `origin` in Google's place credentials may be missing.

    Raises `BookUnreadable` when the credentials are no service account.
    """
    signer = credentials_of(credentials_file, credentials_json)
    return GoogleBook(connected(origin, signer), spreadsheet_id, names, meter)


def _sheet(properties: Json) -> Sheet:
    grid = properties.get("gridProperties", {})
    return Sheet(properties.get("sheetId", 0), grid.get("rowCount", 0), grid.get("columnCount", 0))
