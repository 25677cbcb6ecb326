"""TOMAR, PAUSAR, COMPLETAR and CANCELAR, one spool at a time or many (domain rules, section 4).

Each function carries out its verb in one transaction and answers a `Respuesta`, or raises a refusal that leaves
nothing behind. `instante` is only given by the demo shop, which tells of the past.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any, NotRequired, TypedDict, Unpack

from occupation.history import how_it_ended
from occupation.models import Spool, Trabajador
from occupation.models.spool import OCUPACION
from occupation.refusals import SolicitudInvalida
from occupation.rules import judge_titular, judge_tomar
from occupation.services import _claves
from occupation.services._execute import Caso, Verbo, execute, one_by_one
from occupation.services._orden import (
    Actor,
    Desenlace,
    Hecho,
    Orden,
    PedidoDeTitular,
    PedidoDeTrabajador,
    Respuesta,
    chile_day,
)
from occupation.tags import canonical_tag
from occupation.vocabulary import PRIMER_DIA, Accion, EstadoCalidad, EstadoTrabajo, Operacion, TipoEvento

RESPONSABLE = {Operacion.ARM: "armador", Operacion.SOLD: "soldador"}
ESTADO = {Operacion.ARM: "arm_state", Operacion.SOLD: "sold_state", Operacion.REPARACION: "calidad_state"}
EN_CURSO = (EstadoTrabajo.EN_PROGRESO, EstadoCalidad.EN_REPARACION)


def tomar(*, operacion: Operacion, **pedido: Unpack[PedidoDeTrabajador]) -> Respuesta:
    """The worker takes the spool for one operation."""
    return execute(_TOMAR, Orden.de(Accion.TOMAR, operacion=operacion, **pedido))


def pausar(**pedido: Unpack[PedidoDeTitular]) -> Respuesta:
    """The holder stops and keeps the progress; any worker with the role may resume."""
    return execute(_PAUSAR, Orden.de(Accion.PAUSAR, **pedido))


def completar(*, fecha: date | None = None, **pedido: Unpack[PedidoDeTitular]) -> Respuesta:
    """The holder finishes on `fecha` (default: today in Chile; neither the future nor before PRIMER_DIA)."""
    orden = Orden.de(Accion.COMPLETAR, dia=fecha, **pedido)
    judge_day(orden)
    return execute(_COMPLETAR, orden)


def cancelar(**pedido: Unpack[PedidoDeTitular]) -> Respuesta:
    """This take never happened: what it found is restored; only the version and the history show it."""
    return execute(_CANCELAR, Orden.de(Accion.CANCELAR, **pedido))


class _Lote(TypedDict):
    trabajador_id: int
    actor: Actor
    clave: NotRequired[str | None]


class _LoteDeTitular(_Lote):
    operacion: NotRequired[Operacion | None]


def tomar_varios(*, tags: Sequence[str], operacion: Operacion, **pedido: Unpack[_Lote]) -> list[Desenlace]:
    """TOMAR of distinct tags, each on its own."""
    return _varios(_TOMAR, Accion.TOMAR, tags, operacion=operacion, **pedido)


def pausar_varios(*, tags: Sequence[str], **pedido: Unpack[_LoteDeTitular]) -> list[Desenlace]:
    """PAUSAR of distinct tags, each on its own: of all that a worker holds, however much that is."""
    return _varios(_PAUSAR, Accion.PAUSAR, tags, **pedido)


def completar_varios(
    *, tags: Sequence[str], fecha: date | None = None, **pedido: Unpack[_LoteDeTitular]
) -> list[Desenlace]:
    """COMPLETAR of distinct tags, each on its own."""
    return _varios(_COMPLETAR, Accion.COMPLETAR, tags, dia=fecha, **pedido)


def _varios(
    verbo: Verbo, accion: Accion, tags: Sequence[str], dia: date | None = None, **pedido: Unpack[_LoteDeTitular]
) -> list[Desenlace]:
    canonicos = [canonical_tag(tag) for tag in tags]
    if not tags:
        raise SolicitudInvalida({"tag_spools": "debe haber al menos uno"})
    if len(set(canonicos)) < len(canonicos):
        raise SolicitudInvalida({"tag_spools": "hay tags repetidos"})
    ordenes = [Orden.de(accion, tag=tag, dia=dia, de_lote=True, **pedido) for tag in canonicos]
    judge_day(ordenes[0])
    _claves.check(ordenes[0])
    _claves.stored_answer(ordenes[0])
    return one_by_one((tag, partial(execute, verbo, orden)) for tag, orden in zip(tags, ordenes, strict=True))


def judge_day(orden: Orden, campo: str = "fecha_operacion") -> None:
    """Raises SolicitudInvalida, which names `campo`, for a day that has not come yet, or is older than any work."""
    if orden.dia is not None and orden.dia > chile_day(orden.instante):
        raise SolicitudInvalida({campo: "la fecha no puede ser futura: elija hoy o un día anterior"})
    if orden.dia is not None and orden.dia < PRIMER_DIA:
        raise SolicitudInvalida({campo: "la fecha es demasiado antigua: revise el año"})


def _judge_tomar(caso: Caso) -> None:
    judge_tomar(caso.spool, _operacion(caso), caso.trabajador)


def judge_holder(caso: Caso) -> None:
    """Whether the worker asked for (anybody, if none) holds the spool; says how it ended if nobody does."""
    if not caso.spool.ocupado:
        raise how_it_ended(caso.spool, caso.orden.operacion, liberar=caso.orden.accion == Accion.LIBERAR)
    judge_titular(caso.spool, caso.trabajador, caso.orden.operacion)


def _operacion(caso: Caso) -> Operacion:
    """The operation the verb is about: the one asked for, or the one held."""
    return Operacion(caso.orden.operacion or caso.spool.ocupado_operacion or "")


def _hecho(caso: Caso, operacion: Operacion, **detalle: Any) -> Hecho:
    orden = caso.orden
    return Hecho(
        tipo=TipoEvento(f"{orden.accion}_{operacion}"),
        accion=orden.accion,
        operacion=operacion,
        trabajador=caso.trabajador or caso.spool.ocupado_por,
        actor=orden.actor,
        instante=orden.instante,
        dia=orden.dia or chile_day(orden.instante),
        detalle=detalle,
    )


def responsible_of(spool: Spool, operacion: Operacion) -> Trabajador | None:
    """Whose operation it is, or was; nobody's for an inspection or a repair."""
    columna = RESPONSABLE.get(operacion)
    found: Trabajador | None = getattr(spool, columna) if columna else None
    return found


