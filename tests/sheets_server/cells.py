"""One cell: its value as entered, its format, its note."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.sheets_server.formats import Format


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as it was typed, `=` included."""

    text: str


Value = float | str | bool | Formula | None
"""What a cell holds; `None` is empty. Numbers are doubles, dates among them."""


@dataclass(frozen=True, slots=True)
class Cell:
    value: Value = None
    format: Format | None = None
    note: str | None = None

    def holding(self, value: Value) -> Cell:
        """The cell with another value and the same looks."""
        return replace(self, value=value)

    def dressed(self, fmt: Format | None) -> Cell:
        """The cell with another format and the same value."""
        return replace(self, format=fmt)

    def annotated(self, note: str | None) -> Cell:
        return replace(self, note=note)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing at all would be lost with it."""
        return self.value is None and self.format is None and self.note is None


BLANK = Cell()
