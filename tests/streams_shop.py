"""A running shop whose journal the streams tell: verbs of a program, and what the journal says of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psutil

from tests.crowd import Crowd
from tests.live import LiveTaller
from tests.live_shop import TOKEN, program, rows
from tests.ports import wait_until
from tests.sse import Stream

AUTHORIZATION = {"Authorization": f"Bearer {TOKEN}"}


class Floor:
    """A program that takes and pauses spools for worker 101, and the longest it waited for an answer."""

    def __init__(self, live: LiveTaller) -> None:
        self._client = program(live)
        self.slowest = 0.0

    def take(self, tag: str) -> None:
        """Two journal rows."""
        self._post("tomar", {"tag_spool": tag, "worker_id": 101, "operacion": "ARM"})

    def pause(self, tag: str) -> None:
        """One journal row."""
        self._post("pausar", {"tag_spool": tag, "worker_id": 101})

    def toggle(self, tags: Iterable[str], seconds: float, pause: float = 0.1) -> None:
        """Take and pause these, one after the other, for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for tag in tags:
                self.take(tag)
                self.pause(tag)
                time.sleep(pause)

    def batch(self, tags: list[str]) -> None:
        """Take all of them with one request."""
        self._post("batch-tomar", {"tag_spools": tags, "worker_id": 101, "operacion": "ARM"})

    def batch_pause(self, tags: list[str]) -> None:
        """Pause all of them with one request."""
        self._post("batch-pausar", {"tag_spools": tags, "worker_id": 101})

    def close(self) -> None:
        self._client.close()

    def _post(self, verb: str, body: dict[str, Any]) -> None:
        began = time.monotonic()
        answer = self._client.post(f"/api/occupation/{verb}", json=body)
        self.slowest = max(self.slowest, time.monotonic() - began)
        assert (answer.status_code, answer.json().get("failed", 0)) == (200, 0)


@contextmanager
def floor(live: LiveTaller) -> Iterator[Floor]:
    """A program at work on this web process."""
    with closing(Floor(live)) as at_work:
        yield at_work


def journal(live: LiveTaller, after: int = 0) -> list[int]:
    """The ids of the journal."""
    return [id for (id,) in rows(live, "SELECT id FROM occupation_evento ORDER BY id") if id > after]


def newest(live: LiveTaller) -> int:
    return int(rows(live, "SELECT coalesce(max(id), 0) FROM occupation_evento")[0][0])


def told(stream: Stream) -> list[int]:
    """The ids of the updates a stream heard so far."""
    return [one.json["evento_id"] for one in list(stream.heard) if one.event == "spool_update"]


def named(stream: Stream, name: str) -> int:
    """How many events of this name it heard so far."""
    return sum(one.event == name for one in list(stream.heard))


def seconds_until(condition: Callable[[], bool], what: str, limit: float) -> float:
    """How long it took; TimeoutError beyond the limit."""
    began = time.monotonic()
    wait_until(condition, what, limit)
    return time.monotonic() - began


def health(live: LiveTaller) -> dict[str, Any]:
    with live.client() as client:
        found: dict[str, Any] = client.get("/api/health").json()
        return found


def caught_up(live: LiveTaller, seconds: float = 3) -> None:
    """Return when this process has told the whole journal: without Redis that takes up to two seconds."""
    wait_until(lambda: health(live)["seguidor"]["revision"] == newest(live), "the follower", seconds)


def crowd(live: LiveTaller, path: str = "/api/sse/stream") -> Crowd:
    """Programs that read this process' streams; none yet."""
    return Crowd(live.port, path, AUTHORIZATION)


def process(live: LiveTaller) -> psutil.Process:
    assert live.process is not None
    return psutil.Process(live.process.pid)
