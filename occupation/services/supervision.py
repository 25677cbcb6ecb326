"""LIBERAR and DESBLOQUEAR: a supervisor undoes what is stuck, always with a reason."""

from __future__ import annotations

from datetime import date
from typing import Unpack

from occupation.models import Evento, Trabajador
from occupation.refusals import SolicitudInvalida
from occupation.rules import judge_bloqueado
from occupation.services._execute import Caso, Verbo, execute
from occupation.services._orden import Hecho, Orden, Pedido, Respuesta, chile_day
from occupation.services.occupation import apply_pause, judge_holder
from occupation.tags import storable
from occupation.vocabulary import Accion, Operacion, TipoEvento

MOTIVO_MAXIMO = 300


def liberar(*, motivo: str, **pedido: Unpack[Pedido]) -> Respuesta:
    """End somebody's occupation as a pause. Refused as OCUPACION_TERMINADA when nobody holds the spool."""
    return execute(_LIBERAR, with_reason(Accion.LIBERAR, motivo, **pedido))


def desbloquear(*, motivo: str, **pedido: Unpack[Pedido]) -> Respuesta:
    """Give a blocked spool one more chance: rejected, at its second cycle."""
    return execute(_DESBLOQUEAR, with_reason(Accion.DESBLOQUEAR, motivo, **pedido))


def with_reason(
    accion: Accion,
    motivo: str,
    *,
    operacion: Operacion | None = None,
    trabajador_id: int | None = None,
    dia: date | None = None,
    **pedido: Unpack[Pedido],
) -> Orden:
    """An order of a supervisor. Raises SolicitudInvalida for a reason that is blank or cannot be kept."""
    motivo = " ".join(motivo.split())
    if not motivo:
        raise SolicitudInvalida({"motivo": "escriba por qué"})
    if not storable(motivo):
        raise SolicitudInvalida({"motivo": "el motivo tiene caracteres que no se pueden guardar"})
    if len(motivo) > MOTIVO_MAXIMO:
        raise SolicitudInvalida({"motivo": f"use a lo más {MOTIVO_MAXIMO} caracteres"})
    return Orden.de(accion, motivo=motivo, operacion=operacion, trabajador_id=trabajador_id, dia=dia, **pedido)


def _apply_liberar(caso: Caso) -> Hecho:
    return apply_pause(caso, motivo=caso.orden.motivo)


def lift_block(caso: Caso, tipo: TipoEvento = TipoEvento.DESBLOQUEAR_REPARACION) -> Hecho:
    """Bring a blocked spool back to rejected. The sheet lifts a block the same way, under a type of its own."""
    caso.spool.desbloquear()
    return Hecho(
        tipo=tipo,
        accion=Accion.DESBLOQUEAR,
        operacion=Operacion.REPARACION,
        trabajador=_last_repairer(caso),
        actor=caso.orden.actor,
        instante=caso.orden.instante,
        dia=chile_day(caso.orden.instante),
        detalle={"motivo": caso.orden.motivo, "ciclo": caso.spool.ciclo},
    )


def _last_repairer(caso: Caso) -> Trabajador | None:
    """The worker the block is about: who repaired last, or who welded."""
    last = Evento.objects.filter(spool=caso.spool, tipo=TipoEvento.COMPLETAR_REPARACION).order_by("-id").first()
    return last.trabajador if last else caso.spool.soldador


_LIBERAR = Verbo(
    judge_holder,
    _apply_liberar,
    lambda spool, _: f"Spool {spool.tag_hoja} liberado: queda pausado y disponible",
)
_DESBLOQUEAR = Verbo(
    lambda caso: judge_bloqueado(caso.spool),
    lift_block,
    lambda spool, _: f"Spool {spool.tag_hoja} desbloqueado: tiene una oportunidad más",
)
