"""Rows of an invented shop, in any state the database accepts.

TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=[Rol.ARMADOR])
SpoolFactory(arm_state="completado")
SpoolFactory(ocupado_por=miguel, ocupado_operacion=Operacion.SOLD)
DeviceFactory(token="secreto").raw_token
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import factory

from occupation.estado_detalle import build, situacion_de
from occupation.models import Device, Evento, Spool, Trabajador, TrabajadorRol
from occupation.models.device import fingerprint
from occupation.tags import canonical_tag
from occupation.updates import snapshot
from occupation.vocabulary import (
    CICLOS_MAXIMOS,
    Accion,
    ActorTipo,
    DeviceKind,
    DeviceScope,
    EstadoCalidad,
    EstadoTrabajo,
    Operacion,
    Rol,
    TipoEvento,
)

MATERIALES = date(2026, 1, 5)
HECHO = date(2026, 1, 12)
DESDE = datetime(2026, 1, 12, 11, 30, tzinfo=UTC)

_CICLO = {
    EstadoCalidad.PENDIENTE: 0,
    EstadoCalidad.APROBADO: 0,
    EstadoCalidad.BLOQUEADO: CICLOS_MAXIMOS,
}


class TrabajadorFactory(factory.django.DjangoModelFactory):
    """A worker. `roles` are the roles' names; by default the two that may do ARM, SOLD and repairs."""

    class Meta:
        model = Trabajador
        skip_postgeneration_save = True

    id = factory.Sequence(lambda n: 101 + n)
    nombre = factory.Iterator(["Miguel", "Ana", "Óscar", "Carla", "Juan"])
    apellido = factory.Iterator(["Rojas", "de la Fuente", "Ñanco", "Pizarro", "Araya"])
    activo = True
    roles = factory.PostGeneration(lambda trabajador, create, roles, **_: _give_roles(trabajador, roles, saved=create))


def _give_roles(trabajador: Trabajador, roles: Sequence[str] | None, *, saved: bool) -> None:
    given = (Rol.ARMADOR, Rol.SOLDADOR) if roles is None else roles
    rows = [TrabajadorRol(trabajador=trabajador, rol=rol) for rol in given]
    if saved:
        TrabajadorRol.objects.bulk_create(rows)
    else:
        vars(trabajador)["_prefetched_objects_cache"] = {"roles": rows}


def _arm(spool: Spool) -> str:
    if spool.calidad_state != EstadoCalidad.PENDIENTE:
        return EstadoTrabajo.COMPLETADO
    return EstadoTrabajo.EN_PROGRESO if spool.ocupado_operacion else EstadoTrabajo.PENDIENTE


def _sold(spool: Spool) -> str:
    if spool.calidad_state != EstadoCalidad.PENDIENTE:
        return EstadoTrabajo.COMPLETADO
    taken = spool.ocupado_operacion == Operacion.SOLD
    return EstadoTrabajo.EN_PROGRESO if taken else EstadoTrabajo.PENDIENTE


def _calidad(spool: Spool) -> str:
    repaired = spool.ocupado_operacion == Operacion.REPARACION
    return EstadoCalidad.EN_REPARACION if repaired else EstadoCalidad.PENDIENTE


def _previo(spool: Spool) -> dict[str, object] | None:
    if not spool.ocupado_por:
        return None
    repaired = spool.ocupado_operacion == Operacion.REPARACION
    found = EstadoCalidad.RECHAZADO if repaired else EstadoTrabajo.PENDIENTE
    return {"estado": str(found), "responsable": None}


def _holder_of(operacion: Operacion) -> Callable[[Spool], Trabajador | None]:
    return lambda spool: spool.ocupado_por if spool.ocupado_operacion == operacion else None


def _day_when(column: str, state: str) -> Callable[[Spool], date | None]:
    return lambda spool: HECHO if getattr(spool, column) == state else None


class SpoolFactory(factory.django.DjangoModelFactory):
    """A spool with its materials, not begun. What is given decides what is not: states, dates, cycle, occupation.

    A held one (`ocupado_por`, `ocupado_operacion`) also has the TOMAR in the journal that opened its session.
    """

    class Meta:
        model = Spool

    tag_hoja = factory.Sequence(lambda n: f"MK-{1335 + n % 7}-CW-{25238 + n}-{n % 20:03}")
    tag = factory.LazyAttribute(lambda spool: canonical_tag(spool.tag_hoja))
    nv = factory.Sequence(lambda n: f"NV{650 + n % 40:04}")
    fecha_materiales = MATERIALES

    ocupado_por: Any = None
    ocupado_operacion = factory.LazyAttribute(lambda spool: Operacion.ARM if spool.ocupado_por else None)
    ocupado_desde = factory.LazyAttribute(lambda spool: DESDE if spool.ocupado_por else None)
    ocupacion_token = factory.LazyAttribute(lambda spool: uuid.uuid4() if spool.ocupado_por else None)
    previo = factory.LazyAttribute(_previo)

    calidad_state = factory.LazyAttribute(_calidad)
    arm_state = factory.LazyAttribute(_arm)
    sold_state = factory.LazyAttribute(_sold)
    ciclo = factory.LazyAttribute(lambda spool: _CICLO.get(EstadoCalidad(spool.calidad_state), 1))
    fecha_armado = factory.LazyAttribute(_day_when("arm_state", EstadoTrabajo.COMPLETADO))
    fecha_soldadura = factory.LazyAttribute(_day_when("sold_state", EstadoTrabajo.COMPLETADO))
    fecha_qc = factory.LazyAttribute(_day_when("calidad_state", EstadoCalidad.APROBADO))
    armador = factory.LazyAttribute(_holder_of(Operacion.ARM))
    soldador = factory.LazyAttribute(_holder_of(Operacion.SOLD))

    @classmethod
    def _build(cls, model_class: type[Spool], **columnas: Any) -> Spool:
        spool = model_class(**columnas)
        spool.estado_detalle = spool.estado_detalle or build(situacion_de(spool))
        return spool

    @classmethod
    def _create(cls, model_class: type[Spool], **columnas: Any) -> Spool:
        spool = cls._build(model_class, **columnas)
        spool.save(force_insert=True)
        if spool.ocupado:
            _journal_take(spool)
        return spool


def _journal_take(spool: Spool) -> None:
    assert spool.ocupado_desde
    assert spool.ocupado_operacion
    Evento.objects.create(
        tipo=TipoEvento(f"TOMAR_{spool.ocupado_operacion}"),
        instante=spool.ocupado_desde,
        spool=spool,
        trabajador=spool.ocupado_por,
        actor_tipo=ActorTipo.SISTEMA,
        actor_nombre="sistema",
        operacion=spool.ocupado_operacion,
        accion=Accion.TOMAR,
        dia=HECHO,
        estado=snapshot(spool),
    )


class DeviceFactory(factory.django.DjangoModelFactory):
    """A paired tablet that may act. `token` is its secret; the device made has it as `raw_token`."""

    class Meta:
        model = Device

    token = factory.Sequence(lambda n: f"un-secreto-largo-de-prueba-{n}")
    nombre = factory.Sequence(lambda n: f"Tablet {n + 1}")
    kind = DeviceKind.TABLET
    scope = factory.LazyAttribute(
        lambda device: DeviceScope.READ if device.kind == DeviceKind.BOARD else DeviceScope.ACT
    )
    creado_en = DESDE
    raw_token: str

    @classmethod
    def _create(cls, model_class: type[Device], token: str, **columnas: Any) -> Device:
        device = model_class(token_hash=fingerprint(token), **columnas)
        device.save(force_insert=True)
        vars(device)["raw_token"] = token
        return device
