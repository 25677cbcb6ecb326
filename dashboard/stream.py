"""The streams: `/api/sse/stream` for programs and `/en-vivo/` for pages.

A stream costs one socket and a few kilobytes. Who opens it is judged once, by the same middleware and view as any
other request; from then on it holds no thread, no database connection and no connection to Redis. django-eventstream
carries the events, from the listener's queue and from the feeds.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http.cookies import SimpleCookie
from typing import Any

from channels.generic.http import AsyncHttpConsumer
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django_eventstream.eventrequest import EventRequest
from django_eventstream.utils import parse_last_event_id, sse_encode_event
from django_eventstream.views import Listener, stream

from dashboard.feed import feeds
from dashboard.follower import follower
from dashboard.open_streams import streams
from occupation.api.envelope import BASE_DE_DATOS_AUSENTE, failure

DOORS = 2
"""How many openings are judged at once: a storm of them must not keep the workers' requests waiting."""

READY_SECONDS = 5.0
AHEAD_SECONDS = 1.0
"""How long a client may wait whose page was drawn from a journal that is further than this process has told."""

UNREAD = "taller.unread"
"""The extension of a scope in which the server says how much of an answer waits to be read."""

PATIENT_BYTES = 64 * 1024
PATIENCE_SECONDS = 0.02
"""Who comes back after a long absence is not told more while more than this waits; asked again after these seconds."""

HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}

UNREADABLE = -1
_ID = re.compile(r"(?:[A-Za-z]+:)?([0-9]{1,18})")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Admit = Callable[[Scope], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Terms:
    """Whose device a stream is, which feeds it hears, and after which journal id it begins.

    `since` is None to begin with what comes next, negative for an id that cannot be read.
    """

    device_id: int
    channels: frozenset[str]
    since: int | None

    @property
    def newest(self) -> int:
        """The newest journal id that all of its feeds know of."""
        return min(feeds[channel].newest for channel in self.channels)


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
        self._work: asyncio.Task[None] | None = None
        self._terms: Terms | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        await super().__call__(scope, receive, send)

    async def handle(self, body: bytes) -> None:  # noqa: ARG002  a stream is asked for in its address
        """Serve until it is over or the client is gone, whichever comes first; then nothing of it is left."""
        self._work = asyncio.create_task(self._serve())
        gone = asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait((self._work, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            self._work.cancel()
            await asyncio.wait((self._work, gone))
        if not self._work.cancelled():
            self._work.result()
        if self._terms is not None:
            await self.send_body(b"")

    # ---------------------------------------------------------------------------------------- for open_streams
    @property
    def device_id(self) -> int:
        """Whose stream it is."""
        return self._terms.device_id if self._terms else 0

    def end(self) -> None:
        """Close it as soon as the event loop comes round."""
        if self._work is not None:
            self._work.cancel()

    async def beat(self) -> None:
        """Say that the journal was read just now, and how far it is told."""
        if self._terms is not None:
            await self.send_body(_latido(self._terms.newest, _hora()), more_body=True)

    # ------------------------------------------------------------------------------------------------- its work
    async def _serve(self) -> None:
        terms = await self._admitted()
        if terms is None:
            return
        streams.add(self)
        try:
            await self._pump(terms)
        finally:
            streams.remove(self)

    async def _admitted(self) -> Terms | None:
        """The terms, once the headers are sent; None for whoever got another answer."""
        answer = await asyncio.get_running_loop().run_in_executor(self._doors, self._admit, self.scope)
        if isinstance(answer, StreamOpening) and not await _is_ready():
            answer = failure(BASE_DE_DATOS_AUSENTE)
        if not isinstance(answer, StreamOpening) or self.scope["method"] == "HEAD":
            await self._answer(answer)
            return None
        await self._open(answer)
        return answer.terms

    async def _answer(self, answer: HttpResponseBase) -> None:
        await self.send_headers(status=answer.status_code, headers=_headers(answer))
        await self.send_body(getattr(answer, "content", b""))

    async def _open(self, opening: StreamOpening) -> None:
        # CommonMiddleware took it for a short answer.
        opening.headers.pop("Content-Length", None)
        await self.send_headers(status=opening.status_code, headers=_headers(opening))
        self._terms = opening.terms

    async def _pump(self, terms: Terms) -> None:
        """Send what django-eventstream gives, and keep its request where the client is."""
        request, listener = await _event_request(terms), Listener()
        listener.channels = request.channels
        first = True
        async for body in stream(request, listener):
            if body:
                await self.send_body(_encoded(body), more_body=True)
                _move_on(request, body)
            if first:
                await self.beat()
                first = False
            if _is_behind(request):
                await self._let_read()
                _read_on(listener)

    async def _let_read(self) -> None:
        unread = self.scope.get("extensions", {}).get(UNREAD, int)
        while unread() > PATIENT_BYTES:  # noqa: ASYNC110  the kernel tells nobody when a client has read
            await asyncio.sleep(PATIENCE_SECONDS)


async def _is_ready() -> bool:
    """Whether the feeds are filled; waits a little for a process that has just started."""
    # Not wait_for: on Python 3.11 it swallows the cancelling of who leaves at that very moment.
    with suppress(TimeoutError):
        async with asyncio.timeout(READY_SECONDS):
            await follower.ready.wait()
    return follower.ready.is_set()


async def _event_request(terms: Terms) -> EventRequest:
    request = EventRequest()
    request.channels = set(terms.channels)
    request.is_next = False
    request.user = None
    since = terms.newest if terms.since is None else terms.since
    await _let_catch_up(terms, since)
    # Without it the first read would throw away what was queued meanwhile.
    request.channel_last_ids = dict.fromkeys(terms.channels, str(since))
    return request


async def _let_catch_up(terms: Terms, since: int) -> None:
    """Wait for the follower if the client knows more than it: another process has shown it, or the page."""
    with suppress(TimeoutError):
        async with asyncio.timeout(AHEAD_SECONDS):
            while since > terms.newest:
                follower.look_now()
                await follower.moved.wait()


def _move_on(request: EventRequest, body: str) -> None:
    """What was sent is not to be read again: django-eventstream would, when something was queued while it read."""
    at = body.rfind("\nid: ")
    if at >= 0:
        start = at + len("\nid: ")
        request.channel_last_ids = parse_last_event_id(body[start : body.index("\n", start)])


def _is_behind(request: EventRequest) -> bool:
    """Whether there is more to tell: one read gives only a part of a long absence."""
    return any(int(request.channel_last_ids[channel]) < feeds[channel].last for channel in request.channels)


def _read_on(listener: Listener) -> None:
    """Have the next part read at once, unless what is queued comes first."""
    if not listener.channel_items:
        listener.overflow = True
        listener.aevent.set()


@lru_cache(maxsize=64)
def _encoded(body: str) -> bytes:
    """Most listeners are sent the same text at the same moment."""
    return body.encode()


@lru_cache(maxsize=8)
def _latido(revision: int, hora: str) -> bytes:
    encoded: str = sse_encode_event("latido", json.dumps({"revision": revision, "hora": hora}))
    return encoded.encode()


def _hora() -> str:
    return timezone.localtime().isoformat(timespec="seconds")


def _headers(answer: HttpResponseBase) -> list[tuple[bytes, bytes]]:
    cookies: SimpleCookie = answer.cookies
    pairs = [*answer.items(), *(("Set-Cookie", cookie.output(header="").strip()) for cookie in cookies.values())]
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
