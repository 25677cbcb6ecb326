"""The book as people left it, and what it has to say in the end.

Everything that people do, they do twice: in the book that the app writes too, and in one that nobody else touches.
What is not the app's must be the same in both. What is the app's must say what the app's rows say, by the rules of
the shop's sheet; nothing of the product's code is used to tell it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.books import PEOPLE, ROLES
from tests.sheets_server.cells import Cell
from tests.sheets_server.grid import Tab
from tests.sheets_server.loading import book_of_rows
from tests.sheets_server.office import Office
from tests.sheets_server.server import BOOK_ID, SheetsServer

OPERACIONES = "Operaciones"
METADATA = "Metadata"
DAYS = ("Fecha_Armado", "Fecha_Soldadura", "Fecha_QC_Metrología")
WORKERS = ("Armador", "Soldador", "Ocupado_Por")
OURS = (
    *("Fecha_Armado", "Armador", "Fecha_Soldadura", "Soldador", "Fecha_QC_Metrología"),
    *("Ocupado_Por", "Fecha_Ocupacion", "version", "Estado_Detalle"),
)
HEADERS = (
    *("id", "NV", "TAG_SPOOL", "Notas", "Prioridad", "Peso_Kg", "Fecha_Materiales", *OURS[:5], "Fecha_NDT", "OC"),
    *("MatSys", *OURS[5:], "Total_Uniones", "Rev."),
)
COLUMN = {
    "Fecha_Armado": "fecha_armado",
    "Armador": "armador_id",
    "Fecha_Soldadura": "fecha_soldadura",
    "Soldador": "soldador_id",
    "Fecha_QC_Metrología": "fecha_qc",
    "Ocupado_Por": "ocupado_por_id",
    "Fecha_Ocupacion": "ocupado_desde",
    "version": "version",
    "Estado_Detalle": "estado_detalle",
}
AUDIT = (
    *("id", "timestamp", "evento_tipo", "tag_spool", "worker_id", "worker_nombre", "operacion", "accion"),
    *("fecha_operacion", "metadata_json"),
)
TYPED = {
    "Fecha_Armado": ["10-02-2026", "11/2/2026", "", "mañana", "10-02-2030", "=TODAY()"],
    "Armador": ["MR(93)", "Pérez(94)", "", "XX(500)", "Juan"],
    "Fecha_Soldadura": ["12-02-2026", "13-02-2026", ""],
    "Soldador": ["JP(94)", "W(93)", ""],
    "Fecha_QC_Metrología": ["14-02-2026", "15-02-2026", ""],
    "Ocupado_Por": ["", "", "JP(94)", "=A1"],
    "Fecha_Ocupacion": ["", "01-03-2026 10:00:00"],
    "version": ["", "no es una versión", "33333333-3333-4333-8333-333333333333"],
    "Estado_Detalle": ["RECHAZADO", "listo", "", "METROLOGIA RECHAZADO - Pendiente reparación"],
}
"""What people write into our columns, right and wrong."""

NAMESAKES = [("OC", "Version"), ("Rev.", "ARMADOR"), ("NV", "Tag Spool")]
"""Headers of the office that become the same as one of those that must stand once."""

SPOOLS = 14
"""Enough for half a read to be refused."""

_VERSION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  serial numbers count days of wall time
_CHILE = ZoneInfo("America/Santiago")

Row = Mapping[str, Any]
Cells = dict[tuple[str, int], Cell]
Texts = dict[str, str]


def tabs() -> dict[str, Sequence[Sequence[str]]]:
    """The book as the weeks begin."""
    return {
        OPERACIONES: [HEADERS, *([_filled(n).get(name, "") for name in HEADERS] for n in range(1, SPOOLS + 1))],
        "Trabajadores": [["Id", "Nombre", "Apellido", "Activo"], *PEOPLE],
        "Roles": [["Id", "Rol", "Activo"], *ROLES, ("93", "Soldador", "TRUE")],
        METADATA: [AUDIT],
    }


def _filled(n: int) -> dict[str, str]:
    """A spool that nothing happened to yet, with what the office keeps on both sides of our columns."""
    row = {"id": f"{n}", "NV": "NV0650", "TAG_SPOOL": f"MK-{n}", "Fecha_Materiales": "05-01-2026", "OC": f"oc {n}"}
    return row | {"Peso_Kg": f"=A{n + 1}*2", "MatSys": f"=A{n + 1}+1", "Total_Uniones": "7"}


class People:
    """Two offices that do the same: in the app's book, and in one that only people touch."""

    def __init__(self, server: SheetsServer, tabs: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        self.server = server
        self.alone = Office(book_of_rows(BOOK_ID, tabs), threading.RLock(), lambda: None)

    def do(self, act: str, *told: Any, **more: Any) -> None:
        """The same act in both books. Where it stops halfway in one it does in the other, with a `LookupError`."""
        try:
            getattr(self.alone, act)(*told, **more)
        finally:
            getattr(self.server.office, act)(*told, **more)

    def rows(self) -> list[Row]:
        """Operaciones as it stands: each row below the header by header, of two equal ones the first."""
        header, *rows = self.server.office.table(OPERACIONES)
        return [dict(reversed([*zip(header, row, strict=True)])) for row in rows]

    def foreign(self, *, looks: bool) -> tuple[Cells, Cells]:
        """Every cell of Operaciones that is not ours, in the app's book and in the other, by header and row number.

        In a row without a tag the app has no cells, so all of it counts.
        """
        live, alone = (office.book.named(OPERACIONES) for office in (self.server.office, self.alone))
        names = [alone.cell(0, at).value for at in range(alone.column_count)]
        key = names.index("TAG_SPOOL")
        places = [
            (row, at, name)
            for row in range(max(live.row_count, alone.row_count))
            for at, name in enumerate(names)
            if name not in OURS or row == 0 or alone.cell(row, key).value is None
        ]
        always = set(HEADERS) - set(OURS) if looks else set()
        return _cells(live, places, always), _cells(alone, places, always)


def _cells(tab: Tab, places: Sequence[tuple[int, int, object]], dressed: Collection[object]) -> Cells:
    """Value by place, and its looks too in the columns named."""
    found = {(str(name or at), row + 1): (tab.cell(row, at), name in dressed) for row, at, name in places}
    return {place: cell if looks else cell.dressed(None) for place, (cell, looks) in found.items()}


def said(row: Row) -> Texts:
    """What each of our cells of a row means, as text; "" for a blank. KeyError while a header is spelt another way."""
    return {header: meaning(header, row[header]) for header in OURS}


def wanted(spool: Mapping[str, Any]) -> Texts:
    """The same, as a row of the app's table has to be shown."""
    return {header: _shown(spool[COLUMN[header]]) for header in OURS}


def used_row(rows: Sequence[Row], tag: str, version: str, earlier: Collection[str]) -> Row | None:
    """Of the rows with that tag the one that shows the version, or else an earlier one, or says more of ours."""
    mine = [(said(row), row) for row in rows if canonical(row["TAG_SPOOL"]) == tag]
    ranked = [
        ((cells["version"] == version, cells["version"] in earlier, sum(text != "" for text in cells.values())), row)
        for cells, row in mine
    ]
    return max(ranked, key=lambda one: one[0], default=(None, None))[1]


def canonical(tag: object) -> str:
    return " ".join(str(tag).split()).upper()


def meaning(header: str, raw: object) -> str:
    """What a cell of ours means, as text: a day, a moment, a worker's number, a version, words; "" for a blank."""
    text = str(raw).strip()
    if header in WORKERS:
        number = re.search(r"\((\d+)\)$", text)
        return number[1] if number else text
    if header in DAYS or header == "Fecha_Ocupacion":
        return _moment(header, raw, text)
    return text.lower() if header == "version" else text


def meanings(stored: Texts) -> Texts:
    """What stored cells of ours mean."""
    return {header: meaning(header, text) for header, text in stored.items()}


def edits_of(cells: Texts, known: Sequence[Texts]) -> set[tuple[str, str]]:
    """The cells of a row that say what neither the app, nor the sheet when last seen, nor a write under way says.

    None where a version stands outside its column: a write came there after columns moved.
    """
    app, base, intent = known
    if any(_VERSION.fullmatch(text) for header, text in cells.items() if header != "version"):
        return set()
    return {
        (name, text) for name, text in cells.items() if text not in (app[name], base.get(name, ""), intent.get(name))
    }


def _moment(header: str, raw: object, text: str) -> str:
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        moment = _EPOCH + timedelta(seconds=round(raw * 86_400))
        return f"{moment:%d-%m-%Y}" if header in DAYS else f"{moment:%d-%m-%Y %H:%M:%S}"
    return "" if text == "-" else text


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(_CHILE):%d-%m-%Y %H:%M:%S}"
    if isinstance(value, date):
        return f"{value:%d-%m-%Y}"
    return "" if value is None else str(value)
