"""The push: what the sheet lacks of the app's state, written in one request and proved by reading it back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from occupation.models import Spool
from occupation.services.mirroring import RowWritten
from occupation.sheets.book import AsRead, Change, Grid, LiveBook, Row, RowChange, WriteRefused
from occupation.sheets.cells import TAG
from occupation.sheets.diff import Known
from occupation.sheets.hydrate import Workers
from occupation.sheets.layout import Tab
from occupation.sheets.rows import APP_HEADERS, Reading, app_cells_of, app_columns
from occupation.tags import canonical_tag

ROWS_PER_WRITE: Final = 500


class RowToWrite(NamedTuple):
    """A row of the sheet to bring to the app's state: where it is, its cells, and what is known once they stand."""

    tag: str
    change: RowChange
    written: RowWritten


@dataclass(slots=True)
class Outcome:
    """What became of a request: the rows that the book took, those it refuses alone, and whether it took the audit."""

    taken: list[RowToWrite] = field(default_factory=list)
    refused: list[tuple[RowToWrite, str]] = field(default_factory=list)
    audit_refused: str = ""


def row_to_write(row: Reading, known: Known, workers: Workers, doubtful: Collection[str] | None) -> RowToWrite:
    """Work out the cells in which a row differs from the app's state now.

    Where the first import left another value it stays, until the app's own changes. `doubtful` are the only headers
    of those that still count once the spool was worked on, None when it never was.
    """
    spool, mirror = known.spool, known.mirror
    app, sheet = app_cells_of(app_columns(spool)), row.app_cells()
    left = {name: said for name, said in mirror.left.items() if doubtful is None or name in doubtful}
    differing = [name for name in APP_HEADERS if sheet[name] != app[name] and left.get(name) != app[name]]
    base = {
        name: app[name] if name in differing or sheet[name] == app[name] else mirror.base.get(name, "")
        for name in APP_HEADERS
    }
    values = app_values(spool, workers)
    change = RowChange(Tab.OPERACIONES, row.number, {name: values[name] for name in differing})
    texts = {name: app[name] for name in differing}
    return RowToWrite(spool.tag, change, RowWritten(spool.pk, spool.version, texts, base))


def app_values(spool: Spool, workers: Workers) -> dict[str, Any]:
    """What the spool's cells of ours mean, by header, as their codecs write them."""
    return {
        "Fecha_Armado": spool.fecha_armado,
        "Armador": workers.get(spool.armador_id or 0),
        "Fecha_Soldadura": spool.fecha_soldadura,
        "Soldador": workers.get(spool.soldador_id or 0),
        "Fecha_QC_Metrología": spool.fecha_qc,
        "Ocupado_Por": workers.get(spool.ocupado_por_id or 0),
        "Fecha_Ocupacion": spool.ocupado_desde,
        "version": str(spool.version),
        "Estado_Detalle": spool.estado_detalle,
    }


@dataclass(slots=True)
class Push:
    """One request to the book: rows of Operaciones and rows of the audit.

    `must_lead` raises when somebody else writes now; it is asked right before anything is sent.
    """

    book: LiveBook
    must_lead: Callable[[], None]
    grids: Mapping[Tab, Grid]
    outcome: Outcome = field(default_factory=Outcome)

    def write(self, rows: Sequence[RowToWrite], audit: Sequence[RowChange]) -> Outcome:
        """Write all at once. Where the book refuses that, halve until what it refuses is alone; the rest is written."""
        changes = [*(row.change for row in rows), *audit]
        if not changes:
            return self.outcome
        self.must_lead()
        try:
            self.book.apply(Change({tab: grid.columns for tab, grid in self.grids.items()}, changes))
        except WriteRefused as refused:
            self._halve(rows, audit, str(refused))
        else:
            self.outcome.taken += rows
        return self.outcome

    def _halve(self, rows: Sequence[RowToWrite], audit: Sequence[RowChange], why: str) -> None:
        if rows and audit:
            self.write(rows, ())
            self.write((), audit)
        elif audit:
            self.outcome.audit_refused = why
        elif len(rows) == 1:
            self.outcome.refused.append((rows[0], why))
        else:
            half = len(rows) // 2
            self.write(rows[:half], ())
            self.write(rows[half:], ())


def proved(proof: Grid, used: Grid, rows: Iterable[RowToWrite]) -> tuple[list[RowToWrite], list[RowToWrite]]:
    """Tell the rows that stand where they were written from those that moved meanwhile."""
    keys = {row.number: row.cells[proof.names.index("TAG_SPOOL")] for row in proof.rows}
    moved = proof.columns.positions != used.columns.positions
    stood: list[RowToWrite] = []
    gone: list[RowToWrite] = []
    for row in rows:
        here = TAG.decode(keys.get(row.change.number))
        same = isinstance(here, str) and canonical_tag(here) == row.tag
        (stood if same and not moved else gone).append(row)
    return stood, gone


def strays(before: Grid, now: Grid, gone: Iterable[RowToWrite]) -> list[RowChange]:
    """What rows that moved away let us write on others, each to be put back as it was before.

    Only cells that still hold what was written are touched. A row that nobody saw before held nothing there.
    """
    rows = {row.number: row for row in now.rows}
    found = [_stray(before, now, rows[one.change.number], one) for one in gone if one.change.number in rows]
    return [change for change in found if change.cells]


def _stray(before: Grid, now: Grid, row: Row, wrote: RowToWrite) -> RowChange:
    texts, written = Reading.of(now, row, "").app_cells(), wrote.written.cells
    still = [name for name in written if texts[name] == written[name]]
    old = _same_row(before, now, row, still)
    cells = {name: AsRead(old[before.names.index(name)] if old else None) for name in still}
    return RowChange(Tab.OPERACIONES, row.number, cells)


def _same_row(before: Grid, now: Grid, row: Row, but: Collection[str]) -> tuple[Any, ...] | None:
    """The cells of the row as it was before, found by all that was not written over."""
    kept = [name for name in now.names if name not in but and name in before.names]
    mine = [_unpadded(row.cells[now.names.index(name)]) for name in kept]
    places = [before.names.index(name) for name in kept]
    for old in before.rows:
        if [_unpadded(old.cells[place]) for place in places] == mine:
            return old.cells
    return None


def _unpadded(cell: object) -> object:
    """A blank before a filled cell is told as "" and one after the last is left out: what we wrote changed which."""
    return None if cell == "" else cell
