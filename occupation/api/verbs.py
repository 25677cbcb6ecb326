"""What changes something: one POST per verb, one service call each."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest
from ninja import Router

from occupation import services
from occupation.api.credentials import actor_of
from occupation.api.documented import VERB_ERRORS
from occupation.api.fields import Clave
from occupation.api.schemas import (
    Completar,
    CompletarVarios,
    Detalle,
    Hecho,
    Inspeccionado,
    Inspeccionar,
    Lote,
    PausarVarios,
    Soltar,
    Tomar,
    TomarVarios,
)
from occupation.services import Desenlace, Respuesta
from occupation.vocabulary import Resultado

router = Router()


@router.post("/occupation/tomar", response={200: Hecho, **VERB_ERRORS}, summary="TOMAR un spool")
def tomar(request: HttpRequest, pedido: Tomar, clave: Clave = None) -> Hecho:
    return _hecho(
        services.tomar(
            tag=pedido.tag_spool,
            trabajador_id=pedido.worker_id,
            operacion=pedido.operacion,
            version=pedido.version,
            clave=clave,
            actor=actor_of(request),
        )
    )


@router.post("/occupation/pausar", response={200: Hecho, **VERB_ERRORS}, summary="PAUSAR lo tomado")
def pausar(request: HttpRequest, pedido: Soltar, clave: Clave = None) -> Hecho:
    return _hecho(
        services.pausar(
            tag=pedido.tag_spool,
            trabajador_id=pedido.worker_id,
            operacion=pedido.operacion,
            version=pedido.version,
            clave=clave,
            actor=actor_of(request),
        )
    )


@router.post("/occupation/completar", response={200: Hecho, **VERB_ERRORS}, summary="COMPLETAR lo tomado")
def completar(request: HttpRequest, pedido: Completar, clave: Clave = None) -> Hecho:
    return _hecho(
        services.completar(
            tag=pedido.tag_spool,
            trabajador_id=pedido.worker_id,
            operacion=pedido.operacion,
            fecha=pedido.fecha_operacion,
            version=pedido.version,
            clave=clave,
            actor=actor_of(request),
        )
    )


@router.post("/occupation/cancelar", response={200: Hecho, **VERB_ERRORS}, summary="CANCELAR: esta toma no ocurrió")
def cancelar(request: HttpRequest, pedido: Soltar, clave: Clave = None) -> Hecho:
    return _hecho(
        services.cancelar(
            tag=pedido.tag_spool,
            trabajador_id=pedido.worker_id,
            operacion=pedido.operacion,
            version=pedido.version,
            clave=clave,
            actor=actor_of(request),
        )
    )


@router.post(
    "/occupation/batch-tomar", response={200: Lote, **VERB_ERRORS}, exclude_none=True, summary="TOMAR de 1 a 50 spools"
)
def batch_tomar(request: HttpRequest, pedido: TomarVarios, clave: Clave = None) -> Lote:
    return _lote(
        services.tomar_varios(
            tags=pedido.tag_spools,
            trabajador_id=pedido.worker_id,
            operacion=pedido.operacion,
            clave=clave,
            actor=actor_of(request),
        )
    )


@router.post(
    "/occupation/batch-pausar",
    response={200: Lote, **VERB_ERRORS},
    exclude_none=True,
    summary="PAUSAR de 1 a 50 spools",
)
def batch_pausar(request: HttpRequest, pedido: PausarVarios, clave: Clave = None) -> Lote:
    return _lote(
        services.pausar_varios(
            tags=pedido.tag_spools,
            trabajador_id=pedido.worker_id,
            operacion=pedido.operacion,
            clave=clave,
            actor=actor_of(request),
        )
    )


@router.post(
    "/occupation/batch-completar",
    response={200: Lote, **VERB_ERRORS},
    exclude_none=True,
    summary="COMPLETAR de 1 a 50 spools",
)
def batch_completar(request: HttpRequest, pedido: CompletarVarios, clave: Clave = None) -> Lote:
    return _lote(
        services.completar_varios(
            tags=pedido.tag_spools,
            trabajador_id=pedido.worker_id,
            operacion=pedido.operacion,
            fecha=pedido.fecha_operacion,
            clave=clave,
            actor=actor_of(request),
        )
    )


@router.post("/metrologia/completar", response={200: Inspeccionado, **VERB_ERRORS}, summary="Inspeccionar un spool")
def inspeccionar(request: HttpRequest, pedido: Inspeccionar, clave: Clave = None) -> Inspeccionado:
    return _inspeccionado(
        services.inspeccionar(
            tag=pedido.tag_spool,
            trabajador_id=pedido.worker_id,
            resultado=pedido.resultado,
            clave=clave,
            actor=actor_of(request),
        )
    )


def _hecho(respuesta: Respuesta) -> Hecho:
    return Hecho(
        success=True,
        tag_spool=respuesta.tag_spool,
        message=respuesta.message,
        estado_detalle=respuesta.estado_detalle,
        version=respuesta.version,
    )


def _inspeccionado(respuesta: Respuesta) -> Inspeccionado:
    return Inspeccionado(
        success=True,
        tag_spool=respuesta.tag_spool,
        resultado=Resultado(respuesta.resultado or ""),
        estado_detalle=respuesta.estado_detalle,
        ciclo=respuesta.ciclo or 0,
        message=respuesta.message,
        version=respuesta.version,
    )


def _lote(desenlaces: Sequence[Desenlace]) -> Lote:
    details = [_detalle(desenlace) for desenlace in desenlaces]
    succeeded = sum(detalle.success for detalle in details)
    return Lote(total=len(details), succeeded=succeeded, failed=len(details) - succeeded, details=details)


def _detalle(desenlace: Desenlace) -> Detalle:
    if desenlace.respuesta is not None:
        done = desenlace.respuesta
        return Detalle(success=True, tag_spool=done.tag_spool, message=done.message, version=done.version)
    refused = desenlace.refused
    return Detalle(
        success=False,
        tag_spool=desenlace.tag,
        message=refused.mensaje if refused else "",
        error=refused.codigo if refused else None,
    )
