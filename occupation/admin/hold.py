"""Tabs that are left alone: why, what to mend, and what an administrator may allow or have looked at again."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from occupation.admin._base import DecisionAdmin, row_number
from occupation.models import Retencion
from occupation.services.holds import PERMISIBLES, permit, release
from occupation.sheets.layout import Tab
from occupation.vocabulary import TipoRetencion

Elegida = tuple[Retencion, str]
"""A held tab chosen on a page, and the mark of what the page showed; "" if it showed nothing."""


@admin.register(Retencion)
class RetencionAdmin(DecisionAdmin[Retencion]):
    """Tabs that are left alone, with the exact header to mend."""

    list_display = ("hoja", "tipo", "encabezado", "motivo", "desde", "que_hacer")
    list_filter = ("hoja", "tipo", "permitida")
    ordering = ("hoja", "tipo")
    actions = ("permitir_elegidas",)
    fields = ("hoja", "tipo", "encabezado", "motivo", "cuales", "desde", "que_hacer")
    readonly_fields = ("cuales", "que_hacer")

    def get_urls(self) -> list[URLPattern]:
        return [
            self.own_view("permitir/", self.permit_view, "permitir"),
            self.own_view("mirar/", self.look_view, "mirar"),
            *super().get_urls(),
        ]

    def permit_view(self, request: HttpRequest) -> HttpResponseBase:
        """GET ?retencion=… asks, POST allows what the page showed."""
        chosen = self.chosen(request)
        if request.method != "POST":
            return self.ask(request, Retencion.objects.filter(pk__in=[one.pk for one, _ in chosen]))
        for retencion, marca in chosen:
            self.permit_one(request, retencion, marca)
        return self.back()

    def look_view(self, request: HttpRequest) -> HttpResponseBase:
        """POST: whoever repaired the sheet has it read again, which may hold it again."""
        chosen = self.chosen(request)
        for retencion, _ in chosen if request.method == "POST" else ():
            if retencion.tipo == TipoRetencion.EDICIONES and release(Tab(retencion.hoja), TipoRetencion.EDICIONES):
                self.log_change(request, retencion, "Se mira de nuevo")
                messages.success(request, f"{retencion.hoja}: se mira de nuevo en el próximo ciclo.")
            else:
                messages.info(request, f"{retencion.hoja}: se lee en cada ciclo, y sigue sola cuando esté bien.")
        return self.back()

    def chosen(self, request: HttpRequest) -> list[Elegida]:
        """The held tabs of a request, as `id` or as `id:marca`. PermissionDenied for who may only look."""
        if not self.may(request):
            raise PermissionDenied
        sent = request.POST if request.method == "POST" else request.GET
        seen = dict(_read_choices(sent.getlist("retencion")))
        found = Retencion.objects.filter(pk__in=seen).order_by("hoja", "tipo")
        if len(found) < len(seen):
            messages.info(request, "Lo que eligió ya no está retenido: mire la lista de nuevo.")
        return [(one, seen[one.pk]) for one in found]

    def permit_one(self, request: HttpRequest, retencion: Retencion, marca: str) -> None:
        if retencion.tipo not in PERMISIBLES:
            messages.error(request, f"{retencion.hoja}: esto no se permite, se repara en la hoja; después sigue sola.")
        elif marca in ("", str(retencion.marca)) and permit(
            Tab(retencion.hoja), TipoRetencion(retencion.tipo), marca=retencion.marca
        ):
            self.log_change(request, retencion, "Permitida")
            messages.success(request, f"{retencion.hoja}: permitido. Se hace en la próxima lectura de la hoja.")
        else:
            messages.error(request, f"{retencion.hoja}: cambió mientras lo miraba. Mírelo de nuevo: {retencion.motivo}")

    def ask(self, request: HttpRequest, retenciones: QuerySet[Retencion]) -> HttpResponse:
        waiting = retenciones.filter(tipo__in=PERMISIBLES, permitida=False).order_by("hoja", "tipo")
        if not waiting:
            messages.warning(
                request,
                "Elija una hoja que espere un permiso: muchas ediciones o una lectura encogida. "
                "Lo demás se repara en la hoja y sigue solo.",
            )
            return self.back()
        context = self.page_context(
            request,
            "PERMITIR en la hoja",
            retenciones=[(one, _consequence(one)) for one in waiting],
            se_mira=any(one.tipo == TipoRetencion.EDICIONES for one in waiting),
        )
        return TemplateResponse(request, "admin/occupation/retencion/permit.html", context)

    @admin.action(description="PERMITIR en las elegidas", permissions=["decidir"])
    def permitir_elegidas(self, request: HttpRequest, queryset: QuerySet[Retencion]) -> HttpResponse:
        return self.ask(request, queryset)

    @admin.display(description="cuáles")
    def cuales(self, retencion: Retencion) -> SafeString | str:
        return format_html_join("", "<p>{}</p>", ((one,) for one in retencion.detalle)) or "-"

    @admin.display(description="qué hacer")
    def que_hacer(self, retencion: Retencion) -> str:
        if retencion.permitida:
            return "Permitido: se hace en la próxima lectura."
        if retencion.tipo in PERMISIBLES:
            return "Mire la hoja: repárela allí, o permita lo que se ve."
        return "Repárelo en la hoja: después sigue sola."


def _read_choices(values: list[str]) -> Iterator[tuple[int, str]]:
    for value in values:
        text, _, marca = value.partition(":")
        if pk := row_number(text):
            yield pk, marca


def _consequence(retencion: Retencion) -> str:
    if retencion.tipo == TipoRetencion.EDICIONES:
        return "La app tomará esas ediciones como hechas, y quedarán en la bitácora."
    if retencion.hoja == Tab.OPERACIONES:
        return "Los spools que ya no están en la hoja saldrán del taller (los tomados, cuando los suelten)."
    return "La app dará por buena la hoja como está ahora."
