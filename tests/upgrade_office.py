"""An office whose book is v2.1 still, people who upgrade it, and a book whose program dies at some call."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from occupation.demo.book import make_book
from occupation.demo.workbook import write_folder
from occupation.models import BookUpgrade
from occupation.sheets.book import USUAL_NAMES, LiveBook, TabNames
from occupation.sheets.layout import OPERACIONES_HEADERS, Tab
from occupation.sheets.rollback import roll_back
from occupation.sheets.upgrade import upgrade_book
from occupation.sheets.upgrade_plan import NEW_HEADERS, originals
from occupation.sheets.upgrade_work import Work
from tests.books import Fila, fila
from tests.contracts.desks import Desk, GoogleDesk, LocalDesk, Table, google_server
from tests.mirror_office import AnyOffice, tabs_of

NOTES = "Notas de la oficina"
V21_HEADERS = [name for name in OPERACIONES_HEADERS if name not in NEW_HEADERS]

FILAS = [
    fila("MK-1", {"Peso_Kg": "=2*3"}, Fecha_Armado="21-01-2026", Armador="MR(93)"),
    fila("MK-2", Armador="Pérez(94)", Fecha_Compromiso="31/12/2026"),
    fila("mk-2", Notas="repetida"),
    fila("MK-3", {"Fecha_QC_Metrología": "25-01-2026"}, Fecha_Armado="21-01-2026", Fecha_Soldadura="22-01-2026"),
    fila("", NV="NV0999"),
    fila("MK-4", Fecha_Armado="pronto", Armador="XX(404)"),
    fila("MK-5"),
]
"""Every kind of row that matters: done, begun, twice, approved, without tag, doubtful, untouched."""


def v21(tabs: Mapping[str, Table], scribble: str = "mirar esto") -> dict[str, Table]:
    """The book without what v2.1 did not have, with a tab of the office's own and a scribble beyond the last header."""
    header, *rows = tabs[Tab.OPERACIONES]
    kept = [at for at, name in enumerate(header) if name not in NEW_HEADERS]
    operaciones = [[row[at] for at in kept] for row in (header, *rows)]
    if scribble:
        operaciones[1] = [*operaciones[1], "", scribble]
    return {**tabs, Tab.OPERACIONES: operaciones, NOTES: [["Nota", "Total"], ["uno", "=1+1"]]}


def small_tabs(filas: Sequence[Fila] = FILAS) -> dict[str, Table]:
    return v21(tabs_of(filas))


def demo_tabs(folder: Path, spools: int = 60) -> dict[str, Table]:
    """The sample shop's workbook, as v2.1 would have it."""
    write_folder(make_book(spools=spools, workers=12, seed=7, hoy=date(2026, 3, 3)), folder, USUAL_NAMES)
    tabs: dict[str, Table] = {}
    for tab in Tab:
        with (folder / f"{tab}.csv").open(encoding="utf-8-sig", newline="") as file:
            tabs[tab] = list(csv.reader(file))
    return v21(tabs)


@contextmanager
def v21_office(kind: str, folder: Path, tabs: Mapping[str, Table] | None = None) -> Iterator[V21Office]:
    """People at a v2.1 book of that kind, "local" or "google"."""
    tabs = tabs or small_tabs()
    if kind == "local":
        yield V21Office(LocalDesk(folder, tabs))
        return
    with google_server(tabs) as server:
        yield V21Office(GoogleDesk(server))


class V21Office(AnyOffice):
    """People at a v2.1 book. `before` is all there was of it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.before = dict(desk.stored())
        self.said: list[str] = []

    def rows(self, tab: Tab = Tab.OPERACIONES) -> list[dict[str, str]]:
        """The rows by header; what stands where there is none is left out."""
        header, *rows = self.desk.table(tab)
        wide = [[*row, *[""] * len(header)] for row in rows]
        return [{name: cell for name, cell in zip(header, row, strict=False) if name} for row in wide]

    def save(self, rows: Sequence[Mapping[str, str]], tab: Tab = Tab.OPERACIONES) -> None:
        """Type the rows anew; what stands where there is no header stays."""
        header, *before = self.desk.table(tab)
        wide = [[*old, *[""] * (len(header) - len(old))] for old in before]
        new = [
            [row.get(header[at], cell) if at < len(header) else cell for at, cell in enumerate(old)]
            for row, old in zip(rows, wide, strict=True)
        ]
        self.desk.retype(tab, [header, *new])

    def work(self, book: LiveBook | None = None) -> Work:
        return Work(book or self.desk.opened(), lambda: True, self.said.append, at_once)

    def upgrade(self, book: LiveBook | None = None) -> str:
        """Upgrade the book with a program that has just started; the backup's name."""
        upgrade_book(self.work(book))
        return BookUpgrade.objects.latest("begun_at").name

    def go_back(self, name: str, book: LiveBook | None = None, *, force: bool = False) -> None:
        roll_back(self.work(book), name=name, force=force)

    def backups(self) -> dict[str, object]:
        """The copies, by the title of what they are copies of."""
        stored = self.desk.stored()
        return {title.rpartition(" ")[0]: stored[title] for title in stored if title not in originals(list(stored))}

    def originals(self) -> dict[str, object]:
        stored = self.desk.stored()
        return {title: stored[title] for title in originals(list(stored))}

    def as_people_see_it(self) -> dict[str, list[list[str]]]:
        return {title: self.desk.table(title) for title in self.originals()}


def at_once(seconds: float) -> None:
    """A wait that takes no time."""


class Died(BaseException):
    """The program is no more."""


@dataclass
class DyingBook:
    """A book whose program dies at its call number `at`, or its first one named `at`, before it or after it.

    0: never. `calls` tells all of them.
    """

    book: LiveBook
    at: int | str = 0
    after: bool = False
    calls: list[str] = field(default_factory=list)
    metered: bool = field(init=False)
    names: TabNames = field(init=False)

    def __post_init__(self) -> None:
        self.metered, self.names = self.book.metered, self.book.names

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.book, name)

        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the book answers
            self.calls.append(name)
            dies = self.at in (name, len(self.calls))
            if dies and not self.after:
                raise Died
            answer = method(*arguments, **named)
            if dies:
                raise Died
            return answer

        return call
