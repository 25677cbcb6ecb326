"""The writing half of a cycle: intent, one request, proof, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from occupation.models import EstadoHoja, Spool
from occupation.services.holds import hold, release, waiting
from occupation.services.mirroring import intend, park, remember, settle, settle_audit
from occupation.sheets import audit
from occupation.sheets.audit import AuditPlan
from occupation.sheets.book import (
    UNSEEN,
    Ask,
    BookBusy,
    Grid,
    LiveBook,
    Row,
    Stray,
    WriteRefused,
    WriteUnknown,
    same_raw,
)
from occupation.sheets.cycle_report import CycleReport
from occupation.sheets.guard import Accepts
from occupation.sheets.hydrate import Workers
from occupation.sheets.layout import Hold, Tab, letters
from occupation.sheets.live import LiveRow, rows_to_write
from occupation.sheets.push import ROWS_PER_WRITE, Outcome, Push, RowToWrite, proved
from occupation.sheets.strays import Sent, meant, misplaced, never_ours, strays
from occupation.sheets.wrote import Wrote, kept, recalled
from occupation.vocabulary import TipoRetencion

MAY_ARRIVE: Final = timedelta(minutes=10)
"""How long Google may still apply a request whose answer was lost."""


AUDIT_AGAIN: Final = timedelta(seconds=60)
"""How long an audit that the book refused is not sent: most likely its tab is protected, and a person has to mend that.
Each try is a request of the minute's quota; once a minute takes a thirtieth of it, and is soon after the mending.
"""


class NotLeading(Exception):  # noqa: N818  no fault: somebody else writes now
    """Another relay leads: nothing may be written any more."""


@dataclass(slots=True)
class Memory:
    """What a relay keeps between its cycles, and loses without harm when it ends.

    `wrote` is the last write and `unknown` those that may still arrive, also from a relay that is gone: `recalled` once
    it is known what that one left.
    `restored` is what was put back and not seen since, each time with the reading that told it.
    `quiet` are the answers of a book that had nothing to do, for each of the two ways to read it, and until when that
    is believed: while they are the very same, nothing is compared again.
    """

    audit_known: bool = False
    audit_refused: datetime | None = None
    wrote: dict[Tab, Wrote] = field(default_factory=dict)
    restored: list[tuple[Grid, Sequence[Stray]]] = field(default_factory=list)
    unknown: list[Wrote] = field(default_factory=list)
    recalled: bool = False
    last: dict[Tab, Grid] = field(default_factory=dict)
    lost: set[Stray] = field(default_factory=set)
    taken: dict[int, Row] = field(default_factory=dict)
    suspects: frozenset[int] = frozenset()
    seen: dict[int, str] = field(default_factory=dict)
    quiet: dict[bool, tuple[Sequence[object], datetime]] = field(default_factory=dict)
    dates: dict[Tab, Mapping[str, int]] = field(default_factory=dict)

    def kept(self) -> str:
        """What the next relay has to know of the writes that may have landed elsewhere, or may still."""
        return kept([*self.unknown, *(one for one in self.wrote.values() if one not in self.unknown)])


@dataclass(slots=True)
class Flush:
    """Writes what one reading of the book lacks, and looks whether it landed where it was meant to.

    It is made before the book and the spools are read, at the moment that `began` tells.
    """

    book: LiveBook
    memory: Memory
    report: CycleReport
    workers: Workers
    leads: Callable[[], bool]
    accepts: Accepts
    dry_run: bool = False
    began: datetime = field(default_factory=timezone.now)

    def run(
        self,
        state: EstadoHoja,
        operaciones: Grid | None,
        rows: Sequence[LiveRow],
        metadata: Grid | None,
    ) -> bool:
        """Write and prove; False when something landed elsewhere and the book must be read again."""
        wanted = rows_to_write([row for row in rows if not row.known.mirror.error], self.workers)
        owing = {row.spool.pk for row in rows if row.known.mirror.behind_since or row.known.mirror.intent}
        ready = [row for row in wanted if not row.change.cells and row.written.spool_id in owing]
        lacking = [row for row in wanted if row.change.cells]
        wanted = lacking[:ROWS_PER_WRITE]
        planned = self._audit(state, metadata)
        if self.dry_run:
            self.report.rows, self.report.events = len(wanted), len(planned.rows)
            return True
        if ready:
            settle([row.written for row in ready], self.began)
        grids = {tab: grid for tab, grid in ((Tab.OPERACIONES, operaciones), (Tab.METADATA, metadata)) if grid}
        if wanted or planned.rows:
            written = self.report.written
            done = self._write(Push(self.book, self._must_lead, grids), wanted, planned)
            # What cannot be written is not tried again without a pause.
            self.report.more = self.report.written > written and (lacking != wanted or planned.more)
            return done
        if metadata is not None and not planned.refused:
            self._audit_seen(state, planned)
        return True

    def _audit(self, state: EstadoHoja, metadata: Grid | None) -> AuditPlan:
        if metadata is None:
            return AuditPlan(refused="retenida")
        planned = audit.plan(metadata, state, self.accepts)
        if planned.refused:
            self.report.hold(Tab.METADATA, planned.refused)
            if not self.dry_run:
                hold(Tab.METADATA, TipoRetencion.ENCOGIDA, planned.refused, mostrado=planned.lost)
        elif not self.dry_run:
            if planned.believed:
                # Before the permission is used up: nothing that is written next may arrive.
                self._must_lead()
                remember(metadata_desde=planned.desde, metadata_fila=planned.last_row)
            release(Tab.METADATA, TipoRetencion.ENCOGIDA)
            self.memory.audit_known = True
            return self._doubted(planned)
        return planned

    def _doubted(self, planned: AuditPlan) -> AuditPlan:
        """While the book was last seen to refuse the audit: the plan, to be tried by itself, or none before it is time.

        That is over once the book takes rows of it, or none is owed any more.
        """
        why = waiting(Tab.METADATA, TipoRetencion.ESCRITURA)
        if why and not planned.rows:
            release(Tab.METADATA, TipoRetencion.ESCRITURA)
        if not why or not planned.rows:
            return planned
        refused = self.memory.audit_refused
        # A clock that was ahead then says nothing; a relay that has just started tries at once.
        if refused and timedelta(0) <= self.began - refused < AUDIT_AGAIN:
            self.report.hold(Tab.METADATA, why)
            return AuditPlan(refused=why)
        return replace(planned, doubted=True)

    def repair(self, state: EstadoHoja, now: Mapping[Tab, Grid | Hold]) -> bool:
        """Put back what the last write, or one that came late, left on cells that were not meant; whether any were.

        What was put back before is looked for as well: the sheet may have moved again meanwhile.
        """
        if self.dry_run:
            return False
        if not self.memory.recalled:
            self.memory.unknown, self.memory.recalled = recalled(state.escrituras, _every_tag()), True
        last = [one for tab, one in self.memory.wrote.items() if isinstance(now.get(tab), Grid)]
        done = self._put_back_again(now)
        done += sum(self._put_back_last(tab, now.get(tab)) for tab in list(self.memory.wrote))
        done += sum(self._put_back_late(one, now.get(one.tab), last) for one in self.memory.unknown)
        if not done:
            # What moved on while it was put right was looked for once more.
            self.memory.wrote = {tab: one for tab, one in self.memory.wrote.items() if one not in last}
        self._forget_late(now)
        self.memory.last |= {tab: grid for tab, grid in now.items() if isinstance(grid, Grid)}
        self.report.repaired += done
        return done > 0

    def _put_back_again(self, now: Mapping[Tab, Grid | Hold]) -> int:
        """What came to stand elsewhere while it was put back."""
        done = 0
        for one in tuple(self.memory.restored):
            told, cells = one
            grid = now.get(told.columns.tab)
            if isinstance(grid, Grid):
                done += self._put_back(grid, misplaced(told, grid, cells))
                self.memory.restored.remove(one)
        return done

    def _put_back_late(self, one: Wrote, now: Grid | Hold | None, last: Collection[Wrote]) -> int:
        """What may arrive for a while yet, and may have arrived. Of the `last` writes all cells were just put back."""
        if not isinstance(now, Grid):
            return 0
        cells = [] if one in last else _left(one, now, self.memory.last.get(one.tab))
        return self._put_back(now, [*cells, *audit.late(now, one.events, self.memory.taken)])

    def _forget_late(self, now: Mapping[Tab, Grid | Hold]) -> None:
        """What arrives no more, and was looked for once at least, is of no use; nor is what all stands."""
        seen = {tab for tab, grid in now.items() if isinstance(grid, Grid)}
        late = [one for one in self.memory.unknown if one.until > self.began or one.tab not in seen]
        looked = [one.looked(now.get(one.tab), self.began + MAY_ARRIVE) for one in late]
        before, self.memory.unknown = len(self.memory.unknown), [one for one in looked if one.rows]
        if len(self.memory.unknown) < before:
            self._must_lead()
            remember(escrituras=self.memory.kept())

    def _put_back_last(self, tab: Tab, now: Grid | Hold | None) -> int:
        """While a tab cannot be read, nothing is looked for, and what was written there is not forgotten."""
        if not isinstance(now, Grid):
            return 0
        wrote = self.memory.wrote[tab]
        moved = strays(wrote.before, now, wrote.rows, self.memory.last.get(tab))
        return self._put_back(now, [*moved, *audit.overwritten(wrote.before, now, wrote.events)])

    def _put_back(self, now: Grid, cells: Sequence[Stray]) -> int:
        cells = [cell for cell in cells if _may_hold(now, cell)]
        self._tell_lost(now, [cell for cell in cells if cell.before is UNSEEN])
        cells = [cell for cell in cells if cell.before is not UNSEEN]
        if not cells:
            return 0
        self._must_lead()
        self.memory.restored.append((now, cells))
        try:
            return self.book.put_back(now.columns.tab, cells)
        except WriteRefused as refused:
            self.memory.restored.pop()
            self.report.lines.append(f"no se pudo reparar: {refused}")
            return 0

    def _tell_lost(self, now: Grid, cells: Sequence[Stray]) -> None:
        """Name, once each, the cells of the office that nobody read before we wrote over them."""
        for cell in cells:
            if cell not in self.memory.lost:
                self.memory.lost.add(cell)
                where = f"la celda {letters(cell.column)}{cell.row} de la hoja {now.columns.tab}"
                self.report.lines.append(
                    f"no se pudo reparar: movieron filas o columnas mientras la app escribía, y {where} dice "
                    f"«{cell.wrote}»: búsquela en el historial de versiones y devuélvala"
                )

    def _write(self, push: Push, wanted: Sequence[RowToWrite], planned: AuditPlan) -> bool:
        self._show_dates(push.grids)
        self._must_lead()
        told = {Tab.OPERACIONES: _sent(wanted), Tab.METADATA: [Sent("", row) for row in planned.rows]}
        until = self.began + MAY_ARRIVE
        wrote = {tab: Wrote(grid, told[tab], until) for tab, grid in push.grids.items() if told[tab]}
        # A tab that is held is not written, and what was written there last is not forgotten.
        self.memory.wrote |= wrote
        intend(
            [row.written for row in wanted],
            self.memory.kept() if wanted else None,
            planned.reserva if planned.rows else None,
        )
        outcome = self._send(push, wanted, planned, wrote)
        self.memory.suspects = outcome.suspects
        for row, why in outcome.refused:
            park(row.written.spool_id, why)
            self.report.parked += 1
            self.report.lines.append(f"estacionada: {row.tag}: {why}")
        self._audit_outcome(outcome, planned)
        fine = self._prove(push.grids, outcome, planned)
        if outcome.busy:
            raise outcome.busy
        return fine

    def _send(
        self, push: Push, wanted: Sequence[RowToWrite], planned: AuditPlan, wrote: Mapping[Tab, Wrote]
    ) -> Outcome:
        try:
            outcome = push.write(wanted, planned.rows, self.memory.suspects, doubts_audit=planned.doubted)
        except WriteUnknown:
            self.memory.unknown += wrote.values()
            raise
        except BookBusy:
            self._never_landed(*wrote)
            raise
        if wanted and not outcome.taken:
            self._never_landed(Tab.OPERACIONES)
        return outcome

    def _never_landed(self, *tabs: Tab) -> None:
        """The book took nothing of what was to be written there: nobody has to look for it."""
        self._must_lead()
        for tab in tabs:
            del self.memory.wrote[tab]
        remember(escrituras=self.memory.kept())

    def _must_lead(self) -> None:
        if not self.leads():
            raise NotLeading

    def _show_dates(self, grids: Mapping[Tab, Grid]) -> None:
        """Once per process, and again for a tab whose columns moved. What people protected keeps the looks it has."""
        stale = {tab: grid for tab, grid in grids.items() if self.memory.dates.get(tab) != grid.columns.positions}
        if stale:
            self._must_lead()
            try:
                self.book.show_dates([grid.columns for grid in stale.values()])
            except WriteRefused as refused:
                self.report.lines.append(f"las fechas quedan con el formato que tienen: {refused}")
            self.memory.dates |= {tab: grid.columns.positions for tab, grid in stale.items()}

    def _audit_outcome(self, outcome: Outcome, planned: AuditPlan) -> None:
        if outcome.audit_refused:
            self.memory.audit_refused = self.began
            self._must_lead()
            remember(reserva=dict(planned.reserved))
            self.report.hold(Tab.METADATA, outcome.audit_refused)
            hold(Tab.METADATA, TipoRetencion.ESCRITURA, outcome.audit_refused)
        elif outcome.audit_taken:
            release(Tab.METADATA, TipoRetencion.ESCRITURA)

    def _prove(self, grids: Mapping[Tab, Grid], outcome: Outcome, planned: AuditPlan) -> bool:
        """Read back what was written: what stands is settled, what moved is told apart for the next reading."""
        events = planned.rows if outcome.audit_taken else ()
        asks = [Ask(Tab.OPERACIONES, ("TAG_SPOOL", "version"))] if outcome.taken else []
        if events:
            asks.append(audit.proof_of(planned))
        proof = {ask.tab: grid for ask, grid in zip(asks, self.book.read_many(asks), strict=True)} if asks else {}
        # What another relay wrote meanwhile is for that one to remember.
        self._must_lead()
        fine = self._rows_proved(grids, outcome, proof.get(Tab.OPERACIONES))
        metadata = proof.get(Tab.METADATA)
        if events and isinstance(metadata, Grid) and audit.stands(metadata, planned, grids[Tab.METADATA]):
            settle_audit(hasta=planned.hasta, desde=planned.desde, last_row=metadata.last_row)
            self.report.events += len(events)
            self.memory.wrote.pop(Tab.METADATA, None)
        elif events:
            self.memory.audit_known, fine = False, False
        return fine

    def _rows_proved(self, grids: Mapping[Tab, Grid], outcome: Outcome, proof: object) -> bool:
        if not isinstance(proof, Grid):
            return not outcome.taken
        stood, gone, overwritten = proved(proof, grids[Tab.OPERACIONES], outcome.taken)
        settle([row.written for row in stood], self.began, None if gone else kept(self.memory.unknown))
        self.report.rows += len(stood)
        self.report.lines += [f"movida: {row.tag} ya no está en la fila {row.change.number}; se repara" for row in gone]
        self.report.lines += [f"otro programa escribió en la fila de {row.tag}; se lee otra vez" for row in overwritten]
        self.memory.wrote[Tab.OPERACIONES] = self.memory.wrote[Tab.OPERACIONES]._replace(rows=_sent(gone))
        return not gone and not overwritten

    def _audit_seen(self, state: EstadoHoja, planned: AuditPlan) -> None:
        known = state.metadata_hasta, state.metadata_desde, state.metadata_fila, bool(state.reserva)
        if known != (planned.hasta, planned.desde, planned.last_row, False):
            settle_audit(hasta=planned.hasta, desde=planned.desde, last_row=planned.last_row)


def _may_hold(now: Grid, cell: Stray) -> bool:
    """Whether what was written there by mistake stands there still, as far as the reading tells."""
    here = now.beside(cell.row, cell.column)
    return here is UNSEEN or same_raw(here, cell.wrote)


def _left(one: Wrote, now: Grid, seen: Grid | None) -> list[Stray]:
    """What a write that came at some time left on cells that it was not meant for, and no merge puts right."""
    rows = one.astray(now)
    moved = strays(one.before, now, rows, seen)
    # Before anything else was written, no cell of the rows that were meant is newer than what was written there.
    own = set() if one.looked_for else meant(now, rows)
    mine = [cell for cell in moved if cell.row in own]
    return mine + never_ours(now, [cell for cell in moved if cell.row not in own], _known)


def _sent(rows: Sequence[RowToWrite]) -> list[Sent]:
    return [Sent(row.tag, row.change) for row in rows]


def _every_tag() -> Iterable[str]:
    """Every spool's, read when they are asked for."""
    return Spool.objects.values_list("tag", flat=True)


def _known(tags: Collection[str]) -> set[str]:
    """Those of these tags that are a spool's."""
    return set(Spool.objects.filter(tag__in=tags).values_list("tag", flat=True))
