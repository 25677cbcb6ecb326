"""What the wall shows: who has what, counts per stage, the day's work and the last events. Seven queries at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from occupation.eligibility import eligible
from occupation.history import duration, midnight, seconds_between
from occupation.models import Evento, Spool
from occupation.queries import journal_id, there_are_spools
from occupation.vocabulary import CICLOS_MAXIMOS, Accion, EstadoCalidad, Operacion, TipoEvento

PER_PAGE = 16
EVENTS = 10
FIRST_HOUR, LAST_HOUR = 7, 18
"""The chart always shows the day shift; earlier and later hours join it when something was completed in them."""

CHART_WIDTH, CHART_HEIGHT = 560, 84


@dataclass(frozen=True, slots=True)
class Tarjeta:
    """One spool in somebody's hands. `desde` is when it was taken, in seconds of the epoch, and the cards' order."""

    pk: int
    desde: int
    tag: str
    worker: str
    nombre: str
    operacion: str
    segundos: int
    revisar: bool

    @property
    def tiempo(self) -> str:
        """`2h 15m`."""
        return duration(self.segundos)


@dataclass(frozen=True, slots=True)
class CuentaDeEtapa:
    """How many spools are at one stage."""

    nombre: str
    clase: str
    cuenta: int


@dataclass(frozen=True, slots=True)
class Barra:
    """One hour of the chart, in its drawing's units."""

    hora: int
    cuenta: int
    x: float
    y: float
    ancho: float
    alto: float

    @property
    def centro(self) -> float:
        """Where its words stand."""
        return self.x + self.ancho / 2


@dataclass(frozen=True, slots=True)
class Resumen:
    """What every page of the wall shows: counts per stage, how many are held, the day's work, the last events."""

    etapas: list[CuentaDeEtapa]
    total: int
    barras: list[Barra]
    eventos: list[Evento]

    @property
    def completados(self) -> int:
        """Operations completed today."""
        return sum(barra.cuenta for barra in self.barras)


@dataclass(frozen=True, slots=True)
class Tablero(Resumen):
    """One page of the wall at one moment; `revision` is the newest journal row it can show."""

    ahora: datetime
    revision: int
    tarjetas: list[Tarjeta]
    pagina: int
    paginas: int
    hay_spools: bool

    @property
    def cabe(self) -> int:
        """How many cards a page holds."""
        return PER_PAGE

    @property
    def proxima(self) -> int:
        """The page that follows this one, round and round."""
        return self.pagina % self.paginas + 1

    @property
    def fuera(self) -> int:
        """How many are on the other pages."""
        return self.total - len(self.tarjetas)


