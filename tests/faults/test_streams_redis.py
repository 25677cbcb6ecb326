"""Redis goes away, is wiped or stalls: no event is lost, streams stay true, and nobody at work waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.conftest import StartTaller
from tests.live import LiveTaller
from tests.live_shop import seed
from tests.ports import patient
from tests.private_valkey import BreakableValkey
from tests.sse import Stream, program_stream
from tests.streams_shop import Floor, floor, journal, newest, seconds_until, told

pytestmark = pytest.mark.process

LONGEST_VERB = 1.0
WITHOUT_BELL = 2.0
TRUE_AGAIN = 10.0
AT_ONCE = 0.5
"""What is heard sooner than this was rung for, or luck: so it has to happen a few times in a row."""

IN_A_ROW = 4


def stopped(valkey: BreakableValkey) -> Callable[[], None]:
    """The process is gone with all it held; what comes back is empty."""
    valkey.kill()
    return valkey.start


def stalled(valkey: BreakableValkey) -> Callable[[], None]:
    """It accepts connections and answers nothing."""
    valkey.freeze()
    return valkey.thaw


def wiped(valkey: BreakableValkey) -> Callable[[], None]:
    """Somebody emptied it and cut every subscription."""
    with valkey.client() as redis:
        redis.flushall()
        redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    return lambda: None


FAULTS = {"stopped": stopped, "stalled": stalled, "wiped": wiped}
LONG = [("wiped", 1.0), *((fault, seconds) for fault in ("stopped", "stalled") for seconds in (1.0, 12.0, 60.0))]


def delay(live: LiveTaller, act: Callable[[str], None], tag: str, stream: Stream) -> float:
    """Seconds from the answer of a verb until the stream heard of it."""
    act(tag)
    last = newest(live)
    return seconds_until(lambda: told(stream)[-1:] == [last], f"what was told of {tag}", TRUE_AGAIN)


def delays(live: LiveTaller, at_work: Floor, tag: str, stream: Stream) -> list[float]:
    return [delay(live, at_work.take, tag, stream), delay(live, at_work.pause, tag, stream)]


def seconds_until_it_rings(live: LiveTaller, at_work: Floor, tag: str, stream: Stream) -> float:
    """How long until events come at once again, several in a row."""
    began, in_a_row = time.monotonic(), 0
    while in_a_row < IN_A_ROW:
        found = delays(live, at_work, tag, stream)
        in_a_row = in_a_row + 2 if max(found) < AT_ONCE else 0
        assert time.monotonic() - began < patient(TRUE_AGAIN)
    return time.monotonic() - began


def away(live: LiveTaller, valkey: BreakableValkey, tag: str, fault: str, seconds: float) -> None:
    with program_stream(live).opened() as stream, floor(live) as at_work:
        known = newest(live)
        seconds_until_it_rings(live, at_work, tag, stream)
        recover = FAULTS[fault](valkey)
        end, without = time.monotonic() + seconds, list[float]()
        while time.monotonic() < end:
            without += delays(live, at_work, tag, stream)
        recover()
        took = seconds_until_it_rings(live, at_work, tag, stream)
        assert told(stream) == journal(live, known)
    print(f"{fault} for {seconds:g} s: slowest verb {at_work.slowest:.2f} s; without the bell an event took")
    print(f"{max(without):.2f} s at most ({len(without)} verbs); {took:.1f} s after Redis was back it rang again")
    assert at_work.slowest < patient(LONGEST_VERB)
    assert max(without) < patient(WITHOUT_BELL)


def test_without_redis_for_a_second_nothing_is_lost(start_taller: StartTaller, valkey: BreakableValkey) -> None:
    live = start_taller(REDIS_URL=valkey.url)
    [tag] = seed(live, workers=1, spools=1)
    for fault in FAULTS:
        away(live, valkey, tag, fault, 1.0)


@pytest.mark.long
@pytest.mark.parametrize(("fault", "seconds"), LONG)
def test_without_redis_for_long_nothing_is_lost(
    start_taller: StartTaller, valkey: BreakableValkey, fault: str, seconds: float
) -> None:
    live = start_taller(REDIS_URL=valkey.url)
    [tag] = seed(live, workers=1, spools=1)
    away(live, valkey, tag, fault, seconds)
