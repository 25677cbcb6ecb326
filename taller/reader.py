"""Reads settings one by one, and collects what is wrong with them so that one start shows every mistake."""

from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


class BadEnvironmentError(Exception):
    """Settings that stop the start. Its text is what the person who starts the program reads."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"No se puede arrancar. Corrija en el entorno o en el archivo .env:\n{lines}")


class Reader:
    """Settings by name. An empty value counts as not set.

    A value that breaks its rule is noted in `problems` and the default stands in until `finish` is called, so
    that the person hears of every bad setting at once.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.names: list[str] = []
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        self.names.append(name)
        return self._values.get(name, "").strip() or default

    def parsed(self, name: str, default: T, parse: Callable[[str], T], rule: str, example: str) -> T:
        """The value as `parse` reads it. `parse` refuses a bad one with ValueError."""
        raw = self.text(name)
        if not raw:
            return default
        try:
            return parse(raw)
        except ValueError:
            self.reject(name, rule, example)
            return default

    def flag(self, name: str) -> bool:
        return self.choice(name, "0", ("0", "1")) == "1"

    def choice(self, name: str, default: str, options: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in options:
            self.reject(name, "debe ser " + " o ".join(options), default)
            return default
        return value

    def whole(self, name: str, default: int, lowest: int, highest: int) -> int:
        def parse(raw: str) -> int:
            if not raw.isascii() or not raw.isdigit() or not lowest <= int(raw) <= highest:
                raise ValueError
            return int(raw)

        rule = f"debe ser un número entero entre {lowest} y {highest}"
        return self.parsed(name, default, parse, rule, str(default))

    def reject(self, name: str, rule: str, example: str) -> None:
        """Note a mistake. The bad value itself is not repeated: it may be half a password."""
        self.problems.append(f"{name}: {rule}. Ejemplo: {name}={example}")

    def finish(self) -> None:
        if self.problems:
            raise BadEnvironmentError(self.problems)
