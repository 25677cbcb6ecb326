"""The requests of `spreadsheets.batchUpdate` that a change is made of. Pure: no network here.

Cells are stored as their codec encodes them and nothing else of a row is named. Our dates and numbers bring their
format along, so that a row that was just added, or a column that somebody formatted, shows them as what they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from occupation.sheets.book import Place, RowChange, Stray, raw_of
from occupation.sheets.cells import WholeCodec
from occupation.sheets.layout import COLUMNS, Columns, Owner, Tab, column
from occupation.sheets.moments import DateCodec, DatetimeCodec

SPARE_ROWS: Final = 100
"""Rows added beyond those needed when a tab is too small, so that it does not grow at every write."""

_DATE: Final = {"type": "DATE", "pattern": "dd-mm-yyyy"}
_DATETIME: Final = {"type": "DATE_TIME", "pattern": "dd-mm-yyyy hh:mm:ss"}
_WHOLE: Final = {"type": "NUMBER", "pattern": "0"}
_FORMAT: Final = "userEnteredFormat.numberFormat"
_VALUE: Final = "userEnteredValue"

Json = dict[str, Any]


class Sheet(NamedTuple):
    """What a request has to know of a tab beside its name."""

    number: int
    rows: int
    columns: int


class _Piece(NamedTuple):
    """Neighbouring cells of one row that are written with the same fields."""

    row: int
    left: int
    fields: str
    cells: tuple[Json, ...]

    @property
    def shape(self) -> tuple[int, int, str]:
        return self.left, len(self.cells), self.fields


def growth(sheet: Sheet, changes: Sequence[RowChange]) -> Iterator[Json]:
    """Make room for the lowest of the rows, if there is none."""
    lowest = max(change.number for change in changes)
    if lowest > sheet.rows:
        length = lowest - sheet.rows + SPARE_ROWS
        yield {"appendDimension": {"sheetId": sheet.number, "dimension": "ROWS", "length": length}}


def updates(tab: Tab, sheet: Sheet, columns: Columns, changes: Sequence[RowChange]) -> Iterator[Json]:
    """Write the changes of one tab; alike pieces of rows that follow one another become one request."""
    pieces = [piece for change in changes for piece in _pieces(tab, columns, change)]
    pieces.sort(key=lambda piece: (piece.shape, piece.row))
    for _, run in groupby(enumerate(pieces), lambda place: (place[1].shape, place[1].row - place[0])):
        block = [piece for _, piece in run]
        start = {"sheetId": sheet.number, "rowIndex": block[0].row, "columnIndex": block[0].left}
        rows = [{"values": list(piece.cells)} for piece in block]
        yield {"updateCells": {"start": start, "rows": rows, "fields": block[0].fields}}


def entering(sheet: Sheet, cells: Mapping[Place, object]) -> Iterator[Json]:
    """Type these cells, after making room for them: a text that begins with `=` is a formula."""
    wanted = Sheet(sheet.number, max(place.number for place in cells), max(place.position for place in cells) + 1)
    yield from _room(sheet, wanted)
    for place, raw in sorted(cells.items()):
        start = {"sheetId": sheet.number, "rowIndex": place.number - 1, "columnIndex": place.position}
        typed = {} if raw is None or raw == "" else {_VALUE: _typed(raw)}
        yield {"updateCells": {"start": start, "rows": [{"values": [typed]}], "fields": _VALUE}}


def copying(sheet: Sheet, title: str, place: int) -> Json:
    """Duplicate a tab under another name, as the tab number `place` of the book."""
    return {"duplicateSheet": {"sourceSheetId": sheet.number, "insertSheetIndex": place, "newSheetName": title}}


def restoring(sheet: Sheet, copy: Sheet) -> Iterator[Json]:
    """Make a tab as large as its copy and paste all of the copy over it, blanks too."""
    yield from _room(sheet, copy)
    for dimension, has, wants in (("ROWS", sheet.rows, copy.rows), ("COLUMNS", sheet.columns, copy.columns)):
        if has > wants:
            beyond = {"sheetId": sheet.number, "dimension": dimension, "startIndex": wants, "endIndex": has}
            yield {"deleteDimension": {"range": beyond}}
    area = {"startRowIndex": 0, "endRowIndex": copy.rows, "startColumnIndex": 0, "endColumnIndex": copy.columns}
    source, target = {"sheetId": copy.number} | area, {"sheetId": sheet.number} | area
    yield {"copyPaste": {"source": source, "destination": target, "pasteType": "PASTE_NORMAL"}}


def _room(sheet: Sheet, wanted: Sheet) -> Iterator[Json]:
    for dimension, has, wants in (("ROWS", sheet.rows, wanted.rows), ("COLUMNS", sheet.columns, wanted.columns)):
        if wants > has:
            yield {"appendDimension": {"sheetId": sheet.number, "dimension": dimension, "length": wants - has}}


def _pieces(tab: Tab, columns: Columns, change: RowChange) -> Iterator[_Piece]:
    cells = sorted((columns.positions[header], header) for header in change.cells)
    keyed = [(position, header, _fields(tab, header)) for position, header in cells]
    for (_, fields), run in groupby(enumerate(keyed), lambda place: (place[1][0] - place[0], place[1][2])):
        block = [one for _, one in run]
        told = tuple(_cell(tab, header, change.cells) for _, header, _ in block)
        yield _Piece(change.number - 1, block[0][0], fields, told)


def _fields(tab: Tab, header: str) -> str:
    return f"{_VALUE},{_FORMAT}" if _number_format(tab, header) else _VALUE


def _number_format(tab: Tab, header: str) -> dict[str, str] | None:
    codec = column(tab, header).codec
    if isinstance(codec, DatetimeCodec):
        return _DATETIME
    if isinstance(codec, WholeCodec):
        return _WHOLE
    return _DATE if isinstance(codec, DateCodec) else None


def _cell(tab: Tab, header: str, cells: Mapping[str, Any]) -> Json:
    raw = raw_of(tab, header, cells[header])
    fmt = _number_format(tab, header)
    told: Json = {"userEnteredFormat": {"numberFormat": fmt}} if fmt else {}
    return told | _holding(raw)


def _holding(raw: object) -> Json:
    return {} if raw is None or raw == "" else {_VALUE: _extended(raw)}


def _typed(raw: object) -> Json:
    return {"formulaValue": raw} if isinstance(raw, str) and raw.startswith("=") else _extended(raw)


def _extended(raw: object) -> Json:
    if isinstance(raw, bool):
        return {"boolValue": raw}
    return {"numberValue": raw} if isinstance(raw, int | float) else {"stringValue": str(raw)}


def dressing(sheet: Sheet, columns: Columns) -> Iterator[Json]:
    """Show the dates, times and numbers of our columns as such, below the header and all the way down."""
    for known in COLUMNS[columns.tab]:
        fmt = _number_format(columns.tab, known.header)
        at = columns.positions.get(known.header, sheet.columns)
        if fmt and known.owner is Owner.APP and at < sheet.columns and sheet.rows > 1:
            below = {"sheetId": sheet.number, "startRowIndex": 1, "startColumnIndex": at, "endColumnIndex": at + 1}
            cell = {"userEnteredFormat": {"numberFormat": fmt}}
            yield {"repeatCell": {"range": below, "cell": cell, "fields": _FORMAT}}


def restored(sheet: Sheet, cell: Stray) -> Json:
    """Give a cell the value that it held before. Its looks stay."""
    start = {"sheetId": sheet.number, "rowIndex": cell.row - 1, "columnIndex": cell.column}
    return {"updateCells": {"start": start, "rows": [{"values": [_holding(cell.before)]}], "fields": _VALUE}}


def filled_down(sheet: Sheet, cell: Stray, source: int) -> Json:
    """Give a cell the formula of the row `source` in its column, as filling down does."""
    taken, given = (
        {
            "sheetId": sheet.number,
            "startRowIndex": row - 1,
            "endRowIndex": row,
            "startColumnIndex": cell.column,
            "endColumnIndex": cell.column + 1,
        }
        for row in (source, cell.row)
    )
    return {"copyPaste": {"source": taken, "destination": given, "pasteType": "PASTE_FORMULA"}}
