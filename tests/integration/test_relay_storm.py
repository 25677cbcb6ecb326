"""Google answers nothing but 429 while the shift changes: nobody at the floor notices, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from time_machine import Traveller, travel

from occupation import services
from occupation.models import EstadoHoja
from occupation.sheets.audit import told_after
from occupation.sheets.budget import Budget
from occupation.sheets.google import GoogleBook
from occupation.sheets.google_client import connected
from occupation.sheets.leader import make_leader
from occupation.sheets.relay import Relay
from occupation.vocabulary import Operacion
from taller.sheet_health import read_sheet
from tests.live_relay import equal, see_once, server_of
from tests.sheet_truth import differences, foreign_cells
from tests.sheets_server.quota import Clock
from tests.sheets_server.server import SheetsServer
from tests.shop import TABLET

NOW = datetime(2026, 3, 3, 11, 0, 45, tzinfo=UTC)
SPOOLS = 200
TAGS = [f"MK-{number:03}" for number in range(SPOOLS)]
PER_SECOND = 15
CAUGHT_UP_SECONDS = 120
LOOK_SECONDS = 5

pytestmark = [pytest.mark.django_db(transaction=True, available_apps=["occupation"]), pytest.mark.sheet]


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with travel(NOW, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def server() -> Iterator[SheetsServer]:
    """Google with its real quotas, whose time passes only when told."""
    with server_of(TAGS, clock=Clock(frozen=True)) as running:
        see_once(running)
        running.log.clear()
        running.quota.reads = running.quota.writes = 60
        yield running


class Day:
    """Seconds that pass at once for the relay, the shop and Google; in each the floor does its share of verbs."""

    def __init__(self, clock: Traveller, server: SheetsServer) -> None:
        budget = Budget()
        book = GoogleBook(connected(server.url), server.spreadsheet_id, meter=budget.spend)
        self.relay = Relay(book, make_leader(), 5.0, budget)
        self.clock, self.server = clock, server
        self.verbs, self.turn_in = 0, 0.0

    def pass_second(self, verbs: int) -> None:
        for _ in range(verbs):
            self._act()
        while self.turn_in <= 0:
            self.turn_in += max(self.relay.turn(), 0.1)
        self.clock.shift(1)
        self.server.clock.advance(1)
        self.turn_in -= 1

    def _act(self) -> None:
        """Every spool is taken, paused, taken and given back in turn; a refusal would end the test."""
        step, place = divmod(self.verbs, SPOOLS)
        what: dict[str, Any] = {"tag": TAGS[place], "trabajador_id": 93 + place % 2, "actor": TABLET}
        if step % 2 == 0:
            services.tomar(operacion=Operacion.ARM, **what)
        else:
            (services.pausar if step % 4 == 1 else services.cancelar)(**what)
        self.verbs += 1


def test_a_storm_of_429_at_the_shift_change_costs_no_verb_and_is_made_up_for_within_two_minutes(
    clock: Traveller, server: SheetsServer, *, long_profile: bool
) -> None:
    day, foreign = Day(clock, server), foreign_cells(server.office.records)
    server.faults.too_many(times=None)
    for _ in range(600 if long_profile else 20):
        day.pass_second(PER_SECOND)
    waiting = read_sheet()
    assert (waiting.atraso_filas, EstadoHoja.objects.get().error_tipo) == (SPOOLS, "cuota")
    assert waiting.status == ("degraded" if long_profile else "healthy")
    server.faults.clear()
    seconds = 0
    while seconds < CAUGHT_UP_SECONDS and not (seconds % LOOK_SECONDS == 0 and equal(server)):
        day.pass_second(0)
        seconds += 1
    assert differences(server.office.records) == []
    assert (told_after(0).count(), read_sheet().status) == (day.verbs, "healthy")
    assert foreign_cells(server.office.records) == foreign
    assert server.log.most_in_a_minute("read") <= 40
    assert server.log.most_in_a_minute("write") <= 30
    day.relay.leader.resign()
