"""The streams that are open in this process, and how they are told. Used on the event loop only.

Whoever was told everything so far is level, and hears each flush with everybody else: encoded once, and written to all
of them in one step of the loop. Whoever is not reads on from the feeds, as fast as it reads, until it is.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils import timezone
from django_eventstream.event import Event
from django_eventstream.eventrequest import EventRequest
from django_eventstream.eventresponse import EventResponse
from django_eventstream.eventstream import get_events
from django_eventstream.utils import make_id, sse_encode_event
from django_eventstream.views import Listener, get_listener_manager

from dashboard.feed import Told, feeds

PATIENT_BYTES = 64 * 1024
PATIENCE_SECONDS = 0.02
"""A client is not told more of what it missed while more than this waits to be read; asked again after these seconds.
A flush is not written at once if it is larger than this."""

SLICE = 50
SLICE_SECONDS = 0.05
"""A thousand heartbeats at once would keep an event waiting: they are sent in slices, with a pause between."""

Message = Mapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Channels = frozenset[str]


@dataclass(frozen=True, slots=True)
class Terms:
    """Whose device a stream is, which feeds it hears, and after which journal id it begins.

    `since` is None to begin with what comes next, negative for an id that cannot be read.
    """

    device_id: int
    channels: Channels
    since: int | None

    @property
    def newest(self) -> int:
        """The newest journal id that all of its feeds know of."""
        return min(feeds[channel].newest for channel in self.channels)


class OpenStream(Listener):  # type: ignore[misc]  # it publishes no types
    """A listener of django-eventstream's which needs no waking: it is written to."""

    def __init__(self, terms: Terms, send: Send, unread: Callable[[], int]) -> None:
        super().__init__()
        self.channels = terms.channels
        self.is_level = False
        self._terms, self._send, self._unread = terms, send, unread
        since = terms.newest if terms.since is None else terms.since
        self._told = dict.fromkeys(sorted(terms.channels), since)
        self._catching_up: asyncio.Task[None] | None = None

    @property
    def device_id(self) -> int:
        """Whose it is."""
        return self._terms.device_id

    @property
    def revision(self) -> int:
        """Up to which journal id it was told everything."""
        return self._terms.newest if self.is_level else min(self._told.values())

    async def hear(self, message: Message) -> None:
        """Write what everybody is told."""
        await self._send(message)

    def fall_behind(self, told: Mapping[str, int]) -> None:
        """Read on from the feeds, after what was `told` of each channel."""
        self.is_level, self._told = False, {channel: told[channel] for channel in self._told}
        self._catching_up = asyncio.create_task(self.catch_up())

    async def catch_up(self) -> None:
        """Tell what the client missed, at the pace at which it reads; from then on it hears what everybody hears."""
        while True:
            if body := self._missed():
                await self._send(_part(body))
            if all(feeds[channel].last <= id <= feeds[channel].newest for channel, id in self._told.items()):
                break
            # A server that takes what is written without waiting would keep everybody else from their turn.
            await asyncio.sleep(0)
            while self._unread() > PATIENT_BYTES:  # noqa: ASYNC110  the kernel tells nobody when a client has read
                await asyncio.sleep(PATIENCE_SECONDS)
        self.is_level = True

    async def beat(self, hora: str) -> None:
        """Say that the journal was read just now, and how far it is told."""
        await self._send(_latido(self.revision, hora))

    async def end(self) -> None:
        """Close it."""
        await self._send({"type": "http.response.body", "body": b""})

    def _missed(self) -> str:
        """The next part of what the feeds told meanwhile, or that they do not know any more."""
        request = EventRequest()
        request.channels, request.channel_last_ids, request.is_next = self.channels, self._told, False
        answer: EventResponse = get_events(request)
        self._told = {channel: int(answer.channel_last_ids[channel]) for channel in self._told}
        forgotten = {"channels": sorted(answer.channel_reset)} if answer.channel_reset else None
        reset: str = (
            sse_encode_event("stream-reset", forgotten, make_id(self._told), json_encode=True) if forgotten else ""
        )
        return reset + encoded(answer.channel_items, self._told)


