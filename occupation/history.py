"""What happened to a spool: its sessions of work, with their durations, read from the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery

from occupation.eligibility import what_next
from occupation.models import Evento, Spool, Trabajador
from occupation.refusals import NADA_QUE_LIBERAR, OcupacionTerminada
from occupation.vocabulary import CIERRES, CORRECCIONES, DEL_PISO, Accion, Operacion


@dataclass(frozen=True, slots=True)
class Sesion:
    """One occupation from TOMAR to what closed it; `hasta` and `cierre` are None while it is open."""

    trabajador: Trabajador | None
    operacion: Operacion
    desde: datetime
    hasta: datetime | None
    cierre: Accion | None
    segundos: int
    ciclo: int | None = None
    """Of a repair: after how many rejections in a row; None where the journal does not tell."""

    @property
    def duracion(self) -> str:
        """As a person reads it: `2h 15m`."""
        return duration(self.segundos)

    @property
    def ocurrio(self) -> bool:
        """Whether it counts as work: a take that was cancelled never happened."""
        return self.cierre != Accion.CANCELAR


@dataclass(frozen=True, slots=True)
class Total:
    """How long an operation was worked on: by one worker, or by all of them together (`trabajador` is None)."""

    operacion: Operacion
    trabajador: Trabajador | None
    sesiones: int
    segundos: int

    @property
    def duracion(self) -> str:
        """As a person reads it: `1d 2h 15m`."""
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


def midnight(dia: date) -> datetime:
    """When the shop's day begins."""
    return datetime.combine(dia, time.min, tzinfo=ZoneInfo(settings.TIME_ZONE))


def events_of(spool: Spool) -> list[Evento]:
    """The whole journal of one spool, in order."""
    return list(Evento.objects.filter(spool=spool).select_related("trabajador").order_by("id"))


def how_it_ended(spool: Spool, operacion: Operacion | None = None, *, liberar: bool = False) -> OcupacionTerminada:
    """What to tell who believes a free spool to be held, for `operacion` if one is named: how its last occupation
    ended, by whom and why, and what to do now; a supervisor who would `liberar` it, that there is nothing to release.
    """
    cierre = Evento.objects.filter(spool=spool, accion__in=CIERRES).select_related("trabajador").order_by("-id").first()
    if cierre is None:
        return OcupacionTerminada(spool.tag_hoja, despues=NADA_QUE_LIBERAR if liberar else what_next(spool, operacion))
    suyo = cierre.trabajador if cierre.accion != Accion.LIBERAR else None
    fin, last = Accion(cierre.accion), Operacion(cierre.operacion)
    return OcupacionTerminada(
        spool.tag_hoja,
        fin=fin,
        por=suyo.worker_nombre if suyo else cierre.actor_nombre,
        autor=suyo.worker_nombre if suyo else cierre.autor,
        motivo=cierre.detalle.get("motivo"),
        cuando=cierre.instante,
        operacion=last,
        despues=NADA_QUE_LIBERAR if liberar else what_next(spool, operacion, last, fin),
    )


@dataclass(frozen=True, slots=True)
class Registro:
    """What one worker did since a moment: sessions with their spools, inspections, and what was put right of it.

    A session that began before and went on is in it. `correcciones` are those of what the worker completed, and those
    that gave the worker what somebody else completed; inspections count as completed by who made them.
    """

    sesiones: list[tuple[Spool, Sesion]]
    inspecciones: list[Evento]
    correcciones: list[Evento]


def record_of(trabajador: Trabajador, desde: datetime, ahora: datetime) -> Registro:
    """The worker's own record since `desde`, in the order it happened. Four queries, however much was done."""
    told = Evento.objects.filter(trabajador=trabajador).select_related("spool", "trabajador").order_by("id")
    since = list(told.filter(instante__gte=desde, accion__in=DEL_PISO))
    work = [evento for evento in since if evento.accion != Accion.INSPECCIONAR]
    by_spool = _with_beginnings(work, trabajador, told.filter(accion__in=(Accion.TOMAR, *CIERRES), instante__lt=desde))
    sesiones = [
        (events[0].spool, sesion)
        for events in by_spool.values()
        for sesion in sessions_of(events, ahora)
        if events[0].spool is not None
    ]
    return Registro(
        sesiones=sorted(sesiones, key=lambda pair: pair[1].desde),
        inspecciones=[evento for evento in since if evento.accion == Accion.INSPECCIONAR],
        correcciones=_corrections_of(trabajador, desde),
    )


