"""Workers and their roles, edited by hand: only in a shop whose workers come from no sheet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from occupation.models import Evento, Trabajador, TrabajadorRol
from occupation.refusals import SolicitudInvalida
from occupation.services._orden import Actor
from occupation.services.importing import tell_import
from occupation.services.importing_people import show_again
from occupation.vocabulary import NOMBRE_MAXIMO, ActorTipo, Rol, TipoEvento


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


def save_worker(*, id: int, nombre: str, apellido: str, activo: bool, roles: Iterable[Rol], actor: Actor) -> Trabajador:
    """Make or change a worker. Deactivating one who holds spools is fine: what is held can still be finished.

    A worker whose initials change is shown so from now on, on every spool they hold. What changed is told in the
    journal, in the name of `actor`; nothing is told when nothing did.

    Raises SolicitudInvalida for a blank or overlong name, a number below 1, or while a sheet owns the workers.
    """
    nombre, apellido = " ".join(nombre.split()), " ".join(apellido.split())
    _judge(id, nombre, apellido)
    trabajador = Trabajador(id=id, nombre=nombre, apellido=apellido, activo=activo)
    with transaction.atomic():
        stored = _stored(id)
        _save(trabajador)
        _set_roles(trabajador, set(roles))
        if stored is None or _columns(stored) != _columns(trabajador):
            _tell(stored, trabajador, actor)
    return trabajador


def _stored(id: int) -> Trabajador | None:
    """The worker as they are until now, locked before their spools, in the order that verbs and imports keep."""
    found = Trabajador.objects.filter(id=id).select_for_update(no_key=True).prefetch_related("roles")
    return found.first()


def _save(trabajador: Trabajador) -> None:
    """Insert or change the row with no stronger a lock than an import takes: a verb of theirs need not wait."""
    columns = ["nombre", "apellido", "activo"]
    Trabajador.objects.bulk_create([trabajador], update_conflicts=True, unique_fields=["id"], update_fields=columns)


def _columns(trabajador: Trabajador) -> tuple[str, str, bool, frozenset[str]]:
    roles = frozenset(fila.rol for fila in trabajador.roles.all())
    return trabajador.nombre, trabajador.apellido, trabajador.activo, roles


def _tell(stored: Trabajador | None, trabajador: Trabajador, actor: Actor) -> None:
    ahora = timezone.now()
    renamed = stored is not None and stored.worker_nombre != trabajador.worker_nombre
    tags = show_again([trabajador.id], ahora) if renamed else []
    tell_import({"trabajadores": 1}, tags, ahora, actor=actor)


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
