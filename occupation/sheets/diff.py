"""What a row of a spool the app already has would change. Pure.

The office's columns flow in. Our own cells are compared three ways, between the sheet, the app and what the sheet
last showed (`base`): an edit of one is listed, never obeyed here and never overwritten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from occupation.models import Mirror, Spool
from occupation.sheets.codec import Unreadable
from occupation.sheets.hydrate import FIRST_SIGHT_ONLY, Workers, unknown_workers
from occupation.sheets.identity import Tagged
from occupation.sheets.plan import Doubt, KnownSpool, MirrorPlan, Outcome
from occupation.sheets.rows import APP_HEADERS, Reading, app_cells_of, app_columns


@dataclass(frozen=True, slots=True)
class Known:
    """A spool with what the app remembers of its row."""

    spool: Spool
    mirror: Mirror
    doubts: Collection[Doubt]


def compare(tagged: Tagged, row: Reading, known: Known, workers: Workers) -> KnownSpool:
    """Work out what the row changes of the spool it belongs to."""
    spool, mirror = known.spool, known.mirror
    cells, app = row.app_cells(), app_cells_of(app_columns(spool))
    base, edited = _merge(row, cells, app, mirror.base)
    doubts = _doubts(row, cells, app, known, workers)
    after = _columns(tagged, row, spool)
    behind = False if mirror.behind_since is not None and cells == app else None
    plan = MirrorPlan("" if doubts or edited else tagged.row_hash, base, behind)
    stands = (plan.row_hash, plan.base, plan.behind) == (mirror.row_hash, mirror.base, None)
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
