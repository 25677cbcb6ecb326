"""INSPECCIONAR: an inspection is instant, APROBADO or RECHAZADO, and nothing is taken."""

from __future__ import annotations

from typing import Unpack

from occupation.models import Spool
from occupation.rules import judge_inspeccionar
from occupation.services._execute import Caso, Verbo, execute
from occupation.services._orden import Hecho, Orden, PedidoDeTrabajador, Respuesta, chile_day
from occupation.vocabulary import CICLOS_MAXIMOS, Accion, EstadoCalidad, Operacion, Resultado, TipoEvento


def inspeccionar(*, resultado: Resultado, **pedido: Unpack[PedidoDeTrabajador]) -> Respuesta:
    """Record what the inspector found. The third rejection in a row blocks the spool."""
    orden = Orden.de(Accion.INSPECCIONAR, operacion=Operacion.METROLOGIA, resultado=resultado, **pedido)
    return execute(_INSPECCIONAR, orden)


def _judge(caso: Caso) -> None:
    judge_inspeccionar(caso.spool, caso.trabajador)


def _apply(caso: Caso) -> Hecho:
    orden, spool = caso.orden, caso.spool
    dia = chile_day(orden.instante)
    if orden.resultado == Resultado.APROBADO:
        spool.aprobar(dia)
    else:
        spool.rechazar()
    return Hecho(
        tipo=TipoEvento.COMPLETAR_METROLOGIA,
        accion=Accion.INSPECCIONAR,
        operacion=Operacion.METROLOGIA,
        trabajador=caso.trabajador,
        actor=orden.actor,
        instante=orden.instante,
        dia=dia,
        detalle={"resultado": str(orden.resultado), "ciclo": spool.ciclo},
    )


def _message(spool: Spool, _: Hecho) -> str:
    if spool.calidad_state == EstadoCalidad.BLOQUEADO:
        return f"Metrología: {spool.tag_hoja} BLOQUEADO"
    if spool.calidad_state == EstadoCalidad.APROBADO:
        return f"Metrología: {spool.tag_hoja} APROBADO"
    return f"Metrología: {spool.tag_hoja} RECHAZADO (Ciclo {spool.ciclo}/{CICLOS_MAXIMOS})"


_INSPECCIONAR = Verbo(_judge, _apply, _message, exige_activo=True)
