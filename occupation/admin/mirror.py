"""The mirror at the office: each spool's row in the sheet, what was put back there, and what the last cycles did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from occupation.admin._base import DecisionAdmin, ReadOnlyAdmin, WordsFilter
from occupation.attention import mirror_late
from occupation.models import CicloHoja, EdicionDevuelta, EstadoHoja, Mirror
from occupation.queries import worker_names
from occupation.services.mirroring import requeue
from occupation.sheets.rows import app_cells_of, app_columns, shown

_PROBLEMA = ("error_tipo", "error", "error_desde", "esperar_hasta")


@admin.register(EdicionDevuelta)
class EdicionDevueltaAdmin(ReadOnlyAdmin[EdicionDevuelta]):
    """Edits of our columns that could not be adopted."""

    list_display = ("spool", "encabezado", "fila", "valor_hoja", "valor_app", "motivo", "visto_en")
    list_filter = ("encabezado",)
    list_select_related = ("spool",)
    search_fields = ("spool__tag", "encabezado", "valor_hoja")
    ordering = ("-visto_en", "-id")


class AtrasoFilter(WordsFilter):
    """Behind the sheet, refused by it, or equal to it."""

    title = "atraso"
    parameter_name = "atraso"
    choices_in_words: ClassVar = {
        "si": ("Esperan la hoja", lambda: Q(pk__in=Mirror.objects.behind())),
        "tarde": ("Esperan más de dos minutos", lambda: Q(pk__in=mirror_late(timezone.now()))),
        "estacionada": ("Estacionadas", lambda: Q(pk__in=Mirror.objects.parked())),
        "no": ("Al día", lambda: Q(behind_since__isnull=True, gone_since__isnull=True)),
        "sin_fila": ("Sin fila en la hoja", lambda: Q(pk__in=Mirror.objects.gone())),
    }


@admin.register(Mirror)
class MirrorAdmin(DecisionAdmin[Mirror]):
    """Each spool's row in the sheet, the longest behind first."""

    list_display = ("spool", "estado", "desde", "error")
    list_filter = (AtrasoFilter,)
    list_select_related = ("spool",)
    search_fields = ("spool__tag",)
    actions = ("volver_a_intentar",)
    fields = ("spool", "estado", "desde", "error", "error_en", "celdas")
    readonly_fields = ("estado", "desde", "celdas")

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [F("behind_since").asc(nulls_last=True), "spool__tag"]

    @admin.action(description="Volver a intentar las elegidas", permissions=["decidir"])
    def volver_a_intentar(self, request: HttpRequest, queryset: QuerySet[Mirror]) -> None:
        again = requeue(list(queryset.values_list("pk", flat=True)))
        if not again:
            messages.warning(request, "Ninguna de las elegidas está estacionada: nada que intentar de nuevo.")
            return
        rows = "1 fila" if again == 1 else f"{again} filas"
        messages.success(request, f"{rows}: se intentará de nuevo en el próximo ciclo de la hoja.")

    @admin.display(description="estado")
    def estado(self, mirror: Mirror) -> str:
        if mirror.spool.archivado_en:
            return "salió de la hoja"
        if mirror.gone_since:
            until = "lo suelten" if mirror.spool.ocupado else "se lean todos los tags de la hoja"
            return f"su fila salió de la hoja: saldrá del taller cuando {until}"
        if mirror.error:
            return "estacionada: la hoja no la deja escribir"
        return "espera la hoja" if mirror.behind_since else "al día"

    @admin.display(description="desde", ordering="behind_since")
    def desde(self, mirror: Mirror) -> str:
        since = mirror.gone_since or mirror.behind_since
        return f"{timezone.localtime(since):%d-%m-%Y %H:%M}" if since else ""

    @admin.display(description="celdas nuestras")
    def celdas(self, mirror: Mirror) -> SafeString:
        app, workers = app_cells_of(app_columns(mirror.spool)), worker_names()
        cells = ((name, *_row(mirror, name, said, workers)) for name, said in app.items())
        head = mark_safe("<tr><th>Columna</th><th>La hoja mostraba</th><th>La app dice</th><th></th></tr>")
        body = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td><td>{}</td></tr>", cells)
        return format_html('<div class="tabla-ancha"><table>{}{}</table></div>', head, body)


def _row(mirror: Mirror, name: str, said: str, workers: Mapping[int, str]) -> tuple[str, str, str]:
    """What the sheet showed in a cell, what the app says, and what is to become of it where they differ."""
    base = mirror.base.get(name, "")
    left = mirror.left.get(name) == said
    what = "" if base == said else "queda así desde la primera lectura" if left else "por escribir"
    return shown(name, base, workers), shown(name, said, workers), what


@admin.register(EstadoHoja)
class EstadoHojaAdmin(ReadOnlyAdmin[EstadoHoja]):
    """When the book was last reached, by whom, and why not since."""

    list_display = ("nombre", "sincronizada_en", "lider", "lider_desde", *_PROBLEMA)
    fields = ("sincronizada_en", "lider", "lider_desde", *_PROBLEMA, "metadata_fila")

    @admin.display(description="hoja")
    def nombre(self, _estado: EstadoHoja) -> str:
        return "El libro"


@admin.register(CicloHoja)
class CicloHojaAdmin(ReadOnlyAdmin[CicloHoja]):
    """The last cycles that changed or refused something, or did not reach the book."""

    list_display = ("hasta", "resumen", "en_detalle", "completo", "veces", "desde")
    list_filter = ("completo",)
    search_fields = ("resumen",)
    ordering = ("-hasta", "-id")
    fields = ("desde", "hasta", "veces", "completo", "resumen", "que_hizo")
    readonly_fields = ("que_hizo",)

    @admin.display(description="en detalle")
    def en_detalle(self, ciclo: CicloHoja) -> str:
        more = len(ciclo.lineas) - 1
        return f"{ciclo.lineas[0]}{f' (y {more} más)' if more else ''}" if ciclo.lineas else ""

    @admin.display(description="qué hizo")
    def que_hizo(self, ciclo: CicloHoja) -> SafeString | str:
        return format_html_join("", "<p>{}</p>", ((line,) for line in ciclo.lineas)) or "-"
