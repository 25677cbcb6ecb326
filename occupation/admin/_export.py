"""The journal as a CSV file that Excel and LibreOffice open in Chile: semicolons, UTF-8 with its mark, no formulas.

Written a page of rows at a time, so a million rows take no more memory than a few hundred.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC

from django.db.models import QuerySet
from django.utils import timezone

from occupation.models import Evento

ROWS = 200
"""How many rows are read, and sent, at once."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet program takes for the beginning of a formula; the wide forms are Excel's in some languages."""

_HEADERS = (
    "id",
    "instante",
    "instante_utc",
    "tipo",
    "tag_spool",
    "nv",
    "worker_id",
    "trabajador",
    "operacion",
    "accion",
    "dia",
    "actor_tipo",
    "actor",
    "detalle",
    "estado_detalle",
    "uuid",
)


def neutral(text: str) -> str:
    """`text` as a cell that no spreadsheet program computes: an apostrophe goes before what would start a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def journal_csv(eventos: QuerySet[Evento]) -> Iterator[bytes]:
    """The file in parts, newest row first. What happens while it is written is not in it."""
    yield "\ufeff".encode() + _lines([_HEADERS])
    last: int | None = None
    while page := list(_after(eventos, last)[:ROWS]):
        yield _lines(_cells(evento) for evento in page)
        last = page[-1].pk


def _after(eventos: QuerySet[Evento], last: int | None) -> QuerySet[Evento]:
    """Told by the last row sent: a cursor of the database would stay open as long as the slowest reader."""
    newest_first = eventos.select_related("spool", "trabajador").order_by("-id")
    return newest_first if last is None else newest_first.filter(pk__lt=last)


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    # All in quotes: a program that also splits at commas must not see a cell begin in the middle of another.
    csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL).writerows([neutral(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _cells(evento: Evento) -> tuple[str, ...]:
    local = timezone.localtime(evento.instante)
    return (
        str(evento.pk),
        f"{local:%Y-%m-%d %H:%M:%S}",
        f"{evento.instante.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        evento.tipo,
        evento.spool.tag_hoja if evento.spool else "",
        evento.spool.nv if evento.spool else "",
        str(evento.trabajador_id or ""),
        evento.trabajador.worker_nombre if evento.trabajador else "",
        evento.operacion,
        evento.accion,
        f"{evento.dia:%Y-%m-%d}" if evento.dia else "",
        evento.actor_tipo,
        evento.actor_nombre,
        json.dumps(evento.detalle, ensure_ascii=False, sort_keys=True) if evento.detalle else "",
        str(evento.estado.get("estado_detalle", "")),
        str(evento.uuid),
    )
