"""The pull: a workbook's rows become the shop's rows, the first time and every time after.

Reading, decoding and comparing happen here, without a lock and without a write; `services.importing` applies what
is planned in small transactions, with a rest between them, so that no verb on the floor waits for an import.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TypeVar

from occupation.services.importing_defects import list_doubts, list_duplicates
from occupation.services.importing_people import import_workers
from occupation.sheets.book import Book, Grid
from occupation.sheets.guard import Accepts, Loss, Lost, no_loss, sentence, shrunk
from occupation.sheets.hydrate import Workers
from occupation.sheets.identity import Identity
from occupation.sheets.job import Job
from occupation.sheets.layout import Hold, Tab
from occupation.sheets.people import People, plan_people
from occupation.sheets.plan import Doubt, Duplicate, Worker
from occupation.sheets.pull_rows import Crew, identify_rows, import_spools
from occupation.sheets.report import ImportReport
from occupation.sheets.stored import stored_doubts, stored_duplicates, stored_spools, stored_workers

T = TypeVar("T", Doubt, Duplicate)


def import_book(
    book: Book, *, dry_run: bool = False, accepts: Accepts = no_loss, tells_edits: bool = True
) -> ImportReport:
    """Import the book's workers, roles and spools, and say what was done.

    Raises `BookUnreadable` when the book cannot be read, with nothing changed, and `Ocupado` when the database
    stays busy; running it again finishes what was left. A held tab is left out and the others go on. A book that
    lost many of its tags changes nothing at all, unless somebody `accepts` that. `dry_run` changes nothing.
    An edited cell of ours stays as it is and is told, unless not `tells_edits`: the mirror merges those itself.
    """
    job = Job(dry_run=dry_run, accepts=accepts, tells_edits=tells_edits)
    operaciones = _admit(book, Tab.OPERACIONES, job.report)
    trabajadores = _admit(book, Tab.TRABAJADORES, job.report)
    roles = _admit(book, Tab.ROLES, job.report)
    stored = stored_spools() if operaciones else {}
    identity = identify_rows(operaciones, stored) if operaciones else None
    if identity is not None and _spools_shrank(identity, job):
        return job.report
    workers, doubts, read = _import_people(trabajadores, roles, job)
    if operaciones is not None and identity is not None:
        import_spools(operaciones, identity, Crew(workers, Tab.TRABAJADORES in read), job)
        doubts, read = [*doubts, *identity.doubts], {*read, Tab.OPERACIONES}
        _list_duplicates(identity.duplicates, job)
    _list_doubts(doubts, read, job)
    return job.report


def _admit(book: Book, tab: Tab, report: ImportReport) -> Grid | None:
    """Read a tab; None, and told, when it is held."""
    grid = book.read(tab)
    if isinstance(grid, Hold):
        report.hold(grid)
        return None
    report.lines += [f"aviso: en la hoja {tab}, {note}" for note in grid.columns.notes]
    return grid


def _spools_shrank(identity: Identity, job: Job) -> bool:
    lost: list[Lost] = [(one.tag,) for one in identity.lost]
    if not identity.shrank or job.accepts(Tab.OPERACIONES, lost):
        return False
    why = sentence(Tab.OPERACIONES, "tags activos", identity.active, identity.active - len(lost))
    named = [f"{one.tag}{' (tomado: sale cuando lo suelten)' if one.held else ''}" for one in identity.lost]
    job.report.refuse(Loss(Tab.OPERACIONES, why, lost, named))
    return True


def _import_people(trabajadores: Grid | None, roles: Grid | None, job: Job) -> tuple[Workers, list[Doubt], set[Tab]]:
    """Import both tabs of people. Return everybody's shown name, the doubtful cells and the tabs that were read."""
    stored = stored_workers()
    people = plan_people(trabajadores, roles, stored)
    if _workers_shrank(people, trabajadores, stored, job):
        trabajadores, people = None, plan_people(None, roles, stored)
    if _roles_shrank(people, roles, stored, job):
        roles, people = None, plan_people(trabajadores, None, stored)
    for batch in job.batches(people.plans):
        done = batch if job.dry_run else job.write(partial(import_workers, batch))
        job.report.workers += len(done)
    given = {Tab.TRABAJADORES: trabajadores, Tab.ROLES: roles}
    return people.names(stored), people.doubts, {tab for tab, grid in given.items() if grid is not None}


def _workers_shrank(people: People, grid: Grid | None, stored: Mapping[int, Worker], job: Job) -> bool:
    active = sum(worker.activo for worker in stored.values())
    lost: list[Lost] = [(id,) for id in people.lost]
    found = active - len(lost)
    if grid is None or not shrunk(active, found, empty=not grid.rows) or job.accepts(Tab.TRABAJADORES, lost):
        return False
    why = sentence(Tab.TRABAJADORES, "trabajadores activos", active, found)
    named = [f"{id} · {stored[id].nombre} {stored[id].apellido}" for id in people.lost]
    job.report.refuse(Loss(Tab.TRABAJADORES, why, lost, named))
    return True


def _roles_shrank(people: People, grid: Grid | None, stored: Mapping[int, Worker], job: Job) -> bool:
    had = sum(len(worker.roles) for worker in stored.values())
    lost: list[Lost] = [
        (plan.id, rol) for plan in people.plans if plan.before for rol in sorted(plan.before.roles - plan.after.roles)
    ]
    found = had - len(lost)
    if grid is None or not shrunk(had, found, empty=not grid.rows and found < had) or job.accepts(Tab.ROLES, lost):
        return False
    why = sentence(Tab.ROLES, "roles de trabajadores", had, found)
    job.report.refuse(Loss(Tab.ROLES, why, lost, [f"{id}: {rol}" for id, rol in lost]))
    return True


def _list_doubts(doubts: Collection[Doubt], tabs: Collection[Tab], job: Job) -> None:
    """Make the list of doubtful cells without a spool that of the tabs just read."""
    for doubt in doubts:
        job.report.doubt(doubt)
    _make_equal(stored_doubts(tabs), doubts, list_doubts, job)


def _list_duplicates(duplicates: Collection[Duplicate], job: Job) -> None:
    """Make the list of duplicated rows that of the tab just read."""
    for one in duplicates:
        job.report.duplicate += 1
        job.report.lines.append(f"duplicada: {one.tag} (fila {one.number}) se ignora; se usa la fila {one.used}")
    _make_equal(stored_duplicates(), duplicates, list_duplicates, job)


def _make_equal(
    listed: Mapping[int, T], found: Collection[T], change: Callable[[Sequence[int], Sequence[T]], None], job: Job
) -> None:
    """Have `change` take off the stored list, by row id, what was not found, and put on it what is not there."""
    if job.dry_run:
        return
    now = set(found)
    for gone in job.batches(sorted(id for id, one in listed.items() if one not in now)):
        job.write(partial(change, gone, ()))
    for fresh in job.batches(sorted(now - set(listed.values()))):
        job.write(partial(change, (), fresh))
