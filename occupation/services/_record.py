"""The end of every change: the spool's row, the mirror's mark and the journal, in that order.

The journal's lock is the last one a transaction takes, so that ids become visible in order and a hole in them is
final. Publication waits for the commit.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce

from occupation.estado_detalle import build, situacion_de
from occupation.gateways import channel
from occupation.models import Evento, Mirror, Spool
from occupation.models.spool import MAQUINAS, OCUPACION
from occupation.services._orden import Hecho
from occupation.updates import snapshot, updates_of
from occupation.vocabulary import Maquina, TipoEvento

CHANGED_BY_VERBS = [
    *MAQUINAS.values(),
    *OCUPACION,
    "ciclo",
    "fecha_armado",
    "fecha_soldadura",
    "fecha_qc",
    "armador",
    "soldador",
    "version",
    "estado_detalle",
]


def record(spool: Spool, hecho: Hecho, antes: Mapping[Maquina, str]) -> None:
    """Write what `hecho` did to `spool`, whose machines were at `antes`. Needs a transaction."""
    renew(spool)
    spool.save(update_fields=CHANGED_BY_VERBS)
    behind = Coalesce("behind_since", Value(hecho.instante, output_field=DateTimeField()))
    # A row that the book refused is tried again: what this verb writes may be what it accepts.
    if not Mirror.objects.filter(spool=spool).update(behind_since=behind, error="", error_en=None):
        Mirror.objects.create(spool=spool, behind_since=hecho.instante)
    append(rows_of(spool, hecho, antes))


def renew(spool: Spool) -> None:
    """Give the spool the version and the text of its present state."""
    spool.version = uuid.uuid4()
    spool.estado_detalle = build(situacion_de(spool))


def rows_of(spool: Spool, hecho: Hecho, antes: Mapping[Maquina, str]) -> list[Evento]:
    """The journal rows of one change: the verb, then one per machine that moved."""
    moved = [
        {"maquina": str(maquina), "desde": antes[maquina], "hasta": hasta}
        for maquina, hasta in spool.estados().items()
        if antes[maquina] != hasta
    ]
    verb = _row(spool, hecho, hecho.tipo, hecho.detalle)
    return [verb, *(_row(spool, hecho, TipoEvento.STATE_CHANGE, detalle) for detalle in moved)]


def _row(spool: Spool, hecho: Hecho, tipo: TipoEvento, detalle: dict[str, Any]) -> Evento:
    return Evento(
        tipo=tipo,
        instante=hecho.instante,
        spool=spool,
        trabajador=hecho.trabajador,
        actor_tipo=hecho.actor.tipo,
        actor_nombre=hecho.actor.nombre,
        actor_id=hecho.actor.id,
        operacion=hecho.operacion,
        accion="" if tipo == TipoEvento.STATE_CHANGE else hecho.accion or "",
        dia=hecho.dia,
        detalle=detalle,
        estado=snapshot(spool),
    )


def append(rows: Iterable[Evento]) -> None:
    """Append to the journal and publish after the commit. Needs a transaction; a trigger takes its last lock."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("the journal is written in the transaction it tells of")
    written = Evento.objects.bulk_create(rows)
    if channel.listening():
        # robust: the change is committed, so nothing that fails from here on is the worker's error.
        transaction.on_commit(
            lambda: channel.publish([update for row in written for update in updates_of(row)]), robust=True
        )
