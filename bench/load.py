"""Child: workers who TOMAR and PAUSAR over HTTP as fast as they are answered.

`python -m bench.load SECONDS CLIENTS TOKEN URL...` Each client has a worker, some spools and a connection of its own.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bench.children import say

SPOOLS_EACH = 20
WARM_UP = 4


class Api:
    """One keep-alive connection with a Bearer token."""

    def __init__(self, url: str, token: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(self, path: str) -> dict[str, Any]:
        """The answer's JSON. RuntimeError unless it is 200."""
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"GET {path}: {answer.status} {body.decode()[:300]}")
        found: dict[str, Any] = json.loads(body)
        return found

    def post(self, verb: str, body: dict[str, Any]) -> tuple[int, bytes]:
        """Status and body of a verb sent under a new idempotency key."""
        headers = self.headers | {"Idempotency-Key": str(uuid.uuid4())}
        self.connection.request("POST", f"/api/occupation/{verb}", json.dumps(body).encode(), headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


@dataclass(slots=True)
class Client:
    """One worker who takes and pauses the same few spools over and over. Times are milliseconds."""

    api: Api
    worker_id: int
    tags: Sequence[str]
    times: dict[str, list[float]] = field(default_factory=lambda: {"tomar": [], "pausar": []})
    errors: list[str] = field(default_factory=list)

    def warm_up(self) -> None:
        """Connections, caches and imports are not what is measured."""
        self._turns(WARM_UP, float("inf"))
        self.times = {verb: [] for verb in self.times}

    def work(self, until: float) -> None:
        """Go on until the clock says so, and leave nothing taken."""
        self._turns(sys.maxsize, until)

    def _turns(self, most: int, until: float) -> None:
        turn = 0
        while turn < most and time.perf_counter() < until:
            body = {"tag_spool": self.tags[turn % len(self.tags)], "worker_id": self.worker_id, "operacion": "ARM"}
            self._say("tomar", body)
            self._say("pausar", body)
            turn += 1

    def _say(self, verb: str, body: dict[str, Any]) -> None:
        began = time.perf_counter()
        status, answer = self.api.post(verb, body)
        self.times[verb].append((time.perf_counter() - began) * 1000)
        if status != 200:
            self.errors.append(f"{verb} {body}: {status} {answer.decode()[:300]}")


def make_clients(number: int, token: str, urls: Sequence[str]) -> list[Client]:
    """Clients shared out over the web processes, with distinct workers and spools."""
    api = Api(urls[0], token)
    workers = [worker["id"] for worker in api.get("/api/workers?operacion=ARM")["workers"]]
    spools = api.get("/api/spools?operacion=ARM&limit=200")["spools"]
    tags = [spool["tag_spool"] for spool in spools]
    each = min(SPOOLS_EACH, len(tags) // number)
    return [
        Client(Api(urls[place % len(urls)], token), workers[place], tags[place * each : (place + 1) * each])
        for place in range(number)
    ]


def main() -> None:
    """Print every time, the errors, the duration and the processor time of this client."""
    seconds, number, token, *urls = sys.argv[1:]
    clients = make_clients(int(number), token, urls)
    for client in clients:
        client.warm_up()
    began, cpu = time.perf_counter(), time.process_time()
    threads = [threading.Thread(target=client.work, args=(began + float(seconds),)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say(
        {
            "tomar": [took for client in clients for took in client.times["tomar"]],
            "pausar": [took for client in clients for took in client.times["pausar"]],
            "errors": [error for client in clients for error in client.errors],
            "warmed_up": 2 * WARM_UP * len(clients),
            "seconds": time.perf_counter() - began,
            "client_cpu": time.process_time() - cpu,
        }
    )


if __name__ == "__main__":
    main()
