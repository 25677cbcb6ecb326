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
from typing import Any

import httpx
import pytest

from tests.conftest import StartTaller
from tests.faults.dying_verbs import COMMIT, COMMITTED, DIED, VERBS
from tests.live import ROOT, LiveTaller

WORKERS = 6
SPOOLS = 12

SEED = f"""
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory
for number in range({WORKERS}):
    TrabajadorFactory(id=101 + number)
SpoolFactory.create_batch({SPOOLS})
print(DeviceFactory(kind="api", token="secreto").raw_token)
"""
TELL = """
import json
from occupation.history import events_of, sessions_of
from occupation.models import ClaveIdempotencia, Evento, Spool
from django.utils import timezone
spools = [
    {
        "tag": spool.tag,
        "ocupado": spool.ocupado,
        "version": str(spool.version),
        "sessions": [s.cierre for s in sessions_of(events_of(spool), timezone.now())],
    }
    for spool in Spool.objects.all()
]
rows = [(row.accion, row.spool.tag, row.estado["version"]) for row in Evento.objects.select_related("spool").order_by("id")]
answers = list(ClaveIdempotencia.objects.values_list("respuesta__version", flat=True))
print(json.dumps({"spools": spools, "rows": rows, "answers": answers}))
"""


def shell(live: LiveTaller, code: str) -> str:
    """What a program of ours prints inside the product's own settings."""
    command = [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=live.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass
class Request:
    """One POST under its key, and what was heard: None while nobody knows what became of it."""

    path: str
    body: dict[str, Any]
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    heard: tuple[int, Any] | None = None

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

    def join(self) -> list[Request]:
        for thread in self._threads:
            thread.join()
        return self.requests

    def _work(self, worker: int, seed: int) -> None:
        chance = random.Random(seed * 1000 + worker)
        with new_client(self._live) as client:
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


def new_client(live: LiveTaller) -> httpx.Client:
    return live.client(headers={"Authorization": "Bearer secreto"})


def told(live: LiveTaller) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(shell(live, TELL).splitlines()[-1])
    return seen


def assert_all_told(requests: list[Request], seen: dict[str, Any]) -> None:
    """Every answer is in the journal exactly once, and the journal tells of nothing that was not asked."""
    journal = Counter((action, tag, version) for action, tag, version in seen["rows"] if action)
    assert set(journal.values()) <= {1}
    done = {request.key: request.heard[1] for request in requests if request.heard and request.heard[0] == 200}
    answered = Counter(answer["version"] for answer in done.values())
    assert answered == Counter(version for _, _, version in journal)
    assert Counter(seen["answers"]) == answered


def assert_no_half_verbs(seen: dict[str, Any]) -> None:
    for spool in seen["spools"]:
        assert spool["sessions"].count(None) == (1 if spool["ocupado"] else 0)
    last = {tag: version for _, tag, version in seen["rows"]}
    assert {spool["tag"]: spool["version"] for spool in seen["spools"] if spool["tag"] in last} == last


@pytest.mark.process
def test_web_killed_at_random_moments_of_a_mixed_load(start_taller: StartTaller, *, long_profile: bool) -> None:
    live = start_taller()
    shell(live, SEED)
    tags = [spool["tag"] for spool in told(live)["spools"]]
    chance = random.Random(7)
    requests: list[Request] = []
    for number in range(50 if long_profile else 3):
        load = Load(live, tags, number)
        time.sleep(chance.uniform(0.3, 1.5))
        live.kill()
        new = load.join()
        assert any(request.heard and request.heard[0] == 200 for request in new)
        requests += new
        live.start()
        with new_client(live) as client:
            for request in new:
                if request.heard is None:
                    request.send(client)
            for request in chance.sample(new, min(10, len(new))):
                _is_answered_the_same(request, client)
        seen = told(live)
        assert_all_told(requests, seen)
        assert_no_half_verbs(seen)


def _is_answered_the_same(request: Request, client: httpx.Client) -> None:
    """A success is repeated word for word; a refusal is judged afresh, so only that it harms nobody is known."""
    heard = request.heard
    request.send(client)
    if heard and heard[0] == 200:
        assert request.heard == heard


@pytest.mark.process
def test_a_verb_that_dies_between_any_two_statements_happened_whole_or_not_at_all(
    fresh_database_url: str, tmp_path: Any  # noqa: ANN401 - a path
) -> None:
    (tmp_path / "var").mkdir(exist_ok=True)
    live = LiveTaller(tmp_path, {"DATABASE_URL": fresh_database_url})
    program = [sys.executable, "-m", "tests.faults.dying_verbs"]
    environment = live.environment | {"DJANGO_SETTINGS_MODULE": "taller.settings"}
    done = subprocess.run(program, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    deaths = [json.loads(line) for line in done.stdout.splitlines()]
    assert {death["verb"] for death in deaths} == set(VERBS)
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
