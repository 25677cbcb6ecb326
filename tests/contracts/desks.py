"""A workbook of each kind with somebody at the desk beside it: the same promises are asked of both."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
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
Table = Sequence[Sequence[str]]
"""A tab as people type it, header first."""

TABS: Mapping[str, Table] = {"Operaciones": OPERACIONES, "Metadata": METADATA, "Roles": ROLES}


class Desk(Protocol):
    """What a person does beside the app."""

    book: LiveBook

    def table(self, tab: str) -> list[list[str]]:
        """The tab as people see it, without blanks at the end of rows."""
        ...

    def retype(self, tab: str, rows: Table) -> None:
        """Type the whole tab anew."""
        ...

    def delete(self, tab: str) -> None:
        """Delete a tab."""
        ...

    def protect(self, tab: str, tag: str | None = None) -> None:
        """Keep programs from writing a tab, or only the row with that tag."""
        ...

    def unprotect(self, tab: str) -> None:
        """Let programs write anywhere in the tab again."""
        ...

    def stored(self) -> Mapping[str, object]:
        """All that each tab holds: two of these are equal if not a byte changed."""
        ...

    def opened(self) -> LiveBook:
        """The book, for a program that has just started."""
        ...


class LocalDesk:
    """A folder of CSV files."""

    def __init__(self, folder: Path, tabs: Mapping[str, Table] = TABS) -> None:
        self.folder = folder
        self._protected: set[tuple[str, str | None]] = set()
        folder.mkdir(exist_ok=True)
        for tab, rows in tabs.items():
            self.retype(tab, rows)
        self.book = self.opened()

    def table(self, tab: str) -> list[list[str]]:
        with (self.folder / f"{tab}.csv").open(encoding="utf-8-sig", newline="") as file:
            return [_trimmed(row) for row in csv.reader(file, delimiter=";")]

    def retype(self, tab: str, rows: Table) -> None:
        with (self.folder / f"{tab}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows(rows)

    def delete(self, tab: str) -> None:
        (self.folder / f"{tab}.csv").unlink()

    def protect(self, tab: str, tag: str | None = None) -> None:
        self._protected.add((tab, tag))

    def unprotect(self, tab: str) -> None:
        self._protected = {one for one in self._protected if one[0] != tab}

    def protects(self, tab: str, number: int) -> bool:
        """Whether a program may not write that row of the tab."""
        if (tab, None) in self._protected:
            return True
        tags = [tag for where, tag in self._protected if where == tab]
        return bool(tags) and any(tag in self.table(tab)[number - 1] for tag in tags)

    def stored(self) -> Mapping[str, object]:
        return {path.stem: path.read_bytes() for path in self.folder.glob("*.csv")}

    def opened(self) -> LiveBook:
        return LocalBook(self.folder)


class GoogleDesk:
    """A spreadsheet of the tests' Google, whose grid ends right after the last row."""

    def __init__(self, server: SheetsServer) -> None:
        self.server = server
        self.book = self.opened()

    def table(self, tab: str) -> list[list[str]]:
        shown, typed = (self.server.office.table(tab, option) for option in ("FORMATTED_VALUE", "FORMULA"))
        return [_trimmed(_as_typed(*both)) for both in zip(shown, typed, strict=True)]

    def retype(self, tab: str, rows: Table) -> None:
        self.server.office.retype(tab, rows)

    def delete(self, tab: str) -> None:
        self.server.office.delete_tab(tab)

    def protect(self, tab: str, tag: str | None = None) -> None:
        self.server.office.protect(tab, tag)

    def unprotect(self, tab: str) -> None:
        self.server.office.unprotect(tab)

    def stored(self) -> Mapping[str, object]:
        return {tab.title: self.server.office.cells(tab.title) for tab in self.server.book.tabs}

    def opened(self) -> LiveBook:
        return GoogleBook(connected(self.server.url), self.server.spreadsheet_id)


def google_server(tabs: Mapping[str, Table] = TABS) -> SheetsServer:
    """A server with the desk's book."""
    return SheetsServer(book_of_rows(BOOK_ID, tabs, spare=0), reads=None, writes=None)


def _as_typed(shown: Sequence[str], typed: Sequence[object]) -> list[str]:
    """What a person would type to have the row again: what it shows, and its formulas."""
    formulas = [isinstance(cell, str) and cell.startswith("=") for cell in typed]
    return [str(cell) if formula else text for text, cell, formula in zip(shown, typed, formulas, strict=True)]


def _trimmed(row: Sequence[str]) -> list[str]:
    cells = list(row)
    while cells and cells[-1] == "":
        cells.pop()
    return cells
