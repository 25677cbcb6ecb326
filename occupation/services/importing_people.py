"""Applies the workers and roles that an import read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from occupation.models import Mirror, Trabajador, TrabajadorRol
from occupation.services._record import renew
from occupation.services._transaction import verb_transaction
from occupation.services.importing import locked_spools, one_import_at_a_time, tell_import
from occupation.sheets.plan import Worker, WorkerPlan


def import_workers(plans: Sequence[WorkerPlan]) -> list[WorkerPlan]:
    """Create and change workers and their roles, at most 200; return those done.

    One that somebody changed since it was read is left as it is. A worker whose initials change is shown so from
    now on, on every spool they hold.
    """
    with verb_transaction():
        one_import_at_a_time()
        ahora = timezone.now()
        stored = Trabajador.objects.prefetch_related("roles").in_bulk([plan.id for plan in plans])
        done = [plan for plan in plans if _as_read(stored.get(plan.id)) == plan.before]
        shown = {plan.id: stored[plan.id].worker_nombre for plan in done if plan.before}
        saved = _save(done)
        _give_roles(done)
        renamed = [one.id for one in saved if shown.get(one.id, one.worker_nombre) != one.worker_nombre]
        show_again(renamed, ahora)
        tell_import({"trabajadores": len(done)}, None, ahora)
    return done


def _as_read(trabajador: Trabajador | None) -> Worker | None:
    if trabajador is None:
        return None
    roles = frozenset(fila.rol for fila in trabajador.roles.all())
    return Worker(trabajador.nombre, trabajador.apellido, trabajador.activo, roles)


def _save(plans: Sequence[WorkerPlan]) -> list[Trabajador]:
    columns = ["nombre", "apellido", "activo"]
    workers = [
        Trabajador(id=plan.id, nombre=plan.after.nombre, apellido=plan.after.apellido, activo=plan.after.activo)
        for plan in plans
    ]
    return Trabajador.objects.bulk_create(workers, update_conflicts=True, unique_fields=["id"], update_fields=columns)


def _give_roles(plans: Sequence[WorkerPlan]) -> None:
    changed = [plan for plan in plans if plan.before is None or plan.before.roles != plan.after.roles]
    TrabajadorRol.objects.filter(trabajador_id__in=[plan.id for plan in changed]).delete()
    TrabajadorRol.objects.bulk_create(
        TrabajadorRol(trabajador_id=plan.id, rol=rol) for plan in changed for rol in sorted(plan.after.roles)
    )


def show_again(ids: Iterable[int], ahora: datetime) -> list[str]:
    """Write the new initials into the text of the spools these workers hold, and return their tags.

    The sheet is behind with them.
    """
    spools = locked_spools(ocupado_por_id__in=list(ids))
    for spool in spools.values():
        renew(spool)
        spool.save(update_fields=["version", "estado_detalle"])
    behind = Coalesce("behind_since", Value(ahora, output_field=DateTimeField()))
    Mirror.objects.filter(spool_id__in=list(spools)).update(behind_since=behind)
    return [spool.tag for spool in spools.values()]
