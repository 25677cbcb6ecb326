"""The journal as the follower reads it: rows in the order of their ids, each turned into events once."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django_eventstream.event import Event

from dashboard.feed import SPOOLS, Told
from occupation.models import Evento
from occupation.updates import updates_of
from occupation.vocabulary import TipoEvento

UPDATE = "spool_update"
REPAINT = "repintar"

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Row:
    """One journal row: what programs are told, and the spools that a page would have to draw anew.

    `uuid` is None for a row that could not be read at all; then nobody knows what it changed.
    """

    told: Told
    uuid: UUID | None
    spools: frozenset[int] = frozenset()
    tags: frozenset[str] = frozenset()

    @property
    def repaints(self) -> bool:
        """Whether only a whole repaint shows what the row did."""
        return any(event.type == REPAINT for event in self.told.events)


def attempt(what: str, work: Callable[[], T]) -> T | None:
    """What `work` gives, or None after logging why it failed. Raises only what says that the database is away."""
    try:
        return work()
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # One row that nobody foresaw must not leave every screen of the shop standing still.
        log.exception("No se pudo leer %s", what)
        return None


def rows_after(id: int, most: int) -> list[Row]:
    """The journal after the row `id`, at most `most` rows."""
    found = Evento.objects.filter(pk__gt=id).order_by("pk")
    events = attempt(f"la bitácora desde {id}", lambda: list(found.select_related("trabajador")[:most]))
    if events is not None:
        return [_row(event) for event in events]
    return [_row_of(pk) for pk in found.values_list("pk", flat=True)[:most]]


def last_rows(count: int) -> list[Row]:
    """The last `count` rows, the oldest first."""
    oldest = min(Evento.objects.order_by("-pk").values_list("pk", flat=True)[:count], default=1)
    return rows_after(oldest - 1, count)


def is_still_there(row: Row) -> bool:
    """Whether the journal still has this row. It loses one only when another journal takes its place."""
    found = Evento.objects.filter(pk=row.told.id)
    return (found if row.uuid is None else found.filter(uuid=row.uuid)).exists()


def repaint(id: int) -> Told:
    """What tells programs to read everything again."""
    return Told(id, (Event(SPOOLS, REPAINT, json.dumps({"event_type": REPAINT, "evento_id": id}), id),))


def _row_of(id: int) -> Row:
    event = attempt(f"la fila {id} de la bitácora", lambda: Evento.objects.select_related("trabajador").get(pk=id))
    return Row(repaint(id), None) if event is None else _row(event)


def _row(evento: Evento) -> Row:
    row = attempt(f"la fila {evento.pk} de la bitácora", lambda: _told(evento))
    return row or Row(repaint(evento.pk), evento.uuid)


def _told(evento: Evento) -> Row:
    updates = updates_of(evento)
    events = tuple(
        Event(
            SPOOLS,
            REPAINT if update["event_type"] == REPAINT else UPDATE,
            json.dumps(update, ensure_ascii=False),
            evento.pk,
        )
        for update in updates
    )
    spools = frozenset() if evento.spool_id is None else frozenset((evento.spool_id,))
    return Row(Told(evento.pk, events), evento.uuid, spools, frozenset(_imported(evento)))


def _imported(evento: Evento) -> Iterable[str]:
    return (evento.detalle.get("tags") or ()) if evento.tipo == TipoEvento.IMPORTACION else ()
