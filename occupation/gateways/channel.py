"""The channel `spools:updates`: tells other programs, and the boards' follower, that something happened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from redis import Redis

from occupation.gateways import connection

NAME = "spools:updates"


def listening() -> bool:
    """Whether there is a channel at all: without Redis nobody can be told."""
    return connection.configured()


def publish(messages: Sequence[Mapping[str, Any]]) -> None:
    """Publish each message in order, in one round trip. Best effort: the journal is the stream."""
    if messages:
        connection.attempt(lambda redis: _publish(redis, messages))


def _publish(redis: Redis, messages: Sequence[Mapping[str, Any]]) -> int:
    pipeline = redis.pipeline(transaction=False)
    for message in messages:
        pipeline.publish(NAME, json.dumps(message, ensure_ascii=False))
    return len(pipeline.execute())
