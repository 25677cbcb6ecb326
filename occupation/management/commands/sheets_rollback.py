"""`manage.py sheets_rollback NAME`: the book as it was before an upgrade."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.management.base import CommandParser

from occupation.management.commands._book_command import BookCommand
from occupation.sheets.rollback import roll_back


class Command(BookCommand):
    """Put a backup back in place."""

    help = (
        "Deja las hojas de la app como en un respaldo de sheets_upgrade de los últimos 7 días, en su lugar: las hojas "
        "siguen siendo las mismas. Se niega si el libro perdería lo que pasó después. El libro queda retenido, porque "
        "es otra vez v2.1. Detenga antes la sincronización."
    )
    example = "manage.py sheets_rollback 2026-03-03_18-30-00"

    def add_arguments(self, parser: CommandParser) -> None:
        """Which backup, and whether later changes may be lost."""
        parser.add_argument("name", metavar="NAME", help="lo que sheets_upgrade dijo después de «Respaldo:»")
        parser.add_argument("--force", action="store_true", help="aunque el libro pierda lo que pasó después")

    def on_book(self, options: dict[str, Any]) -> None:
        """Go back."""
        self.alone(partial(roll_back, name=options["name"], force=options["force"]))
