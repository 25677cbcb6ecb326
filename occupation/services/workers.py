"""Workers and their roles, edited by hand: only in a shop whose workers come from no sheet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db import transaction

from occupation.models import Evento, Trabajador, TrabajadorRol
from occupation.refusals import SolicitudInvalida
from occupation.vocabulary import ActorTipo, Rol, TipoEvento

NOMBRE_MAXIMO = 100


def owner_of_workers() -> str | None:
    """The sheet that owns workers and roles, as a person calls it; None when they are edited by hand.

    It is the configured book if it has such a tab, or else the books that brought workers when they were imported.
    """
    if settings.SHEETS_BACKEND == "google":
        return "la hoja de Google"
    if Path(settings.LOCAL_WORKBOOK, f"{settings.HOJA_TRABAJADORES}.csv").is_file():
        return "el libro local"
    brought = Evento.objects.filter(
        actor_tipo=ActorTipo.HOJA, tipo=TipoEvento.IMPORTACION, detalle__has_key="trabajadores"
    )
    return "el libro importado" if brought.exists() else None


def save_worker(*, id: int, nombre: str, apellido: str, activo: bool, roles: Iterable[Rol]) -> Trabajador:
    """Make or change a worker. Deactivating one who holds spools is fine: what is held can still be finished.

    Raises SolicitudInvalida for a blank or overlong name, a number below 1, or while a sheet owns the workers.
    """
    nombre, apellido = " ".join(nombre.split()), " ".join(apellido.split())
    _judge(id, nombre, apellido)
    with transaction.atomic():
        trabajador, _ = Trabajador.objects.update_or_create(
            id=id, defaults={"nombre": nombre, "apellido": apellido, "activo": activo}
        )
        _set_roles(trabajador, set(roles))
    return trabajador


def _judge(id: int, nombre: str, apellido: str) -> None:
    owner = owner_of_workers()
    if owner:
        raise SolicitudInvalida({"trabajador": f"los trabajadores se editan en {owner}"})
    if id < 1:
        raise SolicitudInvalida({"número": "debe ser 1 o más"})
    if not nombre:
        raise SolicitudInvalida({"nombre": "escriba el nombre"})
    if max(len(nombre), len(apellido)) > NOMBRE_MAXIMO:
        raise SolicitudInvalida({"nombre": f"use a lo más {NOMBRE_MAXIMO} caracteres"})


def _set_roles(trabajador: Trabajador, roles: set[Rol]) -> None:
    trabajador.roles.exclude(rol__in=roles).delete()
    present = set(trabajador.roles.values_list("rol", flat=True))
    TrabajadorRol.objects.bulk_create(
        TrabajadorRol(trabajador=trabajador, rol=rol) for rol in Rol if rol in roles and rol not in present
    )
