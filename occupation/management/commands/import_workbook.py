"""`manage.py import_workbook`: a workbook in, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import OperationalError

from occupation.management.commands._shop_command import INCOMPLETE, ShopCommand
from occupation.refusals import SinEspacio
from occupation.sheets.book import BookUnreadable
from occupation.sheets.pull import import_book
from occupation.sheets.shop import book_at


class Command(ShopCommand):
    """Import an `.xlsx` or a folder of CSV files; the book itself is never written."""

    help = (
        "Importa trabajadores, roles y spools de un libro .xlsx o de una carpeta con sus CSV. Se puede repetir: solo "
        "entra lo que cambió. El libro no se toca. Termina con código 3 si una hoja quedó retenida o rechazada."
    )
    example = "manage.py import_workbook taller.xlsx --dry-run"

    def add_arguments(self, parser: CommandParser) -> None:
        """The book, and whether to change anything."""
        parser.add_argument("book", metavar="FILE.xlsx|DIR", help="el libro .xlsx, o la carpeta con un CSV por hoja")
        parser.add_argument("--dry-run", action="store_true", help="muestra lo que haría, sin cambiar nada")

    def carry_out(self, options: dict[str, Any]) -> None:
        """Import, tell each thing a person should look at, and count the rest."""
        try:
            report = import_book(book_at(Path(options["book"])), dry_run=options["dry_run"])
        except BookUnreadable as unreadable:
            raise CommandError(f"{unreadable} No se cambió nada.") from unreadable
        except (OperationalError, SinEspacio) as broken:
            raise CommandError(
                f"La base de datos no pudo seguir ({broken.__cause__ or broken}). Lo importado hasta aquí quedó "
                "guardado: cuando esté resuelto, importe otra vez el mismo libro."
            ) from broken
        for line in report.lines:
            self.stdout.write(line)
        self.stdout.write(f"{'Simulación, nada cambió: ' if options['dry_run'] else ''}{report.summary()}")
        if not report.complete:
            raise CommandError("El libro no se importó entero: vea arriba qué falta.", returncode=INCOMPLETE)
