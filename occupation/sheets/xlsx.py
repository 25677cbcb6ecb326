"""The workbook as one `.xlsx` file: read for an import, written for the demo shop.

openpyxl reads it, cell by cell and without the styles: dates stay the serial numbers that Google gives too, and the
codec of each column judges them. Read with its styles, a number in a cell dressed as a date would come as a day of
1900, and one too large for a date would not come at all.
"""

from __future__ import annotations

import io
import warnings
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any, Final
from xml.etree.ElementTree import Element, ParseError
from zipfile import BadZipFile, ZipFile, ZipInfo

from defusedxml import EntitiesForbidden  # openpyxl parses with defusedxml whenever it is there
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.datetime import MAC_EPOCH
from openpyxl.utils.escape import unescape
from openpyxl.worksheet._reader import DATA_TAG, FORMULA_TAG, ROW_TAG, VALUE_TAG, WorkSheetParser
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.xml.functions import iterparse

from occupation.sheets.book import (
    USUAL_NAMES,
    BookUnreadable,
    BookUnwritable,
    Grid,
    Picked,
    TabNames,
    gather,
    is_filled,
    missing_tab,
    pick,
)
from occupation.sheets.codec import FORMULA_WITHOUT_VALUE
from occupation.sheets.files import read_whole, reason, replacing
from occupation.sheets.layout import Hold, Tab
from occupation.sheets.moments import SANTIAGO

FILE_LIMIT: Final = 100_000_000
"""Most bytes of the file: five times what 50,000 full rows take."""

SMALL_PART: Final = 8_000_000
LARGE_PARTS: Final = {"xl/worksheets/": 600_000_000, "xl/sharedStrings": 150_000_000}
"""Most bytes of each part once unpacked, by how its name starts; 50,000 full rows unpack to 200 million."""

ROW_BYTES: Final = 4_000_000
"""Most bytes of one row, which is in memory whole: a thousand times what 75 usual cells take."""

_OLE: Final = b"\xd0\xcf\x11\xe0"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")

_NO_BOOK: Final = "es un archivo comprimido, pero no un libro .xlsx"
_BROKEN: Final = "está dañado o incompleto: descárguelo de nuevo"
_SEALED: Final = "está protegido con contraseña o comprimido de un modo desconocido"

Cells = Mapping[int, object]
"""The raw cells of one row by 0-based position, without the blank ones."""


class _Damaged(Exception):  # noqa: N818  becomes a BookUnreadable that names the file
    """Why the file cannot be used, as the end of a Spanish sentence."""


class XlsxBook:
    """An `.xlsx` file as Google, Excel or LibreOffice save it. Formulas count by their stored results."""

    def __init__(self, path: Path, names: TabNames = USUAL_NAMES) -> None:
        self.path = path
        self.names = names
        self._package: _Package | None = None

    def read(self, tab: Tab, columns: Sequence[str] | None = None) -> Grid | Hold:
        """See `Book.read`. The file is read once, so all the tabs are of one moment."""
        try:
            package = self._package = self._package or _Package(self._bytes())
            part = package.sheets.get(self.names[tab])
            if part is None:
                return missing_tab(tab, self.names[tab])
            rows = package.rows(part)
            picked = pick(tab, _header(next(rows, None)), columns)
            return picked if isinstance(picked, Hold) else gather(picked, _chosen(picked, rows))
        except _Damaged as problem:
            raise BookUnreadable(f"No se puede leer {self.path}: {problem}.") from problem

    def _bytes(self) -> bytes:
        try:
            data = read_whole(self.path, FILE_LIMIT)
        except OSError as problem:
            raise _Damaged(reason(problem)) from problem
        if not data:
            raise _Damaged("el archivo está vacío")
        if data.startswith(_OLE):
            raise _Damaged(
                "está protegido con contraseña: guárdelo sin ella"
                if _ENCRYPTED in data
                else "es un .xls antiguo: guárdelo como .xlsx"
            )
        return data


def _header(first: tuple[int, Cells] | None) -> Sequence[object]:
    if first is None or first[0] != 1:
        return ()
    return [first[1].get(position) for position in range(max(first[1], default=-1) + 1)]


def _chosen(picked: Picked, rows: Iterator[tuple[int, Cells]]) -> Iterator[tuple[int, bool, Sequence[object]]]:
    for number, cells in rows:
        yield number, is_filled(tuple(cells.values())), [cells.get(position) for position in picked.positions]


