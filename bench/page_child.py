"""Child: asks the product's pages of itself and counts. `python -m bench.page_child REPEATS`"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from bench.children import open_django, say

HELD = 40
WARM_UP = 3

Ask = Callable[[], Any]


def main() -> None:
    """Server time, queries and bytes of each page, through the whole of the product but its socket."""
    open_django()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    found = {}
    for name, ask in _pages().items():
        answer = ask()
        for _ in range(WARM_UP):
            answer = ask()
        if answer.status_code != 200:
            raise SystemExit(f"{name}: {answer.status_code} {answer.content[:300]!r}")
        with CaptureQueriesContext(connection) as captured:
            answer = ask()
        # Counted at once: the next request empties the log that it counts from.
        queries = len(captured)
        cpu, repeats = time.process_time(), int(sys.argv[1])
        times = [_timed(ask) for _ in range(repeats)]
        cpu = (time.process_time() - cpu) * 1000 / repeats
        found[name] = {"times": times, "cpu": cpu, "queries": queries, "bytes": len(answer.content)}
    say(found)


def _timed(ask: Ask) -> float:
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1000


def _pages() -> dict[str, Ask]:
    """Each page by its name, asked by a paired tablet with a worker at it, or by a program."""
    from django.test import Client

    from occupation import access, services
    from occupation.vocabulary import DeviceKind, DeviceScope

    worker_id = _occupy()
    _, bearer = services.issue_token(nombre="bench B8", scope=DeviceScope.ACT)
    invitacion = services.invite(nombre="bench B8 tablet", kind=DeviceKind.TABLET)
    _, cookie = services.pair(codigo=invitacion.secreto, direccion="127.0.0.1")
    tablet = Client(HTTP_HOST="127.0.0.1")
    tablet.cookies[access.COOKIE] = cookie
    tablet.post("/entrar/", {"trabajador": worker_id})
    program = Client(HTTP_HOST="127.0.0.1", headers={"Authorization": f"Bearer {bearer}"})
    return {
        "page of takeable spools, /trabajo/": lambda: tablet.get("/trabajo/?op=ARM"),
        "search among them, q=1335": lambda: tablet.get("/trabajo/?op=ARM&q=1335"),
        "board, /tablero/": lambda: tablet.get("/tablero/"),
        "board, what an update repaints": lambda: tablet.get("/tablero/", headers={"HX-Request": "true"}),
        "API list, 50 spools": lambda: program.get("/api/spools?operacion=ARM"),
    }


def _occupy() -> int:
    """Let the shop be at work: some spools held by each of the welders and fitters. Returns one of them."""
    from occupation import queries, services
    from occupation.vocabulary import Operacion

    workers = [worker.id for worker in queries.active_workers(Operacion.ARM)]
    spools = queries.list_spools(operacion=Operacion.ARM, limit=HELD).filas
    for place, fila in enumerate(spools):
        services.tomar(
            tag=fila.spool.tag,
            trabajador_id=workers[place % len(workers)],
            operacion=Operacion.ARM,
            actor=services.SISTEMA,
        )
    return workers[0]


if __name__ == "__main__":
    main()
