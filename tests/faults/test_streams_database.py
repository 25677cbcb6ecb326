"""PostgreSQL with few connections, and one that goes away: streams hold no connection and outlive the outage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import StartTaller, taller_starter
from tests.live import LiveTaller
from tests.live_shop import rows, seed
from tests.ports import wait_until
from tests.postgres import PrivatePostgres, postgres_binaries
from tests.streams_shop import caught_up, crowd, floor, health, journal, newest, process

pytestmark = [pytest.mark.process, pytest.mark.postgres]

STREAMS = 200
CONNECTIONS_IN_USE = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def in_use(live: LiveTaller) -> int:
    return int(rows(live, CONNECTIONS_IN_USE)[0][0])


def test_200_streams_of_a_postgresql_with_30_connections_hold_none(start_taller: StartTaller) -> None:
    live = start_taller()
    tags = seed(live, workers=1, spools=20)
    assert rows(live, "SHOW max_connections") == [("30",)]
    with crowd(live).open(1), floor(live) as at_work:
        at_work.take(tags[0])
        caught_up(live)
        few, threads = in_use(live), process(live).num_threads()
        with crowd(live).open(STREAMS) as readers:
            known = newest(live)
            for tag in tags[1:]:
                at_work.take(tag)
            readers.read_until(lambda: readers.all_heard(journal(live, known)))
            many = in_use(live)
            print(
                f"connections in use: {few} with 1 stream, {many} with {1 + STREAMS}; threads {threads}", end=", then "
            )
            print(process(live).num_threads())
            assert health(live)["streams"] == 1 + STREAMS
            # A request has at most one of the pool's, and follower and streams' door theirs: none is a stream's.
            assert many <= 10
            assert at_work.slowest < 1


@pytest.fixture
def own_postgres() -> Iterator[PrivatePostgres]:
    """A server of the test's own, which it may stop."""
    binaries = postgres_binaries()
    assert binaries is not None
    server = PrivatePostgres(binaries).start()
    yield server
    server.remove()


@pytest.fixture
def live(own_postgres: PrivatePostgres, static_files: Path, tmp_path: Path) -> Iterator[LiveTaller]:
    """A web process on that server."""
    url = own_postgres.url(own_postgres.create_database())
    with taller_starter(tmp_path, static_files, url) as start:
        assert LiveTaller(tmp_path, {"DATABASE_URL": url}).manage("migrate", "--verbosity=0").returncode == 0
        yield start()


def test_streams_outlive_a_database_that_goes_away(
    live: LiveTaller, own_postgres: PrivatePostgres, *, long_profile: bool
) -> None:
    tags = seed(live, workers=1, spools=3)
    with crowd(live).open(3) as readers:
        with floor(live) as at_work:
            at_work.take(tags[0])
            readers.read_until(lambda: readers.all_heard(journal(live)))
        own_postgres.kill()
        readers.read_for(1)
        silent = [reader.names["latido"] for reader in readers.readers]
        readers.read_for(30 if long_profile else 4)
        assert [reader.names["latido"] for reader in readers.readers] == silent
        assert [reader.ended for reader in readers.readers] == [False] * 3
        assert health(live)["status"] == "down"
        own_postgres.restart()
        with psycopg.connect(live.environment["DATABASE_URL"]) as server:
            assert server.execute("SELECT count(*) FROM occupation_evento").fetchone() == (2,)
        wait_until(lambda: health(live)["status"] == "healthy", "health", 10)
        with floor(live) as at_work:
            at_work.take(tags[1])
            at_work.take(tags[2])
        readers.read_until(lambda: readers.all_heard(journal(live)), 5)
        readers.read_until(lambda: min(reader.names["latido"] for reader in readers.readers) > max(silent), 5)
        assert {reader.names["stream-reset"] for reader in readers.readers} == {0}
    assert live.log().count("No se puede leer la bitácora") == 1
    assert live.log().count("La bitácora se lee otra vez") == 1
