"""B3, B4, B4b and B11: what everybody hears, how soon, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psutil

from bench.figures import Figure, Limits
from bench.places import Place, token
from bench.sheet import LATENCY_MS, Sheet
from tests.live import LiveTaller

RATE = 15.0
HANDS = 8
SINGLE_RATE = 2.5
"""One event each 400 ms: each is told alone."""

TABLETS, BOARDS, PROGRAMS = 30, 50, 230
TABLET_PATH, BOARD_PATH, PROGRAM_PATH = "/en-vivo/?vista=ARM&vista=SOLD", "/en-vivo/?vista=tablero", "/api/sse/stream"

VERBS = Limits(p99=60, most={"errors": 0, "streams lost": 0})
SINGLE = {200: 60.0, 1000: 300.0}
PER_STREAM = {
    "KB per stream": 30,
    # None: but the pools of requests may have grown by one or two meanwhile.
    "threads per stream": 0.02,
    "database connections per stream": 0.02,
    "not delivered": 0,
}
MANY = Limits(p99=300, most={"not delivered": 0, "errors": 0, "streams lost": 0})
MEMORY = Limits(most={"MB after the load": 250, "MB more from the middle to the end": 5})


def b3(sheet: Sheet, seconds: float, valkey: psutil.Process) -> list[Figure]:
    """Verbs at the shift change beside tablets, boards and the relay; and the memory of it all."""
    place = sheet.place
    key = token(place, "bench B3")
    crowds = [_pages(place, TABLETS, "tablet", TABLET_PATH), _pages(place, BOARDS, "board", BOARD_PATH)]
    with place.webs(1) as [web], sheet.kept() as relay:
        with web.client() as client:
            client.get("/api/health")
        sheet.wait_until_equal()
        fresh = _megabytes(web, valkey, relay)
        found = _audience(place, web, key, RATE, seconds, HANDS, crowds)
        used = _megabytes(web, valkey, relay)
    half = found["memory"][len(found["memory"]) // 2 :]
    what = (
        f"TOMAR and PAUSAR, {RATE:g} op/s for {seconds:g} s, {TABLETS} tablets and {BOARDS} boards listening, "
        f"the sheet answering in {LATENCY_MS} ms"
    )
    extras = {"errors": float(len(found["errors"])), "streams lost": float(found["ended"])} | _processors(found)
    growth = {"MB after the load": used, "MB more from the middle to the end": half[-1] - half[0]}
    memory = f"memory of web, relay and valkey after the first sync; the load is B3's {seconds:g} s"
    return [
        Figure("B3", what, place.name, "ms", _answers(found), VERBS, extras),
        Figure("B11", memory, place.name, "MB", [fresh], MEMORY, growth),
    ]


def b4(place: Place, sizes: Sequence[int], count: int) -> list[Figure]:
    """Single events to N programs, then to 200 boards."""
    key = token(place, "bench B4")
    crowds = {f"{size} programs": (size, _programs(size - 1, key)) for size in sizes}
    crowds["200 boards, HTML"] = (200, _pages(place, 199, "board", BOARD_PATH))
    return [_single(place, key, name, size, crowd, count) for name, (size, crowd) in crowds.items()]


def b4b(place: Place, seconds: float) -> list[Figure]:
    """The shift change, told to 230 programs."""
    key = token(place, "bench B4b")
    with place.webs(1) as [web]:
        found = _audience(place, web, key, RATE, seconds, HANDS, [_programs(PROGRAMS - 1, key)])
    what = f"before the POST → event parsed by the last of {PROGRAMS} streams, {RATE:g} op/s for {seconds:g} s"
    extras = _delivery(found) | {"errors": float(len(found["errors"]))} | _processors(found)
    return [Figure("B4b", what, place.name, "ms", _deliveries(found), MANY, extras)]


def _single(place: Place, key: str, name: str, size: int, crowd: str, count: int) -> Figure:
    with place.webs(1) as [web]:
        found = _audience(place, web, key, SINGLE_RATE, count / SINGLE_RATE, 1, [crowd])
    posts = sorted(_answers(found))
    extras = _delivery(found) | _cost(found, size) | {"ms for the POST itself, p50": posts[len(posts) // 2]}
    limits = Limits(p99=SINGLE.get(size), most=PER_STREAM if size >= min(SINGLE) else {"not delivered": 0})
    what = f"before the POST → event parsed by the last of {name}, 400 ms apart"
    return Figure("B4", what, place.name, "ms", _deliveries(found), limits, extras | _processors(found))


def _audience(
    place: Place, web: LiveTaller, key: str, rate: float, seconds: float, hands: int, crowds: Sequence[str]
) -> dict[str, Any]:
    pid = web.process.pid if web.process else 0
    numbers = (str(pid), str(rate), str(round(rate * seconds)), str(hands))
    wanted = [crowd for crowd in crowds if not crowd.startswith("0:")]
    found = place.measure("bench.audience", *numbers, key, web.base_url, *wanted)
    for error in found["errors"][:3]:
        print(f"  {error}")
    return found


def _programs(number: int, key: str) -> str:
    return f"{number}:{PROGRAM_PATH}:Authorization=Bearer {key}"


def _pages(place: Place, number: int, kind: str, path: str) -> str:
    found = place.measure("bench.pair_child", kind)
    return f"{number}:{path}:Cookie={found['cookie']}"


def _answers(found: dict[str, Any]) -> list[float]:
    """Milliseconds from when each action was due to its answer."""
    return [(answered - due) * 1000 for _, _, due, answered, _ in found["actions"]]


def _deliveries(found: dict[str, Any]) -> list[float]:
    """Milliseconds from when each action was due until the last stream had parsed its event."""
    pairs = zip(found["actions"], found["last"], strict=True)
    return [(last - action[2]) * 1000 for action, last in pairs if last is not None]


def _delivery(found: dict[str, Any]) -> dict[str, float]:
    missing = sum(found["streams"] - heard for heard in found["heard"])
    return {"not delivered": float(missing), "streams lost": float(found["ended"])}


def _cost(found: dict[str, Any], size: int) -> dict[str, float]:
    """What the streams added to the web process."""
    added = {name: found["after"][name] - found["before"][name] for name in found["before"]}
    return {
        "KB per stream": max(added["KB"], 0) / size,
        "descriptors per stream": added["descriptors"] / size,
        "threads per stream": max(added["threads"], 0) / size,
        "database connections per stream": max(added.get("connections", 0), 0) / size,
        "threads in all": found["after"]["threads"],
        **({"database connections in all": found["after"]["connections"]} if "connections" in added else {}),
    }


def _processors(found: dict[str, Any]) -> dict[str, float]:
    return {
        "% of a core for the web": 100 * found["web_cpu"],
        "% of a core for the listeners": 100 * found["listener_cpu"],
    }


def _megabytes(web: LiveTaller, *others: psutil.Process) -> float:
    processes = [psutil.Process(web.process.pid), *others] if web.process else others
    return sum(process.memory_info().rss for process in processes) / 2**20
