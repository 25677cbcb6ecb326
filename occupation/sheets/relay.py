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
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from occupation.models import EstadoHoja
from occupation.refusals import Ocupado, SinEspacio
from occupation.services import heal_claims
from occupation.services.holds import standing
from occupation.services.mirroring import forget_old_versions, not_reached, remember
from occupation.sheets.book import (
    BookUnreadable,
    BookUnwritable,
    LiveBook,
    NotNow,
    PermissionLost,
    Request,
)
from occupation.sheets.budget import LONGEST_WAIT, Budget, wait_seconds
from occupation.sheets.cycle import Cycle
from occupation.sheets.cycle_report import CycleReport
from occupation.sheets.flush import Memory, NotLeading
from occupation.sheets.leader import Leader
from occupation.vocabulary import TipoErrorHoja

OFFICE_SECONDS: Final = 30.0
CLAIMS_SECONDS: Final = 60.0
LEADER_SECONDS: Final = 3.0

FOR_A_CYCLE: Final = {Request.READ: 5, Request.WRITE: 1}
"""What reading, writing and proving take when tabs have to be looked up and read again in between.

With less left, a cycle might write and not prove: until it does, a cell that somebody empties again looks untouched.
"""

REST_SECONDS: Final = 0.5
"""Shortest pause after a turn that left nothing to do, however long it took, or that has to wait."""

MOST_SECONDS: Final = 60.0
"""Longest time between two looks at whether the book may be read again, and by whom."""

NOT_REACHED: Final = (NotNow, BookUnreadable, BookUnwritable)
"""What keeps a cycle from its end. Each is told in the health, and tried again."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Relay:
    """The mirror's process. `stopping` ends it after the cycle it is in; `clock` tells seconds that only go on."""

    book: LiveBook
    leader: Leader
    interval: float
    budget: Budget = field(default_factory=Budget)
    memory: Memory = field(default_factory=Memory)
    stopping: threading.Event = field(default_factory=threading.Event)
    clock: Callable[[], float] = time.monotonic
    attempts: int = 0
    office_at: float = float("-inf")
    claims_at: float = float("-inf")
    leading: bool | None = None
    holds: dict[tuple[str, str], str] = field(default_factory=dict)

    def run(self) -> None:
        """Go on until told to stop."""
        while not self.stopping.is_set():
            close_old_connections()
            began = self.clock()
            wait = self.turn()
            spent = self.clock() - began
            self.stopping.wait(max(wait - spent, min(wait, REST_SECONDS)))
        self._resign()

    def turn(self) -> float:
        """One turn; how many seconds after its beginning the next is due. A book to be left alone is, even so."""
        try:
            if not self._leads():
                return LEADER_SECONDS
            self._heal_claims()
            return self._cycle()
        except (DatabaseError, Ocupado, SinEspacio) as broken:
            log.warning("La base de datos no pudo seguir (%s); se intenta de nuevo.", broken)
            return self.interval

    def _leads(self) -> bool:
        leads = self.leader.leads()
        if leads != self.leading:
            log.info("Este proceso lleva la hoja." if leads else "Otro proceso lleva la hoja; este espera.")
            if leads:
                self.memory = Memory()
                remember(lider=f"{socket.gethostname()}:{os.getpid()}", lider_desde=timezone.now())
            self.leading = leads
        return leads

    def _resign(self) -> None:
        """Let another lead, and say that nobody does if the database still listens."""
        with suppress(DatabaseError, Ocupado, SinEspacio):
            if self.leading and self.leader.leads():
                remember(lider="", lider_desde=None)
        self.leader.resign()

    def _heal_claims(self) -> None:
        now = self.clock()
        if now - self.claims_at >= CLAIMS_SECONDS:
            self.claims_at = now
            heal_claims()
            forget_old_versions()

    def _cycle(self) -> float:
        """One cycle, unless the book is to be left alone still or the minute's requests do not suffice."""
        waiting = max(self._left_alone(), self._short_of_quota())
        if waiting > 0:
            return min(max(waiting, REST_SECONDS), MOST_SECONDS)
        office = not self.book.metered or self.clock() - self.office_at >= OFFICE_SECONDS
        cycle = Cycle(self.book, self.memory, office=office, leads=self.leader.leads)
        try:
            report = cycle.run()
        except NotLeading:
            self.leading = None
            return 0.0
        except NOT_REACHED as problem:
            return self._failed(problem)
        self._told(report)
        if office:
            self.office_at = self.clock()
        return 0.0 if report.more else self.interval

    def _told(self, report: CycleReport) -> None:
        self.attempts = 0
        if report.changed:
            log.info(report.summary())
        for line in report.lines:
            log.info(line)
        self._tell_holds()

    def _tell_holds(self) -> None:
        """Say which tabs are left alone since now, or for another reason, and which go on: a hold may last for days."""
        before, self.holds = self.holds, standing()
        for held, why in self.holds.items():
            if before.get(held) != why:
                log.warning("retenida: la hoja %s: %s", held[0], why)
        for held in before.keys() - self.holds.keys():
            log.info("ya no está retenida: la hoja %s: %s", held[0], before[held])

    def _left_alone(self) -> float:
        until = EstadoHoja.objects.filter(pk=1).values_list("esperar_hasta", flat=True).first()
        waiting = (until - timezone.now()).total_seconds() if until else 0.0
        return waiting if waiting <= LONGEST_WAIT else 0.0

    def _short_of_quota(self) -> float:
        return self.budget.missing_seconds(FOR_A_CYCLE) if self.book.metered else 0.0

    def _failed(self, problem: Exception) -> float:
        """Remember why the book was not reached, and leave it alone for a while."""
        self.attempts += 1
        wait = _wait_after(problem, self.attempts)
        if not_reached(failure_kind(problem), str(problem), wait):
            log.warning("%s", problem)
        return wait


def failure_kind(problem: Exception) -> TipoErrorHoja:
    """Who can mend what kept the book from being reached: time, a person with the right to share it, or any person."""
    if isinstance(problem, NotNow):
        return TipoErrorHoja.CUOTA
    return TipoErrorHoja.PERMISO if isinstance(problem, PermissionLost) else TipoErrorHoja.LIBRO


def _wait_after(problem: Exception, attempts: int) -> float:
    if isinstance(problem, PermissionLost):
        return MOST_SECONDS
    later = problem if isinstance(problem, NotNow) else NotNow(str(problem))
    return max(wait_seconds(later, attempts, timezone.now()), 0.1)
