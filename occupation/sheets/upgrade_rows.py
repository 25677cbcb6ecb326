"""What initialising writes in the columns that an upgrade added, row by row.

A row that the app does not know says for itself what it means, as at its first import: its version is made of the
upgrade's seed and its tag, so that the same row gets the same one however often it is worked out. Of a spool that the
app knows the app's own cells are written. Rows that are not used get nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from occupation.estado_detalle import parse
from occupation.sheets.book import Cells, Grid, Place, RowChange, is_filled, raw_of
from occupation.sheets.diff import Known
from occupation.sheets.hydrate import Workers
from occupation.sheets.identity import Identity, Tagged, version_of
from occupation.sheets.layout import Columns, Tab, locate
from occupation.sheets.pull_rows import identify_rows, plan_new
from occupation.sheets.push import app_values
from occupation.sheets.rows import Reading
from occupation.sheets.stored import known_spools, stored_spools

ROWS_PER_WRITE: Final = 2000
"""How many rows one request initialises: four short cells each."""


@dataclass(slots=True)
class Initial:
    """The rows to write, the base of each known spool's row once they stand, and what is left as it is."""

    rows: list[RowChange] = field(default_factory=list)
    bases: dict[int, dict[str, str]] = field(default_factory=dict)
    unused: int = 0

    def told(self) -> list[str]:
        """What would be written, in Spanish."""
        counts = {name: sum(row.cells.get(name) is not None for row in self.rows) for name in _headers(self.rows)}
        lines = [f"{Tab.OPERACIONES}: al inicializar, «{name}» en {count} filas" for name, count in counts.items()]
        if self.unused:
            lines.append(f"{Tab.OPERACIONES}: {self.unused} filas repetidas o sin tag quedan como están")
        return lines


def _headers(rows: Collection[RowChange]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.cells))


def version_for(seed: UUID, tag: str) -> UUID:
    """The version of a row that has none: always the same for one upgrade and tag."""
    return UUID(bytes=blake2b(tag.encode(), key=seed.bytes, digest_size=16).digest(), version=4)


def initial(grid: Grid, workers: Workers, added: Collection[str], seed: UUID) -> Initial:
    """Work out which of the `added` cells are not yet as they should be. Reads the app's spools, writes nothing."""
    identity = identify_rows(grid, stored_spools())
    known = known_spools(tagged.stored.spool_id for tagged in identity.rows if tagged.stored)
    ahora = timezone.now()
    found, issued = Initial(), set[str]()
    for tagged in identity.rows:
        row = Reading.of(grid, tagged.row, tagged.tag_hoja)
        mine = known.get(tagged.stored.spool_id) if tagged.stored else None
        values = app_values(mine.spool, workers) if mine else _first(tagged, row, workers, added, seed, ahora)
        issued.add(str(values["version"]))
        if cells := _lacking(row, values, added, mine):
            found.rows.append(RowChange(Tab.OPERACIONES, row.number, cells))
        if mine:
            found.bases[mine.spool.pk] = mine.mirror.base | {name: row.app_cells()[name] for name in added}
    found.rows += _astray(grid, identity, added, issued)
    found.rows.sort(key=lambda change: change.number)
    found.unused = len(grid.rows) - len(identity.rows)
    return found


def _first(
    tagged: Tagged, row: Reading, workers: Workers, added: Collection[str], seed: UUID, ahora: datetime
) -> dict[str, Any]:
    """What a row that the app has never seen says, as its first import will read it."""
    if "version" in added:
        tagged = replace(tagged, version=version_for(seed, tagged.tag), copied_of="")
    named = parse(row.said("Estado_Detalle", str) or "").worker_id
    if "Ocupado_Por" in added and named in workers:
        row = replace(row, values={**row.values, "Ocupado_Por": named})
    columns = plan_new(tagged, row, workers, ahora).columns
    holder = columns.get("ocupado_por_id")
    return {
        "Ocupado_Por": workers.get(holder or 0),
        "Fecha_Ocupacion": None,
        "version": str(columns["version"]),
        "Estado_Detalle": columns["estado_detalle"],
    }


def _lacking(row: Reading, values: Mapping[str, Any], added: Collection[str], known: Known | None) -> dict[str, Any]:
    """The cells to write in a row that is used: all if its version is another row's or none, else the blank ones."""
    right = {str(values["version"]), known.mirror.base.get("version", "") if known else ""}
    if "version" in added and (version_of(row.said("version", str)) or None) not in right:
        return {name: values[name] for name in added if values[name] is not None or row.filled(name)}
    return {name: values[name] for name in added if values[name] is not None and not row.filled(name)}


def _astray(grid: Grid, identity: Identity, added: Collection[str], issued: Collection[str]) -> Iterator[RowChange]:
    """Empty what we wrote for a row that somebody sorted away, where a row that is not used stands now."""
    used = {tagged.row.number for tagged in identity.rows}
    for row in grid.rows:
        cells = dict(zip(grid.names, row.cells, strict=True))
        if row.number not in used and version_of(cells["version"]) in issued:
            yield RowChange(Tab.OPERACIONES, row.number, {name: None for name in added if is_filled([cells[name]])})


def wrong_columns(before: Cells, now: Cells, columns: Columns, rows: Collection[RowChange]) -> dict[Place, object]:
    """What to put back where columns moved while these rows were written at the old `columns`, by place.

    Only cells that hold what was written are touched; they get what their row and column held before, found by the
    tag and by the header, or a blank where neither was there.
    """
    back: dict[Place, object] = {}
    old_rows, tag_at = _by_tag(before), _tag_position(now)
    for change in rows:
        if change.number > len(now):
            continue
        row = now[change.number - 1]
        old = old_rows.get(row[tag_at] if tag_at is not None and tag_at < len(row) else None, ())
        for name, value in change.cells.items():
            at = columns.positions[name]
            written = raw_of(Tab.OPERACIONES, name, value)
            if at < len(row) and row[at] == written and now[0][at : at + 1] != (name,):
                back[Place(change.number, at)] = _cell_under(before[0], old, now[0], at)
    return back


def _tag_position(cells: Cells) -> int | None:
    located = locate(Tab.OPERACIONES, cells[0])
    return located.positions["TAG_SPOOL"] if isinstance(located, Columns) else None


def _by_tag(cells: Cells) -> dict[object, tuple[object, ...]]:
    at = _tag_position(cells)
    return {} if at is None else {row[at]: row for row in reversed(cells[1:]) if at < len(row)}


def _cell_under(before: Sequence[object], row: Sequence[object], now: Sequence[object], at: int) -> object:
    """What `row` had in the column that stands at `at` now."""
    old = _position_before(before, now, at)
    return row[old] if old is not None and old < len(row) else ""


def _position_before(before: Sequence[object], now: Sequence[object], at: int) -> int | None:
    """Where a column stood before; `None` for one that is new. One without header keeps its distance to the next."""
    places = {text: place for place, text in reversed(list(enumerate(before))) if text != ""}
    anchor = next((place for place in range(at, len(now)) if now[place] in places), None)
    if anchor is None:
        return None
    old = places[now[anchor]] - (anchor - at)
    return old if old >= 0 and before[old] == now[at] else None
