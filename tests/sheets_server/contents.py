"""Requests of `spreadsheets.batchUpdate` that change cells: updateCells, appendCells, repeatCell, copyPaste."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.sheets_server.a1 import Area, area_of
from tests.sheets_server.cells import BLANK, Cell, Formula, Value
from tests.sheets_server.errors import TOO_LONG, invalid
from tests.sheets_server.formats import Format
from tests.sheets_server.grid import Tab
from tests.sheets_server.schema import Mask, check_mask, parse_mask
from tests.sheets_server.workbook import Workbook

Json = dict[str, Any]
Change = Callable[[Cell], Cell]


def update_cells(book: Workbook, told: Mapping[str, Any]) -> Json:
    """Set the fields of the mask in a range, or from a start on; a field that a cell lacks is cleared."""
    mask = _cell_mask(told.get("fields"))
    tab, area = _target(book, told)
    rows = told.get("rows", [])
    _require_fit(tab, area, rows)
    area = area.clipped(tab.row_count, tab.column_count)
    bottom, right = area.ends()
    if "range" not in told:
        bottom = area.top + len(rows)
        right = area.left + max((len(row.get("values", [])) for row in rows), default=0)
    tab.require_editable(Area(area.top, area.left, max(bottom, area.top + 1), max(right, area.left + 1)))
    for number in range(area.top, bottom):
        cells = rows[number - area.top].get("values", []) if number - area.top < len(rows) else []
        # In a range every cell is set, those without data to nothing; from a start only those there is data for.
        width = right - area.left if "range" in told else len(cells)
        tab.put_row(
            number,
            {
                area.left + at: _set(tab.cell(number, area.left + at), cells[at] if at < len(cells) else {}, mask)
                for at in range(width)
            },
        )
    return {}


def _target(book: Workbook, told: Mapping[str, Any]) -> tuple[Tab, Area]:
    if "range" in told:
        tab = book.by_id(told["range"].get("sheetId", 0))
        return tab, tab.clip(area_of(told["range"]))
    if "start" not in told:
        raise invalid("Must specify one of the following: start, range")
    start = told["start"]
    tab = book.by_id(start.get("sheetId", 0))
    area = Area(start.get("rowIndex", 0), start.get("columnIndex", 0))
    tab.require_start(Area(area.top, area.left, area.top + 1, area.left + 1))
    return tab, area


def _require_fit(tab: Tab, area: Area, rows: Sequence[Mapping[str, Any]]) -> None:
    bottom, right = area.clipped(tab.row_count, tab.column_count).ends()
    width = max((len(row.get("values", [])) for row in rows), default=0)
    if area.top + len(rows) > bottom:
        raise invalid(f"Attempting to write row: {bottom}, beyond the last requested row of: {bottom - 1}")
    if area.left + width > right:
        raise invalid(f"Attempting to write column: {right}, beyond the last requested column of: {right - 1}")


def append_cells(book: Workbook, told: Mapping[str, Any]) -> Json:
    """Add rows after the last one with a value, growing the grid as needed."""
    mask = _cell_mask(told.get("fields"))
    tab = book.by_id(told.get("sheetId", 0))
    rows = told.get("rows", [])
    top = tab.last_filled_row()
    width = max((len(row.get("values", [])) for row in rows), default=0)
    tab.grow(top + len(rows), width)
    book.require_room()
    tab.require_editable(Area(top, 0, top + max(len(rows), 1), max(width, 1)))
    for number, row in enumerate(rows, start=top):
        cells = row.get("values", [])
        tab.put_row(number, {at: _set(tab.cell(number, at), cell, mask) for at, cell in enumerate(cells)})
    return {}


def repeat_cell(book: Workbook, told: Mapping[str, Any]) -> Json:
    """Set the fields of the mask alike in every cell of a range that starts inside the grid."""
    mask = _cell_mask(told.get("fields"))
    tab = book.by_id(told["range"].get("sheetId", 0))
    area = tab.clip(area_of(told["range"]))
    tab.require_editable(area)
    bottom, right = area.ends()
    template = told.get("cell", {})
    blanks: dict[str, Cell] = {}  # most cells of a column are alike: they share one object

    def change(before: Cell) -> Cell:
        if before.value is not None or before.note is not None:
            return _set(before, template, mask)
        key = str(before.format)
        if key not in blanks:
            blanks[key] = _set(before, template, mask)
        return blanks[key]

    for number in range(area.top, bottom):
        tab.put_row(number, {at: change(tab.cell(number, at)) for at in range(area.left, right)})
    return {}


def _cell_mask(fields: str | None) -> Mask:
    if not fields:
        raise invalid("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    mask = parse_mask(fields)
    check_mask(mask, "CellData")
    unknown = set(mask) - {"*", "userEnteredValue", "userEnteredFormat", "note"}
    if unknown:
        raise invalid(f"This server does not model setting {', '.join(sorted(unknown))}.")
    return mask


def _set(before: Cell, told: Mapping[str, Any], mask: Mask) -> Cell:
    if "*" in mask:
        mask = {"userEnteredValue": {}, "userEnteredFormat": {}, "note": {}}
    after = before
    if "userEnteredValue" in mask:
        after = after.holding(_value(told.get("userEnteredValue") or {}))
    if "userEnteredFormat" in mask:
        after = after.dressed(_format(before.format, told.get("userEnteredFormat") or {}, mask["userEnteredFormat"]))
    if "note" in mask:
        after = after.annotated(told.get("note") or None)
    return after


def _value(told: Mapping[str, Any]) -> Value:
    if len(told) > 1:
        raise invalid("Only one value of ExtendedValue can be set.")
    for name, value in told.items():
        if name == "numberValue":
            return float(value)
        if name == "formulaValue":
            return Formula(value)
        if name == "stringValue" and len(value) > 50_000:
            raise invalid(TOO_LONG)
        if name in {"stringValue", "boolValue"}:
            kept: str | bool = value
            return kept if kept != "" else None
        raise invalid("ExtendedValue.error_value is read-only.")
    return None


def _format(before: Format | None, told: Mapping[str, Any], mask: Mask) -> Format | None:
    if not mask or "*" in mask:
        return dict(told) or None
    after = dict(before or {})
    for name, inside in mask.items():
        after.pop(name, None)
        value = told.get(name)
        if inside and isinstance(value, dict):
            value = {part: value[part] for part in inside if part in value} or None
        if inside and before and isinstance(before.get(name), dict):
            value = {part: old for part, old in before[name].items() if part not in inside} | (value or {})
        if value:
            after[name] = value
    return after or None


def copy_paste(book: Workbook, told: Mapping[str, Any]) -> Json:
    """Paste a range over another: all of it, its values or its formats. A larger destination repeats the source."""
    source_tab = book.by_id(told["source"].get("sheetId", 0))
    source = source_tab.clip(area_of(told["source"]))
    tab = book.by_id(told["destination"].get("sheetId", 0))
    target = area_of(told["destination"])
    tab.require_start(target)
    block = _block(book, source_tab, source, told.get("pasteType", "PASTE_NORMAL"))
    bottom, right = target.clipped(tab.row_count, tab.column_count).ends()
    height = max(len(block), (bottom - target.top) // len(block) * len(block))
    width = max(len(block[0]), (right - target.left) // len(block[0]) * len(block[0]))
    area = Area(target.top, target.left, target.top + height, target.left + width)
    tab.require_editable(area)
    tab.grow(*area.ends())
    for row in range(height):
        for column in range(width):
            place = (target.top + row, target.left + column)
            cell = block[row % len(block)][column % len(block[0])](tab.cell(*place))
            by = (place[0] - source.top - row % len(block), place[1] - source.left - column % len(block[0]))
            tab.put(*place, tab.relocated({0: cell}, *by).get(0, BLANK))
    return {}


def _block(book: Workbook, tab: Tab, area: Area, kind: str) -> list[list[Change]]:
    bottom, right = area.ends()
    return [
        [_paste(book, tab, row, column, kind) for column in range(area.left, right)] for row in range(area.top, bottom)
    ]


def _paste(book: Workbook, tab: Tab, row: int, column: int, kind: str) -> Change:
    cell = tab.cell(row, column)
    if kind == "PASTE_NORMAL":
        return lambda _: cell
    if kind == "PASTE_FORMULA":
        return lambda before: before.holding(cell.value)
    if kind == "PASTE_VALUES":
        result = book.result(tab, row, column, cell)
        return lambda before: before.holding(result)
    if kind == "PASTE_FORMAT":
        return lambda before: before.dressed(cell.format)
    raise invalid(f"This server does not model pasteType {kind}.")
