"""The workbook as a folder of CSV files, one per tab, that people open and save in a spreadsheet program.

It reads what those programs write (comma, semicolon or tab; UTF-8 with or without mark, or cp1252) and keeps
each file's dialect, so that writing it back changes nothing but the cells. People save while the shop works: a file
is only written if it is still as it was last read.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from occupation.sheets.book import (
    USUAL_NAMES,
    Ask,
    AsRead,
    BookMoved,
    BookUnreadable,
    BookUnwritable,
    Change,
    Grid,
    Picked,
    RowChange,
    Stray,
    TabNames,
    WriteUnknown,
    choose,
    gather,
    is_filled,
    missing_tab,
    pick,
)
from occupation.sheets.csv_edit import CsvText
from occupation.sheets.files import Stamp, read_settled, reason, refuse_moved, replacing, stamp
from occupation.sheets.layout import Columns, Hold, Tab, column

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
    """A folder of `<tab name>.csv` files. See `LiveBook` for what each method promises.

    With `patience`, a file that somebody has just written or taken away is only believed once it stays as it is for
    that many seconds.
    """

    metered = False

    def __init__(self, folder: Path, names: TabNames = USUAL_NAMES, patience: float = 0.0) -> None:
        self.folder = folder
        self.names = names
        self.patience = patience
        self._stamps: dict[Tab, Stamp | None] = {}
        self._dialects: dict[Tab, Dialect] = {}
        self._seen: dict[Tab, bytes] = {}
        self._answers: dict[Ask, tuple[bytes, Grid | Hold]] = {}

    def read(self, tab: Tab, columns: Sequence[str] | None = None) -> Grid | Hold:
        """See `Book.read`. The file is read in one go, so a save in the middle cannot mix two versions."""
        return self._answer(Ask(tab, None if columns is None else tuple(columns)))

    def read_many(self, asks: Sequence[Ask]) -> list[Grid | Hold]:
        """See `LiveBook.read_many`. An unchanged file gives the same answer again."""
        return [self._answer(ask) for ask in asks]

    def apply(self, change: Change) -> None:
        """See `LiveBook.apply`. No file is touched unless all are still as they were read.

        Metadata grows in place; the other files are replaced whole. `WriteUnknown` is a disk that failed when one of
        the files was written already.
        """
        rows = sorted(change.rows, key=lambda row: (row.tab, row.number))
        edits = [self._edit(tab, change.columns[tab], list(mine)) for tab, mine in groupby(rows, lambda row: row.tab)]
        for done, edit in enumerate(edits):
            try:
                self._dialects[edit.tab] = _write_edit(self.path(edit.tab), edit)
                self._stamps[edit.tab] = stamp(self.path(edit.tab))
            except BookUnwritable as problem:
                if done:
                    raise WriteUnknown(str(problem)) from problem
                raise

    def put_back(self, tab: Tab, cells: Sequence[Stray]) -> int:
        """Nothing to do: no file is written but as it was read, so no cell lands elsewhere."""
        del tab, cells
        return 0

    def show_dates(self, columns: Sequence[Columns]) -> None:
        """Nothing to do: the text of a CSV file is what people see."""

    def _answer(self, ask: Ask) -> Grid | Hold:
        data = self._bytes(ask.tab)
        if data is None:
            return missing_tab(ask.tab, self.names[ask.tab])
        mark = _digest(data)
        self._seen[ask.tab] = mark
        known = self._answers.get(ask)
        if known is None or known[0] != mark:
            known = mark, self._parsed(ask, data)
            self._answers[ask] = known
        return known[1]

    def _parsed(self, ask: Ask, data: bytes) -> Grid | Hold:
        try:
            data = _whole(ask.tab, data)
            dialect, records = parse(data)
            self._dialects[ask.tab] = dialect
            picked = pick(ask.tab, next(records, []), ask.columns)
            return picked if isinstance(picked, Hold) else _from(ask.first_row, picked, records)
        except _NotCsv as problem:
            raise BookUnreadable(f"No se puede leer {self.path(ask.tab)}: {problem}.") from problem

    def _edit(self, tab: Tab, columns: Columns, rows: Sequence[RowChange]) -> _Edit:
        """Work out a file's new text. Raises `BookMoved` when it is not as it was last read."""
        data = self._bytes(tab)
        if data is None or _digest(data) != self._seen.get(tab):
            raise BookMoved(f"{self.path(tab)} cambió desde que se leyó.")
        whole = _whole(tab, data)
        dialect = parse(whole)[0]
        text = CsvText.of(whole.decode(dialect.encoding), dialect.delimiter, dialect.newline)
        had = len(text.sources)
        for row in rows:
            text.set(row.number, _texts(tab, columns, row.cells))
        grows = tab == Tab.METADATA and rows[0].number > had
        return _Edit(tab, dialect, text, whole, had if grows else None, self._stamps[tab])

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
            data, self._stamps[tab] = read_settled(path, FILE_LIMIT, self._stamps.get(tab), self.patience)
        except FileNotFoundError:
            self._stamps.pop(tab, None)
            return None
        except OSError as problem:
            raise BookUnreadable(f"No se puede leer {path}: {reason(problem)}.") from problem
        return data


