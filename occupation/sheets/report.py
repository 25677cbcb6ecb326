"""What an import did, or would do: counts, and one Spanish line per thing a person should look at."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from occupation.sheets.guard import Loss
from occupation.sheets.layout import Hold
from occupation.sheets.plan import Doubt, RowPlan

_LABELS = {
    "new": "nuevas",
    "changed": "cambiadas",
    "unchanged": "sin cambios",
    "doubtful": "dudosas",
    "duplicate": "duplicadas",
    "held": "retenidas",
    "refused": "rechazadas",
    "waiting": "en espera",
    "renamed": "renombradas",
    "copied": "copiadas",
    "archived": "archivadas",
    "restored": "vueltas a la hoja",
    "unadopted": "no adoptadas",
    "workers": "trabajadores",
}
_CHANGES = ("new", "changed", "renamed", "copied", "archived", "restored", "workers")


@dataclass(slots=True)
class ImportReport:
    """The counts and lines of one import.

    Every row that is used counts once, as `new`, `copied`, `changed`, `renamed`, `restored` (back after it had
    left the sheet), `unchanged` or `waiting` (new, but left for an import that can read the workers). `duplicate`
    counts the rows ignored for a better one, `archived` the spools that left the sheet, `doubtful` and `unadopted`
    cells, `workers` the workers added, changed or deactivated, `held` the tabs that could not be imported, `refused`
    the tabs whose rows shrank too much.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    doubtful: int = 0
    duplicate: int = 0
    held: int = 0
    refused: int = 0
    waiting: int = 0
    renamed: int = 0
    copied: int = 0
    archived: int = 0
    restored: int = 0
    unadopted: int = 0
    workers: int = 0
    lines: list[str] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything could be imported: no tab held, none refused."""
        return not self.held and not self.refused

    @property
    def changes(self) -> int:
        """How many things of the shop the import changed; 0 when the app already said what the book says."""
        return sum(int(getattr(self, name)) for name in _CHANGES)

    def counts(self) -> dict[str, int]:
        """Every count by its name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.type == "int"}

    def summary(self) -> str:
        """The counts in one line."""
        return ", ".join(f"{label}: {getattr(self, name)}" for name, label in _LABELS.items())

    def brief(self, *, unchanged: bool) -> list[str]:
        """The counts that are not zero; of held tabs a cycle has its own, rows that stayed as they were are for few."""
        but = {"held"} if unchanged else {"held", "unchanged"}
        counts = ((label, getattr(self, name)) for name, label in _LABELS.items() if name not in but)
        return [f"{label}: {count}" for label, count in counts if count]

    def hold(self, hold: Hold) -> None:
        """Count and tell a tab that could not be imported."""
        self.held += 1
        self.holds.append(hold)
        self.lines.append(f"retenida: la hoja {hold.tab} no se importa: {hold.motivo}")

    def refuse(self, loss: Loss) -> None:
        """Count and tell a tab whose read lost too much."""
        self.refused += 1
        self.losses.append(loss)
        self.lines.append(loss.motivo)

    def tally(self, plan: RowPlan, *, edits: bool) -> None:
        """Count a row, and tell what a person should look at; `edits` of our cells only if asked."""
        name = plan.outcome.value
        setattr(self, name, getattr(self, name) + 1)
        if plan.note:
            self.lines.append(plan.note)
        for doubt in plan.doubts:
            self.doubt(doubt)
        if edits:
            self.unadopted += len(plan.unadopted)
            self.lines += plan.unadopted

    def doubt(self, doubt: Doubt) -> None:
        """Count and tell a doubtful cell."""
        self.doubtful += 1
        self.lines.append(f"dato dudoso: {doubt}")
