"""Google Sheets beside what is measured: the tests' server, a quarter of a second away, and the relay that keeps it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from bench.places import Place
from tests.live import ROOT
from tests.ports import answers, free_port, wait_until
from tests.sheets_server.control import RemoteControl
from tests.sheets_server.server import BOOK_ID

LATENCY_MS = 250
QUOTA = 60
"""Google's own: reads and writes a minute and user."""

_START_SECONDS = 120.0
_ELSEWHERE = 5
"""Google's processors are not this machine's: its server is to take little from what is measured."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A place whose book is in that spreadsheet, and what happens to the spreadsheet."""

    place: Place
    control: RemoteControl

    @contextmanager
    def kept(self) -> Iterator[psutil.Process]:
        """The relay at work."""
        command = [sys.executable, "manage.py", "sync_sheets"]
        with (self.place.folder / "relay.log").open("ab") as log:
            relay = subprocess.Popen(command, cwd=ROOT, env=self.place.environment, stdout=log, stderr=log)
        try:
            yield psutil.Process(relay.pid)
        finally:
            relay.terminate()
            relay.wait(timeout=30)

    def wait_until_equal(self) -> None:
        """Return once the relay has written all there was to write."""
        self.place.measure("bench.mirror_child", "wait")


@contextmanager
def sheet(place: Place, libro: Path, latency_ms: float = LATENCY_MS, quota: int = QUOTA) -> Iterator[Sheet]:
    """A spreadsheet with the book's rows. A `quota` of 0 is none."""
    port = free_port()
    numbers = {"port": port, "book": libro, "latency": latency_ms, "reads": quota, "writes": quota}
    options = [f"--{name}={value}" for name, value in numbers.items()]
    command = [sys.executable, "-m", "tests.sheets_server", *options]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        os.setpriority(os.PRIO_PROCESS, server.pid, _ELSEWHERE)
        wait_until(lambda: answers(port), "the tests' Google", _START_SECONDS)
        origin = f"http://127.0.0.1:{port}"
        settings = {"SHEETS_BACKEND": "google", "SHEETS_API_URL": origin, "GOOGLE_SHEET_ID": BOOK_ID}
        yield Sheet(replace(place, settings=place.settings | settings), RemoteControl(origin))
    finally:
        server.kill()
        server.wait()
