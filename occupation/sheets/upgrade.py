"""The upgrade of a book from v2.1 to v3.0: back it up inside itself, add what is missing, verify, initialise, check.

Every step looks at the book first and is kept in the database once the book was seen to have it, so a run that died
anywhere is finished by the next: with the same backup, the same versions, and nothing written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Final

from django.utils import timezone

from occupation.models import BookUpgrade
from occupation.services import upgrading
from occupation.services.mirroring import rebase
from occupation.sheets.book import Ask, Cells, Change, Grid, LiveBook, Place, RowChange
from occupation.sheets.cycle import Snapshot
from occupation.sheets.hydrate import Workers
from occupation.sheets.layout import Columns, Hold, Tab
from occupation.sheets.people import plan_people
from occupation.sheets.pull import import_book
from occupation.sheets.report import ImportReport
from occupation.sheets.stored import stored_workers
from occupation.sheets.upgrade_plan import (
    Survey,
    backup_name,
    copy_title,
    originals,
    overwritten,
    survey,
    verified,
)
from occupation.sheets.upgrade_rows import ROWS_PER_WRITE, Initial, initial, wrong_columns
from occupation.sheets.upgrade_work import UpgradeRefused, Work, in_batches
from occupation.vocabulary import PasoMejora

_STEPS: Final = list(PasoMejora)


@dataclass(frozen=True, slots=True)
class Plan:
    """What was found in the book, and what an upgrade would do to it."""

    surveys: dict[Tab, Survey]
    titles: list[str]
    half_done: BookUpgrade | None

    @property
    def lacking(self) -> tuple[str, ...]:
        """The headers to add."""
        return self.surveys[Tab.OPERACIONES].lacking

    @property
    def obstacles(self) -> list[str]:
        """What people have to mend first."""
        return [one.obstacle for one in self.surveys.values() if one.obstacle]

    def told(self) -> list[str]:
        """The plan, a line per thing, in Spanish. Writes nothing and keeps nothing."""
        lines = [line for one in self.surveys.values() for line in one.told()]
        if self.obstacles:
            return [*lines, *(f"no se puede mejorar: {why}" for why in self.obstacles)]
        if self.half_done:
            lines.append(f"a medias: {upgrading.why_left_alone() or self.half_done}")
        elif not self.lacking:
            return [*lines, "El libro ya es v3.0: no hay nada que hacer."]
        else:
            copied = originals(self.titles)
            lines.append(f"Se duplicarían {len(copied)} hojas: {', '.join(copied)}")
        return [*lines, *self._initial().told()]

    def _initial(self) -> Initial:
        headers = self.half_done.headers if self.half_done else {}
        added = [*headers.get("nuevos", ()), *self.lacking]
        grids = _grids(self.surveys)
        seed = self.half_done.seed if self.half_done else BookUpgrade().seed
        return initial(grids[Tab.OPERACIONES], workers_of(grids), dict.fromkeys(added), seed)


def look(book: LiveBook, ask: Callable[[Callable[[], Plan]], Plan] = lambda call: call()) -> Plan:
    """Look at a book and work out what an upgrade would do. Raises what reading a book may raise."""

    def found() -> Plan:
        cells = book.read_cells([book.names[tab] for tab in Tab])
        return Plan(survey(book.names, cells), book.titles(), upgrading.half_done())

    return ask(found)


def upgrade_book(work: Work) -> None:
    """Upgrade the book, or finish the upgrade that was begun, and tell each step.

    Raises `UpgradeRefused` when people have to mend something first, `NotLeading`, and what a book may raise; running
    it again goes on from where it stopped. A book that lacks nothing is left as it is.
    """
    plan = look(work.book, work.ask)
    record = plan.half_done
    if record and record.going_back_since:
        raise UpgradeRefused(
            f"La vuelta al respaldo {record.name} quedó a medias: repita sheets_rollback {record.name}."
        )
    if record is None and not plan.lacking and not plan.obstacles:
        _say_done(work)
        return
    if plan.obstacles:
        raise UpgradeRefused("\n".join(["El libro no se puede mejorar así.", *plan.obstacles]))
    record = record or upgrading.announce(name=_free_name(plan.titles))
    if plan.lacking and record.step != PasoMejora.ANUNCIADA:
        # Somebody took a header away again while the upgrade lay about half done.
        upgrading.note(record, step=PasoMejora.RESPALDADA)
    Upgrade(work, record).run()


def _say_done(work: Work) -> None:
    work.say("El libro ya es v3.0: no hay nada que hacer.")
    last = BookUpgrade.objects.filter(gone_back_at=None).order_by("-begun_at").first()
    if last:
        work.say(f"Respaldo: {last.name}")


def _free_name(titles: Sequence[str]) -> str:
    """A name that no backup has, should a second one be made within a second or in the hour that comes twice."""
    taken = {*BookUpgrade.objects.values_list("name", flat=True), *(title.rpartition(" ")[2] for title in titles)}
    ahora = timezone.now()
    names = (backup_name(ahora + timedelta(seconds=number)) for number in count())
    return next(name for name in names if name not in taken)


def _grids(surveys: dict[Tab, Survey]) -> dict[Tab, Grid]:
    """The tabs as the app will read them. Raises `UpgradeRefused` for one that somebody broke meanwhile."""
    grids: dict[Tab, Grid] = {}
    for tab, one in surveys.items():
        grid = one.grid()
        if isinstance(grid, Hold):
            raise UpgradeRefused(f"{tab}: {grid.motivo}")
        grids[tab] = grid
    return grids


def workers_of(grids: dict[Tab, Grid]) -> Workers:
    """Everybody's shown name: those the app knows, and those the book names."""
    stored = stored_workers()
    return plan_people(grids[Tab.TRABAJADORES], grids[Tab.ROLES], stored).names(stored)


