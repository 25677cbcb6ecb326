"""Small workbooks written by hand: rows as people type them, saved as a folder of CSV files.

book = BookFolder(tmp_path, [fila("MK-1", Armador="MR(93)")])
import_book(book.save())
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from occupation.sheets.book import Grid, Picked, pick
from occupation.sheets.book import Row as GridRow
from occupation.sheets.csv_files import Dialect, write_table
from occupation.sheets.layout import OPERACIONES_HEADERS, Tab, column, headers
from occupation.sheets.local import LocalBook
from occupation.sheets.rows import Reading

NOW = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)
"""When the books are read, where the time matters: 11:00 in the shop."""

Fila = dict[str, str]

PEOPLE = (
    ("93", "Miguel", "Rojas", "TRUE"),
    ("94", "Juan", "Pérez", "TRUE"),
    ("95", "Carla", "Pizarro", "TRUE"),
)
ROLES = (
    ("93", "Armador", "TRUE"),
    ("94", "Armador", "TRUE"),
    ("94", "Soldador", "TRUE"),
    ("95", "Metrologia", "TRUE"),
)


def fila(tag: str, cells: Mapping[str, str] | None = None, **more: str) -> Fila:
    """A row of Operaciones by header. `cells` is for the headers that are no ASCII words."""
    return {"TAG_SPOOL": tag, "NV": "NV0650", "Fecha_Materiales": "05-01-2026", **(cells or {}), **more}


@dataclass
class BookFolder:
    """A book to change and save again. `people` None is a book without that tab; so is `roles`."""

    folder: Path
    filas: list[Fila]
    people: Sequence[Sequence[str]] | None = PEOPLE
    roles: Sequence[Sequence[str]] | None = ROLES
    headers: Sequence[str] = field(default=OPERACIONES_HEADERS)
    dialect: Dialect = field(default_factory=Dialect)

    def save(self) -> LocalBook:
        """Write every tab as it stands now."""
        self.folder.mkdir(exist_ok=True)
        filas = [[one.get(header, "") for header in self.headers] for one in self.filas]
        self._write(Tab.OPERACIONES, self.headers, filas)
        self._write(Tab.TRABAJADORES, ("Id", "Nombre", "Apellido", "Activo"), self.people)
        self._write(Tab.ROLES, ("Id", "Rol", "Activo"), self.roles)
        return LocalBook(self.folder)

    def _write(self, tab: Tab, header: Sequence[str], rows: Sequence[Sequence[str]] | None) -> None:
        path = self.folder / f"{tab}.csv"
        if rows is None:
            path.unlink(missing_ok=True)
        else:
            write_table(path, [header, *rows], self.dialect)


@dataclass
class TypedBook:
    """A book in memory with cells of any type, as Google answers them; tabs left out are missing."""

    tabs: Mapping[Tab, Sequence[Sequence[object]]]

    def read(self, tab: Tab, columns: Sequence[str] | None = None) -> Grid:
        """See `Book.read`."""
        header, *rows = self.tabs.get(tab, [headers(tab)])
        picked = pick(tab, header, columns)
        assert isinstance(picked, Picked)
        chosen = [tuple(row[place] for place in picked.positions) for row in rows]
        return Grid(picked, [GridRow(n, cells) for n, cells in enumerate(chosen, start=2)], len(rows) + 1)


def typed_rows(*rows: Mapping[str, object]) -> list[list[object]]:
    """Operaciones with cells of any type, its known headers first."""
    known = headers(Tab.OPERACIONES)
    return [list(known), *([row.get(header) for header in known] for row in rows)]


def reading(cells: Mapping[str, object], number: int = 2) -> Reading:
    """One row of Operaciones as the pull sees it, without a book."""
    raw = {header: cells.get(header) for header in headers(Tab.OPERACIONES)}
    values = {header: column(Tab.OPERACIONES, header).codec.decode(cell) for header, cell in raw.items()}
    return Reading(number, str(cells.get("TAG_SPOOL", "MK-1")), raw, values)
