"""The server's clock, Google's quotas by the minute, and the log of what was asked."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict, deque
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tests.sheets_server.errors import quota_exceeded

WINDOW: Final = 60.0


class Clock:
    """Seconds that pass by themselves, or only when told (`frozen`). `advance` works on both.

    It is no wall clock, so that a test which freezes the time of the product does not stop the server's.
    """

    def __init__(self, *, frozen: bool = False) -> None:
        self._start = self._tick()
        self._frozen = frozen
        self._advanced = 0.0

    def now(self) -> float:
        return self._advanced + (0.0 if self._frozen else self._tick() - self._start)

    def advance(self, seconds: float) -> None:
        self._advanced += seconds

    @staticmethod
    def _tick() -> float:
        return time.clock_gettime(time.CLOCK_MONOTONIC)


@dataclass
class Quota:
    """So many reads and writes per user in any 60 seconds; refused requests do not count.

    Google refills by the minute and is vague about when; no 60 seconds ever see more than the limit here, which is the
    strictest reading. `None` is no limit.
    """

    clock: Clock
    reads: int | None = 60
    writes: int | None = 60
    retry_after: bool = False
    _spent: defaultdict[tuple[str, str], deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def spend(self, user: str, kind: str) -> None:
        """Count one request of that kind (`read`, `write`), or refuse it with Google's 429."""
        limit = self.reads if kind == "read" else self.writes
        spent, now = self._spent[user, kind], self.clock.now()
        while spent and spent[0] <= now - WINDOW:
            spent.popleft()
        if limit is not None and len(spent) >= limit:
            raise quota_exceeded(kind, limit, spent[0] + WINDOW - now if self.retry_after and spent else None)
        spent.append(now)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came in, as it ended. `status` 0 is a connection that was cut; `began` is when it came."""

    at: float
    method: str
    kind: str
    status: int
    user: str
    fault: str = ""
    ranges: tuple[str, ...] = ()
    size: int = 0
    """Bytes of the answer."""
    began: float = 0.0


class Log:
    """Everything that was asked, oldest first."""

    def __init__(self) -> None:
        self._entries: list[Asked] = []
        self._lock = threading.Lock()

    def add(self, entry: Asked) -> None:
        with self._lock:
            self._entries.append(entry)

    def entries(self, since: float = 0.0) -> list[Asked]:
        """The requests from that moment of the server's clock on."""
        with self._lock:
            return [entry for entry in self._entries if entry.at >= since]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def counts(self, since: float = 0.0) -> dict[str, int]:
        """How many reads, writes and token requests came, and how many of all were refused or cut."""
        entries = self.entries(since)
        counted = Counter(entry.kind for entry in entries)
        failed = sum(entry.status != 200 for entry in entries)
        return {kind: counted[kind] for kind in ("read", "write", "token")} | {"failed": failed}

    def most_in_a_minute(self, kind: str) -> int:
        """The most requests of that kind in any 60 seconds, refused ones too: what a budget is held against."""
        moments = [entry.at for entry in self.entries() if entry.kind == kind]
        return max((sum(start <= at < start + WINDOW for at in moments) for start in moments), default=0)

    def as_json(self, since: float = 0.0) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self.entries(since)]