def board(pagina: int, ahora: datetime | None = None) -> Tablero:
    """The wall now. A page past the last is the last: people pause while pages turn."""
    ahora = ahora or timezone.now()
    revision = journal_id()
    resumen = summary(ahora)
    paginas = max(-(-resumen.total // PER_PAGE), 1)
    pagina = min(max(pagina, 1), paginas)
    held = Spool.objects.ocupados().con_gente().order_by("ocupado_desde", "id")
    return Tablero(
        etapas=resumen.etapas,
        total=resumen.total,
        barras=resumen.barras,
        eventos=resumen.eventos,
        ahora=ahora,
        revision=revision,
        tarjetas=cards(held[(pagina - 1) * PER_PAGE : pagina * PER_PAGE], ahora),
        pagina=pagina,
        paginas=paginas,
        hay_spools=resumen.total > 0 or there_are_spools(),
    )


def summary(ahora: datetime) -> Resumen:
    """What all pages of the wall show alike, now."""
    etapas, total = _stages(ahora)
    return Resumen(etapas, total, bars(_completions(ahora)), _last_events())


def cards(spools: Iterable[Spool], ahora: datetime) -> list[Tarjeta]:
    """One card per spool. A row that says something odd becomes a card that shows it: the wall never breaks."""
    return [_card(spool, ahora) for spool in spools]


def _card(spool: Spool, ahora: datetime) -> Tarjeta:
    segundos = seconds_between(spool.ocupado_desde, ahora) if spool.ocupado_desde else 0
    return Tarjeta(
        pk=spool.pk,
        desde=int(spool.ocupado_desde.timestamp()) if spool.ocupado_desde else 0,
        tag=spool.tag_hoja,
        worker=spool.ocupado_por.worker_nombre if spool.ocupado_por else "?",
        nombre=spool.ocupado_por.nombre_completo if spool.ocupado_por else "",
        operacion=_held_for(spool),
        segundos=segundos,
        revisar=segundos >= settings.OCUPACION_LARGA_HORAS * 3600,
    )


def _held_for(spool: Spool) -> str:
    """The operation, and of a repair its cycle: `REPARACIÓN 2/3`, which still fits beside the longest time."""
    que = str(spool.get_ocupado_operacion_display() or "?")
    return f"{que} {spool.ciclo}/{CICLOS_MAXIMOS}" if spool.ocupado_operacion == Operacion.REPARACION else que


def _stages(ahora: datetime) -> tuple[list[CuentaDeEtapa], int]:
    """How many living spools are at each stage, and how many somebody holds. A spool may wait for two things."""
    takeable = eligible(Accion.TOMAR, Operacion.ARM) | eligible(Accion.TOMAR, Operacion.SOLD)
    reparacion = (EstadoCalidad.RECHAZADO, EstadoCalidad.EN_REPARACION, EstadoCalidad.REPARACION_PAUSADA)
    stages = {
        ("DISPONIBLE", "libre"): takeable,
        ("EN ARMADO", "curso"): Q(ocupado_operacion=Operacion.ARM),
        ("EN SOLDADURA", "curso"): Q(ocupado_operacion=Operacion.SOLD),
        ("METROLOGÍA", "pausa"): eligible(Accion.INSPECCIONAR, Operacion.METROLOGIA),
        ("REPARACIÓN", "mal"): Q(calidad_state__in=reparacion),
        ("BLOQUEADO", "alto"): Q(calidad_state=EstadoCalidad.BLOQUEADO),
        ("APROBADO HOY", "bien"): Q(fecha_qc=_local(ahora).date()),
    }
    counts = {f"etapa_{place}": Count("pk", filter=condition) for place, condition in enumerate(stages.values())}
    held = Count("pk", filter=Q(ocupado_por__isnull=False))
    found = Spool.objects.vivos().aggregate(ocupados=held, **counts)
    etapas = [CuentaDeEtapa(nombre, clase, found[f"etapa_{place}"]) for place, (nombre, clase) in enumerate(stages)]
    return etapas, found["ocupados"]


def _completions(ahora: datetime) -> Counter[int]:
    """Operations completed today, by the hour of the shop's clock."""
    hoy = _local(ahora).date()
    today = Evento.objects.filter(
        accion=Accion.COMPLETAR, instante__gte=midnight(hoy), instante__lt=midnight(hoy + timedelta(days=1))
    )
    return Counter(_local(instante).hour for instante in today.values_list("instante", flat=True))


def bars(completions: Counter[int]) -> list[Barra]:
    """The chart's bars, scaled to the busiest hour."""
    hours = range(min([FIRST_HOUR, *completions]), max([LAST_HOUR, *completions]) + 1)
    step, most = CHART_WIDTH / len(hours), max([1, *completions.values()])
    return [_bar(hour, completions[hour], place * step, step, most) for place, hour in enumerate(hours)]


def _bar(hour: int, cuenta: int, x: float, step: float, most: int) -> Barra:
    alto = CHART_HEIGHT * cuenta / most if cuenta else 3.0
    return Barra(
        hora=hour,
        cuenta=cuenta,
        x=round(x + step * 0.12, 1),
        y=round(CHART_HEIGHT - alto, 1),
        ancho=round(step * 0.76, 1),
        alto=round(alto, 1),
    )


def _last_events() -> list[Evento]:
    told = Evento.objects.exclude(tipo=TipoEvento.STATE_CHANGE).select_related("spool", "trabajador")
    return list(told.order_by("-id")[:EVENTS])


def _local(instante: datetime) -> datetime:
    return instante.astimezone(ZoneInfo(settings.TIME_ZONE))
