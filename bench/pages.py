"""B8: what the pages of a shop of 5,000 spools cost the server."""

from __future__ import annotations

from bench.figures import Figure, Limits
from bench.places import Place

LIMITS = Limits(p95=50, most={"queries": 8, "KB": 60})


def b8(place: Place, repeats: int) -> list[Figure]:
    """Server time, queries and bytes of each page."""
    found = place.measure("bench.page_child", str(repeats))
    return [Figure("B8", name, place.name, "ms", page["times"], LIMITS, _extras(page)) for name, page in found.items()]


def _extras(page: dict[str, float]) -> dict[str, float]:
    return {"queries": float(page["queries"]), "KB": page["bytes"] / 1000, "ms of processor": page["cpu"]}
