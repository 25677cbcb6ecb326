"""What the sheet holds that cannot be used, and how far behind it is. Corrected in the sheet, never here."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from occupation.admin._base import ReadOnlyAdmin, WordsFilter, pretty
from occupation.models import CeldaDudosa, FilaDuplicada, Mirror


@admin.register(CeldaDudosa)
class CeldaDudosaAdmin(ReadOnlyAdmin[CeldaDudosa]):
    """Cells that could not be read."""

    list_display = ("hoja", "fila", "encabezado", "spool", "valor", "motivo", "visto_en")
    list_filter = ("hoja", "encabezado")
    list_select_related = ("spool",)
    search_fields = ("spool__tag", "encabezado", "valor")
    ordering = ("hoja", "fila", "encabezado")


@admin.register(FilaDuplicada)
class FilaDuplicadaAdmin(ReadOnlyAdmin[FilaDuplicada]):
    """Rows whose tag stands in a better row too."""

    list_display = ("tag", "fila", "fila_usada", "visto_en")
    search_fields = ("tag",)
    ordering = ("tag", "fila")


class AtrasoFilter(WordsFilter):
    """Behind the sheet, or equal to it."""

    title = "atraso"
    parameter_name = "atraso"
    choices_in_words: ClassVar = {
        "si": ("Esperan la hoja", lambda: Q(behind_since__isnull=False)),
        "no": ("Al día", lambda: Q(behind_since__isnull=True)),
    }


@admin.register(Mirror)
class MirrorAdmin(ReadOnlyAdmin[Mirror]):
    """Each spool's row in the sheet, the longest behind first."""

    list_display = ("spool", "estado", "desde")
    list_filter = (AtrasoFilter,)
    list_select_related = ("spool",)
    search_fields = ("spool__tag",)
    fields = ("spool", "estado", "desde", "celdas")
    readonly_fields = ("estado", "desde", "celdas")

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [F("behind_since").asc(nulls_last=True), "spool__tag"]

    @admin.display(description="estado")
    def estado(self, mirror: Mirror) -> str:
        return "espera la hoja" if mirror.behind_since else "al día"

    @admin.display(description="desde", ordering="behind_since")
    def desde(self, mirror: Mirror) -> str:
        return f"{timezone.localtime(mirror.behind_since):%d-%m-%Y %H:%M}" if mirror.behind_since else ""

    @admin.display(description="celdas, como las dejó la hoja")
    def celdas(self, mirror: Mirror) -> SafeString:
        return pretty(mirror.base)