class _Package:
    """An opened `.xlsx`: its sheets' parts by name. Raises `_Damaged` for everything that is not one."""

    def __init__(self, data: bytes) -> None:
        try:
            self._reader = ExcelReader(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            self._reader.archive = _Archive(io.BytesIO(data))
        except (BadZipFile, ValueError, NotImplementedError) as problem:
            raise _Damaged("no es un libro .xlsx, o llegó incompleto: descárguelo de nuevo") from problem
        if "[Content_Types].xml" not in self._reader.valid_files:
            raise _Damaged(_NO_BOOK)
        with _understood(), warnings.catch_warnings(action="ignore"):  # what it warns of ends as damaged below
            self.sheets = self._open()

    def rows(self, part: str) -> Iterator[tuple[int, Cells]]:
        """Return a sheet's rows one by one, with their numbers."""
        with _understood(), self._reader.archive.open(part) as file:
            yield from _Sheet(file, self._reader.shared_strings).rows()

    def _open(self) -> Mapping[str, str]:
        reader = self._reader
        reader.read_manifest()
        reader.read_strings()
        reader.read_workbook()
        if reader.wb.epoch == MAC_EPOCH:
            raise _Damaged("cuenta los días desde 1904: guárdelo con el sistema de fechas de 1900")
        sheets = [sheet for sheet in reader.parser.sheets if sheet.id]
        if not sheets:
            raise _Damaged("no tiene hojas que se puedan leer: guárdelo como «Libro de Excel (.xlsx)»")
        parts = {sheet.name: reader.parser.rels[sheet.id].target for sheet in sheets}
        return {name: part for name, part in parts.items() if part in reader.valid_files}


@contextmanager
def _understood() -> Iterator[None]:
    """Say in a sentence what openpyxl, zipfile and the XML parser raise over a broken file."""
    try:
        yield
    except EntitiesForbidden as problem:
        raise _Damaged("declara entidades de XML, que un libro .xlsx no lleva") from problem
    except OSError as problem:  # how openpyxl says that no part is the workbook
        raise _Damaged(_NO_BOOK) from problem
    except (ParseError, BadZipFile, zlib.error, EOFError, RecursionError) as problem:
        raise _Damaged(_BROKEN) from problem
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as problem:
        raise _Damaged(_BROKEN) from problem
    except RuntimeError as problem:  # also NotImplementedError
        raise _Damaged(_SEALED) from problem


class _Archive(ZipFile):
    """Refuses, before unpacking it, a part larger than its kind ever is."""

    def open(self, name: str | ZipInfo, *args: Any, **options: Any) -> IO[bytes]:
        part = name if isinstance(name, ZipInfo) else self.getinfo(name)
        limits = (limit for start, limit in LARGE_PARTS.items() if part.filename.startswith(start))
        limit = next(limits, SMALL_PART)
        if part.file_size > limit:
            raise _Damaged(f"descomprimido pasa de {limit // 1_000_000} MB")
        return super().open(part, *args, **options)


class _Source:
    """A part being read, which must end a row every so often."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.since_row = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.since_row += len(data)
        if self.since_row > ROW_BYTES:
            raise _Damaged("tiene una fila enorme")
        return data

    def drain(self) -> None:
        """Read to the end, unparsed: only there is the part's checksum proved."""
        while self._file.read(1 << 18):
            pass


class _Sheet(WorkSheetParser):
    """openpyxl's reader of one sheet, row by row up to the last: what follows the rows says nothing here."""

    def __init__(self, file: IO[bytes], strings: Sequence[str]) -> None:
        self._paced = _Source(file)
        super().__init__(self._paced, strings, data_only=True)

    def rows(self) -> Iterator[tuple[int, Cells]]:
        for _, element in iterparse(self._paced):
            if element.tag == ROW_TAG:
                number, cells = self.parse_row(element)
                element.clear()
                self.row_dimensions.clear()
                self._paced.since_row = 0
                yield number, {cell["column"] - 1: cell["value"] for cell in cells if cell["value"] is not None}
            elif element.tag == DATA_TAG:
                break
        self._paced.drain()

    def parse_cell(self, element: Element) -> dict[str, Any]:
        """Read a cell as openpyxl does, and tell a formula without a stored result from a blank."""
        cell = super().parse_cell(element)
        value = cell["value"]
        if isinstance(value, str):
            cell["value"] = unescape(value) if "_x" in value else value
        elif value is None and _uncalculated(element):
            cell["value"] = FORMULA_WITHOUT_VALUE
        return cell


def _uncalculated(element: Element) -> bool:
    """Whether the cell is a formula without a result; an empty text is one."""
    empty_text = element.get("t") == "str" and element.find(VALUE_TAG) is not None
    return element.find(FORMULA_TAG) is not None and not empty_text


def write_workbook(path: Path, tabs: Mapping[str, Iterable[Sequence[object]]]) -> None:
    """Write a workbook whole or not at all: tab name → rows of plain values, the header first.

    Days and instants become real date cells that show as DD-MM-YYYY, with Santiago's wall time; text stays text
    even if it looks like a formula. Raises `BookUnwritable`.
    """
    workbook = Workbook(write_only=True)
    for name, rows in tabs.items():
        sheet = workbook.create_sheet(name)
        sheet.freeze_panes = "A2"
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    try:
        with replacing(path) as file:
            workbook.save(file)
    except OSError as problem:
        raise BookUnwritable(f"No se puede escribir {path}: {reason(problem)}.") from problem


def _cell(sheet: WriteOnlyWorksheet, value: object) -> object:
    if isinstance(value, datetime):
        local = value.astimezone(SANTIAGO).replace(tzinfo=None) if value.tzinfo else value
        return _dated(sheet, local.replace(microsecond=0), "DD-MM-YYYY HH:MM:SS")
    if isinstance(value, date):
        return _dated(sheet, datetime.combine(value, time()), "DD-MM-YYYY")
    if not isinstance(value, str):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    return _literal(sheet, text) if text.startswith(("=", "#")) else text


def _dated(sheet: WriteOnlyWorksheet, value: datetime, number_format: str) -> object:
    cell = WriteOnlyCell(sheet, value)
    cell.number_format = number_format
    return cell


def _literal(sheet: WriteOnlyWorksheet, text: str) -> object:
    """Keep openpyxl from taking the text for a formula or an error."""
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell
