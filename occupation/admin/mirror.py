"""The mirror at the office: what both sides changed, what was put back, which tabs are held, and what waits."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, get_args

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, F, Q, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from occupation.access import supervisor
from occupation.admin._base import M, ReadOnlyAdmin, WordsFilter, pretty, row_number
from occupation.models import Conflicto, EdicionDevuelta, EstadoHoja, Mirror, Retencion
from occupation.refusals import Refused
from occupation.services import resolver
from occupation.services.holds import PERMISIBLES, permit
from occupation.services.mirroring import requeue
from occupation.sheets.layout import Tab
from occupation.vocabulary import TipoRetencion, Tomado

Lado = Literal["hoja", "app"]

_PROBLEMA = ("error_tipo", "error", "error_desde", "esperar_hasta")


class DecisionAdmin(ReadOnlyAdmin[M]):
    """A list whose rows wait for a decision of an administrator's, carried out by a service."""

    def may(self, request: HttpRequest) -> bool:
        """Whether this person may decide. Everybody else who may look only looks."""
        return request.user.has_perm(f"occupation.change_{self.opts.model_name}")

    def has_decidir_permission(self, request: HttpRequest) -> bool:
        return self.may(request)

    def back(self) -> HttpResponse:
        """To the list, which tells what happened."""
        return redirect(f"admin:occupation_{self.opts.model_name}_changelist")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"puede": self.may(request), **(extra_context or {})})


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

    list_display = ("spool", "encabezado", "fila", "valor_hoja", "hoja_en", "valor_app", "app_en", "decision")
    list_filter = (AbiertoFilter, "encabezado")
    list_select_related = ("spool",)
    search_fields = ("spool__tag", "encabezado", "valor_hoja")
    ordering = ("tomado", "-id")
    actions = ("tomar_hoja", "dejar_app")
    fields = ("spool", "encabezado", "fila", "valor_hoja", "hoja_en", "valor_app", "app_en", "decision")
    readonly_fields = ("decision",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conflicto]:
        may = Value(self.may(request), output_field=BooleanField())
        return super().get_queryset(request).annotate(decidible=may)

    def get_urls(self) -> list[URLPattern]:
        return [self.own_view("<int:pk>/tomar/<str:lado>/", self.decide_view, "tomar"), *super().get_urls()]

    def decide_view(self, request: HttpRequest, pk: int, lado: str) -> HttpResponseBase:
        """One click on one row: POST decides."""
        if not self.may(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        conflictos = self.get_queryset(request).filter(pk=row_number(str(pk)) or 0)
        if lado not in get_args(Lado) or not conflictos:
            raise Http404
        self.decide(request, conflictos, "hoja" if lado == "hoja" else "app")
        return self.back()

    def decide(self, request: HttpRequest, conflictos: QuerySet[Conflicto], lado: Lado) -> None:
        """Each on its own: one that is refused says why, stays open and keeps no other back."""
        for conflicto in conflictos.select_related("spool").order_by("id"):
            try:
                decided = resolver(conflicto_id=conflicto.pk, tomar=lado, actor=supervisor(request))
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
        button = '<button type="submit" class="button" formmethod="post" formnovalidate formaction="{}">{}</button>'
        return format_html(button + " " + button, sheet, "Tomar el de la hoja", app, "Dejar el de la app")


def _decided(conflicto: Conflicto) -> str:
    when = f"{timezone.localtime(conflicto.resuelto_en):%d-%m-%Y %H:%M}" if conflicto.resuelto_en else ""
    return f"{conflicto}: se tomó {Tomado(conflicto.tomado).label} ({conflicto.resuelto_por}, {when})"


@admin.register(EdicionDevuelta)
class EdicionDevueltaAdmin(ReadOnlyAdmin[EdicionDevuelta]):
    """Edits of our columns that could not be adopted."""

    list_display = ("spool", "encabezado", "fila", "valor_hoja", "valor_app", "motivo", "visto_en")
    list_filter = ("encabezado",)
    list_select_related = ("spool",)
    search_fields = ("spool__tag", "encabezado", "valor_hoja")
    ordering = ("-visto_en", "-id")


@admin.register(Retencion)
class RetencionAdmin(DecisionAdmin[Retencion]):
    """Tabs that are left alone, with the exact header to mend."""

    list_display = ("hoja", "tipo", "encabezado", "motivo", "desde", "que_hacer")
    list_filter = ("hoja", "tipo", "permitida")
    ordering = ("hoja", "tipo")
    actions = ("permitir_elegidas",)
    fields = ("hoja", "tipo", "encabezado", "motivo", "desde", "que_hacer")
    readonly_fields = ("que_hacer",)

    def get_urls(self) -> list[URLPattern]:
        return [self.own_view("permitir/", self.permit_view, "permitir"), *super().get_urls()]

    def permit_view(self, request: HttpRequest) -> HttpResponseBase:
        """GET ?retencion=… asks, POST allows."""
        if not self.may(request):
            raise PermissionDenied
        chosen = request.POST if request.method == "POST" else request.GET
        pks = [pk for text in chosen.getlist("retencion") if (pk := row_number(text))]
        retenciones = Retencion.objects.filter(pk__in=pks).order_by("hoja", "tipo")
        if request.method != "POST":
            return self.ask(request, retenciones)
        for retencion in retenciones:
            self.permit_one(request, retencion)
        return self.back()

    def permit_one(self, request: HttpRequest, retencion: Retencion) -> None:
        if retencion.tipo not in PERMISIBLES:
            messages.error(request, f"{retencion.hoja}: esto no se permite, se repara en la hoja; después sigue sola.")
        elif permit(Tab(retencion.hoja), TipoRetencion(retencion.tipo)):
            self.log_change(request, retencion, "Permitida")
            messages.success(request, f"{retencion.hoja}: permitido. Se hace en la próxima lectura de la hoja.")
        else:
            messages.info(request, f"{retencion.hoja}: ya no estaba retenida.")

    def ask(self, request: HttpRequest, retenciones: QuerySet[Retencion]) -> HttpResponse:
        waiting = retenciones.filter(tipo__in=PERMISIBLES, permitida=False)
        if not waiting:
            messages.warning(
                request,
                "Elija una hoja que espere un permiso: muchas ediciones o una lectura encogida. "
                "Lo demás se repara en la hoja y sigue solo.",
            )
            return self.back()
        asked = [(one, _consequence(one)) for one in waiting]
        context = self.page_context(request, "PERMITIR en la hoja", retenciones=asked)
        return TemplateResponse(request, "admin/occupation/retencion/permit.html", context)

    @admin.action(description="PERMITIR en las elegidas", permissions=["decidir"])
    def permitir_elegidas(self, request: HttpRequest, queryset: QuerySet[Retencion]) -> HttpResponse:
        return self.ask(request, queryset)

    @admin.display(description="qué hacer")
    def que_hacer(self, retencion: Retencion) -> str:
        if retencion.permitida:
            return "Permitido: se hace en la próxima lectura."
        if retencion.tipo in PERMISIBLES:
            return "Mire la hoja: repárela allí, o permita lo que se ve."
        return "Repárelo en la hoja: después sigue sola."


def _consequence(retencion: Retencion) -> str:
    if retencion.tipo == TipoRetencion.EDICIONES:
        return "La app tomará esas ediciones como hechas, y quedarán en la bitácora."
    if retencion.hoja == Tab.OPERACIONES:
        return "Los spools que ya no están en la hoja saldrán del taller; su historia queda. Los tomados se quedan."
    return "La app dará por buena la hoja como está ahora."


class AtrasoFilter(WordsFilter):
    """Behind the sheet, refused by it, or equal to it."""

    title = "atraso"
    parameter_name = "atraso"
    choices_in_words: ClassVar = {
        "si": ("Esperan la hoja", lambda: Q(pk__in=Mirror.objects.behind())),
        "estacionada": ("Estacionadas", lambda: Q(pk__in=Mirror.objects.parked())),
        "no": ("Al día", lambda: Q(behind_since__isnull=True)),
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
        if mirror.error:
            return "estacionada: la hoja no la deja escribir"
        return "espera la hoja" if mirror.behind_since else "al día"

    @admin.display(description="desde", ordering="behind_since")
    def desde(self, mirror: Mirror) -> str:
        return f"{timezone.localtime(mirror.behind_since):%d-%m-%Y %H:%M}" if mirror.behind_since else ""

    @admin.display(description="celdas, como las dejó la hoja")
    def celdas(self, mirror: Mirror) -> SafeString:
        return pretty(mirror.base)


@admin.register(EstadoHoja)
class EstadoHojaAdmin(ReadOnlyAdmin[EstadoHoja]):
    """When the book was last reached, by whom, and why not since."""

    list_display = ("nombre", "sincronizada_en", "lider", "lider_desde", *_PROBLEMA)
    fields = ("sincronizada_en", "lider", "lider_desde", *_PROBLEMA, "metadata_fila")

    @admin.display(description="hoja")
    def nombre(self, _estado: EstadoHoja) -> str:
        return "El libro"
