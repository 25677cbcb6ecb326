"""A book as the office sees it, of each kind, and one that anything may happen to between reading and writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from occupation import services
from occupation.models import Evento
from occupation.sheets.book import Ask, Change, LiveBook, Meter, WriteRefused, WriteUnknown
from occupation.sheets.cycle import Cycle
from occupation.sheets.cycle_report import CycleReport
from occupation.sheets.google import GoogleBook, unmetered
from occupation.sheets.google_client import connected
from occupation.sheets.layout import OPERACIONES_HEADERS, Owner, Tab, headers
from occupation.sheets.local import LocalBook
from occupation.vocabulary import Operacion, TipoEvento
from tests.books import PEOPLE, ROLES, Fila
from tests.contracts.desks import Desk, GoogleDesk, LocalDesk, Table, google_server
from tests.sheets_server.server import SheetsServer
from tests.shop import TABLET, journal

LATE_SECONDS = 120.0


class SharedBook(LiveBook, Protocol):
    """A book that bad things happen to.

    `between` runs between the reading and the next writing, `after` right after that writing, each once. `lost` makes
    the answer to the next write get lost, "before" or "after" it was applied; one that was not arrives when told to.
    """

    between: Callable[[], None] | None
    after: Callable[[], None] | None
    lost: str
    writes: int

    def arrive(self) -> None:
        """Apply, blindly, the write whose answer was lost before it was applied."""
        ...


class AnyOffice:
    """The book as people see it: cells to look at and to change by tag and header."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def rows(self, tab: Tab = Tab.OPERACIONES) -> list[dict[str, str]]:
        header, *rows = self.desk.table(tab)
        return [dict(zip(header, [*row, *[""] * (len(header) - len(row))], strict=True)) for row in rows]

    def row(self, tag: str) -> dict[str, str]:
        return next(row for row in self.rows() if row["TAG_SPOOL"] == tag)

    def edit(self, tag: str, cells: Mapping[str, str] | None = None, **more: str) -> None:
        rows = self.rows()
        next(row for row in rows if row["TAG_SPOOL"] == tag).update({**(cells or {}), **more})
        self.save(rows)

    def save(self, rows: Sequence[Mapping[str, str]], tab: Tab = Tab.OPERACIONES) -> None:
        header = list(rows[0])
        self.desk.retype(tab, [header, *([row[name] for name in header] for row in rows)])

    def rename(self, header: str, to: str, tab: Tab = Tab.OPERACIONES) -> None:
        first, *rows = self.desk.table(tab)
        self.desk.retype(tab, [[to if name == header else name for name in first], *rows])

    def append(self, tab: Tab, *cells: str) -> None:
        """Write a row by hand after the last."""
        self.desk.retype(tab, [*self.desk.table(tab), cells])

    def empty(self, tab: Tab) -> None:
        """Delete every row below the header."""
        self.desk.retype(tab, self.desk.table(tab)[:1])

    def stored(self, tab: Tab | None = None) -> object:
        """All there is of a tab, or of the book: two of these are equal if not a byte changed."""
        stored = self.desk.stored()
        return stored if tab is None else stored[tab]

    def sync(self, **options: Any) -> CycleReport:
        """A cycle of a relay that has just started."""
        return Cycle(self.desk.opened(), **options).run()

    def shared(self, meter: Meter = unmetered) -> SharedBook:
        """The same book, for a relay that has a bad day. Only Google's is metered."""
        if isinstance(self.desk, GoogleDesk):
            return SharedSheet(self.desk.server, meter)
        assert isinstance(self.desk, LocalDesk)
        return SharedFolder(self.desk)


def tabs_of(filas: Sequence[Fila]) -> dict[str, Table]:
    """A whole book with these rows of Operaciones, the usual people, and an audit that is empty yet."""
    return {
        Tab.OPERACIONES: [OPERACIONES_HEADERS, *([one.get(name, "") for name in OPERACIONES_HEADERS] for one in filas)],
        Tab.TRABAJADORES: [["Id", "Nombre", "Apellido", "Activo"], *PEOPLE],
        Tab.ROLES: [["Id", "Rol", "Activo"], *ROLES],
        Tab.METADATA: [headers(Tab.METADATA)],
    }


class Office(AnyOffice):
    """People who work in a folder of CSV files."""

    desk: LocalDesk

    def __init__(self, folder: Path, filas: Sequence[Fila]) -> None:
        super().__init__(LocalDesk(folder, tabs_of(filas)))
        self.book = LocalBook(folder)


