"""Cells that a person and the app changed to different values, decided with one click either way."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, Q, QuerySet, Value
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase, HttpResponseNotAllowed
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from occupation.access import supervisor
from occupation.admin._base import DecisionAdmin, WordsFilter, row_number
from occupation.models import Conflicto
from occupation.queries import worker_names
from occupation.refusals import Refused
from occupation.services import resolver
from occupation.sheets.rows import app_cells_of, app_columns, shown
from occupation.vocabulary import Tomado

Lado = Literal["hoja", "app"]


class AbiertoFilter(WordsFilter):
    """To be decided, or decided."""

    title = "estado"
    parameter_name = "abierto"
    choices_in_words: ClassVar = {
        "si": ("Por decidir", lambda: Q(tomado="")),
        "no": ("Decididos", lambda: ~Q(tomado="")),
    }


@admin.register(Conflicto)
class ConflictoAdmin(DecisionAdmin[Conflicto]):
    """Cells that a person and the app changed to different values: the app's stands until somebody decides."""

    list_display = ("spool", "encabezado", "fila", "valor_hoja", "ahora", "decision")
    list_filter = (AbiertoFilter, "encabezado")
    list_select_related = ("spool",)
    search_fields = ("spool__tag", "encabezado", "valor_hoja")
    ordering = ("tomado", "-id")
    actions = ("tomar_hoja", "dejar_app")
    fields = ("spool", "encabezado", "fila", "valor_hoja", "hoja_en", "valor_app", "app_en", "ahora", "decision")
    readonly_fields = ("ahora", "decision")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conflicto]:
        may = Value(self.may(request), output_field=BooleanField())
        return super().get_queryset(request).annotate(decidible=may)

    def get_urls(self) -> list[URLPattern]:
        return [self.own_view("<int:pk>/tomar/<str:lado>/", self.decide_view, "tomar"), *super().get_urls()]

    def decide_view(self, request: HttpRequest, pk: int, lado: str) -> HttpResponseBase:
        """One click on one row: POST decides, on the spool as the page showed it."""
        if not self.may(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        conflictos = self.get_queryset(request).filter(pk=row_number(str(pk)) or 0)
        if lado not in get_args(Lado) or not conflictos:
            raise Http404
        self.decide(request, conflictos, "hoja" if lado == "hoja" else "app", _version(request.GET.get("version", "")))
        return self.back()

    def decide(
        self, request: HttpRequest, conflictos: QuerySet[Conflicto], lado: Lado, version: UUID | None = None
    ) -> None:
        """Each on its own: one that is refused says why, stays open and keeps no other back."""
        for conflicto in conflictos.select_related("spool").order_by("id"):
            try:
                decided = resolver(conflicto_id=conflicto.pk, tomar=lado, actor=supervisor(request), version=version)
            except Refused as refused:
                messages.error(request, f"{conflicto}: no se hizo. {refused.mensaje}")
            else:
                messages.success(request, _decided(decided))

    @admin.action(description="Tomar el de la hoja", permissions=["decidir"])
    def tomar_hoja(self, request: HttpRequest, queryset: QuerySet[Conflicto]) -> None:
        self.decide(request, queryset, "hoja")

    @admin.action(description="Dejar el de la app", permissions=["decidir"])
    def dejar_app(self, request: HttpRequest, queryset: QuerySet[Conflicto]) -> None:
        self.decide(request, queryset, "app")

    @admin.display(description="decisión")
    def decision(self, conflicto: Conflicto) -> SafeString | str:
        if conflicto.tomado:
            return _decided(conflicto)
        if not getattr(conflicto, "decidible", False):
            return "espera a un administrador"
        sheet, app = (reverse("admin:occupation_conflicto_tomar", args=[conflicto.pk, lado]) for lado in get_args(Lado))
        # The list and the page of a row are one form each: these buttons send it elsewhere.
        button = '<button type="submit" class="button" formmethod="post" formnovalidate formaction="{}{}">{}</button>'
        seen = f"?version={conflicto.spool.version}"
        return format_html(button + " " + button, sheet, seen, "Tomar el de la hoja", app, seen, "Dejar el de la app")

    @admin.display(description="la app dice ahora")
    def ahora(self, conflicto: Conflicto) -> str:
        text = app_cells_of(app_columns(conflicto.spool))[conflicto.encabezado]
        return shown(conflicto.encabezado, text, worker_names())


def _decided(conflicto: Conflicto) -> str:
    when = f"{timezone.localtime(conflicto.resuelto_en):%d-%m-%Y %H:%M}" if conflicto.resuelto_en else ""
    said = conflicto.valor_hoja if conflicto.tomado == Tomado.HOJA else conflicto.valor_app
    return f"{conflicto}: se tomó {Tomado(conflicto.tomado).label}, «{said}» ({conflicto.resuelto_por}, {when})"


def _version(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
