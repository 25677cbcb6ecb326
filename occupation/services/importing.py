"""Applies what an import planned: small transactions, each complete in itself, so that any can be the last.

A plan was worked out without a lock. Whatever changed since then is not touched: it is handed back as stale, to be
planned again. Running the same import twice, or two at once, leaves the same rows and no event twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from occupation.gateways import claims
from occupation.models import CeldaDudosa, Evento, Mirror, Spool, TagAnterior, Trabajador
from occupation.services._orden import HOJA, Actor, chile_day
from occupation.services._record import append
from occupation.services._transaction import verb_transaction
from occupation.sheets.plan import Doubt, KnownSpool, MirrorPlan, Missing, NewSpool, Outcome, RowPlan
from occupation.tags import canonical_tag
from occupation.updates import TAGS_LISTED, snapshot
from occupation.vocabulary import TAG_MAXIMO, Accion, AdvisoryLock, TipoEvento

_COUNTED = {
    Outcome.NEW: "nuevas",
    Outcome.COPIED: "copiadas",
    Outcome.RENAMED: "renombradas",
    Outcome.RESTORED: "vueltas a la hoja",
    Outcome.CHANGED: "cambiadas",
}


def import_rows(nuevos: Sequence[NewSpool], conocidos: Sequence[KnownSpool]) -> frozenset[int]:
    """Create and change the spools of some rows, at most 200; return the numbers of those whose plan is stale."""
    spools = [_spool(plan) for plan in nuevos]
    with verb_transaction():
        one_import_at_a_time()
        ahora = timezone.now()
        creados = _create(list(zip(nuevos, spools, strict=True)), ahora)
        cambiados = _change(conocidos, ahora)
        done: list[RowPlan] = [plan for plan, _ in (*creados, *cambiados)]
        counted = Counter(_COUNTED[plan.outcome] for plan in done if plan.outcome in _COUNTED)
        tags = [plan.tag for plan in done if plan.outcome in _COUNTED]
        held = [spool for plan, spool in creados if spool.ocupado]
        held += [spool for plan, spool in cambiados if plan.after.get("ocupado_por_id")]
        _claim(held)
        takes = _takes(held)
        tell_import(counted, tags, ahora, takes)
    applied = {plan.number for plan in done}
    return frozenset(plan.number for plan in (*nuevos, *conocidos) if plan.number not in applied)


def archive(perdidos: Sequence[Missing]) -> list[Missing]:
    """Archive spools whose tag left the sheet, at most 200; return those done.

    One that is held stays, and since when it has no row is remembered.
    """
    with verb_transaction():
        one_import_at_a_time()
        ahora = timezone.now()
        spools = locked_spools(pk__in=[one.spool_id for one in perdidos])
        left = [(one, spools[one.spool_id]) for one in perdidos if _is_there(spools.get(one.spool_id), one)]
        done = [one for one, spool in left if not spool.ocupado]
        ids = [one.spool_id for one in done]
        held = [spool.pk for _, spool in left if spool.ocupado]
        Spool.objects.filter(pk__in=ids).update(archivado_en=ahora)
        Mirror.objects.filter(pk__in=ids).update(row_hash="", gone_since=None)
        Mirror.objects.filter(pk__in=held, gone_since=None).update(gone_since=ahora)
        CeldaDudosa.objects.filter(spool_id__in=ids).delete()
        tell_import(Counter(archivadas=len(done)), [one.tag for one in done], ahora)
    return done


def left_the_sheet(perdidos: Sequence[Missing]) -> None:
    """Spools, at most 200, stay although it was believed that their rows were deleted: since when is remembered."""
    with verb_transaction():
        one_import_at_a_time()
        spools = locked_spools(pk__in=[one.spool_id for one in perdidos])
        ids = [one.spool_id for one in perdidos if _is_there(spools.get(one.spool_id), one)]
        Mirror.objects.filter(pk__in=ids, gone_since=None).update(gone_since=timezone.now())


def came_back(ids: Sequence[int]) -> None:
    """Spools, at most 200, that stayed while they had no row have one again: its loss would be a new one."""
    with verb_transaction():
        one_import_at_a_time()
        Mirror.objects.filter(pk__in=locked_spools(pk__in=ids)).update(gone_since=None)


def one_import_at_a_time() -> None:
    """Make the transactions of two imports follow one another; verbs do not wait. SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(AdvisoryLock.IMPORT)])