@contextmanager
def at_office(kind: str, folder: Path, filas: Sequence[Fila]) -> Iterator[AnyOffice]:
    """People at a book of that kind, "local" or "google", with these rows of Operaciones."""
    if kind == "local":
        yield Office(folder / "libro", filas)
        return
    with google_server(tabs_of(filas)) as server:
        yield AnyOffice(GoogleDesk(server))


@contextmanager
def mirrored_office(kind: str, folder: Path, filas: Sequence[Fila]) -> Iterator[AnyOffice]:
    """The same, whose rows the app knows and has mirrored once."""
    with at_office(kind, folder, filas) as office:
        office.sync()
        yield office


def take(*numbers: int) -> None:
    """JP(94) takes MK-1, MK-2… for fit-up."""
    for number in numbers:
        services.tomar(tag=f"MK-{number}", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)


class SharedFolder(LocalBook):
    """A folder of CSV files whose answers get lost."""

    def __init__(self, desk: LocalDesk) -> None:
        super().__init__(desk.folder)
        self.desk = desk
        self.between: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None
        self.lost = ""
        self.writes = 0
        self._late: list[Change] = []

    def apply(self, change: Change) -> None:
        """See `LiveBook.apply`."""
        self.writes += 1
        happens, self.between = self.between, None
        if happens:
            happens()
        if any(self.desk.protects(row.tab, row.number) for row in change.rows):
            raise WriteRefused("la celda está protegida")
        lost, self.lost = self.lost, ""
        if lost == "before":
            self._late.append(change)
            raise WriteUnknown("se perdió la respuesta")
        super().apply(change)
        self.read_many([Ask(tab) for tab in change.columns])
        happens, self.after = self.after, None
        if happens:
            happens()
        if lost:
            raise WriteUnknown("se perdió la respuesta")

    def arrive(self) -> None:
        """See `SharedBook.arrive`."""
        change = self._late.pop()
        self.read_many([Ask(tab) for tab in change.columns])
        super().apply(change)


class SharedSheet(GoogleBook):
    """A spreadsheet of the tests' Google, which is told what is to go wrong with the next write of cells."""

    def __init__(self, server: SheetsServer, meter: Meter) -> None:
        super().__init__(connected(server.url), server.spreadsheet_id, meter=meter)
        self.server = server
        self.between: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None
        self.lost = ""
        self.writes = 0

    def apply(self, change: Change) -> None:
        """See `LiveBook.apply`."""
        self.writes += 1
        (before, self.between), (after, self.after) = (self.between, None), (self.after, None)
        if before:
            self.server.faults.before("write", before)
        if after:
            self.server.faults.after("write", after)
        lost, self.lost = self.lost, ""
        if lost == "before":
            self.server.faults.late(LATE_SECONDS, on="write")
        elif lost:
            self.server.faults.cut(applied=True, on="write")
        super().apply(change)

    def arrive(self) -> None:
        """See `SharedBook.arrive`."""
        self.server.clock.advance(LATE_SECONDS)
        self.server.google.settle()


def ours(office: AnyOffice, tag: str) -> dict[str, str]:
    row = office.row(tag)
    return {header: row[header] for header in row if header in set(headers(Tab.OPERACIONES)) and row[header]}


def told(since: int) -> list[tuple[str, str, int | None]]:
    rows = [row for row in journal(since) if row.tipo not in (TipoEvento.STATE_CHANGE, TipoEvento.IMPORTACION)]
    return [(str(row.tipo), row.actor_nombre, row.trabajador_id) for row in rows]


def last_event() -> int:
    last = Evento.objects.order_by("-id").first()
    return last.pk if last else 0


def nothing_left(office: AnyOffice) -> bool:
    """Whether another cycle finds nothing to do and leaves every byte alone."""
    before = office.stored()
    report = office.sync()
    return not report.effective and before == office.stored()


def server_of(office: AnyOffice) -> SheetsServer:
    assert isinstance(office.desk, GoogleDesk)
    return office.desk.server


def foreign_cells(server: SheetsServer, *but: str) -> dict[tuple[str, int], object]:
    """What was typed into the columns that are not ours, by header; nothing tells from which column to which.

    `but` are the headers of columns that came since, and are left out.
    """
    left_out = {*headers(Tab.OPERACIONES, Owner.APP), *but}
    rows = enumerate(server.office.records("Operaciones", "FORMULA"))
    found = {(name, number): cell for number, row in rows for name, cell in row.items() if name not in left_out}
    return {place: without_addresses(cell) for place, cell in found.items()}


def without_addresses(cell: object) -> object:
    return "a formula" if str(cell).startswith("=") else cell