@dataclass(frozen=True, slots=True)
class _Edit:
    """A file's new text, and its bytes and stamp before. If it only `grows`, that is how many records stay."""

    tab: Tab
    dialect: Dialect
    text: CsvText
    before: bytes
    grows: int | None
    still: Stamp | None


def _texts(tab: Tab, columns: Columns, cells: Mapping[str, Any]) -> dict[int, str]:
    return {columns.positions[header]: _text(tab, header, value) for header, value in cells.items()}


def _text(tab: Tab, header: str, value: object) -> str:
    if isinstance(value, AsRead):
        return "" if value.raw is None else str(value.raw)
    return column(tab, header).codec.encode_text(value)


def _write_edit(path: Path, edit: _Edit) -> Dialect:
    """Write the new text in the dialect the file had, and return the one it got."""
    if edit.grows is None:
        return _write_text(path, edit.text.since(1), edit.dialect, edit.still)
    added = edit.text.since(edit.grows + 1)
    ended = edit.before.endswith((b"\n", b"\r"))
    try:
        data = (("" if ended else edit.dialect.newline) + added).encode(edit.dialect.encoding.removesuffix("-sig"))
    except UnicodeEncodeError:
        return _write_text(path, edit.text.since(1), edit.dialect, edit.still)
    refuse_moved(path, edit.still)
    _append(path, len(edit.before), data)
    return edit.dialect


def _append(path: Path, size: int, data: bytes) -> None:
    """Write after the first `size` bytes, for good; what cannot be written whole is taken back."""
    try:
        with path.open("r+b") as file:
            file.truncate(size)
            file.seek(size)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise
    except OSError as problem:
        raise BookUnwritable(f"No se puede escribir {path}: {reason(problem)}.") from problem


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


_ID_OR_ITS_BEGINNING: Final = re.compile(r"[0-9a-f]{1,8}|[0-9a-f]{8}-[0-9a-f-]{0,27}")


def _whole(tab: Tab, data: bytes) -> bytes:
    """Return the file without a last row of ours that a power cut tore while Metadata was growing.

    In the other tabs a last row without an end and without all its cells is one that somebody is still saving, or
    could not save: cells that are not there yet would be taken for cells that a person emptied.
    """
    if not data.strip() or data.endswith((b"\n", b"\r")):
        return data
    encoding = _encoding(data)
    dialect = _dialect(data[:65_536].decode(encoding, errors="ignore"), encoding)
    text = CsvText.of(data.decode(encoding), dialect.delimiter, dialect.newline)
    header, last = _record(text.sources[0], dialect), text.sources[-1]
    if len(text.sources) < 2:
        return data
    if tab == Tab.METADATA:
        torn = _is_torn(header, _record(last, dialect), last)
        return data[: len(data) - len(last.encode(encoding.removesuffix("-sig")))] if torn else data
    if len(_record(last, dialect)) < len(header):
        raise _NotCsv(f"la fila {len(text.sources)}, la última, está cortada; guárdelo de nuevo")
    return data


def _record(source: str, dialect: Dialect) -> list[str]:
    return next(csv.reader(io.StringIO(source, newline=""), delimiter=dialect.delimiter), [])


def _is_torn(header: list[str], record: list[str], source: str) -> bool:
    """Whether the last row, which has no end, begins as ours do and is not all there."""
    picked = pick(Tab.METADATA, header, ["id", "metadata_json"])
    if isinstance(picked, Hold):
        return False
    id, detail = (str(cell or "") for cell in choose(picked, record))
    if not _ID_OR_ITS_BEGINNING.fullmatch(id):
        return False
    return len(record) < len(header) or source.count('"') % 2 == 1 or not _is_json(detail)


def _is_json(text: str) -> bool:
    try:
        json.loads(text or "{}")
    except ValueError:
        return False
    return True


def _from(first_row: int, picked: Picked, records: Iterator[list[str]]) -> Grid:
    grid = gather(picked, _chosen(picked, records))
    if first_row <= 2:
        return grid
    kept = [row for row in grid.rows if row.number >= first_row]
    return Grid(picked, kept, max(grid.last_row, first_row - 1))


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
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator=dialect.newline)
    writer.writerows([_one_newline(cell) for cell in record] for record in records)
    return _write_text(path, text.getvalue(), dialect)


def _write_text(path: Path, text: str, dialect: Dialect, still: Stamp | None = None) -> Dialect:
    try:
        with replacing(path, still) as file:
            file.write(text.encode(dialect.encoding))
    except UnicodeEncodeError as problem:
        if dialect.encoding == "cp1252":
            return _write_text(path, text, replace(dialect, encoding="utf-8-sig"), still)
        raise BookUnwritable(f"No se puede escribir {path}: hay un texto con caracteres rotos.") from problem
    except OSError as problem:
        raise BookUnwritable(f"No se puede escribir {path}: {reason(problem)}.") from problem
    return dialect


def _one_newline(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell
