"""The relay's budget, its leadership, its command and what it does when the book does not answer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings
from time_machine import Traveller, travel

from occupation import services
from occupation.models import EstadoHoja, Mirror
from occupation.sheets import audit, flush
from occupation.sheets.book import Ask, BookBusy, Grid, PermissionLost, Request, WriteUnknown
from occupation.sheets.budget import Budget, WaitJittered, wait_seconds
from occupation.sheets.cycle import Cycle
from occupation.sheets.flush import NotLeading
from occupation.sheets.layout import Hold, Tab
from occupation.sheets.leader import FileLeader, make_leader
from occupation.sheets.local import LocalBook
from occupation.sheets.relay import FOR_A_CYCLE, Relay
from occupation.vocabulary import Operacion
from tests.books import fila
from tests.mirror_office import Office, SharedFolder
from tests.ports import patient
from tests.shop import TABLET

NOW = datetime(2026, 3, 3, 14, 0, 30, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.django_db(transaction=True, available_apps=["occupation"])


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with travel(NOW, tick=False) as coordinates:
        yield coordinates


def spent(budget: Budget, kind: Request) -> int:
    """How many requests of a kind are let through now."""
    count = 0
    try:
        while True:
            budget.spend(kind)
            count += 1
    except BookBusy:
        return count


@pytest.mark.parametrize("most", [1, 3, 30, 60])
def test_no_minute_sees_more_requests_than_the_setting_says(clock: Traveller, most: int) -> None:
    budget = Budget({Request.READ: most, Request.WRITE: most})
    counts = []
    for _ in range(240):
        counts.append(spent(budget, Request.WRITE))
        clock.shift(1)
    minutes = [sum(counts[start : start + 60]) for start in range(len(counts) - 60)]
    assert max(minutes) <= most
    assert sum(counts) >= most * 4 * 0.45


def test_a_restart_does_not_spend_the_budget_twice_and_each_kind_has_its_own(clock: Traveller) -> None:
    assert spent(Budget(), Request.WRITE) == 7
    assert spent(Budget(), Request.WRITE) == 0
    assert spent(Budget(), Request.READ) == 10
    with pytest.raises(BookBusy) as busy:
        Budget().spend(Request.WRITE)
    assert 0 < (busy.value.retry_after or 0) <= 60


def test_a_budget_spent_by_a_clock_that_was_ahead_is_not_waited_for(clock: Traveller) -> None:
    clock.shift(timedelta(days=400))
    spent(Budget(), Request.WRITE)
    clock.move_to(NOW)
    assert spent(Budget(), Request.WRITE) == 7


def test_a_clock_put_back_by_seconds_spends_no_budget_twice(clock: Traveller) -> None:
    spent(Budget(), Request.WRITE)
    clock.shift(-30)
    assert spent(Budget(), Request.WRITE) == 0


def test_a_busy_book_is_left_alone_as_it_asks_and_a_quota_to_the_next_minute() -> None:
    assert wait_seconds(BookBusy("", 7.5), 1, NOW) == 7.5
    assert wait_seconds(BookBusy("", quota=True), 1, NOW) == 30
    assert wait_seconds(BookBusy("", 45, quota=True), 1, NOW) == 45
    waits = [wait_seconds(BookBusy(""), attempt, NOW) for attempt in range(1, 12)]
    assert all(0.75 * 2 ** min(n, 6) * 0.9 <= wait <= 60 for n, wait in enumerate(waits))
    assert waits[-1] >= 45


def test_waits_between_attempts_double_spread_by_a_quarter_and_stay_under_their_cap() -> None:
    wait = WaitJittered(0.1, 10)
    for attempt in range(1, 40):
        middle = min(0.1 * 2 ** (attempt - 1), 10)
        seconds = [wait.seconds(attempt) for _ in range(50)]
        assert all(0.75 * middle <= one <= min(1.25 * middle, 10) for one in seconds)
        assert len(set(seconds)) > 1


def test_only_one_relay_leads_and_the_next_takes_over_when_it_ends(office: Office) -> None:
    first, second = make_leader(), make_leader()
    assert (first.leads(), second.leads(), first.leads()) == (True, False, True)
    first.resign()
    assert (second.leads(), first.leads()) == (True, False)
    second.resign()


@pytest.mark.sqlite
def test_a_deleted_lock_file_ends_the_leadership_that_it_stood_for(tmp_path: Path) -> None:
    first, second = FileLeader(tmp_path / "relay.lock"), FileLeader(tmp_path / "relay.lock")
    assert first.leads()
    (tmp_path / "relay.lock").unlink()
    assert (second.leads(), first.leads()) == (True, False)
    second.resign()


def test_who_stopped_leading_writes_nothing_more(office: Office) -> None:
    before = {path: path.read_bytes() for path in office.book.folder.iterdir()}
    with pytest.raises(NotLeading):
        Cycle(office.book, leads=lambda: False).run()
    assert before == {path: path.read_bytes() for path in office.book.folder.iterdir()}


class Closed(LocalBook):
    """A book that answers as it is told until it is opened again."""

    answer: Exception | None = None

    def read_many(self, asks: Sequence[Ask]) -> list[Grid | Hold]:
        if self.answer:
            raise self.answer
        return super().read_many(asks)


def test_a_book_out_of_quota_is_left_alone_and_every_mark_is_kept(office: Office, clock: Traveller) -> None:
    office.sync()
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    book = Closed(office.book.folder)
    book.answer = BookBusy("Google pide esperar", quota=True)
    relay = Relay(book, make_leader(), 5)
    assert relay.turn() == 30
    state = EstadoHoja.objects.get()
    assert (state.error, state.error_tipo, state.error_desde) == ("Google pide esperar", "cuota", NOW)
    assert state.esperar_hasta == NOW + timedelta(seconds=30)
    book.answer = None
    clock.shift(10)
    assert relay.turn() == 20
    assert Mirror.objects.exclude(behind_since=None).count() == 1
    clock.shift(20)
    assert relay.turn() == 5
    assert (office.row("MK-1")["Ocupado_Por"], EstadoHoja.objects.get().error) == ("MR(93)", "")
    relay.leader.resign()


def test_a_write_that_failed_is_not_repeated_before_the_book_asked_for_it(office: Office, clock: Traveller) -> None:
    book = Closed(office.book.folder)
    book.answer = WriteUnknown("Google falló (503) y no dijo si guardó el cambio.", 120)
    relay = Relay(book, make_leader(), 5)
    assert relay.turn() == 120
    state = EstadoHoja.objects.get()
    assert (state.error_tipo, state.esperar_hasta) == ("cuota", NOW + timedelta(seconds=120))
    relay.leader.resign()


def test_a_wait_set_by_a_clock_that_was_ahead_does_not_stop_the_relay(office: Office, clock: Traveller) -> None:
    book = Closed(office.book.folder)
    book.answer = BookBusy("Google pide esperar", 1e9)
    relay = Relay(book, make_leader(), 5)
    assert relay.turn() == 600
    book.answer = None
    clock.shift(timedelta(days=-1))
    assert relay.turn() == 5
    assert EstadoHoja.objects.get().sincronizada_en == NOW - timedelta(days=1)
    relay.leader.resign()


def test_a_lost_permission_is_told_and_asked_again_each_minute(office: Office, clock: Traveller) -> None:
    book = Closed(office.book.folder)
    book.answer = PermissionLost("La cuenta no puede abrir el libro.")
    relay = Relay(book, make_leader(), 5)
    assert relay.turn() == 60
    assert EstadoHoja.objects.get().error_tipo == "permiso"
    relay.leader.resign()


def test_a_relay_without_a_book_it_can_open_ends_with_a_sentence(office: Office, settings: Settings) -> None:
    settings.SHEETS_BACKEND = "google"
    settings.GOOGLE_APPLICATION_CREDENTIALS_JSON = "{}"
    with pytest.raises(CommandError) as ended:
        call_command("sync_sheets")
    assert (ended.value.returncode, EstadoHoja.objects.get().error) == (5, str(ended.value))


def test_a_relay_says_that_it_leads_and_that_it_ended(office: Office, clock: Traveller) -> None:
    relay = Relay(LocalBook(office.book.folder), make_leader(), 5)
    relay.turn()
    state = EstadoHoja.objects.get()
    assert (state.lider_desde, state.lider) == (NOW, f"{socket.gethostname()}:{os.getpid()}")
    clock.shift(600)
    relay.turn()
    assert EstadoHoja.objects.get().lider_desde == NOW
    relay.stopping.set()
    relay.run()
    state = EstadoHoja.objects.get()
    assert (state.lider_desde, state.lider) == (None, "")


def test_what_does_not_fit_into_one_request_is_written_without_a_pause(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flush, "ROWS_PER_WRITE", 2)
    monkeypatch.setattr(audit, "EVENTS_PER_WRITE", 4)
    relay = Relay(LocalBook(office.book.folder), make_leader(), 5)
    assert [relay.turn(), relay.turn()] == [0, 5]
    for _ in range(3):
        services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
        services.pausar(tag="MK-1", trabajador_id=93, actor=TABLET)
    assert [relay.turn(), relay.turn()] == [0, 5]
    assert len({row["id"] for row in office.rows(Tab.METADATA)}) == len(office.rows(Tab.METADATA)) == 6
    relay.leader.resign()


def test_what_cannot_be_written_is_not_tried_again_without_a_pause(
    office: Office, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "EVENTS_PER_WRITE", 2)
    office.sync()
    relay = Relay(SharedFolder(office.desk), make_leader(), 5)
    office.desk.protect(Tab.METADATA)
    for number in range(3):
        services.tomar(tag=f"MK-{number}", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    assert [relay.turn(), relay.turn(), relay.turn()] == [0, 5, 5]
    office.desk.unprotect(Tab.METADATA)
    clock.shift(flush.AUDIT_AGAIN)
    assert [relay.turn(), relay.turn(), len(office.rows(Tab.METADATA))] == [0, 5, 3]
    relay.leader.resign()


def test_a_tab_that_is_held_for_days_is_told_when_it_begins_changes_and_ends(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.sync()
    relay, mend = Relay(LocalBook(office.book.folder), make_leader(), 5), ": devuélvalo a la primera fila de la hoja"

    def said() -> list[str]:
        caplog.clear()
        with caplog.at_level("INFO", logger="occupation.sheets.relay"):
            for _ in range(3):
                relay.turn()
        return caplog.messages

    said()
    office.rename("Armador", "Quien arma")
    assert said() == [f"retenida: la hoja Operaciones: falta el encabezado «Armador»{mend}"]
    office.rename("Soldador", "Quien suelda")
    missing = f"falta el encabezado «Armador» (también faltan «Soldador»){mend}"
    assert said() == [f"retenida: la hoja Operaciones: {missing}"]
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    assert said() == ["eventos: 1, retenidas: 1"]
    office.rename("Quien arma", "Armador")
    office.rename("Quien suelda", "Soldador")
    assert said() == ["filas escritas: 1", f"ya no está retenida: la hoja Operaciones: {missing}"]
    assert said() == []
    relay.leader.resign()


@pytest.mark.parametrize("most", [1, 6, 40])
def test_a_cycle_waits_until_it_can_be_paid_whole_or_the_bucket_is_full(clock: Traveller, most: int) -> None:
    budget = Budget({Request.READ: most, Request.WRITE: most})
    spent(budget, Request.READ)
    wait = budget.missing_seconds(FOR_A_CYCLE)
    assert 0 < wait <= 120
    clock.shift(wait + 0.001)
    assert budget.missing_seconds(FOR_A_CYCLE) == 0
    assert spent(budget, Request.READ) >= min(3, max(most // 4, 1))


@pytest.mark.process
def test_the_relay_keeps_both_sides_equal_and_ends_soon_when_told(fresh_database_url: str, tmp_path: Path) -> None:
    office = Office(tmp_path / "libro", [fila("MK-1")])
    environment = os.environ | {
        "DATABASE_URL": fresh_database_url,
        "TALLER_VAR": str(tmp_path),
        "LOCAL_WORKBOOK": str(tmp_path / "libro"),
    }
    command = [sys.executable, "manage.py", "sync_sheets", "--interval", "0.2"]
    relay = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + patient(30)
        while not office.row("MK-1")["version"]:
            assert time.monotonic() < deadline, "the relay wrote nothing back"
            time.sleep(0.05)
        relay.send_signal(signal.SIGTERM)
        _, errors = relay.communicate(timeout=patient(10))
    finally:
        relay.kill()
        relay.wait()
    assert (relay.returncode, b"Traceback" in errors) == (0, False)
