"""Tabs that are left alone, and why: they go on by themselves once mended, or when an admin allows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils import timezone

from occupation.models import Retencion
from occupation.services._transaction import verb_transaction
from occupation.sheets.layout import Hold, Tab
from occupation.vocabulary import TipoRetencion

PERMISIBLES: Final = (TipoRetencion.EDICIONES, TipoRetencion.ENCOGIDA)
"""What is held until an administrator allows it. The rest goes on by itself once the sheet is mended."""

_SHOWN = 500


def hold(hoja: Tab, tipo: TipoRetencion, motivo: str, encabezado: str = "") -> bool:
    """Say why a tab is left alone; whether that is news."""
    seen = {"motivo": motivo[:_SHOWN], "encabezado": encabezado}
    known = Retencion.objects.filter(hoja=hoja, tipo=tipo)
    if known.filter(**seen).exists():
        return False
    with verb_transaction():
        fresh = {**seen, "desde": timezone.now()}
        return Retencion.objects.update_or_create(hoja=hoja, tipo=tipo, defaults=seen, create_defaults=fresh)[1]


def release(hoja: Tab, tipo: TipoRetencion) -> bool:
    """The reason is gone; whether there was one."""
    if not Retencion.objects.filter(hoja=hoja, tipo=tipo).exists():
        return False
    with verb_transaction():
        return bool(Retencion.objects.filter(hoja=hoja, tipo=tipo).delete()[0])


def sync_holds(holds: Sequence[Hold], refusals: Sequence[tuple[Tab, str]]) -> None:
    """Make what is held for its headers, or refused for what it lost, that of the reading just made.

    Whether Metadata lost rows is found out later, when its events are written.
    """
    for one in holds:
        hold(one.tab, TipoRetencion.ENCABEZADO, one.motivo, one.encabezado or "")
    for tab, sentence in refusals:
        hold(tab, TipoRetencion.ENCOGIDA, sentence)
    for tab in Tab:
        if tab not in {one.tab for one in holds}:
            release(tab, TipoRetencion.ENCABEZADO)
        if tab != Tab.METADATA and tab not in {refused for refused, _ in refusals}:
            release(tab, TipoRetencion.ENCOGIDA)


def permit(hoja: Tab, tipo: TipoRetencion) -> bool:
    """An admin says yes: the next cycle does what was held back. Whether there was anything to allow.

    ValueError for what nobody's word mends: it has to be repaired in the sheet.
    """
    if tipo not in PERMISIBLES:
        raise ValueError(f"{tipo} is mended in the sheet, not allowed")
    with verb_transaction():
        return bool(Retencion.objects.filter(hoja=hoja, tipo=tipo).update(permitida=True))


def waiting(hoja: Tab, tipo: TipoRetencion) -> str:
    """Why the tab waits for an admin's word; "" when it does not."""
    one = Retencion.objects.filter(hoja=hoja, tipo=tipo, permitida=False).first()
    return one.motivo if one else ""


def allowed(hoja: Tab, tipo: TipoRetencion) -> bool:
    """Whether an admin allowed what the tab was held for."""
    return Retencion.objects.filter(hoja=hoja, tipo=tipo, permitida=True).exists()
