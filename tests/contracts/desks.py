"""A workbook of each kind with somebody at the desk beside it: the same promises are asked of both."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from occupation.sheets.book import LiveBook
from occupation.sheets.google import GoogleBook
from occupation.sheets.google_client import connected
from occupation.sheets.layout import Tab, headers
from occupation.sheets.local import LocalBook
from tests.sheets_server.loading import book_of_rows
from tests.sheets_server.server import BOOK_ID, SheetsServer

FIRST = "11111111-1111-4111-8111-111111111111"
SECOND = "22222222-2222-4222-8222-222222222222"

OPERACIONES = [
    ["Peso_Kg", *headers(Tab.OPERACIONES)],
    ["1,5", "MK-1", "NV0650", "7", "Minera Sur", "", "", "2,5", "05-01-2026", "", "", "", "21-01-2026", "MR(93)"],
    ["=1+1", "MK-2", "NV0650", "7", "Minera Sur", "", "", "1 1/2", "05-01-2026"],
    [],
    ["3", "MK-3", "NV0651", "8", "", "", "", "4", "", "", "", "una nota"],
]
METADATA = [list(headers(Tab.METADATA)), [FIRST, "21-01-2026 12:30:00", "TOMAR_SPOOL", "MK-1", "93"]]
ROLES = [["Id", "Rol", "Activo"], ["93", "Armador", "TRUE"]]
TABS = {"Operaciones": OPERACIONES, "Metadata": METADATA, "Roles": ROLES}


class Desk(Protocol):
    """What a person does beside the app."""

    book: LiveBook

    def table(self, tab: str) -> list[list[str]]:
        """The tab as people see it, without blanks at the end of rows."""
        ...

    def retype(self, tab: str, rows: Sequence[Sequence[str]]) -> None:
        """Replace the whole tab."""
        ...

    def delete(self, tab: str) -> None:
        """Delete a tab."""
        ...


class LocalDesk:
    """A folder of CSV files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for tab, rows in TABS.items():
            self.retype(tab, rows)
        self.book: LiveBook = LocalBook(folder)

    def table(self, tab: str) -> list[list[str]]:
        text = (self.folder / f"{tab}.csv").read_text(encoding="utf-8-sig")
        return [_trimmed(row) for row in csv.reader(text.splitlines(), delimiter=";")]

    def retype(self, tab: str, rows: Sequence[Sequence[str]]) -> None:
        with (self.folder / f"{tab}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows(rows)

    def delete(self, tab: str) -> None:
        (self.folder / f"{tab}.csv").unlink()


class GoogleDesk:
    """A spreadsheet of the tests' Google, whose grid ends right after the last row."""

    def __init__(self, server: SheetsServer) -> None:
        self.server = server
        self.book: LiveBook = GoogleBook(connected(server.url), server.spreadsheet_id)

    def table(self, tab: str) -> list[list[str]]:
        return [_trimmed(row) for row in self.server.office.table(tab, "FORMATTED_VALUE")]

    def retype(self, tab: str, rows: Sequence[Sequence[str]]) -> None:
        self.delete(tab)
        self.server.office.add_tab(tab, rows, spare=0)

    def delete(self, tab: str) -> None:
        self.server.office.delete_tab(tab)


def google_server() -> SheetsServer:
    """A server with the desk's book."""
    return SheetsServer(book_of_rows(BOOK_ID, TABS, spare=0), reads=None, writes=None)


def _trimmed(row: Sequence[str]) -> list[str]:
    cells = list(row)
    while cells and cells[-1] == "":
        cells.pop()
    return cells
