"""The web process is killed at any moment: what it answered is in the journal once, and nothing is half done."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import StartTaller
from tests.faults.dying_verbs import COMMIT, COMMITTED, DIED, VERBS
from tests.live import ROOT, LiveTaller
from tests.live_shop import as_json, program, rows, seed
from tests.ports import wait_until

WORKERS = 6
SPOOLS = 12

JOURNAL = """
    SELECT evento.accion, spool.tag, evento.estado FROM occupation_evento evento
    JOIN occupation_spool spool ON spool.id = evento.spool_id WHERE evento.accion <> '' ORDER BY evento.id
"""
SPOOLS_NOW = "SELECT tag, ocupado_por_id, version FROM occupation_spool"
ANSWERS = "SELECT respuesta FROM occupation_claveidempotencia"


@dataclass
class Request:
    """One POST under its key, and what was heard: None while nobody knows what became of it."""

    path: str
    body: dict[str, Any]
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    heard: tuple[int, Any] | None = None

    @property
    def done(self) -> bool:
        return self.heard is not None and self.heard[0] == 200

    def send(self, client: httpx.Client) -> None:
        answer = client.post(f"/api/occupation/{self.path}", json=self.body, headers={"Idempotency-Key": self.key})
        self.heard = (answer.status_code, answer.json())


class Load:
    """Six workers who take and let go without a pause, until the server is gone."""

    def __init__(self, live: LiveTaller, tags: list[str], seed: int) -> None:
        self._live, self._tags = live, tags
        self.requests: list[Request] = []
        self._threads = [threading.Thread(target=self._work, args=(101 + n, seed)) for n in range(WORKERS)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, count: int) -> None:
        """Return once so many requests succeeded."""
        wait_until(lambda: sum(request.done for request in list(self.requests)) >= count, f"{count} answers")

    def join(self) -> list[Request]:
        for thread in self._threads:
            thread.join()
        return self.requests

    def _work(self, worker: int, seed: int) -> None:
        chance = random.Random(seed * 1000 + worker)
        with program(self._live) as client:
            while self._shift(chance, client, worker):
                pass

    def _shift(self, chance: random.Random, client: httpx.Client, worker: int) -> bool:
        tag = chance.choice(self._tags)
        path = chance.choice(["tomar", "tomar", "pausar", "cancelar"])
        body = {"tag_spool": tag, "worker_id": worker} | ({"operacion": "ARM"} if path == "tomar" else {})
        request = Request(path, body)
        self.requests.append(request)
        try:
            request.send(client)
        except httpx.TransportError:
            return False
        return True


def assert_all_told(requests: list[Request], live: LiveTaller) -> None:
    """Every answer is in the journal exactly once, and the journal tells of nothing that was not asked."""
    journal = Counter(as_json(estado)["version"] for _, _, estado in rows(live, JOURNAL))
    assert set(journal.values()) <= {1}
    answered = Counter(request.heard[1]["version"] for request in requests if request.heard and request.done)
    assert answered == journal
    assert Counter(as_json(answer)["version"] for (answer,) in rows(live, ANSWERS)) == answered


def assert_no_half_verbs(live: LiveTaller) -> None:
    """Occupied is one open session, always, and a spool's version is that of its last journal row."""
    story: dict[str, list[tuple[str, str]]] = {}
    for accion, tag, estado in rows(live, JOURNAL):
        story.setdefault(tag, []).append((accion, as_json(estado)["version"]))
    for tag, holder, version in rows(live, SPOOLS_NOW):
        told = story.get(tag, [])
        takes = [accion == "TOMAR" for accion, _ in told]
        assert takes == [number % 2 == 0 for number in range(len(told))]
        assert (holder is not None) == (len(told) % 2 == 1)
        assert not told or told[-1][1] == str(uuid.UUID(str(version)))


@pytest.mark.process
def test_web_killed_at_random_moments_of_a_mixed_load(start_taller: StartTaller, *, long_profile: bool) -> None:
    live = start_taller()
    tags = seed(live, workers=WORKERS, spools=SPOOLS)
    chance = random.Random(7)
    requests: list[Request] = []
    for number in range(50 if long_profile else 3):
        load = Load(live, tags, number)
        load.wait_for(chance.randint(3, 40))
        time.sleep(chance.uniform(0, 0.05))
        live.kill()
        new = load.join()
        requests += new
        live.start()
        with program(live) as client:
            for request in new:
                if request.heard is None:
                    request.send(client)
            for request in chance.sample(new, min(10, len(new))):
                _is_answered_the_same(request, client)
        assert_all_told(requests, live)
        assert_no_half_verbs(live)


def _is_answered_the_same(request: Request, client: httpx.Client) -> None:
    """A success is repeated word for word; a refusal is judged afresh, so only that it harms nobody is known."""
    done, heard = request.done, request.heard
    request.send(client)
    if done:
        assert request.heard == heard


@pytest.mark.process
def test_a_verb_that_dies_between_any_two_statements_happened_whole_or_not_at_all(
    fresh_database_url: str, tmp_path: Path, *, long_profile: bool
) -> None:
    (tmp_path / "var").mkdir(exist_ok=True)
    live = LiveTaller(tmp_path, {"DATABASE_URL": fresh_database_url})
    verbs = list(VERBS) if long_profile else ["tomar"]
    command = [sys.executable, "-m", "tests.faults.dying_verbs", *verbs]
    environment = live.environment | {"DJANGO_SETTINGS_MODULE": "taller.settings"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    deaths = [json.loads(line) for line in done.stdout.splitlines()]
    assert {death["verb"] for death in deaths} == set(verbs)
    assert min(Counter(death["verb"] for death in deaths).values()) > 8
    for death in deaths:
        _was_whole(death)


def _was_whole(death: dict[str, Any]) -> None:
    name = (death["verb"], death["point"])
    assert (name, death["code"]) == (name, DIED)
    expected = death["finally"] if death["point"] == COMMITTED else death["before"]
    assert (name, death["after"]) == (name, expected)
    new = death["finally"]["journal"][len(death["before"]["journal"]) :]
    assert (name, new[1:]) == (name, ["STATE_CHANGE"] if death["verb"] != "liberar" else [])
    assert (name, death["finally"]["behind"]) == (name, 1)
    assert (name, death["finally"]["keys"]) == (name, [death["again"]["version"]])
    assert (name, death["finally"]["row"]["version"]) == (name, death["again"]["version"])
    assert death["point"] != COMMIT or death["before"]["keys"] == []
