"""Whether the sheet says what the database says: every cell of ours, and every event once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from occupation.models import EstadoHoja, FilaDuplicada, Mirror, Spool
from occupation.sheets.audit import owed, told_after
from occupation.sheets.layout import Tab
from occupation.sheets.rows import APP_HEADERS, app_cells_of, app_columns
from occupation.tags import canonical_tag
from tests.books import reading

Records = Iterable[Mapping[str, Any]]
Look = Callable[[Tab], Records]


def up_to_date() -> bool:
    """Whether the relay has nothing left to write, as far as the database knows."""
    state = EstadoHoja.objects.filter(pk=1).first() or EstadoHoja()
    return not Mirror.objects.behind().exists() and not owed(state)


def differences(look: Look) -> list[str]:
    """Where sheet and database disagree, in words. `look` gives a tab's rows by header, unformatted."""
    return [*_cells_that_differ(look(Tab.OPERACIONES)), *_events_that_differ(look(Tab.METADATA))]


def foreign_cells(look: Look) -> Counter[tuple[tuple[str, str], ...]]:
    """Everything in Operaciones that the app may never touch, row by row, wherever the row stands now."""
    rows = ({name: cell for name, cell in row.items() if name not in APP_HEADERS} for row in look(Tab.OPERACIONES))
    return Counter(
        tuple((name, repr(cell)) for name, cell in row.items() if cell != "") for row in rows if any(row.values())
    )


def left_behind(look: Look) -> list[Mapping[str, Any]]:
    """The rows of Operaciones without a tag that hold cells of ours."""
    ours = ({name: row[name] for name in APP_HEADERS} for row in look(Tab.OPERACIONES) if row["TAG_SPOOL"] == "")
    return [cells for cells in ours if any(cells.values())]


def _cells_that_differ(records: Records) -> Iterator[str]:
    """A second row of a tag is nobody's, and what the first import left in the sheet may stay there.

    What somebody holds may have no row, if that is remembered.
    """
    ignored = set(FilaDuplicada.objects.values_list("fila", flat=True))
    spools = Spool.objects.vivos().select_related("mirror").in_bulk(field_name="tag")
    for number, record in enumerate(records, start=2):
        spool = spools.pop(canonical_tag(str(record["TAG_SPOOL"])), None) if number not in ignored else None
        if spool is None:
            continue
        app, sheet = app_cells_of(app_columns(spool)), reading(record, number).app_cells()
        for name in APP_HEADERS:
            if sheet[name] != app[name] and spool.mirror.left.get(name) != app[name]:
                yield f"{spool.tag} {name}: sheet {sheet[name]!r}, app {app[name]!r}"
    yield from (f"{tag}: no row" for tag, spool in spools.items() if not (spool.ocupado and spool.mirror.gone_since))


def _events_that_differ(records: Records) -> Iterator[str]:
    shown = ("evento_tipo", "tag_spool", "worker_id", "operacion")
    sheet = [(str(row["id"]), tuple(str(row[name]) for name in shown)) for row in records if row["id"] != ""]
    times = Counter(id for id, _ in sheet)
    cells = dict(sheet)
    for evento in told_after(0).order_by("id"):
        id = str(evento.uuid)
        worker = str(evento.trabajador_id or 0)
        expected = (str(evento.tipo), evento.estado.get("tag_spool", ""), worker, str(evento.operacion))
        if times[id] != 1 or cells[id] != expected:
            yield f"event {evento.pk} {expected}: {times[id]} times, {cells.get(id)}"
