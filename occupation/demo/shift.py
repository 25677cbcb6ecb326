"""Two days of work in the sample shop, and today's until now, told through the real services in order of time."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, time, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, Final

from occupation import services
from occupation.demo.book import DemoBook
from occupation.demo.crew import Operario, make_crew
from occupation.demo.hours import Tramo, at, tramos_until
from occupation.eligibility import why_not
from occupation.models import Spool
from occupation.services import Actor
from occupation.vocabulary import ACCION_DE, Accion, ActorTipo, EstadoTrabajo, Operacion, Resultado

Deed = Callable[[datetime], None]

SUPERVISOR: Final = Actor(ActorTipo.SUPERVISOR, "jefe.turno")
_MINUTES: Final = {
    Operacion.ARM: (25, 270, 80),
    Operacion.SOLD: (40, 300, 110),
    Operacion.REPARACION: (15, 120, 40),
}
"""Shortest, longest and usual work on one spool."""
_TOO_LATE_TO_START: Final = timedelta(minutes=15)
_CANCELLED, _COMPLETED = 0.06, 0.86
"""Of the sessions that no break cuts short: up to the first are cancelled, from the second on paused."""
_REJECTED: Final = 0.2
_WELDED_HALF_FITTED: Final = 0.1
_HOLDS_ANOTHER: Final = 0.25


class Shift:
    """The sample's days as they unfold: an agenda of deeds by instant, and a queue of spools by operation."""

    def __init__(self, book: DemoBook, ahora: datetime, seed: int) -> None:
        self.book = book
        self.rng = Random(f"{seed} {book.hoy} shift")  # noqa: S311  a sample has to be repeatable, not secret
        self.tramos = tramos_until(ahora)
        self.crew = make_crew(self.tramos[-1], self.rng)
        self.spools = {spool.tag: spool for spool in Spool.objects.vivos().con_gente().order_by("id")}
        self.apart = (
            book.quietos | set(book.guion.values()) | {tag for tags in book.reservados.values() for tag in tags}
        )
        self.queues: dict[Operacion, deque[str]] = {operacion: deque() for operacion in Operacion}
        self.agenda: list[tuple[datetime, int, Deed]] = []
        self.order = count()
        self.done: Counter[Accion] = Counter()

    def play(self) -> Counter[Accion]:
        """Tell everything until now; how often each verb was said."""
        tags = list(self.spools)
        self.rng.shuffle(tags)
        for tag in tags:
            self._queue(tag)
        self._plan_supervision()
        for operario in self.crew:
            self._begin(operario, self.tramos[0])
        while self.agenda:
            instante, _, deed = heappop(self.agenda)
            deed(instante)
        return self.done

    def _plan(self, instante: datetime, deed: Deed) -> None:
        heappush(self.agenda, (instante.replace(microsecond=0), next(self.order), deed))

    def _minutes(self, least: float, most: float) -> timedelta:
        return timedelta(minutes=self.rng.uniform(least, most))

    def _queue(self, tag: str) -> None:
        """Line the spool up wherever it can be worked on; paused work often goes first."""
        spool = self.spools[tag]
        if tag in self.apart:
            return
        for operacion, queue in self.queues.items():
            if not self._can(spool, operacion) or self._is_early(spool, operacion):
                continue
            paused = EstadoTrabajo.EN_PROGRESO in (spool.arm_state, spool.sold_state)
            if paused and self.rng.random() < 0.5:
                queue.appendleft(tag)
            else:
                queue.append(tag)

    def _can(self, spool: Spool, operacion: Operacion) -> bool:
        return why_not(spool, ACCION_DE[operacion], operacion) is None

    def _is_early(self, spool: Spool, operacion: Operacion) -> bool:
        """Welding may begin while the fit-up is unfinished, but seldom does."""
        unfitted = operacion == Operacion.SOLD and spool.arm_state != EstadoTrabajo.COMPLETADO
        return unfitted and self.rng.random() > _WELDED_HALF_FITTED

    def _next(self, operacion: Operacion) -> str | None:
        queue = self.queues[operacion]
        while queue:
            tag = queue.popleft()
            if self._can(self.spools[tag], operacion):
                return tag
        return None

    def _did(self, accion: Accion, tag: str) -> None:
        self.done[accion] += 1
        self.spools[tag] = Spool.objects.con_gente().get(tag=tag)
        self._queue(tag)

    def _begin(self, operario: Operario, tramo: Tramo) -> None:
        """Come to work some minutes after the stretch opens, unless it is one for the stayers alone."""
        if operario.desde and tramo is self.tramos[-1] and operario.desde - tramo.desde < _TOO_LATE_TO_START:
            self._plan(operario.desde, lambda instante: self._stay(operario, instante))
        elif not tramo.extra or operario.desde:
            start = tramo.desde + self._minutes(1, 12)
            if start < tramo.hasta:
                self._plan(start, lambda instante: self._look_for_work(operario, tramo, instante))

    def _limit(self, operario: Operario, tramo: Tramo) -> datetime:
        if operario.desde and tramo is self.tramos[-1]:
            return operario.desde
        return tramo.hasta

    def _look_for_work(self, operario: Operario, tramo: Tramo, instante: datetime) -> None:
        if instante > self._limit(operario, tramo) - _TOO_LATE_TO_START:
            self._leave(operario, tramo)
            return
        tag, operacion = self._choose(operario)
        if tag is None:
            self._again(operario, tramo, instante + self._minutes(15, 40))
        elif operacion == Operacion.METROLOGIA:
            self._inspect(operario, tag, instante)
            self._again(operario, tramo, instante + self._minutes(15, 45))
        else:
            self._work(operario, tramo, tag, operacion, instante)

    def _again(self, operario: Operario, tramo: Tramo, instante: datetime) -> None:
        self._plan(
            min(instante, self._limit(operario, tramo)),
            lambda later: self._look_for_work(operario, tramo, later),
        )

    def _leave(self, operario: Operario, tramo: Tramo) -> None:
        """For the break, for the night, or on to what they still hold at the end."""
        following = self.tramos[self.tramos.index(tramo) + 1 :]
        if following:
            self._begin(operario, following[0])
        elif operario.desde:
            self._plan(operario.desde, lambda instante: self._stay(operario, instante))

    def _choose(self, operario: Operario) -> tuple[str | None, Operacion]:
        """What they paused before the break, if it is still free, else the next spool of something they can do."""
        pendiente, operario.pendiente = operario.pendiente, None
        if pendiente and self._can(self.spools[pendiente[0]], pendiente[1]):
            return pendiente
        for operacion in self.rng.sample(operario.operaciones, len(operario.operaciones)):
            tag = self._next(operacion)
            if tag:
                return tag, operacion
        return None, operario.operaciones[0]

    def _work(self, operario: Operario, tramo: Tramo, tag: str, operacion: Operacion, instante: datetime) -> None:
        self._take(operario, tag, operacion, instante)
        fate = self.rng.random()
        if fate < _CANCELLED:
            end, accion = instante + self._minutes(2, 9), Accion.CANCELAR
        else:
            length = timedelta(minutes=self.rng.triangular(*_MINUTES[operacion]))
            end, accion = instante + length, Accion.COMPLETAR if fate < _COMPLETED else Accion.PAUSAR
        limit = self._limit(operario, tramo)
        if end > limit - timedelta(minutes=1):
            end, accion = self._cut(tramo, instante, limit), Accion.PAUSAR
            operario.pendiente = (tag, operacion)
        self._plan(end, lambda later: self._finish(operario, tramo, tag, accion, later))

    def _cut(self, tramo: Tramo, instante: datetime, limit: datetime) -> datetime:
        """Just before a break; spread out where the sample ends in the middle of the day."""
        early = self._minutes(2, 50) if tramo is self.tramos[-1] else self._minutes(1, 6)
        return max(limit - early, instante + timedelta(minutes=4))

    def _take(self, operario: Operario, tag: str, operacion: Operacion, instante: datetime) -> None:
        services.tomar(
            tag=tag,
            trabajador_id=operario.trabajador.id,
            operacion=operacion,
            actor=operario.tablet(operacion),
            instante=instante,
        )
        self._did(Accion.TOMAR, tag)

    def _finish(self, operario: Operario, tramo: Tramo, tag: str, accion: Accion, instante: datetime) -> None:
        operacion = Operacion(self.spools[tag].ocupado_operacion or "")
        _CLOSE[accion](
            tag=tag,
            trabajador_id=operario.trabajador.id,
            actor=operario.tablet(operacion),
            instante=instante,
        )
        self._did(accion, tag)
        self._again(operario, tramo, instante + self._minutes(2, 12))

    def _inspect(self, operario: Operario, tag: str, instante: datetime, resultado: Resultado | None = None) -> None:
        chance = Resultado.RECHAZADO if self.rng.random() < _REJECTED else Resultado.APROBADO
        services.inspeccionar(
            tag=tag,
            trabajador_id=operario.trabajador.id,
            resultado=resultado or chance,
            actor=operario.tablet(Operacion.METROLOGIA),
            instante=instante,
        )
        self._did(Accion.INSPECCIONAR, tag)

    def _stay(self, operario: Operario, instante: datetime) -> None:
        """Take what they still hold at the end: of the spools kept for that, else whatever there is."""
        operacion = operario.se_queda or Operacion.ARM
        kept = self.book.reservados[operacion]
        tag = kept.pop() if kept else self._next(operacion)
        if tag:
            self._take(operario, tag, operacion, instante)
        one_more = instante + timedelta(minutes=7)
        if self.rng.random() < _HOLDS_ANOTHER and one_more < self.tramos[-1].hasta:
            self._plan(one_more, lambda later: self._stay(operario, later))

    def _plan_supervision(self) -> None:
        """A forgotten spool set free, a block lifted, two records put right, and a third rejection."""
        first, second = self.tramos[0].desde.date(), self.tramos[2].desde.date()
        inspector = next(operario for operario in self.crew if Operacion.METROLOGIA in operario.operaciones)
        guion = self.book.guion
        self._plan(at(first, time(7, 48)), lambda now: self._liberar(guion[Accion.LIBERAR], now))
        self._plan(at(first, time(9, 5)), lambda now: self._corregir(guion[Accion.CORREGIR], now))
        self._plan(at(second, time(8, 40)), lambda now: self._reabrir(guion[Accion.REABRIR], now))
        self._plan(at(second, time(10, 20)), lambda now: self._desbloquear(guion[Accion.DESBLOQUEAR], now))
        self._plan(
            at(second, time(11, 10)),
            lambda now: self._inspect(inspector, guion[Accion.INSPECCIONAR], now, Resultado.RECHAZADO),
        )

    def _liberar(self, tag: str, instante: datetime) -> None:
        self._supervise(Accion.LIBERAR, tag, instante, "Se fue sin pausar; el turno terminó")

    def _desbloquear(self, tag: str, instante: datetime) -> None:
        self._supervise(Accion.DESBLOQUEAR, tag, instante, "Ingeniería aprobó rehacer la unión 3")

    def _corregir(self, tag: str, instante: datetime) -> None:
        """The fit-up was somebody else's."""
        fitters = [operario for operario in self.crew if Operacion.ARM in operario.operaciones]
        other = next(one.trabajador.id for one in fitters if one.trabajador.id != self.spools[tag].armador_id)
        what = {"operacion": Operacion.ARM, "trabajador_id": other}
        self._supervise(Accion.CORREGIR, tag, instante, "Se anotó a otro en la planilla", **what)

    def _reabrir(self, tag: str, instante: datetime) -> None:
        motivo = "Falta el cordón de la unión 2"
        self._supervise(Accion.REABRIR, tag, instante, motivo, operacion=Operacion.SOLD)

    def _supervise(self, accion: Accion, tag: str, instante: datetime, motivo: str, **what: Any) -> None:
        self.apart.discard(tag)
        _SUPERVISE[accion](tag=tag, motivo=motivo, actor=SUPERVISOR, instante=instante, **what)
        self._did(accion, tag)


_CLOSE: Final[dict[Accion, Callable[..., services.Respuesta]]] = {
    Accion.PAUSAR: services.pausar,
    Accion.COMPLETAR: services.completar,
    Accion.CANCELAR: services.cancelar,
}
_SUPERVISE: Final[dict[Accion, Callable[..., services.Respuesta]]] = {
    Accion.LIBERAR: services.liberar,
    Accion.DESBLOQUEAR: services.desbloquear,
    Accion.CORREGIR: services.corregir,
    Accion.REABRIR: services.reabrir,
}
