"""Whether the sheet keeps up with the shop, and what a person has to mend for that."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from django.conf import settings
from django.utils import timezone
from ninja import Schema

from occupation import queries
from occupation.api.fields import instant
from occupation.models import CeldaDudosa, Conflicto, EstadoHoja, FilaDuplicada, Mirror, Retencion
from occupation.sheets.book import Request
from occupation.sheets.budget import Budget
from occupation.vocabulary import TipoErrorHoja, TipoRetencion

LATE_SECONDS: Final = 120
"""What waits for longer than this was not only waiting for its turn."""

SILENT_SECONDS: Final = 90
"""Longest time, beside its interval, in which a relay at work tells nothing: it asks a closed book each minute."""

LISTED: Final = 100
"""Most parked rows that are named; the admin lists them all."""

_UNREADABLE: Final = "El libro no se puede leer o escribir. La administración dice por qué."

_UNLED: Final = "Ningún proceso lleva la hoja: hay que arrancar el que la sincroniza (sync_sheets)."

Status = Literal["healthy", "degraded", "down"]


class Retenida(Schema):
    """A tab that is neither read nor written. `encabezado` is the header to mend; null where it is not about one."""

    hoja: str
    encabezado: str | None
    motivo: str


class Rechazo(Schema):
    """What was not believed or not allowed. `hoja` is null where it is the whole book."""

    hoja: str | None
    motivo: str


class Estacionada(Schema):
    """A row that the book does not let be written."""

    tag: str
    error: str


class Cuota(Schema):
    """Requests to the book that may be made at this moment, and how many a minute allows.

    `esperar_hasta` is until when the book is left alone; null when it is not.
    """

    lecturas: int
    escrituras: int
    limite_lecturas: int
    limite_escrituras: int
    esperar_hasta: str | None


class SheetHealth(Schema):
    """The mirror. All but `status` and `backend` is null or empty while the database does not answer.

    `atraso_filas` are the spools whose row the sheet does not show as it is, `atraso_segundos` how long the oldest of
    them waits, `lider` since when the process leads that reads and writes the book; null when none was heard of
    lately. At most 100 `estacionadas` are named.
    """

    status: Status
    backend: str
    ultima_sincronizacion: str | None
    atraso_filas: int | None
    atraso_segundos: int | None
    retenidas: list[Retenida]
    rechazos: list[Rechazo]
    estacionadas: list[Estacionada]
    conflictos: int | None
    dudosos: int | None
    duplicados: int | None
    cuota: Cuota | None
    lider: str | None


def unknown() -> SheetHealth:
    """What can be said of the sheet without the database."""
    return SheetHealth(
        status="down",
        backend=settings.SHEETS_BACKEND,
        ultima_sincronizacion=None,
        atraso_filas=None,
        atraso_segundos=None,
        retenidas=[],
        rechazos=[],
        estacionadas=[],
        conflictos=None,
        dudosos=None,
        duplicados=None,
        cuota=None,
        lider=None,
    )


def read_sheet() -> SheetHealth:
    """The mirror as the database knows it: nobody asks the book for this."""
    state = EstadoHoja.objects.filter(pk=1).first() or EstadoHoja()
    rows, oldest = queries.mirror_behind()
    late = max(int((timezone.now() - oldest).total_seconds()), 0) if oldest else 0
    retenciones = list(Retencion.objects.order_by("hoja", "tipo"))
    retenidas = [_held(one) for one in retenciones if one.tipo != TipoRetencion.ENCOGIDA]
    rechazos = [_refused(one) for one in retenciones if one.tipo == TipoRetencion.ENCOGIDA]
    rechazos += _not_let_in(state, has_debts=rows > 0) or _left_to_itself(state)
    estacionadas = _parked()
    degraded = bool(retenidas or rechazos or estacionadas) or late > LATE_SECONDS
    return SheetHealth(
        status="degraded" if degraded else "healthy",
        backend=settings.SHEETS_BACKEND,
        ultima_sincronizacion=_when(state.sincronizada_en),
        atraso_filas=rows,
        atraso_segundos=late,
        retenidas=retenidas,
        rechazos=rechazos,
        estacionadas=estacionadas,
        conflictos=Conflicto.objects.filter(tomado="").count(),
        dudosos=CeldaDudosa.objects.count(),
        duplicados=FilaDuplicada.objects.count(),
        cuota=_quota(state),
        lider=_when(state.lider_desde) if _is_heard_of(state) else None,
    )


def _is_heard_of(state: EstadoHoja) -> bool:
    """Whether a relay took the lead and has worked since, or waits as it said that it would."""
    if state.lider_desde is None:
        return False
    moments = (state.lider_desde, state.sincronizada_en, state.esperar_hasta, state.error_desde)
    silent = (timezone.now() - max(moment for moment in moments if moment)).total_seconds()
    return silent <= SILENT_SECONDS + settings.SYNC_INTERVAL_SECONDS


def _held(one: Retencion) -> Retenida:
    return Retenida(hoja=one.hoja, encabezado=one.encabezado or None, motivo=one.motivo)


def _refused(one: Retencion) -> Rechazo:
    return Rechazo(hoja=one.hoja, motivo=one.motivo)


def _not_let_in(state: EstadoHoja, *, has_debts: bool) -> list[Rechazo]:
    """A lost permission counts at once. A book that cannot be read may be back soon, or may never have been there.

    What a broken book says may name a path of this machine: that is for the admin alone. A spent quota hurts nobody
    until something waits for too long.
    """
    if state.error_tipo == TipoErrorHoja.PERMISO:
        return [Rechazo(hoja=None, motivo=state.error)]
    if state.error_tipo != TipoErrorHoja.LIBRO or state.error_desde is None:
        return []
    missed = has_debts or state.sincronizada_en is not None
    lasts = (timezone.now() - state.error_desde).total_seconds() > LATE_SECONDS
    return [Rechazo(hoja=None, motivo=_UNREADABLE)] if missed and lasts else []


def _left_to_itself(state: EstadoHoja) -> list[Rechazo]:
    """Nobody looks at a sheet that was in step once: what the office types there does not arrive."""
    if state.sincronizada_en is None or _is_heard_of(state):
        return []
    lasts = (timezone.now() - state.sincronizada_en).total_seconds() > LATE_SECONDS
    return [Rechazo(hoja=None, motivo=_UNLED)] if lasts else []


def _parked() -> list[Estacionada]:
    parked = Mirror.objects.parked().order_by("error_en", "spool_id")
    rows = parked.values_list("spool__tag_hoja", "error")[:LISTED]
    return [Estacionada(tag=tag, error=error) for tag, error in rows]


def _quota(state: EstadoHoja) -> Cuota:
    buckets = Budget().buckets()
    waits = state.esperar_hasta is not None and state.esperar_hasta > timezone.now()
    return Cuota(
        lecturas=int(buckets[Request.READ].tokens),
        escrituras=int(buckets[Request.WRITE].tokens),
        limite_lecturas=buckets[Request.READ].per_minute,
        limite_escrituras=buckets[Request.WRITE].per_minute,
        esperar_hasta=_when(state.esperar_hasta) if waits else None,
    )


def _when(moment: datetime | None) -> str | None:
    return instant(moment) if moment else None
