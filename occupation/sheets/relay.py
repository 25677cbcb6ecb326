"""The relay: one cycle after another, the claims healed each minute, until it is told to stop.

What the book answers decides how long it is left alone; no answer of it ends the relay.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from occupation.models import EstadoHoja, Mirror
from occupation.refusals import Ocupado, SinEspacio
from occupation.services import heal_claims
from occupation.services.mirroring import forget_old_versions, remember
from occupation.sheets.book import (
    BookBusy,
    BookUnreadable,
    BookUnwritable,
    LiveBook,
    PermissionLost,
    Request,
    WriteUnknown,
)
from occupation.sheets.budget import Budget, wait_seconds
from occupation.sheets.cycle import Cycle
from occupation.sheets.flush import Memory, NotLeading
from occupation.sheets.leader import Leader
from occupation.vocabulary import TipoErrorHoja

OFFICE_SECONDS: Final = 30.0
CLAIMS_SECONDS: Final = 60.0
LEADER_SECONDS: Final = 3.0

FOR_A_WRITE: Final = {Request.READ: 3, Request.WRITE: 1}
"""The requests that a push needs: while there are no more, reading for its own sake waits."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Relay:
    """The mirror's process. `stopping` ends it after the cycle it is in."""

    book: LiveBook
    leader: Leader
    interval: float
    budget: Budget = field(default_factory=Budget)
    memory: Memory = field(default_factory=Memory)
    stopping: threading.Event = field(default_factory=threading.Event)
    attempts: int = 0
    office_at: float = float("-inf")
    claims_at: float = float("-inf")
    leading: bool = False

    def run(self) -> None:
        """Go on until told to stop."""
        while not self.stopping.is_set():
            close_old_connections()
            self.stopping.wait(self.turn())
        self.leader.resign()

    def turn(self) -> float:
        """One turn; how many seconds until the next."""
        if not self._leads():
            return LEADER_SECONDS
        try:
            self._heal_claims()
            wait = self._cycle()
        except (DatabaseError, Ocupado, SinEspacio) as broken:
            log.warning("La base de datos no pudo seguir (%s); se intenta de nuevo.", broken)
            wait = self.interval
        return wait

    def _leads(self) -> bool:
        leads = self.leader.leads()
        if leads != self.leading:
            self.leading = leads
            log.info("Este proceso lleva la hoja." if leads else "Otro proceso lleva la hoja; este espera.")
            if leads:
                self.memory = Memory()
                remember(lider=f"{socket.gethostname()}:{os.getpid()}")
        return leads

    def _heal_claims(self) -> None:
        now = time.monotonic()
        if now - self.claims_at >= CLAIMS_SECONDS:
            self.claims_at = now
            heal_claims()
            forget_old_versions()

    def _cycle(self) -> float:
        """One cycle, unless the book is to be left alone still."""
        waiting = self._left_alone()
        if waiting > 0 or self._saves_its_reads():
            return min(max(waiting, self.interval), 60.0)
        office = not self.book.metered or time.monotonic() - self.office_at >= OFFICE_SECONDS
        cycle = Cycle(self.book, self.memory, office=office, leads=self.leader.leads)
        wait = told(self._once, cycle, self)
        if office and wait == self.interval:
            self.office_at = time.monotonic()
        return wait

    def _once(self, cycle: Cycle) -> float:
        report = cycle.run()
        self.attempts = 0
        remember(error="", error_tipo="", error_desde=None, esperar_hasta=None)
        if report.effective:
            log.info(report.summary())
        for line in report.lines:
            log.info(line)
        return self.interval

    def _left_alone(self) -> float:
        until = EstadoHoja.objects.filter(pk=1).values_list("esperar_hasta", flat=True).first()
        return (until - timezone.now()).total_seconds() if until else 0.0

    def _saves_its_reads(self) -> bool:
        """When short, what is to be written goes first: a reading that nothing waits for is left out."""
        if not self.book.metered or self.budget.can(FOR_A_WRITE):
            return False
        return not Mirror.objects.filter(behind_since__isnull=False, error="").exists()

    def failed(self, kind: TipoErrorHoja, sentence: str, wait: float) -> float:
        """Remember why the book was not reached, and leave it alone for a while."""
        state = EstadoHoja.objects.filter(pk=1).first() or EstadoHoja()
        now = timezone.now()
        since: datetime = state.error_desde or now
        if state.error != sentence[:500]:
            log.warning("%s", sentence)
        remember(error=sentence[:500], error_tipo=kind, error_desde=since, esperar_hasta=now + timedelta(seconds=wait))
        return max(wait, 0.1)


def told(cycle: Callable[[Cycle], float], one: Cycle, relay: Relay) -> float:
    """Run a cycle and turn what the book answers into a wait."""
    try:
        return cycle(one)
    except NotLeading:
        return 0.1
    except BookBusy as busy:
        relay.attempts += 1
        wait = wait_seconds(busy, relay.attempts, timezone.now())
        return relay.failed(TipoErrorHoja.CUOTA, str(busy), wait)
    except PermissionLost as lost:
        return relay.failed(TipoErrorHoja.PERMISO, str(lost), 60.0)
    except (WriteUnknown, BookUnreadable, BookUnwritable) as problem:
        relay.attempts += 1
        wait = wait_seconds(BookBusy(str(problem)), relay.attempts, timezone.now())
        return relay.failed(TipoErrorHoja.LIBRO, str(problem), wait)