@dataclass(slots=True)
class Upgrade:
    """One upgrade on its way. `wrote` is the last write of the initialising: the cells before it, its columns, rows."""

    work: Work
    record: BookUpgrade
    wrote: tuple[Cells, Columns, list[RowChange]] | None = field(default=None)

    def run(self) -> None:
        """Take every step that was not taken yet."""
        steps = {
            PasoMejora.RESPALDADA: (self._back_up, "respaldado"),
            PasoMejora.CON_ENCABEZADOS: (self._add_headers, "encabezados agregados"),
            PasoMejora.VERIFICADA: (self._verify, "encabezados verificados"),
            PasoMejora.INICIALIZADA: (self._initialise, "filas inicializadas"),
            PasoMejora.TERMINADA: (self._check, "El libro es v3.0"),
        }
        for step, (take, done) in steps.items():
            if _STEPS.index(PasoMejora(self.record.step)) < _STEPS.index(step):
                self.work.until(take)
                upgrading.note(self.record, step=step, open=step != PasoMejora.TERMINADA)
                self.work.say(done)
            if step == PasoMejora.RESPALDADA:
                self.work.say(f"Respaldo: {self.record.name}")

    def _back_up(self) -> bool:
        """Every tab has its copy. What is missing of a backup that was begun is made; one never has two."""
        titles = self.work.ask(self.work.book.titles)
        copies = {title: copy_title(title, self.record.name) for title in self.record.tabs or originals(titles)}
        missing = {title: copy for title, copy in copies.items() if copy not in titles}
        if not missing:
            return True
        if len(missing) == len(copies):
            copies = missing = {title: copy_title(title, self.record.name) for title in originals(titles)}
            upgrading.announce_again(self.record, tabs=copies)
        self.work.write(partial(self.work.book.copy_tabs, missing))
        return False

    def _add_headers(self) -> bool:
        """Every header is there; one of the office's that ours landed on is put back first."""
        found = self._operaciones(formulas=True)
        cells = found.cells or ()
        if lost := overwritten(self.record.headers, cells):
            self.work.write(partial(self.work.book.enter, Tab.OPERACIONES, lost))
            return False
        if not found.places:
            return True
        new = self.record.headers.get("nuevos", {}) | found.places
        upgrading.note(self.record, headers={"antes": found.padded_header, "nuevos": new})
        typed = {Place(1, at): name for name, at in found.places.items()}
        self.work.write(partial(self.work.book.enter, Tab.OPERACIONES, typed))
        return False

    def _verify(self) -> bool:
        """Every header is there once."""
        found = self._operaciones()
        if why := verified(found.cells or ()):
            raise UpgradeRefused(f"{Tab.OPERACIONES}: {why}")
        return True

    def _initialise(self) -> bool:
        """Every row says in the new columns what it means."""
        if self.work.book.metered and self._mended():
            return False
        before = self._operaciones(formulas=True).cells if self.work.book.metered else None
        grids = self._whole_grids()
        operaciones = grids[Tab.OPERACIONES]
        wanted = initial(operaciones, workers_of(grids), self.record.headers.get("nuevos", {}), self.record.seed)
        if not wanted.rows:
            in_batches(list(wanted.bases), lambda ids: rebase({id: wanted.bases[id] for id in ids}))
            return True
        batch = wanted.rows[:ROWS_PER_WRITE]
        self.wrote = (before or (), operaciones.columns, batch)
        self.work.write(partial(self.work.book.apply, Change({Tab.OPERACIONES: operaciones.columns}, batch)))
        self.work.say(f"{len(batch)} filas escritas")
        return False

    def _mended(self) -> bool:
        """Put back what the last write left in columns that moved under it; whether there was anything."""
        if self.wrote is None:
            return False
        (before, columns, batch), self.wrote = self.wrote, None
        now = self._operaciones(formulas=True).cells or ()
        back = wrong_columns(before, now, columns, batch)
        if back:
            self.work.write(partial(self.work.book.enter, Tab.OPERACIONES, back))
        return bool(back)

    def _check(self) -> bool:
        """The app can read every tab as it will from now on, and would import all of it."""
        grids = self.work.ask(lambda: self.work.book.read_many([Ask(tab) for tab in Tab]))
        report: ImportReport = import_book(Snapshot(dict(zip(Tab, grids, strict=True))), dry_run=True)
        metadata = grids[list(Tab).index(Tab.METADATA)]
        if isinstance(metadata, Hold):
            report.hold(metadata)
        if not report.complete:
            raise UpgradeRefused("\n".join(["La app no podría leer el libro entero.", *report.lines]))
        self.work.say(f"Comprobado, lo que entraría a la app: {report.summary()}")
        return True

    def _operaciones(self, *, formulas: bool = False) -> Survey:
        title = self.work.book.names[Tab.OPERACIONES]
        cells = self.work.ask(lambda: self.work.book.read_cells([title], formulas=formulas))[0]
        if cells is None:
            raise UpgradeRefused(f"El libro ya no tiene la hoja «{title}»: devuélvala y repita.")
        return Survey(Tab.OPERACIONES, title, cells)

    def _whole_grids(self) -> dict[Tab, Grid]:
        """Every tab, with all its headers."""
        names = self.work.book.names
        surveys = survey(names, self.work.ask(lambda: self.work.book.read_cells([names[tab] for tab in Tab])))
        if why := verified(surveys[Tab.OPERACIONES].cells or ()):
            raise UpgradeRefused(f"{Tab.OPERACIONES}: {why}; repita después.")
        return _grids(surveys)
