"""The upgrades of the office's book: which one stands, how far it got, and what may be done next. Commands do it."""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone

from occupation.admin._base import ReadOnlyAdmin
from occupation.models import BookUpgrade
from occupation.sheets.rollback import KEPT
from occupation.vocabulary import PasoMejora


@admin.register(BookUpgrade)
class BookUpgradeAdmin(ReadOnlyAdmin[BookUpgrade]):
    """Each upgrade of the book, the last one first."""

    list_display = ("name", "estado", "begun_at", "que_hacer")
    fields = ("name", "estado", "begun_at", "going_back_since", "gone_back_at", "hojas", "que_hacer")
    readonly_fields = ("estado", "hojas", "que_hacer")
    ordering = ("-begun_at",)

    @admin.display(description="estado")
    def estado(self, upgrade: BookUpgrade) -> str:
        if upgrade.going_back_since:
            return "la vuelta al respaldo quedó a medias"
        if upgrade.gone_back_at:
            return "deshecha: el libro volvió a este respaldo"
        if upgrade.open:
            return f"a medias: {upgrade.get_step_display()}"
        return "vigente: el libro es v3.0" if upgrade.pk == _standing() else "anterior"

    @admin.display(description="hojas respaldadas")
    def hojas(self, upgrade: BookUpgrade) -> str:
        return ", ".join(upgrade.tabs) or "todavía ninguna"

    @admin.display(description="qué hacer")
    def que_hacer(self, upgrade: BookUpgrade) -> str:
        if upgrade.going_back_since:
            return f"Terminarla: manage.py sheets_rollback {upgrade.name}. Hasta entonces nadie toca el libro."
        if upgrade.open and upgrade.step == PasoMejora.ANUNCIADA:
            return "Empezarla otra vez: manage.py sheets_upgrade. El libro todavía está como antes."
        if upgrade.open:
            back = f"o volver atrás: manage.py sheets_rollback {upgrade.name}"
            return f"Terminarla: manage.py sheets_upgrade, {back}. Hasta entonces nadie toca el libro."
        if upgrade.gone_back_at:
            return "Nada." if _standing() else "Nada. Para mejorar el libro otra vez: manage.py sheets_upgrade."
        return _way_back(upgrade)


def _way_back(upgrade: BookUpgrade) -> str:
    until = upgrade.begun_at + KEPT
    if timezone.now() > until:
        return "Nada. Las hojas del respaldo pueden borrarse del libro."
    moment = f"{timezone.localtime(until):%d-%m-%Y %H:%M}"
    return f"Nada. Hasta el {moment} se puede volver al libro de antes: manage.py sheets_rollback {upgrade.name}."


def _standing() -> int | None:
    """The upgrade that made the book what it is."""
    return BookUpgrade.objects.filter(gone_back_at=None).order_by("-begun_at").values_list("pk", flat=True).first()
