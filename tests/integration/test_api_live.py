"""What only the real server shows: bodies in chunks, HEAD on the wire, and a health that nothing stalls."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from tests.conftest import StartTaller
from tests.live import LiveTaller
from tests.live_shop import command
from tests.ports import patient

pytestmark = pytest.mark.process

ODD_ADDRESSES = [
    "/api/occupation/status/%FF%FE",
    "/api/spools?q=%FF",
    "/api/%00",
    "/api/occupation/status/%2F%2e%2e",
]


def in_chunks(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b" " * 64 * 1024


def test_what_the_wire_brings_is_answered_in_the_envelope(live_taller: LiveTaller) -> None:
    token = command(live_taller, "pair_device", "Programa", "--kind", "api")[-1]
    with live_taller.client(headers={"Authorization": f"Bearer {token}"}) as api:
        small = api.post("/api/occupation/tomar", content=iter([b'{"worker_id"', b": 0}"]))
        assert (small.status_code, small.json()["data"]["campos"]["worker_id"]) == (422, "debe ser 1 o más")
        big = api.post("/api/occupation/tomar", content=in_chunks(64))
        assert (big.status_code, big.json()["error"]) == (413, "CUERPO_DEMASIADO_GRANDE")
        head = api.head("/api/workers")
        assert (head.status_code, head.content) == (200, b"")
        assert api.get("/api/workers").json() == {"workers": [], "total": 0}
        odd = [api.get(address) for address in ODD_ADDRESSES]
        assert [(answer.status_code, answer.json()["success"]) for answer in odd] == [
            (404, False),
            (422, False),
            (404, False),
            (404, False),
        ]
        elsewhere = api.get("/api/workers", headers={"Host": "otro.example"})
        assert (elsewhere.status_code, elsewhere.json()["data"]["campos"].keys()) == (422, {"Host"})


def test_a_page_reads_no_longer_a_form_than_the_api_a_body(live_taller: LiveTaller) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    with live_taller.client() as stranger:
        stranger.get("/vincular/")
        answers = [stranger.post("/vincular/", content=in_chunks(count), headers=kind) for count in (1, 64)]
    assert [answer.status_code for answer in answers] == [403, 400]


@pytest.mark.postgres
def test_a_database_that_does_not_answer_does_not_hang_health(
    start_taller: StartTaller, fresh_database_url: str
) -> None:
    live = start_taller()
    with live.client() as client, psycopg.connect(fresh_database_url) as blocker:
        assert health_of(client) == ("healthy", 200)
        blocker.execute("LOCK TABLE occupation_evento")
        started = time.monotonic()
        answers = health_of(client)
        took = time.monotonic() - started
        blocker.rollback()
        assert answers == ("down", 503)
        assert took < patient(5)


def health_of(client: httpx.Client) -> tuple[str, int]:
    return client.get("/api/health").json()["status"], client.get("/api/ready").status_code
