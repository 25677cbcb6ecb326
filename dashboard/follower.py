"""The follower: one per web process. It reads the journal once and tells everybody who listens.

It runs on one thread of its own with one database connection. Redis only rings: the journal is also looked at every
two seconds, so that nothing is lost and nobody waits longer when Redis is away.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence

from django.db import DatabaseError, InterfaceError, connection
from django_eventstream.event import Event

from dashboard import fragments
from dashboard.feed import MOST_AT_ONCE, REMEMBERED, SPOOLS, VISTAS, Told, feeds
from dashboard.journal import REPAINT, Row, is_still_there, last_rows, repaint, rows_after
from dashboard.open_streams import streams
from occupation.access import still_paired
from occupation.gateways.channel import Doorbell

LOOK_SECONDS = 1.5
"""Longest time between two looks at the journal; what a dead Redis may take before the next one comes on top."""

FLUSH_SECONDS = 0.1
"""What happens within this time after something was told is told together."""

STEP_SECONDS = 0.25
"""How soon a waiting follower notices that it shall look or stop."""

MOST_ROWS = 1_000
DEVICES_SECONDS = 2.0
BEAT_SECONDS = 2.0
"""Shortest time between two heartbeats; with the time between two looks the longest is under five seconds."""

WARM_SECONDS = 60.0
"""A page's channel is drawn for this long after its last listener left: pages come and go."""

FRESH_SECONDS = 5.0
"""What was read of the journal within this time is still the shop as it is, and a heartbeat may say so."""

STOP_SECONDS = 2.0

log = logging.getLogger(__name__)


