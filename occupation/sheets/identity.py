"""Which row is which spool: the canonical tag decides, never the row's number. Pure.

A tag that stands twice is one spool; a new tag that carries the version of a spool missing from the sheet is that
spool renamed, and of one that is still there a copied row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

from occupation.sheets.book import Grid, Row
from occupation.sheets.cells import TAG
from occupation.sheets.codec import Unreadable
from occupation.sheets.guard import shrunk
from occupation.sheets.layout import Tab
from occupation.sheets.plan import Doubt, Duplicate
from occupation.sheets.rows import APP_HEADERS
from occupation.tags import canonical_tag

UNPRINTABLE: Final = "el tag tiene caracteres que no se ven: escríbalo de nuevo"

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Stored(NamedTuple):
    """What the app has of one spool, for finding its row. `gone`: that it has none was believed before."""

    spool_id: int
    tag: str
    version: UUID
    archived: bool
    held: bool
    row_hash: str
    gone: bool = False


Versions = Callable[[Collection[str]], Mapping[str, Stored]]
"""Whose these versions are: the current one of a spool, or one that its row in the sheet once showed."""


@dataclass(slots=True)
class Tagged:
    """A row that is used. `stored` is the spool it belongs to; `version` its own if a new one may keep it."""

    row: Row
    tag_hoja: str
    tag: str
    stored: Stored | None = None
    renamed: bool = False
    copied_of: str = ""
    version: UUID | None = None
    row_hash: str = ""


@dataclass(slots=True)
class Identity:
    """Every used row, in the sheet's order, and what was found on the way.

    `active` are as many spools as should have a row: that of the others is known to be gone. `missing` are those
    without one, the known ones included, and `back` the known ones that have one again. `unclear` tells that some
    row's tag cannot be read and nothing says whose row it is, so a missing spool may be that one.
    """

    rows: list[Tagged] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    active: int = 0
    missing: list[Stored] = field(default_factory=list)
    back: list[Stored] = field(default_factory=list)
    unclear: bool = False

    @property
    def lost(self) -> list[Stored]:
        """The spools that should have a row and have none."""
        return [one for one in self.missing if not one.gone]

    @property
    def shrank(self) -> bool:
        """Whether this reading is taken for a broken one until somebody says that the `lost` were deleted."""
        return shrunk(self.active, self.active - len(self.lost), empty=not self.rows)


def version_of(text: object) -> str:
    """The UUID that a `version` cell holds, lower case; "" for anything else."""
    lower = text.strip().lower() if isinstance(text, str) else ""
    return lower if _UUID.fullmatch(lower) else ""


def identify(grid: Grid, stored: Mapping[str, Stored], versions: Versions) -> Identity:
    """Match the rows of Operaciones with the spools there are, by canonical tag. `versions` is asked only if needed."""
    identity = Identity()
    unreadable = _collect(grid, identity, _Contest(grid, stored, versions))
    for tagged in identity.rows:
        tagged.stored = stored.get(tagged.tag)
    present = {tagged.tag for tagged in identity.rows}
    missing = {one.spool_id: one for tag, one in stored.items() if tag not in present}
    fresh = [tagged for tagged in identity.rows if tagged.stored is None or tagged.stored.archived]
    asked = {_version(grid, row) for row in [*(tagged.row for tagged in fresh), *unreadable]} - {""}
    known = versions(asked) if stored and asked else {}
    _trace(grid, fresh, known, missing)
    for row in unreadable:
        whose = known.get(_version(grid, row))
        identity.unclear |= whose is None
        if whose is not None:
            missing.pop(whose.spool_id, None)
    identity.missing = [one for one in missing.values() if not one.archived]
    identity.back = [one for one in stored.values() if one.gone and one.spool_id not in missing]
    identity.active = sum(not one.archived for one in stored.values()) - sum(one.gone for one in identity.missing)
    return identity


def _collect(grid: Grid, identity: Identity, contest: _Contest) -> list[Row]:
    """Read every tag; return the rows whose tag cannot be one."""
    place = grid.names.index("TAG_SPOOL")
    used: dict[str, Tagged] = {}
    unusable: list[Row] = []
    for row in grid.rows:
        read = TAG.decode(row.cells[place])
        if read is None:
            continue
        tag = "" if isinstance(read, Unreadable) else canonical_tag(read)
        if isinstance(read, Unreadable) or not tag.isprintable():
            identity.doubts.append(_unusable(row, read))
            unusable.append(row)
            continue
        first = used.setdefault(tag, Tagged(row, read, tag))
        if first.row is not row:
            identity.duplicates.append(contest.of(first, row, read))
    identity.rows = list(used.values())
    identity.duplicates = [one._replace(used=used[one.tag].row.number) for one in identity.duplicates]
    return unusable


def _unusable(row: Row, read: object) -> Doubt:
    cell = read if isinstance(read, Unreadable) else Unreadable(read, UNPRINTABLE)
    return Doubt(Tab.OPERACIONES, row.number, "TAG_SPOOL", cell.shown, cell.why)


@dataclass(frozen=True, slots=True)
class _Contest:
    """Of rows with the same tag one is used: that which shows its spool's version, else that which says more of ours.

    Otherwise whoever fills in a row that is ignored would have it written, and the one in use forgotten.
    """

    grid: Grid
    stored: Mapping[str, Stored]
    versions: Versions

    def of(self, first: Tagged, row: Row, tag_hoja: str) -> Duplicate:
        """Keep the better row, or the first of equal ones; return the other."""
        loser = row
        if self._rank(first.tag, row) > self._rank(first.tag, first.row):
            loser, first.row, first.tag_hoja = first.row, row, tag_hoja
        return Duplicate(first.tag, loser.number, 0)

    def _rank(self, tag: str, row: Row) -> tuple[int, int]:
        values = self.grid.decode(row)
        return self._knows(tag, row), sum(values[header] is not None for header in APP_HEADERS)

    def _knows(self, tag: str, row: Row) -> int:
        """2 for the spool's version now, 1 for one that its row showed before, 0 for any other."""
        spool, version = self.stored.get(tag), _version(self.grid, row)
        if spool is None or not version:
            return 0
        return 2 if version == str(spool.version) else int(self.versions([version]).get(version) == spool)


def _version(grid: Grid, row: Row) -> str:
    return version_of(row.cells[grid.names.index("version")])


def _trace(grid: Grid, fresh: list[Tagged], known: Mapping[str, Stored], missing: dict[int, Stored]) -> None:
    """Tell the new rows that are renamed spools from the copied ones; the rest keep their version.

    A row with the tag of a spool that left the sheet is that one come back, unless it is another one renamed.
    """
    claimed: dict[str, str] = {}
    for tagged in fresh:
        version = _version(grid, tagged.row)
        if not version:
            continue
        whose = known.get(version)
        if whose is not None and whose.spool_id in missing:
            tagged.stored, tagged.renamed = missing.pop(whose.spool_id), True
            claimed[version] = tagged.tag
        elif tagged.stored is not None:
            continue
        elif whose is not None or version in claimed:
            tagged.copied_of = claimed.get(version) or (whose.tag if whose else "")
        else:
            tagged.version = UUID(version)
            claimed[version] = tagged.tag
