"""One codec per column type, between what a cell holds and what the shop means.

Callers never format or parse. A codec reads whatever any book gives: Google's unformatted values with dates as
serial numbers, the text of a CSV file, a workbook's own dates. Three answers are kept apart everywhere: a value,
`None` for a blank cell, and `Unreadable` for a cell that says something its column cannot mean. A cell that
cannot be read is never taken for a blank one, and no cell makes a codec raise.

Values compare after decoding: days, whole wall-clock seconds, trimmed NFC text. `canonical(value)` brings a
value of the app to what its own cell would decode to, so `canonical(value) == decode(cell)` asks whether the
cell says the same.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Final

from occupation.sheets.codec import FORMULA_WITHOUT_VALUE, Cell, Codec, Unreadable, shielded
from occupation.sheets.moments import SANTIAGO, DateCodec, DatetimeCodec
from occupation.tags import canonical_tag
from occupation.vocabulary import TAG_MAXIMO

__all__ = [
    "BOOLEAN",
    "DATE",
    "DATETIME",
    "FORMULA_WITHOUT_VALUE",
    "NUMBER",
    "SANTIAGO",
    "TAG",
    "TEXT",
    "WHOLE",
    "WORKER",
    "Cell",
    "Codec",
    "TextCodec",
    "Unreadable",
    "WholeCodec",
    "shielded",
    "text_of",
]

_GOOGLE_CELL_LIMIT: Final = 50_000

_PLAIN: Final = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)")
_GROUPED: Final = re.compile(
    r"[+-]?[0-9]{1,3}(?:(?:\.[0-9]{3})+,[0-9]+|(?:,[0-9]{3})+\.[0-9]+|(?:\.[0-9]{3}){2,}|(?:,[0-9]{3}){2,})"
)
_FRACTION: Final = re.compile(r"(?P<sign>[+-]?)(?:(?P<whole>[0-9]+)[ -]+)?(?P<over>[0-9]+)/(?P<under>[0-9]+)")
_NUMBER_LIMIT: Final = 10**9
_MILLIONTH: Final = Decimal("0.000001")
_WORKER: Final = re.compile(r"[^()]*\(\s*([0-9]{1,9})\s*\)")


class NumberCodec(Codec[Decimal]):
    """A number under a thousand million, to six decimals: `2.5`, `2,5`, `1 1/2`, `1-1/2"`, `1.234,5`.

    A single dot or comma is a decimal point. Two kinds of them, or one kind repeated, group thousands.
    """

    expected = "no es un número"

    def canonical(self, value: Decimal | None) -> Decimal | None:
        return None if value is None else _to_millionths(value)

    def _from_text(self, text: str) -> Decimal | None:
        return _number_of_text(text.removesuffix('"').rstrip()) if len(text) <= 40 else None

    def _from_typed(self, raw: object) -> Decimal | None:
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            return None
        if not -_NUMBER_LIMIT < raw < _NUMBER_LIMIT:  # also true of NaN
            return None
        return _to_millionths(Decimal(repr(raw)) if isinstance(raw, float) else Decimal(raw))

    def _to_cell(self, value: Decimal) -> int | float:
        value = _to_millionths(value)
        return int(value) if value == value.to_integral_value() else float(value)

    def _to_text(self, value: Decimal) -> str:
        text = f"{_to_millionths(value):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


def _to_millionths(value: Decimal) -> Decimal:
    """Drop what a spreadsheet's arithmetic leaves behind the sixth decimal."""
    rounded = value.quantize(_MILLIONTH, rounding=ROUND_HALF_EVEN)
    return value if value == rounded else rounded


@lru_cache(maxsize=4096)
def _number_of_text(text: str) -> Decimal | None:
    if _PLAIN.fullmatch(text):
        value = Decimal(text.replace(",", "."))
    elif _GROUPED.fullmatch(text):
        value = _ungrouped(text)
    elif fraction := _FRACTION.fullmatch(text):
        under = int(fraction["under"])
        if under == 0:
            return None
        value = int(fraction["whole"] or 0) + Decimal(int(fraction["over"])) / under
        value = -value if fraction["sign"] == "-" else value
    else:
        return None
    return _to_millionths(value) if abs(value) < _NUMBER_LIMIT else None


def _ungrouped(text: str) -> Decimal:
    point = max(text.rfind("."), text.rfind(","))
    if text.count(text[point]) > 1:
        return Decimal(text.replace(text[point], ""))
    group = "," if text[point] == "." else "."
    return Decimal(text.replace(group, "").replace(",", "."))


class WholeCodec(Codec[int]):
    """A whole number that identifies something, `minimum` or more."""

    def __init__(self, minimum: int = 1) -> None:
        self.minimum = minimum
        self.expected = f"no es un número entero de {minimum} en adelante"

    def _from_text(self, text: str) -> int | None:
        return self._whole(NUMBER.decode(text))

    def _from_typed(self, raw: object) -> int | None:
        return self._whole(NUMBER.decode(raw))

    def _to_cell(self, value: int) -> int:
        return value

    def _to_text(self, value: int) -> str:
        return str(value)

    def _whole(self, number: Decimal | Unreadable | None) -> int | None:
        if not isinstance(number, Decimal) or number < self.minimum:
            return None
        return int(number) if number == number.to_integral_value() else None


