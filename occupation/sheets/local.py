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
from dataclasses import dataclass
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
    Cells,
    Change,
    Grid,
    Picked,
    Place,
    RowChange,
    Stray,
    TabNames,
    WriteUnknown,
    choose,
    gather,
    is_filled,
    missing_tab,
    pick,
    without_blanks,
)
from occupation.sheets.csv_edit import CsvText
from occupation.sheets.csv_files import (
    USUAL_DIALECT,
    Dialect,
    NotCsv,
    dialect_of,
    encoding_of,
    parse,
    write_table,
    write_text,
)
from occupation.sheets.files import Stamp, read_settled, reason, refuse_moved, stamp
from occupation.sheets.layout import Columns, Hold, Tab, column
from occupation.sheets.local_tabs import copy_file, copy_files, file_of, titles_in

FILE_LIMIT: Final = 100_000_000
"""Most bytes of one tab's file: more than twice what 50,000 full rows take."""


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
        self._stamps: dict[str, Stamp | None] = {}
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
                self._write(edit)
            except BookUnwritable as problem:
                if done:
                    raise WriteUnknown(str(problem)) from problem
                raise

    def doubt_tabs(self) -> None:
        """Nothing to do: a file is read and written by its name."""

    def put_back(self, tab: Tab, cells: Sequence[Stray]) -> int:
        """Nothing to do: no file is written but as it was read, so no cell lands elsewhere."""
        del tab, cells
        return 0

    def show_dates(self, columns: Sequence[Columns]) -> None:
        """Nothing to do: the text of a CSV file is what people see."""

    def titles(self) -> list[str]:
        """See `LiveBook.titles`."""
        return titles_in(self._there())

    def read_cells(self, titles: Sequence[str], *, formulas: bool = False) -> list[Cells | None]:
        """See `LiveBook.read_cells`. A CSV file has no formulas: what looks like one is its text."""
        del formulas
        return [self._cells(title) for title in titles]

    def enter(self, tab: Tab, cells: Mapping[Place, object]) -> None:
        """See `LiveBook.enter`."""
        rows: dict[int, dict[int, str]] = {}
        for place, raw in cells.items():
            rows.setdefault(place.number, {})[place.position] = "" if raw is None else str(raw)
        self._write(self._edited(tab, rows))

    def copy_tabs(self, copies: Mapping[str, str]) -> None:
        """See `LiveBook.copy_tabs`: one file after the other, each whole or not at all."""
        copy_files(self._there(), copies, FILE_LIMIT)

    def restore_tabs(self, copies: Mapping[Tab, str]) -> None:
        """See `LiveBook.restore_tabs`: one file after the other. No file is touched unless all are as last read."""
        for tab in copies:
            self._as_read(tab)
        for tab, copy in copies.items():
            copy_file(file_of(self.folder, copy), self.path(tab), FILE_LIMIT, self._stamps[self.names[tab]])
            self._stamps[self.names[tab]] = stamp(self.path(tab))

    def _cells(self, title: str) -> Cells | None:
        data = self._bytes(title)
        if data is None:
            return None
        try:
            for tab in (tab for tab in Tab if self.names[tab] == title):
                self._seen[tab] = _digest(data)
                data = _whole(tab, data)
            return without_blanks(list(parse(data)[1]))
        except NotCsv as problem:
            raise BookUnreadable(f"No se puede leer {file_of(self.folder, title)}: {problem}.") from problem

    def _answer(self, ask: Ask) -> Grid | Hold:
        data = self._bytes(self.names[ask.tab])
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
        except NotCsv as problem:
            raise BookUnreadable(f"No se puede leer {self.path(ask.tab)}: {problem}.") from problem

    def _edit(self, tab: Tab, columns: Columns, rows: Sequence[RowChange]) -> _Edit:
        """Work out a file's new text. Raises `BookMoved` when it is not as it was last read."""
        return self._edited(tab, {row.number: _texts(tab, columns, row.cells) for row in rows})

    def _edited(self, tab: Tab, rows: Mapping[int, Mapping[int, str]]) -> _Edit:
        whole = _whole(tab, self._as_read(tab))
        dialect = parse(whole)[0]
        text = CsvText.of(whole.decode(dialect.encoding), dialect.delimiter, dialect.newline)
        had = len(text.sources)
        for number, cells in sorted(rows.items()):
            text.set(number, cells)
        grows = tab == Tab.METADATA and min(rows) > had
        return _Edit(tab, dialect, text, whole, had if grows else None, self._stamps[self.names[tab]])

    def _as_read(self, tab: Tab) -> bytes:
        """Return the file's bytes. Raises `BookMoved` when it is not as it was last read."""
        data = self._bytes(self.names[tab])
        if data is None or _digest(data) != self._seen.get(tab):
            raise BookMoved(f"{self.path(tab)} cambió desde que se leyó.")
        return data

    def _write(self, edit: _Edit) -> None:
        path = self.path(edit.tab)
        self._dialects[edit.tab] = _write_edit(path, edit)
        self._stamps[self.names[edit.tab]] = stamp(path)

    def dialect(self, tab: Tab) -> Dialect:
        """Return the dialect the tab's file had when it was last read or written here."""
        return self._dialects.get(tab, USUAL_DIALECT)

    def write(self, tab: Tab, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Replace the whole tab, atomically, in the dialect its file had. Raises `BookUnwritable`."""
        self._dialects[tab] = write_table(self.path(tab), [header, *rows], self.dialect(tab))

    def path(self, tab: Tab) -> Path:
        """Return the file of a tab."""
        return file_of(self.folder, self.names[tab])

    def _bytes(self, title: str) -> bytes | None:
        """Return the bytes of a tab's file, `None` when the folder is there and the file is not."""
        path = file_of(self.folder, title)
        if path.parent != self.folder:
            raise BookUnreadable(f"El nombre de hoja «{title}» no sirve como nombre de archivo.")
        try:
            self._there()
            data, self._stamps[title] = read_settled(path, FILE_LIMIT, self._stamps.get(title), self.patience)
        except FileNotFoundError:
            self._stamps.pop(title, None)
            return None
        except OSError as problem:
            raise BookUnreadable(f"No se puede leer {path}: {reason(problem)}.") from problem
        return data

    def _there(self) -> Path:
        """The folder. Raises `BookUnreadable` when there is none."""
        if not self.folder.is_dir():
            raise BookUnreadable(f"No existe la carpeta del libro: {self.folder}.")
        return self.folder


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
        return write_text(path, edit.text.since(1), edit.dialect, edit.still)
    added = edit.text.since(edit.grows + 1)
    ended = edit.before.endswith((b"\n", b"\r"))
    try:
        data = (("" if ended else edit.dialect.newline) + added).encode(edit.dialect.encoding.removesuffix("-sig"))
    except UnicodeEncodeError:
        return write_text(path, edit.text.since(1), edit.dialect, edit.still)
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
    encoding = encoding_of(data)
    dialect = dialect_of(data[:65_536].decode(encoding, errors="ignore"), encoding)
    text = CsvText.of(data.decode(encoding), dialect.delimiter, dialect.newline)
    header, last = _record(text.sources[0], dialect), text.sources[-1]
    if len(text.sources) < 2:
        return data
    if tab == Tab.METADATA:
        torn = _is_torn(header, _record(last, dialect), last)
        return data[: len(data) - len(last.encode(encoding.removesuffix("-sig")))] if torn else data
    if len(_record(last, dialect)) < len(header):
        raise NotCsv(f"la fila {len(text.sources)}, la última, está cortada; guárdelo de nuevo")
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
