"""`spreadsheets.values`: reading ranges and writing them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.sheets_server.a1 import Area, column_letters, range_text, split
from tests.sheets_server.cells import Cell
from tests.sheets_server.errors import ApiError, invalid
from tests.sheets_server.grid import NOTHING, Tab
from tests.sheets_server.typed import stored, typed
from tests.sheets_server.workbook import Workbook

Json = dict[str, Any]


def read_range(book: Workbook, text: str, query: Mapping[str, Any]) -> Json:
    """A `ValueRange`: blank rows and cells at the end are left out, those in between are `[]` and `""`."""
    tab, area = book.resolve(text)
    area = tab.clip(area)
    rows = _rows(
        book,
        tab,
        area,
        query.get("valueRenderOption", "FORMATTED_VALUE"),
        query.get("dateTimeRenderOption", "SERIAL_NUMBER"),
    )
    columns = query.get("majorDimension") == "COLUMNS"
    told: Json = {"range": range_text(tab.title, area), "majorDimension": "COLUMNS" if columns else "ROWS"}
    if lines := (_turned(rows) if columns else rows):
        told["values"] = lines
    return told


def _rows(book: Workbook, tab: Tab, area: Area, option: str, dates: str) -> list[list[Any]]:
    bottom, right = area.ends()
    lines: list[list[Any]] = []
    last = 0
    for number in range(area.top, bottom):
        line: list[Any] = []
        for column, cell in _filled(tab, number, area.left, right):
            line += [""] * (column - area.left - len(line))
            line.append(book.rendered(tab, number, column, cell, option, dates))
        lines.append(line)
        last = len(lines) if line else last
    return lines[:last]


def _filled(tab: Tab, number: int, left: int, right: int) -> list[tuple[int, Cell]]:
    row = tab.rows[number]
    if len(row) > right - left:
        return [(at, row[at]) for at in range(left, right) if at in row and row[at].value is not None]
    return sorted((at, cell) for at, cell in row.items() if left <= at < right and cell.value is not None)


def _turned(rows: Sequence[list[Any]]) -> list[list[Any]]:
    width = max(map(len, rows), default=0)
    columns = []
    for at in range(width):
        column = [row[at] if at < len(row) else "" for row in rows]
        while column and column[-1] == "":
            column.pop()
        columns.append(column)
    return columns


def write_range(book: Workbook, told: Mapping[str, Any], text: str, option: str) -> Json:
    """Write a `ValueRange` into the range and answer an `UpdateValuesResponse`.

    A range of one cell, or with an open end, is where to begin; a closed one also bounds what may be written. A null
    leaves its cell alone, `""` empties it, neither touches formats.
    """
    tab, area = book.resolve(text)
    if told.get("range") and book.resolve(told["range"]) != (tab, area):
        raise invalid(f"Requested range [{text}] does not match value's range [{told['range']}]")
    rows = _as_rows(told)
    tab.require_start(area, tab.title)
    width = max(map(len, rows), default=0)
    _require_fit(tab, area, text, len(rows), width)
    written = Area(area.top, area.left, area.top + max(len(rows), 1), area.left + max(width, 1))
    if width:
        tab.require_editable(written)
    count = _fill(book, tab, area, rows, option)
    answer = {"spreadsheetId": book.spreadsheet_id, "updatedRange": range_text(tab.title, written)}
    return answer | ({"updatedRows": len(rows), "updatedColumns": width, "updatedCells": count} if width else {})


def _as_rows(told: Mapping[str, Any]) -> list[list[Any]]:
    lines: list[list[Any]] = told.get("values", [])
    for place, line in enumerate(lines):
        for at, value in enumerate(line):
            if isinstance(value, list | dict):
                kind = "list_value" if isinstance(value, list) else "struct_value"
                raise invalid(f"Invalid values[{place}][{at}]: {kind} {json.dumps(value)}")
    if told.get("majorDimension") != "COLUMNS":
        return lines
    height = max(map(len, lines), default=0)
    return [[line[at] if at < len(line) else None for line in lines] for at in range(height)]


def _require_fit(tab: Tab, area: Area, text: str, height: int, width: int) -> None:
    anchored = area.is_one_cell
    bottom = tab.row_count if anchored or area.bottom is None else area.bottom
    right = tab.column_count if anchored or area.right is None else area.right
    if bottom > tab.row_count or right > tab.column_count:
        raise tab.beyond(area)
    if area.top + height > bottom:
        raise invalid(f"Requested writing within range [{_asked(tab, text)}], but tried writing to row [{bottom + 1}]")
    if area.left + width > right:
        raise invalid(
            f"Requested writing within range [{_asked(tab, text)}], "
            f"but tried writing to column [{column_letters(right)}]"
        )


def _asked(tab: Tab, text: str) -> str:
    cells = split(text)[1]
    title = range_text(tab.title, Area(0, 0, 1, 1)).rpartition("!")[0]
    return f"{title}!{cells}" if "!" in text or cells else title


def _fill(book: Workbook, tab: Tab, area: Area, rows: Sequence[Sequence[Any]], option: str) -> int:
    count = 0
    for number, line in enumerate(rows, start=area.top):
        cells = {}
        for column, raw in enumerate(line, start=area.left):
            if raw is not None:
                before = tab.cell(number, column)
                cells[column] = typed(raw, before, book.locale) if option == "USER_ENTERED" else stored(raw, before)
        if cells:
            tab.put_row(number, cells)
        count += len(cells)
    return count


def clear_range(book: Workbook, text: str) -> str:
    """Empty the cells of a range and say which range it was; formats stay."""
    tab, area = book.resolve(text)
    area = tab.clip(area)
    tab.require_editable(area)
    bottom, right = area.ends()
    for number in range(area.top, bottom):
        row = tab.rows[number]
        emptied = {at: cell.holding(None) for at, cell in row.items() if area.left <= at < right}
        if emptied:
            tab.put_row(number, emptied)
    return range_text(tab.title, area)


def append_rows(book: Workbook, told: Mapping[str, Any], text: str, query: Mapping[str, Any]) -> Json:
    """`values.append`: after the table that begins in the range, or where the range begins when there is none."""
    tab, area = book.resolve(text)
    tab.require_start(area)
    table = _table(tab, area.clipped(tab.row_count, tab.column_count))
    top = table.ends()[0] if table else area.top
    left = table.left if table else area.left
    rows = _as_rows(told)
    if query.get("insertDataOption") == "INSERT_ROWS" and table:
        tab.insert_rows(top, [NOTHING] * len(rows))
    tab.grow(top + len(rows), left + max(map(len, rows), default=0))
    book.require_room()
    start = range_text(tab.title, Area(top, left, top + 1, left + 1))
    updates = write_range(book, {"values": rows}, start, query["valueInputOption"])
    answer = {"spreadsheetId": book.spreadsheet_id, "updates": updates}
    return answer | ({"tableRange": range_text(tab.title, table)} if table else {})


def _table(tab: Tab, area: Area) -> Area | None:
    """The block of filled rows that touches the range, by the rows' filled extent."""
    bottom, right = area.ends()
    filled = [bool(_filled(tab, number, area.left, right)) for number in range(area.top, bottom)]
    if True not in filled:
        return None
    top = area.top + filled.index(True)
    length = 0
    while top + length < tab.row_count and _filled(tab, top + length, area.left, right):
        length += 1
    columns = [at for number in range(top, top + length) for at, _ in _filled(tab, number, 0, tab.column_count)]
    return Area(top, min(columns), top + length, max(columns) + 1)


