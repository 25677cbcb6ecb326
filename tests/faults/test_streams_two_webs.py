"""Two web processes share nothing but the database and Redis, and both tell everything, alone and behind nginx."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import StartTaller
from tests.crowd import Crowd
from tests.live import LiveTaller
from tests.live_shop import program, seed
from tests.ports import free_port
from tests.private_valkey import BreakableValkey
from tests.proxy import Nginx
from tests.streams_shop import AUTHORIZATION, crowd, floor, journal

pytestmark = [pytest.mark.process, pytest.mark.postgres]


def work(live: LiveTaller, tags: list[str]) -> float:
    """Take and pause all of these; the slowest answer."""
    with floor(live) as at_work:
        for tag in tags:
            at_work.take(tag)
            at_work.pause(tag)
        return at_work.slowest


def test_verbs_on_either_are_told_by_both_once_and_in_order(start_taller: StartTaller, valkey: BreakableValkey) -> None:
    one, two = (start_taller(REDIS_URL=valkey.url) for _ in range(2))
    tags = seed(one, workers=1, spools=20)
    with crowd(one).open(10) as here, crowd(two).open(10) as there:
        with ThreadPoolExecutor(2) as hands:
            slowest = list(hands.map(work, (one, two), (tags[::2], tags[1::2])))
        told = journal(one)
        assert len(told) == 60
        for readers in (here, there):
            readers.read_until(lambda readers=readers: readers.all_heard(told), 5)  # type: ignore[misc]
    assert max(slowest) < 1


@pytest.mark.long
@pytest.mark.nginx
def test_behind_nginx_two_webs_are_one_shop(start_taller: StartTaller, valkey: BreakableValkey, tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    one, two = (start_taller(REDIS_URL=valkey.url, PUBLIC_URL=address) for _ in range(2))
    tags = seed(one, workers=1, spools=20)
    with Nginx(tmp_path, port, [one.port, two.port]), Crowd(port, "/api/sse/stream", AUTHORIZATION).open(60) as readers:
        with program(one) as client:
            client.base_url = address
            for tag in tags:
                body = {"tag_spool": tag, "worker_id": 101, "operacion": "ARM"}
                assert client.post("/api/occupation/tomar", json=body).status_code == 200
        readers.read_until(lambda: readers.all_heard(journal(one)), 5)
        assert len(journal(one)) == 40
        heartbeats = [reader.names["latido"] for reader in readers.readers]
        readers.read_for(70)
        # Longer than a proxy's patience with who says nothing: the heartbeat keeps a stream open.
        assert [reader.ended for reader in readers.readers] == [False] * 60
        assert min(reader.names["latido"] for reader in readers.readers) >= min(heartbeats) + 70 // 5
        one.stop()
        readers.read_for(1)
        gone = [reader.ended for reader in readers.readers]
        assert 0 < sum(gone) < 60
        with program(two) as client:
            client.base_url = address
            answers = [client.get("/api/occupation/status/" + tags[0]).status_code for _ in range(6)]
        assert answers == [200] * 6
