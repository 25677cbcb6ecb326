"""The relay dies at any moment, beside a floor that works on and a sheet that misbehaves: both end up equal."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from occupation import services
from occupation.sheets.audit import told_after
from occupation.sheets.layout import Tab
from occupation.vocabulary import Operacion
from tests.live_relay import Floor, LiveRelay, equal, see_once, server_of, wait_no_longer
from tests.live_shop import inside
from tests.ports import wait_until
from tests.sheet_truth import differences, foreign_cells, left_behind
from tests.sheets_server.server import SheetsServer
from tests.shop import TABLET

SPOOLS = 60
TAGS = [f"MK-{number:03}" for number in range(SPOOLS)]
LATE = 5.0
WORK_SECONDS = 4.0

Misfortune = Callable[[SheetsServer], None]

MISFORTUNES: tuple[Misfortune, ...] = (
    lambda _: None,
    lambda server: server.faults.error(503, on="write"),
    lambda server: server.faults.error(500, on="write", applied=True),
    lambda server: server.faults.error(503, on="read", times=2),
    lambda server: server.faults.too_many(on="read"),
    lambda server: server.faults.cut(applied=False, on="write"),
    lambda server: server.faults.cut(applied=True, on="write"),
    lambda server: server.faults.torn(on="write"),
    lambda server: server.faults.late(LATE, on="write"),
    lambda server: server.faults.stall(1.0, on="write"),
    lambda server: server.faults.half(skip=1),
    lambda server: server.faults.empty(skip=1),
    lambda server: server.faults.before("write", lambda: server.office.reverse(Tab.OPERACIONES)),
    lambda server: server.faults.after("read", lambda: server.office.sort(Tab.OPERACIONES, "NV")),
    lambda server: server.faults.before("write", lambda: server.office.insert_row(Tab.OPERACIONES, 2)),
)


@pytest.fixture
def server() -> Iterator[SheetsServer]:
    with server_of(TAGS) as running:
        yield running


@pytest.fixture
def relay(server: SheetsServer, fresh_database_url: str, tmp_path: Path) -> Iterator[LiveRelay]:
    """A relay that is not started yet, in a shop that has seen the sheet once."""
    found = LiveRelay(tmp_path, fresh_database_url, server)
    with inside(found.shop):
        see_once(server)
        try:
            yield found
        finally:
            found.kill()


def kill_when_asked(relay: LiveRelay, server: SheetsServer, chance: random.Random) -> None:
    """Let it die while one of its next requests is on its way, before or after it was applied."""
    at = chance.choice([server.faults.before, server.faults.after])
    at(chance.choice(["read", "write"]), relay.strike, skip=chance.randint(0, 2))


@pytest.mark.process
def test_a_relay_killed_at_random_moments_leaves_app_and_sheet_equal(
    relay: LiveRelay, server: SheetsServer, *, long_profile: bool
) -> None:
    chance = random.Random(11)
    floor = Floor(TAGS, chance)
    foreign = foreign_cells(server.office.records)
    kills = 100 if long_profile else 3
    for number in range(kills):
        server.log.clear()
        relay.start()
        wait_until(lambda: bool(server.log.entries()) or not relay.is_alive(), "the relay's first request")
        assert relay.is_alive(), relay.log()
        MISFORTUNES[number % len(MISFORTUNES)](server)
        if number % 2:
            kill_when_asked(relay, server, chance)
            floor.work_until(lambda: not relay.is_alive(), WORK_SECONDS)
        else:
            floor.work_until(lambda: False, chance.uniform(0, 1.5))
        assert "Traceback" not in relay.log()
        relay.kill()
        server.faults.clear()
        wait_no_longer()
    server.clock.advance(LATE)
    server.google.settle()
    relay.start()
    wait_until(lambda: equal(server), "an equal sheet", 60)
    assert differences(server.office.records) == []
    assert foreign_cells(server.office.records) == foreign
    assert left_behind(server.office.records) == []
    assert told_after(0).count() == floor.done > 0


@pytest.mark.process
def test_a_relay_killed_after_a_write_beside_an_inserted_row_leaves_it_blank_in_the_end(
    relay: LiveRelay, server: SheetsServer
) -> None:
    services.tomar(tag=TAGS[0], trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    dates_shown = 1
    server.faults.before("write", lambda: server.office.insert_row(Tab.OPERACIONES, TAGS[0]), skip=dates_shown)
    server.faults.after("write", relay.strike, skip=dates_shown)
    relay.start()
    wait_until(lambda: not relay.is_alive(), "its death")
    assert [row["Ocupado_Por"] for row in left_behind(server.office.records)] == ["JP(94)"]
    wait_no_longer()
    relay.start()
    wait_until(lambda: equal(server), "an equal sheet", 60)
    assert (differences(server.office.records), left_behind(server.office.records)) == ([], [])
