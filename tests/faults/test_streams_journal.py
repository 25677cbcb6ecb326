"""Odd rows, bursts, stalled transactions, a journal longer than the memory, a journal that goes back."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from dashboard.feed import REMEMBERED
from tests.conftest import StartTaller
from tests.live import LiveTaller
from tests.live_shop import rows, seed, shell
from tests.ports import wait_until
from tests.sse import Heard, page_stream, program_stream
from tests.streams_shop import caught_up, crowd, floor, health, journal, newest, told

pytestmark = pytest.mark.process

TABLET = """
from tests.factories import DeviceFactory
DeviceFactory(kind="board", scope="read", token="muro", nombre="muro")
"""


@pytest.fixture(scope="module")
def shop(shared_taller: LiveTaller) -> list[str]:
    """Tags of free spools; `101` may take any of them. A board is paired with `muro`."""
    shell(shared_taller, TABLET)
    return seed(shared_taller, workers=1, spools=60)


def execute(live: LiveTaller, *statements: str) -> None:
    """What a program does to the journal that knows nothing of our checks."""
    url = live.environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=10)) as database, database:
            database.execute("PRAGMA ignore_check_constraints=ON")
            for statement in statements:
                database.execute(statement)
        return
    with psycopg.connect(url) as server:
        server.execute("ALTER TABLE occupation_evento DROP CONSTRAINT IF EXISTS evento_tipo_conocido")
        for statement in statements:
            server.execute(statement.encode())


COLUMNS = (
    *("instante", "tipo", "spool_id", "trabajador_id", "actor_tipo", "actor_nombre", "operacion", "accion"),
    *("detalle", "estado"),
)


def copied(**instead: str) -> str:
    """A statement that repeats the newest TOMAR of the journal with other values in some columns."""
    values = ", ".join(instead.get(column, column) for column in COLUMNS)
    return (
        f"INSERT INTO occupation_evento (uuid, {', '.join(COLUMNS)}) SELECT '{uuid.uuid4().hex}', {values} "  # noqa: S608  ours
        "FROM occupation_evento WHERE tipo = 'TOMAR_ARM' ORDER BY id DESC LIMIT 1"
    )


def test_a_row_of_a_type_nobody_knows_is_told_as_it_is_and_the_next_ones_too(
    shared_taller: LiveTaller, shop: list[str]
) -> None:
    with (
        program_stream(shared_taller).opened() as stream,
        page_stream(shared_taller, "muro", "/en-vivo/?vista=tablero").opened() as board,
        floor(shared_taller) as at_work,
    ):
        at_work.take(shop[0])
        stream.named("spool_update", 2)
        execute(shared_taller, copied(tipo="'TELETRANSPORTE'", accion="'TELETRANSPORTAR'"))
        odd = stream.named("spool_update", 3)[2]
        at_work.pause(shop[0])
        assert stream.named("spool_update", 4)[3].json["event_type"] == "PAUSAR"
        assert len(board.named("tablero", 3)) == 3
    assert (odd.json["event_type"], odd.json["tag_spool"]) == ("TELETRANSPORTE", shop[0])


UNREADABLE = [{"estado": "'\"texto\"'"}, {"estado": "'[]'"}]
UNREADABLE_ON_SQLITE = [{"estado": "'{'"}, {"instante": "'ayer'"}, {"spool_id": "999999"}]


def unreadable(live: LiveTaller) -> list[dict[str, str]]:
    """What a row may hold that no program of ours would write, in each column it concerns."""
    on_sqlite = live.environment["DATABASE_URL"].startswith("sqlite")
    return UNREADABLE + (UNREADABLE_ON_SQLITE if on_sqlite else [])


def test_a_row_that_cannot_be_read_repaints_and_the_next_ones_are_told(
    start_taller: StartTaller,
) -> None:
    live = start_taller()
    shell(live, TABLET)
    [tag] = seed(live, workers=1, spools=1)
    with (
        program_stream(live).opened() as stream,
        page_stream(live, "muro", "/en-vivo/?vista=tablero").opened() as board,
        floor(live) as at_work,
    ):
        at_work.take(tag)
        for odd in unreadable(live):
            execute(live, copied(**odd))
            wait_until(lambda: _last_id(stream.heard) == _last_id(board.heard) == newest(live), str(odd), 5)
            at_work.pause(tag)
            at_work.take(tag)
            wait_until(lambda: _last_id(stream.heard) == _last_id(board.heard) == newest(live), f"after {odd}", 5)
            assert [one.event for one in board.heard if one.event != "latido"][-1] == "tablero"
    ids = [int(one.id.rpartition(":")[2]) for one in stream.heard if one.event in {"spool_update", "repintar"}]
    assert ids == journal(live)
    assert "stream-reset" not in {one.event for one in stream.heard}
    assert health(live)["status"] == "healthy"


def _last_id(heard: list[Heard]) -> int:
    ids = [int(one.id.rpartition(":")[2]) for one in list(heard) if one.id]
    return ids[-1] if ids else 0


def test_a_burst_of_500_events_reaches_programs_whole_and_pages_as_a_repaint(
    shared_taller: LiveTaller, shop: list[str]
) -> None:
    known = newest(shared_taller)
    with (
        crowd(shared_taller).open(20) as programs,
        page_stream(shared_taller, "muro", "/en-vivo/?vista=tablero").opened() as board,
        floor(shared_taller) as at_work,
    ):
        tags = shop[1:51]
        for _ in range(5):
            at_work.batch(tags)
            at_work.batch_pause(tags)
        burst = journal(shared_taller, known)
        assert len(burst) >= 500
        programs.read_until(lambda: programs.all_heard(burst))
        wait_until(lambda: _last_id(board.heard) == burst[-1], "the board", 5)
    assert {reader.names["stream-reset"] for reader in programs.readers} == {0}
    assert board.named("repintar")[0].data == "tablero"
    assert len(board.heard) < 60


@pytest.mark.postgres
def test_a_stalled_transaction_costs_the_streams_nothing_but_time(shared_taller: LiveTaller, shop: list[str]) -> None:
    """It has its journal id and does not commit: the next one waits for it, so nobody reads past its row."""
    known = newest(shared_taller)
    with (
        program_stream(shared_taller).opened() as stream,
        floor(shared_taller) as at_work,
        psycopg.connect(shared_taller.environment["DATABASE_URL"]) as stalled,
    ):
        stalled.execute("SELECT pg_advisory_xact_lock(73001)")
        stalled.execute(copied().encode())
        second = threading.Thread(target=at_work.take, args=(shop[52],))
        second.start()
        heard = stream.named("latido", 2)
        assert told(stream) == []
        assert heard[-1].json["revision"] == known
        stalled.commit()
        second.join(10)
        assert stream.ids(3) == journal(shared_taller, known)
    assert len(journal(shared_taller, known)) == 3


MANY = """
import itertools
from django.utils import timezone
from occupation.models import Evento, Spool
spool = Spool.objects.get(tag="{tag}")
estado = {{"tag_spool": spool.tag, "ocupado": False, "version": str(spool.version)}}
rows = (Evento(instante=timezone.now(), tipo="EDICION_HOJA", spool=spool, actor_tipo="hoja", actor_nombre="hoja",
               estado=estado) for _ in range({count}))
