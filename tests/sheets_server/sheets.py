"""Requests of `spreadsheets.batchUpdate` about tabs, the book and protected ranges; and `spreadsheets.get`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.sheets_server.a1 import Area, area_of, grid_range_of
from tests.sheets_server.cells import Formula
from tests.sheets_server.errors import PROTECTED, invalid
from tests.sheets_server.formats import LOCALES
from tests.sheets_server.formula import Result
from tests.sheets_server.grid import Protection, Tab
from tests.sheets_server.schema import Mask, check_mask, parse_mask
from tests.sheets_server.workbook import Workbook, plain

Json = dict[str, Any]

_KEPT_PROPERTIES = ("tabColor", "tabColorStyle", "rightToLeft")


def properties(book: Workbook, tab: Tab) -> Json:
    """The `SheetProperties` of a tab."""
    told: Json = {"sheetId": tab.sheet_id, "title": tab.title}
    told |= {"index": next(place for place, one in enumerate(book.tabs) if one is tab), "sheetType": "GRID"}
    told["gridProperties"] = {"rowCount": tab.row_count, "columnCount": tab.column_count, **tab.grid}
    return told | ({"hidden": True} if tab.hidden else {}) | tab.other


def describe(book: Workbook, ranges: Sequence[str] = (), *, grid_data: bool = False) -> Json:
    """The `Spreadsheet`. With ranges only their tabs are told, as Google does."""
    asked = [book.resolve(text) for text in ranges]
    tabs = [tab for tab in book.tabs if not asked or any(tab is one for one, _ in asked)]
    return {
        "spreadsheetId": book.spreadsheet_id,
        "properties": {
            "title": book.title,
            "locale": book.locale_name,
            "autoRecalc": "ON_CHANGE",
            "timeZone": book.time_zone,
        },
        "sheets": [_sheet(book, tab, [area for one, area in asked if one is tab], grid_data) for tab in tabs],
        "spreadsheetUrl": f"https://docs.google.com/spreadsheets/d/{book.spreadsheet_id}/edit",
    }


def _sheet(book: Workbook, tab: Tab, areas: Sequence[Area], grid_data: bool) -> Json:  # noqa: FBT001
    told: Json = {"properties": properties(book, tab)}
    if grid_data:
        told["data"] = [_grid_data(book, tab, tab.clip(area)) for area in areas or [Area()]]
    if tab.protections:
        told["protectedRanges"] = [_protected(tab, guard) for guard in tab.protections]
    return told


def _grid_data(book: Workbook, tab: Tab, area: Area) -> Json:
    bottom, right = area.ends()
    rows = [
        {"values": [cell_data(book, tab, row, column) for column in range(area.left, right)]}
        for row in range(area.top, bottom)
    ]
    starts = {"startRow": area.top, "startColumn": area.left}
    return {name: start for name, start in starts.items() if start} | {"rowData": rows}


def cell_data(book: Workbook, tab: Tab, row: int, column: int) -> Json:
    """One `CellData`: value as entered and as computed, text as shown, format, note."""
    cell = tab.cell(row, column)
    told: Json = {}
    if cell.value is not None:
        told["userEnteredValue"] = _extended(cell.value)
        result = book.result(tab, row, column, cell)
        failed = isinstance(cell.value, Formula) and isinstance(result, str) and result.startswith("#")
        told["effectiveValue"] = {"errorValue": {"type": "ERROR", "message": result}} if failed else _extended(result)
        told["formattedValue"] = book.shown(tab, row, column, cell)
    if cell.format is not None:
        told |= {"userEnteredFormat": cell.format, "effectiveFormat": cell.format}
    return told | ({"note": cell.note} if cell.note else {})


def _extended(value: Result | Formula) -> Json:
    if isinstance(value, Formula):
        return {"formulaValue": value.text}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    return {} if value is None else {"numberValue": plain(value)}


def add_sheet(book: Workbook, told: Mapping[str, Any]) -> Json:
    wanted = told.get("properties", {})
    grid = wanted.get("gridProperties", {})
    taken = {tab.title for tab in book.tabs}
    free = next(f"Sheet{number}" for number in range(1, len(taken) + 2) if f"Sheet{number}" not in taken)
    tab = book.add_tab(
        wanted.get("title", free),
        grid.get("rowCount", 1000),
        grid.get("columnCount", 26),
        wanted.get("sheetId"),
        wanted.get("index"),
    )
    tab.hidden = wanted.get("hidden", False)
    tab.grid = {name: value for name, value in grid.items() if name not in {"rowCount", "columnCount"}}
    tab.other = {name: wanted[name] for name in _KEPT_PROPERTIES if name in wanted}
    return {"addSheet": {"properties": properties(book, tab)}}


def delete_sheet(book: Workbook, told: Mapping[str, Any]) -> Json:
    tab = book.by_id(told.get("sheetId", 0), "No sheet with id: {}")
    if sum(not one.hidden for one in book.tabs if one is not tab) == 0:
        raise invalid("You can't remove all the visible sheets in a document.")
    if any(guard.refuses for guard in tab.protections):
        raise invalid(PROTECTED)
    book.tabs.remove(tab)
    return {}


def duplicate_sheet(book: Workbook, told: Mapping[str, Any]) -> Json:
    """A copy with its cells, formats and protections, by default right before the first tab."""
    source = book.by_id(told.get("sourceSheetId", 0), "No sheet with id: {}")
    title = told.get("newSheetName") or f"Copy of {source.title}"
    copy = book.add_tab(title, 1, 1, told.get("newSheetId"), told.get("insertSheetIndex", 0))
    copy.rows, copy.column_count = list(source.rows), source.column_count
    copy.grid, copy.other, copy.hidden = dict(source.grid), dict(source.other), source.hidden
    copy.protections = tuple(replace(guard, number=book.new_id()) for guard in source.protections)
    book.require_room()
    return {"duplicateSheet": {"properties": properties(book, copy)}}


def update_sheet_properties(book: Workbook, told: Mapping[str, Any]) -> Json:
    mask = _mask(told, "SheetProperties")
    wanted = told.get("properties", {})
    tab = book.by_id(wanted.get("sheetId", 0), "No sheet with id: {}")
    if "title" in mask and wanted.get("title", "").casefold() != tab.title.casefold():
        book.require_free_title(wanted.get("title", ""))
    if "title" in mask:
        _rename(book, tab, wanted["title"])
    if "index" in mask:
        _move_tab(book, tab, wanted.get("index", 0))
    if "hidden" in mask:
        tab.hidden = wanted.get("hidden", False)
    if "gridProperties" in mask:
        _update_grid(book, tab, wanted.get("gridProperties", {}), mask["gridProperties"])
    for name in set(mask) & set(_KEPT_PROPERTIES):
        tab.other.pop(name, None)
        tab.other |= {name: wanted[name]} if name in wanted else {}
    return {}


def _mask(told: Mapping[str, Any], schema: str) -> Mask:
    if not told.get("fields"):
        raise invalid("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    mask = parse_mask(told["fields"])
    check_mask(mask, schema)
    return {name: {} for name in told.get("properties", {})} if "*" in mask else mask


def _rename(book: Workbook, tab: Tab, title: str) -> None:
    before, tab.title = tab.title, title

    def renamed(text: str) -> str:
        quoted = title.replace("'", "''")
        return text.replace(f"'{before}'!", f"'{quoted}'!").replace(f"{before}!", f"'{quoted}'!")

    for one in book.tabs:
        one.map_formulas(renamed)


def _move_tab(book: Workbook, tab: Tab, index: int) -> None:
    """Google counts the index before the tab leaves its old place."""
    before = next(place for place, one in enumerate(book.tabs) if one is tab)
    del book.tabs[before]
    book.tabs.insert(index - 1 if index > before + 1 else index, tab)


def _update_grid(book: Workbook, tab: Tab, wanted: Mapping[str, Any], mask: Mask) -> None:
    names = set(mask) or set(wanted)
    rows = wanted.get("rowCount", tab.row_count) if "rowCount" in names else tab.row_count
    columns = wanted.get("columnCount", tab.column_count) if "columnCount" in names else tab.column_count
    tab.resize(rows, columns)
    book.require_room()
    for name in names - {"rowCount", "columnCount"}:
        tab.grid.pop(name, None)
        tab.grid |= {name: wanted[name]} if wanted.get(name) else {}


def update_spreadsheet_properties(book: Workbook, told: Mapping[str, Any]) -> Json:
    mask = _mask(told, "SpreadsheetProperties")
    wanted = told.get("properties", {})
    if "locale" in mask and wanted.get("locale") not in LOCALES:
        raise invalid(f"Invalid locale: {wanted.get('locale')}")
    book.title = wanted.get("title", book.title) if "title" in mask else book.title
    book.locale_name = wanted["locale"] if "locale" in mask else book.locale_name
    book.time_zone = wanted.get("timeZone", book.time_zone) if "timeZone" in mask else book.time_zone
    return {}


def add_protected_range(book: Workbook, told: Mapping[str, Any]) -> Json:
    """A protection made by the program, which may therefore still edit inside it."""
    wanted = told.get("protectedRange", {})
    tab = book.by_id(wanted.get("range", {}).get("sheetId", 0))
    guard = Protection(
        wanted.get("protectedRangeId") or book.new_id(),
        area_of(wanted.get("range", {})),
        by_office=False,
        warning=wanted.get("warningOnly", False),
        description=wanted.get("description", ""),
    )
    tab.protections += (guard,)
    return {"addProtectedRange": {"protectedRange": _protected(tab, guard)}}


def delete_protected_range(book: Workbook, told: Mapping[str, Any]) -> Json:
    number = told.get("protectedRangeId", 0)
    for tab in book.tabs:
        for guard in tab.protections:
            if guard.number == number:
                if guard.refuses:
                    raise invalid(PROTECTED)
                tab.protections = tuple(one for one in tab.protections if one is not guard)
                return {}
    raise invalid(f"No protected range with id: {number}")


def _protected(tab: Tab, guard: Protection) -> Json:
    told: Json = {"protectedRangeId": guard.number, "range": grid_range_of(tab.sheet_id, guard.area)}
    told |= {"description": guard.description} if guard.description else {}
    told |= {"warningOnly": True} if guard.warning else {"requestingUserCanEdit": not guard.refuses}
    return told


def keep_filter(book: Workbook, told: Mapping[str, Any]) -> Json:
    """A basic filter is accepted and hides nothing: `values` answers filtered rows too."""
    book.by_id(told.get("filter", {}).get("range", {}).get("sheetId", 0))
    return {}


def keep_looks(book: Workbook, told: Mapping[str, Any]) -> Json:
    """Widths of rows and columns are accepted and not kept."""
    del told, book
    return {}
