"""A book as the office sees it, and a shared one that cannot tell when somebody changed it between read and write."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from occupation.models import Evento
from occupation.sheets.book import Ask, Change, WriteRefused, WriteUnknown
from occupation.sheets.cycle import Cycle
from occupation.sheets.cycle_report import CycleReport
from occupation.sheets.layout import Tab, headers
from occupation.sheets.local import LocalBook, write_table
from occupation.vocabulary import TipoEvento
from tests.books import BookFolder, Fila
from tests.shop import journal


class Office:
    """The book as the office sees it in a spreadsheet program: cells to look at and to change by tag and header."""

    def __init__(self, folder: Path, filas: list[Fila]) -> None:
        self.book = BookFolder(folder, filas).save()
        write_table(self.book.path(Tab.METADATA), [list(headers(Tab.METADATA))])

    def rows(self, tab: Tab = Tab.OPERACIONES) -> list[dict[str, str]]:
        with self.book.path(tab).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def row(self, tag: str) -> dict[str, str]:
        return next(row for row in self.rows() if row["TAG_SPOOL"] == tag)

    def edit(self, tag: str, cells: dict[str, str] | None = None, **more: str) -> None:
        rows = self.rows()
        next(row for row in rows if row["TAG_SPOOL"] == tag).update({**(cells or {}), **more})
        self.save(rows)

    def save(self, rows: list[dict[str, str]], tab: Tab = Tab.OPERACIONES) -> None:
        columns = list(rows[0])
        write_table(self.book.path(tab), [columns, *([row[name] for name in columns] for row in rows)])

    def sync(self, **options: Any) -> CycleReport:
        """A cycle of a relay that has just started."""
        return Cycle(LocalBook(self.book.folder), **options).run()


class SharedBook(LocalBook):
    """A folder of CSV files written blindly, as a book over a network is: only a proof tells what happened.

    `between` runs between the reading and the writing, once. `refuses` says which changes are answered with 400.
    `lost` makes the answer get lost "before" or "after" the change was applied, once; `late` keeps such a change.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.between: Callable[[], object] | None = None
        self.refuses: Callable[[Change], bool] = lambda _: False
        self.lost = ""
        self.late: list[Change] = []
        self.writes = 0

    def apply(self, change: Change) -> None:
        """See `LiveBook.apply`."""
        self.writes += 1
        happens, self.between = self.between, None
        if happens:
            happens()
        if self.refuses(change):
            raise WriteRefused("la celda está protegida")
        lost, self.lost = self.lost, ""
        if lost == "before":
            self.late.append(change)
            raise WriteUnknown("se perdió la respuesta")
        self.arrive(change)
        if lost:
            raise WriteUnknown("se perdió la respuesta")

    def arrive(self, change: Change) -> None:
        """Write without a look at what changed."""
        self._answers.clear()
        self.read_many([Ask(tab) for tab in change.columns])
        super().apply(change)


def ours(office: Office, tag: str) -> dict[str, str]:
    row = office.row(tag)
    return {header: row[header] for header in row if header in set(headers(Tab.OPERACIONES)) and row[header]}


def told(since: int) -> list[tuple[str, str, int | None]]:
    rows = [row for row in journal(since) if row.tipo not in (TipoEvento.STATE_CHANGE, TipoEvento.IMPORTACION)]
    return [(str(row.tipo), row.actor_nombre, row.trabajador_id) for row in rows]


def last_event() -> int:
    last = Evento.objects.order_by("-id").first()
    return last.pk if last else 0


def nothing_left(office: Office) -> bool:
    """Whether another cycle finds nothing to do and leaves every byte alone."""
    before = {path: path.read_bytes() for path in office.book.folder.iterdir()}
    report = office.sync()
    return not report.effective and before == {path: path.read_bytes() for path in office.book.folder.iterdir()}
