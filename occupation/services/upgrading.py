"""What is remembered of the book's upgrades: each step its own transaction, kept once the book was seen to have it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Max
from django.utils import timezone

from occupation.models import BookUpgrade, EstadoHoja, Evento
from occupation.services._transaction import verb_transaction
from occupation.services.mirroring import keep
from occupation.vocabulary import PasoMejora


def half_done() -> BookUpgrade | None:
    """The upgrade, or the way back from one, that is not finished."""
    return BookUpgrade.objects.filter(open=True).first()


def why_left_alone() -> str:
    """Why nobody else may read or write the book now; "" when they may.

    An upgrade that was only announced has changed nothing in the book yet.
    """
    one = half_done()
    if one is None or one.step == PasoMejora.ANUNCIADA:
        return ""
    if one.going_back_since:
        return f"la vuelta al respaldo {one.name} quedó a medias: ejecute manage.py sheets_rollback {one.name}"
    return "la mejora del libro quedó a medias: ejecute manage.py sheets_upgrade"


def announce(*, name: str) -> BookUpgrade:
    """Begin an upgrade whose backup gets this name."""
    with verb_transaction():
        return BookUpgrade.objects.create(name=name, begun_at=timezone.now(), **_now())


def announce_again(upgrade: BookUpgrade, *, tabs: Collection[str]) -> None:
    """The backup is about to be made of these tabs: remember what of the journal it has at least."""
    note(upgrade, tabs=list(tabs), **_now())


def _now() -> dict[str, int]:
    state = EstadoHoja.objects.filter(pk=1).first() or EstadoHoja()
    last = Evento.objects.aggregate(last=Max("id"))["last"] or 0
    return {"last_event": last, "audit_until": state.metadata_hasta, "audit_row": state.metadata_fila}


def note(upgrade: BookUpgrade, **columns: Any) -> None:
    """Change what is remembered of an upgrade."""
    with verb_transaction():
        _set(upgrade, columns)


def _set(upgrade: BookUpgrade, columns: Mapping[str, Any]) -> None:
    for name, value in columns.items():
        setattr(upgrade, name, value)
    upgrade.save(update_fields=list(columns))


def go_back(upgrade: BookUpgrade, *, judged: Mapping[str, str]) -> None:
    """Its backup is about to be put back, in place of tabs that were looked at when these were their digests."""
    note(upgrade, open=True, going_back_since=upgrade.going_back_since or timezone.now(), judged=dict(judged))


def gone_back(upgrade: BookUpgrade) -> None:
    """The book is the backup again: what its Metadata lacks since then is owed to it once more."""
    with verb_transaction():
        keep(metadata_hasta=upgrade.audit_until, metadata_fila=upgrade.audit_row, reserva={}, escrituras="")
        _set(upgrade, {"open": False, "going_back_since": None, "gone_back_at": timezone.now()})
