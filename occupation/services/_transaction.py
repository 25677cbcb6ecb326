"""One transaction per verb, and a clear refusal when the database stays busy."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import OperationalError, connection, transaction

from occupation.refusals import Ocupado

BUSY_SECONDS = 10
_POSTGRES_BUSY = {"55P03", "40P01"}  # lock_not_available, deadlock_detected
_sqlite_writer = threading.Lock()


@contextmanager
def verb_transaction() -> Iterator[None]:
    """A durable transaction; all or nothing.

    On SQLite the process' threads queue on a lock of ours, which is fair, before they reach the file's, which is
    not. Raises Ocupado after 10 s of waiting, RuntimeError inside an outer `atomic`.
    """
    with ExitStack() as writer, _busy_is_a_refusal():
        if connection.vendor == "sqlite":
            _queue(writer)
        with transaction.atomic(durable=True):
            # Registered first: what is published after the commit must not keep the next writer waiting.
            transaction.on_commit(writer.close)
            yield


def _queue(writer: ExitStack) -> None:
    if not _sqlite_writer.acquire(timeout=BUSY_SECONDS):
        raise Ocupado
    writer.callback(_sqlite_writer.release)


@contextmanager
def _busy_is_a_refusal() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if is_busy(error.__cause__):
            raise Ocupado from error
        raise


def is_busy(cause: BaseException | None) -> bool:
    """Whether the database's own error, the cause of Django's, says that it stayed busy for too long."""
    if isinstance(cause, sqlite3.OperationalError):
        # Extended codes keep the primary one in the low byte.
        return cause.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    name = type(cause).__name__
    return name == "PoolTimeout" or getattr(cause, "sqlstate", None) in _POSTGRES_BUSY
