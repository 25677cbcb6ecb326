"""CORREGIR and REABRIR: a supervisor puts right what was completed, always with a reason.

What happened stays in the journal as it was told; a correction is told after it. Roles are not judged: the supervisor
says who did it, as the sheet may (docs/decisions/0010).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Unpack

from occupation.models import Spool
from occupation.refusals import SolicitudInvalida
from occupation.rules import judge_completada, judge_reabrible
from occupation.services._execute import Caso, Verbo, execute
from occupation.services._orden import Hecho, Pedido, Respuesta, chile_day
from occupation.services.occupation import RESPONSABLE, judge_day, responsible_of
from occupation.services.supervision import with_reason
from occupation.vocabulary import Accion, EstadoCalidad, Operacion, TipoEvento

DIA = {Operacion.ARM: "fecha_armado", Operacion.SOLD: "fecha_soldadura", Operacion.METROLOGIA: "fecha_qc"}
"""Where each operation keeps the day on which it was completed."""


def corregir(
    *,
    operacion: Operacion,
    motivo: str,
    trabajador_id: int | None = None,
    fecha: date | None = None,
    **pedido: Unpack[Pedido],
) -> Respuesta:
    """Say who really completed ARM or SOLD (any worker the shop knows), or on which day; None leaves it as it is.

    An approval has only its day: who inspected stands in the journal alone. Raises SolicitudInvalida when nothing
    would change, and for a day in the future or before PRIMER_DIA.
    """
    orden = with_reason(Accion.CORREGIR, motivo, operacion=operacion, trabajador_id=trabajador_id, dia=fecha, **pedido)
    judge_day(orden, "fecha")
    return execute(_CORREGIR, orden)


def reabrir(*, operacion: Operacion, motivo: str, **pedido: Unpack[Pedido]) -> Respuesta:
    """Take back that ARM or SOLD is completed (it is paused work then), or that the spool is approved.

    Whatever the inspection said of it is void: CALIDAD waits for another one. The cycle is kept. Refused while
    somebody holds the spool, while its repair is begun, and while it is blocked.
    """
    return execute(_REABRIR, with_reason(Accion.REABRIR, motivo, operacion=operacion, **pedido))


def _judge_corregir(caso: Caso) -> None:
    spool, operacion = caso.spool, _operacion(caso)
    judge_completada(spool, operacion)
    if caso.trabajador is not None and operacion not in RESPONSABLE:
        raise SolicitudInvalida({"trabajador": "una inspección no guarda quién la hizo; corrija solo su fecha"})
    if _difference(caso) == ([], []):
        raise SolicitudInvalida({"corrección": "no cambia nada: el trabajador y la fecha ya son esos"})


def _apply_corregir(caso: Caso) -> Hecho:
    antes, despues = _difference(caso)
    spool, operacion = caso.spool, _operacion(caso)
    if caso.trabajador is not None:
        setattr(spool, RESPONSABLE[operacion], caso.trabajador)
    if caso.orden.dia is not None:
        setattr(spool, DIA[operacion], caso.orden.dia)
    return _hecho(caso, dia=getattr(spool, DIA[operacion]), antes=" · ".join(antes), despues=" · ".join(despues))


def _difference(caso: Caso) -> tuple[list[str], list[str]]:
    """What the spool says and what it shall say, as people read it; only what differs."""
    spool, operacion, dia = caso.spool, _operacion(caso), caso.orden.dia
    antes, despues = [], []
    if caso.trabajador is not None and caso.trabajador != (before := responsible_of(spool, operacion)):
        antes.append(before.worker_nombre if before else "nadie")
        despues.append(caso.trabajador.worker_nombre)
    if dia is not None and dia != (stood := getattr(spool, DIA[operacion])):
        antes.append(f"{stood:%d-%m-%Y}")
        despues.append(f"{dia:%d-%m-%Y}")
    return antes, despues


def _judge_reabrir(caso: Caso) -> None:
    judge_reabrible(caso.spool, _operacion(caso))


def _apply_reabrir(caso: Caso) -> Hecho:
    spool, operacion = caso.spool, _operacion(caso)
    if operacion in _REABRIR_TRABAJO:
        _REABRIR_TRABAJO[operacion](spool)
    if spool.calidad_state != EstadoCalidad.PENDIENTE:
        spool.reabrir_inspeccion()
    return _hecho(caso, dia=chile_day(caso.orden.instante))


_REABRIR_TRABAJO: dict[Operacion, Callable[[Spool], object]] = {
    Operacion.ARM: Spool.reabrir_arm,
    Operacion.SOLD: Spool.reabrir_sold,
}


def _hecho(caso: Caso, *, dia: date, **detalle: Any) -> Hecho:
    orden, operacion = caso.orden, _operacion(caso)
    return Hecho(
        tipo=TipoEvento(f"{orden.accion}_{operacion}"),
        accion=orden.accion,
        operacion=operacion,
        trabajador=responsible_of(caso.spool, operacion),
        actor=orden.actor,
        instante=orden.instante,
        dia=dia,
        detalle={"motivo": orden.motivo, **detalle},
    )


def _operacion(caso: Caso) -> Operacion:
    return Operacion(caso.orden.operacion or "")


def _reabierto(spool: Spool, hecho: Hecho) -> str:
    queda = "por inspeccionar" if hecho.operacion == Operacion.METROLOGIA else "pausado y disponible"
    return f"Spool {spool.tag_hoja} reabierto: {hecho.operacion.label} queda {queda}"


_CORREGIR = Verbo(
    _judge_corregir,
    _apply_corregir,
    lambda spool, hecho: f"Spool {spool.tag_hoja} corregido: {hecho.operacion.label} {hecho.detalle['despues']}",
)
_REABRIR = Verbo(_judge_reabrir, _apply_reabrir, _reabierto)
