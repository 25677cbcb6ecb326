"""The audit in the sheet: which events Metadata lacks, their cells, and the rows they go to.

Every event is there exactly once, even when an answer was lost: what was sent and not seen goes to the same rows
until it is seen, so that a request applied late writes over itself. Rows that people append are never written over.
"""

from __future__ import annotations

import json
from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Max, QuerySet

from occupation.models import EstadoHoja, Evento
from occupation.sheets.book import Ask, Grid, Row, RowChange, Stray, raw_of
from occupation.sheets.guard import Accepts, Lost, no_loss, shrunk
from occupation.sheets.layout import Tab
from occupation.vocabulary import Accion, ActorTipo, TipoEvento

TAIL: Final = 500
"""How many of Metadata's last rows a cycle reads."""

EVENTS_PER_WRITE: Final = 1000
"""Most events of one request: half a megabyte, of the two that Google likes at most."""

_NOT_TOLD: Final = (TipoEvento.STATE_CHANGE, TipoEvento.IMPORTACION)


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """Events to write with their rows, and the id up to which the audit is complete once these rows are seen.

    Events up to `desde` may be missing: somebody said that they were deleted for good, of this very reading if
    `believed`. `refused` says, in Spanish, why nothing may be written after this read, and `lost` what it lacks; `more`
    that there are later events; `doubted` that the book refused the audit before. `reserved` is what was to be kept, as
    `reserva`, before this plan.
    """

    rows: Sequence[RowChange] = ()
    hasta: int = 0
    desde: int = 0
    last_row: int = 1
    refused: str = ""
    lost: Sequence[Lost] = ()
    more: bool = False
    believed: bool = False
    doubted: bool = False
    reserved: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reserva(self) -> dict[str, Any]:
        """What to keep until the rows are seen: their ids by row, and how far the audit is complete then."""
        return {"hasta": self.hasta, "filas": {str(row.number): row.cells["id"] for row in self.rows}}


def owed(state: EstadoHoja) -> bool:
    """Whether Metadata lacks something."""
    return bool(state.reserva) or told_after(state.metadata_hasta).exists()


def told_after(hasta: int) -> QuerySet[Evento]:
    """The events after that id that Metadata tells of. What was read from the sheet is not told back to it."""
    events = Evento.objects.filter(id__gt=hasta).exclude(tipo__in=_NOT_TOLD)
    return events.exclude(actor_tipo=ActorTipo.HOJA, accion=Accion.TOMAR)


def differs(grid: Grid, state: EstadoHoja) -> bool:
    """Whether what was read does not end as it was left: rows are gone, or the last event that was told is."""
    last = _told(state).values_list("uuid", flat=True).first()
    return grid.last_row < state.metadata_fila or (last is not None and str(last) not in _present(grid))


def _told(state: EstadoHoja) -> QuerySet[Evento]:
    """The events that Metadata is known to tell of, the last one first."""
    return told_after(state.metadata_desde).filter(id__lte=state.metadata_hasta).order_by("-id")


def ask(state: EstadoHoja, *, whole: bool) -> Ask:
    """What to read before writing: the tail, or everything when its end is not known for sure."""
    first = 2 if whole or state.reserva else max(2, state.metadata_fila - TAIL + 1)
    return Ask(Tab.METADATA, None, first)


def plan(grid: Grid, state: EstadoHoja, accepts: Accepts = no_loss) -> AuditPlan:
    """Choose the rows for the events that the sheet lacks: those reserved before, else the first free ones."""
    had, found = state.metadata_fila - 1, grid.last_row - 1
    lost = [(had, found)]
    gone_for_good = had > found and accepts(Tab.METADATA, lost)
    if not gone_for_good and shrunk(had, found, empty=found == 0):
        why = f"la hoja {Tab.METADATA} trae {found} de {had} filas: parece una lectura incompleta"
        return AuditPlan(refused=why, lost=lost)
    present = _present(grid)
    taken = {row.number for row in grid.rows}
    last = Evento.objects.aggregate(last=Max("id"))["last"] or 0
    since = state.metadata_hasta if gone_for_good or not differs(grid, state) else _last_present(state, present)
    desde = state.metadata_hasta if gone_for_good else state.metadata_desde
    events = list(told_after(since).select_related("trabajador").order_by("id")[:EVENTS_PER_WRITE])
    more = len(events) == EVENTS_PER_WRITE
    hasta = events[-1].pk if more else last
    numbers = {id: int(number) for number, id in state.reserva.get("filas", {}).items() if int(number) not in taken}
    free = max([grid.last_row, *numbers.values()])
    rows = []
    for evento in events:
        if str(evento.uuid) not in present:
            number = numbers.get(str(evento.uuid)) or (free := free + 1)
            rows.append(RowChange(Tab.METADATA, number, cells_of(evento)))
    return AuditPlan(rows, hasta, desde, grid.last_row, more=more, believed=gone_for_good, reserved=state.reserva)


