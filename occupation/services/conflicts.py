"""What people wrote into our columns and the app did not take: listed, and decided by an admin where both changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from occupation.machines.soldadura import ARM_SUFICIENTE
from occupation.models import Conflicto, EdicionDevuelta, Evento, Mirror, Spool, Trabajador
from occupation.refusals import OperacionNoDisponible, VersionConflict
from occupation.services._orden import Actor, chile_day
from occupation.services._transaction import verb_transaction
from occupation.services.occupation import completar
from occupation.services.sheet_edits import adoptar
from occupation.sheets.cells import DATE
from occupation.sheets.layout import Tab, column
from occupation.sheets.merge import ADOPTIONS, Decision, Effect, Piece, Sides, merge
from occupation.sheets.rows import Reading, app_cells_of, app_columns
from occupation.vocabulary import Operacion, Tomado

_WORK_DAY = {"Fecha_Armado": Operacion.ARM, "Fecha_Soldadura": Operacion.SOLD}
_SHOWN = 500


class Edit(NamedTuple):
    """A cell that a person wrote and the app did not take, with what both said."""

    spool_id: int
    fila: int
    decision: Decision
    sheet: str
    app: str


def piece_of(spool: Spool) -> Piece:
    """The spool's state, as the merge judges edits by it."""
    return Piece(
        arm=spool.arm_state,
        sold=spool.sold_state,
        calidad=spool.calidad_state,
        held=spool.ocupado,
        arm_enough=ARM_SUFICIENTE[settings.SOLD_REQUIERE_ARM],
    )


def list_edits(edits: Sequence[Edit]) -> list[Edit]:
    """Keep the conflicts and the edits put back, and mark their rows as behind; return those not listed before.

    The same value in the same cell is one line, however often it is seen.
    """
    with verb_transaction():
        ahora = timezone.now()
        fresh = [edit for edit in edits if _listed(edit, ahora)]
        ids = [edit.spool_id for edit in edits]
        Mirror.objects.filter(pk__in=ids, behind_since__isnull=True).update(behind_since=ahora)
    return fresh


def _listed(edit: Edit, ahora: datetime) -> bool:
    key: dict[str, Any] = {
        "spool_id": edit.spool_id,
        "encabezado": edit.decision.header,
        "valor_hoja": edit.sheet[:_SHOWN],
    }
    seen: dict[str, Any] = {"fila": edit.fila, "valor_app": edit.app[:_SHOWN]}
    if edit.decision.effect == Effect.CONFLICT:
        seen |= {"hoja_en": ahora, "app_en": _last_change(edit.spool_id)}
        return Conflicto.objects.get_or_create(**key, tomado="", defaults=seen)[1]
    seen |= {"motivo": edit.decision.why[:300], "visto_en": ahora}
    return EdicionDevuelta.objects.update_or_create(**key, defaults=seen)[1]


def _last_change(spool_id: int) -> datetime | None:
    last = Evento.objects.filter(spool_id=spool_id).order_by("-id").values_list("instante", flat=True)
    return last.first()


def resolver(
    *, conflicto_id: int, tomar: Literal["hoja", "app"], actor: Actor, version: UUID | None = None
) -> Conflicto:
    """Decide a conflict. The app's value stands already; the sheet's is judged and adopted as a fresh edit would be.

    `version` is the spool's that the decision was taken on: with another one now the sheet's value is VERSION_CONFLICT.
    Raises `Conflicto.DoesNotExist`, or the refusal of what the sheet's value would do now; the conflict stays open
    then. One that is decided already stays as it was decided.
    """
    conflicto = Conflicto.objects.select_related("spool").get(pk=conflicto_id)
    if conflicto.tomado:
        return conflicto
    spool = conflicto.spool
    if tomar == "hoja" and version not in (None, spool.version):
        raise VersionConflict(spool.tag_hoja, str(spool.version))
    if tomar == "hoja":
        _take_the_sheets(conflicto, actor)
    with verb_transaction():
        open_ones = Conflicto.objects.filter(pk=conflicto_id, tomado="")
        if connection.vendor == "postgresql":
            open_ones = open_ones.select_for_update()
        open_ones.update(tomado=Tomado(tomar), resuelto_en=timezone.now(), resuelto_por=actor.nombre)
    conflicto.refresh_from_db()
    return conflicto


def _take_the_sheets(conflicto: Conflicto, actor: Actor) -> None:
    spool, header = conflicto.spool, conflicto.encabezado
    decision = _judged(spool, header, conflicto.valor_hoja)
    if decision.effect == Effect.NOTHING:
        return
    held_for_it = decision.effect == Effect.CONFLICT and spool.ocupado_operacion == _WORK_DAY.get(header)
    day = DATE.decode(conflicto.valor_hoja)
    if held_for_it and spool.ocupado_por_id is not None and isinstance(day, date):
        holder = spool.ocupado_por_id
        completar(tag=spool.tag, trabajador_id=holder, actor=actor, fecha=day, version=spool.version)
        return
    if decision.effect not in ADOPTIONS:
        razon = decision.why or "alguien lo tiene tomado: libérelo primero."
        raise OperacionNoDisponible(spool.tag_hoja, _WORK_DAY.get(header, Operacion.METROLOGIA), razon)
    adoptar(tag=spool.tag, decision=decision, actor=actor, version=spool.version)


def _judged(spool: Spool, header: str, said: str) -> Decision:
    """What the person's value would do if it were written now."""
    app = app_cells_of(app_columns(spool))
    raw = app | {header: said}
    values = {name: column(Tab.OPERACIONES, name).codec.decode(text) for name, text in raw.items()}
    row = Reading(0, spool.tag_hoja, raw, values)
    sides = Sides(base=app, app=app, sheet=row.app_cells())
    workers = frozenset(Trabajador.objects.values_list("id", flat=True))
    decisions = merge(row, sides, piece_of(spool), workers, chile_day(timezone.now()))
    return next(one for one in decisions if one.header == header)
