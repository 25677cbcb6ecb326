"""How the book is upgraded and put back: patiently, as the only one who writes, looking before each write."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from django.utils import timezone
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from occupation.sheets.book import BookBusy, BookMoved, LiveBook, WriteUnknown
from occupation.sheets.budget import AFTER_MOVE, wait_seconds
from occupation.sheets.flush import NotLeading
from occupation.sheets.guard import any_loss
from occupation.sheets.job import Job

MOST_ASKS: Final = 12
"""How often a busy book is asked for the same; each wait lasts at most a minute."""

MOST_LOOKS: Final = 20
"""How often one step looks at the book and writes what it still lacks."""

T = TypeVar("T")
Say = Callable[[str], object]


class UpgradeRefused(Exception):  # noqa: N818  an answer in Spanish sentences, one per line
    """The book cannot be upgraded or put back as it stands. Nothing that was not there before was lost."""


@dataclass(frozen=True, slots=True)
class Work:
    """One run on one book. `leads` is asked before each write, `say` hears each thing done, `pause` waits seconds."""

    book: LiveBook
    leads: Callable[[], bool]
    say: Say
    pause: Callable[[float], None] = time.sleep

    def ask(self, call: Callable[[], T]) -> T:
        """Call something of the book, again once it is not busy any more. Raises whatever else it raises."""
        patient = Retrying(
            retry=retry_if_exception_type(BookBusy),
            wait=self._wait,
            stop=stop_after_attempt(MOST_ASKS),
            before_sleep=self._tell,
            sleep=self.pause,
            reraise=True,
        )
        return patient(call)

    def write(self, call: Callable[[], None]) -> None:
        """The same for a change of the book. Raises `NotLeading` when somebody else may write by now."""

        def change() -> None:
            if not self.leads():
                raise NotLeading
            call()

        self.ask(change)

    def until(self, step: Callable[[], bool]) -> None:
        """Take a step until it finds the book as it wants it; it looks first, and writes at most once each time.

        Whether a write whose answer was lost did happen is seen at the next look.
        """
        for attempt in range(1, MOST_LOOKS + 1):
            try:
                if step():
                    return
            except (BookMoved, WriteUnknown):
                if attempt == MOST_LOOKS:
                    raise
                self.pause(AFTER_MOVE.seconds(attempt))
        raise UpgradeRefused("El libro cambia una y otra vez mientras se escribe: repita cuando nadie trabaje en él.")

    def _wait(self, state: RetryCallState) -> float:
        busy = state.outcome.exception() if state.outcome else None
        return wait_seconds(busy, state.attempt_number, timezone.now()) if isinstance(busy, BookBusy) else 0.0

    def _tell(self, state: RetryCallState) -> None:
        busy = state.outcome.exception() if state.outcome else None
        self.say(f"{busy} Se sigue en {state.upcoming_sleep:.0f} s.")


def in_batches(things: Sequence[T], change: Callable[[Sequence[T]], object]) -> None:
    """Make one small transaction after the other, so that the floor does not wait."""
    job = Job(dry_run=False, accepts=any_loss, tells_edits=False)
    for batch in job.batches(things):
        job.write(partial(change, batch))