class BooleanCodec(Codec[bool]):
    """Yes or no, in the words people and spreadsheets use."""

    expected = "no es VERDADERO ni FALSO"
    words: Final = {
        **dict.fromkeys(("TRUE", "VERDADERO", "SI", "SÍ", "1"), True),
        **dict.fromkeys(("FALSE", "FALSO", "NO", "0"), False),
    }

    def _from_text(self, text: str) -> bool | None:
        return self.words.get(unicodedata.normalize("NFC", text[:20]).upper())

    def _from_typed(self, raw: object) -> bool | None:
        return bool(raw) if isinstance(raw, bool | int | float) and raw in (0, 1) else None

    def _to_cell(self, value: bool) -> bool:  # noqa: FBT001  the value of a cell
        return value

    def _to_text(self, value: bool) -> str:  # noqa: FBT001  the value of a cell
        return "TRUE" if value else "FALSE"


class TextCodec(Codec[str]):
    """Trimmed NFC text of at most `limit` characters. Text that looks like a formula stays text; `-` too."""

    dash_is_blank = False

    def __init__(self, limit: int = _GOOGLE_CELL_LIMIT) -> None:
        self.limit = limit
        self.expected = f"no es un texto de {limit} caracteres o menos"

    def canonical(self, value: str | None) -> str | None:
        return (_clean_text(value) or None) if value else None

    def _from_text(self, text: str) -> str | None:
        text = text if text.isascii() and "\r" not in text else _clean_text(text)
        return text if len(text) <= self.limit else None

    def _from_typed(self, raw: object) -> str | None:
        if isinstance(raw, bool):
            return "TRUE" if raw else "FALSE"
        if isinstance(raw, int | float):
            return _digits(raw)
        if isinstance(raw, datetime):
            return f"{raw:%d-%m-%Y %H:%M:%S}"
        return f"{raw:%d-%m-%Y}" if isinstance(raw, date) else None

    def _to_cell(self, value: str) -> str:
        text = self.canonical(value) or ""
        return "'" + text if text.startswith("'") else text

    def _to_text(self, value: str) -> str:
        return self.canonical(value) or ""


def _clean_text(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", text).strip()


def _digits(number: float) -> str | None:
    """Spell a number as its cell shows it: `650`, not `650.0`."""
    if not -1e15 < number < 1e15:
        return None
    return str(int(number)) if number == int(number) else format(number, ".15g")


class TagCodec(TextCodec):
    """A tag in the sheet's spelling, inner blanks collapsed. `canonical_tag` of it is its identity."""

    dash_is_blank = True

    def __init__(self) -> None:
        super().__init__(TAG_MAXIMO)

    def canonical(self, value: str | None) -> str | None:
        return " ".join(_clean_text(value).split()) or None if value else None

    def _from_text(self, text: str) -> str | None:
        tag = self.canonical(text)
        fits = tag is not None and len(tag) <= TAG_MAXIMO and len(canonical_tag(tag)) <= TAG_MAXIMO
        return tag if fits else None

    def _from_typed(self, raw: object) -> str | None:
        return _digits(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None


class WorkerCodec(Codec[int]):
    """A worker's number from `MR(93)`; of the older `Rojas(93)` or `W(93)` too only the number counts.

    `encode` also takes the shown name, `MR(93)`, and writes it as it is; a bare number becomes `W(93)`.
    """

    expected = "no es un trabajador (se espera INICIALES(NÚMERO), como MR(93))"

    def canonical(self, value: int | str | None) -> int | None:
        read = self._from_text(value.strip()) if isinstance(value, str) else value
        return read or None

    def encode(self, value: int | str | None) -> Cell:
        return self._to_text(value) if value else ""

    def encode_text(self, value: int | str | None) -> str:
        return shielded(self._to_text(value)) if value else ""

    def _from_text(self, text: str) -> int | None:
        found = _WORKER.fullmatch(text) if len(text) <= 200 else None
        return (int(found[1]) or None) if found else None

    def _from_typed(self, raw: object) -> int | None:
        del raw
        return None  # a number or a date on its own names nobody: only the one in parentheses does

    def _to_cell(self, value: int | str) -> str:
        return self._to_text(value)

    def _to_text(self, value: int | str) -> str:
        return value if isinstance(value, str) else f"W({value})"


DATE: Final = DateCodec()
DATETIME: Final = DatetimeCodec()
NUMBER: Final = NumberCodec()
WHOLE: Final = WholeCodec()
BOOLEAN: Final = BooleanCodec()
TEXT: Final = TextCodec()
TAG: Final = TagCodec()
WORKER: Final = WorkerCodec()


def text_of(value: object) -> str:
    """Return the CSV text of any plain value by its own type, for columns that have no codec of ours."""
    if isinstance(value, bool):
        return BOOLEAN.encode_text(value)
    if isinstance(value, datetime):
        return DATETIME.encode_text(value)
    if isinstance(value, date):
        return DATE.encode_text(value)
    if isinstance(value, int | float | Decimal):
        return NUMBER.encode_text(Decimal(str(value)))
    return TEXT.encode_text(None if value is None else str(value))
