"""Bitácora: what happened, newest first, never edited. Made for a million rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from occupation.admin._base import CappedPaginator, ReadOnlyAdmin, pretty, workers_matching
from occupation.admin._export import journal_csv
from occupation.history import midnight
from occupation.models import Evento, Spool
from occupation.tags import search_key
from occupation.vocabulary import PRIMER_DIA

SPOOLS_BY_NAME = 25
"""A search that means no more spools than this names them one by one, and the database looks each up in its index.

For more it walks the journal from its end instead, where it soon finds a page of them.
"""


class DiaFilter(admin.SimpleListFilter):
    """One day in Chile, typed into a field."""

    title = "día"
    parameter_name = "dia"
    template = "admin/occupation/evento/filtro_dia.html"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(self.used_parameters.get("dia") or "", "")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """What the field's form must send along: the search and the other filters."""
        yield {"otros": {key: value for key, value in changelist.params.items() if key not in ("dia", "p")}}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Evento]) -> QuerySet[Evento]:
        dia = _read_day(self.value())
        if dia is None:
            return queryset
        return queryset.filter(instante__gte=midnight(dia), instante__lt=midnight(dia + timedelta(days=1)))


def _read_day(text: str | None) -> date | None:
    """What a person typed, if the shop can have lived it: at either end of the calendar no time zone can be applied."""
    try:
        dia = date.fromisoformat(text or "")
    except ValueError:
        return None
    return dia if dia >= PRIMER_DIA and dia.year < 2100 else None


@admin.register(Evento)
class EventoAdmin(ReadOnlyAdmin[Evento]):
    """The append-only journal."""

    list_display = ("id", "cuando", "tipo", "tag", "quien", "actor", "operacion", "resumen")
    list_display_links = ("id",)
    list_filter = ("tipo", "operacion", "actor_tipo", DiaFilter, "instante")
    list_select_related = ("spool", "trabajador")
    ordering = ("-id",)
    sortable_by = ()
    paginator = CappedPaginator
    search_fields = ("spool__busqueda",)
    search_help_text = "Tag, NV o trabajador; no importan guiones, espacios ni mayúsculas."
    fields = ("id", "uuid", "cuando", "tipo", "tag", "quien", "actor", "operacion", "accion", "dia", "datos", "foto")
    readonly_fields = ("id", "uuid", "cuando", "tag", "quien", "actor", "datos", "foto")

    def get_urls(self) -> list[URLPattern]:
        return [self.own_view("exportar/", self.export_view, "exportar"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """What the list shows under the same search and filters, all pages of it, as a CSV file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            shown = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return self.whole_list()
        answer = StreamingHttpResponse(journal_csv(shown), content_type="text/csv; charset=utf-8")
        name = f"bitacora-{timezone.localtime():%Y-%m-%d-%H%M}.csv"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Evento], search_term: str
    ) -> tuple[QuerySet[Evento], bool]:
        key = search_key(search_term)
        if not key:
            return queryset, False
        return queryset.filter(_about_spools(key) | Q(trabajador__in=workers_matching(search_term))), False

    @admin.display(description="instante")
    def cuando(self, evento: Evento) -> str:
        return f"{timezone.localtime(evento.instante):%d-%m-%Y %H:%M:%S}"

    @admin.display(description="spool")
    def tag(self, evento: Evento) -> SafeString | str:
        if evento.spool is None:
            return ""
        page = reverse("admin:occupation_spool_change", args=(evento.spool_id,))
        return format_html('<a href="{}">{}</a>', page, evento.spool.tag_hoja)

    @admin.display(description="trabajador")
    def quien(self, evento: Evento) -> str:
        return str(evento.trabajador) if evento.trabajador else ""

    @admin.display(description="actor")
    def actor(self, evento: Evento) -> str:
        return f"{evento.get_actor_tipo_display()}: {evento.actor_nombre}"

    @admin.display(description="detalle")
    def resumen(self, evento: Evento) -> str:
        shown = [f"{key} {value}" for key, value in evento.detalle.items() if isinstance(value, str | int)]
        return ", ".join(shown)[:120]

    @admin.display(description="detalle")
    def datos(self, evento: Evento) -> SafeString:
        return pretty(evento.detalle)

    @admin.display(description="el spool, como quedó")
    def foto(self, evento: Evento) -> SafeString:
        return pretty(evento.estado)


def _about_spools(key: str) -> Q:
    few = list(Spool.objects.filter(busqueda__contains=key).values_list("pk", flat=True)[: SPOOLS_BY_NAME + 1])
    return Q(spool__in=few) if len(few) <= SPOOLS_BY_NAME else Q(spool__busqueda__contains=key)
