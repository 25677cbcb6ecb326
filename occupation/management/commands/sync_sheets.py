"""`manage.py sync_sheets`: the relay between the app and the sheet, or one cycle of it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from occupation.management.commands._shop_command import INCOMPLETE, NOT_LEADING, UNREACHED, ShopCommand
from occupation.services.mirroring import not_reached
from occupation.sheets.book import BookUnreadable
from occupation.sheets.budget import Budget
from occupation.sheets.cycle import Cycle
from occupation.sheets.cycle_report import CycleReport
from occupation.sheets.flush import NotLeading
from occupation.sheets.leader import make_leader
from occupation.sheets.relay import NOT_REACHED, Relay, failure_kind
from occupation.sheets.shop import live_book

GRACE_SECONDS = 3
"""How long the cycle that is running may take once the relay has been told to stop."""


class Stopped(BaseException):
    """The relay was told to stop and its cycle took too long: it ends where it is, and the next one finishes it."""


class Command(ShopCommand):
    """The relay until it is told to stop; `--once` is one cycle, told in words."""

    help = (
        "Mantiene iguales la app y la hoja, en las dos direcciones. Con --once hace un solo ciclo y dice qué hizo: "
        "termina con 0 si quedó al día, 3 si algo quedó retenido, rechazado o sin terminar, 4 si otro proceso lleva la "
        "hoja, 5 si no se llegó al libro."
    )
    example = "manage.py sync_sheets --once --dry-run"

    def add_arguments(self, parser: CommandParser) -> None:
        """One cycle or the relay."""
        parser.add_argument("--once", action="store_true", help="un solo ciclo")
        parser.add_argument("--dry-run", action="store_true", help="con --once: muestra lo que haría, sin cambiar nada")
        parser.add_argument(
            "--accept-shrink", action="store_true", help="con --once: acepta que de la hoja se borraron muchas filas"
        )
        parser.add_argument("--interval", type=float, metavar="S", help="segundos entre dos ciclos")

    def carry_out(self, options: dict[str, Any]) -> None:
        """Run, after refusing what makes no sense."""
        if not options["once"] and (options["dry_run"] or options["accept_shrink"]):
            raise CommandError("--dry-run y --accept-shrink van con --once.")
        interval = options["interval"] if options["interval"] is not None else settings.SYNC_INTERVAL_SECONDS
        if not 0.1 <= interval <= 3600:
            raise CommandError("--interval debe estar entre 0.1 y 3600 segundos.")
        try:
            self._once(options) if options["once"] else self._relay(interval)
        except Stopped:
            return

    def _once(self, options: dict[str, Any]) -> None:
        leader = make_leader()
        # A dry run writes nothing, so it may look beside the relay that leads.
        if not options["dry_run"] and not leader.leads():
            raise CommandError("Otro proceso lleva la hoja ahora; este no hizo nada.", returncode=NOT_LEADING)
        try:
            report = _brought_up_to_date(options, leader.leads)
        except NotLeading as lost:
            raise CommandError("Otro proceso lleva la hoja ahora.", returncode=NOT_LEADING) from lost
        except NOT_REACHED as problem:
            if not options["dry_run"]:
                not_reached(failure_kind(problem), str(problem))
            raise CommandError(f"No se llegó al libro: {problem}", returncode=UNREACHED) from problem
        finally:
            leader.resign()
        for line in report.told():
            self.stdout.write(line)
        simulated = "Simulación, nada cambió: " if options["dry_run"] else ""
        self.stdout.write(simulated + report.summary(unchanged=True))
        if not report.complete:
            raise CommandError("Algo quedó retenido, rechazado o sin terminar: vea arriba qué.", returncode=INCOMPLETE)

    def _relay(self, interval: float) -> None:
        budget = Budget()
        try:
            relay = Relay(live_book(budget.spend), make_leader(), interval, budget)
        except BookUnreadable as problem:
            not_reached(failure_kind(problem), str(problem))
            raise CommandError(str(problem), returncode=UNREACHED) from problem

        def stop(_number: int, _frame: FrameType | None) -> None:
            relay.stopping.set()
            signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)

        def give_up(_number: int, _frame: FrameType | None) -> None:
            raise Stopped

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGALRM, give_up)
        relay.run()
        # What is left of the grace must not kill a process that is on its way out.
        signal.setitimer(signal.ITIMER_REAL, 0)


def _brought_up_to_date(options: dict[str, Any], leads: Callable[[], bool]) -> CycleReport:
    """One cycle, and as many more as it takes to write what did not fit into one request."""
    dry_run = options["dry_run"]
    cycle = Cycle(live_book(Budget().spend), dry_run=dry_run, accept_shrink=options["accept_shrink"], leads=leads)
    while cycle.run().more and not dry_run:
        cycle.office = False
    return cycle.report
