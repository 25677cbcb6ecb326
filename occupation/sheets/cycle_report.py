"""What a cycle of the mirror did, in words and counts: one line of the log, and the output of `--once`."""

from __future__ import annotations

from dataclasses import dataclass, field

from occupation.sheets.layout import Tab
from occupation.sheets.report import ImportReport

_LABELS = {
    "adopted": "adoptadas",
    "conflicts": "conflictos",
    "put_back": "ediciones devueltas",
    "rows": "filas escritas",
    "events": "eventos",
    "repaired": "reparadas",
    "parked": "estacionadas",
    "moved": "relecturas",
    "held": "retenidas",
    "unfinished": "sin terminar",
}


@dataclass(slots=True)
class CycleReport:
    """The counts and lines of one cycle. `imported` is None when nothing could be imported.

    `more` tells that what there was to write did not fit into one request, `unfinished` (1) that the cycle was given
    up because the book changed at each of its attempts.
    """

    imported: ImportReport | None = None
    adopted: int = 0
    conflicts: int = 0
    put_back: int = 0
    rows: int = 0
    events: int = 0
    repaired: int = 0
    parked: int = 0
    moved: int = 0
    unfinished: int = 0
    more: bool = False
    holds: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def held(self) -> int:
        """How often a tab was left alone."""
        return len(self.holds) + (self.imported.held if self.imported else 0)

    @property
    def complete(self) -> bool:
        """Whether nothing was held, refused or left unfinished."""
        return not self.held and not self.unfinished and (self.imported is None or self.imported.complete)

    @property
    def written(self) -> int:
        """How many rows, of both tabs, were seen to stand."""
        return self.rows + self.events

    @property
    def changed(self) -> bool:
        """Whether the cycle did anything but leave alone what is to be left alone."""
        counts = any(getattr(self, name) for name in _LABELS if name != "held")
        return counts or (self.imported is not None and bool(self.imported.changes))

    @property
    def effective(self) -> bool:
        """Whether the cycle changed or refused anything."""
        return self.changed or not self.complete

    def hold(self, tab: Tab, why: str) -> None:
        """Count and tell a tab that is left alone."""
        self.holds.append(f"retenida: la hoja {tab}: {why}")

    def told(self) -> list[str]:
        """A line for each thing that people may want to know, in Spanish."""
        return [*(self.imported.lines if self.imported else []), *self.holds, *self.lines]

    def summary(self, *, unchanged: bool = False) -> str:
        """The counts that are not zero, in one line; how many rows stayed as they were only if asked."""
        mine = [f"{label}: {getattr(self, name)}" for name, label in _LABELS.items() if getattr(self, name)]
        theirs = self.imported.brief(unchanged=unchanged) if self.imported else []
        return ", ".join([*theirs, *mine]) or "sin cambios"
