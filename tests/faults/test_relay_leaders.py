"""Two relays on one shop: one writes and the other waits, whatever happens to the one that writes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import pytest
from django.db import connection

from occupation.sheets.audit import told_after
from occupation.vocabulary import AdvisoryLock
from tests.live_relay import Floor, LiveRelay, equal, see_once, server_of
from tests.live_shop import inside
from tests.ports import wait_until
from tests.sheet_truth import differences, foreign_cells
from tests.sheets_server.quota import Asked
from tests.sheets_server.server import SheetsServer

TAGS = [f"MK-{number:03}" for number in range(20)]
LATENCY = 0.1
TAKEN_OVER_SECONDS = 15.0
LATE_SECONDS = 12.0

Relays = dict[str, LiveRelay]

pytestmark = pytest.mark.process


@pytest.fixture
def server() -> Iterator[SheetsServer]:
    with server_of(TAGS, LATENCY) as running:
        yield running


@pytest.fixture
def relays(server: SheetsServer, fresh_database_url: str, tmp_path: Path) -> Iterator[Relays]:
    """Two, each with an account of its own, in a shop that has seen the sheet once; not started yet."""
    found = {name: LiveRelay(tmp_path, fresh_database_url, server, name) for name in ("uno", "dos")}
    with inside(found["uno"].shop):
        see_once(server)
        server.log.clear()
        try:
            yield found
        finally:
            for relay in found.values():
                relay.kill()


@pytest.fixture
def floor() -> Floor:
    return Floor(TAGS, random.Random(5))


def name_of(asked: Asked) -> str:
    return asked.user.partition("@")[0]


def writes(server: SheetsServer, since: float = 0.0) -> list[Asked]:
    """What was asked to be written since then, by when it came."""
    return sorted((one for one in server.log.entries(since) if one.kind == "write"), key=lambda one: one.began)


def writer(server: SheetsServer, floor: Floor, since: float = 0.0, other_than: str = "") -> Asked:
    """The first write since then, while the floor works on."""

    def found() -> Sequence[Asked]:
        return [one for one in writes(server, since) if one.began >= since and name_of(one) != other_than]

    floor.work_until(lambda: bool(found()), 2 * TAKEN_OVER_SECONDS)
    return found()[0]


def lose_the_lead() -> None:
    """The database ends the connection that holds the leader's lock, as a restart or a broken network would."""
    with connection.cursor() as cursor:
        locks = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted"
        cursor.execute(locks, [int(AdvisoryLock.RELAY)])


def assert_one_at_a_time(server: SheetsServer) -> None:
    """By the server's own log no write of one relay was under way when one of the other's came."""
    for one, other in combinations(writes(server), 2):
        assert name_of(one) == name_of(other) or one.at <= other.began


@pytest.mark.postgres
def test_the_other_relay_writes_within_15_seconds_and_never_two_at_once(
    relays: Relays, server: SheetsServer, floor: Floor, *, long_profile: bool
) -> None:
    for relay in relays.values():
        relay.start()
    leader = name_of(writer(server, floor))
    for handover in range(12 if long_profile else 2):
        struck = server.clock.now()
        if handover % 2:
            lose_the_lead()
            taken = writer(server, floor, struck + LATENCY)
        else:
            relays[leader].kill()
            taken = writer(server, floor, struck, other_than=leader)
            relays[leader].start()
        assert taken.began - struck < TAKEN_OVER_SECONDS
        leader = name_of(taken)
        floor.work_until(lambda: False, 1)
    assert_one_at_a_time(server)
    assert {name_of(one) for one in writes(server)} == {"uno", "dos"}
    wait_until(lambda: equal(server), "an equal sheet", 60)
    assert told_after(0).count() == floor.done


@pytest.mark.long
@pytest.mark.postgres
def test_a_write_that_arrives_after_its_relay_died_and_another_wrote_harms_nothing(
    relays: Relays, server: SheetsServer, floor: Floor
) -> None:
    foreign = foreign_cells(server.office.records)
    relays["uno"].start()
    writer(server, floor)
    wait_until(lambda: equal(server), "an equal sheet")
    server.faults.stall(LATE_SECONDS, on="write")
    floor.work_until(lambda: not server.faults.waiting, TAKEN_OVER_SECONDS)
    relays["dos"].start()
    relays["uno"].kill()
    assert name_of(writer(server, floor, server.clock.now(), other_than="uno")) == "dos"
    wait_until(lambda: equal(server), "an equal sheet before the late write")
    wait_until(lambda: any(one.fault == "stall" for one in writes(server)), "the late write")
    wait_until(lambda: equal(server), "an equal sheet after the late write")
    assert (told_after(0).count(), differences(server.office.records)) == (floor.done, [])
    assert foreign_cells(server.office.records) == foreign


def test_a_relay_that_does_not_lead_says_so(relays: Relays, server: SheetsServer, floor: Floor) -> None:
    relays["uno"].start()
    writer(server, floor)
    done = relays["dos"].shop.manage("sync_sheets", "--once")
    assert (done.returncode, done.stderr) == (4, "CommandError: Otro proceso lleva la hoja ahora; este no hizo nada.\n")
    relays["dos"].start()
    wait_until(lambda: "Otro proceso lleva la hoja; este espera." in relays["dos"].log(), "its word")
    assert {name_of(one) for one in server.log.entries() if one.kind != "token"} == {"uno"}
