"""The web process dies, ends, is stormed, and has clients that never read."""

from __future__ import annotations

import re
import socket
import time

import psutil
import pytest

from taller.wire import UNREAD_SECONDS
from tests.conftest import StartTaller
from tests.live import LiveTaller
from tests.live_shop import TOKEN, seed, shell
from tests.ports import patient, wait_until
from tests.private_valkey import BreakableValkey
from tests.sse import program_stream
from tests.streams_shop import caught_up, crowd, floor, health, journal, newest, process

pytestmark = pytest.mark.process

PROGRAM = f"Authorization: Bearer {TOKEN}"
BOARD = """
from tests.factories import DeviceFactory
DeviceFactory(kind="board", scope="read", token="muro", nombre="muro")
"""
STREAMS = 200
FILES = 3
"""Descriptors of one connection to SQLite: the database, its WAL and its index."""


def test_a_client_of_a_killed_web_comes_back_and_hears_exactly_what_it_missed(start_taller: StartTaller) -> None:
    live = start_taller()
    tags = seed(live, workers=1, spools=12)
    with program_stream(live).opened() as stream, floor(live) as at_work:
        at_work.take(tags[0])
        assert stream.ids(2) == journal(live)
        last = f"spools:{newest(live)}"
        live.kill()
        assert stream.ended.wait(patient(2))
    live.start()
    with floor(live) as at_work:
        for tag in tags[1:]:
            at_work.take(tag)
        live.restart()
    with program_stream(live, last=last).opened() as stream, floor(live) as at_work:
        at_work.pause(tags[0])
        missed = journal(live, int(last.removeprefix("spools:")))
        assert len(missed) == 23
        assert stream.ids(23) == missed
        assert "stream-reset" not in {one.event for one in stream.heard}


def test_a_web_that_is_told_to_end_ends_within_five_seconds_with_streams_open(start_taller: StartTaller) -> None:
    live = start_taller()
    seed(live, workers=1, spools=1)
    with crowd(live).open(50) as readers:
        assert health(live)["streams"] == 50
        began = time.monotonic()
        live.stop()
        took = time.monotonic() - began
        readers.read_until(lambda: all(reader.ended for reader in readers.readers), 2)
    assert took < patient(5)
    assert "Traceback" not in live.log()


class Deaf:
    """A client that opens a stream and never reads a byte of it, with as small a window as the system allows."""

    def __init__(self, live: LiveTaller, path: str = "/api/sse/stream", header: str = PROGRAM) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        self.socket.connect(("127.0.0.1", live.port))
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n{header}\r\n\r\n".encode())

    def close(self) -> None:
        self.socket.close()


def unread_logged(live: LiveTaller) -> list[int]:
    """How much waited for each client that was dropped, in KB."""
    told = re.findall(r"Se cierra un stream que nadie lee: .+, con (\d+) KB sin leer", live.log())
    return [int(kilobytes) for kilobytes in told]


def test_a_client_that_never_reads_is_dropped_once_too_much_waits_for_it(
    start_taller: StartTaller, valkey: BreakableValkey
) -> None:
    live = start_taller(REDIS_URL=valkey.url)
    shell(live, BOARD)
    tags = seed(live, workers=1, spools=8)
    with crowd(live).open(1) as readers, floor(live) as at_work:
        # A board is told more than a program: whole rows and the strip of the wall.
        deaf = Deaf(live, "/en-vivo/", "Cookie: taller_device=muro")
        wait_until(lambda: health(live)["streams"] == 2, "the deaf one", 5)
        began = time.monotonic()
        while health(live)["streams"] == 2:
            for tag in tags[:4]:
                at_work.take(tag)
                at_work.pause(tag)
            readers.step(0)
            assert time.monotonic() - began < patient(UNREAD_SECONDS - 5)
        print(f"dropped after {time.monotonic() - began:.1f} s")
        deaf.close()
        readers.read_until(lambda: readers.all_heard(journal(live)))
    [kilobytes] = unread_logged(live)
    assert kilobytes >= 256


@pytest.mark.long
def test_a_client_that_never_reads_is_dropped_after_thirty_seconds_however_little_waits(
    start_taller: StartTaller,
) -> None:
    live = start_taller()
    seed(live, workers=1, spools=1)
    with crowd(live).open(1) as readers:
        deaf = Deaf(live)
        wait_until(lambda: health(live)["streams"] == 2, "the deaf one", 5)
        began = time.monotonic()
        while health(live)["streams"] == 2:
            readers.read_for(0.5)
            assert time.monotonic() - began < 90
        print(f"dropped after {time.monotonic() - began:.0f} s")
        deaf.close()
        assert time.monotonic() - began > UNREAD_SECONDS
        assert not readers.readers[0].ended
    [kilobytes] = unread_logged(live)
    assert kilobytes < 256


def state(web: psutil.Process) -> dict[str, float]:
    return {"threads": web.num_threads(), "descriptors": web.num_fds(), "MB": web.memory_info().rss / 2**20}


def kept(web: psutil.Process, before: dict[str, float]) -> float:
    """What the threads that have joined the pool keep open: their connection to the database."""
    return FILES * max(web.num_threads() - before["threads"], 0)


def test_a_storm_of_comings_and_goings_leaves_nothing_behind(start_taller: StartTaller, *, long_profile: bool) -> None:
    live = start_taller()
    tags = seed(live, workers=1, spools=4)
    comings = 1_000 if long_profile else 100
    web = process(live)
    with floor(live) as at_work, crowd(live).open(STREAMS) as readers:
        # What a first visit costs once, it costs here.
        at_work.take(tags[0])
        readers.read_until(lambda: readers.all_heard(journal(live)))
    wait_until(lambda: health(live)["streams"] == 0, "everybody is gone", 10)
    caught_up(live)
    before = state(web)
    for number in range(comings):
        reader = Deaf(live)
        if number % 3 == 0:
            # Some leave before they were let in, some later.
            time.sleep(0.01)
        reader.close()
    wait_until(lambda: health(live)["streams"] == 0, "the storm is over", 30)
    caught_up(live)
    with crowd(live).open(STREAMS) as readers, floor(live) as at_work:
        during = state(web)
        known = newest(live)
        for tag in tags[1:]:
            at_work.take(tag)
        readers.read_until(lambda: readers.all_heard(journal(live, known)))
    wait_until(lambda: health(live)["streams"] == 0, "everybody is gone", 10)
    wait_until(lambda: web.num_fds() <= before["descriptors"] + kept(web, before), "the descriptors", 10)
    after = state(web)
    print(f"before {before}\nwith {STREAMS} streams {during}\nafter {comings} comings and goings {after}")
    # Requests may have taken more of their threads meanwhile.
    assert during["threads"] - before["threads"] < 10
    assert after["threads"] - before["threads"] < 10
    assert during["descriptors"] - before["descriptors"] <= STREAMS + 4 + FILES * 10
    assert after["MB"] - before["MB"] < 12
    assert "Traceback" not in live.log()
