"""Opens the sample shop in an empty database: writes its book, imports it, tells its days, writes the book again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from occupation.demo.book import DemoBook, make_book
from occupation.demo.shift import Shift
from occupation.demo.workbook import settle, write_folder, write_xlsx, xlsx_beside
from occupation.models import Spool, Trabajador
from occupation.sheets.book import TabNames
from occupation.sheets.cells import SANTIAGO
from occupation.sheets.layout import Tab
from occupation.sheets.local import LocalBook
from occupation.sheets.pull import import_book
from occupation.sheets.report import ImportReport
from occupation.sheets.shop import tab_names
from occupation.vocabulary import Accion

Say = Callable[[str], object]


class DemoRefused(Exception):  # noqa: N818  an answer in a Spanish sentence, not an error
    """The sample would get in somebody's way, so nothing was done."""


def load_demo(*, spools: int, workers: int, seed: int, say: Say) -> None:
    """Fill an empty database and tell each thing done to `say`.

    A workbook that already stands where the sample's would go is imported instead: no book is ever overwritten.
    Raises `DemoRefused`, `BookUnreadable` and `BookUnwritable`.
    """
    _refuse_unless_empty()
    folder, names = Path(settings.LOCAL_WORKBOOK), tab_names()
    book_there = LocalBook(folder, names)
    if book_there.path(Tab.OPERACIONES).exists():
        say(f"Ya hay un libro en {folder}: se importa ese y no se inventa otro.")
        say(_imported(import_book(book_there)))
        return
    _refuse_unless_free(folder)
    ahora = timezone.now()
    book = make_book(spools=spools, workers=workers, seed=seed, hoy=ahora.astimezone(SANTIAGO).date())
    write_folder(book, folder, names)
    say(f"Libro inventado: {len(book.filas)} filas, {len(book.roster)} trabajadores, en {folder}")
    say(_imported(import_book(book_there)))
    done = Shift(book, ahora, seed).play()
    say(f"Días de trabajo contados: {', '.join(f'{done[accion]} {accion}' for accion in Accion if done[accion])}")
    _write_again(book, folder, names, say)
    say(_who_works())


def _refuse_unless_empty() -> None:
    if settings.SHEETS_BACKEND != "local":
        raise DemoRefused("El taller de demostración es solo para SHEETS_BACKEND=local: esta base usa una hoja real.")
    if Spool.objects.exists() or Trabajador.objects.exists():
        raise DemoRefused(
            "La base de datos ya tiene spools o trabajadores: el taller de demostración solo entra en una vacía. "
            "Para verlo aparte: TALLER_VAR=/tmp/demo make run"
        )


def _refuse_unless_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DemoRefused(f"{folder} ya existe y no está vacía: nombre otra carpeta en LOCAL_WORKBOOK.")
    if xlsx_beside(folder).exists():
        raise DemoRefused(f"Ya existe {xlsx_beside(folder)}: muévalo, o nombre otra carpeta en LOCAL_WORKBOOK.")


def _imported(report: ImportReport) -> str:
    if not report.complete:
        raise DemoRefused("\n".join(["El libro no se pudo importar entero.", *report.lines]))
    return f"Importado: {report.summary()}"


def _write_again(book: DemoBook, folder: Path, names: TabNames, say: Say) -> None:
    """Show the days' work in the book, and let the mirror see that the book shows it."""
    settle(book)
    write_folder(book, folder, names)
    write_xlsx(book, xlsx_beside(folder), names)
    say(f"Libro al día: {folder} y {xlsx_beside(folder)}")
    report = import_book(LocalBook(folder, names))
    say(
        f"Importado otra vez: {report.changes} cambios, {report.doubtful} celdas dudosas, {report.duplicate} duplicadas"
    )


def _who_works() -> str:
    held = Spool.objects.ocupados()
    return f"Trabajando ahora: {held.values('ocupado_por').distinct().count()} personas con {held.count()} spools"
