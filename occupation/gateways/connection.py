"""One Redis client per process, and a breaker so that a sick Redis never slows a worker down.

Everything kept in Redis can be rebuilt from the database, so every failure here means "do without".
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

TIMEOUT_SECONDS = 0.25
"""Longest wait for one answer; with the single reconnection a verb loses at most half a second."""

BREAKER_SECONDS = 1.0
"""How long Redis is left alone after a failure."""

T = TypeVar("T")
log = logging.getLogger(__name__)
_closed_until = {"monotonic": 0.0}


@lru_cache(maxsize=4)
def _client(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        # A pooled connection dies with the server it knew: one fresh connection, then give up.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        decode_responses=True,
        # A key may hold anything another program put there.
        encoding_errors="replace",
    )


def configured() -> bool:
    """Whether this shop has a Redis at all."""
    return bool(settings.REDIS_URL)


def attempt(operation: Callable[[Redis], T]) -> T | None:
    """Run `operation` on Redis; None when there is no Redis, it failed, or it failed less than a second ago."""
    if not configured() or time.monotonic() < _closed_until["monotonic"]:
        return None
    try:
        return operation(_client(settings.REDIS_URL))
    except (RedisError, OSError) as error:
        _closed_until["monotonic"] = time.monotonic() + BREAKER_SECONDS
        log.warning("Redis no responde, se sigue sin él: %s", type(error).__name__)
        return None


def subscription() -> PubSub:
    """A new subscription to Redis, on a connection of its own; the caller closes it. Raises what Redis raises."""
    made: PubSub = _client(settings.REDIS_URL).pubsub()  # type: ignore[no-untyped-call]  # redis types it only half
    return made


def reachable() -> bool:
    """Whether Redis answers right now. Asks even while the breaker is open, and closes it on success."""
    if not configured():
        return False
    _closed_until["monotonic"] = 0.0
    return attempt(lambda redis: bool(redis.ping())) is True