def _corrections_of(trabajador: Trabajador, desde: datetime) -> list[Evento]:
    """What was put right of what the worker was the last to complete, whenever that was, or given to the worker."""
    before = Evento.objects.filter(spool=OuterRef("spool"), operacion=OuterRef("operacion"), id__lt=OuterRef("id"))
    done = before.filter(accion__in=(Accion.COMPLETAR, Accion.INSPECCIONAR)).order_by("-id")
    corrected = Evento.objects.filter(accion__in=CORRECCIONES, instante__gte=desde).select_related("spool")
    by_whom = corrected.alias(hecho_por=Subquery(done.values("trabajador")[:1]))
    return list(by_whom.filter(Q(trabajador=trabajador) | Q(hecho_por=trabajador.pk)).order_by("id"))


def _with_beginnings(
    work: Iterable[Evento], trabajador: Trabajador, before: QuerySet[Evento]
) -> dict[int | None, list[Evento]]:
    """The events by spool, each list beginning with a TOMAR: the one of `before` whose session was still open."""
    by_spool: dict[int | None, list[Evento]] = {pk: [] for pk in trabajador.ocupados.values_list("pk", flat=True)}
    for evento in work:
        by_spool.setdefault(evento.spool_id, []).append(evento)
    headless = [pk for pk, events in by_spool.items() if not events or events[0].accion != Accion.TOMAR]
    last = {evento.spool_id: evento for evento in before.filter(spool__in=headless)}
    for pk, evento in last.items():
        # What comes after a pause without a TOMAR was typed into the sheet: nobody worked in between.
        if evento.accion == Accion.TOMAR:
            by_spool[pk].insert(0, evento)
    return {pk: events for pk, events in by_spool.items() if events}


def sessions_of(eventos: Iterable[Evento], ahora: datetime) -> list[Sesion]:
    """The sessions told by a spool's journal, oldest first; an open one runs until `ahora`."""
    sesiones: list[Sesion] = []
    opened: Evento | None = None
    ciclo: int | None = None
    for evento in eventos:
        ciclo = evento.detalle.get("ciclo", ciclo)
        if evento.accion == Accion.TOMAR:
            opened = evento
        elif evento.accion in CIERRES and opened is not None:
            sesiones.append(_session(opened, evento, evento.instante, ciclo))
            opened = None
    if opened is not None:
        sesiones.append(_session(opened, None, ahora, ciclo))
    return sesiones


def totals_of(sesiones: Iterable[Sesion]) -> list[Total]:
    """The time worked, per operation and worker, longest first; then of all together where there were several."""
    worked = [sesion for sesion in sesiones if sesion.ocurrio]
    totales: list[Total] = []
    for operacion in Operacion:
        of_this = [sesion for sesion in worked if sesion.operacion == operacion]
        workers = dict.fromkeys(sesion.trabajador for sesion in of_this)
        each = [_total(operacion, who, [one for one in of_this if one.trabajador == who]) for who in workers]
        totales += sorted(each, key=lambda total: -total.segundos)
        if len(each) > 1:
            totales.append(_total(operacion, None, of_this))
    return totales


def _total(operacion: Operacion, trabajador: Trabajador | None, sesiones: list[Sesion]) -> Total:
    return Total(operacion, trabajador, len(sesiones), sum(sesion.segundos for sesion in sesiones))


def _session(opened: Evento, closed: Evento | None, until: datetime, ciclo: int | None) -> Sesion:
    return Sesion(
        trabajador=opened.trabajador,
        operacion=Operacion(opened.operacion),
        desde=opened.instante,
        hasta=closed.instante if closed else None,
        cierre=Accion(closed.accion) if closed else None,
        segundos=seconds_between(opened.instante, until),
        ciclo=ciclo if opened.operacion == Operacion.REPARACION else None,
    )
