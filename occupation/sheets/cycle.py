"""One cycle of the mirror: read the book, import what the office wrote, merge what people wrote into our columns, and
write what the sheet lacks.

Nothing of it is remembered only here: a cycle that dies between any two steps is finished by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone
from tenacity import Retrying, retry_if_result, stop_after_attempt

from occupation.models import EstadoHoja, Mirror, Retencion
from occupation.queries import worker_names
from occupation.refusals import Ocupado, Refused, SinEspacio, VersionConflict
from occupation.services.conflicts import Edit, list_edits
from occupation.services.holds import Mostrado, allowed, hold, release, sync_holds, waiting
from occupation.services.mirroring import reached, unfinished
from occupation.services.sheet_edits import adoptar
from occupation.services.upgrading import why_left_alone
from occupation.sheets import audit
from occupation.sheets.book import Ask, BookMoved, Grid, LiveBook
from occupation.sheets.budget import AFTER_MOVE
from occupation.sheets.cycle_report import CycleReport
from occupation.sheets.flush import Flush, Memory
from occupation.sheets.guard import Lost
from occupation.sheets.hydrate import Workers
from occupation.sheets.identity import Identity
from occupation.sheets.layout import Hold, Tab, headers
from occupation.sheets.live import LiveRow, behind, judged, live_rows, reload
from occupation.sheets.merge import ADOPTIONS, MANY_EDITS, Decision, Effect
from occupation.sheets.pull import import_book
from occupation.sheets.pull_rows import identify_rows
from occupation.sheets.push import ROWS_PER_WRITE
from occupation.sheets.rows import APP_HEADERS
from occupation.sheets.stored import stored_spools
from occupation.vocabulary import TipoRetencion

ATTEMPTS: Final = 3
"""How often one cycle reads again because the book changed under it."""

REPAIRS: Final = 3
"""How often one reading is followed by another to put back what landed elsewhere, before the cycle begins again."""


_OURS: Final = Ask(Tab.OPERACIONES, ("TAG_SPOOL", *APP_HEADERS))

_ALL: Final = (Ask(Tab.OPERACIONES, headers(Tab.OPERACIONES)), Ask(Tab.TRABAJADORES), Ask(Tab.ROLES))
"""Of the 75 columns of Operaciones a third is ours to know; reading the others would take a second longer."""


_ENOUGH: Final = 2 * ROWS_PER_WRITE
_NOBODYS: Final = frozenset({Effect.NOTHING, Effect.PUSH})

LOOK_AGAIN: Final = timedelta(seconds=60)
"""How long an unchanged book is believed to need nothing."""


@dataclass(slots=True)
class Snapshot:
    """What one reading of the book answered, as a book for the import."""

    grids: Mapping[Tab, Grid | Hold]

    def read(self, tab: Tab, columns: Sequence[str] | None = None) -> Grid | Hold:
        """See `Book.read`: every column that may be asked for is there already."""
        del columns
        return self.grids[tab]


@dataclass(slots=True)
class Cycle:
    """One cycle on one book. `dry_run` reads, plans and tells, and changes nothing anywhere.

    Without `office` only our columns are read, and nothing is imported. `leads` is asked before each write.
    """

    book: LiveBook
    memory: Memory = field(default_factory=Memory)
    dry_run: bool = False
    accept_shrink: bool = False
    office: bool = True
    leads: Callable[[], bool] = field(default=lambda: True)
    report: CycleReport = field(default_factory=CycleReport)

    def run(self) -> CycleReport:
        """Read, merge, write and prove, again when the book moved meanwhile. Raises what the book raises."""
        self.report.more = False
        done = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=AFTER_MOVE,
            retry=retry_if_result(lambda done: not done),
            retry_error_callback=lambda _: None,
        )(self._attempt)
        self.report.unfinished = 0 if done else 1
        if not self.dry_run:
            self._remember(self.report)
        return self.report

    def _remember(self, told: CycleReport) -> None:
        if told.unfinished:
            unfinished(told.summary(), told.told())
        else:
            reached(told.summary() if told.effective else "", told.told(), complete=told.complete)

    def _accepts(self, tab: Tab, lost: Collection[Lost]) -> bool:
        """Whether all that is gone from a tab was really deleted, as whoever runs this or an admin says."""
        return self.accept_shrink or allowed(tab, TipoRetencion.ENCOGIDA, lost)

    def _attempt(self) -> bool:
        try:
            done = self._once()
        except BookMoved:
            self.report.moved += 1
            done = False
        if not done:
            self.book.doubt_tabs()
        return done

    def _once(self) -> bool:
        """One reading and what follows from it; False when it must be read again."""
        state = EstadoHoja.objects.filter(pk=1).first() or EstadoHoja()
        workers = worker_names()
        flush = Flush(self.book, self.memory, self.report, workers, self.leads, self._accepts, dry_run=self.dry_run)
        grids = self._read(state)
        for _ in range(REPAIRS):
            if not flush.repair(state, grids):
                break
            grids = self._read(state)
        else:
            return False
        if self._is_quiet(state, grids):
            return True
        identity = self._import(grids) if self.office else self._ours(grids)
        ours = _grid(grids[Tab.OPERACIONES]) if identity else None
        rows = self._merged(ours, identity, workers) if ours and identity else []
        done = flush.run(state, ours, rows, _grid(grids[Tab.METADATA]))
        if done and not self.dry_run and not self.report.effective:
            self.memory.quiet[self.office] = tuple(grids.values()), timezone.now() + LOOK_AGAIN
        return done

    def _is_quiet(self, state: EstadoHoja, grids: Mapping[Tab, Grid | Hold]) -> bool:
        """Whether the book answered the very same as when there was nothing to do, and the app owes it nothing."""
        quiet, until = self.memory.quiet.get(self.office, ((), None))
        if self.dry_run or until is None or timezone.now() >= until or len(quiet) != len(grids):
            return False
        same = all(one is other for one, other in zip(quiet, grids.values(), strict=True))
        owed = Mirror.objects.behind().filter(error="").exists() or audit.owed(state)
        return same and not owed and not Retencion.objects.exists()

    def _read(self, state: EstadoHoja) -> dict[Tab, Grid | Hold]:
        """Read every tab at one moment; one that waits for an admin's word is not even read.

        A book that is half upgraded, or half put back, is left alone whole.
        """
        if half_done := why_left_alone():
            return {tab: Hold(tab, None, half_done) for tab in Tab}
        why = waiting(Tab.OPERACIONES, TipoRetencion.EDICIONES)
        grids: dict[Tab, Grid | Hold] = {Tab.OPERACIONES: Hold(Tab.OPERACIONES, None, why)} if why else {}
        whole = not self.memory.audit_known or not self.book.metered
        wanted = _ALL if self.office else [_OURS]
        asks = [ask for ask in wanted if ask.tab not in grids]
        asks.append(audit.ask(state, whole=whole))
        grids |= {ask.tab: grid for ask, grid in zip(asks, self.book.read_many(asks), strict=True)}
        metadata = grids[Tab.METADATA]
        if isinstance(metadata, Grid) and not whole and audit.differs(metadata, state):
            grids[Tab.METADATA] = self.book.read_many([audit.ask(state, whole=True)])[0]
        return grids

    def _import(self, grids: Mapping[Tab, Grid | Hold]) -> Identity | None:
        """Import the office's side; return whose the rows are if our columns may be merged and written."""
        done = import_book(Snapshot(grids), dry_run=self.dry_run, accepts=self._accepts, tells_edits=False)
        metadata = grids[Tab.METADATA]
        if isinstance(metadata, Hold):
            done.hold(metadata)
        self.report.imported = done
        if not self.dry_run:
            held = [one for one in done.holds if not waiting(one.tab, TipoRetencion.EDICIONES)]
            sync_holds(held, done.losses)
        operaciones = grids[Tab.OPERACIONES]
        refused = any(lost.tab == Tab.OPERACIONES for lost in done.losses)
        if refused or isinstance(operaciones, Hold):
            return None
        return identify_rows(operaciones, stored_spools())

    def _ours(self, grids: Mapping[Tab, Grid | Hold]) -> Identity | None:
        """Whose the rows are, if they may be merged: not while the tab is held, or lost more than a guard lets pass."""
        grid = grids[Tab.OPERACIONES]
        if isinstance(grid, Hold):
            self.report.hold(Tab.OPERACIONES, grid.motivo)
            if not waiting(Tab.OPERACIONES, TipoRetencion.EDICIONES):
                hold(Tab.OPERACIONES, TipoRetencion.ENCABEZADO, grid.motivo, grid.encabezado or "")
            return None
        identity = identify_rows(grid, stored_spools())
        return None if identity.shrank else identity

    def _merged(self, grid: Grid, identity: Identity, workers: Workers) -> list[LiveRow]:
        """Adopt, list and put back what people wrote; return the rows whose cells may be written now."""
        decided = self._decided(grid, identity, workers)
        adoptions = [(row, one) for row, decisions in decided for one in decisions if one.effect in ADOPTIONS]
        if len(adoptions) > MANY_EDITS and not self._allows(adoptions):
            self._too_many(adoptions)
            return []
        if self.dry_run:
            self._tell(decided)
            return [row for row, _ in decided]
        free = [row for row, decisions in decided if self._adopt(row, decisions)]
        release(Tab.OPERACIONES, TipoRetencion.EDICIONES)
        reload(free)
        return free

    def _decided(self, grid: Grid, identity: Identity, workers: Workers) -> list[tuple[LiveRow, list[Decision]]]:
        """What becomes of the rows with anything to do; of those that only wait to be written as many as can be."""
        seen = {} if self.office else self.memory.seen
        decided: list[tuple[LiveRow, list[Decision]]] = []
        for rows in live_rows(grid, identity, workers, behind(), seen):
            for row, decisions in judged(rows, workers):
                effects = {one.effect for one in decisions}
                if not self.office:
                    # Rows without anything to do need no second look while they stay as they are.
                    self.memory.seen[row.spool.pk] = row.tagged.row_hash if effects == {Effect.NOTHING} else ""
                edited = not effects <= _NOBODYS
                waits = row.known.mirror.behind_since or row.known.mirror.intent or Effect.PUSH in effects
                if edited or (waits and len(decided) < _ENOUGH):
                    decided.append((row, decisions))
        return decided

    def _allows(self, adoptions: Sequence[tuple[LiveRow, Decision]]) -> bool:
        shown = [_shown(row, one) for row, one in adoptions]
        return allowed(Tab.OPERACIONES, TipoRetencion.EDICIONES, shown)

    def _too_many(self, adoptions: Sequence[tuple[LiveRow, Decision]]) -> None:
        why = f"{len(adoptions)} celdas de la app fueron editadas de una vez: un administrador debe permitirlo"
        self.report.hold(Tab.OPERACIONES, why)
        if not self.dry_run:
            detalle = [_both_say(row, one.header) for row, one in adoptions]
            mostrado = [_shown(row, one) for row, one in adoptions]
            hold(Tab.OPERACIONES, TipoRetencion.EDICIONES, why, mostrado=mostrado, detalle=detalle)

    def _tell(self, decided: Iterable[tuple[LiveRow, list[Decision]]]) -> None:
        for row, decisions in decided:
            for decision in decisions:
                self._count(row, decision)

    def _adopt(self, row: LiveRow, decisions: Sequence[Decision]) -> bool:
        """Carry out the adoptions of one row and list the rest; False when it cannot be done now: it is read again."""
        version = row.spool.version
        listed: list[Decision] = []
        for decision in decisions:
            if decision.effect not in ADOPTIONS:
                listed.append(decision)
                continue
            try:
                version = UUID(adoptar(tag=row.spool.tag, decision=decision, version=version).version)
            except (VersionConflict, Ocupado, SinEspacio):
                return False
            except Refused as refused:
                listed.append(Decision(decision.header, Effect.RESTORE, why=refused.mensaje))
            else:
                self._count(row, decision)
        self._list(row, listed)
        return True

    def _list(self, row: LiveRow, decisions: Sequence[Decision]) -> None:
        edits = [
            Edit(row.spool.pk, row.row.number, one, *row.told(one.header))
            for one in decisions
            if one.effect in (Effect.RESTORE, Effect.CONFLICT)
        ]
        fresh = {edit.decision for edit in list_edits(edits)} if edits else set()
        for decision in decisions:
            if decision in fresh or decision.effect == Effect.HEAL:
                self._count(row, decision)

    def _count(self, row: LiveRow, decision: Decision) -> None:
        """Count and tell what became of one edited cell."""
        header, where = decision.header, f"{row.tagged.tag_hoja} fila {row.row.number}, {decision.header}"
        said, _ = row.told(header)
        if decision.effect in ADOPTIONS:
            self.report.adopted += 1
            self.report.lines.append(f"adoptada: {where}: {_quoted(said)}")
        elif decision.effect == Effect.CONFLICT:
            self.report.conflicts += 1
            self.report.lines.append(f"conflicto: {_both_say(row, header)}")
        elif decision.effect == Effect.RESTORE:
            self.report.put_back += 1
            self.report.lines.append(f"devuelta: {where}: {_quoted(said)}: {decision.why}")
        elif decision.effect == Effect.HEAL:
            self.report.repaired += 1
            self.report.lines.append(f"reparada: {where}: {decision.why}")


def _grid(answer: Grid | Hold) -> Grid | None:
    return answer if isinstance(answer, Grid) else None


def _shown(row: LiveRow, decision: Decision) -> Mostrado:
    return row.spool.pk, decision.header, row.row.app_cells()[decision.header], decision.worker


def _both_say(row: LiveRow, header: str) -> str:
    sheet, app = row.told(header)
    where = f"{row.tagged.tag_hoja} fila {row.row.number}, {header}"
    return f"{where}: la hoja dice {_quoted(sheet)}, la app {_quoted(app)}"


def _quoted(text: str) -> str:
    return f"«{text}»" if text else "nada"
