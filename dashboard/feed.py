"""What each channel told lately: whatever a client missed is replayed from here and never from the database.

Feeds are filled and read on the event loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from django_eventstream.event import Event
from django_eventstream.storage import EventDoesNotExist, StorageBase

from occupation.vocabulary import Operacion

SPOOLS = "spools"
"""The channel of `/api/sse/stream`: each journal row as other programs read it."""

TABLERO = "tablero"
VISTAS = (TABLERO, *(str(operacion) for operacion in Operacion))
"""The channels of pages: the wall, and the list of each operation."""

REMEMBERED = 5_000
REMEMBERED_BY_PAGES = 64
"""A page that missed more is faster repainted than patched."""

MOST_AT_ONCE = 8
"""A page is not patched with more changes than this at once, but repainted."""


@dataclass(frozen=True, slots=True)
class Told:
    """The events of one journal row, which share its id."""

    id: int
    events: tuple[Event, ...]


class Feed:
    """The last `capacity` events of one channel."""

    def __init__(self, channel: str, capacity: int) -> None:
        self.channel = channel
        self.newest = 0
        """The newest journal id this feed knows of, told or not."""
        self.last = 0
        """The newest journal id it told something of."""
        self._capacity = capacity
        self._told: deque[Told] = deque()
        self._held = 0
        self._floor = 0

    def begin(self, id: int) -> None:
        """Forget everything: what happened up to `id` is known to whoever looks now."""
        self._told.clear()
        self._held, self._floor = 0, id
        self.newest = self.last = id

    def remember(self, rows: Sequence[Told], newest: int) -> None:
        """Keep these rows, which bring the feed to the journal id `newest`.

        A row without events is told to nobody, so nobody can be behind for want of it.
        """
        for row in rows:
            if not row.events:
                continue
            self._told.append(row)
            self._held += len(row.events)
            self.last = row.id
        while self._held > self._capacity and len(self._told) > 1:
            oldest = self._told.popleft()
            self._held -= len(oldest.events)
            self._floor = oldest.id
        self.newest = newest

    def after(self, id: int, limit: int) -> list[Event]:
        """What was told after the row `id`: whole rows, the oldest first, and fewer than `limit` events.

        Raises EventDoesNotExist, with the newest id, for an id that is too old to know or in the future.
        """
        if not self._floor <= id <= self.newest:
            raise EventDoesNotExist(f"{self.channel}: {id}", self.last)
        missed = list(takewhile(lambda row: row.id > id, reversed(self._told)))
        events: list[Event] = []
        for row in reversed(missed):
            if events and len(events) + len(row.events) >= limit:
                break
            events += row.events
        return events


feeds = {SPOOLS: Feed(SPOOLS, REMEMBERED)} | {vista: Feed(vista, REMEMBERED_BY_PAGES) for vista in VISTAS}


class FeedStorage(StorageBase):  # type: ignore[misc]  # it publishes no types
    """Where django-eventstream reads what a client missed."""

    def get_events(self, channel: str, last_id: int, limit: int = 100) -> list[Event]:
        """What the feed of the channel told after `last_id`."""
        return feeds[channel].after(last_id, limit)

    def get_current_id(self, channel: str) -> int:
        """The newest id of the channel."""
        return feeds[channel].last
