"""Where figures are measured: the product in processes of its own, on either database, with a private Valkey."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.children import run_child
from tests.live import LiveTaller
from tests.postgres import PrivatePostgres, postgres_binaries
from tests.private_valkey import BreakableValkey

SQLITE, POSTGRES = "SQLite", "PostgreSQL"


@dataclass(frozen=True, slots=True)
class Place:
    """One database with the shop in it, and the settings by which processes find it."""

    name: str
    folder: Path
    settings: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a process that works here."""
        return LiveTaller(self.folder, self.settings).environment

    def manage(self, *arguments: str) -> str:
        """Run a manage.py command to its end, and return what it said."""
        done = LiveTaller(self.folder, self.settings).manage(*arguments)
        if done.returncode != 0:
            raise RuntimeError(f"manage.py {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def measure(self, module: str, *arguments: str) -> dict[str, Any]:
        """Run one of the bench's child programs here, and return the JSON it prints."""
        return run_child([sys.executable, "-m", module, *arguments], self.environment)

    @contextmanager
    def webs(self, number: int) -> Iterator[list[LiveTaller]]:
        """That many web processes on this database."""
        webs = [LiveTaller(self.folder, self.settings) for _ in range(number)]
        try:
            for web in webs:
                web.start()
            yield webs
        finally:
            for web in webs:
                web.kill()


@dataclass(slots=True)
class Ground:
    """The folder, the servers and the empty databases that places are made on; gone after `ground()`."""

    folder: Path
    stack: ExitStack
    postgres: PrivatePostgres | None = None
    valkey: BreakableValkey | None = None
    made: int = 0

    def databases(self) -> list[str]:
        """Those that can be measured on this machine."""
        return [SQLITE, POSTGRES] if postgres_binaries() else [SQLITE]

    def place(self, database: str) -> Place:
        """A new, migrated, empty place."""
        self.made += 1
        folder = self.folder / f"{self.made}-{database}"
        (folder / "var").mkdir(parents=True)
        settings = {"REDIS_URL": self._valkey().url}
        if database == POSTGRES:
            server = self._server()
            settings["DATABASE_URL"] = server.url(server.create_database())
        place = Place(database, folder, settings)
        place.manage("migrate", "--verbosity=0")
        return place

    def valkey_process(self) -> psutil.Process:
        """The running Valkey."""
        process = self._valkey().process
        if process is None:
            raise RuntimeError("Valkey is not running")
        return psutil.Process(process.pid)

    def _server(self) -> PrivatePostgres:
        binaries = postgres_binaries()
        if self.postgres is None and binaries is not None:
            self.postgres = PrivatePostgres(binaries, fsync=True)
            self.stack.callback(self.postgres.remove)
            self.postgres.start()
        if self.postgres is None:
            raise RuntimeError("PostgreSQL is not installed")
        return self.postgres

    def _valkey(self) -> BreakableValkey:
        if self.valkey is None:
            self.valkey = BreakableValkey()
            self.stack.callback(shutil.rmtree, self.valkey.folder, ignore_errors=True)
            self.stack.callback(self.valkey.kill)
            self.valkey.start()
        return self.valkey


@contextmanager
def ground() -> Iterator[Ground]:
    """Room for everything that is measured, removed at the end whatever happened."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="taller-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield Ground(folder, stack)


def shop(ground: Ground, database: str, libro: Path) -> Place:
    """A place with a book imported, and its static files collected."""
    place = ground.place(database)
    place.measure("bench.import_child", str(libro))
    place.manage("collectstatic", "--noinput", "--verbosity=0")
    return place


def token(place: Place, name: str) -> str:
    """The Bearer token of a new program that may act."""
    return place.manage("pair_device", name, "--kind", "api").splitlines()[-1]


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process beside what is measured; ended with it."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
