"""B1 and B2: how long a worker waits for TOMAR, alone, in a crowd, and while a large book comes in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from bench.figures import Figure, Limits
from bench.places import POSTGRES, Place, running, token
from bench.sheet import LATENCY_MS, Sheet
from tests.live import LiveTaller

ALONE = Limits(p50=15, p99=40, most={"errors": 0})
CROWD = Limits(p99=200, most={"errors": 0}, least={"op/s": 60})
DURING_IMPORT = Limits(p99=100, most={"errors": 0})
CROWD_SIZE = 8
FASTER_WITH_TWO = 1.3


def b1(sheet: Sheet, seconds: float) -> list[Figure]:
    """One client alone while the relay keeps a sheet that answers, and one that does not."""
    place = sheet.place
    key = token(place, "bench B1")
    with place.webs(1) as webs, sheet.kept():
        sheet.wait_until_equal()
        answering = _load(place, seconds, 1, key, webs)
        sheet.control.fault("cut", times=None)
        down = _load(place, seconds, 1, key, webs)
        sheet.control.calm()
    what = f"1 client, the sheet answering in {LATENCY_MS} ms"
    return [
        _figure("B1", f"TOMAR over HTTP, {what}", place, answering, "tomar", ALONE),
        _figure("B1", f"PAUSAR over HTTP, {what}", place, answering, "pausar", Limits()),
        _figure("B1", "TOMAR over HTTP, 1 client, the sheet down", place, down, "tomar", ALONE),
    ]


def b1_import(place: Place, large_book: Path, rows: int, seconds: float) -> list[Figure]:
    """One client beside an import of a book of `rows` rows."""
    key = token(place, "bench B1")
    with place.webs(1) as webs:
        command = [sys.executable, "-m", "bench.import_child", str(large_book)]
        with running(command, place.environment) as importing:
            beside = _load(place, seconds, 1, key, webs)
            if importing.poll() is not None:
                print(f"  the import ended with {importing.returncode} before the measurement did")
    what = f"TOMAR, 1 client, during an import of {rows:,} rows"
    return [_figure("B1", what, place, beside, "tomar", DURING_IMPORT)]


def b2(place: Place, seconds: float) -> list[Figure]:
    """Eight clients in a closed loop on one web process and, on PostgreSQL, on two."""
    key = token(place, "bench B2")
    figures = [_crowd(place, seconds, key, 1, CROWD)]
    if place.name == POSTGRES:
        one = figures[0].extras["op/s"]
        both = Limits(p99=200, most={"errors": 0}, least={"× one process": FASTER_WITH_TWO})
        figures.append(_crowd(place, seconds, key, 2, both, one))
    return figures


def _crowd(place: Place, seconds: float, key: str, processes: int, limits: Limits, one: float = 0) -> Figure:
    with place.webs(processes) as webs:
        found = _load(place, seconds, CROWD_SIZE, key, webs)
    what = f"TOMAR over HTTP, {CROWD_SIZE} clients, {processes} web process{'es' if processes > 1 else ''}"
    return _figure("B2", what, place, found, "tomar", limits, one)


def _load(place: Place, seconds: float, clients: int, key: str, webs: Sequence[LiveTaller]) -> dict[str, Any]:
    before = _processor_seconds(webs)
    found = place.measure("bench.load", str(seconds), str(clients), key, *(web.base_url for web in webs))
    operations = found["warmed_up"] + len(found["tomar"]) + len(found["pausar"])
    found["server_ms"] = 1000 * (_processor_seconds(webs) - before) / operations
    for error in found["errors"][:3]:
        print(f"  {error}")
    return found


def _processor_seconds(webs: Sequence[LiveTaller]) -> float:
    used = [psutil.Process(web.process.pid).cpu_times() for web in webs if web.process]
    return sum(times.user + times.system for times in used)


def _figure(
    id: str, what: str, place: Place, found: dict[str, Any], verb: str, limits: Limits, one: float = 0
) -> Figure:
    rate = (len(found["tomar"]) + len(found["pausar"])) / found["seconds"]
    extras = {
        "op/s": rate,
        "ms of the server's processor per op": found["server_ms"],
        "% of a core for the client": 100 * found["client_cpu"] / found["seconds"],
        "errors": float(len(found["errors"])),
    }
    if one:
        extras["× one process"] = rate / one
    return Figure(id, what, place.name, "ms", found[verb], limits, extras)