class Follower:
    """Reads the journal and fills the feeds."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._bell = Doorbell()
        self._nudged = threading.Event()
        self._stopped = threading.Event()
        self._newest: Row | None = None
        self._has_loaded = False
        self._flushed_at = self._devices_at = self._beat_at = 0.0
        self._working: set[asyncio.Task[None]] = set()
        self._looked_at = 0.0
        self._is_lost = False
        self._heard_at: dict[str, float] = {}
        self.ready = asyncio.Event()
        """Set once the feeds are filled."""
        self.moved = asyncio.Event()
        """Set, and replaced by another, whenever the feeds have moved on."""

    # ------------------------------------------------------------------------------------------- for everybody
    def start(self) -> None:
        """Begin, on the running event loop. Safe to repeat: daphne has no start of its own to hang this on."""
        if self._thread is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._looked_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """End the thread and hang up."""
        self._stopped.set()
        self._nudged.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def look_now(self) -> None:
        """Ask for a look at the journal without waiting for the next one."""
        self._nudged.set()

    @property
    def revision(self) -> int:
        """The newest journal row that was told here."""
        return feeds[SPOOLS].newest

    @property
    def age(self) -> float | None:
        """Seconds since the journal was last read, or since this process tried first; None before that."""
        return None if self._thread is None else time.monotonic() - self._looked_at

    @property
    def is_fresh(self) -> bool:
        """Whether the journal was read just now."""
        return self.age is not None and self.age < FRESH_SECONDS

    # ------------------------------------------------------------------------------------------- on its thread
    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                self._look_safely()
                self._wait()
        finally:
            self._bell.close()
            connection.close()

    def _look_safely(self) -> None:
        try:
            more = self._look()
        except (DatabaseError, InterfaceError) as error:
            if not self._is_lost:
                log.warning("No se puede leer la bitácora; se intenta cada 2 s: %s", type(error).__name__)
            self._is_lost = True
            # A connection that failed once is not tried again: the next look opens another.
            connection.close()
            return
        if self._is_lost:
            log.warning("La bitácora se lee otra vez.")
        self._is_lost = False
        if more:
            self._nudged.set()

    def _look(self) -> bool:
        """Read what is new and tell it. Whether there may be more already."""
        self._nudged.clear()
        if not self._has_loaded:
            self._load()
        began = time.monotonic()
        rows = rows_after(self._newest.told.id if self._newest else 0, MOST_ROWS)
        if rows:
            self._newest, self._flushed_at = rows[-1], began
            self._flush(rows)
        elif self._newest is not None and not is_still_there(self._newest):
            self._load()
        self._looked_at = time.monotonic()
        if self._looked_at >= self._beat_at + BEAT_SECONDS:
            self._beat_at = self._looked_at
            self._on_loop(streams.beat)
        self._check_devices()
        return len(rows) == MOST_ROWS

    def _load(self) -> None:
        """Begin with the end of the journal. Also when another journal took its place, as a restored copy does."""
        rows = last_rows(REMEMBERED)
        self._newest = rows[-1] if rows else None
        floor = rows[0].told.id - 1 if len(rows) == REMEMBERED else 0
        self._on_loop(self._begin, [row.told for row in rows], floor, self._has_loaded)
        self._has_loaded = True

    def _flush(self, rows: Sequence[Row]) -> None:
        newest = rows[-1].told.id
        self._on_loop(streams.tell, {SPOOLS: [row.told for row in rows]}, newest)
        drawn: Mapping[str, str | None] = {}
        try:
            drawn = self._draw(rows)
        finally:
            # Without the drawing the pages have to repaint: they are never left waiting.
            self._on_loop(self._tell_pages, drawn, newest)

    def _draw(self, rows: Sequence[Row]) -> Mapping[str, str | None]:
        """What each channel of pages that somebody listens to is told: its HTML, or None to repaint."""
        now = time.monotonic()
        self._heard_at |= {vista: now for vista in VISTAS if streams.are_heard(vista)}
        wanted = [vista for vista in VISTAS if now - self._heard_at.get(vista, -WARM_SECONDS) < WARM_SECONDS]
        spools = frozenset[int]().union(*(row.spools for row in rows))
        tags = frozenset[str]().union(*(row.tags for row in rows))
        if len(spools) + len(tags) > MOST_AT_ONCE or any(row.repaints for row in rows):
            return dict.fromkeys(wanted)
        return fragments.draw(wanted, spools, tags) if wanted else {}

    def _check_devices(self) -> None:
        """End the streams of devices that were revoked: one query for all of them."""
        if time.monotonic() < self._devices_at + DEVICES_SECONDS:
            return
        listening = streams.devices()
        gone = set(listening) - still_paired(listening) if listening else set()
        self._devices_at = time.monotonic()
        if gone:
            self._on_loop(streams.end_those_of, gone)

    def _wait(self) -> None:
        """Until something may be new, and not before what was told last has had its time."""
        deadline, rang = time.monotonic() + LOOK_SECONDS, False
        while not rang and not self._nudged.is_set() and (left := deadline - time.monotonic()) > 0:
            rang = self._bell.wait(min(left, STEP_SECONDS))
            if not self._bell.connected:
                self._nudged.wait(min(left, STEP_SECONDS))
        self._stopped.wait(max(self._flushed_at + FLUSH_SECONDS - time.monotonic(), 0))

    def _on_loop(self, work: Callable[..., Coroutine[None, None, None]], *arguments: object) -> None:
        """Do this on the event loop, after what was asked before."""
        if self._loop is not None and not self._stopped.is_set():
            self._loop.call_soon_threadsafe(self._begin_work, work, arguments)

    # ---------------------------------------------------------------------------------------- on the event loop
    def _begin_work(self, work: Callable[..., Coroutine[None, None, None]], arguments: Sequence[object]) -> None:
        task = asyncio.create_task(work(*arguments))
        # The loop itself keeps no hold of a task.
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _begin(self, rows: Sequence[Told], floor: int, again: bool) -> None:  # noqa: FBT001  handed over by position
        newest = rows[-1].id if rows else 0
        feeds[SPOOLS].begin(newest if again else floor)
        feeds[SPOOLS].remember([] if again else rows, newest)
        for vista in VISTAS:
            feeds[vista].begin(newest)
        if again:
            await streams.tell({SPOOLS: [repaint(newest)]}, newest)
            await self._tell_pages({}, newest)
        self.ready.set()
        self._move_on()

    async def _tell_pages(self, drawn: Mapping[str, str | None], newest: int) -> None:
        told = {}
        for vista in VISTAS:
            html = drawn.get(vista)
            if vista not in drawn and not streams.are_heard(vista):
                feeds[vista].begin(newest)
            else:
                # Whoever came while the others' HTML was drawn missed it.
                told[vista] = [Told(newest, (Event(vista, vista if html else REPAINT, html or vista, newest),))]
        await streams.tell(told, newest)
        self._move_on()

    def _move_on(self) -> None:
        moved, self.moved = self.moved, asyncio.Event()
        moved.set()


follower = Follower()
