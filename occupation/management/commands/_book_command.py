"""What the commands that change the book's make-up share: who may run them, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError

from occupation.management.commands._shop_command import INCOMPLETE, NOT_LEADING, UNREACHED, ShopCommand
from occupation.services.mirroring import not_reached
from occupation.sheets.budget import Budget
from occupation.sheets.flush import NotLeading
from occupation.sheets.leader import make_leader
from occupation.sheets.relay import NOT_REACHED, failure_kind
from occupation.sheets.shop import live_book
from occupation.sheets.upgrade_work import UpgradeRefused, Work

_SOMEBODY_LEADS = "Otro proceso lleva la hoja: detenga la sincronización (sync_sheets, o make run) y repita."


class BookCommand(ShopCommand):
    """Ends with 3 when people have to mend something first, 4 while somebody else leads, 5 without a book."""

    def carry_out(self, options: dict[str, Any]) -> None:
        try:
            self.on_book(options)
        except UpgradeRefused as refused:
            raise CommandError(str(refused), returncode=INCOMPLETE) from refused
        except NotLeading as lost:
            raise CommandError(_SOMEBODY_LEADS, returncode=NOT_LEADING) from lost
        except NOT_REACHED as problem:
            raise CommandError(
                f"No se llegó al libro: {problem} Repita el mismo comando: sigue donde quedó.", returncode=UNREACHED
            ) from problem

    def on_book(self, options: dict[str, Any]) -> None:
        """Do it, and print a line per thing done."""
        raise NotImplementedError

    def alone(self, work: Callable[[Work], None]) -> None:
        """Do the work as the only one who writes the book."""
        leader = make_leader()
        try:
            if not leader.leads():
                raise NotLeading
            work(Work(live_book(Budget().spend), leader.leads, self.say))
        except NOT_REACHED as problem:
            not_reached(failure_kind(problem), str(problem))
            raise
        finally:
            leader.resign()

    def say(self, line: str) -> None:
        """Tell a thing at once: the work may take minutes."""
        self.stdout.write(line)
        self.stdout.flush()
