"""How a row of Operaciones and a spool's columns correspond, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final, TypeVar

from occupation.models import Spool
from occupation.sheets.book import Grid, Row
from occupation.sheets.cells import WORKER
from occupation.sheets.codec import Unreadable
from occupation.sheets.layout import Owner, Tab, column, headers
from occupation.sheets.plan import Doubt

OFFICE: Final = {
    "NV": "nv",
    "OT": "ot",
    "Cliente": "cliente",
    "Prioridad": "prioridad",
    "Ubicación": "ubicacion",
    "DIAM": "diam",
    "Fecha_Materiales": "fecha_materiales",
    "Fecha_Compromiso": "fecha_compromiso",
    "STATUS_NV": "status_nv",
    "Notas": "notas",
}
"""The spool's column of each office header; the tag is identity, not a column."""

_DAYS: Final = frozenset({"Fecha_Materiales", "Fecha_Compromiso"})

_APP: Final = {
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

APP_HEADERS: Final = headers(Tab.OPERACIONES, Owner.APP)
_CODECS: Final = {header: column(Tab.OPERACIONES, header).codec for header in APP_HEADERS}


V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Reading:
    """One row of Operaciones, decoded: per header a value, None for a blank, or Unreadable."""

    number: int
    tag_hoja: str
    raw: Mapping[str, Any]
    values: Mapping[str, Any]

    @classmethod
    def of(cls, grid: Grid, row: Row, tag_hoja: str) -> Reading:
        """Decode a row of `grid`."""
        return cls(row.number, tag_hoja, dict(zip(grid.names, row.cells, strict=True)), grid.decode(row))

    def said(self, header: str, kind: type[V]) -> V | None:
        """What a cell says; None when it is blank, absent or cannot be read."""
        value = self.values.get(header)
        return value if isinstance(value, kind) else None

    def filled(self, header: str) -> bool:
        """Whether a cell says anything, readable or not."""
        return self.values.get(header) is not None

    def doubt(self, header: str, why: str) -> Doubt:
        """Say that a cell cannot be used as it stands."""
        return Doubt(Tab.OPERACIONES, self.number, header, Unreadable(self.raw[header], why).shown, why)

    def unreadable(self) -> list[Doubt]:
        """The cells that cannot be read."""
        cells = self.values.items()
        return [self.doubt(header, value.why) for header, value in cells if isinstance(value, Unreadable)]

    def office(self) -> dict[str, Any]:
        """The spool's office columns as the row has them; an unreadable cell or absent column says nothing."""
        return {
            field: _column_value(header, self.values[header])
            for header, field in OFFICE.items()
            if header in self.values and not isinstance(self.values[header], Unreadable)
        }

    def app_cells(self) -> dict[str, str]:
        """The canonical text of each of our cells, by header: what two equal cells share."""
        return {header: _text(header, self.values.get(header)) for header in APP_HEADERS}


def app_cells_of(columns: Mapping[str, Any]) -> dict[str, str]:
    """The canonical text that each of our cells has once the sheet shows these columns of a spool."""
    return {header: _text(header, columns.get(field)) for header, field in _APP.items()}


def shown(header: str, text: str, workers: Mapping[int, str]) -> str:
    """One of our cells' canonical text as people read it: a worker by the name that the shop shows, `MR(93)`."""
    number = WORKER.decode(text) if _CODECS[header] is WORKER else None
    return workers.get(number, text) if isinstance(number, int) else text


def app_columns(spool: Spool) -> dict[str, Any]:
    """The spool's columns that our cells show."""
    return {field: getattr(spool, field) for field in _APP.values()}


def fingerprints(grid: Grid) -> Callable[[Row], str]:
    """Return what hashes the grid's rows: equal raw rows mean the same and need no decoding.

    A row that cannot be spelled hashes to "", which stands for "always decode".
    """
    columns = blake2b(repr(grid.names).encode(), digest_size=16)

    def fingerprint(row: Row) -> str:
        hashed = columns.copy()
        try:
            hashed.update(repr(row.cells).encode())
        except ValueError:  # an integer of thousands of digits
            return ""
        return hashed.hexdigest()

    return fingerprint


def _column_value(header: str, value: object) -> object:
    if header in _DAYS:
        return value
    return f"{value.normalize():f}" if isinstance(value, Decimal) else (value or "")


def _text(header: str, value: object) -> str:
    if isinstance(value, Unreadable):
        return value.shown
    if header == "version":
        return str(value or "").lower()
    if header == "Estado_Detalle" and isinstance(value, str):
        # cp1252, in which Excel saves CSV files, has no tick.
        value = re.sub(r"APROBADO \?$", "APROBADO ✓", value)
    return _CODECS[header].encode_text(_CODECS[header].canonical(value))
