"""The pull of Operaciones: plans its rows batch by batch without a lock, and has each batch applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from django.utils import timezone

from occupation.services.importing import archive, came_back, import_rows, left_the_sheet
from occupation.sheets.book import Grid
from occupation.sheets.diff import Known, compare
from occupation.sheets.hydrate import Workers, first_sight, unknown_workers
from occupation.sheets.identity import Identity, Stored, Tagged, identify
from occupation.sheets.job import Job
from occupation.sheets.layout import Tab
from occupation.sheets.plan import KnownSpool, MirrorPlan, Missing, NewSpool, Outcome, RowPlan
from occupation.sheets.rows import Reading, app_cells_of, fingerprints
from occupation.sheets.stored import known_spools, stored_spools, versions_of

_ATTEMPTS: Final = 3
"""How often a row is planned again because somebody changed its spool meanwhile."""

_WRITTEN_BACK: Final = ("version", "Estado_Detalle")


def identify_rows(grid: Grid, stored: dict[str, Stored]) -> Identity:
    """Match the rows of the tab with the spools the app has, and remember what each raw row hashes to."""
    identity = identify(grid, stored, lambda asked: versions_of(stored.values(), asked))
    fingerprint = fingerprints(grid)
    for tagged in identity.rows:
        tagged.row_hash = fingerprint(tagged.row)
    return identity


@dataclass(frozen=True, slots=True)
class Crew:
    """Every worker the shop knows. Not `complete` while the workers' tab could not be read: there may be more."""

    workers: Workers
    complete: bool


def import_spools(grid: Grid, identity: Identity, crew: Crew, job: Job) -> None:
    """Import every used row, then archive the spools that left the sheet, and forget that others had."""
    pending = identity.rows
    for _ in range(_ATTEMPTS):
        stale = _import(grid, pending, crew, job)
        if not stale:
            break
        identity = identify_rows(grid, stored_spools())
        pending = [tagged for tagged in identity.rows if tagged.row.number in stale]
    else:
        job.report.lines += [
            f"ocupada: {tagged.tag_hoja} cambió mientras se importaba; se leerá en la próxima importación"
            for tagged in pending
        ]
    for batch in () if job.dry_run else job.batches(identity.back):
        job.write(partial(came_back, [one.spool_id for one in batch]))
    _archive(identity, job)


def _import(grid: Grid, rows: Sequence[Tagged], crew: Crew, job: Job) -> set[int]:
    """Plan and apply these rows; return the numbers of those whose spool changed in between."""
    look = [tagged for tagged in rows if not _as_it_was(tagged)]
    job.report.unchanged += len(rows) - len(look)
    stale: set[int] = set()
    for batch in job.batches(look):
        plans = _plan(grid, batch, crew)
        skipped = frozenset() if job.dry_run else _apply(plans, job)
        for plan in plans:
            if plan.number not in skipped:
                job.report.tally(plan, edits=job.tells_edits)
        stale |= skipped
    return stale


def _as_it_was(tagged: Tagged) -> bool:
    stored = tagged.stored
    if stored is None or stored.archived or tagged.renamed:
        return False
    return bool(stored.row_hash) and stored.row_hash == tagged.row_hash


def _apply(plans: Sequence[RowPlan], job: Job) -> frozenset[int]:
    nuevos = [plan for plan in plans if isinstance(plan, NewSpool)]
    conocidos = [plan for plan in plans if isinstance(plan, KnownSpool) and plan.effective]
    if not nuevos and not conocidos:
        return frozenset()
    return job.write(lambda: import_rows(nuevos, conocidos))


def _plan(grid: Grid, batch: Sequence[Tagged], crew: Crew) -> list[RowPlan]:
    known = known_spools(tagged.stored.spool_id for tagged in batch if tagged.stored)
    ahora = timezone.now()
    plans: list[RowPlan] = []
    for tagged in batch:
        row = Reading.of(grid, tagged.row, tagged.tag_hoja)
        mine: Known | None = known.get(tagged.stored.spool_id) if tagged.stored else None
        if mine is not None:
            plans.append(compare(tagged, row, mine, crew.workers, ahora))
        elif not crew.complete and unknown_workers(row, crew.workers):
            plans.append(_waiting(tagged))
        else:
            plans.append(plan_new(tagged, row, crew.workers, ahora))
    return plans


def _waiting(tagged: Tagged) -> RowPlan:
    """Leave a new row for a later import: who has the piece is only believed at first sight."""
    return RowPlan(
        number=tagged.row.number,
        tag=tagged.tag,
        outcome=Outcome.WAITING,
        note=f"en espera: {tagged.tag_hoja} (fila {tagged.row.number}): espera la hoja {Tab.TRABAJADORES}",
    )


def plan_new(tagged: Tagged, row: Reading, workers: Workers, ahora: datetime) -> NewSpool:
    """Work out the spool of a row the app has never seen. Only its version and text may be written back."""
    seen = first_sight(row, workers, ahora, version=tagged.version, free=bool(tagged.copied_of))
    cells, app = row.app_cells(), app_cells_of(seen.columns)
    behind = any(cells[header] != app[header] for header in _WRITTEN_BACK)
    copied = f"copiada: {tagged.tag_hoja} (fila {row.number}) trae la versión de {tagged.copied_of}: entra libre"
    return NewSpool(
        number=row.number,
        tag=tagged.tag,
        outcome=Outcome.COPIED if tagged.copied_of else Outcome.NEW,
        doubts=tuple(seen.doubts),
        note=copied if tagged.copied_of else "",
        columns=seen.columns | {"tag_hoja": tagged.tag_hoja},
        mirror=MirrorPlan("" if seen.doubts else tagged.row_hash, cells, behind, _left(cells, app)),
    )


def _left(cells: Mapping[str, str], app: Mapping[str, str]) -> dict[str, str]:
    """What the app says where it does not believe the sheet, or knows more: the import does not write it back."""
    return {header: app[header] for header in app if cells[header] != app[header] and header not in _WRITTEN_BACK}


def _archive(identity: Identity, job: Job) -> None:
    """Archive what left the sheet; what somebody holds, or what an unreadable tag may be, stays and is told.

    What is held goes along the first time, to be remembered as gone; so is a whole deletion that somebody allowed while
    a tag cannot be read. The few that go unasked then are not: they count with what goes later.
    """
    job.report.lines += [
        f"sigue en el taller: {one.tag} ya no está en la hoja, pero alguien lo tiene tomado; no se archiva"
        for one in identity.missing
        if one.held
    ]
    if identity.unclear:
        job.report.lines += [
            f"no se archiva: {one.tag} no está en la hoja, pero hay tags que no se pueden leer"
            for one in identity.missing
            if not one.held
        ]
        for lost in () if job.dry_run or not identity.shrank else job.batches(identity.lost):
            job.write(partial(left_the_sheet, [Missing(one.spool_id, one.tag) for one in lost]))
        return
    for batch in job.batches([one for one in identity.missing if not (one.held and one.gone)]):
        gone = [Missing(one.spool_id, one.tag) for one in batch]
        free = [one for one, known in zip(gone, batch, strict=True) if not known.held]
        done = free if job.dry_run else job.write(partial(archive, gone))
        job.report.archived += len(done)
        job.report.lines += [f"archivada: {one.tag} ya no está en la hoja" for one in done]
