"""What a write left on cells that nobody meant it for, because rows or columns moved before it came or after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from occupation.sheets.book import UNSEEN, Grid, Row, RowChange, Stray, raw_of, same_raw
from occupation.sheets.cells import TAG
from occupation.sheets.google_ranges import near_ours
from occupation.sheets.identity import version_of
from occupation.sheets.layout import Tab, is_ours
from occupation.tags import canonical_tag


class Sent(NamedTuple):
    """A row of a request with the tag of the spool it was meant for; "" for a row of the audit."""

    tag: str
    change: RowChange

    @property
    def version(self) -> str:
        """The version that goes with it, "" if none does."""
        version = self.change.cells.get("version")
        return version_of(raw_of(self.change.tab, "version", version)) if version else ""


@dataclass(slots=True)
class _Then:
    """A reading from before, with the tag of each row and the rows that each tag stood in."""

    grid: Grid
    tags: dict[int, str] = field(init=False)
    tagged: dict[str, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tags = _tags(self.grid)
        for row in self.grid.rows if self.tags else ():
            self.tagged.setdefault(self.tags[row.number], []).append(row)

    def column(self, now: Grid, place: int) -> int | None:
        """Where the column that is at `place` now stood, by its header; None for a new one.

        Of several with the same header, or with none, the first is the first as long as none came or went.
        """
        headers, then = now.picked.header, self.grid.picked.header
        if place >= len(headers):
            return None
        here = [at for at, name in enumerate(headers) if name == headers[place]]
        there = [at for at, name in enumerate(then) if name == headers[place]]
        return there[here.index(place)] if len(here) == len(there) else None

    def held(self, now: Grid, row: Row, place: int) -> object:
        """What a row of this reading held in the column that is at `place` now; nothing in a new one."""
        at = self.column(now, place)
        return None if at is None else _raw_at(self.grid, row, at)

    def same_row(self, now: Grid, row: Row, but: Collection[str], tag: str) -> Row | None:
        """The row as it was: the only one with its tag, else found by all that was not written over."""
        tagged = self.tagged.get(tag, []) if tag and "TAG_SPOOL" not in but else []
        if len(tagged) == 1:
            return tagged[0]
        kept = [name for name in now.names if name not in but and name in self.grid.names]
        mine = [row.cells[now.names.index(name)] for name in kept]
        places = [self.grid.names.index(name) for name in kept]
        return next((old for old in self.grid.rows if [old.cells[place] for place in places] == mine), None)


def strays(before: Grid, now: Grid, wrote: Iterable[Sent], seen: Grid | None = None) -> list[Stray]:
    """Where rows or columns that moved let a write land on other cells, with what these held before.

    `before` is the reading that was written by, `seen` the last one before `now`, which tells of rows that came since.
    What was not there before, a row or a column, held nothing; what was there and not read is `UNSEEN`, as are the
    office's cells of a tag that neither reading has. A row whose spool is nowhere else, with a tag that nothing had, is
    that spool's. A row that moved since is found by the version that landed there, where no merge finds it. Below the
    last row there is nothing, or the reading was cut short.
    """
    sendings = list(wrote)
    if not sendings:
        return []
    then = [_Then(grid) for grid in (before, seen) if grid is not None]
    rows, here = {row.number: row for row in now.rows}, _tags(now)
    anywhere, drifted = set(here.values()), _drifted(now, here, sendings)
    found: list[Stray] = []
    for sent in sendings:
        number, adrift = sent.change.number, drifted.get(sent.version, [])
        hit = [rows.get(number) or Row(number, (None,) * len(now.names))] if number <= now.last_row else []
        for row in dict.fromkeys([*hit, *adrift]):
            said = here.get(row.number, "")
            renamed = said not in {"", *then[0].tagged} and sent.tag not in anywhere
            # The audit's rows have no tag, and do not move.
            mine = sent.tag in ("", said) or renamed
            was = sent.tag if renamed else said
            found += _strays_of(then, now, row, sent.change, was, mine=mine, adrift=row in adrift)
    return list(dict.fromkeys(found))


def misplaced(before: Grid, now: Grid, cells: Collection[Stray]) -> list[Stray]:
    """Where these cells, which were put back as `before` told them, landed on others since rows or columns moved again.

    With what those held. A row without a tag that took the place of another is not told from it.
    """
    then, tags, rows = _Then(before), _tags(now), {row.number: row for row in now.rows}
    anywhere = set(tags.values())
    meant_for = {(cell.row, cell.column): cell.before for cell in cells}
    names = {at: name for name, at in now.columns.positions.items()}
    but = {names.get(cell.column, "") for cell in cells}
    found: list[Stray] = []
    for number in dict.fromkeys(cell.row for cell in cells):
        tag, had = tags.get(number, ""), then.tags.get(number, "")
        stayed = tag == had or (had not in anywhere and tag not in then.tagged.keys() - {""})
        row = rows.get(number) or Row(number, (None,) * len(now.names))
        old = then.same_row(now, row, but, had if stayed else tag)
        for cell in (cell for cell in cells if cell.row == number):
            stood = then.column(now, cell.column)
            if stayed and stood == cell.column:
                continue
            was = then.held(now, old, cell.column) if old else _of_a_new_row(now, row, names.get(cell.column, ""))
            if old is not None and stood is not None:
                was = meant_for.get((old.number, stood), was)
            if was is UNSEEN or not same_raw(cell.before, was):
                found.append(Stray(number, cell.column, cell.before, was))
    return found


def _drifted(now: Grid, tags: Mapping[int, str], wrote: Collection[Sent]) -> dict[str, list[Row]]:
    """The rows in which a version of these stands where no merge sees it: what landed there moved along with them.

    That is outside its own column in a row with a tag; in one without anywhere, unless the write stands where it was
    meant to: then somebody copied that row.
    """
    versions = {sent.version: sent.tag for sent in wrote if sent.version}
    home = now.columns.positions.get("version")
    near = near_ours(now.picked) - set(now.picked.positions)
    standing: set[str] = set()
    found: dict[str, list[Row]] = {}
    for row in now.rows if versions else ():
        beside = ((at, now.beside(row.number, at)) for at in near)
        for at, raw in (*zip(now.picked.positions, row.cells, strict=True), *beside):
            if isinstance(raw, str) and raw in versions:
                if at == home and tags[row.number] == versions[raw]:
                    standing.add(raw)
                elif at != home or not tags[row.number]:
                    found.setdefault(raw, []).append(row)
    return {raw: [row for row in rows if tags[row.number] or raw not in standing] for raw, rows in found.items()}


def meant(now: Grid, wrote: Iterable[Sent]) -> set[int]:
    """The rows that the spools they were meant for stand in now: there only columns can have moved."""
    tags = _tags(now)
    return {change.number for tag, change in wrote if tags.get(change.number) == tag}


def never_ours(now: Grid, cells: Collection[Stray], known: Callable[[Collection[str]], Container[str]]) -> list[Stray]:
    """Of these the cells that the app has no reason to write, now or ever: their column or their row is not its own.

    What stands in the others may have been written since, and the next merge tells it by its version. No merge looks
    at a second row of a tag, and to a tag that is not `known` yet it would give the work of another spool: such a row
    is given back whole while it shows the version of what was written.
    """
    ours = {at for name, at in now.columns.positions.items() if is_ours(now.columns.tab, name)}
    if now.columns.tab != Tab.OPERACIONES:
        return [cell for cell in cells if cell.column not in ours]
    tags = _tags(now)
    times = Counter(tags.values())
    hit = {number: tag for number in _showing(now, cells) if (tag := tags.get(number))}
    spools = known(hit.values()) if hit else ()
    strange = {number for number, tag in hit.items() if times[tag] > 1 or tag not in spools}
    return [cell for cell in cells if cell.column not in ours or not tags.get(cell.row) or cell.row in strange]


def _showing(now: Grid, cells: Iterable[Stray]) -> set[int]:
    """The rows that show the version which one of these cells brought there."""
    place, at = now.names.index("version"), now.columns.positions["version"]
    brought = {cell.row: cell.wrote for cell in cells if cell.column == at}
    return {row.number for row in now.rows if row.number in brought and row.cells[place] == brought[row.number]}


def _tags(grid: Grid) -> dict[int, str]:
    """The canonical tag of every row, by number; nothing of a tab that has none."""
    return {row.number: tag_of(grid, row) for row in grid.rows} if grid.columns.tab == Tab.OPERACIONES else {}


def tag_of(grid: Grid, row: Row) -> str:
    """The canonical tag in a row of Operaciones, "" where none can be read."""
    read = TAG.decode(row.cells[grid.names.index("TAG_SPOOL")])
    return canonical_tag(read) if isinstance(read, str) else ""


def _strays_of(
    then: Collection[_Then], now: Grid, row: Row, change: RowChange, tag: str, *, mine: bool, adrift: bool
) -> Iterator[Stray]:
    """The cells of one row, whose tag was this; where it is the one that was meant, those of columns that moved."""
    first, *later = then
    places = {header: first.grid.columns.positions[header] for header in change.cells}
    moved = {place for place in places.values() if first.column(now, place) != place}
    if mine and not adrift and not moved:
        return
    names = {at: name for name, at in now.columns.positions.items()}
    but = {names.get(place, "") for place in places.values()}
    told, old = first, first.same_row(now, row, but, tag)
    if old is None and later:
        told, old = later[0], later[0].same_row(now, row, but, tag)
        old = None if old is not None and _shows(old, change) else old
    if adrift:
        yield from _moved_on(first, told, now, (old, row), change)
    for header, place in places.items():
        if not mine or place in moved:
            was = told.held(now, old, place) if old else _of_a_new_row(now, row, names.get(place, ""))
            wrote = raw_of(change.tab, header, change.cells[header])
            if was is UNSEEN or not same_raw(wrote, was):
                yield Stray(row.number, place, wrote, was)


def _moved_on(first: _Then, told: _Then, now: Grid, rows: tuple[Row | None, Row], change: RowChange) -> Iterator[Stray]:
    """The cells that moved on since the write landed on them: columns moved before it came, and again after it.

    Only its values tell where they are, and how far the version moved. They are believed where the row's version, which
    nobody types, stands where nobody meant it to. In a row with a tag the next write puts our own right.
    """
    old, row = rows
    tagged = bool(tag_of(now, row))
    if old is None and tagged:
        return
    wrote = {name: raw_of(change.tab, name, value) for name, value in change.cells.items()}
    merged = {at for name, at in now.columns.positions.items() if tagged and is_ours(now.columns.tab, name)}
    here = {at: _raw_at(now, row, at) for at in range(len(now.picked.header))}
    places = first.grid.columns.positions
    by = {at - places["version"] for at, raw in here.items() if same_raw(raw, wrote["version"])}
    along = {(places[name] + far, raw) for name, raw in wrote.items() for far in by}
    for at in here.keys() - merged:
        was = told.held(now, old, at) if old else None
        # A value that the row may have held all along is believed only where it moved as far as the version.
        wanted = [raw for raw in wrote.values() if (at, raw) in along or (old and not same_raw(raw, None))]
        yield from (Stray(row.number, at, raw, was) for raw in wanted if _came(raw, here[at], was))


def _came(wrote: object, here: object, was: object) -> bool:
    """Whether a cell holds what was written now, and something else that is known before."""
    return same_raw(here, wrote) and was is not UNSEEN and not same_raw(was, wrote)


def _shows(row: Row, change: RowChange) -> bool:
    """Whether the write had landed in that row by then: it says no more what stood there."""
    version = change.cells.get("version")
    return version is not None and raw_of(change.tab, "version", version) in row.cells


def _of_a_new_row(now: Grid, row: Row, header: str) -> object:
    """What a row that no reading had may have held: nothing of ours, and of the office's only where it is blank."""
    tab = now.columns.tab
    return UNSEEN if tab == Tab.OPERACIONES and tag_of(now, row) and not is_ours(tab, header) else None


def _raw_at(grid: Grid, row: Row, place: int) -> object:
    if place in grid.picked.positions:
        return row.cells[grid.picked.positions.index(place)]
    return grid.beside(row.number, place)
