"""`spreadsheets.batchUpdate`: the kinds of request this server knows, applied in order to a copy of the book."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.sheets_server import contents, sheets, structure
from tests.sheets_server.errors import ApiError, invalid
from tests.sheets_server.workbook import Workbook

Json = dict[str, Any]
Handler = Callable[[Workbook, Mapping[str, Any]], Json]

HANDLERS: Final[Mapping[str, Handler]] = {
    "addProtectedRange": sheets.add_protected_range,
    "addSheet": sheets.add_sheet,
    "appendCells": contents.append_cells,
    "appendDimension": structure.append_dimension,
    "autoResizeDimensions": sheets.keep_looks,
    "clearBasicFilter": sheets.keep_looks,
    "copyPaste": contents.copy_paste,
    "deleteDimension": structure.delete_dimension,
    "deleteProtectedRange": sheets.delete_protected_range,
    "deleteSheet": sheets.delete_sheet,
    "duplicateSheet": sheets.duplicate_sheet,
    "insertDimension": structure.insert_dimension,
    "moveDimension": structure.move_dimension,
    "repeatCell": contents.repeat_cell,
    "setBasicFilter": sheets.keep_filter,
    "sortRange": structure.sort_range,
    "updateCells": contents.update_cells,
    "updateDimensionProperties": sheets.keep_looks,
    "updateSheetProperties": sheets.update_sheet_properties,
    "updateSpreadsheetProperties": sheets.update_spreadsheet_properties,
}


def batch_update(book: Workbook, body: Mapping[str, Any]) -> Json:
    """Apply every request; the caller throws the changed copy away when one is refused."""
    requests = body.get("requests", [])
    if not requests:
        raise invalid("Must specify at least one request.")
    replies = [_apply(book, place, told) for place, told in enumerate(requests)]
    answer: Json = {"spreadsheetId": book.spreadsheet_id, "replies": replies}
    if body.get("includeSpreadsheetInResponse"):
        grid = body.get("responseIncludeGridData", False)
        answer["updatedSpreadsheet"] = sheets.describe(book, body.get("responseRanges", ()), grid_data=grid)
    return answer


def _apply(book: Workbook, place: int, told: Mapping[str, Any]) -> Json:
    kinds = [kind for kind, inside in told.items() if inside is not None]
    if len(kinds) != 1:
        raise invalid(
            f"Invalid requests[{place}]: {'No request set.' if not kinds else 'Only one request may be set.'}"
        )
    kind = kinds[0]
    if kind not in HANDLERS:
        raise invalid(f"Invalid requests[{place}].{kind}: this server does not model {kind}.")
    try:
        return HANDLERS[kind](book, told[kind])
    except ApiError as refused:
        raise refused.within(f"requests[{place}].{kind}") from None
    except KeyError as missing:
        raise invalid(f"Invalid requests[{place}].{kind}: {missing.args[0]} is required.") from None
