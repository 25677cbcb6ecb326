"""Which spools an action is possible on now, as a filter, and why not, as a refusal.

The filter and the refusals of `rules` say the same: a test compares them over every state.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db.models import Q

from occupation.machines.soldadura import ARM_SUFICIENTE
from occupation.models import Spool, Trabajador
from occupation.models.spool import TOMABLES
from occupation.refusals import OTRO_SPOOL, PARA_SEGUIR, PARA_TRABAJAR, OcupacionTerminada, Refused
from occupation.rules import REPARABLE, judge_inspeccionar, judge_titular, judge_tomar
from occupation.vocabulary import ACCION_DE, Accion, Avance, EstadoCalidad, EstadoTrabajo, Operacion

_NADA = Q(pk__in=())
_LIBRE = Q(ocupado_por__isnull=True)
_CON_MATERIALES = Q(fecha_materiales__isnull=False) & ~Q(calidad_state=EstadoCalidad.APROBADO)


def eligible(accion: Accion, operacion: Operacion, worker_id: int | None = None) -> Q:
    """The spools on which the action is possible. `worker_id` narrows pausar and completar to their holder."""
    if accion == Accion.TOMAR:
        return _LIBRE & _TOMABLE[operacion]()
    if accion == Accion.INSPECCIONAR:
        return _LIBRE & Q(
            arm_state=EstadoTrabajo.COMPLETADO,
            sold_state=EstadoTrabajo.COMPLETADO,
            calidad_state=EstadoCalidad.PENDIENTE,
        )
    held = Q(ocupado_por__isnull=False, ocupado_operacion=operacion)
    return held & Q(ocupado_por=worker_id) if worker_id else held


def listed(operacion: Operacion) -> Q:
    """What an operation's list shows: what can be started, and what could be if somebody did not hold it."""
    if operacion == Operacion.METROLOGIA:
        return eligible(ACCION_DE[operacion], operacion)
    return _TOMABLE[operacion]() | Q(ocupado_por__isnull=False, ocupado_operacion=operacion)


def _tomable_sold() -> Q:
    suficiente = ARM_SUFICIENTE[settings.SOLD_REQUIERE_ARM]
    return _CON_MATERIALES & ~Q(sold_state=EstadoTrabajo.COMPLETADO) & Q(arm_state__in=suficiente)


_TOMABLE: dict[Operacion, Callable[[], Q]] = {
    Operacion.ARM: lambda: _CON_MATERIALES & ~Q(arm_state=EstadoTrabajo.COMPLETADO),
    Operacion.SOLD: _tomable_sold,
    Operacion.REPARACION: lambda: Q(calidad_state__in=REPARABLE),
    Operacion.METROLOGIA: lambda: _NADA,
}


def narrowed(avance: Avance, operacion: Operacion) -> Q:
    """Of the list of an operation, the spools that are so far. Only for what the operation's list divides into."""
    if avance == Avance.OCUPADO:
        return ~_LIBRE
    if avance in {Avance.PRIMERA, Avance.REPARADO}:
        return Q(ciclo=0) if avance == Avance.PRIMERA else Q(ciclo__gt=0)
    paused = _EN_PAUSA[operacion]
    return _LIBRE & (paused if avance == Avance.EN_PAUSA else ~paused)


_EN_PAUSA = {
    Operacion.ARM: Q(arm_state=EstadoTrabajo.EN_PROGRESO),
    Operacion.SOLD: Q(sold_state=EstadoTrabajo.EN_PROGRESO),
    Operacion.REPARACION: Q(calidad_state=EstadoCalidad.REPARACION_PAUSADA),
}


def why_not(spool: Spool, accion: Accion, operacion: Operacion, worker_id: int | None = None) -> Refused | None:
    """The first refusal the action would meet, worker and role left out; None if it is possible."""
    try:
        _judge(spool, accion, operacion, worker_id)
    except Refused as refused:
        return refused
    return None


def what_next(
    spool: Spool, operacion: Operacion | None, last: Operacion | None = None, fin: Accion | None = None
) -> str:
    """What to do with a spool that nobody holds: take it for `operacion` (any, without), if that is possible.

    `last` is the operation for which it was held, and `fin` how that ended.
    """
    asked = operacion or last
    refused = [why_not(spool, Accion.TOMAR, each) for each in ([asked] if asked else TOMABLES)]
    again = asked is not None and asked == last
    first = refused[0]
    if first is None or None in refused:
        return PARA_SEGUIR if again else PARA_TRABAJAR
    return OTRO_SPOOL if again and fin == Accion.COMPLETAR else first.frase


def _judge(spool: Spool, accion: Accion, operacion: Operacion, worker_id: int | None) -> None:
    if accion == Accion.TOMAR:
        judge_tomar(spool, operacion, None)
    elif accion == Accion.INSPECCIONAR:
        judge_inspeccionar(spool, None)
    elif not spool.ocupado:
        raise OcupacionTerminada(spool.tag_hoja, despues=what_next(spool, operacion))
    else:
        judge_titular(spool, Trabajador(id=worker_id) if worker_id else None, operacion)
