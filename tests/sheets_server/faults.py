"""What goes wrong on demand.

Each fault waits for requests of its kind (`on`: `any`, `read`, `write` or a method such as
`spreadsheets.values.batchGet`), lets `skip` of them pass, strikes `times` of them (`None`: until cleared) and is gone.
Several may wait at once: every hook that matches a request runs, and of the others the first that matches strikes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.sheets_server.errors import MESSAGES, ApiError, asking_to_wait, quota_exceeded, unauthenticated


class Kind(StrEnum):
    """What happens to the request."""

    ERROR = "error"
    """It is answered with an error, and not applied unless the fault says so."""
    CUT = "cut"
    """The connection closes without an answer."""
    TORN = "torn"
    """It is applied, and the connection closes in the middle of the answer."""
    LATE = "late"
    """The connection closes without an answer, and the request is applied `seconds` later by the server's clock."""
    STALL = "stall"
    """The answer takes `seconds` of real time."""
    EMPTY = "empty"
    """The ranges that were read come back without values."""
    HALF = "half"
    """Only the first half of the rows of each range comes back."""
    HOOK = "hook"
    """Somebody does something to the book before or after the request is applied."""


@dataclass
class Fault:
    """One fault that waits. `applied` is whether a cut or failed request was applied, or a stalled one at once."""

    kind: Kind
    on: str = "any"
    times: int | None = 1
    skip: int = 0
    code: int = 0
    message: str = ""
    retry_after: float | str | None = None
    seconds: float = 0.0
    applied: bool = False
    act: Callable[[], None] | None = None

    def matches(self, method: str, kind: str) -> bool:
        if self.kind in {Kind.EMPTY, Kind.HALF} and kind != "read":
            return False
        if self.kind is Kind.LATE and kind != "write":
            return False
        return self.on in {"any", kind, method}

    def error(self, kind: str) -> ApiError:
        """The error of an `ERROR` fault for a request of that kind."""
        if self.code == 429:
            return quota_exceeded("read" if kind == "token" else kind, 60, self.retry_after)
        if self.code == 401:
            return unauthenticated()
        return ApiError(self.code, self.message or MESSAGES[self.code], headers=asking_to_wait(self.retry_after))


class Faults:
    """The faults that wait, in the order they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def too_many(self, times: int | None = 1, retry_after: float | None = None, **where: Any) -> None:
        """A burst of 429s, with or without Retry-After."""
        self.add(Fault(Kind.ERROR, times=times, code=429, retry_after=retry_after, **where))

    def error(
        self, code: int, times: int | None = 1, message: str = "", *, applied: bool = False, **where: Any
    ) -> None:
        """400, 401, 403, 404, 500, 503 or 504, with a `retry_after` or not; `applied` ones did the work all."""
        self.add(Fault(Kind.ERROR, times=times, code=code, message=message, applied=applied, **where))

    def cut(self, *, applied: bool, **where: Any) -> None:
        """The connection closes before or after the request was applied."""
        self.add(Fault(Kind.CUT, applied=applied, **where))

    def torn(self, **where: Any) -> None:
        """The answer ends in its middle."""
        self.add(Fault(Kind.TORN, **where))

    def late(self, seconds: float, **where: Any) -> None:
        """A write that is applied that much later, when its sender has long given up."""
        self.add(Fault(Kind.LATE, seconds=seconds, **where))

    def stall(self, seconds: float = 180.0, *, applied: bool = False, **where: Any) -> None:
        """An answer that takes so long; applied at once, or only when the stall is over."""
        self.add(Fault(Kind.STALL, seconds=seconds, applied=applied, **where))

    def empty(self, **where: Any) -> None:
        """A read that finds nothing, not even headers."""
        self.add(Fault(Kind.EMPTY, **where))

    def half(self, **where: Any) -> None:
        """A read that finds the first half."""
        self.add(Fault(Kind.HALF, **where))

    def before(self, on: str, act: Callable[[], None], **where: Any) -> None:
        """Do this right before the next such request is applied: `before("write", lambda: office.sort(…))`."""
        self.add(Fault(Kind.HOOK, on=on, act=act, **where))

    def after(self, on: str, act: Callable[[], None], **where: Any) -> None:
        """Do this right after the next such request was applied, whatever is asked next sees it."""
        self.add(Fault(Kind.HOOK, on=on, act=act, applied=True, **where))

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Calm down: nothing waits any more."""
        with self._lock:
            self._waiting.clear()

    @property
    def waiting(self) -> list[Fault]:
        with self._lock:
            return list(self._waiting)

    def strike(self, method: str, kind: str) -> tuple[Fault | None, list[Fault]]:
        """The fault that strikes this request, if any, and the hooks that run around it."""
        with self._lock:
            struck: Fault | None = None
            hooks = []
            for fault in list(self._waiting):
                if not fault.matches(method, kind) or (fault.kind is not Kind.HOOK and struck):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.kind is Kind.HOOK:
                    hooks.append(fault)
                else:
                    struck = fault
                self._use(fault)
            return struck, hooks

    def _use(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._waiting.remove(fault)
