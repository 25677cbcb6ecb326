"""Many readers of the streams in one thread: each keeps the ids it heard, how often each event, and whether it ended.

It parses no more than that, so that hundreds of readers cost little beside what they read.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Self

from tests.ports import patient

SECONDS = 20.0
AT_ONCE = 40
"""How many connections wait to be accepted at a time: a server keeps a queue of 50."""

TOLD = (b"spool_update", b"tablero")

_EVENT = re.compile(rb"^event: (\S+)(?:\nid: \S*?:(\d+)(?:,\S+)?)?$", re.MULTILINE)


class Reader:
    """One stream. `ids` are the journal ids of the changes it heard, in order; `names` counts every event."""

    def __init__(self, port: int, path: str, headers: Mapping[str, str]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{name}: {headers[name]}" for name in headers)]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.socket.settimeout(0)
        self.names: Counter[str] = Counter()
        self.ids: list[int] = []
        self.ended = False
        self._rest = b""

    def take_in(self) -> bool:
        """Read what is there. Whether anything new was understood, or the stream ended."""
        try:
            came = self.socket.recv(262_144)
        except BlockingIOError:
            return False
        except OSError:
            came = b""
        if not came:
            self.ended = True
            return True
        whole, mark, rest = (self._rest + came).rpartition(b"\n\n")
        self._rest = rest
        return bool(mark) and self._understand(whole)

    def _understand(self, text: bytes) -> bool:
        found = _EVENT.findall(text)
        for name, id in found:
            self.names[name.decode()] += 1
            if name in TOLD:
                self.ids.append(int(id))
        return bool(found)

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


class Crowd:
    """Readers of one path of one server."""

    def __init__(self, port: int, path: str, headers: Mapping[str, str], kind: type[Reader] = Reader) -> None:
        self._port, self._path, self._headers, self._kind = port, path, headers, kind
        self._selector = selectors.DefaultSelector()
        self.readers: list[Reader] = []

    def ask(self, path: str, headers: Mapping[str, str]) -> Self:
        """The same crowd; who comes from now on asks for this."""
        self._path, self._headers, self._kind = path, headers, Reader
        return self

    def open(self, count: int) -> Self:
        """Let so many more come; return once the server listens for each of them."""
        while count > 0:
            some = [self._kind(self._port, self._path, self._headers) for _ in range(min(count, AT_ONCE))]
            for reader in some:
                self._selector.register(reader.socket, selectors.EVENT_READ, reader)
            self.readers += some
            count -= len(some)
            self.read_until(lambda some=some: all(reader.names["latido"] for reader in some))  # type: ignore[misc]
        return self

    def read_until(self, wanted: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Read until it is so. TimeoutError if it is not in time."""
        began = time.monotonic()
        while not wanted():
            if time.monotonic() - began > patient(seconds):
                raise TimeoutError(f"{len(self.readers)} readers: not within {patient(seconds):g} s")
            self.step()

    def read_for(self, seconds: float) -> None:
        """Read for so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.step(left)

    def step(self, seconds: float = 0.1) -> Sequence[Reader]:
        """Read once what comes within this time: the readers that understood something."""
        heard = []
        for key, _ in self._selector.select(seconds):
            reader: Reader = key.data
            if reader.take_in():
                heard.append(reader)
            if reader.ended:
                self._selector.unregister(key.fileobj)
        return heard

    def all_heard(self, ids: Sequence[int]) -> bool:
        """Whether everybody heard exactly these, in order."""
        return all(reader.ids == list(ids) for reader in self.readers)

    def close(self) -> None:
        """Everybody leaves."""
        self._selector.close()
        for reader in self.readers:
            reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()
