"""When the sample shop works: 07:30 to 17:30 with a lunch break, and late if the sample is made late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from occupation.demo.book import SHIFT_DAYS
from occupation.sheets.moments import SANTIAGO

_MORNING: Final = (time(7, 30), time(12, 45))
_AFTERNOON: Final = (time(13, 30), time(17, 30))
_LATE_SHIFT: Final = timedelta(hours=5)


@dataclass(frozen=True, slots=True)
class Tramo:
    """A stretch of work without a break. In an `extra` one only those work who still hold something at its end."""

    desde: datetime
    hasta: datetime
    extra: bool = False


def at(dia: date, hora: time) -> datetime:
    """An instant by the shop's clock."""
    return datetime.combine(dia, hora, SANTIAGO)


def tramos_until(ahora: datetime) -> list[Tramo]:
    """The stretches of the sample's whole days and of today, in order; the last ends at `ahora`."""
    hoy = ahora.astimezone(SANTIAGO).date()
    tramos = list(_usual(hoy, ahora))
    last = tramos[-1].hasta
    if last < ahora:
        tramos.append(Tramo(max(last, ahora - _LATE_SHIFT), ahora, extra=True))
    return tramos


def _usual(hoy: date, ahora: datetime) -> Iterator[Tramo]:
    for days in range(SHIFT_DAYS, -1, -1):
        for opens, closes in (_MORNING, _AFTERNOON):
            dia = hoy - timedelta(days=days)
            if at(dia, opens) < ahora:
                yield Tramo(at(dia, opens), min(at(dia, closes), ahora))
