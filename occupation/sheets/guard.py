"""The shrink guard: a read that lost too much is taken for a broken read, not for a deletion. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from occupation.sheets.layout import Tab

FRACTION: Final = 0.10
FEW: Final = 5


Accepts = Callable[[Tab, int], bool]
"""Whether a tab may lose so many rows: somebody said that they were really deleted."""


def no_loss(_tab: Tab, _lost: int) -> bool:
    """Nobody said that anything was deleted."""
    return False


def any_loss(_tab: Tab, _lost: int) -> bool:
    """Whatever is gone was really deleted."""
    return True


class Loss(NamedTuple):
    """What a refused read lost of a tab: a sentence on the whole, how many, and the name of each."""

    tab: Tab
    motivo: str
    cuantas: int
    detalle: Sequence[str] = ()


def shrunk(active: int, found: int, *, empty: bool) -> bool:
    """Whether a read that has `found` of the `active` ones the app knows is refused."""
    lost = active - found
    return active > 0 and (empty or (lost > FEW and lost > FRACTION * active))


def sentence(tab: str, what: str, active: int, found: int) -> str:
    """Say why the tab was refused, with the numbers."""
    return (
        f"rechazada: la hoja {tab} trae {found} de {active} {what} ({_lost(active - found)}). Parece una lectura "
        "incompleta: revise el libro. De esta hoja no se cambió nada."
    )


def _lost(lost: int) -> str:
    return "falta 1" if lost == 1 else f"faltan {lost}"
