"""What an import means to change, worked out without a lock: `services.importing` applies it, or says it is stale.

Every plan carries what it was worked out from (`before`, `version`), so that whoever applies it under a lock can
see whether it still holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from occupation.sheets.layout import Tab

ROWS_PER_TRANSACTION = 200
"""Most rows that one transaction of an import touches."""


class Doubt(NamedTuple):
    """A cell that cannot be used as it stands: where it is, what it shows and why, in Spanish."""

    tab: Tab
    number: int
    header: str
    shown: str
    why: str

    def __str__(self) -> str:
        return f"{self.tab} fila {self.number}, {self.header} «{self.shown}»: {self.why}"


class Duplicate(NamedTuple):
    """A row ignored because the row `used` has the same tag and more of our cells, or stands before it."""

    tag: str
    number: int
    used: int


class Outcome(StrEnum):
    """What becomes of a row that is used; each counts once."""

    NEW = "new"
    COPIED = "copied"
    RENAMED = "renamed"
    RESTORED = "restored"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class MirrorPlan:
    """What to remember of the row. `behind` marks (True) or clears (False) the mirror's debt; None leaves it.

    `left` is what the app says, by header, where the sheet keeps another value that is not to be written over.
    """

    row_hash: str
    base: Mapping[str, str]
    behind: bool | None = None
    left: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPlan:
    """What one row of Operaciones means. `unadopted` are the edits of our cells that are only listed."""

    number: int
    tag: str
    outcome: Outcome
    doubts: tuple[Doubt, ...] = ()
    unadopted: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSpool(RowPlan):
    """A spool to create with these columns. If it comes held, its TOMAR enters the journal."""

    columns: Mapping[str, Any]
    mirror: MirrorPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSpool(RowPlan):
    """A spool the app has: columns to bring from `before` to `after` while it is still at `version`."""

    spool_id: int
    version: UUID
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    mirror: MirrorPlan | None = None
    doubts_changed: bool = False

    @property
    def effective(self) -> bool:
        """Whether there is anything to write at all."""
        return bool(self.after) or self.mirror is not None or self.doubts_changed


class Missing(NamedTuple):
    """A spool whose tag left the sheet."""

    spool_id: int
    tag: str


class Worker(NamedTuple):
    """A worker as stored, or as the sheet says. `roles` are the vocabulary's."""

    nombre: str
    apellido: str
    activo: bool
    roles: frozenset[str]


class WorkerPlan(NamedTuple):
    """A worker to bring from `before` (None: a new one) to `after`."""

    id: int
    before: Worker | None
    after: Worker
