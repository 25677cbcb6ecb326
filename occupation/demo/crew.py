"""The sample's workers while they work, and who of them still holds a spool when the sample ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from random import Random
from typing import Final

from occupation.demo.hours import Tramo
from occupation.models import Trabajador
from occupation.models.spool import TOMABLES
from occupation.services import Actor
from occupation.vocabulary import ActorTipo, Operacion

_STILL_HELD: Final = (Operacion.REPARACION, Operacion.ARM, Operacion.SOLD, Operacion.ARM, Operacion.SOLD)
_LONGEST_HOLD: Final = 4 * 3600
_TABLETS: Final = 2


@dataclass(slots=True)
class Operario:
    """A worker of the shift. `pendiente` is what they paused for the break and mean to go on with.

    `se_queda` is the operation they still do at the end of the sample, `desde` since when; None for the others.
    """

    trabajador: Trabajador
    operaciones: list[Operacion]
    pendiente: tuple[str, Operacion] | None = None
    se_queda: Operacion | None = None
    desde: datetime | None = None

    def tablet(self, operacion: Operacion) -> Actor:
        """The tablet they use for an operation: no row of its own, as the sample pairs no device."""
        number = self.trabajador.id % _TABLETS + 1
        return Actor(ActorTipo.DISPOSITIVO, f"Tablet {operacion.label.capitalize()} {number}")


def make_crew(ultimo: Tramo, rng: Random) -> list[Operario]:
    """The active workers who can do anything here; about a third of them stay on through the last stretch."""
    workers = Trabajador.objects.activos().prefetch_related("roles").order_by("id")
    everyone = [Operario(worker, [op for op in Operacion if worker.puede(op)]) for worker in workers]
    crew = [operario for operario in everyone if operario.operaciones]
    _choose_stayers(crew, ultimo, rng)
    return crew


def _choose_stayers(crew: list[Operario], ultimo: Tramo, rng: Random) -> None:
    left = [operario for operario in crew if not set(TOMABLES).isdisjoint(operario.operaciones)]
    rng.shuffle(left)
    many = (len(crew) + 2) // 3
    for operacion in cycle(_STILL_HELD):
        able = [operario for operario in left if operacion in operario.operaciones]
        if not many or not left:
            return
        if able:
            able[0].se_queda, able[0].desde = operacion, _since(ultimo, rng)
            left.remove(able[0])
            many -= 1


def _since(ultimo: Tramo, rng: Random) -> datetime:
    """A plausible start: at most some hours ago, within the last stretch."""
    longest = min((ultimo.hasta - ultimo.desde).total_seconds(), _LONGEST_HOLD)
    return _whole_seconds(ultimo.hasta.timestamp() - longest * rng.uniform(0.05, 0.95), ultimo.hasta)


def _whole_seconds(timestamp: float, like: datetime) -> datetime:
    return datetime.fromtimestamp(int(timestamp), like.tzinfo)
