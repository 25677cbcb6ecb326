"""unlock_spool: DESBLOQUEAR from the terminal."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from occupation.management.commands._shop_command import ShopCommand, actor_named, add_supervision
from occupation.services import desbloquear


class Command(ShopCommand):
    """Gives a spool that was rejected three times one more chance."""

    help = "Desbloquea un spool rechazado tres veces: tiene una oportunidad más."
    example = "manage.py unlock_spool MK-1335-CW-25238-011 --reason 'Revisado con calidad' --supervisor jperez"

    def add_arguments(self, parser: CommandParser) -> None:
        add_supervision(parser)

    def carry_out(self, options: dict[str, Any]) -> None:
        actor = actor_named(options["supervisor"])
        done = desbloquear(tag=options["tag"], motivo=options["reason"], actor=actor)
        self.stdout.write(done.message)