def tell_import(
    counted: Mapping[str, int],
    tags: Sequence[str] | None,
    ahora: datetime,
    takes: Iterable[Evento] = (),
    actor: Actor = HOJA,
) -> None:
    """End the transaction in the journal, if it changed something. `tags` None tells every page to repaint."""
    detalle: dict[str, object] = {name: count for name, count in counted.items() if count}
    if not detalle:
        return
    if tags is not None and len(tags) <= TAGS_LISTED:
        detalle["tags"] = list(tags)
    told = Evento(
        tipo=TipoEvento.IMPORTACION,
        instante=ahora,
        actor_tipo=actor.tipo,
        actor_nombre=actor.nombre,
        actor_id=actor.id,
        detalle=detalle,
    )
    append([*takes, told])


def locked_spools(**which: Any) -> dict[int, Spool]:
    """Some spools by id, locked in the order of their ids until the transaction ends."""
    spools: QuerySet[Spool] = Spool.objects.filter(**which).order_by("id")
    if connection.vendor == "postgresql":
        spools = spools.select_for_update(no_key=True)
    return {spool.pk: spool for spool in spools}


def _is_there(spool: Spool | None, perdido: Missing) -> bool:
    return spool is not None and spool.tag == perdido.tag and spool.archivado_en is None


def _create(built: Sequence[tuple[NewSpool, Spool]], ahora: datetime) -> list[tuple[NewSpool, Spool]]:
    """Insert the spools that are still new, with the memory of their rows."""
    if not built:
        return []
    tags = [plan.tag for plan, _ in built]
    present = set(Spool.objects.filter(tag__in=tags).values_list("tag", flat=True))
    created = [(plan, spool) for plan, spool in built if plan.tag not in present]
    TagAnterior.objects.filter(tag__in=[plan.tag for plan, _ in created]).delete()
    Spool.objects.bulk_create(spool for _, spool in created)
    Mirror.objects.bulk_create(_mirror(spool, plan.mirror, ahora) for plan, spool in created)
    CeldaDudosa.objects.bulk_create(
        doubtful_cell(spool.pk, doubt, ahora) for plan, spool in created for doubt in plan.doubts
    )
    return created


def _spool(plan: NewSpool) -> Spool:
    spool = Spool(tag=plan.tag, **plan.columns)
    spool.busqueda = spool.texto_de_busqueda()
    return spool


def _mirror(spool: Spool, plan: MirrorPlan, ahora: datetime) -> Mirror:
    return Mirror(
        spool=spool,
        row_hash=plan.row_hash,
        base=dict(plan.base),
        left=dict(plan.left),
        behind_since=ahora if plan.behind else None,
    )


def doubtful_cell(spool_id: int | None, doubt: Doubt, visto_en: datetime) -> CeldaDudosa:
    """A row of the list of doubtful cells; those of no spool stand in other tabs, or have no usable tag."""
    return CeldaDudosa(
        spool_id=spool_id,
        hoja=doubt.tab,
        fila=doubt.number,
        encabezado=doubt.header,
        valor=doubt.shown,
        motivo=doubt.why,
        visto_en=visto_en,
    )


def _claim(spools: Sequence[Spool]) -> None:
    """Let Redis know, once it is committed, who holds the spools that come held."""
    if spools:
        held = {spool.tag: spool.claim for spool in spools}
        transaction.on_commit(partial(_set_claims, held), robust=True)


def _set_claims(held: Mapping[str, str | None]) -> None:
    for tag, claim in held.items():
        claims.settle(tag, claim, force=True)


def _takes(spools: Sequence[Spool]) -> list[Evento]:
    """The TOMAR that opens the session of each spool that comes held."""
    trabajadores = Trabajador.objects.in_bulk({spool.ocupado_por_id for spool in spools})
    return [_take(spool, trabajadores[spool.ocupado_por_id or 0]) for spool in spools]


def _take(spool: Spool, trabajador: Trabajador) -> Evento:
    if spool.ocupado_desde is None:
        raise ValueError(f"{spool.tag} is held since never")
    spool.ocupado_por = trabajador  # read already, and named in the journal
    return Evento(
        tipo=TipoEvento(f"{Accion.TOMAR}_{spool.ocupado_operacion}"),
        instante=spool.ocupado_desde,
        spool=spool,
        trabajador=trabajador,
        actor_tipo=HOJA.tipo,
        actor_nombre=HOJA.nombre,
        operacion=spool.ocupado_operacion or "",
        accion=Accion.TOMAR,
        dia=chile_day(spool.ocupado_desde),
        estado=snapshot(spool),
    )


