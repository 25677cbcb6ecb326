"""Adoption: what a person wrote into our columns of the sheet, done as the shop does it.

Each adoption is a verb of its own, with the sheet as its actor: through the machines, in one transaction, told in
the journal. Materials and roles are not judged again: the sheet is believed for what it may say at all.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from uuid import UUID

from occupation.models import Spool, Trabajador
from occupation.refusals import OperacionNoDisponible
from occupation.rules import judge_bloqueado, judge_hecho_en_hoja, judge_inspeccionar
from occupation.services._execute import Caso, Verbo, execute
from occupation.services._orden import HOJA, Actor, Hecho, Orden, Respuesta, chile_day
from occupation.services.occupation import judge_day
from occupation.services.supervision import liberar, lift_block
from occupation.sheets.merge import Decision, Effect
from occupation.vocabulary import Accion, EstadoTrabajo, Operacion, Resultado, TipoEvento

EMPTIED = "celda vaciada en la hoja"
UNLOCKED = "texto cambiado en la hoja"

_OPERACION = {
    "Fecha_Armado": Operacion.ARM,
    "Armador": Operacion.ARM,
    "Fecha_Soldadura": Operacion.SOLD,
    "Soldador": Operacion.SOLD,
    "Fecha_QC_Metrología": Operacion.METROLOGIA,
}
_DAY_FIELD = {
    "Fecha_Armado": "fecha_armado",
    "Fecha_Soldadura": "fecha_soldadura",
    "Fecha_QC_Metrología": "fecha_qc",
}
_WORKER_FIELD = {"Armador": "armador", "Soldador": "soldador"}


def adoptar(
    *, tag: str, decision: Decision, actor: Actor = HOJA, version: UUID | None = None, instante: datetime | None = None
) -> Respuesta:
    """Carry out what the merge decided to adopt. Refuses like a verb; a refusal leaves nothing behind.

    `version` is the spool's that the decision was taken on: another one now is VERSION_CONFLICT.
    """
    if decision.effect == Effect.RELEASE:
        return liberar(tag=tag, motivo=EMPTIED, actor=actor, version=version, instante=instante)
    dia = decision.value if isinstance(decision.value, date) else None
    orden = Orden.de(
        _ACCION[decision.effect],
        tag=tag,
        instante=instante,
        actor=actor,
        version=version,
        operacion=_OPERACION.get(decision.header),
        trabajador_id=decision.value if isinstance(decision.value, int) else decision.worker,
        dia=dia,
        motivo=UNLOCKED if decision.effect == Effect.OVERRIDE else "",
        resultado=Resultado.APROBADO if decision.effect == Effect.APPROVE else None,
    )
    judge_day(orden, decision.header)
    return execute(_verbo(decision), orden)


_ACCION = {
    Effect.EDIT: None,
    Effect.COMPLETE: Accion.COMPLETAR,
    Effect.APPROVE: Accion.INSPECCIONAR,
    Effect.OVERRIDE: Accion.DESBLOQUEAR,
}


def _verbo(decision: Decision) -> Verbo:
    if decision.effect != Effect.EDIT:
        return _VERBOS[decision.effect]
    apply = _apply_day if decision.header in _DAY_FIELD else _apply_worker
    judge = partial(_judge_stood, decision.header)
    return Verbo(judge, partial(apply, decision.header), lambda spool, _: f"Hoja adoptada en {spool.tag_hoja}")


def _judge_stood(header: str, caso: Caso) -> None:
    """An edit replaces a value: what the machines have not done is not done by writing it."""
    if getattr(caso.spool, _DAY_FIELD.get(header) or _WORKER_FIELD[header]) is None:
        razon = f"la app no tiene {header} que cambiar."
        raise OperacionNoDisponible(caso.spool.tag_hoja, _OPERACION[header], razon)


def _apply_day(header: str, caso: Caso) -> Hecho:
    before = getattr(caso.spool, _DAY_FIELD[header])
    setattr(caso.spool, _DAY_FIELD[header], caso.orden.dia)
    return _edited(caso, header, f"{before:%d-%m-%Y}", f"{caso.orden.dia:%d-%m-%Y}", None)


def _apply_worker(header: str, caso: Caso) -> Hecho:
    field, worker = _WORKER_FIELD[header], caso.trabajador
    before: Trabajador = getattr(caso.spool, field)
    setattr(caso.spool, field, worker)
    return _edited(caso, header, before.worker_nombre, worker.worker_nombre if worker else "", worker)


def _edited(caso: Caso, header: str, before: str, after: str, worker: Trabajador | None) -> Hecho:
    return _hecho(caso, TipoEvento.EDICION_HOJA, worker, encabezado=header, antes=before, despues=after)


def _judge_complete(caso: Caso) -> None:
    judge_hecho_en_hoja(caso.spool, Operacion(caso.orden.operacion or ""), caso.trabajador)


def _apply_complete(caso: Caso) -> Hecho:
    """Finish ARM or SOLD; `trabajador` began and ended it if nobody had begun."""
    spool, operacion = caso.spool, Operacion(caso.orden.operacion or "")
    dia = caso.orden.dia or chile_day(caso.orden.instante)
    begin, finish, who, state = _WORK[operacion]
    if getattr(spool, state) == EstadoTrabajo.PENDIENTE:
        begin(spool)
        setattr(spool, who, caso.trabajador)
    finish(spool, dia)
    return _hecho(caso, TipoEvento(f"{Accion.COMPLETAR}_{operacion}"), getattr(spool, who))


_WORK = {
    Operacion.ARM: (Spool.iniciar_arm, Spool.completar_arm, "armador", "arm_state"),
    Operacion.SOLD: (Spool.iniciar_sold, Spool.completar_sold, "soldador", "sold_state"),
}


def _apply_approve(caso: Caso) -> Hecho:
    caso.spool.aprobar(caso.orden.dia or chile_day(caso.orden.instante))
    resultado, ciclo = str(Resultado.APROBADO), caso.spool.ciclo
    return _hecho(caso, TipoEvento.COMPLETAR_METROLOGIA, None, resultado=resultado, ciclo=ciclo)


def _hecho(caso: Caso, tipo: TipoEvento, worker: Trabajador | None, **detalle: str | int) -> Hecho:
    orden = caso.orden
    return Hecho(
        tipo=tipo,
        accion=orden.accion,
        operacion=Operacion(orden.operacion or ""),
        trabajador=worker,
        actor=orden.actor,
        instante=orden.instante,
        dia=orden.dia or chile_day(orden.instante),
        detalle=detalle,
    )


_VERBOS = {
    Effect.COMPLETE: Verbo(
        _judge_complete, _apply_complete, lambda spool, _: f"Operación completada en {spool.tag_hoja}, por la hoja"
    ),
    Effect.APPROVE: Verbo(
        lambda caso: judge_inspeccionar(caso.spool, None),
        _apply_approve,
        lambda spool, _: f"Metrología: {spool.tag_hoja} APROBADO, por la hoja",
    ),
    Effect.OVERRIDE: Verbo(
        lambda caso: judge_bloqueado(caso.spool),
        partial(lift_block, tipo=TipoEvento.SUPERVISOR_OVERRIDE),
        lambda spool, _: f"Spool {spool.tag_hoja} desbloqueado en la hoja: tiene una oportunidad más",
    ),
}
