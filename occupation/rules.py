"""What each verb asks of a spool and a worker, in the order a person hears it. Pure: raises a refusal or returns.

`trabajador=None` leaves the questions about the worker out: lists use that to say why a spool is not eligible.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings

from occupation.machines.soldadura import arm_suficiente
from occupation.models import Spool, Trabajador
from occupation.refusals import (
    DependenciasNoSatisfechas,
    NoAutorizado,
    OperacionNoDisponible,
    OperacionYaCompletada,
    RolNoAutorizado,
    SpoolBloqueado,
    SpoolOccupied,
    VersionConflict,
    WorkerNoEncontrado,
)
from occupation.vocabulary import ROLES_DE, EstadoCalidad, EstadoTrabajo, Falta, Operacion

REPARABLE = (EstadoCalidad.RECHAZADO, EstadoCalidad.REPARACION_PAUSADA)
"""States from which a repair can be taken; the same states keep a spool out of the inspection queue."""


def judge_tomar(spool: Spool, operacion: Operacion, trabajador: Trabajador | None) -> None:
    """Whether `trabajador` may take `spool` for `operacion` now."""
    _judge_rol(trabajador, operacion)
    _judge_libre(spool, trabajador)
    if operacion == Operacion.METROLOGIA:
        raise OperacionNoDisponible(spool.tag_hoja, operacion, "la inspección no se toma, se registra su resultado.")
    if operacion == Operacion.REPARACION:
        _judge_reparable(spool)
        return
    _judge_no_completada(spool, operacion)
    if spool.fecha_materiales is None:
        raise DependenciasNoSatisfechas(spool.tag_hoja, Falta.FECHA_MATERIALES)
    if operacion == Operacion.SOLD:
        _judge_arm_suficiente(spool)


def judge_inspeccionar(spool: Spool, trabajador: Trabajador | None) -> None:
    """Whether `trabajador` may say APROBADO or RECHAZADO of `spool` now."""
    if spool.arm_state != EstadoTrabajo.COMPLETADO:
        raise DependenciasNoSatisfechas(spool.tag_hoja, Falta.ARM)
    if spool.sold_state != EstadoTrabajo.COMPLETADO:
        raise DependenciasNoSatisfechas(spool.tag_hoja, Falta.SOLD)
    if spool.calidad_state == EstadoCalidad.APROBADO:
        raise OperacionYaCompletada(spool.tag_hoja, Operacion.METROLOGIA)
    _judge_libre(spool, trabajador)
    _judge_no_bloqueado(spool)
    if spool.calidad_state in REPARABLE:
        razon = "está rechazado y espera que terminen su reparación."
        raise OperacionNoDisponible(spool.tag_hoja, Operacion.METROLOGIA, razon)
    _judge_rol(trabajador, Operacion.METROLOGIA)


def judge_hecho_en_hoja(spool: Spool, operacion: Operacion, trabajador: Trabajador | None) -> None:
    """Whether the sheet may say that ARM or SOLD is done: paused work, or work that `trabajador` did unseen."""
    _judge_libre(spool, None)
    estado = spool.arm_state if operacion == Operacion.ARM else spool.sold_state
    if estado == EstadoTrabajo.COMPLETADO:
        raise OperacionYaCompletada(spool.tag_hoja, operacion)
    if estado == EstadoTrabajo.EN_PROGRESO:
        return
    if trabajador is None:
        raise OperacionNoDisponible(spool.tag_hoja, operacion, "nadie lo ha iniciado.")
    if operacion == Operacion.SOLD:
        _judge_arm_suficiente(spool)


def judge_titular(spool: Spool, trabajador: Trabajador | None, operacion: Operacion | None) -> None:
    """Whether `trabajador` holds `spool`, and for `operacion` if one is named. The spool must be occupied."""
    if trabajador is not None and spool.ocupado_por_id != trabajador.id:
        dueno, desde = _holder(spool)
        raise NoAutorizado(spool.tag_hoja, dueno.id, dueno.worker_nombre, desde)
    if operacion is not None and operacion != spool.ocupado_operacion:
        actual = Operacion(spool.ocupado_operacion or "").label
        raise OperacionNoDisponible(spool.tag_hoja, operacion, f"lo que está tomado es {actual}.")


def judge_version(spool: Spool, version: UUID | None) -> None:
    """Whether the caller saw the current version; not sending one is fine. Judged last."""
    if version is not None and version != spool.version:
        raise VersionConflict(spool.tag_hoja, str(spool.version))


def judge_activo(trabajador: Trabajador) -> None:
    """Whether the worker may start something at all."""
    if not trabajador.activo:
        raise WorkerNoEncontrado(trabajador.id, inactivo=True)


def judge_bloqueado(spool: Spool) -> None:
    """Whether there is a block to lift."""
    if spool.calidad_state != EstadoCalidad.BLOQUEADO:
        raise OperacionNoDisponible(spool.tag_hoja, Operacion.REPARACION, "no está bloqueado.")


def judge_completada(spool: Spool, operacion: Operacion) -> None:
    """Whether there is a completed operation to correct. A repair leaves no day and no worker on the spool."""
    if operacion not in ESTADO_HECHO:
        raise OperacionNoDisponible(spool.tag_hoja, operacion, "lo que se corrige es armado, soldadura o inspección.")
    columna, hecho = ESTADO_HECHO[operacion]
    if getattr(spool, columna) != hecho:
        raise OperacionNoDisponible(spool.tag_hoja, operacion, "todavía no se ha completado.")


def judge_reabrible(spool: Spool, operacion: Operacion) -> None:
    """Whether a completed operation may be opened again: nobody holds the spool, no repair is begun, no block."""
    _judge_libre(spool, None, liberable=True)
    judge_completada(spool, operacion)
    if spool.calidad_state == EstadoCalidad.REPARACION_PAUSADA:
        raise OperacionNoDisponible(spool.tag_hoja, operacion, "su reparación está a medias; termínela antes.")
    if spool.calidad_state == EstadoCalidad.BLOQUEADO:
        raise OperacionNoDisponible(spool.tag_hoja, operacion, "está bloqueado; desbloquéelo antes.")


ESTADO_HECHO = {
    Operacion.ARM: ("arm_state", EstadoTrabajo.COMPLETADO),
    Operacion.SOLD: ("sold_state", EstadoTrabajo.COMPLETADO),
    Operacion.METROLOGIA: ("calidad_state", EstadoCalidad.APROBADO),
}
"""Where each operation says that it is completed, and how."""


def _holder(spool: Spool) -> tuple[Trabajador, datetime]:
    if spool.ocupado_por is None or spool.ocupado_desde is None:
        raise ValueError(f"nobody holds {spool.tag}")
    return spool.ocupado_por, spool.ocupado_desde


def _judge_rol(trabajador: Trabajador | None, operacion: Operacion) -> None:
    if trabajador is not None and not trabajador.puede(operacion):
        necesita = [str(rol) for rol in ROLES_DE[operacion]]
        raise RolNoAutorizado(trabajador.worker_nombre, operacion, trabajador.nombres_de_roles(), necesita)


def _judge_libre(spool: Spool, trabajador: Trabajador | None, *, liberable: bool = False) -> None:
    if not spool.ocupado:
        return
    dueno, desde = _holder(spool)
    propio = trabajador is not None and trabajador.id == dueno.id
    operacion = spool.ocupado_operacion or ""
    raise SpoolOccupied(
        spool.tag_hoja, dueno.id, dueno.worker_nombre, desde, operacion, propio=propio, liberable=liberable
    )


def _judge_no_bloqueado(spool: Spool) -> None:
    if spool.calidad_state == EstadoCalidad.BLOQUEADO:
        raise SpoolBloqueado(spool.tag_hoja)


def _judge_reparable(spool: Spool) -> None:
    _judge_no_bloqueado(spool)
    if spool.calidad_state not in REPARABLE:
        raise OperacionNoDisponible(spool.tag_hoja, Operacion.REPARACION, "no tiene un rechazo pendiente de reparar.")


def _judge_arm_suficiente(spool: Spool) -> None:
    if not arm_suficiente(spool):
        basta_iniciar = settings.SOLD_REQUIERE_ARM == "iniciado"
        raise DependenciasNoSatisfechas(spool.tag_hoja, Falta.ARM, basta_iniciar=basta_iniciar)


def _judge_no_completada(spool: Spool, operacion: Operacion) -> None:
    estado = spool.arm_state if operacion == Operacion.ARM else spool.sold_state
    if estado == EstadoTrabajo.COMPLETADO or spool.calidad_state == EstadoCalidad.APROBADO:
        raise OperacionYaCompletada(spool.tag_hoja, operacion)
