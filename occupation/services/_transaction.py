"""One transaction per verb, and a clear refusal when the database stays busy or has no room left."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction

from occupation.refusals import Ocupado, SinEspacio
from occupation.vocabulary import AdvisoryLock

BUSY_SECONDS: float = settings.BUSY_SECONDS
NOTICEABLE_SECONDS = 0.5
_POSTGRES_BUSY = {"55P03", "40P01"}  # lock_not_available, deadlock_detected
_POSTGRES_FULL = "53100"  # disk_full
_sqlite_writer = threading.Lock()
log = logging.getLogger(__name__)


@contextmanager
def verb_transaction() -> Iterator[None]:
    """A durable transaction; all or nothing.

    On SQLite the process' threads queue on a lock of ours, which is fair, before they reach the file's, which is
    not. Raises Ocupado after 10 s of waiting, for one lock or for several in turn, SinEspacio when the disk is full
    or fails and nothing was saved, RuntimeError inside an outer `atomic`.
    """
    committing = False
    try:
        with ExitStack() as writer:
            if connection.vendor == "sqlite":
                _queue(writer)
            else:
                writer.enter_context(connection.execute_wrapper(_Deadline()))
            with transaction.atomic(durable=True):
                # Registered first: what is published after the commit must not keep the next writer waiting.
                transaction.on_commit(writer.close)
                yield
                committing = True
    except OperationalError as error:
        if is_busy(error.__cause__):
            raise Ocupado from error
        if is_unsaved(error.__cause__, committing=committing):
            log.exception("El disco de la base de datos está lleno o falla")
            raise SinEspacio from error
        raise


@contextmanager
def one_at_a_time(lock: AdvisoryLock) -> Iterator[None]:
    """A transaction that no other under the same lock runs beside: what it counts stays true until it ends."""
    with verb_transaction():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(lock)])
        yield


@dataclass(slots=True)
class _Deadline:
    """PostgreSQL forgets what one lock has cost before the next: once that is noticeable, it is told what is left."""

    began: float = field(default_factory=time.monotonic)
    told: float = 0.0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: ANN401, FBT001 - Django's signature
        waited = time.monotonic() - self.began
        if waited - self.told > NOTICEABLE_SECONDS:
            self.told = waited
            left = max(int((BUSY_SECONDS - waited) * 1000), 1)
            execute(f"SET LOCAL lock_timeout = {left}", None, False, context)  # noqa: FBT003 - as above
        return execute(sql, params, many, context)


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


def is_busy(cause: BaseException | None) -> bool:
    """Whether the database's own error, the cause of Django's, says that it stayed busy for too long."""
    if isinstance(cause, sqlite3.OperationalError):
        # Extended codes keep the primary one in the low byte.
        return cause.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    name = type(cause).__name__
    return name == "PoolTimeout" or getattr(cause, "sqlstate", None) in _POSTGRES_BUSY


def is_unsaved(cause: BaseException | None, *, committing: bool) -> bool:
    """Whether the database's own error, the cause of Django's, says that the disk could not take what was to be saved.

    A commit whose frames could not be written is none, and a full disk shows there. After any other failure of the
    disk in the commit itself its frames may be whole, and a crash would bring them back: nobody knows.
    """
    if isinstance(cause, sqlite3.OperationalError):
        code = cause.sqlite_errorcode
        written = committing and code != sqlite3.SQLITE_IOERR_WRITE
        return code & 0xFF == sqlite3.SQLITE_FULL or (code & 0xFF == sqlite3.SQLITE_IOERR and not written)
    return getattr(cause, "sqlstate", None) == _POSTGRES_FULL
