"""Number formats: how a number is shown under its pattern, in the book's locale."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  serial numbers count days of wall time
DAY: Final = 86_400

Format = dict[str, Any]
"""A cell's `userEnteredFormat`. Shared between cells, so never changed in place."""


@dataclass(frozen=True, slots=True)
class Locale:
    """What a book's locale decides: signs, and the order and look of a typed date."""

    name: str
    decimal: str
    group: str
    day_first: bool
    date: str
    true: str = "TRUE"
    false: str = "FALSE"

    @property
    def date_time(self) -> str:
        return f"{self.date} h:mm:ss"


LOCALES: Final = {
    "es_CL": Locale("es_CL", ",", ".", day_first=True, date="dd-mm-yyyy", true="VERDADERO", false="FALSO"),
    "en_US": Locale("en_US", ".", ",", day_first=False, date="M/d/yyyy"),
}

_TOKEN: Final = re.compile(r'"[^"]*"|\\.|y+|m+|M+|d+|h+|H+|s+|am/pm|AM/PM|0+|.', re.DOTALL)
_DATE_TYPES: Final = frozenset({"DATE", "TIME", "DATE_TIME"})
_MONTHS: Final = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic")


def number_format(fmt: Format | None) -> dict[str, str]:
    return (fmt or {}).get("numberFormat") or {}


def is_date(fmt: Format | None) -> bool:
    """Whether numbers under this format are shown as dates or times."""
    return number_format(fmt).get("type") in _DATE_TYPES


def shown_number(number: float, fmt: Format | None, locale: Locale) -> str:
    """A number as people see it in its cell."""
    told = number_format(fmt)
    kind, pattern = told.get("type"), told.get("pattern", "")
    if kind in _DATE_TYPES:
        usual = {"DATE": locale.date, "TIME": "h:mm:ss", "DATE_TIME": locale.date_time}
        return _moment(number, pattern or usual[str(kind)])
    if kind == "PERCENT":
        return _grouped(number * 100, pattern or "0.00", locale) + "%"
    if kind in {"NUMBER", "CURRENCY"} and pattern:
        return _grouped(number, pattern, locale)
    return general(number, locale)


def general(number: float, locale: Locale) -> str:
    """The automatic format: up to ten significant digits, no grouping."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return format(number, ".10g").replace(".", locale.decimal)


def _grouped(number: float, pattern: str, locale: Locale) -> str:
    places = len(pattern.partition(".")[2].rstrip("%").rstrip()) if "." in pattern else 0
    text = f"{number:,.{places}f}" if "," in pattern else f"{number:.{places}f}"
    swapped = text.replace(",", "\0").replace(".", locale.decimal).replace("\0", locale.group)
    return ("$" if "$" in pattern else "") + swapped


def _moment(serial: float, pattern: str) -> str:
    if not -600_000 < serial < 2_958_466:  # beyond the year 9999
        return "#" * 8
    moment = EPOCH + timedelta(seconds=round(serial * DAY))
    return "".join(_part(kind, width, moment) for kind, width in _parts(pattern))


@lru_cache(maxsize=256)
def _parts(pattern: str) -> tuple[tuple[str, int], ...]:
    """The pattern as (kind, width) pairs; literal text is its own kind. `m` next to hours or seconds is minutes."""
    tokens = _TOKEN.findall(pattern)
    parts: list[tuple[str, int]] = []
    for place, token in enumerate(tokens):
        letter = token[0].lower()
        if letter == "m":
            before = [found[0].lower() for found in tokens[:place] if found[0].lower() in "ydhms"]
            after = [found[0].lower() for found in tokens[place + 1 :] if found[0].lower() in "ydhms"]
            letter = "n" if before[-1:] == ["h"] or after[:1] == ["s"] else "m"
        if letter in "ymdhsn" and token.lower().strip(token[0].lower()) == "":
            parts.append((letter, len(token)))
        else:
            parts.append((f"={token.strip(chr(34)).removeprefix(chr(92))}", 0))
    return tuple(parts)


def _part(kind: str, width: int, moment: datetime) -> str:
    if kind.startswith("="):
        return kind[1:]
    if kind == "y":
        return f"{moment.year:04d}" if width > 2 else f"{moment.year % 100:02d}"
    if kind == "m" and width >= 3:
        return _MONTHS[moment.month - 1]
    values = {"m": moment.month, "d": moment.day, "h": moment.hour, "n": moment.minute, "s": moment.second}
    return f"{values[kind]:0{min(width, 2)}d}"
