"""release_spool: LIBERAR from the terminal."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from occupation.management.commands._shop_command import ShopCommand, actor_named, add_supervision
from occupation.services import liberar


class Command(ShopCommand):
    """Ends somebody's occupation as a pause."""

    help = "Libera un spool que alguien tiene: queda pausado y disponible."
    example = "manage.py release_spool MK-1335-CW-25238-011 --reason 'Se fue sin pausar' --supervisor jperez"

    def add_arguments(self, parser: CommandParser) -> None:
        add_supervision(parser)

    def carry_out(self, options: dict[str, Any]) -> None:
        actor = actor_named(options["supervisor"])
        done = liberar(tag=options["tag"], motivo=options["reason"], actor=actor)
        self.stdout.write(done.message)
