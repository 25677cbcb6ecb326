"""The office in Google and the floor at its tablet: what one writes, the other sees."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from occupation.sheets.layout import Tab
from tests.browser.floor import Stand, stand
from tests.contracts.desks import google_server
from tests.live import LiveTaller
from tests.live_shop import inside, rows
from tests.mirror_trouble import PEOPLE, ROLES, tag
from tests.mirror_trouble import rows as troubled_rows
from tests.ports import wait_until
from tests.sheets_server.server import SheetsServer
from tests.terminal import READY, Terminal

pytestmark = [pytest.mark.process, pytest.mark.sqlite]

OFFICE_SECONDS = 45.0
"""Longer than the 30 s after which the office's columns are read again."""

A, B, C = tag(11), tag(12), tag(13)


@dataclass
class Both:
    """A shop, its tablet and its sheet. `mirror` brings them together, where nobody else does."""

    live: LiveTaller
    server: SheetsServer
    tablet: Stand
    mirror: Callable[[], None]

    def edit(self, spool: str, header: str, value: str) -> None:
        """The office types a value."""
        self.server.office.edit(Tab.OPERACIONES, spool, header, value)
        self.mirror()

    def cell(self, spool: str, header: str) -> str:
        """What the office sees in a cell."""
        shown = self.server.office.value(Tab.OPERACIONES, spool, header, option="FORMATTED_VALUE")
        return str(shown)

    def shows(self, spool: str, header: str, text: str) -> None:
        self.mirror()
        wait_until(lambda: self.cell(spool, header) == text, f"{header} of {spool} says {text}", OFFICE_SECONDS)

    def note_says(self, pattern: str) -> None:
        """The note on the work page, which also brings itself up to date each minute."""

        def says() -> bool:
            note = self.tablet.open("/trabajo/").locator("[data-hoja]").inner_text()
            return re.fullmatch(pattern, note) is not None

        wait_until(says, pattern, OFFICE_SECONDS)

    def spool_page_tells(self, spool: str, *texts: str) -> None:
        """The tablet's page of a spool says all of this, sooner or later."""

        def told() -> bool:
            said = self.tablet.open(f"/spool/{spool}/").locator("main").inner_text()
            return all(text in said for text in texts)

        wait_until(told, f"the page of {spool} says {texts}", OFFICE_SECONDS)


def sheet() -> SheetsServer:
    """The office's book in Google: thirty spools, fourteen workers."""
    from tests.mirror_office import tabs_of

    return google_server(tabs_of(troubled_rows()) | {Tab.TRABAJADORES: PEOPLE, Tab.ROLES: ROLES})


@contextmanager
def opened_by_hand(live: LiveTaller, server: SheetsServer) -> Iterator[Callable[[], None]]:
    """A web process, and a cycle of the mirror whenever it is asked for."""
    from occupation.sheets.cycle import Cycle
    from occupation.sheets.google import GoogleBook
    from occupation.sheets.google_client import connected

    def mirror() -> None:
        with inside(live):
            Cycle(GoogleBook(connected(server.url), server.spreadsheet_id)).run()

    live.start()
    mirror()
    yield mirror
    live.kill()


@contextmanager
def opened_by_make_run(live: LiveTaller, server: SheetsServer) -> Iterator[Callable[[], None]]:
    """`make run` for Google, on an empty database."""
    names = ("PORT", "SHEETS_BACKEND", "SHEETS_API_URL", "GOOGLE_SHEET_ID", "SYNC_INTERVAL_SECONDS")
    terminal = Terminal(live.folder, **{name: live.environment[name] for name in names})
    try:
        terminal.wait_for(READY)
        assert "los spools llegan de la hoja de Google" in terminal.said()
        counted = "SELECT COUNT(*) FROM occupation_spool"
        wait_until(lambda: rows(live, counted)[0][0] == 30, "the sheet's spools", OFFICE_SECONDS)
        yield lambda: None
        assert "Traceback" not in terminal.said()
    finally:
        terminal.close()


@pytest.fixture(params=[opened_by_hand, pytest.param(opened_by_make_run, marks=pytest.mark.long)])
def both(
    request: pytest.FixtureRequest, chromium: Browser, fresh_database_url: str, static_files: Path, tmp_path: Path
) -> Iterator[Both]:
    with sheet() as server:
        google = {"SHEETS_BACKEND": "google", "SHEETS_API_URL": server.url, "GOOGLE_SHEET_ID": server.spreadsheet_id}
        by_hand = request.param is opened_by_hand
        database = fresh_database_url if by_hand else f"sqlite:///{tmp_path}/var/taller.sqlite3"
        live = LiveTaller(tmp_path, google | {"DATABASE_URL": database, "SYNC_INTERVAL_SECONDS": "1"})
        if by_hand:
            (tmp_path / "var").mkdir()
            (tmp_path / "var" / "static").symlink_to(static_files)
        with request.param(live, server) as mirror, stand(chromium, live) as tablet:
            tablet.page.set_default_timeout(OFFICE_SECONDS * 1000)
            yield Both(live, server, tablet.pair().step_up(), mirror)


def test_what_office_and_floor_write_reaches_the_other(both: Both) -> None:
    tablet = both.tablet
    tablet.take(A)
    both.shows(A, "Ocupado_Por", "MR(93)")
    assert both.cell(A, "Estado_Detalle") == "MR(93) trabajando ARM (ARM en progreso, SOLD pendiente)"
    both.edit(A, "Ocupado_Por", "")
    expect(tablet.card(A)).to_have_count(0, timeout=OFFICE_SECONDS * 1000)
    expect(tablet.page.locator("#mios")).to_contain_text("celda vaciada en la hoja")
    both.shows(A, "Estado_Detalle", "Disponible - ARM parcial (pausado), SOLD pendiente")
    both.edit(A, "Armador", "JP(94)")
    both.edit(A, "Prioridad", "Urgente")
    both.edit(A, "Ubicación", "Patio 3")
    both.spool_page_tells(A, "JP(94)", "Urgente", "Patio 3")
    both.spool_page_tells(tag(4), "Dato dudoso: Fecha_Materiales", "cuando lleguen")
    both.edit(tag(4), "Fecha_Materiales", "05-01-2026")
    tablet.take(tag(4))
    both.shows(tag(4), "Armador", "MR(93)")


def test_the_tablet_says_how_far_the_sheet_is_behind_and_nobody_waits_for_it(both: Both) -> None:
    both.server.faults.error(503, times=None, on="read")
    both.tablet.take(B)
    both.tablet.take(C)
    both.note_says(r"hoja \d+ s atrás")
    assert both.cell(C, "Ocupado_Por") == ""
    both.server.faults.clear()
    both.shows(C, "Ocupado_Por", "MR(93)")
    both.note_says("hoja al día")
