"""A long job in small transactions: how many rows the next one has, and how long the floor goes first after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from django.db import connection

from occupation.sheets.guard import Accepts
from occupation.sheets.plan import ROWS_PER_TRANSACTION
from occupation.sheets.report import ImportReport
from occupation.updates import TAGS_LISTED

AIM_SECONDS: Final = 0.02
"""How long one transaction should take, so that it fits between two taps; a slow machine takes a little more."""

_LEAST: Final = TAGS_LISTED + 10
"""Fewest rows, when there are that many: a big import tells pages to repaint, not one spool after another."""

_FLOOR_SECONDS: Final = 2.0
_REST_FOR_THE_FLOOR: Final = 1.5
_REST: Final = 0.25

T = TypeVar("T")


def _commits_of_others() -> int:
    """A number that changes when another connection wrote to the SQLite file; 0 where nobody needs to know."""
    if connection.vendor != "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        return int(cursor.fetchone()[0])


@dataclass(slots=True)
class Job:
    """One import: whether it may write, what it tells, what it has found so far, and its pace.

    Transactions grow while they are quick and shrink when they are not. SQLite lets whoever asks at the right
    moment write next: while the floor works, the database is left alone after each one for longer than it was
    held, so that a verb that waits finds it free. PostgreSQL's queues are fair.
    """

    dry_run: bool
    accepts: Accepts
    tells_edits: bool
    report: ImportReport = field(default_factory=ImportReport)
    rows: int = _LEAST
    free_at: float = 0.0
    seen: int = field(default_factory=_commits_of_others)
    floor_at: float = -_FLOOR_SECONDS

    def batches(self, things: Sequence[T]) -> Iterator[Sequence[T]]:
        """Cut into pieces, each as long as one transaction may be by then."""
        start = 0
        while start < len(things):
            size = self.rows
            yield things[start : start + size]
            start += size

    def write(self, change: Callable[[], T]) -> T:
        """Make one transaction, once the floor had its turn."""
        time.sleep(max(self.free_at - time.monotonic(), 0))
        began = time.monotonic()
        done = change()
        self._took(time.monotonic() - began)
        return done

    def _took(self, seconds: float) -> None:
        now = time.monotonic()
        seen = _commits_of_others()
        if seen != self.seen:
            self.seen, self.floor_at = seen, now
        at_work = now - self.floor_at < _FLOOR_SECONDS
        self.free_at = now + seconds * (_REST_FOR_THE_FLOOR if at_work else _REST)
        fitting = int(self.rows * AIM_SECONDS / max(seconds, 0.001))
        self.rows = min(max((self.rows + fitting) // 2, _LEAST), ROWS_PER_TRANSACTION)
