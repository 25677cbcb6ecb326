"""Who may ask the tests' Google Sheets, how much, and what goes wrong on demand."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from google.auth.exceptions import RefreshError
from gspread.exceptions import APIError

from tests.sheets_server.client import LoopbackClient, connected
from tests.sheets_server.control import RemoteControl
from tests.sheets_server.quota import Clock
from tests.sheets_server.schema import check_answer, methods
from tests.sheets_server.server import SheetsServer

pytestmark = pytest.mark.database_free


def write(server: SheetsServer, text: str = "x", place: str = "Operaciones!A2") -> None:
    client = connected(server)
    client.values_update(server.spreadsheet_id, place, {"valueInputOption": "RAW"}, {"values": [[text]]})


def read(server: SheetsServer) -> list[list[Any]]:
    answer = connected(server).values_get(server.spreadsheet_id, "Operaciones!A2:B3")
    values: list[list[Any]] = answer.get("values", [])
    return values


def error_of(server: SheetsServer, ask: Callable[[SheetsServer], object]) -> dict[str, Any]:
    with pytest.raises(APIError) as refused:
        ask(server)
    return dict(refused.value.error)


def test_the_61st_read_of_a_minute_is_refused_and_writes_have_their_own_quota(server: SheetsServer) -> None:
    for _ in range(60):
        read(server)
    error = error_of(server, read)
    assert (error["code"], error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert error["message"].startswith(
        "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user' of service "
    )
    assert error["details"][0]["metadata"]["quota_limit"] == "ReadRequestsPerMinutePerUser"
    write(server)
    server.clock.advance(60)
    assert read(server)[0] == ["x", "MK-1"]
    assert server.log.counts() == {"read": 62, "write": 1, "token": 0, "failed": 1}
    assert server.log.most_in_a_minute("read") == 61


def test_a_burst_of_429_ends_by_itself_and_says_when_to_return_if_asked_to(server: SheetsServer) -> None:
    server.faults.too_many(times=2, retry_after=7, on="write")
    with pytest.raises(APIError) as refused:
        write(server)
    assert (refused.value.code, refused.value.response.headers["Retry-After"]) == (429, "7")
    assert read(server)[0][0] == "NV0650"
    assert error_of(server, write)["code"] == 429
    write(server)
    assert read(server)[0][0] == "x"


@pytest.mark.parametrize(("code", "status"), [(500, "INTERNAL"), (503, "UNAVAILABLE"), (403, "PERMISSION_DENIED")])
def test_errors_come_on_demand_and_change_nothing(server: SheetsServer, code: int, status: str) -> None:
    server.faults.error(code, on="spreadsheets.values.update", skip=1)
    write(server, "primera")
    error = error_of(server, write)
    assert (error["code"], error["status"], server.log.entries()[-1].status) == (code, status, code)
    assert read(server)[0][0] == "primera"


@pytest.mark.parametrize("applied", [False, True])
def test_a_connection_is_cut_before_or_after_the_write(server: SheetsServer, applied: bool) -> None:  # noqa: FBT001
    server.faults.cut(applied=applied, on="write")
    with pytest.raises(requests.ConnectionError):
        write(server)
    assert read(server)[0][0] == ("x" if applied else "NV0650")


def test_faults_combine_a_late_write_a_sort_and_a_500_that_did_its_work(server: SheetsServer) -> None:
    server.faults.late(60, on="write")
    server.faults.before("write", lambda: server.office.reverse("Operaciones"))
    server.faults.error(500, applied=True, on="write")
    with pytest.raises(requests.ConnectionError):
        write(server, "tarde")
    assert error_of(server, lambda server: write(server, "ahora", "Operaciones!B2"))["code"] == 500
    assert server.office.table("Operaciones")[1][:2] == ["NV0652", "ahora"]
    server.clock.advance(60)
    assert server.office.table("Operaciones")[1][:2] == ["tarde", "ahora"]


def test_an_answer_is_torn_in_its_middle(server: SheetsServer) -> None:
    server.faults.torn(on="write")
    with pytest.raises(requests.RequestException):
        write(server)
    assert read(server)[0][0] == "x"


def test_a_late_write_lands_after_newer_ones(server: SheetsServer) -> None:
    server.faults.late(120, on="write")
    with pytest.raises(requests.ConnectionError):
        write(server, "tarde")
    write(server, "nueva")
    server.clock.advance(119)
    assert read(server)[0][0] == "nueva"
    server.clock.advance(1)
    assert read(server)[0][0] == "tarde"


def test_a_stall_outlasts_its_client_and_ends_with_the_server(server: SheetsServer) -> None:
    server.faults.stall(180, applied=True, on="write")
    client = connected(server)
    client.set_timeout((1.0, 0.2))
    with pytest.raises(requests.Timeout):
        client.values_update(server.spreadsheet_id, "Operaciones!A2", {"valueInputOption": "RAW"}, {"values": [["x"]]})
    assert read(server)[0][0] == "x"


def test_empty_and_half_reads_touch_nothing_else(server: SheetsServer) -> None:
    server.faults.empty()
    server.faults.half()
    write(server)
    assert (read(server), read(server), read(server)) == ([], [["x", "MK-1"]], [["x", "MK-1"], ["NV0651", "MK-2"]])


def test_the_office_acts_between_a_read_and_a_write(server: SheetsServer) -> None:
    office = server.office
    server.faults.after("read", lambda: office.reverse("Operaciones"))
    server.faults.before("write", lambda: office.insert_column("Operaciones", "NV", "Nueva"))
    assert read(server)[0] == ["NV0650", "MK-1"]
    write(server, "otro spool", "Operaciones!A5")
    assert office.value("Operaciones", "MK-1", "Nueva") == "otro spool"
    assert office.value("Operaciones", "MK-1", "NV") == "NV0650"


def test_the_office_renames_moves_deletes_and_restores(server: SheetsServer) -> None:
    office = server.office
    sheet_id = server.book.tabs[0].sheet_id
    office.rename_column("Operaciones", "NV", "N.V.")
    office.move_column("Operaciones", "DIAM", "N.V.")
    office.flip_format("Operaciones", "DIAM", "DATE")
    assert office.headers("Operaciones")[:2] == ["DIAM", "N.V."]
    assert office.value("Operaciones", "MK-2", "DIAM", option="FORMATTED_VALUE") == "03-01-1900"
    office.delete_tab("Operaciones")
    assert error_of(server, read)["message"] == "Unable to parse range: Operaciones!A2:B3"
    office.restore_tab("Operaciones")
    assert server.book.named("Operaciones").sheet_id == sheet_id


def test_a_book_that_is_gone_is_a_404_until_it_is_back(server: SheetsServer) -> None:
    server.share(shared=False)
    assert error_of(server, read) == {"code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND"}
    server.share(shared=True)
    assert read(server)[0][0] == "NV0650"


def test_a_service_account_signs_for_a_token_and_gets_another_when_it_expires(server: SheetsServer) -> None:
    server.accounts.required = True
    client = connected(server, server.account)
    client.values_get(server.spreadsheet_id, "A1")
    server.accounts.expire()
    client.values_get(server.spreadsheet_id, "A1")
    assert [entry.method for entry in server.log.entries()] == [
        "token",
        "spreadsheets.values.get",
        "spreadsheets.values.get",
        "token",
        "spreadsheets.values.get",
    ]
    assert [entry.status for entry in server.log.entries()] == [200, 200, 401, 200, 200]
    assert server.log.entries()[-1].user == server.accounts.email


def test_callers_without_a_token_a_good_key_or_the_right_scope_are_refused(server: SheetsServer) -> None:
    server.accounts.required = True
    assert error_of(server, read)["status"] == "PERMISSION_DENIED"
    with SheetsServer(clock=Clock(frozen=True)) as other:
        stranger = {
            **other.account,
            "client_email": "otro@otro.iam.gserviceaccount.com",
            "token_uri": f"{server.url}/token",
        }
    with pytest.raises(RefreshError, match="account not found"):
        connected(server, stranger).values_get(server.spreadsheet_id, "A1")
    client = connected(server, server.account)
    client.auth._scopes = [  # type: ignore[attr-defined]
        "https://www.googleapis.com/auth/spreadsheets.readonly"
    ]
    client.values_get(server.spreadsheet_id, "A1")
    with pytest.raises(APIError, match="insufficient authentication scopes"):
        client.values_clear(server.spreadsheet_id, "A1")


def test_a_signature_by_another_key_is_refused(server: SheetsServer) -> None:
    from google.auth import crypt, jwt

    from tests.sheets_server import account

    now = int(time.time())
    claims = {"iss": server.accounts.email, "aud": account.AUDIENCES[0], "scope": "x", "iat": now, "exp": now + 3600}
    signer = crypt.RSASigner.from_service_account_info(server.account)  # type: ignore[no-untyped-call]
    signed: bytes = jwt.encode(signer, claims)  # type: ignore[no-untyped-call]
    header, body, signature = signed.decode().split(".")
    forged = f"{header}.{body}.{signature[::-1]}"
    form = {"grant_type": account.GRANT, "assertion": forged}
    answer = requests.post(f"{server.url}/token", data=form, timeout=5)
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "invalid_grant", "error_description": "Invalid JWT Signature."},
    )


def test_what_the_server_answers_wrongly_is_found_out() -> None:
    get = next(method for method in methods() if method.name == "spreadsheets.values.get")
    with pytest.raises(AssertionError, match="valores"):
        check_answer(get, {"range": "A1", "valores": []})


@pytest.mark.process
def test_another_process_serves_a_folder_and_is_controlled_over_http(tmp_path: Path) -> None:
    folder, key = tmp_path / "libro", tmp_path / "cuenta.json"
    folder.mkdir()
    (folder / "Operaciones.csv").write_text("TAG_SPOOL;DIAM\nMK-1;2,5\n", encoding="utf-8-sig")
    command = [sys.executable, "-m", "tests.sheets_server", "--book", str(folder), "--credentials", str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = dict(process.stdout.readline().strip().split("=") for _ in range(2))
        try:
            remote = RemoteControl(told["SHEETS_API_URL"])
            edit = {"tab": "Operaciones", "row": "MK-1", "header": "DIAM", "value": "4"}
            remote.fault("hook", on="read", applied=True, office=["edit", edit])
            client = LoopbackClient(remote.url, json.loads(key.read_text(encoding="utf-8")))
            options: dict[str, Any] = {"valueRenderOption": "UNFORMATTED_VALUE"}
            answers = [client.values_get(told["GOOGLE_SHEET_ID"], "Operaciones!B2", options) for _ in range(2)]
            assert [answer["values"] for answer in answers] == [[[2.5]], [[4]]]
            assert remote.office("value", tab="Operaciones", row="MK-1", header="DIAM") == 4
            assert remote.log()["counts"] == {"read": 2, "write": 0, "token": 1, "failed": 0}
            assert remote.state()["tabs"] == {"Operaciones": [102, 2]}
        finally:
            process.terminate()
    assert process.returncode == 0
