"""Redis may be slow, dead or deaf: a verb loses at most half a second to it, and then not again for a while."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from occupation.gateways import connection
from tests.ports import free_port, patient


class DeafServer:
    """Takes connections and never says a word."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self.accepted: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self.accepted.append(self._listener.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for taken in self.accepted:
            taken.close()


@pytest.fixture
def deaf() -> Iterator[DeafServer]:
    server = DeafServer()
    yield server
    connection._client.cache_clear()
    server.close()


@pytest.fixture(autouse=True)
def _breaker_closed() -> Iterator[None]:
    connection._closed_until["monotonic"] = 0.0
    yield
    connection._closed_until["monotonic"] = 0.0


def test_every_wait_for_redis_is_bounded(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:6379/0"
    pool = connection._client(settings.REDIS_URL).connection_pool
    waits = {key: pool.connection_kwargs[key] for key in ("socket_timeout", "socket_connect_timeout")}
    assert waits == {"socket_timeout": 0.25, "socket_connect_timeout": 0.25}
    retry = pool.connection_kwargs["retry"]
    assert (retry.get_retries(), retry._backoff.compute(1)) == (1, 0)
    # One answer awaited, one reconnection, one answer more: less than the second the contract allows.
    assert connection.TIMEOUT_SECONDS * 3 < 1.0


def test_a_redis_that_does_not_answer_costs_one_short_wait_and_is_then_left_alone(
    settings: Settings, deaf: DeafServer
) -> None:
    settings.REDIS_URL = deaf.url
    started = time.monotonic()
    assert connection.attempt(lambda redis: redis.get("a")) is None
    assert time.monotonic() - started < patient(1.0)
    asked = len(deaf.accepted)
    assert [connection.attempt(lambda redis: redis.get("a")) for _ in range(50)] == [None] * 50
    assert len(deaf.accepted) == asked


def test_a_dead_redis_is_left_alone_for_a_second_and_then_asked_again(settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    asked: list[int] = []

    def ask(_: object) -> int:
        asked.append(1)
        raise RedisConnectionError

    assert [connection.attempt(ask), connection.attempt(ask)] == [None, None]
    assert len(asked) == 1
    assert 0 < connection._closed_until["monotonic"] - time.monotonic() <= connection.BREAKER_SECONDS
    connection._closed_until["monotonic"] = time.monotonic()
    assert connection.attempt(ask) is None
    assert len(asked) == 2


def test_a_redis_that_refuses_the_command_is_no_error_of_the_worker(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    def ask(_: object) -> None:
        raise ResponseError("OOM command not allowed")

    assert connection.attempt(ask) is None


def test_a_shop_without_redis_never_asks(settings: Settings) -> None:
    settings.REDIS_URL = ""
    assert connection.attempt(lambda redis: redis.ping()) is None
    assert connection.reachable() is False


def test_a_mistake_of_ours_is_not_hidden(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(ZeroDivisionError):
        connection.attempt(lambda _: 1 // 0)
