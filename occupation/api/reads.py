"""What only looks: one GET per question, one query function each."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router

from occupation import history, queries
from occupation.api.documented import READ_ERRORS
from occupation.api.fields import instant
from occupation.api.mistakes import refuse_unknown
from occupation.api.schemas import (
    AccionListable,
    Estado,
    EventoListado,
    Filtro,
    FiltroTrabajadores,
    Historia,
    Ocupacion,
    Sesion,
    SpoolListado,
    Spools,
    Worker,
    Workers,
)
from occupation.models import Evento, Spool, Trabajador
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, Rol, TipoEvento

router = Router()


@router.get("/occupation/status/{path:tag}", response={200: Estado, **READ_ERRORS}, summary="Un spool, ahora")
def status(request: HttpRequest, tag: str) -> Estado:
    refuse_unknown(request)
    return _estado(queries.find_spool(tag))


@router.get("/spools", response={200: Spools, **READ_ERRORS}, summary="Spools para una acción, o buscados")
def spools(request: HttpRequest, filtro: Query[Filtro]) -> Spools:
    refuse_unknown(request, Filtro.model_fields)
    inspecting = filtro.accion == AccionListable.INSPECCIONAR
    pagina = queries.list_spools(
        operacion=Operacion.METROLOGIA if inspecting else filtro.operacion,
        accion=filtro.accion.accion,
        worker_id=filtro.worker_id,
        q=filtro.q,
        limit=filtro.limit,
        cursor=filtro.cursor or None,
    )
    return Spools(spools=[_listado(fila) for fila in pagina.filas], next_cursor=pagina.siguiente)


@router.get("/workers", response={200: Workers, **READ_ERRORS}, summary="Trabajadores activos")
def workers(request: HttpRequest, filtro: Query[FiltroTrabajadores]) -> Workers:
    refuse_unknown(request, FiltroTrabajadores.model_fields)
    found = queries.active_workers(filtro.operacion)
    return Workers(workers=[_worker(trabajador) for trabajador in found], total=len(found))


@router.get(
    "/dashboard/occupied",
    response={200: list[Ocupacion], **READ_ERRORS},
    summary="Quién tiene qué, lo último primero",
)
def occupied(request: HttpRequest) -> list[Ocupacion]:
    refuse_unknown(request)
    ahora = timezone.now()
    return [_ocupacion(spool, ahora) for spool in queries.occupied()]


@router.get("/history/{path:tag}", response={200: Historia, **READ_ERRORS}, summary="Lo que pasó con un spool")
def spool_history(request: HttpRequest, tag: str) -> Historia:
    refuse_unknown(request)
    spool = queries.find_any_spool(tag)
    eventos = history.events_of(spool)
    sesiones = history.sessions_of(eventos, timezone.now())
    return Historia(
        tag_spool=spool.tag_hoja,
        sessions=[_sesion(sesion) for sesion in sesiones],
        eventos=[_evento(evento) for evento in eventos],
    )


def _nombre(trabajador: Trabajador | None) -> str | None:
    return trabajador.worker_nombre if trabajador else None


def _estado(spool: Spool) -> Estado:
    return Estado(
        tag_spool=spool.tag_hoja,
        nv=spool.nv,
        ocupado=spool.ocupado,
        ocupado_por=_nombre(spool.ocupado_por),
        worker_id=spool.ocupado_por_id,
        operacion=Operacion(spool.ocupado_operacion) if spool.ocupado_operacion else None,
        fecha_ocupacion=instant(spool.ocupado_desde) if spool.ocupado_desde else None,
        estado_detalle=spool.estado_detalle,
        arm_state=EstadoTrabajo(spool.arm_state),
        sold_state=EstadoTrabajo(spool.sold_state),
        calidad_state=EstadoCalidad(spool.calidad_state),
        ciclo=spool.ciclo,
        armador=_nombre(spool.armador),
        soldador=_nombre(spool.soldador),
        fecha_materiales=spool.fecha_materiales,
        fecha_armado=spool.fecha_armado,
        fecha_soldadura=spool.fecha_soldadura,
        fecha_qc=spool.fecha_qc,
        version=str(spool.version),
    )


def _listado(fila: queries.Fila) -> SpoolListado:
    spool, refused = fila.spool, fila.refused
    return SpoolListado(
        tag_spool=spool.tag_hoja,
        nv=spool.nv,
        estado_detalle=spool.estado_detalle,
        arm_state=EstadoTrabajo(spool.arm_state),
        sold_state=EstadoTrabajo(spool.sold_state),
        calidad_state=EstadoCalidad(spool.calidad_state),
        ciclo=spool.ciclo,
        ocupado_por=_nombre(spool.ocupado_por),
        elegible=fila.elegible,
        motivo=refused.codigo if refused else None,
        mensaje=refused.mensaje if refused else None,
    )


def _worker(trabajador: Trabajador) -> Worker:
    return Worker(
        id=trabajador.id,
        nombre=trabajador.nombre,
        apellido=trabajador.apellido,
        nombre_completo=trabajador.nombre_completo,
        worker_nombre=trabajador.worker_nombre,
        roles=[Rol(rol) for rol in trabajador.nombres_de_roles()],
        activo=trabajador.activo,
    )


def _ocupacion(spool: Spool, ahora: datetime) -> Ocupacion:
    desde = spool.ocupado_desde or ahora
    return Ocupacion(
        tag_spool=spool.tag_hoja,
        worker_nombre=_nombre(spool.ocupado_por) or "",
        estado_detalle=spool.estado_detalle,
        fecha_ocupacion=instant(desde),
        operacion=Operacion(spool.ocupado_operacion or ""),
        segundos=history.seconds_between(desde, ahora),
    )


def _sesion(sesion: history.Sesion) -> Sesion:
    return Sesion(
        worker_nombre=_nombre(sesion.trabajador),
        worker_id=sesion.trabajador.id if sesion.trabajador else None,
        operacion=sesion.operacion,
        start_time=instant(sesion.desde),
        end_time=instant(sesion.hasta) if sesion.hasta else None,
        duration=sesion.duracion,
        segundos=sesion.segundos,
        cierre=str(sesion.cierre) if sesion.cierre else None,
    )


def _evento(evento: Evento) -> EventoListado:
    return EventoListado(
        id=evento.pk,
        tipo=TipoEvento(evento.tipo),
        instante=instant(evento.instante),
        worker_nombre=_nombre(evento.trabajador),
        actor=evento.actor_nombre,
        operacion=Operacion(evento.operacion) if evento.operacion else None,
        detalle=evento.detalle,
    )
