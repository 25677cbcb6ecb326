"""demo: the sample shop."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError, CommandParser

from occupation.demo.book import FEWEST_SPOOLS, MOST_SPOOLS
from occupation.demo.load import DemoRefused, load_demo
from occupation.demo.roster import FEWEST, MOST
from occupation.management.commands._shop_command import ShopCommand
from occupation.sheets.book import BookUnreadable, BookUnwritable

SPOOLS, WORKERS, SEED = 300, 22, 1


class Command(ShopCommand):
    """Loads an invented shop into an empty database."""

    help = (
        "Carga un taller inventado en una base de datos vacía: un libro con sus defectos, dos días de trabajo y "
        "quienes siguen trabajando ahora. El mismo día y la misma semilla dan el mismo taller."
    )
    example = "manage.py demo --spools 5000 --workers 60 --seed 7"

    def add_arguments(self, parser: CommandParser) -> None:
        spools, workers = _between(FEWEST_SPOOLS, MOST_SPOOLS), _between(FEWEST, MOST)
        parser.add_argument("--spools", type=spools, default=SPOOLS, metavar="N", help=f"cuántos spools ({SPOOLS})")
        parser.add_argument("--workers", type=workers, default=WORKERS, metavar="N", help=f"trabajadores ({WORKERS})")
        parser.add_argument("--seed", type=int, default=SEED, metavar="N", help=f"semilla del azar ({SEED})")

    def carry_out(self, options: dict[str, Any]) -> None:
        wanted = {name: options[name] for name in ("spools", "workers", "seed")}
        try:
            load_demo(**wanted, say=self.stdout.write)
        except (DemoRefused, BookUnreadable, BookUnwritable) as refused:
            raise CommandError(str(refused)) from refused


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"debe ser un número entre {least} y {most}")
        return int(text)

    return number
