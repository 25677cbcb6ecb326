"""Making a book from what there is: rows in a test, a folder of CSV files, an `.xlsx`."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook

from tests.sheets_server.cells import BLANK, Cell, Formula
from tests.sheets_server.formats import DAY, EPOCH
from tests.sheets_server.grid import NOTHING
from tests.sheets_server.typed import typed
from tests.sheets_server.workbook import Workbook

SPARE_ROWS: Final = 100


def book_of_rows(
    spreadsheet_id: str, tabs: Mapping[str, Sequence[Sequence[Any]]], spare: int = SPARE_ROWS, locale: str = "es_CL"
) -> Workbook:
    """A book with these tabs, each row typed in by a person: `book_of_rows(BOOK_ID, {"Roles": [["Id", "Rol"], …]})`."""
    book = Workbook(spreadsheet_id, locale_name=locale)
    for title, rows in tabs.items():
        lines = [[typed(text, BLANK, book.locale) if text not in {"", None} else BLANK for text in row] for row in rows]
        _add(book, title, lines, spare)
    return book


def _add(book: Workbook, title: str, lines: Sequence[Sequence[Cell]], spare: int) -> None:
    width = max((len(line) for line in lines), default=0) or 1
    tab = book.add_tab(title, max(len(lines) + spare, 1), width)
    for number, line in enumerate(lines):
        tab.rows[number] = {at: cell for at, cell in enumerate(line) if not cell.is_nothing} or NOTHING


def book_of_folder(spreadsheet_id: str, folder: Path, spare: int = SPARE_ROWS) -> Workbook:
    """A folder of CSV files, a tab each, as if a person had pasted them."""
    tabs: dict[str, list[list[str]]] = {}
    for path in sorted(folder.glob("*.csv"), key=lambda path: (path.stem != "Operaciones", path.stem)):
        text = path.read_text(encoding="utf-8-sig")
        mark = max(",;\t", key=text.partition("\n")[0].count)
        tabs[path.stem] = list(csv.reader(text.splitlines(keepends=True), delimiter=mark))
    return book_of_rows(spreadsheet_id, tabs, spare)


def book_of_xlsx(spreadsheet_id: str, path: Path, spare: int = SPARE_ROWS) -> Workbook:
    """An `.xlsx`, with its types, formulas and the formats of its dates."""
    book = Workbook(spreadsheet_id)
    for sheet in load_workbook(path).worksheets:
        _add(book, sheet.title, [[_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)], spare)
    return book


def _cell(value: Any) -> Cell:
    if isinstance(value, datetime):
        serial = (value - EPOCH).total_seconds() / DAY
        return Cell(serial, _dated("DATE_TIME", "dd-mm-yyyy hh:mm:ss") if value.time() != time() else _date_format())
    if isinstance(value, date):
        return Cell(float((datetime.combine(value, time()) - EPOCH).days), _date_format())
    if isinstance(value, str):
        return Cell(Formula(value) if value.startswith("=") else value or None)
    if value is None or isinstance(value, bool):
        return Cell(value)
    return Cell(float(value)) if isinstance(value, int | float) else Cell(str(value))


def _date_format() -> dict[str, Any]:
    return _dated("DATE", "dd-mm-yyyy")


def _dated(kind: str, pattern: str) -> dict[str, Any]:
    return {"numberFormat": {"type": kind, "pattern": pattern}}


def load(spreadsheet_id: str, source: Path, spare: int = SPARE_ROWS) -> Workbook:
    """A folder of CSV files or an `.xlsx`, whichever `source` is."""
    make = book_of_folder if source.is_dir() else book_of_xlsx
    return make(spreadsheet_id, source, spare)
