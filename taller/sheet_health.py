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
from occupation.models.mirror import LATE_AFTER
from occupation.sheets.book import Request
from occupation.sheets.budget import Budget
from occupation.vocabulary import TipoErrorHoja, TipoRetencion

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
    state = EstadoHoja.objects.filter(pk=1).defer("escrituras").first() or EstadoHoja()
    rows, oldest = queries.mirror_behind()
    late = max(int((timezone.now() - oldest).total_seconds()), 0) if oldest else 0
    retenciones = list(Retencion.objects.order_by("hoja", "tipo").defer("mostrado", "detalle"))
    retenidas = [_held(one) for one in retenciones if one.tipo != TipoRetencion.ENCOGIDA]
    rechazos = [_refused(one) for one in retenciones if one.tipo == TipoRetencion.ENCOGIDA]
    rechazos += _not_let_in(state, has_debts=rows > 0) or _unled(state)
    estacionadas = _parked()
    degraded = bool(retenidas or rechazos or estacionadas) or late > LATE_AFTER.total_seconds()
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
        lider=_when(state.lider_desde) if state.is_heard_of(timezone.now()) else None,
    )


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
    lasts = timezone.now() - state.error_desde > LATE_AFTER
    return [Rechazo(hoja=None, motivo=_UNREADABLE)] if missed and lasts else []


def _unled(state: EstadoHoja) -> list[Rechazo]:
    return [Rechazo(hoja=None, motivo=_UNLED)] if state.is_left_alone(timezone.now()) else []


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
