"""One transaction per verb, and a clear refusal when the database stays busy or has no room left."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import OperationalError, connection, transaction

from occupation.refusals import Ocupado, SinEspacio

BUSY_SECONDS = 10
NOTICEABLE_SECONDS = 0.5
_POSTGRES_BUSY = {"55P03", "40P01"}  # lock_not_available, deadlock_detected
_POSTGRES_FULL = "53100"  # disk_full
_sqlite_writer = threading.Lock()
log = logging.getLogger(__name__)


@contextmanager
def verb_transaction() -> Iterator[None]:
    """A durable transaction; all or nothing.

    On SQLite the process' threads queue on a lock of ours, which is fair, before they reach the file's, which is
    not. Raises Ocupado after 10 s of waiting, SinEspacio on a full disk, RuntimeError inside an outer `atomic`.
    """
    with ExitStack() as writer, _told_as_refusals():
        if connection.vendor == "sqlite":
            _queue(writer)
        with transaction.atomic(durable=True):
            # Registered first: what is published after the commit must not keep the next writer waiting.
            transaction.on_commit(writer.close)
            yield


def _queue(writer: ExitStack) -> None:
    began = time.monotonic()
    if not _sqlite_writer.acquire(timeout=BUSY_SECONDS):
        raise Ocupado
    writer.callback(_sqlite_writer.release)
    waited = time.monotonic() - began
    if waited > NOTICEABLE_SECONDS:
        # The ten seconds are for both queues together.
        _wait_for_file(BUSY_SECONDS - waited)
        writer.callback(_wait_for_file, BUSY_SECONDS)


def _wait_for_file(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {max(int(seconds * 1000), 0)}")


@contextmanager
def _told_as_refusals() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if is_busy(error.__cause__):
            raise Ocupado from error
        if is_full(error.__cause__):
            log.exception("El disco de la base de datos está lleno")
            raise SinEspacio from error
        raise


def is_busy(cause: BaseException | None) -> bool:
    """Whether the database's own error, the cause of Django's, says that it stayed busy for too long."""
    if isinstance(cause, sqlite3.OperationalError):
        # Extended codes keep the primary one in the low byte.
        return cause.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    name = type(cause).__name__
    return name == "PoolTimeout" or getattr(cause, "sqlstate", None) in _POSTGRES_BUSY


def is_full(cause: BaseException | None) -> bool:
    """Whether the database's own error, the cause of Django's, says that its disk is full."""
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL
    return getattr(cause, "sqlstate", None) == _POSTGRES_FULL
