"""What a write meant to reach, kept before it is sent: whoever reads the book next finds what landed elsewhere.

A relay that dies between a write and its proof leaves this behind, with as much of the reading it wrote by as it takes
to give back what other cells held: the rows that were written and what stands near them, and the rows that no merge
puts right, which are those without a tag and those whose tag stands twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from occupation.sheets.book import UNSEEN, AsRead, Grid, Picked, Row, RowChange, is_filled, pick, raw_of
from occupation.sheets.google_ranges import near_ours
from occupation.sheets.identity import version_of
from occupation.sheets.layout import Hold, Tab
from occupation.sheets.rows import APP_HEADERS
from occupation.sheets.strays import Sent, tag_of

_TAB: Final = Tab.OPERACIONES
"""The audit keeps its own: the ids and rows of what was sent go to the same rows until they are seen."""

Json = dict[str, Any]


class Wrote(NamedTuple):
    """What was sent and not seen to stand, with the reading that it was worked out from, and how long it may arrive.

    `looked_for` tells that the book was read since; before, nothing was written after it.
    """

    before: Grid
    rows: Sequence[Sent]
    until: datetime
    looked_for: bool = False

    @property
    def tab(self) -> Tab:
        """Where it was sent to."""
        return self.before.columns.tab

    @property
    def events(self) -> list[RowChange]:
        """The rows of the audit."""
        return [row.change for row in self.rows if not row.tag]

    def astray(self, now: Grid) -> Sequence[Sent]:
        """The rows that may have landed elsewhere. What came to stand by the first look did not: it arrives once.

        A write that only puts cells back brings no new version, so that its row tells nothing of it.
        """
        if self.looked_for or self.tab != _TAB:
            return self.rows
        came = _shown(now) - _shown(self.before)
        return [row for row in self.rows if (row.tag, row.version) not in came]

    def looked(self, now: Grid | Hold | None, latest: datetime) -> Wrote:
        """The same after that reading of its tab, if there was one; it arrives at the `latest` then.

        A clock that was ahead when it was sent makes nobody look for it longer.
        """
        if not isinstance(now, Grid):
            return self
        return self._replace(rows=self.astray(now), until=min(self.until, latest), looked_for=True)


def kept(writes: Iterable[Wrote]) -> str:
    """These writes as text, without those to the audit; "" for none."""
    texts = [_kept(one) for one in writes if one.tab == _TAB and one.rows]
    return json.dumps(texts) if texts else ""


def recalled(text: str, tags: Iterable[str]) -> list[Wrote]:
    """The writes that `kept` told. What this version of the app cannot read is not recalled.

    `tags` are those that the app knows: of one whose row was not kept it is known that it was there, but not what it
    said.
    """
    found = (_recalled(one, tags) for one in json.loads(text or "[]"))
    return [one for one in found if one is not None]


def _shown(grid: Grid) -> set[tuple[str, str]]:
    """Which tag shows which version."""
    place = grid.names.index("version")
    return {(tag_of(grid, row), version_of(row.cells[place])) for row in grid.rows}


def _kept(one: Wrote) -> Json:
    before, numbers = one.before, {row.change.number for row in one.rows}
    return {
        "hasta": one.until.isoformat(),
        "buscada": one.looked_for,
        "encabezados": before.picked.header,
        "columnas": before.names,
        "enviadas": [[row.tag, row.change.number, _raw(row.change)] for row in one.rows],
        "filas": [row for row in before.rows if row.number in numbers] + list(_nobodys(before, numbers)),
        "al_lado": {number: _beside(before, number) for number in sorted(numbers)},
    }


def _raw(change: RowChange) -> Json:
    return {header: raw_of(change.tab, header, value) for header, value in change.cells.items()}


def _nobodys(before: Grid, but: set[int]) -> Iterator[Row]:
    """The rows that no merge gives their cells back: without a tag but with cells of ours, or with a tag of others."""
    tags = {row.number: tag_of(before, row) for row in before.rows}
    times = Counter(tags.values())
    ours = [before.names.index(name) for name in APP_HEADERS if name in before.names]
    for row in before.rows:
        tag = tags[row.number]
        mine = times[tag] > 1 if tag else is_filled([row.cells[place] for place in ours])
        if mine and row.number not in but:
            yield row


def _beside(before: Grid, number: int) -> Mapping[int, object]:
    """What stands in a row near our columns, by position, where anybody read it."""
    near = sorted(near_ours(before.picked) - set(before.picked.positions))
    told = {position: before.beside(number, position) for position in near}
    return {position: raw for position, raw in told.items() if raw is not UNSEEN}


@dataclass(frozen=True, slots=True)
class _Recalled:
    """What was kept of the cells near those that were written: by row number and position, spelled as JSON does."""

    rows: Mapping[str, Mapping[str, object]]

    def __call__(self, number: int, position: int) -> object:
        """See `Beside`."""
        return self.rows.get(str(number), {}).get(str(position), UNSEEN)


def _recalled(told: Json, tags: Iterable[str]) -> Wrote | None:
    picked = pick(_TAB, told["encabezados"], told["columnas"])
    if not isinstance(picked, Picked) or list(picked.names) != told["columnas"]:
        return None
    rows = [Row(number, tuple(cells)) for number, cells in told["filas"]]
    before = Grid(picked, rows, max((row.number for row in rows), default=1), _Recalled(told["al_lado"]))
    before = replace(before, rows=[*rows, *_unread(before, tags)])
    sent = [
        Sent(tag, RowChange(_TAB, number, {header: AsRead(raw) for header, raw in cells.items()}))
        for tag, number, cells in told["enviadas"]
    ]
    return Wrote(before, sent, datetime.fromisoformat(told["hasta"]), told["buscada"])


def _unread(before: Grid, tags: Iterable[str]) -> Iterator[Row]:
    """A row for each other of these tags, of which nothing else is known: its number is none of the tab's."""
    there = {tag_of(before, row) for row in before.rows}
    for number, tag in enumerate(tags):
        if tag not in there:
            yield Row(-number, tuple(tag if name == "TAG_SPOOL" else UNSEEN for name in before.names))
