"""The rows of Operaciones that need a look: those a person touched, and those the app moved on from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils import timezone

from occupation.models import Mirror, Spool, VersionMostrada
from occupation.services.conflicts import piece_of
from occupation.sheets.book import Grid
from occupation.sheets.diff import Known
from occupation.sheets.hydrate import Workers
from occupation.sheets.identity import Identity, Stored, Tagged, version_of
from occupation.sheets.merge import Decision, Sides, merge
from occupation.sheets.push import RowToWrite, row_to_write
from occupation.sheets.rows import Reading, app_cells_of, app_columns, shown
from occupation.sheets.stored import known_spools, touched

_AT_ONCE: Final = 500


@dataclass(slots=True)
class LiveRow:
    """A row in the sheet with the spool it belongs to."""

    tagged: Tagged
    row: Reading
    known: Known
    workers: Workers

    @property
    def spool(self) -> Spool:
        """The spool as it was last read."""
        return self.known.spool

    @property
    def app(self) -> dict[str, str]:
        """The canonical text of each of our cells, as the app has them."""
        return app_cells_of(app_columns(self.spool))

    def told(self, header: str) -> tuple[str, str]:
        """What the sheet says in one of our cells and what the app says, as people read it."""
        sheet, app = self.row.app_cells()[header], self.app[header]
        return shown(header, sheet, self.workers), shown(header, app, self.workers)


def behind() -> dict[int, int]:
    """The spools that the sheet is behind with, and the place of each in the line: the longest behind is the first."""
    late = Mirror.objects.behind().order_by("behind_since", "spool_id").values_list("spool_id", flat=True)
    return {id: place for place, id in enumerate(late)}


def live_rows(
    grid: Grid, identity: Identity, workers: Workers, late: Mapping[int, int], seen: Mapping[int, str]
) -> Iterator[list[LiveRow]]:
    """The rows that are not exactly as they were last understood, or whose spool moved on; the longest behind first.

    They come some at a time, so that whoever keeps only what matters never holds a whole book. `seen` are the hashes of
    rows that an earlier reading of the same columns found nothing in.
    """
    wanted = {
        tagged.stored.spool_id: tagged
        for tagged in identity.rows
        if tagged.stored
        and not tagged.stored.archived
        and not tagged.renamed
        and _is_news(tagged, tagged.stored, late, seen)
    }
    ids = sorted(wanted, key=lambda id: (late.get(id, len(late)), wanted[id].row.number))
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        known = known_spools(some)
        yield [
            LiveRow(wanted[id], Reading.of(grid, wanted[id].row, wanted[id].tag_hoja), known[id], workers)
            for id in some
            if id in known
        ]


def _is_news(tagged: Tagged, stored: Stored, late: Mapping[int, int], seen: Mapping[int, str]) -> bool:
    as_before = tagged.row_hash in (stored.row_hash, seen.get(stored.spool_id))
    return stored.spool_id in late or not tagged.row_hash or not as_before


def reload(rows: Iterable[LiveRow]) -> None:
    """Read the spools of these rows again: an adoption moved them on."""
    rows = list(rows)
    known = known_spools(one.spool.pk for one in rows)
    for one in rows:
        one.known = known[one.spool.pk]


def judged(rows: Iterable[LiveRow], workers: Workers) -> Iterator[tuple[LiveRow, list[Decision]]]:
    """What becomes of the cells of each row."""
    rows = list(rows)
    traces, hoy = _traces(rows), timezone.localdate()
    for one in rows:
        yield one, merge(one.row, _sides(one, traces), piece_of(one.spool), workers, hoy)


def _version(one: LiveRow) -> str:
    return version_of(one.row.said("version", str))


def _sides(one: LiveRow, traces: Mapping[str, tuple[int, Mapping[str, str]]]) -> Sides:
    mirror = one.known.mirror
    whose, cells = traces.get(_version(one), (0, {}))
    return Sides(
        base=mirror.base,
        app=one.app,
        sheet=one.row.app_cells(),
        intent=mirror.intent,
        left=mirror.left,
        foreign=cells if whose != one.spool.pk else {},
        stale=whose == one.spool.pk or _from_before_us(one),
    )


def _from_before_us(one: LiveRow) -> bool:
    """Whether the row has no version although it had one: a copy from before the app first wrote in it."""
    return bool(one.known.mirror.base.get("version")) and not one.row.filled("version")


def _traces(rows: Iterable[LiveRow]) -> dict[str, tuple[int, Mapping[str, str]]]:
    """Whose version stands in each row that shows neither its own, the last known nor the one being written.

    With it, the cells that the app wrote under that version, or would write for it.
    """
    strange = {version for one in rows if (version := _version(one)) and version not in _own(one)}
    if not strange:
        return {}
    uuids = [UUID(version) for version in strange]
    spools = Spool.objects.filter(version__in=uuids)
    current = {str(spool.version): (spool.pk, app_cells_of(app_columns(spool))) for spool in spools}
    shown = VersionMostrada.objects.filter(version__in=uuids)
    return current | {str(one.version): (one.spool_id, one.celdas | {"version": str(one.version)}) for one in shown}


def _own(one: LiveRow) -> set[str]:
    mirror = one.known.mirror
    return {str(one.spool.version), mirror.base.get("version", ""), mirror.intent.get("version", "")}


def rows_to_write(rows: Iterable[LiveRow], workers: Workers) -> list[RowToWrite]:
    """What each row lacks of the app's state now."""
    rows = list(rows)
    worked_on = touched([one.spool.pk for one in rows if one.known.mirror.left])
    return [
        row_to_write(
            one.row,
            one.known,
            workers,
            {doubt.header for doubt in one.known.doubts} if one.spool.pk in worked_on else None,
        )
        for one in rows
    ]