def _change(plans: Sequence[KnownSpool], ahora: datetime) -> list[tuple[KnownSpool, Spool]]:
    """Change the spools that are still as the plan found them; return what was done."""
    if not plans:
        return []
    spools = locked_spools(pk__in=[plan.spool_id for plan in plans])
    current = [plan for plan in plans if _stands(plan, spools.get(plan.spool_id))]
    standing = _without_taken_tags(current)
    renamed = [(spools[plan.spool_id], plan) for plan in standing if plan.outcome == Outcome.RENAMED]
    _step_aside([plan.tag for _, plan in renamed])
    _follow_names(renamed, ahora)
    spools |= {plan.spool_id: _as_planned(spools[plan.spool_id], plan) for plan in standing if plan.after}
    _save(spools, standing)
    _remember(spools, standing, ahora)
    _list_doubts([plan for plan in standing if plan.doubts_changed], ahora)
    return [(plan, spools[plan.spool_id]) for plan in standing]


def _stands(plan: KnownSpool, spool: Spool | None) -> bool:
    return (
        spool is not None
        and spool.version == plan.version
        and all(getattr(spool, name) == value for name, value in plan.before.items())
    )


def _without_taken_tags(plans: list[KnownSpool]) -> list[KnownSpool]:
    """Leave out renames to a tag that another spool in the sheet got in the meantime."""
    wanted = [plan.after["tag"] for plan in plans if "tag" in plan.after]
    taken = set(Spool.objects.vivos().filter(tag__in=wanted).values_list("tag", flat=True)) if wanted else set()
    return [plan for plan in plans if plan.after.get("tag") not in taken]


def _step_aside(tags: Sequence[str]) -> None:
    """Have the spools that left the sheet give these tags up; their history stays theirs, under a name of its own."""
    gone = list(locked_spools(tag__in=tags).values()) if tags else []
    for spool in gone:
        left = f" (ARCHIVADO {spool.pk})"
        spool.tag = spool.tag_hoja = canonical_tag(spool.tag[: TAG_MAXIMO - len(left)] + left)
        spool.busqueda = spool.texto_de_busqueda()
    Spool.objects.bulk_update(gone, ["tag", "tag_hoja", "busqueda"])


def _follow_names(renamed: Sequence[tuple[Spool, KnownSpool]], ahora: datetime) -> None:
    """Let the old tags say the new ones, and the claims in Redis change key once the new tags are committed."""
    if not renamed:
        return
    old = {spool.tag: spool for spool, _ in renamed}
    TagAnterior.objects.filter(tag__in=[*old, *(plan.tag for _, plan in renamed)]).delete()
    TagAnterior.objects.bulk_create(TagAnterior(tag=tag, spool=spool, instante=ahora) for tag, spool in old.items())
    moved = [(spool.tag, plan.tag, spool.claim) for spool, plan in renamed if spool.ocupado]
    transaction.on_commit(partial(_move_claims, moved), robust=True)


def _move_claims(moved: Sequence[tuple[str, str, str | None]]) -> None:
    for old, new, claim in moved:
        claims.settle(old, None, mine=claim)
        claims.settle(new, claim, force=True)


def _as_planned(spool: Spool, plan: KnownSpool) -> Spool:
    """The spool with the plan's columns. A new object, because a machine's state moves only by its transitions."""
    columns = {name: value for name, value in vars(spool).items() if not name.startswith("_")}
    planned = Spool(**{**columns, **plan.after})
    planned.busqueda = planned.texto_de_busqueda()
    return planned


def _save(spools: Mapping[int, Spool], plans: Sequence[KnownSpool]) -> None:
    changed = [plan for plan in plans if plan.after]
    fields = {name for plan in changed for name in plan.after}
    if fields:
        Spool.objects.bulk_update([spools[plan.spool_id] for plan in changed], sorted({*fields, "busqueda"}))


def _remember(spools: Mapping[int, Spool], plans: Sequence[KnownSpool], ahora: datetime) -> None:
    """Store what was read of each row. The debt to the sheet is only touched where it begins or was found paid."""
    for moved in (False, True):
        mirrors = [
            _mirror(spools[plan.spool_id], plan.mirror, ahora)
            for plan in plans
            if plan.mirror and (plan.mirror.behind is not None) == moved
        ]
        fields = ["row_hash", "base", "left", *(["behind_since"] if moved else [])]
        Mirror.objects.bulk_create(mirrors, update_conflicts=True, unique_fields=["spool"], update_fields=fields)


def _list_doubts(plans: Sequence[KnownSpool], ahora: datetime) -> None:
    """Make the doubtful cells of these spools those of the plan, keeping since when each is seen."""
    cells = CeldaDudosa.objects.filter(spool_id__in=[plan.spool_id for plan in plans])
    since = {(cell.spool_id, cell.encabezado, cell.valor): cell.visto_en for cell in cells}
    cells.delete()
    CeldaDudosa.objects.bulk_create(
        doubtful_cell(plan.spool_id, doubt, since.get((plan.spool_id, doubt.header, doubt.shown), ahora))
        for plan in plans
        for doubt in plan.doubts
    )
