"""Only one relay leads: it alone reads and writes the book, whoever else is running."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
from django.conf import settings
from django.db import connection

from occupation.vocabulary import AdvisoryLock

LOCK_FILE: Final = "relay.lock"

_KEEPALIVES: Final = "-c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=2"


class Leader(Protocol):
    """A lock that ends with its process, however that ends."""

    def leads(self) -> bool:
        """Whether this process leads now; it tries to if nobody does."""
        ...

    def resign(self) -> None:
        """Let somebody else lead."""
        ...


class FileLeader:
    """A lock on a file beside the database, for a shop on one machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def leads(self) -> bool:
        """See `Leader.leads`. A lock file that was deleted meanwhile locks nobody out: it is taken anew."""
        if self._file is not None and self._is_the_file(self._file):
            return True
        self.resign()
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return self._is_the_file(file)

    def resign(self) -> None:
        """See `Leader.resign`."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _is_the_file(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), self.path.stat())
        except FileNotFoundError:
            return False


class PostgresLeader:
    """An advisory lock on a connection of its own, outside the pool: it is lost with that connection."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] | None = None

    def leads(self) -> bool:
        """See `Leader.leads`. Asks the server each time: a connection that died took the lock with it."""
        try:
            return self._holds() if self._connection is not None else self._takes()
        except psycopg.Error:
            self.resign()
            return False

    def resign(self) -> None:
        """See `Leader.resign`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _holds(self) -> bool:
        if self._connection is None:
            return False
        self._connection.execute("SELECT 1")
        return True

    def _takes(self) -> bool:
        parameters = {**connection.get_connection_params()}
        for name in (
            "pool",
            "context",
            "cursor_factory",
            "prepare_threshold",
            "server_side_binding",
            "isolation_level",
        ):
            parameters.pop(name, None)
        parameters["options"] = _KEEPALIVES
        mine = psycopg.connect(**parameters, autocommit=True, connect_timeout=5)
        row = mine.execute("SELECT pg_try_advisory_lock(%s)", [int(AdvisoryLock.RELAY)]).fetchone()
        if row is None or not row[0]:
            mine.close()
            return False
        self._connection = mine
        return True


def make_leader() -> Leader:
    """The kind of lock that this shop's database calls for."""
    return PostgresLeader() if connection.vendor == "postgresql" else FileLeader(settings.TALLER_VAR / LOCK_FILE)
