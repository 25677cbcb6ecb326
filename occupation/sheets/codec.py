"""What every codec of cells shares: the three answers, blanks, formula errors, control characters."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Cell = str | int | float | bool
"""What is written to a cell. A blank is `""`."""

FORMULA_WITHOUT_VALUE: Final = "#SIN CALCULAR!"
"""Stands for a formula whose file keeps no result: not a blank."""

_DASHES: Final = frozenset({"-", "--", "---", "–", "—"})
_SHIELDED: Final = tuple("=+-@'")
# What a database or a workbook cannot store; the blanks \t \n \r are fine.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_FORMULA_ERROR: Final = re.compile(
    r"#(?:REF!|N/A|N/D|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|ERROR!|SPILL!|CALC!|FIELD!|GETTING_DATA|SIN CALCULAR!"
    r"|¡(?:REF|VALOR|DIV/0|NUM|NULO|CALC|DESBORDAMIENTO)!|¿NOMBRE\?)",
    re.IGNORECASE,
)

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that says something its column cannot mean. `why` is the Spanish sentence for the admin."""

    raw: object
    why: str

    @property
    def shown(self) -> str:
        """The cell as a list on a screen can show and store it: at most 200 safe characters."""
        text = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", self._spelled())
        return text if len(text) <= 200 else text[:199] + "…"

    def _spelled(self) -> str:
        try:
            return self.raw if isinstance(self.raw, str) else repr(self.raw)
        except ValueError:  # Python refuses to spell integers of more than 4,300 digits
            return "(un número enorme)"


class Codec(ABC, Generic[V]):
    """Reads and writes the cells of one column type."""

    expected: str
    dash_is_blank = True

    def decode(self, raw: object) -> V | Unreadable | None:
        """Return what the cell means, `None` when it is blank, else `Unreadable`. Never raises."""
        if raw is None or raw == "":
            return None
        if not isinstance(raw, str):
            value = self._from_typed(raw)
            return Unreadable(raw, self.expected) if value is None else value
        text = raw.strip()
        if text.startswith("'"):  # how a spreadsheet marks a cell that must stay text
            text = text[1:].strip()
        if not text or (self.dash_is_blank and text in _DASHES):
            return None
        return self._decode_text(raw, text)

    def canonical(self, value: V | None) -> V | None:
        """Return `value` as its own cell would decode: the form in which values compare."""
        return value

    def encode(self, value: V | None) -> Cell:
        """Return the cell to write to Google with `RAW`: dates as serial numbers, a blank as `""`."""
        return "" if value is None else self._to_cell(value)

    def encode_text(self, value: V | None) -> str:
        """Return the text for a CSV file. What a spreadsheet would take for a formula gets a leading `'`."""
        return "" if value is None else shielded(self._to_text(value))

    def _decode_text(self, raw: str, text: str) -> V | Unreadable:
        if text[0] == "#" and _FORMULA_ERROR.fullmatch(text):
            return Unreadable(raw, f"la fórmula de la celda da un error ({text})")
        if _FORBIDDEN.search(text):
            return Unreadable(raw, "la celda tiene caracteres de control")
        value = self._from_text(text)
        return Unreadable(raw, self.expected) if value is None else value

    @abstractmethod
    def _from_text(self, text: str) -> V | None:
        """Read trimmed text that is neither blank nor an error; `None` means it cannot be read."""

    @abstractmethod
    def _from_typed(self, raw: object) -> V | None:
        """Read anything that is not text; `None` means it cannot be read."""

    @abstractmethod
    def _to_cell(self, value: V) -> Cell:
        """Write a value for Google."""

    @abstractmethod
    def _to_text(self, value: V) -> str:
        """Write a value as text, before shielding."""


def shielded(text: str) -> str:
    """Put `'` before text that a spreadsheet would run as a formula, or whose own `'` it would swallow."""
    return "'" + text if text.startswith(_SHIELDED) else text
