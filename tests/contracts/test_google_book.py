"""What only a book over the network has to stand: quotas, lost answers, tokens, edges of the grid."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from time_machine import travel

from occupation.sheets.book import (
    Ask,
    BookBusy,
    BookUnreadable,
    Change,
    Grid,
    PermissionLost,
    Request,
    RowChange,
    WriteRefused,
    WriteUnknown,
)
from occupation.sheets.google import GoogleBook, opened
from occupation.sheets.google_client import Bearer, connected, credentials_of
from occupation.sheets.layout import Tab
from tests.contracts.desks import FIRST, google_server
from tests.ports import free_port
from tests.sheets_server.server import SheetsServer

pytestmark = pytest.mark.database_free

KEYS = (Ask(Tab.OPERACIONES, ("TAG_SPOOL", "version")), Ask(Tab.METADATA, ("id",), 2))
DATE = {"numberFormat": {"type": "DATE", "pattern": "dd-mm-yyyy"}}
DATETIME = {"numberFormat": {"type": "DATE_TIME", "pattern": "dd-mm-yyyy hh:mm:ss"}}


@pytest.fixture
def server() -> Iterator[SheetsServer]:
    with google_server() as running:
        yield running


@pytest.fixture
def book(server: SheetsServer) -> GoogleBook:
    """A book that has learnt all it has to, on a server that has forgotten it was asked."""
    found = GoogleBook(connected(server.url), server.spreadsheet_id)
    found.read_many(KEYS)
    server.log.clear()
    return found


def columns_of(book: GoogleBook, tab: Tab = Tab.OPERACIONES) -> Change:
    grid = book.read(tab)
    assert isinstance(grid, Grid)
    return Change({tab: grid.columns}, ())


def version_written(book: GoogleBook, number: int = 2) -> Change:
    return Change(columns_of(book).columns, [RowChange(Tab.OPERACIONES, number, {"version": FIRST})])


def tags(book: GoogleBook) -> list[str]:
    grid = book.read(Tab.OPERACIONES, ("TAG_SPOOL",))
    assert isinstance(grid, Grid)
    return [str(row.cells[0]) for row in grid.rows]


def test_a_cycle_is_one_read_one_write_and_one_proof(server: SheetsServer, book: GoogleBook) -> None:
    change = version_written(book)
    server.log.clear()
    book.read_many(KEYS)
    book.apply(change)
    book.read_many(KEYS)
    assert [entry.method for entry in server.log.entries()] == [
        "spreadsheets.values.batchGet",
        "spreadsheets.batchUpdate",
        "spreadsheets.values.batchGet",
    ]


def test_a_moved_column_costs_one_more_read_and_never_a_wrong_cell(server: SheetsServer, book: GoogleBook) -> None:
    server.office.insert_column("Operaciones", "TAG_SPOOL", "Nueva")
    assert tags(book) == ["MK-1", "MK-2", "MK-3"]
    assert server.log.counts()["read"] == 2


def test_headers_that_never_stand_still_are_given_up_for_now(server: SheetsServer, book: GoogleBook) -> None:
    def shuffle() -> None:
        first, second = (
            ("NV", "TAG_SPOOL") if server.office.headers("Operaciones")[1] == "TAG_SPOOL" else ("TAG_SPOOL", "NV")
        )
        server.office.move_column("Operaciones", first, second)

    server.faults.before("read", shuffle, times=None)
    with pytest.raises(BookBusy, match="cambia mientras se lee"):
        tags(book)


def test_every_request_is_metered_before_it_is_made(server: SheetsServer) -> None:
    asked: list[Request] = []

    def meter(request: Request) -> None:
        if len(asked) == 3:
            raise BookBusy("presupuesto gastado", quota=True)
        asked.append(request)

    book = GoogleBook(connected(server.url), server.spreadsheet_id, meter=meter)
    change = version_written(book)
    book.apply(change)
    with pytest.raises(BookBusy, match="presupuesto gastado"):
        book.read_many(KEYS)
    assert asked == [Request.READ, Request.READ, Request.WRITE]
    assert server.log.counts() == {"read": 2, "write": 1, "token": 0, "failed": 0}


def test_a_429_says_how_long_to_wait_and_that_it_was_the_quota(server: SheetsServer, book: GoogleBook) -> None:
    server.faults.too_many(retry_after=17)
    with pytest.raises(BookBusy) as busy:
        tags(book)
    assert (busy.value.retry_after, busy.value.quota) == (17.0, True)
    change = version_written(book)
    server.faults.too_many(on="write")
    with pytest.raises(BookBusy) as busy:
        book.apply(change)
    assert (busy.value.retry_after, busy.value.quota) == (None, True)


def test_a_failing_google_is_busy_for_a_read_and_a_riddle_for_a_write(server: SheetsServer, book: GoogleBook) -> None:
    server.faults.error(503)
    with pytest.raises(BookBusy) as busy:
        tags(book)
    assert busy.value.quota is False
    change = version_written(book)
    server.faults.error(500)
    with pytest.raises(WriteUnknown):
        book.apply(change)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (120, 120),
        ("Tue, 03 Mar 2026 14:02:00 GMT", 90),
        ("Tue, 03 Mar 2026 14:02:00 -0000", 90),
        ("Tue, 03 Mar 2026 13:00:00 GMT", 0),
        ("pronto", None),
        (None, None),
    ],
)
def test_a_google_that_fails_a_write_is_left_alone_for_as_long_as_it_asks(
    server: SheetsServer, book: GoogleBook, asked: float | str | None, seconds: float | None
) -> None:
    change = version_written(book)
    server.faults.error(503, retry_after=asked)
    with travel(datetime(2026, 3, 3, 14, 0, 30, tzinfo=UTC), tick=False), pytest.raises(WriteUnknown) as riddle:
        book.apply(change)
    assert riddle.value.retry_after == seconds


@pytest.mark.parametrize(
    ("fault", "applied"),
    [
        (lambda server: server.faults.cut(applied=False), False),
        (lambda server: server.faults.cut(applied=True), True),
        (lambda server: server.faults.torn(), True),
        (lambda server: server.faults.stall(applied=True), True),
        (lambda server: server.faults.late(0, on="write"), True),
    ],
)
def test_a_lost_answer_is_unknown_whether_it_was_applied_or_not(
    server: SheetsServer,
    book: GoogleBook,
    fault: Callable[[SheetsServer], None],
    applied: bool,  # noqa: FBT001  a column of the table
) -> None:
    change = version_written(book)
    book._client.set_timeout((1.0, 0.4))
    fault(server)
    with pytest.raises(WriteUnknown):
        book.apply(change)
    assert server.office.value("Operaciones", "MK-1", "version") == (FIRST if applied else "")


def test_a_read_without_an_answer_is_only_busy(server: SheetsServer, book: GoogleBook) -> None:
    book._client.set_timeout((1.0, 0.4))
    faults: list[Callable[[], None]] = [
        server.faults.torn,
        server.faults.stall,
        lambda: server.faults.cut(applied=True),
    ]
    for fault in faults:
        fault()
        with pytest.raises(BookBusy, match="No hay conexión"):
            tags(book)
    assert tags(book) == ["MK-1", "MK-2", "MK-3"]


def test_a_write_that_found_nobody_was_surely_not_applied(book: GoogleBook) -> None:
    change = version_written(book)
    book._client._origin = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(BookBusy):
        book.apply(change)


def test_a_protected_cell_refuses_the_whole_change_with_googles_words(server: SheetsServer, book: GoogleBook) -> None:
    change = version_written(book)
    server.office.protect("Operaciones", "MK-2", "version")
    rows = [*change.rows, RowChange(Tab.OPERACIONES, 3, {"version": FIRST})]
    with pytest.raises(WriteRefused, match="protected cell"):
        book.apply(Change(change.columns, rows))
    assert server.office.value("Operaciones", "MK-1", "version") == ""
    book.apply(change)
    assert server.office.value("Operaciones", "MK-1", "version") == FIRST
    assert server.log.entries()[-2].method == server.log.entries()[-1].method == "spreadsheets.batchUpdate"


@pytest.mark.parametrize("code", [401, 403, 404])
def test_lost_permission_is_told_as_such(server: SheetsServer, book: GoogleBook, code: int) -> None:
    change = version_written(book)
    for ask in (lambda: tags(book), lambda: book.apply(change)):
        server.faults.error(code)
        with pytest.raises(PermissionLost):
            ask()
    assert tags(book) == ["MK-1", "MK-2", "MK-3"]


def test_a_book_taken_away_is_lost_and_found(server: SheetsServer, book: GoogleBook) -> None:
    server.share(shared=False)
    with pytest.raises(PermissionLost, match="GOOGLE_SHEET_ID"):
        tags(book)
    server.share(shared=True)
    assert tags(book) == ["MK-1", "MK-2", "MK-3"]


def test_a_tab_whose_grid_people_cut_is_grown_again_with_its_dates_in_order(
    server: SheetsServer, book: GoogleBook
) -> None:
    change = columns_of(book, Tab.METADATA)
    server.office.append_row("Metadata", {"id": "a mano"})
    book.read_many([Ask(Tab.METADATA, ("id",), 3)])
    server.office.delete_row("Metadata", 3)
    rows = [RowChange(Tab.METADATA, 3, {"id": FIRST, "timestamp": None, "fecha_operacion": None})]
    book.apply(Change(change.columns, rows))
    assert [row["id"] for row in server.office.records("Metadata")][-1] == FIRST
    assert server.office.format("Metadata", 3, "timestamp") == DATETIME
    assert server.office.format("Metadata", 3, "fecha_operacion") == DATE
    assert server.office.format("Metadata", 3, "id") is None


def test_rows_asked_for_beyond_the_grid_are_none(server: SheetsServer, book: GoogleBook) -> None:
    (grid,) = book.read_many([Ask(Tab.METADATA, ("id",), 90)])
    assert isinstance(grid, Grid)
    assert (list(grid.rows), grid.last_row) == ([], 89)
    server.office.append_row("Metadata", {"id": "a mano"})
    (grid,) = book.read_many([Ask(Tab.METADATA, ("id",), 3)])
    assert isinstance(grid, Grid)
    assert [(row.number, row.cells) for row in grid.rows] == [(3, ("a mano",))]


def test_a_tab_with_nothing_below_its_header_costs_no_more_reads(server: SheetsServer, book: GoogleBook) -> None:
    for tab in (Tab.METADATA, Tab.OPERACIONES):
        server.office.retype(tab, server.office.table(tab)[:1])
        server.office.trim(tab)
        book.read(tab)
        before = server.log.counts()
        grid = book.read(tab)
        assert isinstance(grid, Grid)
        assert (list(grid.rows), grid.last_row) == ([], 1)
        assert server.log.counts() == {**before, "read": before["read"] + 1}


def test_a_tab_that_was_deleted_and_made_anew_is_written_by_its_new_id(server: SheetsServer, book: GoogleBook) -> None:
    change = version_written(book)
    rows = server.office.table("Operaciones", "FORMATTED_VALUE")
    server.office.delete_tab("Operaciones")
    server.office.add_tab("Operaciones", rows)
    book.apply(change)
    assert server.office.value("Operaciones", "MK-1", "version") == FIRST


def test_show_dates_dresses_our_columns_to_the_bottom_and_no_other(server: SheetsServer, book: GoogleBook) -> None:
    server.office.flip_format("Operaciones", "Fecha_Armado", "NUMBER")
    grids = [grid for grid in book.read_many([Ask(Tab.OPERACIONES), Ask(Tab.METADATA)]) if isinstance(grid, Grid)]
    before = server.office.cells("Operaciones")
    book.show_dates([grid.columns for grid in grids])
    after = server.office.cells("Operaciones")
    assert server.office.value("Operaciones", "MK-1", "Fecha_Armado", option="FORMATTED_VALUE") == "21-01-2026"
    changed = {header for (header, row), cell in after.items() if before.get((header, row)) != cell}
    assert changed == {"Fecha_Armado", "Fecha_Soldadura", "Fecha_QC_Metrología", "Fecha_Ocupacion"}
    assert {after["Fecha_Ocupacion", row].format["numberFormat"]["type"] for row in range(2, 6)} == {"DATE_TIME"}  # type: ignore[index]
    assert ("Fecha_Armado", 1) in before
    assert after["Fecha_Armado", 1] == before["Fecha_Armado", 1]


def test_what_is_not_ours_stays_byte_for_byte(server: SheetsServer, book: GoogleBook) -> None:
    change = version_written(book)
    before = server.office.cells("Operaciones")
    book.apply(change)
    after = server.office.cells("Operaciones")
    assert {place for place in after if after[place] != before.get(place)} == {("version", 2)}
    assert server.office.value("Operaciones", "MK-2", "Peso_Kg", option="FORMULA") == "=1+1"


def test_a_service_account_gets_its_token_once_and_again_when_google_wants(
    server: SheetsServer, tmp_path: Path
) -> None:
    server.accounts.required = True
    path = tmp_path / "cuenta.json"
    path.write_text(json.dumps(server.account), encoding="utf-8")
    book = opened(spreadsheet_id=server.spreadsheet_id, origin=server.url, credentials_file=str(path))
    change = version_written(book)
    server.accounts.expire()
    book.apply(change)
    assert [(entry.kind, entry.status) for entry in server.log.entries()] == [
        ("token", 200),
        ("read", 200),
        ("read", 200),
        ("write", 401),
        ("token", 200),
        ("write", 200),
    ]
    server.accounts.revoke()
    with pytest.raises(PermissionLost, match="cuenta de servicio"):
        book.read(Tab.OPERACIONES)


def test_a_token_endpoint_that_does_not_answer_is_only_busy(server: SheetsServer) -> None:
    account = {**server.account, "token_uri": f"http://127.0.0.1:{free_port()}/token"}
    book = GoogleBook(connected(server.url, credentials_of(text=json.dumps(account))), server.spreadsheet_id)
    with pytest.raises(BookBusy, match="renovar el permiso"):
        book.read(Tab.OPERACIONES)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"type": "service_account", "client_email": "x"}'])
def test_a_file_that_is_no_service_account_is_told_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cuenta.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BookUnreadable, match=r"cuenta\.json no es el JSON"):
        credentials_of(str(path))


def test_without_credentials_nobody_signs_and_nobody_is_contacted(server: SheetsServer) -> None:
    assert credentials_of() is None
    GoogleBook(connected(server.url), server.spreadsheet_id)
    assert isinstance(connected(server.url, credentials_of(text=json.dumps(server.account)))._bearer, Bearer)
    assert server.log.entries() == []


def test_a_shop_on_a_local_book_never_imports_googles_libraries() -> None:
    program = (
        "import os, sys, django; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'taller.settings'); django.setup();"
        "import occupation.sheets.shop, occupation.sheets.pull, occupation.urls;"
        "print([name for name in sys.modules if name.split('.')[0] in {'gspread', 'google', 'googleapiclient'}])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
