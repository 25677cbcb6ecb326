"""/mi-registro/: what the worker who stands at the tablet did today and this week."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from occupation.history import Sesion, duration, midnight, record_of, seconds_between
from occupation.models import Evento, Spool, Trabajador
from occupation.templatetags.pantallas import CIERRE_EN_PALABRAS, correction_of, hora
from occupation.views.chosen import WorkerRequest, worker_required
from occupation.vocabulary import CICLOS_MAXIMOS, Accion, Operacion, Resultado


@require_safe
@never_cache
@worker_required
def mi_registro(request: WorkerRequest) -> HttpResponse:
    """Today's and this week's work, with totals."""
    contexto = {"registro": MiRegistro(request.trabajador, timezone.localtime())}
    return render(request, "occupation/mi_registro.html", contexto)


@dataclass(frozen=True, slots=True)
class Renglon:
    """One thing the worker did."""

    cuando: datetime
    spool: Spool
    que: str
    texto: str
    abierto: bool = False


@dataclass(frozen=True, slots=True)
class Suma:
    """What a stretch of days adds up to. Time counts only as far as it lies in them."""

    nombre: str
    segundos: int
    sesiones: int
    completadas: int

    @property
    def tiempo(self) -> str:
        """`2h 15m`."""
        return duration(self.segundos)

    @property
    def solo_inspecciones(self) -> bool:
        """Whether nothing was taken: an inspection takes no time of its own."""
        return self.completadas > 0 and self.sesiones == 0


class MiRegistro:
    """A worker's record at one moment of the shop's clock. The week begins on Monday."""

    def __init__(self, trabajador: Trabajador, ahora: datetime) -> None:
        self._ahora = ahora
        self._hoy = ahora.date()
        self._lunes = self._hoy - timedelta(days=self._hoy.weekday())
        self._record = record_of(trabajador, midnight(self._lunes), ahora)

    @cached_property
    def _renglones(self) -> list[tuple[date, Renglon]]:
        """Everything, latest first, each under the day on which it ended."""
        rows = [*map(_session, self._record.sesiones), *_inspections(self._record.inspecciones)]
        days = [(self._hoy if row.abierto else timezone.localtime(row.cuando).date(), row) for row in rows]
        return sorted(days, key=lambda pair: (pair[1].abierto, pair[1].cuando), reverse=True)

    @property
    def hoy(self) -> list[Renglon]:
        """What ended today or goes on."""
        return [row for day, row in self._renglones if day == self._hoy]

    @property
    def antes(self) -> list[Renglon]:
        """What ended earlier this week."""
        return [row for day, row in self._renglones if day < self._hoy]

    @property
    def totales(self) -> list[Suma]:
        """Today, and the week with today."""
        return [self._total("Hoy", self._hoy), self._total("Esta semana", self._lunes)]

    def _total(self, nombre: str, desde: date) -> Suma:
        began = midnight(desde)
        worked = [sesion for _, sesion in self._record.sesiones if sesion.ocurrio]
        here = [sesion for sesion in worked if (sesion.hasta or self._ahora) > began]
        inspected = [evento for evento in self._record.inspecciones if evento.instante >= began]
        return Suma(
            nombre=nombre,
            segundos=sum(seconds_between(max(each.desde, began), each.hasta or self._ahora) for each in here),
            sesiones=len(here),
            completadas=sum(each.cierre == Accion.COMPLETAR for each in here) + len(inspected),
        )

    @cached_property
    def correcciones(self) -> list[str]:
        """What supervisors put right of it, latest first."""
        return [_correction(evento) for evento in reversed(self._record.correcciones)]


def _session(pair: tuple[Spool, Sesion]) -> Renglon:
    spool, sesion = pair
    cierre = CIERRE_EN_PALABRAS[sesion.cierre] if sesion.cierre else "en curso"
    hasta = hora(sesion.hasta) if sesion.hasta else "ahora"
    return Renglon(
        cuando=sesion.hasta or sesion.desde,
        spool=spool,
        que=f"{sesion.operacion.label} · {sesion.duracion}",
        texto=f"{hora(sesion.desde)} → {hasta} · {cierre}",
        abierto=sesion.hasta is None,
    )


def _inspections(eventos: Iterable[Evento]) -> Iterable[Renglon]:
    for evento in eventos:
        approved = evento.detalle.get("resultado") == Resultado.APROBADO
        said = "APROBADO" if approved else f"RECHAZADO (ciclo {evento.detalle.get('ciclo')}/{CICLOS_MAXIMOS})"
        if evento.spool is not None:
            que = f"{Operacion.METROLOGIA.label} · {said}"
            yield Renglon(evento.instante, evento.spool, que, hora(evento.instante))


def _correction(evento: Evento) -> str:
    tag = evento.spool.tag_hoja if evento.spool else ""
    que = f"{evento.autor} {correction_of(evento)} en {tag}: «{evento.detalle.get('motivo')}»"
    return f"{hora(evento.instante)} · {que}"
