"""How much of the book's quota may be spent, kept in the database so that a restart does not spend it twice; and how
long to wait when the book is busy.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone
from tenacity import RetryCallState
from tenacity.wait import wait_base

from occupation.models import EstadoHoja
from occupation.services.mirroring import remember
from occupation.sheets.book import BookBusy, NotNow, Request

_BURST: Final = 0.25
_MINUTE: Final = 60.0

LONGEST_WAIT: Final = 600.0
"""Longest time that a book is left alone at once, in seconds. What is told to wait for longer, a clock said that was
ahead then.
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens of one kind of request: a quarter of the minute's may be spent at once, the rest comes drop by drop.

    No sixty seconds, wherever they begin, see more than `per_minute` requests.
    """

    per_minute: int
    tokens: float
    at: datetime

    @property
    def burst(self) -> float:
        """Most tokens it holds."""
        return max(1.0, self.per_minute * _BURST)

    @property
    def rate(self) -> float:
        """Tokens that come each second."""
        return max(self.per_minute - self.burst, self.per_minute / 2) / _MINUTE

    def filled(self, now: datetime) -> Bucket:
        """What it holds now. A clock that went back fills nothing."""
        passed = max((now - self.at).total_seconds(), 0)
        return Bucket(self.per_minute, min(self.burst, self.tokens + passed * self.rate), now)

    def missing_seconds(self, wanted: float = 1) -> float:
        """How long until it holds that many, or all it can hold."""
        return max(0.0, (min(wanted, self.burst) - self.tokens) / self.rate)

    def require(self, kind: Request) -> None:
        """Raise `BookBusy`, saying when there will be a token of this kind, while there is none."""
        if self.tokens < 1:
            raise BookBusy(f"Se gastó la cuota de {kind} de este minuto ({self.per_minute}).", self.missing_seconds())


class Budget:
    """The buckets of this shop's settings. `spend` is the meter of a book."""

    def __init__(self, per_minute: Mapping[Request, int] | None = None) -> None:
        self.per_minute = per_minute or {
            Request.READ: settings.SHEETS_READS_PER_MINUTE,
            Request.WRITE: settings.SHEETS_WRITES_PER_MINUTE,
        }

    def buckets(self) -> dict[Request, Bucket]:
        """What each holds now."""
        stored = EstadoHoja.objects.filter(pk=1).values_list("cubetas", flat=True).first() or {}
        now = timezone.now()
        return {kind: _stored(most, stored.get(kind), now) for kind, most in self.per_minute.items()}

    def glance(self, kind: Request) -> None:
        """The meter of who may leave no trace: asks only while there is a token, and takes none. Raises as `spend`."""
        self.buckets()[kind].require(kind)

    def spend(self, kind: Request) -> None:
        """Take one token for good. Raises `BookBusy`, saying when there will be one, while there is none."""
        buckets = self.buckets()
        bucket = buckets[kind]
        bucket.require(kind)
        buckets[kind] = Bucket(bucket.per_minute, bucket.tokens - 1, bucket.at)
        remember(cubetas={name: [one.tokens, one.at.isoformat()] for name, one in buckets.items()})

    def missing_seconds(self, wanted: Mapping[Request, int]) -> float:
        """How long until that many requests of each kind may be made at once, or as many as ever may."""
        buckets = self.buckets()
        return max(buckets[kind].missing_seconds(number) for kind, number in wanted.items())


def _stored(per_minute: int, stored: tuple[float, str] | None, now: datetime) -> Bucket:
    full = Bucket(per_minute, Bucket(per_minute, 0, now).burst, now)
    if stored is None:
        return full
    tokens, at = stored[0], datetime.fromisoformat(stored[1])
    if (at - now).total_seconds() > _MINUTE:
        return full  # a clock that was ahead, and was put right, says nothing of the last minute
    return Bucket(per_minute, min(tokens, full.tokens), at).filled(now)


@dataclass(frozen=True)
class WaitJittered(wait_base):
    """Twice as long each time, up to `most` seconds, a quarter more or less so that two who collide part."""

    first: float
    most: float

    def __call__(self, retry_state: RetryCallState) -> float:
        return self.seconds(retry_state.attempt_number)

    def seconds(self, attempt: int) -> float:
        """How long to wait after the attempt of that number, counted from 1."""
        wait = min(self.first * 2 ** min(attempt - 1, 30), self.most)
        return float(min(wait * random.uniform(0.75, 1.25), self.most))  # noqa: S311  spreads, protects nothing


AFTER_MOVE: Final = WaitJittered(0.1, 10)
"""Between the attempts of one cycle, when somebody wrote the book meanwhile."""

_WHEN_BUSY: Final = WaitJittered(1, _MINUTE)


def wait_seconds(later: NotNow, attempt: int, now: datetime) -> float:
    """How long the book is left alone: as it asked, for a quota at least to the next minute, else ever longer."""
    asked = min(later.retry_after or 0, LONGEST_WAIT)
    if later.quota:
        return max(asked, _MINUTE - now.second - now.microsecond / 1_000_000)
    return max(asked, 0 if asked else _WHEN_BUSY.seconds(attempt))
