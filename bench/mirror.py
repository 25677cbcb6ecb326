"""B6, B7 and B10: what keeping the sheet costs Google, how soon a verb stands in it, and what a storm of 429 does."""

from __future__ import annotations

from typing import Any

from bench.figures import Figure, Limits
from bench.places import token
from bench.sheet import LATENCY_MS, Sheet

MIXED = "tomar,pausar,tomar,cancelar"
HANDS = 8
PER_SECOND = 1.0
STORM_RATE = 15.0
GOES_ON_SECONDS = 30
"""The floor does not stop because Google answers again."""

READS, WRITES = 40, 30
"""What SHEETS_READS_PER_MINUTE and SHEETS_WRITES_PER_MINUTE are unless a shop says otherwise."""

BUDGET = {"reads in the worst minute": READS, "writes in the worst minute": WRITES, "answers 429": 0}
CALLS = Limits(most={"calls per verb": 0.7, **BUDGET, "errors": 0})
CELLS = Limits(p95=10, most={"not shown": 0, "differences": 0, "errors": 0})
RECOVERY = Limits(p50=120, most={"errors": 0, "differences": 0, "reads in the worst minute": READS})


def b6_b7(sheet: Sheet, seconds: float) -> list[Figure]:
    """Sixty verbs a minute: how many requests they cost, and how long each takes to stand in its row."""
    with sheet.place.webs(1) as [web], sheet.kept():
        sheet.wait_until_equal()
        load = (MIXED, str(PER_SECOND), str(round(PER_SECOND * seconds)), str(HANDS))
        key = token(sheet.place, "bench B7")
        found = sheet.place.measure("bench.mirror_child", "cells", sheet.control.url, *load, key, web.base_url)
    pairs = list(zip(found["actions"], found["shown"], strict=True))
    calls = sum(found["asked"]["counts"][kind] for kind in ("read", "write", "token"))
    errors = {"errors": float(len(found["errors"]))}
    costs = {"calls per verb": calls / len(pairs), "calls": float(calls), **_worst(found)}
    costs["answers 429"] = float(sum(one["status"] == 429 for one in found["asked"]["entries"]))
    shown = {"not shown": float(sum(at is None for _, at in pairs)), "differences": float(len(found["differences"]))}
    what = f"{60 * PER_SECOND:g} verbs a minute for {seconds:g} s, {LATENCY_MS} ms latency"
    where = sheet.place.name
    waits = [at - action[2] for action, at in pairs if at is not None]
    return [
        Figure("B6", f"Google calls per verb, {what}", where, "", [calls / len(pairs)], CALLS, costs | errors),
        Figure("B7", f"before the POST → its row in the sheet, {what}", where, "s", waits, CELLS, shown | errors),
    ]


def b10(sheet: Sheet, seconds: float) -> list[Figure]:
    """Only 429 for so long while the floor works on: how long until what was owed then stands in the sheet."""
    with sheet.place.webs(1) as [web], sheet.kept():
        sheet.wait_until_equal()
        load = (MIXED, str(STORM_RATE), str(round(STORM_RATE * (seconds + GOES_ON_SECONDS))), str(HANDS))
        key = token(sheet.place, "bench B10")
        where = (sheet.control.url, str(seconds))
        found = sheet.place.measure("bench.mirror_child", "storm", *where, *load, key, web.base_url)
    took = [] if found["caught_up"] is None else [found["caught_up"]]
    extras = {
        "verbs": float(len(found["actions"])),
        "errors": float(len(found["errors"])),
        "differences": float(len(found["differences"])),
        **_worst(found),
    }
    for difference in found["differences"][:3]:
        print(f"  {difference}")
    what = f"recovery from {seconds:g} s of 429 at {STORM_RATE:g} op/s, which go on for {GOES_ON_SECONDS} s"
    return [Figure("B10", what, sheet.place.name, "s", took, RECOVERY, extras)]


def _worst(found: dict[str, Any]) -> dict[str, float]:
    return {f"{kind}s in the worst minute": float(found["asked"]["worst_minute"][kind]) for kind in ("read", "write")}
