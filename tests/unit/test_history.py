"""Sessions and durations told by a journal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from occupation.history import duration, seconds_between, sessions_of
from occupation.models import Evento, Trabajador
from occupation.vocabulary import Accion, Operacion, TipoEvento
from tests.factories import TrabajadorFactory

CHILE = ZoneInfo("America/Santiago")
EIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(), "0m"),
        (timedelta(seconds=59), "0m"),
        (timedelta(seconds=60), "1m"),
        (timedelta(minutes=45, seconds=59), "45m"),
        (timedelta(hours=1), "1h 0m"),
        (timedelta(hours=2, minutes=15), "2h 15m"),
        (timedelta(hours=23, minutes=59, seconds=59), "23h 59m"),
        (timedelta(hours=24), "1d 0h 0m"),
        (timedelta(hours=26), "1d 2h 0m"),
        (timedelta(days=10, minutes=3), "10d 0h 3m"),
        (timedelta(seconds=-5), "0m"),
    ],
)
def test_a_duration_reads_in_days_hours_and_minutes(span: timedelta, text: str) -> None:
    assert duration(int(span.total_seconds())) == text


@pytest.mark.parametrize(
    ("desde", "hasta", "hours"),
    [
        # In 2026 Chile's clocks go back an hour on 5 April and forward again on 6 September, at midnight.
        (datetime(2026, 4, 4, 20, tzinfo=CHILE), datetime(2026, 4, 5, 6, tzinfo=CHILE), 11),
        (datetime(2026, 9, 5, 20, tzinfo=CHILE), datetime(2026, 9, 6, 6, tzinfo=CHILE), 9),
        (datetime(2026, 3, 2, 20, tzinfo=CHILE), datetime(2026, 3, 3, 6, tzinfo=CHILE), 10),
        (datetime(2026, 4, 4, 23, 30, tzinfo=CHILE), datetime(2026, 4, 4, 23, 30, fold=1, tzinfo=CHILE), 1),
        (datetime(2026, 4, 4, 23, tzinfo=UTC), datetime(2026, 4, 5, 10, tzinfo=CHILE), 15),
    ],
)
def test_a_span_across_a_clock_change_is_the_time_that_passed(desde: datetime, hasta: datetime, hours: int) -> None:
    assert seconds_between(desde, hasta) == hours * 3600


def test_a_span_is_never_negative() -> None:
    assert seconds_between(EIGHT + timedelta(hours=1), EIGHT) == 0


def evento(accion: Accion | None, minutes: int, who: Trabajador, operacion: Operacion = Operacion.ARM) -> Evento:
    tipo = TipoEvento(f"{accion}_{operacion}") if accion else TipoEvento.STATE_CHANGE
    return Evento(
        tipo=tipo,
        accion=accion or "",
        operacion=operacion,
        trabajador=who,
        instante=EIGHT + timedelta(minutes=minutes),
    )


def test_sessions_open_with_a_take_and_close_with_what_ended_them() -> None:
    miguel = TrabajadorFactory.build(id=93, nombre="Miguel", apellido="Rojas")
    ana = TrabajadorFactory.build(id=96, nombre="Ana", apellido="de la Fuente")
    inspection = Evento(
        tipo=TipoEvento.COMPLETAR_METROLOGIA,
        accion=Accion.INSPECCIONAR,
        operacion=Operacion.METROLOGIA,
        trabajador=ana,
        instante=EIGHT + timedelta(minutes=300),
    )
    journal = [
        evento(Accion.TOMAR, 0, miguel),
        evento(None, 0, miguel),
        evento(Accion.PAUSAR, 45, miguel),
        evento(Accion.TOMAR, 60, ana),
        evento(Accion.CANCELAR, 60, ana),
        evento(Accion.TOMAR, 90, ana),
        evento(Accion.LIBERAR, 225, ana),
        evento(Accion.TOMAR, 230, miguel),
        evento(Accion.COMPLETAR, 240, miguel),
        inspection,
        evento(Accion.TOMAR, 310, ana, Operacion.REPARACION),
    ]
    sessions = sessions_of(journal, EIGHT + timedelta(minutes=310, hours=26))
    told = [(s.trabajador, s.operacion, s.duracion, s.cierre, s.hasta) for s in sessions]
    at = {minutes: EIGHT + timedelta(minutes=minutes) for minutes in (45, 60, 225, 240)}
    assert told == [
        (miguel, Operacion.ARM, "45m", Accion.PAUSAR, at[45]),
        (ana, Operacion.ARM, "0m", Accion.CANCELAR, at[60]),
        (ana, Operacion.ARM, "2h 15m", Accion.LIBERAR, at[225]),
        (miguel, Operacion.ARM, "10m", Accion.COMPLETAR, at[240]),
        (ana, Operacion.REPARACION, "1d 2h 0m", None, None),
    ]
    assert [s.desde for s in sessions][1] == at[60]


def test_nothing_happened_is_no_session() -> None:
    assert sessions_of([], EIGHT) == []
