"""The shrink guard: a read that lost too much is taken for a broken read, not for a deletion. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

from occupation.sheets.layout import Tab

FRACTION: Final = 0.10
FEW: Final = 5

Lost = tuple[int | str, ...]
"""One thing that a tab lost: a spool's tag, a worker's number, or a worker's number and role. Of Metadata it is how
many rows it had and has: what its loss decides is which events are not told there again, and those are not rows."""

Accepts = Callable[[Tab, Collection[Lost]], bool]
"""Whether a tab may lose all of these: somebody said that they were really deleted."""


def no_loss(_tab: Tab, _lost: Collection[Lost]) -> bool:
    """Nobody said that anything was deleted."""
    return False


def any_loss(_tab: Tab, _lost: Collection[Lost]) -> bool:
    """Whatever is gone was really deleted."""
    return True


class Loss(NamedTuple):
    """What a refused read lost of a tab: a sentence on the whole, each thing, and the name of each."""

    tab: Tab
    motivo: str
    lost: Sequence[Lost]
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
