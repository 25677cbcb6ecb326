"""Opening a stream: `/api/sse/stream` for programs and `/en-vivo/` for pages.

A stream costs one socket and a few kilobytes. Who opens it is judged once, by the same middleware and view as any
other request; from then on it holds no thread, no database connection and no connection to Redis.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.cookies import SimpleCookie
from typing import Any

from channels.generic.http import AsyncHttpConsumer
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from dashboard.follower import follower
from dashboard.open_streams import OpenStream, Send, Terms, hora, streams
from occupation.api.envelope import BASE_DE_DATOS_AUSENTE, failure

DOORS = 2
"""How many openings are judged at once: a storm of them must not keep the workers' requests waiting."""

READY_SECONDS = 5.0
AHEAD_SECONDS = 1.0
"""How long a client may wait whose page was drawn from a journal that is further than this process has told."""

UNREAD = "taller.unread"
"""The extension of a scope in which the server says how much of an answer waits to be read."""

HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}

UNREADABLE = -1
_ID = re.compile(r"(?:[A-Za-z]+:)?([0-9]{1,18})")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Admit = Callable[[Scope], HttpResponseBase]


class StreamOpening(HttpResponse):
    """A view's leave to stream: the headers, and the terms."""

    def __init__(self, *, device_id: int, channels: Collection[str], since: int | None) -> None:
        super().__init__(content_type="text/event-stream", headers=HEADERS)
        self.terms = Terms(device_id, frozenset(channels), since)


def asked_since(request: HttpRequest) -> int | None:
    """After which journal id a stream shall begin: `Last-Event-ID`, else `?desde=`; None if neither is said.

    An id is `channel:number`, several of them with commas as pages have them, or a bare number. Negative for what is
    none of these.
    """
    said = request.headers.get("Last-Event-ID") or request.GET.get("desde")
    if not said:
        return None
    found = [_ID.fullmatch(part) for part in said.split(",")]
    return min(int(part[1]) if part else UNREADABLE for part in found)


class StreamConsumer(AsyncHttpConsumer):  # type: ignore[misc]  # it publishes no types
    """One request for a stream, until the client goes, its device is revoked or the process ends."""

    _doors = ThreadPoolExecutor(DOORS, thread_name_prefix="stream-door")

    def __init__(self, admit: Admit) -> None:
        super().__init__()
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        await super().__call__(scope, receive, send)

    async def handle(self, body: bytes) -> None:  # noqa: ARG002  a stream is asked for in its address
        """Serve until the client is gone; then nothing of it is left."""
        gone, opening = asyncio.ensure_future(self._receive()), asyncio.create_task(self._opened())
        try:
            await asyncio.wait((opening, gone), return_when=asyncio.FIRST_COMPLETED)
            if opening.done() and (stream := opening.result()):
                await _serve(stream, gone)
        finally:
            opening.cancel()
            gone.cancel()
            await asyncio.wait((opening, gone))

    async def _opened(self) -> OpenStream | None:
        """The stream, once the headers are sent; None for whoever got another answer."""
        answer = await asyncio.get_running_loop().run_in_executor(self._doors, self._admit, self.scope)
        if isinstance(answer, StreamOpening) and not await _is_ready():
            answer = failure(BASE_DE_DATOS_AUSENTE)
        if not isinstance(answer, StreamOpening) or self.scope["method"] == "HEAD":
            await self.send_headers(status=answer.status_code, headers=_headers(answer))
            await self.send_body(getattr(answer, "content", b""))
            return None
        # CommonMiddleware took it for a short answer.
        answer.headers.pop("Content-Length", None)
        await self.send_headers(status=answer.status_code, headers=_headers(answer))
        await _let_catch_up(answer.terms)
        return OpenStream(answer.terms, self.base_send, self.scope.get("extensions", {}).get(UNREAD, int))


async def _serve(stream: OpenStream, gone: asyncio.Future[dict[str, Any]]) -> None:
    streams.add(stream)
    try:
        await stream.catch_up()
        # Who is told nothing here is told with everybody, once the journal is read again.
        if follower.is_fresh:
            await stream.beat(hora())
        await gone
    finally:
        streams.remove(stream)


async def _is_ready() -> bool:
    """Whether the feeds are filled; waits a little for a process that has just started."""
    # Not wait_for: on Python 3.11 it swallows the cancelling of who leaves at that very moment.
    with suppress(TimeoutError):
        async with asyncio.timeout(READY_SECONDS):
            await follower.ready.wait()
    return follower.ready.is_set()


async def _let_catch_up(terms: Terms) -> None:
    """Wait for the follower if the client knows more than it: another process has shown it, or the page."""
    with suppress(TimeoutError):
        async with asyncio.timeout(AHEAD_SECONDS):
            while (terms.since or 0) > terms.newest:
                follower.look_now()
                await follower.moved.wait()


def _headers(answer: HttpResponseBase) -> list[tuple[bytes, bytes]]:
    cookies: SimpleCookie = answer.cookies
    pairs = [*answer.items(), *(("Set-Cookie", cookie.output(header="").strip()) for cookie in cookies.values())]
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
