"""`spreadsheets.batchUpdate` and `spreadsheets.get` of the tests' Google Sheets, seen through gspread."""

from __future__ import annotations

from typing import Any

import pytest
from gspread.exceptions import APIError
from gspread.utils import ValueRenderOption

from tests.sheets_server.client import asked, opened
from tests.sheets_server.server import SheetsServer

pytestmark = pytest.mark.database_free

DATE = {"numberFormat": {"type": "DATE", "pattern": "dd-mm-yyyy"}}


def batch(server: SheetsServer, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    replies: list[dict[str, Any]] = opened(server).batch_update({"requests": list(requests)})["replies"]
    return replies


def refusal(server: SheetsServer, *requests: dict[str, Any]) -> str:
    with pytest.raises(APIError) as refused:
        batch(server, *requests)
    assert refused.value.code == 400
    return str(refused.value.error["message"])


def cell_range(sheet_id: int, *bounds: int | None) -> dict[str, Any]:
    names = ("startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex")
    return {"sheetId": sheet_id} | {name: at for name, at in zip(names, bounds, strict=False) if at is not None}


def test_gspread_learns_ids_titles_and_sizes_and_a_mask_asks_for_less(server: SheetsServer) -> None:
    sheets = opened(server).worksheets()
    assert [(one.title, one.id, one.row_count, one.col_count) for one in sheets] == [
        ("Operaciones", 0, 10, 6),
        ("Hoja de notas", sheets[1].id, 7, 1),
    ]
    answer = asked(server, "GET", "?fields=sheets.properties(sheetId,title),sheets.properties.gridProperties.rowCount")
    assert answer.json() == {
        "sheets": [
            {"properties": {"sheetId": 0, "title": "Operaciones", "gridProperties": {"rowCount": 10}}},
            {"properties": {"sheetId": sheets[1].id, "title": "Hoja de notas", "gridProperties": {"rowCount": 7}}},
        ]
    }


def test_a_mask_that_names_nothing_is_refused(server: SheetsServer) -> None:
    error = asked(server, "GET", "?fields=hojas").json()["error"]
    assert error["message"] == "Request contains an invalid argument."
    assert error["details"][0]["fieldViolations"][0]["description"] == (
        "Error expanding 'fields' parameter. Cannot find matching fields for path 'hojas'."
    )


def test_grid_data_tells_values_formats_and_notes(server: SheetsServer) -> None:
    opened(server).worksheet("Operaciones").update_note("C2", "revisar")
    answer = asked(server, "GET", "?ranges=Operaciones!C2:E2&includeGridData=true").json()
    assert answer["sheets"][0]["data"] == [
        {
            "startRow": 1,
            "startColumn": 2,
            "rowData": [
                {
                    "values": [
                        {
                            "userEnteredValue": {"numberValue": 46043},
                            "effectiveValue": {"numberValue": 46043},
                            "formattedValue": "21-01-2026",
                            "userEnteredFormat": DATE,
                            "effectiveFormat": DATE,
                            "note": "revisar",
                        },
                        {
                            "userEnteredValue": {"numberValue": 2.5},
                            "effectiveValue": {"numberValue": 2.5},
                            "formattedValue": "2,5",
                        },
                        {
                            "userEnteredValue": {"formulaValue": "=D2*2"},
                            "effectiveValue": {"numberValue": 5},
                            "formattedValue": "5",
                        },
                    ]
                }
            ],
        }
    ]


def test_update_cells_sets_only_what_its_mask_names(server: SheetsServer) -> None:
    cells = [{"userEnteredValue": {"numberValue": 46100}}, {"userEnteredValue": {"stringValue": "=no"}}, {}]
    update = {
        "start": {"sheetId": 0, "rowIndex": 1, "columnIndex": 2},
        "rows": [{"values": cells}],
        "fields": "userEnteredValue",
    }
    assert batch(server, {"updateCells": update}) == [{}]
    assert server.office.table("Operaciones")[1][2:] == [46100, "=no", "", True]
    assert server.office.format("Operaciones", 2, "Fecha_Armado") == DATE


def test_append_cells_goes_after_the_last_filled_row_and_grows(server: SheetsServer) -> None:
    rows = [{"values": [{"userEnteredValue": {"stringValue": f"n{number}"}}]} for number in range(6)]
    note = opened(server).worksheet("Hoja de notas")
    batch(server, {"appendCells": {"sheetId": note.id, "rows": rows, "fields": "userEnteredValue,userEnteredFormat"}})
    assert note.col_values(1) == ["Nota", "uno", "n0", "n1", "n2", "n3", "n4", "n5"]
    assert server.book.named("Hoja de notas").row_count == 8


def test_repeat_cell_formats_an_open_column_inside_the_grid_and_refuses_to_start_outside(server: SheetsServer) -> None:
    whole = {
        "range": cell_range(0, 1, None, 3, 4),
        "cell": {"userEnteredFormat": DATE},
        "fields": "userEnteredFormat.numberFormat",
    }
    batch(server, {"repeatCell": whole}, {"appendDimension": {"sheetId": 0, "dimension": "ROWS", "length": 1}})
    formats = [server.office.format("Operaciones", row, "DIAM") for row in range(1, 12)]
    assert formats == [None, *[DATE] * 9, None]
    outside = {**whole, "range": cell_range(0, 11, None, 0, 2)}
    assert refusal(server, {"repeatCell": whole}, {"repeatCell": outside}) == (
        "Invalid requests[1].repeatCell: Range (Operaciones!A12:B) exceeds grid limits. Max rows: 11, max columns: 6"
    )


def test_rows_and_columns_are_inserted_deleted_and_moved_with_what_points_at_them(server: SheetsServer) -> None:
    rows = {"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 3}
    batch(server, {"insertDimension": {"range": rows, "inheritFromBefore": False}})
    assert server.office.value("Operaciones", "MK-1", "Doble", option="FORMULA") == "=D4*2"
    columns = {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 3, "endIndex": 4}
    batch(server, {"moveDimension": {"source": columns, "destinationIndex": 0}})
    assert server.office.headers("Operaciones") == ["DIAM", "NV", "TAG_SPOOL", "Fecha_Armado", "Doble", "Listo"]
    assert server.office.value("Operaciones", "MK-1", "Doble", option="FORMULA") == "=A4*2"
    batch(server, {"deleteDimension": {"range": rows}})
    assert server.office.value("Operaciones", "MK-1", "Doble", option="FORMULA") == "=A2*2"
    batch(server, {"deleteDimension": {"range": {**columns, "startIndex": 0, "endIndex": 1}}})
    assert server.office.value("Operaciones", "MK-1", "Doble") == "#REF!"


def test_sorting_moves_whole_rows_and_leaves_blanks_last(server: SheetsServer) -> None:
    opened(server).worksheet("Operaciones").sort((2, "des"), range="A2:F10")
    assert [row["TAG_SPOOL"] for row in server.office.records("Operaciones")] == ["MK-3", "MK-2", "MK-1"]
    assert server.office.value("Operaciones", "MK-1", "Doble", option="FORMULA") == "=D4*2"


def test_a_tab_is_added_renamed_duplicated_resized_and_deleted(server: SheetsServer) -> None:
    book = opened(server)
    added = book.add_worksheet("Metadata", rows=3, cols=2)
    copy = book.worksheet("Operaciones").duplicate(new_sheet_name="Respaldo Operaciones")
    book.worksheet("Metadata").update_title("Auditoría")
    added.resize(rows=20, cols=10)
    book.del_worksheet(book.worksheet("Hoja de notas"))
    assert [(one.title, one.row_count) for one in book.worksheets()] == [
        ("Respaldo Operaciones", 10),
        ("Operaciones", 10),
        ("Auditoría", 20),
    ]
    assert copy.get_all_values() == book.worksheet("Operaciones").get_all_values()
    assert refusal(server, {"addSheet": {"properties": {"title": "auditoría"}}}) == (
        'Invalid requests[0].addSheet: A sheet with the name "auditoría" already exists. Please enter another name.'
    )


def test_pasting_repeats_and_keeps_relative_references(server: SheetsServer) -> None:
    sheet = opened(server).worksheet("Operaciones")
    sheet.copy_range("E2:E3", "E7:E10")
    assert sheet.get("E7:E10", value_render_option=ValueRenderOption.formula) == [
        ["=D7*2"],
        ["=D8*2"],
        ["=D9*2"],
        ["=D10*2"],
    ]


def test_a_protected_cell_refuses_the_whole_batch_and_follows_its_row(server: SheetsServer) -> None:
    server.office.protect("Operaciones", "MK-2", "NV")
    server.office.insert_row("Operaciones", "MK-1")
    before = server.office.cells("Operaciones")
    data = [{"range": "Operaciones!A3", "values": [["a"]]}, {"range": "Operaciones!A4", "values": [["b"]]}]
    with pytest.raises(APIError) as refused:
        opened(server).values_batch_update({"valueInputOption": "RAW", "data": data})
    assert refused.value.error == {
        "code": 400,
        "message": "Invalid data[1]: You are trying to edit a protected cell or object. Please contact the spreadsheet "
        "owner to remove protection if you need to edit.",
        "status": "INVALID_ARGUMENT",
    }
    assert server.office.cells("Operaciones") == before
    server.office.edit("Operaciones", "MK-2", "NV", "la oficina sí")
    assert server.office.value("Operaciones", "MK-2", "NV") == "la oficina sí"


def test_the_programs_own_protection_does_not_bind_it(server: SheetsServer) -> None:
    sheet = opened(server).worksheet("Operaciones")
    reply = sheet.add_protected_range("A1:A3")["replies"][0]["addProtectedRange"]["protectedRange"]
    sheet.update_acell("A2", "x")
    sheet.delete_protected_range(reply["protectedRangeId"])
    assert refusal(server, {"deleteProtectedRange": {"protectedRangeId": 5}}) == (
        "Invalid requests[0].deleteProtectedRange: No protected range with id: 5"
    )


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "Invalid requests[0]: No request set."),
        ({"addChart": {}}, "Invalid requests[0].addChart: this server does not model addChart."),
        ({"deleteSheet": {"sheetId": 5}}, "Invalid requests[0].deleteSheet: No sheet with id: 5"),
        (
            {"repeatCell": {"range": {"sheetId": 5}, "cell": {}, "fields": "note"}},
            "Invalid requests[0].repeatCell: No grid with id: 5",
        ),
        (
            {"updateCells": {"start": {"sheetId": 0}, "rows": [], "fields": ""}},
            (
                "Invalid requests[0].updateCells: At least one field must be listed in 'fields'. "
                "(Use '*' to indicate all fields.)"
            ),
        ),
        (
            {"appendDimension": {"sheetId": 0, "dimension": "ROWS", "length": 2_000_000}},
            (
                "Invalid requests[0].appendDimension: This action would increase the number of cells in the workbook "
                "above the limit of 10000000 cells."
            ),
        ),
    ],
)
def test_requests_that_cannot_be_are_refused(server: SheetsServer, request_: dict[str, Any], message: str) -> None:
    assert refusal(server, request_) == message
