"""Spools: searchable, never edited by hand. The sheet owns the office's columns, the verbs own the rest."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from occupation.admin._base import ReadOnlyAdmin, WordsFilter, spool_page
from occupation.admin.supervision import spool_matches
from occupation.models import FilaDuplicada, Spool
from occupation.qr import drawing, spool_address

LABELS = 300
"""As many QR codes are printed at once: 17 sheets. Drawing them keeps a processor busy for over a second."""


class OcupadoFilter(WordsFilter):
    """Held or free."""

    title = "ocupación"
    parameter_name = "ocupado"
    choices_in_words: ClassVar = {
        "si": ("Ocupados", lambda: Q(ocupado_por__isnull=False)),
        "no": ("Libres", lambda: Q(ocupado_por__isnull=True)),
    }


class EnHojaFilter(WordsFilter):
    """In the sheet, or gone from it."""

    title = "hoja"
    parameter_name = "hoja"
    choices_in_words: ClassVar = {
        "si": ("En la hoja", lambda: Q(archivado_en__isnull=True)),
        "no": ("Salieron de la hoja", lambda: Q(archivado_en__isnull=False)),
    }


@admin.register(Spool)
class SpoolAdmin(ReadOnlyAdmin[Spool]):
    """Every spool the shop knows, with where it stands."""

    list_display = ("tag_hoja", "nv", "estado_detalle", "ocupado_por", "fecha_materiales", "pagina")
    list_display_links = ("tag_hoja",)
    list_filter = (OcupadoFilter, "arm_state", "sold_state", "calidad_state", EnHojaFilter)
    list_select_related = ("ocupado_por",)
    search_fields = ("busqueda",)
    search_help_text = "Tag, NV o trabajador; no importan guiones, espacios ni mayúsculas."
    ordering = ("tag",)
    actions = ("imprimir_qr",)
    readonly_fields = ("pagina", "historia", "dudosos", "duplicadas")
    fieldsets = (
        (None, {"fields": ("tag_hoja", "estado_detalle", "pagina", "historia")}),
        ("Ocupación", {"fields": ("ocupado_por", "ocupado_operacion", "ocupado_desde")}),
        (
            "Avance",
            {
                "fields": (
                    ("arm_state", "armador", "fecha_armado"),
                    ("sold_state", "soldador", "fecha_soldadura"),
                    ("calidad_state", "ciclo", "fecha_qc"),
                    "version",
                )
            },
        ),
        (
            "De la oficina (se editan en la hoja)",
            {
                "fields": (
                    ("nv", "ot", "cliente"),
                    ("prioridad", "ubicacion", "diam"),
                    ("fecha_materiales", "fecha_compromiso", "status_nv"),
                    "notas",
                    "archivado_en",
                )
            },
        ),
        ("Problemas en la hoja", {"fields": ("dudosos", "duplicadas")}),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Spool], search_term: str
    ) -> tuple[QuerySet[Spool], bool]:
        return queryset.filter(spool_matches(search_term)), False

    @admin.action(description="Imprimir códigos QR", permissions=["view"])
    def imprimir_qr(self, request: HttpRequest, queryset: QuerySet[Spool]) -> HttpResponse | None:
        """A page of labels, as many as a browser prints without trouble."""
        spools = list(queryset.order_by("tag")[: LABELS + 1])
        if len(spools) > LABELS:
            messages.warning(request, f"Imprima a lo más {LABELS} códigos a la vez: filtre por NV y elija menos.")
            return None
        etiquetas = [(spool, drawing(spool_address(spool))) for spool in spools]
        context = self.page_context(request, "Códigos QR", etiquetas=etiquetas)
        return TemplateResponse(request, "admin/occupation/spool/qr.html", context)

    @admin.display(description="página")
    def pagina(self, spool: Spool) -> SafeString:
        pages = (spool_page(spool.tag), reverse("viajera", args=[spool.tag_hoja]))
        return format_html('<a href="{}">Ver spool</a> · <a href="{}">Hoja viajera</a>', *pages)

    @admin.display(description="historia")
    def historia(self, spool: Spool) -> SafeString:
        journal = reverse("admin:occupation_evento_changelist")
        return format_html('<a href="{}?spool__id__exact={}">Ver su bitácora</a>', journal, spool.pk)

    @admin.display(description="datos dudosos")
    def dudosos(self, spool: Spool) -> SafeString | str:
        cells = spool.celdas_dudosas.order_by("fila", "encabezado")
        rows = [(cell.hoja, cell.fila, cell.encabezado, cell.valor, cell.motivo) for cell in cells]
        return _lines("{}, fila {}, {}: «{}» {}", rows)

    @admin.display(description="filas duplicadas")
    def duplicadas(self, spool: Spool) -> SafeString | str:
        rows = FilaDuplicada.objects.filter(tag=spool.tag).order_by("fila")
        return _lines("Se ignora la fila {}; se usa la {}", [(row.fila, row.fila_usada) for row in rows])


def _lines(sentence: str, rows: list[tuple[Any, ...]]) -> SafeString | str:
    return format_html("<ul>{}</ul>", format_html_join("", f"<li>{sentence}</li>", rows)) if rows else "Ninguno."
