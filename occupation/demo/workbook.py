"""The sample's workbook on disk, as a folder of CSV files and as `.xlsx`, before the shift and after it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from occupation.demo.book import DemoBook
from occupation.demo.rows import Cell, Fila
from occupation.models import CeldaDudosa, FilaDuplicada, Spool
from occupation.sheets.book import TabNames
from occupation.sheets.cells import BOOLEAN, DATE, DATETIME, shielded
from occupation.sheets.csv_files import write_table
from occupation.sheets.layout import Tab, column
from occupation.sheets.xlsx import write_workbook
from occupation.tags import canonical_tag


def xlsx_beside(folder: Path) -> Path:
    """Where the same book is kept as one file."""
    return folder.with_name(f"{folder.name}.xlsx")


def write_folder(book: DemoBook, folder: Path, names: TabNames) -> None:
    """Write the book as CSV files. Raises `BookUnwritable`."""
    for tab, table in book.tables().items():
        write_table(folder / f"{names[tab]}.csv", [[_text(cell) for cell in row] for row in table])


def write_xlsx(book: DemoBook, path: Path, names: TabNames) -> None:
    """Write the book as one `.xlsx`. Raises `BookUnwritable`."""
    write_workbook(path, {names[tab]: table for tab, table in book.tables().items()})


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return BOOLEAN.encode_text(cell)
    if isinstance(cell, datetime):
        return DATETIME.encode_text(cell)
    if isinstance(cell, date):
        return DATE.encode_text(cell)
    if not isinstance(cell, str):
        return str(cell)
    # A lone dash is no formula to any spreadsheet; people type it for "none".
    return cell if cell == "-" else shielded(cell)


def settle(book: DemoBook) -> None:
    """Give the rows the app's columns as the database has them; what an import could not use stays as it is."""
    ignored = set(FilaDuplicada.objects.values_list("fila", flat=True))
    doubtful = set(CeldaDudosa.objects.filter(spool__isnull=False).values_list("fila", "encabezado"))
    spools = {spool.tag: spool for spool in Spool.objects.con_gente()}
    for number, fila in enumerate(book.filas, start=2):
        spool = spools.get(canonical_tag(str(fila["TAG_SPOOL"] or "")))
        if spool is not None and number not in ignored:
            cells = _app_cells(spool)
            _update(fila, {header: cells[header] for header in cells if (number, header) not in doubtful})


def _update(fila: Fila, cells: Fila) -> None:
    for header, value in cells.items():
        codec = column(Tab.OPERACIONES, header).codec
        if codec.decode(fila[header]) != codec.canonical(value):
            fila[header] = value


def _app_cells(spool: Spool) -> Fila:
    return {
        "Fecha_Armado": spool.fecha_armado,
        "Armador": spool.armador.worker_nombre if spool.armador else None,
        "Fecha_Soldadura": spool.fecha_soldadura,
        "Soldador": spool.soldador.worker_nombre if spool.soldador else None,
        "Fecha_QC_Metrología": spool.fecha_qc,
        "Ocupado_Por": spool.ocupado_por.worker_nombre if spool.ocupado_por else None,
        "Fecha_Ocupacion": spool.ocupado_desde,
        "version": str(spool.version),
        "Estado_Detalle": spool.estado_detalle,
    }
