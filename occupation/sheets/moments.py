"""Codecs of days and instants: serial numbers, workbook dates and text, by the wall clock of one zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from occupation.sheets.codec import Codec
from occupation.vocabulary import PRIMER_DIA

SANTIAGO: Final = ZoneInfo("America/Santiago")

_EPOCH: Final = datetime.fromisoformat("1899-12-30")  # serial numbers count days of wall time from here
_FIRST: Final = datetime.combine(PRIMER_DIA, time.min)
_END: Final = datetime.fromisoformat("2100-01-01")
_FIRST_SERIAL: Final = (_FIRST - _EPOCH).days
_END_SERIAL: Final = (_END - _EPOCH).days
_DAY: Final = 86_400

_TIME: Final = r"(?:(?:T|\s+)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?)?"
_DAY_FIRST: Final = re.compile(r"(?P<day>[0-9]{1,2})([-/.])(?P<month>[0-9]{1,2})\2(?P<year>[0-9]{4})" + _TIME)
_YEAR_FIRST: Final = re.compile(r"(?P<year>[0-9]{4})([-/])(?P<month>[0-9]{1,2})\2(?P<day>[0-9]{1,2})" + _TIME)
_SERIAL: Final = re.compile(r"[0-9]{5}(?:[.,][0-9]{1,17})?")


@lru_cache(maxsize=8192)  # the same few hundred days fill a whole book
def _wall_of_text(text: str) -> datetime | None:
    found = _DAY_FIRST.fullmatch(text) or _YEAR_FIRST.fullmatch(text)
    if found is None:
        return _wall_of_serial(float(text.replace(",", "."))) if _SERIAL.fullmatch(text) else None
    parts = {name: int(digits or 0) for name, digits in found.groupdict().items()}
    try:
        wall = datetime(**parts)  # type: ignore[arg-type]  # noqa: DTZ001  six integers by name
    except ValueError:
        return None
    return wall if _FIRST <= wall < _END else None


def _wall_of_serial(serial: float) -> datetime | None:
    if not _FIRST_SERIAL <= serial < _END_SERIAL:  # also false for NaN
        return None
    return _EPOCH + timedelta(seconds=round(serial * _DAY))


def _wall_of_moment(moment: datetime, zone: ZoneInfo) -> datetime | None:
    if not _FIRST.year <= moment.year < _END.year:
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(zone).replace(tzinfo=None)
    half_second = timedelta(milliseconds=500)  # workbooks keep seconds as fractions of a day, a little off
    return (moment + half_second).replace(microsecond=0, fold=0)


def _wall_of_typed(raw: object, zone: ZoneInfo) -> datetime | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int | float):
        return _wall_of_serial(raw)
    if isinstance(raw, datetime):
        return _wall_of_moment(raw, zone)
    if isinstance(raw, date) and _FIRST.year <= raw.year < _END.year:
        return datetime.combine(raw, time.min)
    return None


class DateCodec(Codec[date]):
    """A day between 1990 and 2099. Order is day-month-year, or year-month-day when the year comes first.

    A serial outside those years (a 7 that a count left behind, a typed 20260121) is unreadable, never a day
    of 1900.
    """

    expected = "no es una fecha (se espera DD-MM-AAAA)"

    def __init__(self, zone: ZoneInfo = SANTIAGO) -> None:
        self.zone = zone

    def canonical(self, value: date | None) -> date | None:
        if not isinstance(value, datetime):
            return value
        return (value.astimezone(self.zone) if value.tzinfo else value).date()

    def _from_text(self, text: str) -> date | None:
        wall = _wall_of_text(text) if len(text) <= 40 else None
        return wall and wall.date()

    def _from_typed(self, raw: object) -> date | None:
        wall = _wall_of_typed(raw, self.zone)
        return wall and wall.date()

    def _to_cell(self, value: date) -> int:
        day = self.canonical(value) or value
        return day.toordinal() - _EPOCH.toordinal()

    def _to_text(self, value: date) -> str:
        return f"{self.canonical(value):%d-%m-%Y}"


class DatetimeCodec(Codec[datetime]):
    """An instant, kept in the sheet as wall time of `zone` in whole seconds.

    The hour that a clock change repeats is read as its first pass; one that a clock change skips is read as
    if the clock had not changed yet, which shows as one hour later. Compare with `canonical`: two aware
    datetimes of one zone compare by the wall clock, which is all a cell can say.
    """

    expected = "no es una fecha y hora (se espera DD-MM-AAAA HH:MM:SS)"

    def __init__(self, zone: ZoneInfo = SANTIAGO) -> None:
        self.zone = zone

    def canonical(self, value: datetime | None) -> datetime | None:
        return value and self._instant(self._wall(value))

    def _from_text(self, text: str) -> datetime | None:
        wall = _wall_of_text(text) if len(text) <= 40 else None
        return wall and self._instant(wall)

    def _from_typed(self, raw: object) -> datetime | None:
        wall = _wall_of_typed(raw, self.zone)
        return wall and self._instant(wall)

    def _to_cell(self, value: datetime) -> float:
        since = self._wall(value) - _EPOCH
        return since.days + since.seconds / _DAY

    def _to_text(self, value: datetime) -> str:
        return f"{self._wall(value):%d-%m-%Y %H:%M:%S}"

    def _wall(self, value: datetime) -> datetime:
        local = value.astimezone(self.zone) if value.tzinfo else value
        return local.replace(tzinfo=None, microsecond=0, fold=0)

    def _instant(self, wall: datetime) -> datetime:
        """Going through UTC moves an hour that does not exist to one that does."""
        return wall.replace(tzinfo=self.zone).astimezone(UTC).astimezone(self.zone).replace(fold=0)
