"""What the sheet holds that cannot be used. Corrected in the sheet, never here."""

from __future__ import annotations

from django.contrib import admin

from occupation.admin._base import ReadOnlyAdmin
from occupation.models import CeldaDudosa, FilaDuplicada


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
