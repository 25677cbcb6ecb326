"""What a cell becomes when somebody types into it (`USER_ENTERED`), and when a program stores it (`RAW`)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final

from tests.sheets_server.cells import Cell, Formula
from tests.sheets_server.errors import TOO_LONG, invalid
from tests.sheets_server.formats import DAY, EPOCH, Format, Locale, number_format

_LIMIT: Final = 50_000
_DATE: Final = re.compile(
    r"(?P<a>\d{1,4})(?P<mark>[-/.])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{1,4})(?:[ T]+(?P<time>\d{1,2}:\d{2}(?::\d{2})?))?"
)
_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_TEXT: Final = {"type": "TEXT"}


def stored(raw: Any, before: Cell) -> Cell:
    """A value of `RAW` input: text is text, whatever it looks like; a number takes on the cell's format."""
    if isinstance(raw, str):
        return before.holding(_fitting(raw) or None)
    return before.holding(raw if isinstance(raw, bool) else float(raw))


def typed(raw: Any, before: Cell, locale: Locale) -> Cell:
    """A value as if typed by a person into that cell."""
    if not isinstance(raw, str):
        return stored(raw, before)
    text = _fitting(raw)
    if not text:
        return before.holding(None)
    if text.startswith("'"):
        return before.holding(text[1:])
    if text.startswith("=") and len(text) > 1:
        return before.holding(Formula(text))
    if number_format(before.format).get("type") == _TEXT["type"]:
        return before.holding(text)
    return _understood(text.strip(), text, before, locale)


def _fitting(text: str) -> str:
    if len(text) > _LIMIT:
        raise invalid(TOO_LONG)
    return text


def _understood(text: str, whole: str, before: Cell, locale: Locale) -> Cell:
    if text.upper() in {"TRUE", locale.true, "FALSE", locale.false}:
        return before.holding(text.upper() in {"TRUE", locale.true})
    number = _number(text, locale)
    if number is not None:
        return before.holding(number)
    if text.endswith("%") and (number := _number(text[:-1].strip(), locale)) is not None:
        return _formatted(before, number / 100, {"type": "PERCENT", "pattern": "0.00%"})
    moment = _moment(text, locale)
    if moment is not None:
        serial, kind = moment
        pattern = {"DATE": locale.date, "DATE_TIME": locale.date_time, "TIME": "h:mm:ss"}[kind]
        return _formatted(before, serial, {"type": kind, "pattern": pattern})
    return before.holding(whole)


def _formatted(before: Cell, value: float, wanted: dict[str, str]) -> Cell:
    """A cell without a number format gets the one its value suggests."""
    if number_format(before.format):
        return before.holding(value)
    fmt: Format = {**(before.format or {}), "numberFormat": wanted}
    return before.holding(value).dressed(fmt)


def _number(text: str, locale: Locale) -> float | None:
    group, decimal = re.escape(locale.group), re.escape(locale.decimal)
    pattern = rf"([+-]?)\$?((?:\d{{1,3}}(?:{group}\d{{3}})+|\d+)?)(?:{decimal}(\d*))?(?:[eE]([+-]?\d+))?"
    found = re.fullmatch(pattern, text)
    if not found or not (found[2] or found[3]):
        return None
    whole = found[2].replace(locale.group, "")
    return float(f"{found[1]}{whole or '0'}.{found[3] or '0'}e{found[4] or '0'}")


def _moment(text: str, locale: Locale) -> tuple[float, str] | None:
    found = _DATE.fullmatch(text)
    if found is None:
        clock = _clock(text)
        return None if clock is None else (clock / DAY, "TIME")
    day = _day(found, locale)
    seconds = _clock(found["time"]) if found["time"] else 0
    if day is None or seconds is None:
        return None
    return ((day - EPOCH) / timedelta(days=1) + seconds / DAY, "DATE_TIME" if found["time"] else "DATE")


def _day(found: re.Match[str], locale: Locale) -> datetime | None:
    first, second, third = int(found["a"]), int(found["b"]), int(found["c"])
    if len(found["a"]) == 4:
        year, month, day = first, second, third
    elif len(found["a"]) > 2 or len(found["c"]) == 3:
        return None
    else:
        year = third if len(found["c"]) == 4 else third + (2000 if third < 30 else 1900)
        day, month = (first, second) if locale.day_first else (second, first)
    try:
        return datetime(year, month, day)  # noqa: DTZ001  wall time, as serial numbers are
    except ValueError:
        return None


def _clock(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0)
