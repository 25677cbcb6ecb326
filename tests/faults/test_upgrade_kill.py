"""`sheets_upgrade` and `sheets_rollback` as real processes that are killed, and run again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from occupation.sheets.upgrade_work import UpgradeRefused
from tests.contracts.desks import GoogleDesk, google_server
from tests.live import ROOT, LiveTaller
from tests.live_shop import inside
from tests.ports import patient
from tests.sheets_server.server import SheetsServer
from tests.upgrade_office import V21Office, small_tabs

pytestmark = pytest.mark.process

WRITES = range(3)
"""The backup, the headers and the rows."""


@contextmanager
def office_and_program(url: str, folder: Path) -> Iterator[tuple[V21Office, LiveTaller]]:
    """People at a v2.1 book of Google's, and the program that is to upgrade it."""
    with google_server(small_tabs()) as server:
        settings = {"SHEETS_BACKEND": "google", "SHEETS_API_URL": server.url, "GOOGLE_SHEET_ID": server.spreadsheet_id}
        quota = {"SHEETS_READS_PER_MINUTE": "300", "SHEETS_WRITES_PER_MINUTE": "300"}
        (folder / "var").mkdir(exist_ok=True)
        yield V21Office(GoogleDesk(server)), LiveTaller(folder, {"DATABASE_URL": url} | settings | quota)


def kill_at_write(server: SheetsServer, live: LiveTaller, command: list[str], write: int, *, applied: bool) -> str:
    """Run a command that is killed at its write of that number, applied or not; what it had said by then."""
    running: list[subprocess.Popen[str]] = []

    def kill() -> None:
        running[0].kill()

    if not applied:
        server.faults.cut(applied=False, on="write", skip=write)
    server.faults.before("write", kill, skip=write)
    program = [sys.executable, "manage.py", *command]
    with subprocess.Popen(program, cwd=ROOT, env=live.environment, stdout=subprocess.PIPE, text=True) as process:
        running.append(process)
        said, _ = process.communicate(timeout=patient(60))
    assert process.returncode == -signal.SIGKILL
    assert server.faults.waiting == []
    return said


def finished(office: V21Office, live: LiveTaller) -> str:
    """Run the upgrade to its end; its backup, the only one there is."""
    with inside(live):
        name = office.upgrade()
    assert office.backups() == office.before
    assert sum(bool(row["version"]) for row in office.rows()) == 5
    return name


def put_back(office: V21Office, live: LiveTaller, name: str, *, force: bool = False) -> None:
    """Go all the way back."""
    with inside(live):
        office.go_back(name, force=force)
    assert (office.originals(), office.backups()) == (office.before, office.before)


def server_of(office: V21Office) -> SheetsServer:
    assert isinstance(office.desk, GoogleDesk)
    return office.desk.server


def test_a_killed_upgrade_is_finished_by_the_next_one_and_put_back_after_all(
    fresh_database_url: str, tmp_path: Path
) -> None:
    with office_and_program(fresh_database_url, tmp_path) as (office, live):
        kill_at_write(server_of(office), live, ["sheets_upgrade"], 0, applied=True)
        assert office.backups() == office.before
        put_back(office, live, finished(office, live))


@pytest.mark.long
@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("write", WRITES)
def test_an_upgrade_killed_around_any_write_is_finished_by_the_next(
    fresh_database_url: str,
    tmp_path: Path,
    write: int,
    applied: bool,  # noqa: FBT001  a column of the table
) -> None:
    with office_and_program(fresh_database_url, tmp_path) as (office, live):
        kill_at_write(server_of(office), live, ["sheets_upgrade"], write, applied=applied)
        name = finished(office, live)
        kill_at_write(server_of(office), live, ["sheets_rollback", name], 0, applied=applied)
        put_back(office, live, name)


@pytest.mark.long
@pytest.mark.parametrize("applied", [False, True])
def test_what_is_typed_after_a_way_back_was_killed_stops_the_next_one(
    fresh_database_url: str,
    tmp_path: Path,
    applied: bool,  # noqa: FBT001  a column of the table
) -> None:
    with office_and_program(fresh_database_url, tmp_path) as (office, live):
        name = finished(office, live)
        kill_at_write(server_of(office), live, ["sheets_rollback", name], 0, applied=applied)
        office.edit("MK-5", Notas="urgente")
        typed = dict(office.desk.stored())
        with pytest.raises(UpgradeRefused, match="alguien escribió en Operaciones"):
            put_back(office, live, name)
        assert dict(office.desk.stored()) == typed
        put_back(office, live, name, force=True)


@pytest.mark.long
def test_an_upgrade_that_dies_at_any_statement_is_finished_by_the_next(fresh_database_url: str, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.faults.dying_upgrade", str(tmp_path)]
    environment = LiveTaller(tmp_path, {"DATABASE_URL": fresh_database_url}).environment
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    deaths = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, len(deaths) > 20) == (0, True), done.stderr
    print(f"{len(deaths)} deaths of an upgrade and as many of a way back")
    for death in deaths:
        assert death["code"] == 9, death
        assert {name: death[name] for name in ("backup", "rows", "back", "half_done")} == {
            "backup": True,
            "rows": 5,
            "back": True,
            "half_done": 0,
        }, death
