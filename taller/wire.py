"""What a web server owes its streams: no patience with who does not read, and patience with who reads slowly.

daphne writes to a client whether it reads or not, and what it does not read stays in memory.
"""

from __future__ import annotations

import fcntl
import logging
import struct
import sys
import termios
import time
from collections.abc import Mapping
from functools import partial
from types import ModuleType
from typing import Any

from twisted.internet.tcp import Connection
from twisted.web.http_headers import Headers

from dashboard.stream import UNREAD

UNREAD_BYTES = 256 * 1024
"""A stream with more than this waiting to be read, here and in the kernel, is dropped."""

UNREAD_SECONDS = 30.0
"""So is one of which nothing was read for this long while something waited."""

EVENT_STREAM = (b"content-type", b"text/event-stream")

LOOK_BYTES = 32 * 1024
"""How much waits is asked after so much was written, and every two seconds: the question is a call of the kernel."""

log = logging.getLogger(__name__)


def drop_clients_that_do_not_read() -> None:
    """Have daphne, if it is what runs this process, watch over its streams."""
    protocol = sys.modules.get("daphne.http_protocol")
    if protocol is None:
        return
    # daphne has no other place for either.
    request = protocol.WebRequest = watched(protocol)  # type: ignore[attr-defined]
    introduce(sys.modules["daphne.server"].Server, request)


def introduce(server: Any, request: type) -> None:  # noqa: ANN401  daphne publishes no types
    """Have a request's scope say how much of its answer waits to be read."""
    create_application = server.create_application

    def with_extension(self: object, protocol: object, scope: dict[str, Any]) -> object:
        if isinstance(protocol, request):
            scope["extensions"] = {UNREAD: partial(unread, protocol)}
        return create_application(self, protocol, scope)

    server.create_application = with_extension


def unread(request: Any) -> int:  # noqa: ANN401  daphne publishes no types
    """How many bytes of a request's answer wait to be read; 0 once nobody is there to read them."""
    transport = transport_of(request)
    return unread_bytes(transport) if transport else 0


def transport_of(request: Any) -> Connection | None:  # noqa: ANN401  daphne publishes no types
    """The connection of a request, while there is one."""
    transport = request.channel and request.channel.transport
    return transport if isinstance(transport, Connection) else None


def watched(protocol: ModuleType) -> type:
    """daphne's request, which is also the protocol of its answer, with an eye on the streams."""

    class WatchedRequest(protocol.WebRequest):  # type: ignore[misc, name-defined]  # daphne publishes no types
        """Drops the client of a stream that stopped reading. daphne asks `check_timeouts` every two seconds."""

        watch: Watch | None = None

        def handle_reply(self, message: Mapping[str, Any]) -> None:
            if self.watch is None:
                super().handle_reply(message)
                self.watch = watch_over(self, message)
                return
            part = message.get("body", b"")
            if not (message.get("more_body") and self.chunked and send_now(transport_of(self), part)):
                super().handle_reply(message)
            self.watch.written += len(part)
            if self.watch.written > LOOK_BYTES:
                self.watch.look(self)

        def check_timeouts(self) -> None:
            super().check_timeouts()
            if self.watch is not None:
                self.watch.look(self)

    return WatchedRequest


def watch_over(request: Any, message: Mapping[str, Any]) -> Watch | None:  # noqa: ANN401  daphne publishes no types
    """A watch if this message begins a stream. What the client said is not needed any more, and would be kept long."""
    if message["type"] != "http.response.start" or EVENT_STREAM not in message["headers"]:
        return None
    request.requestHeaders = Headers()
    request.clean_headers.clear()
    return Watch()


class Watch:
    """How one client keeps up. Times are seconds of one clock."""

    __slots__ = ("_stuck_since", "_unread", "written")

    def __init__(self) -> None:
        self._unread = 0
        self._stuck_since: float | None = None
        self.written = 0
        """Bytes since the last look."""

    def look(self, request: Any) -> None:  # noqa: ANN401  daphne publishes no types
        """Drop the client if it gave up."""
        transport, written = transport_of(request), self.written
        self.written = 0
        if transport is None:
            return
        unread = unread_bytes(transport)
        if self.gave_up(unread, written, time.monotonic()):
            log.warning("Se cierra un stream que nadie lee: %s, con %d KB sin leer", request.client_addr, unread / 1024)
            request.watch = None
            transport.abortConnection()  # type: ignore[no-untyped-call]  # Twisted types it only half

    def gave_up(self, unread: int, written: int, now: float) -> bool:
        """Whether the client is to be dropped, given what it has not read after `written` more bytes."""
        was_read = unread < self._unread + written
        self._unread = unread
        if unread == 0 or was_read:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = now
        stuck = self._stuck_since is not None and now - self._stuck_since > UNREAD_SECONDS
        return unread > UNREAD_BYTES or stuck


def send_now(transport: Connection | None, part: bytes) -> bool:
    """Give the kernel a part of a chunked answer at once. False if that is not possible and nothing was done.

    The reactor would be told, wake up and write, which with hundreds of streams keeps the loop from everybody else.
    What the kernel does not take, and whatever goes wrong, is the reactor's as ever.
    """
    if transport is None or not part or held_bytes(transport):
        return False
    frame = b"%x\r\n%b\r\n" % (len(part), part)
    sent = transport.writeSomeData(frame)
    taken = sent if isinstance(sent, int) and sent > 0 else 0
    if taken < len(frame):
        transport.write(frame[taken:])  # type: ignore[no-untyped-call]  # Twisted types it only half
    return True


def unread_bytes(transport: Connection) -> int:
    """What was written to a client and not taken by it: what Twisted holds, and what the kernel does."""
    return held_bytes(transport) + _unsent(transport)


def held_bytes(transport: Connection) -> int:
    """What waits in Twisted for the kernel to take it."""
    return len(transport.dataBuffer) - transport.offset + transport._tempDataLen  # noqa: SLF001  it has no other name


def _unsent(transport: Connection) -> int:
    try:
        answer = fcntl.ioctl(transport.getHandle(), termios.TIOCOUTQ, b"\0\0\0\0")
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])
