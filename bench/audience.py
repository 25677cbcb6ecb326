"""Child: streams that listen to a shift. `python -m bench.audience WEB_PID RATE COUNT HANDS TOKEN URL CROWD...`

A crowd is `NUMBER:PATH:HEADER`. It opens them all, starts `bench.shift`, and tells when the last of them had parsed
each event, what the streams cost the web process, and what this client itself used.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg

from bench.children import said, say, start
from tests.crowd import Crowd, Reader

AFTERWARDS_SECONDS = 2.0
SETTLE_SECONDS = 3.0
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

_VERSION = re.compile(rb'"evento_id": (\d+).*?"version": "([0-9a-f-]{36})"')


class Witness(Reader):
    """The one reader that also notes which version each event carries, to know of which action it tells."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.versions: dict[str, int] = {}

    def _understand(self, text: bytes) -> bool:
        self.versions |= {version.decode(): int(id) for id, version in _VERSION.findall(text)}
        return super()._understand(text)


@dataclass(slots=True)
class Arrivals:
    """By journal id: how many heard of it, and when the last of them had."""

    heard: dict[int, int] = field(default_factory=dict)
    last: dict[int, float] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)

    def note(self, reader: Reader) -> None:
        """Take in what a reader understood just now."""
        now, known = time.monotonic(), self.seen.get(id(reader), 0)
        for event in reader.ids[known:]:
            self.heard[event] = self.heard.get(event, 0) + 1
            self.last[event] = now
        self.seen[id(reader)] = len(reader.ids)


def first_reader(port: int, token: str) -> tuple[Crowd, Witness]:
    """The program that witnesses the events, as a crowd of one that others may join."""
    crowd = Crowd(port, "/api/sse/stream", {"Authorization": f"Bearer {token}"}, kind=Witness).open(1)
    witness = crowd.readers[0]
    if not isinstance(witness, Witness):
        raise TypeError(witness)
    return crowd, witness


def join(crowd: Crowd, description: str) -> None:
    """Let so many more come."""
    number, path, header = description.split(":", 2)
    name, _, value = header.partition("=")
    crowd.ask(path, {name: value}).open(int(number))


def listen(crowd: Crowd, shift: subprocess.Popen[bytes], web: psutil.Process) -> tuple[Arrivals, list[float]]:
    """Read until the shift is over and a little longer; with the web's memory in MB, once a second."""
    arrivals, memory, began, end = Arrivals(), list[float](), time.monotonic(), float("inf")
    while time.monotonic() < end:
        for reader in crowd.step(0.05):
            arrivals.note(reader)
        if len(memory) < time.monotonic() - began:
            memory.append(web.memory_info().rss / 2**20)
            if end == float("inf") and shift.poll() is not None:
                end = time.monotonic() + AFTERWARDS_SECONDS
    return arrivals, memory


def cost(web: psutil.Process) -> dict[str, float]:
    """What the web process holds."""
    url = os.environ.get("DATABASE_URL", "")
    found = {"threads": web.num_threads(), "descriptors": web.num_fds(), "KB": web.memory_info().rss / 1024}
    if url.startswith("postgres"):
        with psycopg.connect(url) as server:
            found["connections"] = server.execute(CONNECTIONS).fetchone()[0]  # type: ignore[index]
    return found


def main() -> None:
    """Print the actions with when the last stream had each, the costs, and the processor time of both clients."""
    pid, rate, count, hands, token, url, *descriptions = sys.argv[1:]
    web = psutil.Process(int(pid))
    crowd, witness = first_reader(urlsplit(url).port or 80, token)
    before = cost(web)
    for description in descriptions:
        join(crowd, description)
    crowd.read_for(SETTLE_SECONDS)
    after, cpu, web_cpu = cost(web), time.process_time(), sum(web.cpu_times()[:2])
    with tempfile.TemporaryFile() as out:
        shift = start(out, "bench.shift", "tomar,pausar", rate, count, hands, token, url)
        began = time.monotonic()
        arrivals, memory = listen(crowd, shift, web)
        seconds = time.monotonic() - began
        found = said(out)
    ids = [witness.versions.get(version) for *_, version in found["actions"]]
    say(
        found
        | {
            "last": [arrivals.last.get(id) if id else None for id in ids],
            "heard": [arrivals.heard.get(id, 0) if id else 0 for id in ids],
            "streams": len(crowd.readers),
            "ended": sum(reader.ended for reader in crowd.readers),
            "before": before,
            "after": after,
            "memory": memory,
            "listener_cpu": (time.process_time() - cpu) / seconds,
            "web_cpu": (sum(web.cpu_times()[:2]) - web_cpu) / seconds,
        }
    )


if __name__ == "__main__":
    main()
