"""Tabs that are left alone, and why: they go on by themselves once mended, or when an admin allows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from django.utils import timezone

from occupation.models import Retencion
from occupation.services._transaction import verb_transaction
from occupation.sheets.guard import Loss
from occupation.sheets.layout import Hold, Tab
from occupation.vocabulary import TipoRetencion

PERMISIBLES: Final = (TipoRetencion.EDICIONES, TipoRetencion.ENCOGIDA)
"""What is held until an administrator allows it. The rest goes on by itself once the sheet is mended."""

Mostrado = tuple[int | str | None, ...]
"""One of the things that an admin was shown and may allow: a `guard.Lost`, or of an edited cell of ours the spool's id,
the header, what the sheet says there, and the worker named beside it."""

_SHOWN = 500
_LISTED = 200


def hold(
    hoja: Tab,
    tipo: TipoRetencion,
    motivo: str,
    encabezado: str = "",
    *,
    mostrado: Sequence[Mostrado] = (),
    detalle: Sequence[str] = (),
) -> bool:
    """Say why a tab is left alone; whether that is news. What an admin allowed before was something else then."""
    seen: dict[str, Any] = {"motivo": motivo[:_SHOWN], "encabezado": encabezado}
    seen |= {"detalle": list(detalle[:_LISTED]), "mostrado": [list(one) for one in mostrado]}
    one = Retencion.objects.filter(hoja=hoja, tipo=tipo).first()
    if one and all(getattr(one, name) == value for name, value in seen.items()):
        return False
    seen |= {"permitida": False, "marca": uuid4()}
    with verb_transaction():
        fresh = {**seen, "desde": timezone.now()}
        return Retencion.objects.update_or_create(hoja=hoja, tipo=tipo, defaults=seen, create_defaults=fresh)[1]


def release(hoja: Tab, tipo: TipoRetencion) -> bool:
    """The reason is gone; whether there was one."""
    if not Retencion.objects.filter(hoja=hoja, tipo=tipo).exists():
        return False
    with verb_transaction():
        return bool(Retencion.objects.filter(hoja=hoja, tipo=tipo).delete()[0])


def sync_holds(holds: Sequence[Hold], losses: Sequence[Loss]) -> None:
    """Make what is held for its headers, or refused for what it lost, that of the reading just made.

    Whether Metadata lost rows is found out later, when its events are written.
    """
    for one in holds:
        hold(one.tab, TipoRetencion.ENCABEZADO, one.motivo, one.encabezado or "")
    for lost in losses:
        hold(lost.tab, TipoRetencion.ENCOGIDA, lost.motivo, mostrado=lost.lost, detalle=lost.detalle)
    for tab in Tab:
        if tab not in {one.tab for one in holds}:
            release(tab, TipoRetencion.ENCABEZADO)
        if tab != Tab.METADATA and tab not in {lost.tab for lost in losses}:
            release(tab, TipoRetencion.ENCOGIDA)


def permit(hoja: Tab, tipo: TipoRetencion, *, marca: UUID | None = None) -> bool:
    """An admin says yes: the next cycle does what was held back. Whether it still was what had that mark (None: any).

    ValueError for what nobody's word mends: it has to be repaired in the sheet.
    """
    if tipo not in PERMISIBLES:
        raise ValueError(f"{tipo} is mended in the sheet, not allowed")
    seen = {} if marca is None else {"marca": marca}
    with verb_transaction():
        return bool(Retencion.objects.filter(hoja=hoja, tipo=tipo, **seen).update(permitida=True))


def standing() -> dict[tuple[str, str], str]:
    """Why each tab is left alone now, by tab and kind."""
    rows = Retencion.objects.order_by("hoja", "tipo").values_list("hoja", "tipo", "motivo")
    return {(hoja, tipo): motivo for hoja, tipo, motivo in rows}


def waiting(hoja: Tab, tipo: TipoRetencion) -> str:
    """Why the tab waits for an admin's word; "" when it does not."""
    held = Retencion.objects.filter(hoja=hoja, tipo=tipo, permitida=False)
    return held.values_list("motivo", flat=True).first() or ""


def allowed(hoja: Tab, tipo: TipoRetencion, found: Iterable[Mostrado]) -> bool:
    """Whether an admin allowed what the tab was held for, and was shown each thing that is found now."""
    yes = Retencion.objects.filter(hoja=hoja, tipo=tipo, permitida=True)
    shown: Sequence[Sequence[int | str | None]] | None = yes.values_list("mostrado", flat=True).first()
    return shown is not None and {tuple(one) for one in shown}.issuperset(found)
