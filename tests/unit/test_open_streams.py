"""How a flush reaches the streams: written once for all who are level, read from the feeds by the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django_eventstream.event import Event
from django_eventstream.views import get_listener_manager

from dashboard.feed import SPOOLS, VISTAS, Told, feeds
from dashboard.follower import follower
from dashboard.open_streams import PATIENT_BYTES, Message, OpenStream, OpenStreams, Terms
from dashboard.open_streams import streams as all_streams
from dashboard.stream import StreamConsumer, StreamOpening
from tests.ports import patient
from tests.sse import Heard, parse


@pytest.fixture(autouse=True)
def _at_row_10() -> Iterator[None]:
    """Every feed has told the journal up to row 10, and nobody listens."""
    for feed in feeds.values():
        feed.begin(10)
    yield
    get_listener_manager().listeners_by_channel.clear()
    for feed in feeds.values():
        feed.begin(0)


class Client:
    """What was written to one stream. While `waits` is large the client does not read; a broken one cannot be told."""

    def __init__(self, streams: OpenStreams, *channels: str, since: int | None = None) -> None:
        self.messages: list[Message] = []
        self.waits = 0
        self.is_broken = False
        self.stream = OpenStream(Terms(1, frozenset(channels), since), self._send, lambda: self.waits)
        streams.add(self.stream)

    async def _send(self, message: Message) -> None:
        if self.is_broken:
            raise BrokenPipeError
        self.messages.append(message)

    @property
    def heard(self) -> list[Heard]:
        text = b"".join(message["body"] for message in self.messages).decode()
        return list(parse(text.split("\n")))

    async def level(self) -> Client:
        await self.stream.catch_up()
        return self


def row(id: int, channel: str = SPOOLS, data: str = "algo") -> Told:
    return Told(id, (Event(channel, "spool_update", data, id),))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(patient(5)):
        while not condition():  # noqa: ASYNC110  nobody but a test waits for it
            await asyncio.sleep(0.01)


async def until_level(client: Client) -> None:
    await until(lambda: client.stream.is_level)


def test_what_many_hear_is_written_out_once() -> None:
    async def told() -> None:
        streams = OpenStreams()
        one, two = [await Client(streams, SPOOLS).level() for _ in range(2)]
        await streams.tell({SPOOLS: [row(11), row(12)]}, 12)
        assert [(one.id, one.data) for one in one.heard] == [("spools:11", "algo"), ("spools:12", "algo")]
        assert one.messages[0] is two.messages[0]

    asyncio.run(told())


def test_an_event_says_how_far_each_channel_of_its_page_was_told() -> None:
    async def told() -> None:
        streams = OpenStreams()
        page = await Client(streams, *VISTAS[:2]).level()
        await streams.tell({vista: [row(12, vista)] for vista in VISTAS}, 12)
        first, second = VISTAS[:2]
        ids: list[Mapping[str, str]] = [dict(part.split(":") for part in one.id.split(",")) for one in page.heard]
        assert ids == [{first: "12", second: "10"}, {first: "12", second: "12"}]

    asyncio.run(told())


def test_too_much_for_one_write_is_told_as_the_client_reads_and_the_next_after_it() -> None:
    async def told() -> None:
        streams = OpenStreams()
        slow = await Client(streams, SPOOLS).level()
        slow.waits = PATIENT_BYTES + 1
        many = range(11, 161)
        await streams.tell({SPOOLS: [row(id, data="x" * 1000) for id in many]}, many[-1])
        await asyncio.sleep(0)
        await streams.tell({SPOOLS: [row(161)]}, 161)
        assert 0 < len(slow.heard) < len(many)
        slow.waits = 0
        await until_level(slow)
        await streams.tell({SPOOLS: [row(162)]}, 162)
        assert [int(one.id.removeprefix("spools:")) for one in slow.heard] == list(range(11, 163))

    asyncio.run(told())


def test_a_stream_that_breaks_keeps_nothing_from_the_others() -> None:
    async def told() -> None:
        streams = OpenStreams()
        clients = [await Client(streams, SPOOLS).level() for _ in range(8)]
        clients[3].is_broken = True
        with pytest.raises(BrokenPipeError):
            await streams.tell({SPOOLS: [row(11)]}, 11)
        others = [client for client in clients if not client.is_broken]
        for client in others:
            await until_level(client)
        assert {tuple(one.id for one in client.heard) for client in others} == {("spools:11",)}

    asyncio.run(told())


@pytest.mark.parametrize("since", [10, 11, 12])
@pytest.mark.parametrize("has_restarted", [False, True])
def test_a_row_that_tells_nothing_leaves_nobody_behind(since: int, has_restarted: bool) -> None:  # noqa: FBT001
    async def told() -> None:
        streams = OpenStreams()
        if has_restarted:
            feeds[SPOOLS].begin(0)
            feeds[SPOOLS].remember([row(10), Told(11, ()), Told(12, ())], 12)
        else:
            await streams.tell({SPOOLS: [Told(11, ()), Told(12, ())]}, 12)
        async with asyncio.timeout(1):
            back = await Client(streams, SPOOLS, since=since).level()
        assert (back.heard, back.stream.revision) == ([], 12)
        await streams.tell({SPOOLS: [row(13)]}, 13)
        assert [one.id for one in back.heard] == ["spools:13"]

    asyncio.run(told())


def test_who_catches_up_on_much_lets_others_have_their_turn() -> None:
    async def told() -> None:
        streams = OpenStreams()
        await streams.tell({SPOOLS: [row(id) for id in range(11, 511)]}, 510)
        late = Client(streams, SPOOLS, since=10)
        catching_up = asyncio.create_task(late.stream.catch_up())
        await asyncio.sleep(0)
        assert len(late.messages) == 1
        await catching_up
        assert len(late.heard) == 500

    asyncio.run(told())


def test_a_journal_that_goes_back_while_a_client_catches_up_resets_it() -> None:
    async def told() -> None:
        streams = OpenStreams()
        await streams.tell({SPOOLS: [row(id) for id in range(11, 211)]}, 210)
        late = Client(streams, SPOOLS, since=10)
        late.waits = PATIENT_BYTES + 1
        catching_up = asyncio.create_task(late.stream.catch_up())
        await asyncio.sleep(0)
        feeds[SPOOLS].begin(2)
        await streams.tell({SPOOLS: [row(2)]}, 2)
        late.waits = 0
        await catching_up
        assert [(one.event, one.id) for one in late.heard[-1:]] == [("stream-reset", "spools:2")]
        assert late.stream.revision == 2

    asyncio.run(told())


@pytest.fixture
def _journal_away() -> Iterator[None]:
    """The follower has filled the feeds, and reads nothing any more."""
    follower.ready.set()
    yield
    follower.ready.clear()


@pytest.mark.usefixtures("_journal_away")
def test_a_stream_that_opens_while_the_journal_cannot_be_read_hears_no_heartbeat_until_it_is() -> None:
    async def told() -> None:
        requests, bodies = asyncio.Queue[dict[str, Any]](), list[bytes]()
        requests.put_nowait({"type": "http.request"})

        async def send(message: Message) -> None:
            bodies.append(message.get("body", b""))

        consumer = StreamConsumer(lambda _: StreamOpening(device_id=1, channels={SPOOLS}, since=10))
        serving = asyncio.create_task(consumer({"type": "http", "method": "GET"}, requests.get, send))
        await until(lambda: all_streams.devices() == [1])
        await asyncio.sleep(0)
        assert b"latido" not in b"".join(bodies)
        await all_streams.beat()
        assert bodies[-1].startswith(b"event: latido")
        requests.put_nowait({"type": "http.disconnect"})
        await serving

    asyncio.run(told())
