"""`make run` in a terminal of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.live import ROOT, clean_environment
from tests.ports import free_port, patient, wait_until

READY = "Ctrl-C lo cierra."


class Terminal:
    """`python -m taller.run` in a folder of its own, with what it said so far."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = int(settings.get("PORT") or free_port())
        self.url = f"http://127.0.0.1:{self.port}"
        self.var = folder / "var"
        self._log = folder / "terminal.log"
        environment = clean_environment(**({"TALLER_VAR": str(self.var), "PORT": str(self.port)} | settings))
        command = [sys.executable, "-m", "taller.run"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.said() or self.process.poll() is not None, text, seconds=60)
        assert text in self.said()

    def descendants(self) -> dict[str, psutil.Process]:
        """The running processes below this one, by what they are."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        return {self._kind(process.cmdline()): process for process in below}

    def interrupt(self) -> float:
        """Ctrl-C; the seconds it took to end."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=patient(20))
        return time.monotonic() - start

    def close(self) -> None:
        if self.process.poll() is None:
            self.interrupt()

    @staticmethod
    def _kind(command: list[str]) -> str:
        words = [word for word in ("daphne", "sync_sheets", "valkey-server") if any(word in part for part in command)]
        return words[0] if words else " ".join(command)
