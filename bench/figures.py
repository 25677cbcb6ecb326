"""One measured figure, its target and its verdict; and how figures become a table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """What a figure must not exceed, in its own unit. `at_least` are lower limits of its extras, by name."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    most: Mapping[str, float] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        tails = {"p50": self.p50, "p95": self.p95, "p99": self.p99}
        parts = [f"{name} ≤ {limit:g}" for name, limit in tails.items() if limit is not None]
        parts += [f"{name} ≤ {limit:g}" for name, limit in self.most.items()]
        parts += [f"{name} ≥ {limit:g}" for name, limit in self.least.items()]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table. `samples` are all its measurements; `extras` single numbers that go with them."""

    id: str
    what: str
    where: str
    unit: str
    samples: Sequence[float]
    limits: Limits = field(default_factory=Limits)
    extras: Mapping[str, float] = field(default_factory=dict)

    def tail(self, share: float) -> float | None:
        """The smallest sample that `share` of them do not exceed; None without samples."""
        if not self.samples:
            return None
        ordered = sorted(self.samples)
        return ordered[math.ceil(share * len(ordered)) - 1]

    def misses(self) -> list[str]:
        """The limits it does not keep. A figure without a sample keeps none of its tails."""
        tails = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
        missed = []
        for name, share in tails.items():
            limit, found = getattr(self.limits, name), self.tail(share)
            if limit is not None and (found is None or found > limit):
                missed.append(name)
        missed += [name for name, most in self.limits.most.items() if self.extras[name] > most]
        missed += [name for name, least in self.limits.least.items() if self.extras[name] < least]
        return missed

    @property
    def verdict(self) -> str:
        """`ok`, or what is missed; a dash where nothing was promised."""
        missed = self.misses()
        if missed:
            return f"MISSED: {', '.join(missed)}"
        return "ok" if str(self.limits) else "–"

    def as_json(self) -> dict[str, object]:
        """The figure without its samples."""
        tails = {name: self.tail(share) for name, share in _TAILS.items()}
        return {
            "id": self.id,
            "what": self.what,
            "where": self.where,
            "unit": self.unit,
            "n": len(self.samples),
            **tails,
            "extras": dict(self.extras),
            "target": str(self.limits),
            "limits": asdict(self.limits),
            "verdict": self.verdict,
        }


_INTRODUCTION = (
    "Made by `make bench`. Client and server share the machine. The sheet is the tests' Google, with Google's quotas, "
    "250 ms away."
)
_TAILS = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
_HEADER = ("id", "figure", "where", "unit", "n", *_TAILS, "also", "target", "verdict")


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = [_HEADER, tuple("---" for _ in _HEADER), *(_row(figure) for figure in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(figure: Figure) -> tuple[str, ...]:
    tails = [_short(figure.tail(share)) for share in _TAILS.values()]
    also = ", ".join(f"{_short(value)} {name}" for name, value in figure.extras.items())
    first = (figure.id, figure.what, figure.where, figure.unit, str(len(figure.samples)))
    return (*first, *tails, also, str(figure.limits), figure.verdict)


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def write(folder: Path, machine: Mapping[str, object], figures: Sequence[Figure]) -> None:
    """Write `results.md` and `results.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = "\n".join(f"- {name}: {value}" for name, value in machine.items())
    text = f"# Measured figures\n\n{_INTRODUCTION}\n\n{facts}\n\n"
    (folder / "results.md").write_text(f"{text}{table(figures)}\n", encoding="utf-8")
    found = {"machine": dict(machine), "figures": [figure.as_json() for figure in figures]}
    (folder / "results.json").write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