def updated_data(book: Workbook, updated: str, told: Mapping[str, Any]) -> Json:
    """What `includeValuesInResponse` adds: the range as it reads now."""
    query = {
        "valueRenderOption": told.get("responseValueRenderOption", "FORMATTED_VALUE"),
        "dateTimeRenderOption": told.get("responseDateTimeRenderOption", "SERIAL_NUMBER"),
    }
    return read_range(book, updated, query)


def require_option(told: Mapping[str, Any]) -> str:
    """RAW or USER_ENTERED; Google has no default."""
    option = told.get("valueInputOption", "INPUT_VALUE_OPTION_UNSPECIFIED")
    if option == "INPUT_VALUE_OPTION_UNSPECIFIED":
        raise invalid("'valueInputOption' is required but not specified")
    return str(option)


def batch_write(book: Workbook, body: Mapping[str, Any]) -> Json:
    """`values.batchUpdate`: every range or none."""
    option = require_option(body)
    responses = []
    for place, told in enumerate(body.get("data", [])):
        try:
            written = write_range(book, told, told.get("range", ""), option)
        except ApiError as refused:
            raise refused.within(f"data[{place}]") from None
        if body.get("includeValuesInResponse"):
            written["updatedData"] = updated_data(book, written["updatedRange"], body)
        responses.append(written)
    totals = {
        f"totalUpdated{what}": sum(one.get(f"updated{what}", 0) for one in responses)
        for what in ("Rows", "Columns", "Cells")
    }
    totals["totalUpdatedSheets"] = len({split(one["updatedRange"])[0] for one in responses if "updatedRows" in one})
    told_totals = {what: total for what, total in totals.items() if total}
    return {"spreadsheetId": book.spreadsheet_id, **told_totals, "responses": responses}


def batch_clear(book: Workbook, body: Mapping[str, Any]) -> Json:
    cleared = []
    for place, text in enumerate(body.get("ranges", [])):
        try:
            cleared.append(clear_range(book, text))
        except ApiError as refused:
            raise refused.within(f"range[{place}]") from None
    return {"spreadsheetId": book.spreadsheet_id, "clearedRanges": cleared}
