"""B9: how long a workbook takes to come in, the first time and again, and how much memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.figures import Figure, Limits
from bench.places import Ground, Place
from bench.sheet import sheet

FIRST, AGAIN, XLSX_MORE = 3.0, 1.0, 2.0
CYCLE_CPU_MS = 200
MEMORY_MB = 300
LINEAR = 1.3
"""How much more per row than a book of 2,000 a book of 50,000 may take."""


def b9(ground: Ground, database: str, small: Path, repeats: int) -> list[Figure]:
    """A book of 2,000 rows as CSV files and as `.xlsx`."""
    figures = []
    for form, path, more in (("CSV", small, 0.0), (".xlsx", small.with_name(f"{small.name}.xlsx"), XLSX_MORE)):
        place = ground.place(database)
        first = _import(place, path)
        again = [_unchanged(place, path) for _ in range(repeats)]
        figures += [
            _figure(f"first import of 2,000 × 75, {form}", place, [first], Limits(p50=FIRST + more)),
            _figure(f"the same again, unchanged, {form}", place, again, Limits(p50=AGAIN + more)),
        ]
    return figures


def b9_cycle(ground: Ground, database: str, middle: Path, repeats: int) -> list[Figure]:
    """Cycles of the relay on 5,000 rows in which nothing changed: a folder of CSV files, and a spreadsheet."""
    local, google = ground.place(database), ground.place(database)
    local = replace(local, settings=local.settings | {"LOCAL_WORKBOOK": str(middle)})
    figures = _cycles(local, "CSV", repeats)
    with sheet(google, middle, latency_ms=0, quota=0) as book:
        return figures + _cycles(book.place, "Google", repeats)


def _cycles(place: Place, form: str, repeats: int) -> list[Figure]:
    found = place.measure("bench.cycle_child", str(repeats))
    limits = Limits(p50=CYCLE_CPU_MS)
    what = "cycle of 5,000 unchanged rows, processor time"
    return [Figure("B9", f"{what}, {form}, {columns}", place.name, "ms", cpu, limits) for columns, cpu in found.items()]


def b9_large(ground: Ground, database: str, large: Path, rows: int, per_row: float) -> list[Figure]:
    """A book of 50,000 rows; `per_row` is the seconds that a row of a small one took."""
    place = ground.place(database)
    first, again = _import(place, large), _unchanged(place, large)
    linear = Limits(most={"× per row of 2,000": LINEAR, "MB at most": MEMORY_MB})
    extras = {"× per row of 2,000": first["seconds"] / rows / per_row}
    again_limits = Limits(most={"MB at most": MEMORY_MB})
    return [
        _figure(f"first import of {rows:,} × 75, CSV", place, [first], linear, extras),
        _figure("the same again, unchanged, CSV", place, [again], again_limits),
    ]


def _import(place: Place, path: Path) -> dict[str, Any]:
    return place.measure("bench.import_child", str(path))


def _unchanged(place: Place, path: Path) -> dict[str, Any]:
    found = _import(place, path)
    if found["changes"]:
        raise RuntimeError(f"importing {path} again changed {found['changes']} things")
    return found


def _figure(
    what: str, place: Place, runs: list[dict[str, Any]], limits: Limits, extras: dict[str, float] | None = None
) -> Figure:
    spent = {"s of processor": max(run["cpu"] for run in runs), "MB at most": max(run["peak_mb"] for run in runs)}
    return Figure("B9", what, place.name, "s", [run["seconds"] for run in runs], limits, {**(extras or {}), **spent})
