"""Child: watches the sheet while verbs come in. `python -m bench.mirror_child wait|cells|storm ...`

wait                                        returns once app and sheet are equal
cells SHEET_URL VERBS RATE COUNT HANDS TOKEN URL
                                            when each verb's row stood in the sheet
storm SHEET_URL SECONDS VERBS RATE COUNT HANDS TOKEN URL
                                            how long after so many seconds of nothing but 429 the sheet had caught up
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bench.children import open_django, said, say, start
from tests.ports import wait_until
from tests.sheets_server.control import RemoteControl

LOOK_SECONDS = 0.25
WAIT_SECONDS = 600.0
CAUGHT_UP_SECONDS = 600.0
"""Five times what is allowed: then it is told as it is."""


@dataclass(slots=True)
class Cells:
    """When each version was first seen in its row, by the system's monotonic clock."""

    control: RemoteControl
    seen: dict[tuple[str, str], float] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Read the versions of all rows, past any quota."""
        pairs = self.control.office("pairs", tab="Operaciones", key="TAG_SPOOL", header="version")
        now = time.monotonic()
        for tag, version in pairs:
            if self.shown.get(tag) != version:
                self.shown[tag] = version
                self.seen[tag, version] = now

    def moments(self, actions: list[list[Any]]) -> list[float | None]:
        """When each action's row showed it, or what was done to the spool after it."""
        shown: dict[str, float | None] = {}
        moments = []
        for _, tag, _, _, version in reversed(actions):
            shown[tag] = self.seen.get((tag, version), shown.get(tag))
            moments.append(shown[tag])
        return moments[::-1]


def when_equal() -> None:
    """Wait until the relay has nothing left to write."""
    from tests.sheet_truth import up_to_date

    wait_until(up_to_date, "equal sheet", WAIT_SECONDS)


def working(arguments: list[str], meanwhile: Callable[[], None]) -> dict[str, Any]:
    """Let `bench.shift` run to its end, looking at something meanwhile."""
    with tempfile.TemporaryFile() as out:
        shift = start(out, "bench.shift", *arguments)
        while shift.poll() is None:
            meanwhile()
            time.sleep(LOOK_SECONDS)
        return said(out)


def watch_cells(url: str, *arguments: str) -> dict[str, Any]:
    """The actions, when their cells stood, and what Google was asked for it."""
    control = RemoteControl(url)
    cells = Cells(control)
    cells.look()
    began = float(control.state()["now"])
    found = working(list(arguments), cells.look)
    deadline = time.monotonic() + WAIT_SECONDS
    while None in cells.moments(found["actions"]) and time.monotonic() < deadline:
        cells.look()
        time.sleep(LOOK_SECONDS)
    asked = control.log(began)
    when_equal()
    shown = {"shown": cells.moments(found["actions"]), "differences": compared(control)}
    return found | shown | {"asked": asked}


@dataclass(slots=True)
class Storm:
    """Nothing but 429 for so many seconds; then how long until what was owed at that moment stood in the sheet."""

    control: RemoteControl
    seconds: float
    began: float = field(default_factory=time.monotonic)
    over: float | None = None
    over_at: datetime | None = None
    last_event: int = 0
    caught_up: float | None = None

    def look(self) -> None:
        """Let it begin, end, or be over."""
        from django.utils import timezone

        from occupation import queries

        if self.over is None and time.monotonic() - self.began >= self.seconds:
            self.last_event, self.over_at, self.over = queries.journal_id(), timezone.now(), time.monotonic()
            self.control.calm()
        elif self.over is not None and self.caught_up is None and self._owes_nothing():
            self.caught_up = time.monotonic() - self.over

    def _owes_nothing(self) -> bool:
        from occupation.models import EstadoHoja, Mirror

        told = EstadoHoja.objects.get().metadata_hasta
        return told >= self.last_event and not Mirror.objects.filter(behind_since__lt=self.over_at).exists()


def weather_storm(url: str, seconds: str, *arguments: str) -> dict[str, Any]:
    """The actions, how long the recovery took, and whether app and sheet are equal at last."""
    control = RemoteControl(url)
    began = float(control.state()["now"])
    control.fault("error", code=429, times=None)
    storm = Storm(control, float(seconds))
    found = working(list(arguments), storm.look)
    deadline = time.monotonic() + CAUGHT_UP_SECONDS
    while storm.caught_up is None and time.monotonic() < deadline:
        storm.look()
        time.sleep(LOOK_SECONDS)
    when_equal()
    asked = control.log(began)
    return found | {"caught_up": storm.caught_up, "differences": compared(control), "asked": asked}


def compared(control: RemoteControl) -> list[str]:
    """Where app and sheet differ."""
    from tests.sheet_truth import differences

    return differences(lambda tab: control.office("records", tab=tab))


def main() -> None:
    """Do what the first argument says."""
    open_django()
    what, *arguments = sys.argv[1:]
    if what == "wait":
        when_equal()
        say({})
        return
    watches: dict[str, Callable[..., dict[str, Any]]] = {"cells": watch_cells, "storm": weather_storm}
    say(watches[what](*arguments))


if __name__ == "__main__":
    main()
