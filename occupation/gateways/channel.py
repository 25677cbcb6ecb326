"""The channel `spools:updates`: tells other programs, and the boards' follower, that something happened."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

from occupation.gateways import connection

NAME = "spools:updates"

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
"""A subscription that failed is tried again after these, twice as long each time up to the longest."""

SILENCE_SECONDS = 5.0
"""A subscription that said nothing for so long is asked whether it still lives, and has as long to answer."""

log = logging.getLogger(__name__)


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


class Doorbell:
    """One subscription to the channel, for one thread: it says only that there is something to read.

    Whatever Redis does it never raises and never waits much longer than asked: a lost subscription is made again, for
    as long as it takes. What is missed meanwhile is in the journal.
    """

    def __init__(self) -> None:
        self._subscription: PubSub | None = None
        self._pause = FIRST_PAUSE_SECONDS
        self._not_before = 0.0
        self._heard = 0.0
        self._asked = False
        self._told = False

    def wait(self, seconds: float) -> bool:
        """Whether it rang within `seconds`. False at once, without waiting, while there is no subscription."""
        try:
            return self._listen(seconds) if self._subscription or self._subscribe() else False
        except (RedisError, OSError) as error:
            self._give_up(type(error).__name__)
            return False

    @property
    def connected(self) -> bool:
        """Whether there is a subscription that may ring."""
        return self._subscription is not None

    def close(self) -> None:
        """Hang up."""
        if self._subscription is not None:
            with suppress(RedisError, OSError):
                self._subscription.close()
        self._subscription = None

    def _subscribe(self) -> bool:
        if not connection.configured() or time.monotonic() < self._not_before:
            return False
        subscription = connection.subscription()
        try:
            subscription.subscribe(NAME)
        except (RedisError, OSError):
            subscription.close()
            raise
        self._subscription, self._heard, self._asked = subscription, time.monotonic(), False
        return True

    def _listen(self, seconds: float) -> bool:
        subscription = self._subscription
        if subscription is None:
            return False
        message, rang = subscription.get_message(timeout=seconds), False
        if message is None:
            self._check_silence(subscription)
        # One ring for all that is waiting.
        while message is not None:
            rang = self._understand(message) or rang
            message = subscription.get_message(timeout=0)
        return rang

    def _understand(self, message: Mapping[str, Any]) -> bool:
        self._heard, self._asked = time.monotonic(), False
        self._pause = FIRST_PAUSE_SECONDS
        if self._told:
            log.warning("Redis avisa otra vez.")
        self._told = False
        # A new subscription rings too: something may have been published while there was none.
        return message["type"] in {"message", "subscribe"}

    def _check_silence(self, subscription: PubSub) -> None:
        if time.monotonic() < self._heard + SILENCE_SECONDS:
            return
        if self._asked:
            self._give_up("silencio")
            return
        subscription.ping()
        self._heard, self._asked = time.monotonic(), True

    def _give_up(self, why: str) -> None:
        if not self._told:
            log.warning("Redis no avisa (%s): se mira la bitácora cada 2 s y se vuelve a intentar.", why)
        self._told = True
        self.close()
        self._not_before = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
