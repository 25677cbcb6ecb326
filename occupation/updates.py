"""One journal row as other programs read it: on the channel `spools:updates` and on the stream."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from occupation.models import Evento, Spool
from occupation.vocabulary import CORRECCIONES, Accion, Operacion, TipoEvento

TAGS_LISTED = 50
"""An import that changed more spools than this is told as one `repintar`."""

_EVENT_TYPES: dict[str, str] = {
    TipoEvento.DESBLOQUEAR_REPARACION: "DESBLOQUEAR",
    TipoEvento.SUPERVISOR_OVERRIDE: "DESBLOQUEAR",
    TipoEvento.EDICION_HOJA: "SPOOL",
    **{f"{accion}_{op}": str(accion) for accion in Accion for op in (Operacion.ARM, Operacion.SOLD)},
    **{f"{accion}_{op}": "SPOOL" for accion in CORRECCIONES for op in Operacion},
}
_BY_THE_WORKER = (Accion.TOMAR, Accion.COMPLETAR, Accion.INSPECCIONAR, Accion.DESBLOQUEAR)
"""These name the worker they are about; every other row the one who holds the spool after it, or nobody."""

_DETAIL_KEYS = ("resultado", "ciclo", "motivo", "maquina", "desde", "hasta")
_WITH_DATE = (Accion.COMPLETAR, Accion.INSPECCIONAR)

Update = dict[str, Any]


def snapshot(spool: Spool) -> dict[str, Any]:
    """The spool as an event leaves it; stored with the journal row."""
    return {
        "tag_spool": spool.tag_hoja,
        "estado_detalle": spool.estado_detalle,
        "version": str(spool.version),
        "arm_state": str(spool.arm_state),
        "sold_state": str(spool.sold_state),
        "calidad_state": str(spool.calidad_state),
        "ocupado": spool.ocupado,
        "worker_nombre": spool.ocupado_por.worker_nombre if spool.ocupado_por else None,
    }


def updates_of(evento: Evento) -> list[Update]:
    """What to tell of one journal row: one object, or one per spool of a small import."""
    if evento.tipo != TipoEvento.IMPORTACION:
        return [_update(evento)]
    tags = evento.detalle.get("tags")
    if tags is None:
        return [{"event_type": "repintar", "timestamp": _utc(evento), "evento_id": evento.pk}]
    return [_imported(evento, spool) for spool in _in_order(tags)]


def _in_order(tags: Iterable[str]) -> list[Spool]:
    found = {spool.tag: spool for spool in Spool.objects.con_gente().filter(tag__in=tags)}
    return [found[tag] for tag in tags if tag in found]


def _update(evento: Evento) -> Update:
    update: Update = _common(evento, _EVENT_TYPES.get(evento.tipo, str(evento.tipo))) | evento.estado
    if evento.accion in _BY_THE_WORKER and evento.trabajador is not None:
        update["worker_nombre"] = evento.trabajador.worker_nombre
    update |= {key: evento.detalle[key] for key in _DETAIL_KEYS if key in evento.detalle}
    if evento.accion in _WITH_DATE and evento.dia is not None:
        update["fecha_operacion"] = evento.dia.isoformat()
    return update


def _imported(evento: Evento, spool: Spool) -> Update:
    return _common(evento, "SPOOL") | snapshot(spool)


def _common(evento: Evento, event_type: str) -> Update:
    return {
        "event_type": event_type,
        "timestamp": _utc(evento),
        "actor_nombre": evento.actor_nombre,
        "operacion": evento.operacion or None,
        "evento_id": evento.pk,
    }


def _utc(evento: Evento) -> str:
    return evento.instante.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