def _last_present(state: EstadoHoja, present: Container[str]) -> int:
    """The last event that Metadata still tells of: those after it went when an old copy of the tab was saved."""
    told = _told(state).values_list("id", "uuid").iterator()
    never = min(state.metadata_desde, state.metadata_hasta)
    return next((id for id, uuid in told if str(uuid) in present), never)


def proof_of(planned: AuditPlan) -> Ask:
    """What to read to see whether the plan's rows stand: from the last row that stood there before them on."""
    return Ask(Tab.METADATA, None, max(2, min(planned.last_row, *(row.number for row in planned.rows))))


def stands(now: Grid, planned: AuditPlan, before: Grid) -> bool:
    """Whether every event of the plan is in the tab, and the row that was the last is where it was."""
    present = _present(now)
    return all(row.cells["id"] in present for row in planned.rows) and not _moved(before, now)


def overwritten(before: Grid, now: Grid, wrote: Sequence[RowChange]) -> list[Stray]:
    """The cells of ours on rows that moved down under the write: they held, in that order, the rows that are gone.

    `before` is the reading that was written by, and `now` reads as many rows at least. Where rows moved up nothing
    was written over; where columns moved too, `strays` tells.
    """
    if not wrote:
        return []
    at = {_key(now, row): row.number for row in now.rows}
    up = any(at.get(_key(before, row), row.number) < row.number for row in before.rows)
    if up or not _moved(before, now) or before.columns.positions != now.columns.positions:
        return []
    gone = [row for row in before.rows if _key(before, row) not in at]
    hit = [change for change in wrote if at.get(change.cells["id"]) == change.number]
    return [cell for change, row in zip(hit, gone, strict=False) for cell in _under(before, change, row)]


def late(now: Grid, wrote: Sequence[RowChange], taken: dict[int, Row]) -> list[Stray]:
    """The cells of rows that people took before a write of ours, whose answer was lost, arrived there after all.

    `taken` are those rows as they were last read, by number; it is brought up to date.
    """
    rows: dict[int, Row] = {row.number: row for row in now.rows}
    found: list[Stray] = []
    for change in wrote:
        row = rows.get(change.number)
        if row and _key(now, row) != change.cells["id"]:
            taken[change.number] = row
        elif row and change.number in taken:
            found += _under(now, change, taken.pop(change.number))
    return found


def _under(grid: Grid, change: RowChange, row: Row) -> Iterator[Stray]:
    """What the cells of a row held on which one of ours was written."""
    for name, place, cell in zip(grid.names, grid.picked.positions, row.cells, strict=True):
        yield Stray(change.number, place, raw_of(Tab.METADATA, name, change.cells[name]), cell)


def _moved(before: Grid, now: Grid) -> bool:
    """Whether another row stands where the last one stood."""
    then, here = ([row.cells for row in grid.rows if row.number == before.last_row] for grid in (before, now))
    return then != here


def _key(grid: Grid, row: Row) -> Hashable:
    """What tells a row from the others: its id, or all it says."""
    return str(row.cells[grid.names.index("id")] or "").strip().lower() or row.cells


def _present(grid: Grid) -> set[str]:
    """The ids of the events that stand in the tab."""
    place = grid.names.index("id")
    return {str(row.cells[place] or "").strip().lower() for row in grid.rows}


def cells_of(evento: Evento) -> Mapping[str, Any]:
    """One event as a row of Metadata."""
    worker = evento.trabajador
    return {
        "id": str(evento.uuid),
        "timestamp": evento.instante,
        "evento_tipo": str(evento.tipo),
        "tag_spool": evento.estado.get("tag_spool", ""),
        "worker_id": worker.id if worker else 0,
        "worker_nombre": worker.worker_nombre if worker else "",
        "operacion": str(evento.operacion),
        "accion": str(evento.accion),
        "fecha_operacion": evento.dia,
        "metadata_json": json.dumps(
            {"actor": evento.actor_nombre, **evento.detalle}, ensure_ascii=False, sort_keys=True
        ),
    }
