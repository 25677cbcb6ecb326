"""`manage.py sheets_upgrade`: the book from v2.1 to v3.0, after a backup inside the book itself."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from occupation.management.commands import sheets_plan
from occupation.sheets.upgrade import upgrade_book


class Command(sheets_plan.Command):
    """Upgrade, or finish an upgrade; with `--dry-run` only the plan."""

    help = (
        "Lleva el libro de v2.1 a v3.0: duplica cada hoja dentro del libro (y dice «Respaldo: NOMBRE»), agrega los "
        "encabezados que faltan, los verifica, inicializa las filas y comprueba. Si se corta, repítalo: sigue donde "
        "quedó. Detenga antes la sincronización."
    )
    example = "manage.py sheets_upgrade --dry-run"

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to change anything."""
        parser.add_argument("--dry-run", action="store_true", help="muestra lo que haría, sin cambiar nada")

    def on_book(self, options: dict[str, Any]) -> None:
        """Upgrade the book, or show what that would do."""
        if options["dry_run"]:
            self.say("Simulación, nada cambia:")
            super().on_book(options)
        else:
            self.alone(upgrade_book)
