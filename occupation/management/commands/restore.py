"""`manage.py restore FILE`: the shop as a backup tells it; the present one is kept aside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from occupation.gateways import connection
from occupation.management.commands._shop_command import ShopCommand
from occupation.services.backup import BackupError, Restauracion, restore


class Command(ShopCommand):
    help = "Deja el taller como en un respaldo; lo de ahora queda guardado aparte. Cierre antes el taller."
    example = "manage.py restore /respaldos/lunes.sqlite3"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archivo", type=Path, metavar="FILE", help="un archivo hecho por manage.py backup")

    def carry_out(self, options: dict[str, Any]) -> None:
        try:
            hecho = restore(archivo=options["archivo"])
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restaurado: {options['archivo']}")
        for line in _lines(hecho):
            self.stdout.write(line)


def _lines(hecho: Restauracion) -> list[str]:
    lines = []
    if hecho.contenido.hasta:
        hasta = timezone.localtime(hecho.contenido.hasta)
        lines.append(f"Bitácora hasta el evento {hecho.contenido.journal_id}, del {hasta:%d-%m-%Y %H:%M:%S}")
    if hecho.apartada:
        lines.append(f"Lo que había antes quedó en {hecho.apartada}")
    if hecho.migrada:
        lines.append("Era de una versión anterior: se puso al día.")
    if hecho.marcas:
        lines.append(f"Marcas en Redis: {len(hecho.marcas.puestas)} puestas, {len(hecho.marcas.huerfanas)} borradas")
    elif connection.configured():
        lines.append("Redis no responde: sus marcas se corrigen solas cuando vuelva.")
    return lines
