"""What a write left on cells that nobody meant it for, because rows or columns moved before it came or after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from occupation.sheets.book import UNSEEN, Grid, Row, RowChange, Stray, raw_of, same_raw
from occupation.sheets.cells import TAG
from occupation.sheets.google_ranges import BESIDE, near_ours
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


def strays(before: Grid, now: Grid, wrote: Iterable[Sent], seen: Grid | None = None) -> list[Stray]:
    """Where rows or columns that moved let a write land on other cells, with what these held before.

    `before` is the reading that was written by, `seen` the last one before `now`, which tells of rows that came since.
    What was not there before, a row or a column, held nothing; what was there and not read is `UNSEEN`, as are the
    office's cells of a tag that neither reading has. A row whose spool is nowhere else, with a tag that nothing had, is
    that spool's. A row that moved since is found by the version that landed there, where no merge finds it. Below the
    last row there is nothing, or the reading was cut short.
    """
    rows = {row.number: row for row in now.rows}
    here, there = _tags(now), set(_tags(before).values())
    anywhere, sendings = set(here.values()), list(wrote)
    adrift = _adrift(now, here, {sent.version for sent in sendings} - {""})
    found: list[Stray] = []
    for sent in sendings:
        number = sent.change.number
        hit = [rows.get(number) or Row(number, (None,) * len(now.names))] if number <= now.last_row else []
        shoved = adrift.get(sent.version, [])
        for row in dict.fromkeys([*hit, *shoved]):
            said = here.get(row.number, "")
            renamed = said not in {"", *there} and sent.tag not in anywhere
            # The audit's rows have no tag, and do not move.
            mine = sent.tag in ("", said) or renamed
            was = sent.tag if renamed else said
            found += _strays_of((before, seen), now, row, sent.change, was, mine=mine, shoved=row in shoved)
    return list(dict.fromkeys(found))


def misplaced(before: Grid, now: Grid, cells: Collection[Stray]) -> list[Stray]:
    """Where these cells, which were put back as `before` told them, landed on others since rows or columns moved again.

    With what those held. A row without a tag that took the place of another is not told from it.
    """
    tags, were, rows = _tags(now), _tags(before), {row.number: row for row in now.rows}
    names = {at: name for name, at in now.columns.positions.items()}
    but = {names.get(cell.column, "") for cell in cells}
    meant_for = {(cell.row, cell.column): cell.before for cell in cells}
    found: list[Stray] = []
    for cell in cells:
        tag, stood = tags.get(cell.row, ""), _column_before(before, now, cell.column)
        if tag == were.get(cell.row, "") and stood == cell.column:
            continue
        row = rows.get(cell.row) or Row(cell.row, (None,) * len(now.names))
        old = _same_row(before, now, row, but, tag)
        was = _stood_at(before, now, old, cell.column) if old else _of_a_new_row(now, row, names.get(cell.column, ""))
        if old is not None and stood is not None:
            was = meant_for.get((old.number, stood), was)
        here = _put_here(now, rows, cell)
        if was is UNSEEN or not same_raw(here, was):
            found.append(Stray(cell.row, cell.column, here, was))
    return found


def _put_here(now: Grid, rows: Mapping[int, Row], cell: Stray) -> object:
    """What stands in such a cell once it was put back here: a formula was copied from a row near it, as it is."""
    blank = (None,) * len(now.names)
    near = range(cell.row - BESIDE, cell.row + BESIDE + 1)
    looks = {number: _raw_at(now, rows.get(number) or Row(number, blank), cell.column) for number in near}
    here = looks.pop(cell.row)
    return here if here is not UNSEEN and any(same_raw(here, other) for other in looks.values()) else cell.before


def _adrift(now: Grid, tags: Mapping[int, str], versions: Collection[str]) -> dict[str, list[Row]]:
    """The rows in which one of these versions stands where no merge sees it: what landed there moved along with them.

    That is anywhere in a row without a tag, and outside its own column in any other.
    """
    home = now.columns.positions.get("version")
    near = near_ours(now.picked) - set(now.picked.positions)
    found: dict[str, list[Row]] = {}
    for row in now.rows if versions else ():
        beside = ((at, now.beside(row.number, at)) for at in near)
        for at, raw in (*zip(now.picked.positions, row.cells, strict=True), *beside):
            if isinstance(raw, str) and raw in versions and (at != home or not tags.get(row.number)):
                found.setdefault(raw, []).append(row)
    return found


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
    readings: tuple[Grid, Grid | None], now: Grid, row: Row, change: RowChange, tag: str, *, mine: bool, shoved: bool
) -> Iterator[Stray]:
    """The cells of one row, whose tag was this; where it is the one that was meant, those of columns that moved."""
    before, seen = readings
    places = {header: before.columns.positions[header] for header in change.cells}
    stood = {place: _column_before(before, now, place) for place in places.values()}
    if mine and not shoved and all(place == at for place, at in stood.items()):
        return
    names = {at: name for name, at in now.columns.positions.items()}
    but = {names.get(place, "") for place in places.values()}
    old = _same_row(before, now, row, but, tag)
    if old is None and seen is not None:
        before, old = seen, _same_row(seen, now, row, but, tag)
        old = None if old is not None and _shows(old, change) else old
    if shoved:
        yield from _shoved_on(before, now, (old, row), change)
    for header, place in places.items():
        if not (mine and stood[place] == place):
            was = _stood_at(before, now, old, place) if old else _of_a_new_row(now, row, names.get(place, ""))
            wrote = raw_of(change.tab, header, change.cells[header])
            if was is UNSEEN or not same_raw(wrote, was):
                yield Stray(row.number, place, wrote, was)


def _stood_at(before: Grid, now: Grid, old: Row, place: int) -> object:
    """What a row said before in the column that is at `place` now; nothing in a new one."""
    at = _column_before(before, now, place)
    return None if at is None else _raw_at(before, old, at)


def _of_a_new_row(now: Grid, row: Row, header: str) -> object:
    """What a row that no reading had may have held: nothing of ours, and of the office's only where it is blank."""
    tab = now.columns.tab
    return UNSEEN if tab == Tab.OPERACIONES and tag_of(now, row) and not is_ours(tab, header) else None


