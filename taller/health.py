"""Whether the product works, for probes and for people: no credential, no secret, and never a long wait."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from dashboard.follower import follower
from dashboard.open_streams import streams
from occupation import queries
from occupation.api.documented import OPEN_ERRORS
from occupation.api.envelope import BASE_DE_DATOS_AUSENTE, failure
from occupation.gateways import connection as redis_connection
from taller import VERSION
from taller.sheet_health import SheetHealth, Status, read_sheet, unknown

PROBE_SECONDS = 2.0
"""Longest wait for the database: a probe that hangs says nothing."""

STALE_SECONDS = 10
"""A follower that did not read the journal for longer leaves the boards grey."""

router = Router()


class RedisHealth(Schema):
    """Redis as this process sees it; the shop works without it."""

    status: Status
    configurado: bool
    alcanzable: bool
    milisegundos: float | None


class RedisPart(Schema):
    """The same, as a part of the whole."""

    configurado: bool
    alcanzable: bool


class SheetPart(Schema):
    """The mirror: how many rows the sheet does not show yet, and for how long the oldest waits."""

    status: Status
    backend: str
    atraso_filas: int | None
    atraso_segundos: int | None


class FollowerPart(Schema):
    """What this process tells its streams: up to which journal row, and seconds since it last read the journal.

    `segundos` is null until the first request of the process was answered.
    """

    revision: int
    segundos: float | None


class Health(Schema):
    """The whole product. `journal_id` is null while the database does not answer."""

    status: Status
    journal_id: int | None
    version: str
    base_de_datos: Literal["ok", "sin conexión"]
    redis: RedisPart
    hoja: SheetPart
    streams: int
    seguidor: FollowerPart
    tls: Literal["ok", "sin TLS"]


class Ready(Schema):
    """This process can serve."""

    status: Literal["healthy"]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the database found."""

    journal_id: int
    sheet: SheetHealth


@router.get("/health", response={200: Health, **OPEN_ERRORS}, summary="El producto entero")
def health(request: HttpRequest) -> Health:  # noqa: ARG001  ninja always passes it
    look, redis, seguidor = _prober.ask(), _redis(), _follower()
    return Health(
        status=_overall(look, redis, seguidor),
        journal_id=look.journal_id if look else None,
        version=VERSION,
        base_de_datos="ok" if look else "sin conexión",
        redis=RedisPart(configurado=redis.configurado, alcanzable=redis.alcanzable),
        hoja=_sheet(look),
        streams=len(streams),
        seguidor=seguidor,
        tls="ok" if settings.PUBLIC_URL.startswith("https://") else "sin TLS",
    )


@router.get("/redis-health", response={200: RedisHealth, **OPEN_ERRORS}, summary="Redis")
def redis_health(request: HttpRequest) -> RedisHealth:  # noqa: ARG001  ninja always passes it
    return _redis()


@router.get("/sheets-health", response={200: SheetHealth, **OPEN_ERRORS}, summary="La hoja")
def sheets_health(request: HttpRequest) -> SheetHealth:  # noqa: ARG001  ninja always passes it
    look = _prober.ask()
    return look.sheet if look else unknown()


@router.get("/ready", response={200: Ready, **OPEN_ERRORS}, summary="¿Puede atender este proceso?")
def ready(request: HttpRequest) -> Ready | HttpResponse:  # noqa: ARG001  ninja always passes it
    return Ready(status="healthy") if _prober.ask() else failure(BASE_DE_DATOS_AUSENTE)


def _overall(look: Look | None, redis: RedisHealth, seguidor: FollowerPart) -> Status:
    if look is None:
        return "down"
    stale = (seguidor.segundos or 0) > STALE_SECONDS
    return "degraded" if stale or look.sheet.status != "healthy" else redis.status


def _follower() -> FollowerPart:
    age = follower.age
    return FollowerPart(revision=follower.revision, segundos=None if age is None else round(age, 1))


def _redis() -> RedisHealth:
    configured = redis_connection.configured()
    started = time.perf_counter()
    reachable = redis_connection.reachable()
    elapsed = round((time.perf_counter() - started) * 1000, 1)
    return RedisHealth(
        status="degraded" if configured and not reachable else "healthy",
        configurado=configured,
        alcanzable=reachable,
        milisegundos=elapsed if reachable else None,
    )


def _sheet(look: Look | None) -> SheetPart:
    sheet = look.sheet if look else unknown()
    return SheetPart(
        status=sheet.status,
        backend=sheet.backend,
        atraso_filas=sheet.atraso_filas,
        atraso_segundos=sheet.atraso_segundos,
    )


def _look() -> Look:
    return Look(queries.journal_id(), read_sheet())


class Prober:
    """Asks the database from a thread of its own, one question at a time; whoever asks meanwhile shares it.

    A database that hangs keeps that one thread and one connection, and after two seconds every later question is
    answered at once: it does not answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: Future[Look] | None = None
        self._deadline = 0.0

    def ask(self) -> Look | None:
        """What the database says, or None if it fails or takes longer than two seconds."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                self._deadline = time.monotonic() + PROBE_SECONDS
                threading.Thread(target=_answer, args=(self._asked,), name="health", daemon=True).start()
            asked, left = self._asked, self._deadline - time.monotonic()
        try:
            return asked.result(max(left, 0))
        except (FutureTimeoutError, DatabaseError):
            return None


def _answer(asked: Future[Look]) -> None:
    """Look, and hang up: this thread's connection is nobody else's."""
    try:
        asked.set_result(_look())
    except Exception as error:  # noqa: BLE001  whoever asked raises it again
        asked.set_exception(error)
    finally:
        connection.close()


_prober = Prober()