def _apply_tomar(caso: Caso) -> Hecho:
    spool, operacion = caso.spool, _operacion(caso)
    responsable = RESPONSABLE.get(operacion)
    spool.previo = {
        "estado": str(getattr(spool, ESTADO[operacion])),
        "responsable": getattr(spool, f"{responsable}_id") if responsable else None,
    }
    if getattr(spool, ESTADO[operacion]) not in EN_CURSO:
        _INICIAR[operacion](spool)
    if responsable:
        setattr(spool, responsable, caso.trabajador)
    spool.ocupado_por = caso.trabajador
    spool.ocupado_operacion = operacion
    spool.ocupado_desde = caso.orden.instante
    spool.ocupacion_token = caso.token
    return _hecho(caso, operacion)


_INICIAR: dict[Operacion, Callable[[Spool], object]] = {
    Operacion.ARM: Spool.iniciar_arm,
    Operacion.SOLD: Spool.iniciar_sold,
    Operacion.REPARACION: Spool.tomar_reparacion,
}


def apply_pause(caso: Caso, **detalle: Any) -> Hecho:
    """Free the spool and keep its progress. LIBERAR ends an occupation the same way."""
    operacion = _operacion(caso)
    hecho = _hecho(caso, operacion, **detalle)
    if operacion == Operacion.REPARACION:
        caso.spool.pausar_reparacion()
    _free(caso.spool)
    return hecho


def _apply_completar(caso: Caso) -> Hecho:
    spool, operacion = caso.spool, _operacion(caso)
    hecho = _hecho(caso, operacion)
    if operacion == Operacion.ARM:
        spool.completar_arm(hecho.dia)
    elif operacion == Operacion.SOLD:
        spool.completar_sold(hecho.dia)
    else:
        spool.completar_reparacion()
    _free(spool)
    return hecho


def _apply_cancelar(caso: Caso) -> Hecho:
    spool, operacion = caso.spool, _operacion(caso)
    hecho = _hecho(caso, operacion)
    previo = spool.previo or {}
    if operacion == Operacion.REPARACION:
        spool.cancelar_reparacion(previo["estado"])
    else:
        if previo["estado"] == EstadoTrabajo.PENDIENTE:
            _CANCELAR_INICIO[operacion](spool)
        setattr(spool, f"{RESPONSABLE[operacion]}_id", previo["responsable"])
    _free(spool)
    return hecho


_CANCELAR_INICIO: dict[Operacion, Callable[[Spool], object]] = {
    Operacion.ARM: Spool.cancelar_arm,
    Operacion.SOLD: Spool.cancelar_sold,
}


def _free(spool: Spool) -> None:
    for columna in OCUPACION:
        setattr(spool, columna, None)


def _tomado(spool: Spool, hecho: Hecho) -> str:
    return f"Spool {spool.tag_hoja} tomado por {hecho.trabajador.worker_nombre if hecho.trabajador else ''}"


_TOMAR = Verbo(_judge_tomar, _apply_tomar, _tomado, exige_activo=True, ocupa=True)
_PAUSAR = Verbo(judge_holder, apply_pause, lambda spool, _: f"Trabajo pausado en {spool.tag_hoja}")
_COMPLETAR = Verbo(judge_holder, _apply_completar, lambda spool, _: f"Operación completada en {spool.tag_hoja}")
_CANCELAR = Verbo(judge_holder, _apply_cancelar, lambda spool, _: f"Operación cancelada en {spool.tag_hoja}")
