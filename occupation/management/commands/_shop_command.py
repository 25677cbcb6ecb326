"""What the shop's commands share: an example under `--help`, refusals as sentences, and who acts."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from occupation.refusals import Refused
from occupation.services import SISTEMA, Actor
from occupation.vocabulary import ActorTipo

INCOMPLETE, NOT_LEADING, UNREACHED = 3, 4, 5
"""Exit codes of the commands about the book: something was held or refused, another process leads, no book."""


class ShopCommand(BaseCommand):
    """A command whose refusals go to standard error as their sentence, with a non-zero exit."""

    example: ClassVar[str]
    requires_migrations_checks = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=f"Ejemplo: {self.example}", **kwargs)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.carry_out(options)
        except Refused as refused:
            raise CommandError(refused.mensaje) from refused

    def carry_out(self, options: dict[str, Any]) -> None:
        """Do it, once, and print a line per item."""
        raise NotImplementedError


def add_supervision(parser: CommandParser) -> None:
    """What a command that undoes something stuck asks for."""
    parser.add_argument("tag", metavar="TAG", help="tag del spool, en cualquier escritura")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="por qué; queda en la bitácora")
    parser.add_argument(
        "--supervisor", metavar="USER", help="usuario que responde por esto; sin él, la bitácora dice «sistema»"
    )


def actor_named(username: str | None) -> Actor:
    """The supervisor with that username, or the system when none is named. CommandError for an unknown one."""
    if username is None:
        return SISTEMA
    user = get_user_model().objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(f"No hay un usuario activo «{username}». Los usuarios se ven en /admin/.")
    return Actor(ActorTipo.SUPERVISOR, user.get_username(), user.pk)
