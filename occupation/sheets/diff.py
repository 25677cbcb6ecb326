"""What a row of a spool the app already has would change. Pure.

The office's columns flow in. Our own cells are compared three ways, between the sheet, the app and what the sheet
last showed (`base`): an edit of one is listed, never obeyed here and never overwritten. Only a worker whom the shop
did not know at first sight is taken from the row later, if nothing has happened to the spool since.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from occupation.models import Mirror, Spool
from occupation.sheets.codec import Unreadable
from occupation.sheets.hydrate import (
    FIRST_SIGHT_ONLY,
    KNOWN_TOO_LATE,
    WORKER_HEADERS,
    Workers,
    first_sight,
    of_unknown_worker,
    unknown_workers,
)
from occupation.sheets.identity import Tagged, version_of
from occupation.sheets.plan import Doubt, KnownSpool, MirrorPlan, Outcome
from occupation.sheets.rows import APP_HEADERS, Reading, app_cells_of, app_columns


@dataclass(frozen=True, slots=True)
class Known:
    """A spool with what the app remembers of its row.

    `untouched` tells that nothing happened to it since its first import; it is only asked where that may matter.
    """

    spool: Spool
    mirror: Mirror
    doubts: Collection[Doubt]
    untouched: bool = False


@dataclass(frozen=True, slots=True)
class _Late:
    """What the row of an untouched spool says now that its workers are known: columns to change, doubts left."""

    columns: dict[str, Any]
    doubts: Collection[Doubt]


def compare(tagged: Tagged, row: Reading, known: Known, workers: Workers, ahora: datetime) -> KnownSpool:
    """Work out what the row changes of the spool it belongs to."""
    spool, mirror = known.spool, known.mirror
    cells, app = row.app_cells(), app_cells_of(app_columns(spool))
    base, edited = _merge(row, cells, app, mirror.base)
    named = [header for header in _named(row, cells, app, workers) if header not in edited]
    late = None
    if named and known.untouched and not edited and not tagged.renamed:
        late = _adopt(row, spool, workers, ahora)
        app = app_cells_of(app_columns(spool) | late.columns)
    doubts = _doubts(row, cells, app, known, workers) if late is None else late.doubts
    doubts = _with_late(row, doubts, [header for header in named if cells[header] != app[header]], known)
    after = _columns(tagged, row, spool) | (late.columns if late else {})
    behind = _behind(mirror, shown=cells == app, adopted=bool(late and late.columns))
    left = {header: said for header, said in mirror.left.items() if said == app[header] != cells[header]}
    plan = MirrorPlan("" if doubts or edited else tagged.row_hash, base, behind, left)
    stands = (plan.row_hash, plan.base, plan.behind, left) == (mirror.row_hash, mirror.base, None, mirror.left)
    return KnownSpool(
        number=row.number,
        tag=tagged.tag,
        outcome=_outcome(tagged, spool, after),
        doubts=doubts,
        unadopted=tuple(_told(row, header, cells, app) for header in edited),
        note=f"renombrada: {spool.tag_hoja} ahora se llama {tagged.tag_hoja}" if tagged.renamed else "",
        spool_id=spool.pk,
        version=spool.version,
        before={name: getattr(spool, name) for name in after},
        after=after,
        mirror=None if stands else plan,
        doubts_changed=set(doubts) != set(known.doubts),
    )


def _merge(
    row: Reading, cells: Mapping[str, str], app: Mapping[str, str], base: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The new base, and the headers of the cells that a person edited. An unreadable cell is no edit but a doubt."""
    merged, edited = dict(base), []
    for header in APP_HEADERS:
        if cells[header] == app[header]:
            merged[header] = cells[header]
        elif cells[header] != base.get(header, "") and not isinstance(row.values[header], Unreadable):
            edited.append(header)
    return merged, edited


def _behind(mirror: Mirror, *, shown: bool, adopted: bool) -> bool | None:
    """Whether the sheet's debt begins or ends with this row; None leaves it as it is."""
    if mirror.behind_since is None:
        return True if adopted else None
    return False if shown else None


def _named(row: Reading, cells: Mapping[str, str], app: Mapping[str, str], workers: Workers) -> list[str]:
    """The cells that name a worker of the shop, and not the one the app has there."""
    return [header for header in WORKER_HEADERS if row.said(header, int) in workers and cells[header] != app[header]]


def _adopt(row: Reading, spool: Spool, workers: Workers, ahora: datetime) -> _Late:
    """Read the row as at first sight. A spool held since then keeps its session; a copied row stays free."""
    version = version_of(row.said("version", str))
    copied = bool(version) and version != str(spool.version)
    seen = first_sight(row, workers, ahora, free=copied and not spool.ocupado)
    kept = {"version", *row.office(), *(("ocupado_desde", "ocupacion_token") if spool.ocupado else ())}
    columns = {
        name: value for name, value in seen.columns.items() if name not in kept and value != getattr(spool, name)
    }
    return _Late(columns | {"version": uuid4()} if columns else {}, seen.doubts)


def _with_late(row: Reading, doubts: Collection[Doubt], named: Collection[str], known: Known) -> tuple[Doubt, ...]:
    """Keep listing a cell whose worker was unknown, until the app and the sheet say the same."""
    listed = {doubt.header for doubt in doubts}
    unknown = {doubt.header for doubt in known.doubts if of_unknown_worker(doubt)} - listed
    return (*doubts, *(row.doubt(header, KNOWN_TOO_LATE) for header in named if header in unknown))


def _doubts(
    row: Reading, cells: Mapping[str, str], app: Mapping[str, str], known: Known, workers: Workers
) -> tuple[Doubt, ...]:
    found = [*row.unreadable(), *unknown_workers(row, workers)]
    for stored in known.doubts:
        lasting = stored.why in FIRST_SIGHT_ONLY and cells[stored.header] != app[stored.header]
        if lasting and row.doubt(stored.header, stored.why).shown == stored.shown:
            found.append(stored._replace(number=row.number))
    return tuple(found)


def _columns(tagged: Tagged, row: Reading, spool: Spool) -> dict[str, Any]:
    """Each column of the spool that the row changes, with its new value."""
    wanted = row.office() | {"tag": tagged.tag, "tag_hoja": tagged.tag_hoja, "archivado_en": None}
    return {name: value for name, value in wanted.items() if value != getattr(spool, name)}


def _outcome(tagged: Tagged, spool: Spool, after: Mapping[str, Any]) -> Outcome:
    if tagged.renamed:
        return Outcome.RENAMED
    if spool.archivado_en is not None:
        return Outcome.RESTORED
    return Outcome.CHANGED if after else Outcome.UNCHANGED


def _told(row: Reading, header: str, cells: Mapping[str, str], app: Mapping[str, str]) -> str:
    return (
        f"celda nuestra editada en la hoja, no adoptada: {row.tag_hoja} fila {row.number}, {header}: "
        f"la hoja dice «{cells[header]}», la app «{app[header]}»"
    )
