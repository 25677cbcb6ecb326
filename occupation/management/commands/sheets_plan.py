"""`manage.py sheets_plan`: what the book lacks to be v3.0, and what `sheets_upgrade` would do to it."""

from __future__ import annotations

from typing import Any

from occupation.management.commands._book_command import BookCommand
from occupation.sheets.budget import Budget
from occupation.sheets.shop import live_book
from occupation.sheets.upgrade import look
from occupation.sheets.upgrade_work import UpgradeRefused


class Command(BookCommand):
    """Look, and change nothing anywhere."""

    help = (
        "Muestra, hoja por hoja, qué encabezados faltan o se repiten, cuántas filas hay y qué escribiría "
        "sheets_upgrade. No cambia nada. Termina con 3 si hay algo que las personas deben arreglar antes."
    )
    example = "manage.py sheets_plan"

    def on_book(self, options: dict[str, Any]) -> None:
        """Print the plan."""
        plan = look(live_book(Budget().glance))
        for line in plan.told():
            self.say(line)
        if plan.obstacles:
            raise UpgradeRefused("El libro no se puede mejorar todavía: vea arriba por qué.")
