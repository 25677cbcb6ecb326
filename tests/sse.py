"""A client of the streams: reads on a thread of its own, and remembers everything in order."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from tests.live import LiveTaller
from tests.live_shop import TOKEN
from tests.ports import patient

SECONDS = 10.0
COOKIE = "taller_device"


@dataclass(frozen=True, slots=True)
class Heard:
    """One event as it came."""

    event: str
    id: str
    data: str

    @property
    def json(self) -> dict[str, Any]:
        """The data of an event that carries JSON."""
        found: dict[str, Any] = json.loads(self.data)
        return found


def parse(lines: Iterable[str]) -> Iterator[Heard]:
    """The events in the lines of a stream. An id stays until another is sent, as in a browser."""
    event, id, data = "message", "", list[str]()
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line == "":
            if data:
                yield Heard(event, id, "\n".join(data))
            event, data = "message", []
        elif name == "data":
            data.append(value)
        elif name == "event":
            event = value
        elif name == "id":
            id = value


class Stream:
    """An open stream. `heard` grows until the server or `close` ends it; `ended` is set then."""

    def __init__(self, live: LiveTaller, path: str, headers: Mapping[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=60)
        self._connection.request("GET", path, headers=dict(headers))
        self.response = self._connection.getresponse()
        self.heard: list[Heard] = []
        self.ended = threading.Event()
        self._came = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait_for(self, wanted: Callable[[list[Heard]], bool], seconds: float = SECONDS) -> list[Heard]:
        """Everything heard, once `wanted` holds of it."""
        with self._came:
            if not self._came.wait_for(lambda: wanted(self.heard), patient(seconds)):
                late = f"not heard within {patient(seconds):g} s"
                raise TimeoutError(f"{late}, but {len(self.heard)}, the last: {self.heard[-9:]}")
            return list(self.heard)

    def named(self, event: str, count: int = 1, seconds: float = SECONDS) -> list[Heard]:
        """The events of this name, once there are `count`."""
        heard = self.wait_for(lambda heard: _count(heard, event) >= count, seconds)
        return [one for one in heard if one.event == event]

    def ids(self, count: int) -> list[int]:
        """The journal ids of the first updates, once there are `count`."""
        return [one.json["evento_id"] for one in self.named("spool_update", count)]

    def opened(self) -> Self:
        """The same, once the server listens for it: whatever happens from here on is heard."""
        self.named("latido")
        return self

    def close(self) -> None:
        """Hang up, as a browser that leaves the page."""
        with suppress(OSError):
            # Closing alone would leave the thread that reads, and so the connection, where they are.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(SECONDS)
        self.response.close()
        self._connection.close()

    @property
    def _socket(self) -> socket.socket:
        assert self._connection.sock is not None
        return self._connection.sock

    def _read(self) -> None:
        try:
            for one in parse(line.decode().rstrip("\r\n") for line in self.response):
                with self._came:
                    self.heard.append(one)
                    self._came.notify_all()
        except (http.client.HTTPException, OSError):
            pass
        finally:
            self.ended.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


def _count(heard: list[Heard], event: str) -> int:
    return sum(one.event == event for one in heard)


def program_stream(live: LiveTaller, path: str = "/api/sse/stream", last: str | None = None) -> Stream:
    """A program's stream, after the event `last` if one is named."""
    return Stream(live, path, {"Authorization": f"Bearer {TOKEN}"} | ({} if last is None else {"Last-Event-ID": last}))


def page_stream(live: LiveTaller, token: str, path: str = "/en-vivo/", last: str | None = None) -> Stream:
    """A paired browser's stream."""
    return Stream(live, path, {"Cookie": f"{COOKIE}={token}"} | ({} if last is None else {"Last-Event-ID": last}))
