"""Idempotency: a request repeated under its key gets the answer already given.

The key's row is inserted first in the verb's transaction, so a simultaneous twin waits for it. Only successes are
stored: a refusal rolls the row back and is judged afresh.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import transaction

from occupation.models import ClaveIdempotencia
from occupation.models.clave import CLAVE_MAXIMA
from occupation.refusals import ClaveReutilizada, SolicitudInvalida
from occupation.services._orden import Orden, Respuesta
from occupation.tags import storable

KEPT = timedelta(hours=24)
CLEARING_SECONDS = 3600.0
_next_clearing = {"monotonic": 0.0}


def check(orden: Orden) -> None:
    """Raises SolicitudInvalida for a key that cannot be kept."""
    if orden.clave is None:
        return
    if not 1 <= len(orden.clave) <= CLAVE_MAXIMA or not storable(orden.clave):
        raise SolicitudInvalida({"Idempotency-Key": f"use de 1 a {CLAVE_MAXIMA} caracteres"})


def stored_answer(orden: Orden) -> Respuesta | None:
    """The answer given before, if any. Raises ClaveReutilizada if the key went with another request."""
    if orden.clave is None:
        return None
    rows = ClaveIdempotencia.objects.filter(
        ambito=orden.actor.ambito, clave=orden.clave, instante__gt=orden.instante - KEPT
    )
    return _match(orden, list(rows))


def begin(orden: Orden) -> Respuesta | None:
    """Insert the key's row, waiting for a twin in flight; its answer if the twin succeeded."""
    if orden.clave is None:
        return None
    keys = ClaveIdempotencia.objects.filter(ambito=orden.actor.ambito, clave=orden.clave)
    _forget_now_and_then(orden.instante)
    row = ClaveIdempotencia(
        ambito=orden.actor.ambito,
        clave=orden.clave,
        tag=orden.clave_tag,
        solicitud=orden.huella(),
        instante=orden.instante,
    )
    ClaveIdempotencia.objects.bulk_create([row], ignore_conflicts=True)
    rows = list(keys)
    if any(row.instante <= orden.instante - KEPT for row in rows):
        keys.filter(instante__lte=orden.instante - KEPT).delete()
        return begin(orden)
    return _match(orden, rows)


def store(orden: Orden, respuesta: Respuesta) -> None:
    """Keep the answer with the key, in the verb's transaction."""
    if orden.clave is not None:
        ClaveIdempotencia.objects.filter(ambito=orden.actor.ambito, clave=orden.clave, tag=orden.clave_tag).update(
            respuesta=respuesta.as_json()
        )


def _forget_now_and_then(ahora: datetime) -> None:
    """Keep the table as small as a day's work: the first verb of each hour in each process clears it."""
    if time.monotonic() >= _next_clearing["monotonic"]:
        forget_old(ahora)
        # A verb that is refused from here on takes the clearing back with it.
        transaction.on_commit(_clear_again_in_an_hour)


def _clear_again_in_an_hour() -> None:
    _next_clearing["monotonic"] = time.monotonic() + CLEARING_SECONDS


def forget_old(ahora: datetime) -> int:
    """Delete the keys of every scope that are too old to be repeated; how many."""
    return ClaveIdempotencia.objects.filter(instante__lte=ahora - KEPT).delete()[0]


def _match(orden: Orden, rows: list[ClaveIdempotencia]) -> Respuesta | None:
    huella = orden.huella()
    if any(row.solicitud != huella for row in rows):
        raise ClaveReutilizada
    answers = [row.respuesta for row in rows if row.tag == orden.clave_tag and row.respuesta is not None]
    return Respuesta(**answers[0]) if answers else None