while part := list(itertools.islice(rows, 500)):
    Evento.objects.bulk_create(part)
"""


def test_what_is_older_than_the_memory_is_answered_with_a_reset(shared_taller: LiveTaller, shop: list[str]) -> None:
    before = newest(shared_taller)
    shell(shared_taller, MANY.format(tag=shop[55], count=REMEMBERED + 100))
    caught_up(shared_taller, 10)
    last, ids = newest(shared_taller), journal(shared_taller)
    with program_stream(shared_taller, last=str(before)) as stream:
        [reset] = stream.opened().named("stream-reset")
        assert (reset.id, told(stream)) == (f"spools:{last}", [])
    with program_stream(shared_taller, last=str(ids[-REMEMBERED - 1])) as stream:
        wait_until(lambda: _last_id(stream.heard) == last, "the whole memory", 10)
        assert told(stream) == ids[-REMEMBERED:]
        assert "stream-reset" not in {one.event for one in stream.heard}


@pytest.mark.sqlite
def test_a_restored_journal_repaints_what_is_open_and_is_told_from_there(
    start_taller: StartTaller, tmp_path: Path
) -> None:
    live = start_taller()
    shell(live, TABLET)
    tags = seed(live, workers=1, spools=3)
    with floor(live) as at_work:
        at_work.take(tags[0])
        assert live.manage("backup", str(tmp_path / "lunes.sqlite3")).returncode == 0
        at_work.take(tags[1])
        at_work.take(tags[2])
    caught_up(live)
    with (
        program_stream(live).opened() as stream,
        page_stream(live, "muro", "/en-vivo/?vista=tablero").opened() as board,
        floor(live) as at_work,
    ):
        assert stream.heard[-1].json["revision"] == 6
        done = live.manage("restore", str(tmp_path / "lunes.sqlite3"))
        assert (done.returncode, done.stderr) == (0, "")
        assert [(one.id, one.json) for one in stream.named("repintar")] == [
            ("spools:2", {"event_type": "repintar", "evento_id": 2})
        ]
        assert [(one.id, one.data) for one in board.named("repintar")] == [("tablero:2", "tablero")]
        at_work.pause(tags[0])
        [after] = rows(live, "SELECT max(id) FROM occupation_evento")[0]
        assert stream.ids(1) == [after]
        assert board.named("tablero")[-1].id == f"tablero:{after}"
    with program_stream(live, last="spools:6") as late:
        assert len(late.named("stream-reset")) == 1
    assert json.loads(late.heard[-1].data)["revision"] == after
