"""What in the shop needs a person now: a bounded number of queries, and one look at Redis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from occupation.gateways import claims, connection
from occupation.models import (
    CeldaDudosa,
    Conflicto,
    Device,
    EstadoHoja,
    FilaDuplicada,
    Mirror,
    Retencion,
    Spool,
    Trabajador,
)
from occupation.models.mirror import LATE_AFTER
from occupation.models.spool import SpoolQuerySet
from occupation.vocabulary import EstadoCalidad, MarcaRedis, TipoErrorHoja

SILENT_AFTER = timedelta(days=1)
"""A paired device that was not seen for this long is probably broken, lost or switched off."""

EXAMPLES = 5


class Tema(StrEnum):
    """What a person may have to look at, in the order of urgency."""

    LARGAS = "largas"
    INACTIVOS = "inactivos"
    BLOQUEADOS = "bloqueados"
    PINES = "pines"
    SIN_PIN = "sin_pin"
    REDIS = "redis"
    MARCAS = "marcas"
    LIBRO = "libro"
    ABANDONADA = "abandonada"
    RETENIDAS = "retenidas"
    CONFLICTOS = "conflictos"
    ESTACIONADAS = "estacionadas"
    DUDOSOS = "dudosos"
    DUPLICADAS = "duplicadas"
    HOJA = "hoja"
    DISPOSITIVOS = "dispositivos"


@dataclass(frozen=True, slots=True)
class Asunto:
    """One thing that waits for a person: how many there are, and a few of them by name."""

    tema: Tema
    cuenta: int
    ejemplos: tuple[str, ...] = ()
    desde: datetime | None = None

    @property
    def contable(self) -> bool:
        """Whether there are so many of it: some matters are so, or are not."""
        return self.tema not in {Tema.REDIS, Tema.LIBRO, Tema.ABANDONADA}


def needs_a_person() -> list[Asunto]:
    """Everything that waits for somebody; empty when all is well."""
    ahora = timezone.now()
    asuntos = [
        _named(Tema.LARGAS, long_occupations(ahora).order_by("ocupado_desde"), "tag_hoja"),
        _named(Tema.INACTIVOS, held_by_inactive().order_by("ocupado_desde"), "tag_hoja"),
        _named(Tema.BLOQUEADOS, blocked().order_by("tag"), "tag_hoja"),
        *_pins(),
        *_claims(),
        *_mirror(ahora),
        Asunto(Tema.DUDOSOS, CeldaDudosa.objects.count()),
        Asunto(Tema.DUPLICADAS, FilaDuplicada.objects.count()),
        _named(Tema.DISPOSITIVOS, silent_devices(ahora).order_by("nombre"), "nombre"),
    ]
    return [asunto for asunto in asuntos if asunto.cuenta]


def long_occupations(ahora: datetime) -> SpoolQuerySet:
    """What has been held for longer than OCUPACION_LARGA_HORAS: perhaps somebody forgot to pause."""
    return Spool.objects.ocupados().filter(ocupado_desde__lte=long_before(ahora))


def long_before(ahora: datetime) -> datetime:
    """An occupation that began at this moment or earlier is long by now."""
    return ahora - timedelta(hours=settings.OCUPACION_LARGA_HORAS)


def held_by_inactive() -> SpoolQuerySet:
    """What somebody holds who may start nothing any more: perhaps they will not come back to finish it."""
    return Spool.objects.ocupados().filter(ocupado_por__activo=False)


def blocked() -> SpoolQuerySet:
    """What three rejections in a row have stopped."""
    return Spool.objects.vivos().filter(calidad_state=EstadoCalidad.BLOQUEADO)


def silent_devices(ahora: datetime) -> QuerySet[Device]:
    """Paired devices that were not seen for a day."""
    return Device.objects.vigentes().filter(token_hash__isnull=False, visto_en__lt=ahora - SILENT_AFTER)


def marks_of(spools: Iterable[Spool]) -> dict[int, MarcaRedis]:
    """How Redis' claim on each held spool agrees with its row, by the spool's id."""
    spools = list(spools)
    if not connection.configured():
        return {spool.pk: MarcaRedis.SIN_REDIS for spool in spools}
    present = claims.read_many(spool.tag for spool in spools)
    if present is None:
        return {spool.pk: MarcaRedis.SIN_RESPUESTA for spool in spools}
    return {spool.pk: _mark(spool.claim, present.get(spool.tag)) for spool in spools}


def _mark(truth: str | None, claim: str | None) -> MarcaRedis:
    if claim is None:
        return MarcaRedis.FALTA
    return MarcaRedis.COINCIDE if claim == truth else MarcaRedis.HUERFANA


def _pins() -> list[Asunto]:
    """Who cannot step up to a tablet, in a shop that asks for a PIN."""
    if not settings.PIN_TRABAJADORES:
        return []
    workers = Trabajador.objects.presentes().order_by("nombre", "apellido", "id")
    return [
        _people(Tema.PINES, workers.con_pin_bloqueado()),
        _people(Tema.SIN_PIN, workers.sin_pin()),
    ]


def _people(tema: Tema, found: QuerySet[Trabajador]) -> Asunto:
    return Asunto(tema, found.count(), tuple(str(trabajador) for trabajador in found[:EXAMPLES]))


def _claims() -> list[Asunto]:
    if not connection.configured():
        return []
    wrong = _wrong_claims()
    if wrong:
        # A verb in flight looks wrong for a moment: only what is still wrong at the second look is told.
        again = _wrong_claims()
        wrong = None if again is None else wrong & again
    if wrong is None:
        return [Asunto(Tema.REDIS, 1)]
    return [Asunto(Tema.MARCAS, len(wrong), tuple(sorted(wrong)[:EXAMPLES]))]


def _wrong_claims() -> set[str] | None:
    """The tags whose claim and row disagree; None when Redis is away."""
    present = claims.read_all()
    if present is None:
        return None
    rows = {spool.tag: spool.claim for spool in Spool.objects.ocupados()}
    return {tag for tag in present.keys() | rows.keys() if present.get(tag) != rows.get(tag)}


def _mirror(ahora: datetime) -> list[Asunto]:
    """What the relay cannot settle by itself, and what it has yet to write."""
    held = Retencion.objects.filter(permitida=False).only("hoja", "motivo").order_by("hoja", "tipo")
    open_ones = Conflicto.objects.filter(tomado="").order_by("id")
    parked = Mirror.objects.parked().order_by("error_en")
    late = mirror_late(ahora)
    return [
        *_unreached(ahora),
        *_left_alone(ahora),
        Asunto(Tema.RETENIDAS, len(held), tuple(map(str, held[:EXAMPLES]))),
        _named(Tema.CONFLICTOS, open_ones, "spool__tag_hoja"),
        _named(Tema.ESTACIONADAS, parked, "spool__tag_hoja"),
        Asunto(Tema.HOJA, late.count(), desde=late.aggregate(oldest=Min("behind_since"))["oldest"]),
    ]


def mirror_late(ahora: datetime) -> QuerySet[Mirror]:
    """What waits for the sheet for longer than its turn takes; a parked row is told apart."""
    return Mirror.objects.behind().filter(error="", behind_since__lt=ahora - LATE_AFTER)


def _unreached(ahora: datetime) -> list[Asunto]:
    """The book, if it cannot be reached: at once when a permission was lost, else when it lasts."""
    lost = Q(error_tipo=TipoErrorHoja.PERMISO) | Q(error_desde__lt=ahora - LATE_AFTER)
    return [
        Asunto(Tema.LIBRO, 1, (state.error,), desde=state.error_desde)
        for state in EstadoHoja.objects.exclude(error_tipo="").filter(lost).defer("escrituras")
    ]


def _left_alone(ahora: datetime) -> list[Asunto]:
    return [
        Asunto(Tema.ABANDONADA, 1, desde=state.sincronizada_en)
        for state in EstadoHoja.objects.filter(error_tipo="").defer("escrituras")
        if state.is_left_alone(ahora)
    ]


def _named(tema: Tema, found: QuerySet[Any], name: str) -> Asunto:
    cuenta = found.count()
    ejemplos = tuple(found.values_list(name, flat=True)[:EXAMPLES]) if cuenta else ()
    return Asunto(tema, cuenta, ejemplos)