def _shoved_on(before: Grid, now: Grid, rows: tuple[Row | None, Row], change: RowChange) -> Iterator[Stray]:
    """The cells that moved on since the write landed on them: columns moved before it came, and again after it.

    Only its values tell where they are, and of blanks how far the version moved. They are believed where the row's
    version, which nobody types, stands where nobody meant it to. In a row with a tag the next write puts our own right.
    """
    old, row = rows
    tagged = bool(tag_of(now, row))
    if old is None and tagged:
        return
    wrote = {name: raw_of(change.tab, name, value) for name, value in change.cells.items()}
    merged = {at for name, at in now.columns.positions.items() if tagged and is_ours(now.columns.tab, name)}
    here = {at: _raw_at(now, row, at) for at in range(len(now.picked.header))}
    places = before.columns.positions
    moved = {at - places["version"] for at, raw in here.items() if same_raw(raw, wrote["version"])}
    blanks = {places[name] + by for name, raw in wrote.items() if same_raw(raw, None) for by in moved}
    for at in here.keys() - merged:
        stood = _column_before(before, now, at)
        was = None if stood is None or old is None else _raw_at(before, old, stood)
        wanted = [raw for raw in wrote.values() if at in blanks or not same_raw(raw, None)]
        yield from (Stray(row.number, at, raw, was) for raw in wanted if _came(raw, here[at], was))


def _came(wrote: object, here: object, was: object) -> bool:
    """Whether a cell holds what was written now, and something else that is known before."""
    return same_raw(here, wrote) and was is not UNSEEN and not same_raw(was, wrote)


def _column_before(before: Grid, now: Grid, place: int) -> int | None:
    """Where the column that is at `place` now stood before, by its header; None for a new one."""
    header = now.picked.header[place] if place < len(now.picked.header) else ""
    places = [at for at, name in enumerate(before.picked.header) if name == header and name != ""]
    return places[0] if len(places) == 1 else None


def _raw_at(grid: Grid, row: Row, place: int) -> object:
    if place in grid.picked.positions:
        return row.cells[grid.picked.positions.index(place)]
    return grid.beside(row.number, place)


def _shows(row: Row, change: RowChange) -> bool:
    """Whether the write had landed in that row by then: it says no more what stood there."""
    version = change.cells.get("version")
    return version is not None and raw_of(change.tab, "version", version) in row.cells


def _same_row(before: Grid, now: Grid, row: Row, but: Collection[str], tag: str) -> Row | None:
    """The row as it was before: the only one with its tag, else found by all that was not written over."""
    known = "TAG_SPOOL" in now.names and "TAG_SPOOL" not in but and tag
    tagged = [old for old in before.rows if known and tag_of(before, old) == tag]
    if len(tagged) == 1:
        return tagged[0]
    kept = [name for name in now.names if name not in but and name in before.names]
    mine = [row.cells[now.names.index(name)] for name in kept]
    places = [before.names.index(name) for name in kept]
    return next((old for old in before.rows if [old.cells[place] for place in places] == mine), None)
