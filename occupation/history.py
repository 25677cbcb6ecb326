"""What happened to a spool: its sessions of work, with their durations, read from the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from occupation.models import Evento, Spool, Trabajador
from occupation.refusals import OcupacionTerminada
from occupation.vocabulary import CIERRES, Accion, Operacion


@dataclass(frozen=True, slots=True)
class Sesion:
    """One occupation from TOMAR to what closed it; `hasta` and `cierre` are None while it is open."""

    trabajador: Trabajador | None
    operacion: Operacion
    desde: datetime
    hasta: datetime | None
    cierre: Accion | None
    segundos: int

    @property
    def duracion(self) -> str:
        """As a person reads it: `2h 15m`."""
        return duration(self.segundos)


def duration(segundos: int) -> str:
    """Days, hours and minutes of a time span, seconds dropped: `1d 2h 0m`, `2h 15m`, `45m`, `0m`."""
    minutos = max(segundos, 0) // 60
    dias, resto = divmod(minutos, 24 * 60)
    horas, minutos = divmod(resto, 60)
    if dias:
        return f"{dias}d {horas}h {minutos}m"
    return f"{horas}h {minutos}m" if horas else f"{minutos}m"


def seconds_between(desde: datetime, hasta: datetime) -> int:
    """Whole seconds, never negative: a sheet may claim a start in the future."""
    # Subtracting two times of one zone compares their clocks, which is an hour off across a clock change.
    return max(int(hasta.timestamp() - desde.timestamp()), 0)


def events_of(spool: Spool) -> list[Evento]:
    """The whole journal of one spool, in order."""
    return list(Evento.objects.filter(spool=spool).select_related("trabajador").order_by("id"))


def how_it_ended(spool: Spool) -> OcupacionTerminada:
    """What to tell who believes to hold a free spool: how its last occupation ended, by whom and why."""
    cierre = Evento.objects.filter(spool=spool, accion__in=CIERRES).select_related("trabajador").order_by("-id").first()
    if cierre is None:
        return OcupacionTerminada(spool.tag_hoja)
    trabajador = cierre.trabajador.worker_nombre if cierre.trabajador else cierre.actor_nombre
    return OcupacionTerminada(
        spool.tag_hoja,
        fin=Accion(cierre.accion),
        por=cierre.actor_nombre if cierre.accion == Accion.LIBERAR else trabajador,
        motivo=cierre.detalle.get("motivo"),
        cuando=cierre.instante,
    )


def sessions_of(eventos: Iterable[Evento], ahora: datetime) -> list[Sesion]:
    """The sessions told by a spool's journal, oldest first; an open one runs until `ahora`."""
    sesiones: list[Sesion] = []
    opened: Evento | None = None
    for evento in eventos:
        if evento.accion == Accion.TOMAR:
            opened = evento
        elif evento.accion in CIERRES and opened is not None:
            sesiones.append(_session(opened, evento.instante, Accion(evento.accion), evento.instante))
            opened = None
    if opened is not None:
        sesiones.append(_session(opened, None, None, ahora))
    return sesiones


def _session(opened: Evento, hasta: datetime | None, cierre: Accion | None, until: datetime) -> Sesion:
    return Sesion(
        trabajador=opened.trabajador,
        operacion=Operacion(opened.operacion),
        desde=opened.instante,
        hasta=hasta,
        cierre=cierre,
        segundos=seconds_between(opened.instante, until),
    )
