"""The tests' Google Sheets reads and writes values as Google does, seen through gspread."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from gspread.exceptions import APIError
from gspread.utils import ValueRenderOption

from tests.sheets_server.client import asked, opened
from tests.sheets_server.server import SheetsServer

pytestmark = pytest.mark.database_free

RAW_AND_SERIAL: dict[str, Any] = {"valueRenderOption": "UNFORMATTED_VALUE", "dateTimeRenderOption": "SERIAL_NUMBER"}


def test_unformatted_values_are_typed_and_blanks_at_the_end_are_left_out(server: SheetsServer) -> None:
    answer = opened(server).values_get("Operaciones", RAW_AND_SERIAL)
    assert answer == {
        "range": "Operaciones!A1:F10",
        "majorDimension": "ROWS",
        "values": [
            ["NV", "TAG_SPOOL", "Fecha_Armado", "DIAM", "Doble", "Listo"],
            ["NV0650", "MK-1", 46043, 2.5, 5, True],
            ["NV0651", "MK-2", "", 4, 8],
            [],
            ["NV0652", "MK-3", 46058, "", "", False],
        ],
    }


def test_formatted_values_are_what_people_see_in_their_locale(server: SheetsServer) -> None:
    sheet = opened(server).worksheet("Operaciones")
    assert sheet.row_values(2) == ["NV0650", "MK-1", "21-01-2026", "2,5", "5", "VERDADERO"]
    assert sheet.row_values(2, value_render_option=ValueRenderOption.formula)[2:5] == [46043, 2.5, "=D2*2"]


def test_an_empty_range_has_no_values_at_all(server: SheetsServer) -> None:
    assert opened(server).values_get("Operaciones!A8:C9") == {"range": "Operaciones!A8:C9", "majorDimension": "ROWS"}


def test_a_batch_answers_each_range_in_order_and_columns_on_request(server: SheetsServer) -> None:
    ranges = ["Operaciones!1:1", "Operaciones!B2:B", "'Hoja de notas'!A:A"]
    answer = opened(server).values_batch_get(ranges, RAW_AND_SERIAL | {"majorDimension": "COLUMNS"})
    assert [one["range"] for one in answer["valueRanges"]] == [
        "Operaciones!A1:F1",
        "Operaciones!B2:B10",
        "'Hoja de notas'!A1:A7",
    ]
    assert answer["valueRanges"][1]["values"] == [["MK-1", "MK-2", "", "MK-3"]]


@pytest.mark.parametrize(
    ("text", "range_"),
    [
        ("Operaciones!A2:C", "Operaciones!A2:C10"),
        ("operaciones!B:C", "Operaciones!B1:C10"),
        ("Operaciones!C3:B2", "Operaciones!B2:C3"),
        ("B2", "Operaciones!B2"),
        ("'Hoja de notas'", "'Hoja de notas'!A1:A7"),
        ("Operaciones!A1:ZZ1000", "Operaciones!A1:F10"),
    ],
)
def test_ranges_are_understood_and_spelled_back(server: SheetsServer, text: str, range_: str) -> None:
    assert opened(server).values_get(text)["range"] == range_


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Roles!A1", "Unable to parse range: Roles!A1"),
        ("Operaciones!A0", "Unable to parse range: Operaciones!A0"),
        ("Operaciones!A11", "Range (Operaciones!A11) exceeds grid limits. Max rows: 10, max columns: 6"),
        ("Operaciones!G:G", "Range (Operaciones!G1:G) exceeds grid limits. Max rows: 10, max columns: 6"),
    ],
)
def test_a_range_that_is_not_there_is_a_400_that_names_it(server: SheetsServer, text: str, message: str) -> None:
    with pytest.raises(APIError) as refused:
        opened(server).values_get(text)
    assert refused.value.error == {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}


def test_raw_stores_what_it_is_given_and_a_number_takes_on_the_cells_format(server: SheetsServer) -> None:
    sheet = opened(server).worksheet("Operaciones")
    sheet.update([["=1+1", "21-01-2026", "'x"], [7]], "A2:C3", raw=True)
    sheet.update_acell("C2", "5")
    sheet.update([[7]], "C5", raw=True)
    assert server.office.table("Operaciones")[1][:3] == ["=1+1", "21-01-2026", 5]
    # The famous 7 in a column of dates.
    assert [
        server.office.table("Operaciones", option)[4][2] for option in ("UNFORMATTED_VALUE", "FORMATTED_VALUE")
    ] == [
        7,
        "06-01-1900",
    ]


def test_user_entered_is_understood_as_typed_and_gives_formats(server: SheetsServer) -> None:
    sheet = opened(server).worksheet("Hoja de notas")
    typed = [["1.234,5"], ["3-4-2026"], ["'007"], ["50%"], ["=1+1"], ["31/4/2026"]]
    sheet.update(typed, "A2", raw=False)
    assert [row[0] for row in server.office.table("Hoja de notas")[1:]] == [1234.5, 46115, "007", 0.5, 2, "31/4/2026"]
    assert server.office.format("Hoja de notas", 3, "Nota") == {
        "numberFormat": {"type": "DATE", "pattern": "dd-mm-yyyy"}
    }
    assert server.office.format("Hoja de notas", 2, "Nota") is None


def test_a_null_leaves_its_cell_alone_and_an_empty_text_empties_it_but_for_its_format(server: SheetsServer) -> None:
    answer = opened(server).values_update(
        "Operaciones!A2:D2", {"valueInputOption": "RAW"}, {"values": [[None, "MK-9", "", 3]]}
    )
    assert answer == {
        "spreadsheetId": server.spreadsheet_id,
        "updatedRange": "Operaciones!A2:D2",
        "updatedRows": 1,
        "updatedColumns": 4,
        "updatedCells": 3,
    }
    assert server.office.table("Operaciones")[1][:4] == ["NV0650", "MK-9", "", 3]
    assert server.office.format("Operaciones", 2, "Fecha_Armado") == {
        "numberFormat": {"type": "DATE", "pattern": "dd-mm-yyyy"}
    }


@pytest.mark.parametrize(
    ("range_", "values", "message"),
    [
        ("Operaciones!A11", [[1]], "Range (Operaciones!A11) exceeds grid limits. Max rows: 10, max columns: 6"),
        ("Operaciones!A9:A12", [[1]], "Range (Operaciones!A9:A12) exceeds grid limits. Max rows: 10, max columns: 6"),
        (
            "Operaciones!A10",
            [[1], [2]],
            "Requested writing within range [Operaciones!A10], but tried writing to row [11]",
        ),
        (
            "Operaciones!A1:B1",
            [[1, 2, 3]],
            "Requested writing within range [Operaciones!A1:B1], but tried writing to column [C]",
        ),
        (
            "Operaciones!A1",
            [["x" * 50_001]],
            "Your input contains more than the maximum of 50000 characters in a single cell.",
        ),
        ("Operaciones!A1", [[[1]]], "Invalid values[0][0]: list_value [1]"),
    ],
)
def test_one_bad_range_refuses_the_whole_batch(
    server: SheetsServer, range_: str, values: list[list[object]], message: str
) -> None:
    before = server.office.cells("Operaciones")
    data = [{"range": "Operaciones!A2", "values": [["otra"]]}, {"range": range_, "values": values}]
    with pytest.raises(APIError) as refused:
        opened(server).values_batch_update({"valueInputOption": "RAW", "data": data})
    assert refused.value.error["message"] == f"Invalid data[1]: {message}"
    assert server.office.cells("Operaciones") == before


def test_appending_goes_after_the_table_and_grows_the_grid(server: SheetsServer) -> None:
    sheet = opened(server).worksheet("Hoja de notas")
    answer = sheet.append_rows([["dos"]] * 8, table_range="A1")
    assert answer["tableRange"] == "'Hoja de notas'!A1:A2"
    assert answer["updates"]["updatedRange"] == "'Hoja de notas'!A3:A10"
    assert server.book.named("Hoja de notas").row_count == 10


def test_clearing_empties_cells_and_says_which(server: SheetsServer) -> None:
    answer = opened(server).values_clear("Operaciones!C2:C")
    assert answer == {"spreadsheetId": server.spreadsheet_id, "clearedRange": "Operaciones!C2:C10"}
    assert [row["Fecha_Armado"] for row in server.office.records("Operaciones")] == ["", "", "", ""]


def test_a_body_the_schema_does_not_know_is_refused_in_googles_words(server: SheetsServer) -> None:
    told = {"valueInputOption": "RAW", "data": [{"range": "Operaciones!A1", "valores": []}], "quien": 1}
    answer = asked(server, "POST", "/values:batchUpdate", json=told)
    unknown = 'Invalid JSON payload received. Unknown name "{}"{}: Cannot find field.'
    assert (answer.status_code, answer.json()["error"]["message"].split("\n")) == (
        400,
        [unknown.format("valores", " at 'data[0]'"), unknown.format("quien", "")],
    )
    details = answer.json()["error"]["details"][0]
    assert details["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert details["fieldViolations"][0]["field"] == "data[0]"


def message_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["message"]


def test_wrong_types_unknown_parameters_and_a_missing_option_are_refused(server: SheetsServer) -> None:
    assert message_of(asked(server, "PUT", "/values/A1?valueInputOption=RAW", json={"values": ["x"]})) == (
        400,
        "Invalid value at 'data.values[0]' (type.googleapis.com/google.protobuf.ListValue), \"x\"",
    )
    assert message_of(asked(server, "PUT", "/values/A1", json={"values": [["x"]]})) == (
        400,
        "'valueInputOption' is required but not specified",
    )
    unknown = 'Invalid JSON payload received. Unknown name "valor": Cannot bind query parameter. '
    assert message_of(asked(server, "GET", "/values/A1?valor=1")) == (
        400,
        f"{unknown}Field 'valor' could not be found in request message.",
    )
    wrong = asked(server, "POST", ":batchUpdate", json={"requests": [{"addSheet": {"properties": {"sheetId": "x"}}}]})
    assert message_of(wrong) == (
        400,
        "Invalid value at 'requests[0].add_sheet.properties.sheet_id' (TYPE_INT32), \"x\"",
    )