class Flush:
    """What is told to everybody at once, encoded once for all who hear the same channels."""

    def __init__(self, told: Mapping[str, Sequence[Told]], before: Mapping[str, int]) -> None:
        self._items = {channel: [event for row in rows for event in row.events] for channel, rows in told.items()}
        self._before = before
        self._messages: dict[Channels, Message | None] = {}

    def to(self, channels: Channels) -> Message | None:
        """What streams of these channels are sent; None if that is too much at once."""
        if channels not in self._messages:
            items = {channel: events for channel, events in self._items.items() if channel in channels}
            message = _part(encoded(items, {channel: self._before[channel] for channel in sorted(channels)}))
            self._messages[channels] = message if len(message["body"]) <= PATIENT_BYTES else None
        return self._messages[channels]


def encoded(items: Mapping[str, Sequence[Event]], told: dict[str, int]) -> str:
    """These events of each channel for the wire. `told`, up to where each channel is told, moves on with them."""
    body = ""
    for channel, events in items.items():
        for event in events:
            told[channel] = event.id
            body += sse_encode_event(event.type, event.data, make_id(told))
    return body


def hora() -> str:
    """The shop's time, as a heartbeat tells it."""
    return timezone.localtime().isoformat(timespec="seconds")


@lru_cache(maxsize=8)
def _latido(revision: int, hora: str) -> Message:
    return _part(sse_encode_event("latido", json.dumps({"revision": revision, "hora": hora})))


def _part(body: str) -> Message:
    return {"type": "http.response.body", "body": body.encode(), "more_body": True}


class OpenStreams:
    """Who reads what this process tells."""

    def __init__(self) -> None:
        self._by_device: defaultdict[int, set[OpenStream]] = defaultdict(set)
        self._turn = asyncio.Lock()

    def are_heard(self, channel: str) -> bool:
        """Whether anybody listens to this channel. From any thread."""
        return bool(_listeners(channel))

    def add(self, stream: OpenStream) -> None:
        """Count a stream in."""
        self._by_device[stream.device_id].add(stream)
        get_listener_manager().add_listener(stream)

    def remove(self, stream: OpenStream) -> None:
        """Forget a stream."""
        get_listener_manager().remove_listener(stream)
        others = self._by_device[stream.device_id]
        others.discard(stream)
        if not others:
            del self._by_device[stream.device_id]

    def devices(self) -> list[int]:
        """The devices with an open stream. From any thread: copying a dict's keys is one step for the interpreter."""
        return list(self._by_device)

    async def end_those_of(self, devices: Collection[int]) -> None:
        """Close every stream of these devices."""
        for device in devices:
            for stream in tuple(self._by_device.get(device, ())):
                await stream.end()

    async def tell(self, told: Mapping[str, Sequence[Told]], newest: int) -> None:
        """Have the feeds remember these rows of each channel, and tell them to everybody who is level."""
        # daphne takes what is written without waiting. A server that does must not have the next flush overtake this.
        async with self._turn:
            listening = {stream for channel in told for stream in _listeners(channel) if stream.is_level}
            before = {channel: feed.newest for channel, feed in feeds.items()}
            for channel, rows in told.items():
                feeds[channel].remember(rows, newest)
            flush = Flush(told, before)
            try:
                while listening:
                    stream = listening.pop()
                    if message := flush.to(stream.channels):
                        await stream.hear(message)
                    else:
                        stream.fall_behind(before)
            finally:
                # Whatever went wrong with one of them, the others are told.
                for stream in listening:
                    stream.fall_behind(before)

    async def beat(self) -> None:
        """Send a heartbeat to every stream."""
        everybody = [stream for streams in self._by_device.values() for stream in streams]
        for start in range(0, len(everybody), SLICE):
            now = hora()
            async with self._turn:
                for stream in everybody[start : start + SLICE]:
                    await stream.beat(now)
            await asyncio.sleep(SLICE_SECONDS)

    def __len__(self) -> int:
        return sum(len(streams) for streams in tuple(self._by_device.values()))


def _listeners(channel: str) -> Collection[OpenStream]:
    found: Collection[OpenStream] = get_listener_manager().listeners_by_channel.get(channel, ())
    return found


streams = OpenStreams()
