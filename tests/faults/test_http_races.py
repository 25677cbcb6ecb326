"""Ten programs post for one spool at the same moment, to a real server: one gets it, nine hear who."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.conftest import StartTaller
from tests.live_shop import program, seed
from tests.ports import patient
from tests.private_valkey import BreakableValkey

HANDS = 10


def post(client: httpx.Client, body: dict[str, Any], barrier: threading.Barrier) -> tuple[int, str, Any]:
    """The status, the error's code, and its data or the version answered."""
    barrier.wait(timeout=patient(30))
    answer = client.post("/api/occupation/tomar", json=body)
    told = answer.json()
    return answer.status_code, told.get("error", ""), told.get("data", told.get("version"))


@pytest.mark.process
def test_ten_programs_post_for_one_spool_and_one_gets_it(
    start_taller: StartTaller, valkey: BreakableValkey, *, long_profile: bool
) -> None:
    live = start_taller(REDIS_URL=valkey.url)
    tags = seed(live, workers=HANDS, spools=200 if long_profile else 20)
    clients = [program(live) for _ in range(HANDS)]
    with ThreadPoolExecutor(HANDS) as hands:
        for tag in tags:
            barrier = threading.Barrier(HANDS)
            bodies = [{"tag_spool": tag, "operacion": "ARM", "worker_id": 101 + hand} for hand in range(HANDS)]
            heard = list(hands.map(post, clients, bodies, [barrier] * HANDS))
            assert heard == _expected(clients[0].get(f"/api/occupation/status/{tag}").json())
    for client in clients:
        client.close()


def _expected(status: dict[str, Any]) -> list[tuple[int, str, Any]]:
    """What each of the ten must have heard, given who holds the spool."""
    owner = {
        "owner_id": status["worker_id"],
        "owner_name": status["ocupado_por"],
        "desde": status["fecha_ocupacion"],
        "operacion": "ARM",
    }
    heard: list[tuple[int, str, Any]] = [(409, "SPOOL_OCCUPIED", owner)] * HANDS
    heard[status["worker_id"] - 101] = (200, "", status["version"])
    return heard
