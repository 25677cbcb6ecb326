"""A private PostgreSQL for the tests: its own data folder, its own port, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.ports import free_port, wait_until


def postgres_binaries() -> Path | None:
    """The folder of initdb and postgres: the newest Debian one, else the one on PATH, else None."""

    def release(path: Path) -> float:
        with suppress(ValueError):
            return float(path.parent.name)
        return 0.0

    installed = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if installed:
        return max(installed, key=release)
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


MEMORY = Path("/dev/shm")  # noqa: S108  mkdtemp makes a folder of its own in it
ROOM = 2 * 2**30


def _in_memory() -> Path | None:
    """Where a server whose data need not outlive it cannot be held up by a busy disk; None if there is no room."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None


class PrivatePostgres:
    """One server with 30 connections, the number that two web processes and a relay must fit in.

    PostgreSQL refuses to run as root, so root hands it to the `postgres` user. Safe from power cuts it need not
    be: `fsync` is off unless asked for.
    """

    def __init__(self, binaries: Path, *, fsync: bool = False) -> None:
        self._binaries = binaries
        self._fsync = fsync
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="taller-postgres-", dir=None if fsync else _in_memory()))
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def url(self, database: str = "postgres") -> str:
        return f"postgres://taller@127.0.0.1:{self.port}/{database}"

    def start(self) -> Self:
        if self._user:
            shutil.chown(self._folder, self._user, pwd.getpwnam(self._user).pw_gid)
        self._run("initdb", "-D", self._data, "-U", "taller", "-A", "trust", "--no-sync", "-E", "UTF8")
        self._launch()
        return self

    def create_database(self, template: str = "template1") -> str:
        """The name of a new database that looks like `template`."""
        self._databases += 1
        name = f"taller_{self._databases}"
        self._sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop_database(self, name: str) -> None:
        self._sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def kill(self) -> None:
        """Stop at once, as a power cut would: the next `restart` has to recover."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")
        self._wait()

    def restart(self) -> None:
        self._launch()

    def remove(self) -> None:
        if self._process:
            self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop", check=False)
            self._wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _launch(self) -> None:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self._folder),
            "max_connections": "30",
            "fsync": "on" if self._fsync else "off",
            "synchronous_commit": "on" if self._fsync else "off",
            "full_page_writes": "on" if self._fsync else "off",
        }
        arguments = [str(self._binaries / "postgres"), "-D", self._data]
        arguments += [f"--{name}={value}" for name, value in options.items()]
        with (self._folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log, user=self._user, cwd="/")
        wait_until(self._is_ready, "PostgreSQL")

    def _is_ready(self) -> bool:
        return self._run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), check=False)

    def _wait(self) -> None:
        if self._process:
            self._process.wait(timeout=10)
            self._process = None

    def _sql(self, statement: str) -> None:
        self._run("psql", "-q", "-d", self.url(), "-v", "ON_ERROR_STOP=1", "-c", statement)

    def _run(self, program: str, *arguments: str, check: bool = True) -> bool:
        command = [str(self._binaries / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, user=self._user, cwd="/", check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")
        return done.returncode == 0
