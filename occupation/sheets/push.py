"""The push: what the sheet lacks of the app's state, written in one request and proved by reading it back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from occupation.models import Spool
from occupation.services.mirroring import RowWritten
from occupation.sheets.book import BookBusy, Change, Grid, LiveBook, RowChange, WriteRefused
from occupation.sheets.cells import TAG
from occupation.sheets.diff import Known
from occupation.sheets.hydrate import Workers
from occupation.sheets.identity import version_of
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
    """What became of a request: the rows that the book took, those it refuses alone, and what it did to the audit.

    `busy` is what ended the search for those it refuses, which goes on another time among the `suspects`.
    """

    taken: list[RowToWrite] = field(default_factory=list)
    refused: list[tuple[RowToWrite, str]] = field(default_factory=list)
    audit_taken: bool = False
    audit_refused: str = ""
    busy: BookBusy | None = None
    suspects: frozenset[int] = frozenset()


def row_to_write(row: Reading, known: Known, workers: Workers, doubtful: Collection[str] | None) -> RowToWrite:
    """Work out the cells in which a row differs from the app's state now.

    Where the first import left another value it stays, until the app's own changes. `doubtful` are the only headers
    of those that still count once the spool was worked on, None when it never was.
    """
    spool, mirror = known.spool, known.mirror
    app, sheet = app_cells_of(app_columns(spool)), row.app_cells()
    left = {name: said for name, said in mirror.left.items() if doubtful is None or name in doubtful}
    lacking = {name for name in APP_HEADERS if sheet[name] != app[name] and left.get(name) != app[name]}
    # The version goes with every write: one that arrives late is known by it for an old copy, not taken for an edit.
    differing = [name for name in APP_HEADERS if name in lacking or (lacking and name == "version")]
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

    def write(
        self,
        rows: Sequence[RowToWrite],
        audit: Sequence[RowChange],
        suspects: Collection[int] = (),
        *,
        doubts_audit: bool = False,
    ) -> Outcome:
        """Write all at once. Where the book refuses that, halve until what it refuses is alone; the rest is written.

        `suspects` are the spools among which an earlier search ended: it goes on there first. An audit that was refused
        before goes last, by itself. A search that finds the book busy keeps what it found; nothing is raised then.
        """
        apart = [row for row in rows if row.written.spool_id in suspects]
        others = [row for row in rows if row.written.spool_id not in suspects]
        self._send(apart, ())
        if doubts_audit:
            self._send(others, (), searching=bool(apart))
            self._send((), audit, searching=bool(rows))
        else:
            self._send(others, audit, searching=bool(apart))
        return self.outcome

    def _send(self, rows: Sequence[RowToWrite], audit: Sequence[RowChange], *, searching: bool = False) -> None:
        changes = [*(row.change for row in rows), *audit]
        if not changes or self.outcome.busy:
            return
        self.must_lead()
        try:
            self.book.apply(Change({tab: grid.columns for tab, grid in self.grids.items()}, changes))
        except WriteRefused as refused:
            self._halve(rows, audit, str(refused))
        except BookBusy as busy:
            if not searching:
                raise
            self.outcome.busy = busy
        else:
            self.outcome.taken += rows
            self.outcome.audit_taken |= bool(audit)

    def _halve(self, rows: Sequence[RowToWrite], audit: Sequence[RowChange], why: str) -> None:
        if not rows:
            self.outcome.audit_refused = why
        elif len(rows) == 1 and not audit:
            self.outcome.refused.append((rows[0], why))
        else:
            half = 0 if audit else len(rows) // 2
            self._send(rows[:half] if half else rows, (), searching=True)
            self._send(rows[half:] if half else (), audit, searching=True)
            if self.outcome.busy and not self.outcome.suspects:
                self.outcome.suspects = frozenset(row.written.spool_id for row in rows)


class Proof(NamedTuple):
    """What became of the rows of a write: they stand, they moved away, or another program wrote them since."""

    stood: list[RowToWrite]
    gone: list[RowToWrite]
    overwritten: list[RowToWrite]


def proved(proof: Grid, used: Grid, rows: Iterable[RowToWrite]) -> Proof:
    """Sort the rows by what their keys and versions say now. `used` is the reading that they were written by."""
    found = {row.number: dict(zip(proof.names, row.cells, strict=True)) for row in proof.rows}
    moved = proof.columns.positions != used.columns.positions
    told = Proof([], [], [])
    for row in rows:
        cells = found.get(row.change.number, {})
        here = TAG.decode(cells.get("TAG_SPOOL"))
        if moved or not isinstance(here, str) or canonical_tag(here) != row.tag:
            told.gone.append(row)
        elif version_of(cells.get("version")) != str(row.written.version):
            told.overwritten.append(row)
        else:
            told.stood.append(row)
    return told
