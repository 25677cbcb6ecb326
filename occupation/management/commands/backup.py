"""`manage.py backup FILE`: a copy of the whole shop, taken while it works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from occupation.management.commands._shop_command import ShopCommand
from occupation.services.backup import BackupError, backup


class Command(ShopCommand):
    help = "Copia todo el taller a un archivo nuevo, sin detenerlo."
    example = "manage.py backup /respaldos/lunes.sqlite3"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archivo", type=Path, metavar="FILE", help="el archivo nuevo; nunca se sobrescribe uno")

    def carry_out(self, options: dict[str, Any]) -> None:
        try:
            contenido = backup(archivo=options["archivo"])
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Respaldo: {options['archivo']} ({filesizeformat(contenido.tamano)}), íntegro")
        if contenido.hasta:
            hasta = timezone.localtime(contenido.hasta)
            self.stdout.write(f"Bitácora hasta el evento {contenido.journal_id}, del {hasta:%d-%m-%Y %H:%M:%S}")
