"""The workbook as a folder of CSV files, one per tab, that people open and save in a spreadsheet program.

It reads what those programs write (comma, semicolon or tab; UTF-8 with or without mark, or cp1252) and keeps
each file's dialect, so that writing it back changes nothing but the cells.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from occupation.sheets.book import (
    USUAL_NAMES,
    BookUnreadable,
    BookUnwritable,
    Grid,
    Picked,
    TabNames,
    choose,
    gather,
    is_filled,
    missing_tab,
    pick,
)
from occupation.sheets.files import read_whole, reason, replacing
from occupation.sheets.layout import Hold, Tab

FILE_LIMIT: Final = 100_000_000
"""Most bytes of one tab's file: more than twice what 50,000 full rows take."""

_DELIMITERS: Final = ",;\t"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one CSV file is written. The default is what spreadsheet programs open without asking."""

    delimiter: str = ","
    encoding: str = "utf-8-sig"
    newline: str = "\r\n"


USUAL_DIALECT: Final = Dialect()


class LocalBook:
    """A folder of `<tab name>.csv` files."""

    def __init__(self, folder: Path, names: TabNames = USUAL_NAMES) -> None:
        self.folder = folder
        self.names = names
        self._dialects: dict[Tab, Dialect] = {}

    def read(self, tab: Tab, columns: Sequence[str] | None = None) -> Grid | Hold:
        """See `Book.read`. The file is read in one go, so a save in the middle cannot mix two versions."""
        data = self._bytes(tab)
        if data is None:
            return missing_tab(tab, self.names[tab])
        try:
            dialect, records = parse(data)
            self._dialects[tab] = dialect
            picked = pick(tab, next(records, []), columns)
            return picked if isinstance(picked, Hold) else gather(picked, _chosen(picked, records))
        except _NotCsv as problem:
            raise BookUnreadable(f"No se puede leer {self.path(tab)}: {problem}.") from problem

    def dialect(self, tab: Tab) -> Dialect:
        """Return the dialect the tab's file had when it was last read or written here."""
        return self._dialects.get(tab, USUAL_DIALECT)

    def write(self, tab: Tab, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Replace the whole tab, atomically, in the dialect its file had. Raises `BookUnwritable`."""
        self._dialects[tab] = write_table(self.path(tab), [header, *rows], self.dialect(tab))

    def path(self, tab: Tab) -> Path:
        """Return the file of a tab."""
        return self.folder / f"{self.names[tab]}.csv"

    def _bytes(self, tab: Tab) -> bytes | None:
        """Return the file's bytes, `None` when the folder is there and the file is not."""
        path = self.path(tab)
        if path.parent != self.folder:
            raise BookUnreadable(f"El nombre de hoja «{self.names[tab]}» no sirve como nombre de archivo.")
        try:
            if not self.folder.is_dir():
                raise BookUnreadable(f"No existe la carpeta del libro: {self.folder}.")
            return read_whole(path, FILE_LIMIT)
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise BookUnreadable(f"No se puede leer {path}: {reason(problem)}.") from problem


def _chosen(picked: Picked, records: Iterator[list[str]]) -> Iterator[tuple[int, bool, Sequence[object]]]:
    for number, record in enumerate(records, start=2):
        yield number, is_filled(record), choose(picked, record)


class _NotCsv(Exception):  # noqa: N818  becomes a BookUnreadable that names the file
    """Why the bytes are no table, as the end of a Spanish sentence."""


def parse(data: bytes) -> tuple[Dialect, Iterator[list[str]]]:
    """Find out how a CSV file is written, and return that with its records, the header first.

    Records come one by one, as they are: quoted cells keep their newlines, short rows stay short, a blank line
    is an empty record. The records raise when a quoted cell never ends, rather than swallow the rows after it.
    """
    if not data.strip():
        raise _NotCsv("el archivo está vacío")
    if b"\0" in data:
        raise _NotCsv("no es un CSV de texto (tiene bytes nulos); guárdelo como «CSV UTF-8»")
    encoding = _encoding(data)
    dialect = _dialect(data[:65_536].decode(encoding, errors="ignore"), encoding)
    text = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
    return dialect, _records(text, dialect)


def _encoding(data: bytes) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") and encoding == "utf-8" else encoding
    raise _NotCsv("no está en UTF-8 ni en Windows-1252; guárdelo como «CSV UTF-8»")


def _dialect(beginning: str, encoding: str) -> Dialect:
    """Judge by the first record, without what it has in quotes."""
    outside = "".join(beginning.split('"')[::2])
    first = outside.splitlines()[0] if outside else ""
    newline = "\n" if "\n" in outside and "\r\n" not in outside else "\r\n"
    return Dialect(max(_DELIMITERS, key=first.count), encoding, newline)


def _records(text: io.TextIOWrapper, dialect: Dialect) -> Iterator[list[str]]:
    reader = csv.reader(text, delimiter=dialect.delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as problem:
        raise _NotCsv(
            f"la línea {reader.line_num} tiene comillas sin cerrar o mal puestas, o una celda enorme"
        ) from problem


def write_table(path: Path, records: Sequence[Sequence[str]], dialect: Dialect = USUAL_DIALECT) -> Dialect:
    """Write a CSV file whole or not at all, and return the dialect it got.

    That is the given one, unless a text does not fit in cp1252: then the file becomes UTF-8 with a mark. Cells
    are written as they come (codecs shield them); their newlines become `\\n`. Raises `BookUnwritable`.
    """
    try:
        with replacing(path) as file:
            text = io.TextIOWrapper(file, encoding=dialect.encoding, newline="")
            writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator=dialect.newline)
            writer.writerows([_one_newline(cell) for cell in record] for record in records)
            text.detach()
    except UnicodeEncodeError as problem:
        if dialect.encoding == "cp1252":
            return write_table(path, records, replace(dialect, encoding="utf-8-sig"))
        raise BookUnwritable(f"No se puede escribir {path}: hay un texto con caracteres rotos.") from problem
    except OSError as problem:
        raise BookUnwritable(f"No se puede escribir {path}: {reason(problem)}.") from problem
    return dialect


def _one_newline(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell
