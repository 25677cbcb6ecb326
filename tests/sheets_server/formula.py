"""Formulas: enough of them to show a value, and references that follow when rows and columns move.

Understood: numbers, texts, references and ranges of any tab, `+ - * / &`, comparisons, `SUM`, `COUNT`, `COUNTA`,
`CONCATENATE`, `IF`, `ROW`. Any other function shows `#NAME?`; its text is kept all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tests.sheets_server.a1 import Area, column_letters, column_number

Result = float | str | bool | None
Lookup = Callable[[str | None, Area], list[Result]]
"""The values of an area of the named tab, or of the formula's own."""

_TITLE: Final = r"(?:'(?:[^']|'')+'|[A-Za-z_][\w.]*)!"
_CELL: Final = r"\$?[A-Za-z]{1,3}\$?[1-9][0-9]*"
_REFERENCE: Final = re.compile(rf'"[^"]*"|(?P<title>{_TITLE})?(?P<cell>{_CELL})(?![\w(])')
_CORNER: Final = re.compile(r"(\$?)([A-Za-z]{1,3})(\$?)([1-9][0-9]*)")
_TOKEN: Final = re.compile(
    rf'\s*("(?:[^"]|"")*"|(?:{_TITLE})?{_CELL}(?::{_CELL})?(?![\w(])|\d+(?:\.\d+)?|<=|>=|<>|[A-Za-z_.]+\(?|[-+*/&=<>();,%])'
)
_REF_ERROR: Final = "#REF!"


class Failed(Exception):  # noqa: N818  it is a result, not a mistake
    """The formula's result is this error value."""


def moved(text: str, by_rows: int, by_columns: int) -> str:
    """The formula as pasted elsewhere: what has no `$` moves along."""

    def shift(title: str, corner: re.Match[str]) -> str:
        column = column_number(corner[2]) + (0 if corner[1] else by_columns)
        row = int(corner[4]) + (0 if corner[3] else by_rows)
        if column < 0 or row < 1:
            return _REF_ERROR
        return f"{title}{corner[1]}{column_letters(column)}{corner[3]}{row}"

    return _each_reference(text, shift)


def followed(
    text: str, own: str, tab: str, rows: Callable[[int], int | None], columns: Callable[[int], int | None]
) -> str:
    """The formula of a cell on tab `own` after the rows and columns of `tab` went where these say."""

    def follow(title: str, corner: re.Match[str]) -> str:
        if (_bare(title) or own) != tab:
            return f"{title}{corner[0]}"
        column, row = columns(column_number(corner[2])), rows(int(corner[4]) - 1)
        if column is None or row is None:
            return _REF_ERROR
        return f"{title}{corner[1]}{column_letters(column)}{corner[3]}{row + 1}"

    return _each_reference(text, follow)


def _each_reference(text: str, change: Callable[[str, re.Match[str]], str]) -> str:
    def replaced(found: re.Match[str]) -> str:
        if found["cell"] is None:
            return found[0]
        corner = _CORNER.fullmatch(found["cell"])
        assert corner
        return change(found["title"] or "", corner)

    return _REFERENCE.sub(replaced, text)


def _bare(title: str) -> str:
    return title.removesuffix("!").strip("'").replace("''", "'")


def evaluated(text: str, lookup: Lookup, row: int) -> Result:
    """What the formula shows: a value, or an error text such as `#REF!`."""
    if _REF_ERROR in text:
        return _REF_ERROR
    try:
        tokens = list(_tokens(text[1:]))
        parser = _Parser(tokens, lookup, row)
        result = parser.comparison()
        return result if parser.at == len(tokens) else "#ERROR!"
    except Failed as failed:
        return str(failed)


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise Failed("#ERROR!")
        yield found[1]
        at = found.end()


@dataclass
class _Parser:
    tokens: list[str]
    lookup: Lookup
    row: int
    at: int = 0

    def comparison(self) -> Result:
        left = self.joined()
        while self._next() in {"=", "<>", "<", ">", "<=", ">="}:
            sign, right = self._take(), self.joined()
            left = _compared(sign, left, right)
        return left

    def joined(self) -> Result:
        left = self.sum()
        while self._next() == "&":
            self._take()
            left = _text(left) + _text(self.sum())
        return left

    def sum(self) -> Result:
        left = self.product()
        while self._next() in {"+", "-"}:
            sign, right = self._take(), _number(self.product())
            left = _number(left) + (right if sign == "+" else -right)
        return left

    def product(self) -> Result:
        left = self.atom()
        while self._next() in {"*", "/"}:
            sign, right = self._take(), _number(self.atom())
            if sign == "/" and right == 0:
                raise Failed("#DIV/0!")
            left = _number(left) * right if sign == "*" else _number(left) / right
        return left

    def atom(self) -> Result:  # noqa: PLR0911  one answer per kind of token
        token = self._take()
        if token == "-":
            return -_number(self.atom())
        if token == "(":
            inside = self.comparison()
            self._take()
            return inside
        if token.endswith("("):
            return self._call(token[:-1].upper())
        if token.startswith('"'):
            return token[1:-1].replace('""', '"')
        if token[0].isdigit():
            return float(token)
        if token.upper() in {"TRUE", "FALSE"}:
            return token.upper() == "TRUE"
        return self._values(token)[0] if _is_reference(token) else self._unknown()

    def _unknown(self) -> Result:
        raise Failed("#NAME?")

    def _call(self, name: str) -> Result:
        values: list[Result] = []
        while self._next() not in {")", ""}:
            if _is_reference(self._next()):
                values += self._values(self.tokens[self.at]) if self._stands_alone() else [self.comparison()]
                self.at += 1 if self._stands_alone() else 0
            else:
                values.append(self.comparison())
            if self._next() in {";", ","}:
                self._take()
        self._take()
        return _applied(name, values, self.row)

    def _stands_alone(self) -> bool:
        after = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else ")"
        return _is_reference(self._next()) and after in {")", ";", ","}

    def _values(self, token: str) -> list[Result]:
        title, _, cells = token.rpartition("!")
        first, _, last = cells.partition(":")
        start, end = _CORNER.fullmatch(first), _CORNER.fullmatch(last or first)
        if start is None or end is None:
            raise Failed(_REF_ERROR)
        area = Area(int(start[4]) - 1, column_number(start[2]), int(end[4]), column_number(end[2]) + 1)
        return self.lookup(_bare(title) or None, area)

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self) -> str:
        token = self._next()
        if not token:
            raise Failed("#ERROR!")
        self.at += 1
        return token


def _is_reference(token: str) -> bool:
    return bool(re.fullmatch(rf"(?:{_TITLE})?{_CELL}(?::{_CELL})?", token))


def _applied(name: str, values: list[Result], row: int) -> Result:
    numbers = [value for value in values if isinstance(value, float) and not isinstance(value, bool)]
    if name == "IF" and len(values) >= 2:
        return values[1] if values[0] else (values[2] if len(values) > 2 else False)
    if name == "CONCATENATE":
        return "".join(map(_text, values))
    results: dict[str, Callable[[], float]] = {
        "SUM": lambda: sum(numbers, 0.0),
        "COUNT": lambda: float(len(numbers)),
        "COUNTA": lambda: float(sum(value is not None for value in values)),
        "ROW": lambda: row + 1.0,
    }
    if name not in results:
        raise Failed("#NAME?")
    return results[name]()


def _number(value: Result) -> float:
    if value is None:
        return 0.0
    if isinstance(value, str):
        raise Failed(value if value.startswith("#") else "#VALUE!")
    return float(value)


def _text(value: Result) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value).upper() if isinstance(value, bool) else str(value)


def _compared(sign: str, left: Result, right: Result) -> bool:
    if sign in {"=", "<>"}:
        return (_text(left).casefold() == _text(right).casefold()) == (sign == "=")
    one, other = _number(left), _number(right)
    return {"<": one < other, ">": one > other, "<=": one <= other, ">=": one >= other}[sign]
