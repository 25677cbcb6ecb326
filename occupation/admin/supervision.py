"""Ocupaciones → LIBERAR and Bloqueados → DESBLOQUEAR: one or many, always with a reason, shown before and after."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple, Protocol
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from occupation.access import supervisor
from occupation.admin._base import (
    AskedList,
    M,
    ReadOnlyAdmin,
    WordsFilter,
    row_number,
    spool_page,
    workers_matching,
)
from occupation.attention import long_before, marks_of
from occupation.history import duration, seconds_between
from occupation.models import Bloqueado, Ocupacion, Spool
from occupation.models.spool import TOMABLES
from occupation.services import Actor, Desenlace, Respuesta, desbloquear, liberar, one_by_one
from occupation.services.supervision import MOTIVO_MAXIMO
from occupation.tags import search_key
from occupation.vocabulary import EstadoCalidad, Operacion


class SupervisorVerb(Protocol):
    """LIBERAR or DESBLOQUEAR."""

    def __call__(
        self, *, tag: str, motivo: str, actor: Actor, clave: str | None = None, version: UUID | None = None
    ) -> Respuesta: ...


class MotivoForm(forms.Form):
    """Why, and the key that makes sending it twice harmless."""

    motivo = forms.CharField(
        label="Motivo",
        max_length=MOTIVO_MAXIMO,
        widget=forms.TextInput(attrs={"size": 60, "autocomplete": "off"}),
        help_text="Queda en la bitácora junto a su nombre, y lo ve el trabajador.",
    )
    clave = forms.CharField(max_length=100, widget=forms.HiddenInput)


class Elegido(NamedTuple):
    """A spool chosen on the page, and its version as the person saw it."""

    spool: Spool
    version: UUID


class VerbAdmin(ReadOnlyAdmin[M]):
    """A list of spools with one verb: a page that says what will happen and asks why, then what happened."""

    verbo: ClassVar[SupervisorVerb]
    nombre_verbo: ClassVar[str]
    permiso: ClassVar[str]
    que_pasara: ClassVar[str]
    search_fields = ("busqueda",)

    def get_urls(self) -> list[URLPattern]:
        return [self.own_view(f"{self.nombre_verbo}/", self.verb_view, self.nombre_verbo), *super().get_urls()]

    def may(self, request: HttpRequest) -> bool:
        """Whether this person may carry the verb out."""
        return request.user.has_perm(self.permiso)

    def verb_view(self, request: HttpRequest) -> HttpResponseBase:
        """GET ?spool=… asks, POST does."""
        if not self.may(request):
            raise PermissionDenied
        if request.method != "POST":
            return self.ask(request, self.chosen(request.GET.getlist("spool")))
        form = MotivoForm(request.POST)
        elegidos = self.chosen(request.POST.getlist("spool"))
        if not form.is_valid():
            return self.ask(request, elegidos, form)
        return self.answer(request, elegidos, self.carry_out(request, elegidos, **form.cleaned_data))

    def chosen(self, values: Sequence[str]) -> list[Elegido]:
        """The spools of a request, as `id` or as `id:version`, in the order of their tags."""
        pairs = [_read_choice(value) for value in values]
        versions = dict(filter(None, pairs))
        spools = Spool.objects.filter(pk__in=versions).con_gente().order_by("tag")
        return [Elegido(spool, versions[spool.pk] or spool.version) for spool in spools]

    def ask(self, request: HttpRequest, elegidos: list[Elegido], form: MotivoForm | None = None) -> HttpResponse:
        """The page between the choice and the deed."""
        if not elegidos:
            messages.warning(request, "Elija al menos un spool de la lista.")
            return redirect(f"admin:occupation_{self.opts.model_name}_changelist")
        context = self.page_context(
            request,
            f"{self.nombre_verbo.upper()} {_spools(len(elegidos))}",
            verbo=self.nombre_verbo,
            que_pasara=self.que_pasara,
            elegidos=[(elegido, age(elegido.spool)) for elegido in elegidos],
            form=form or MotivoForm(initial={"clave": str(uuid4())}),
        )
        return TemplateResponse(request, "admin/occupation/verb_ask.html", context)

    def carry_out(self, request: HttpRequest, elegidos: list[Elegido], motivo: str, clave: str) -> list[Desenlace]:
        """Each spool on its own: one that changed meanwhile does not keep the others back."""
        verb = partial(self.verbo, motivo=motivo, actor=supervisor(request))
        return one_by_one(
            (spool.tag_hoja, partial(verb, tag=spool.tag, clave=f"{clave}:{spool.pk}", version=version))
            for spool, version in elegidos
        )

    def answer(self, request: HttpRequest, elegidos: list[Elegido], desenlaces: list[Desenlace]) -> HttpResponse:
        """What happened, spool by spool."""
        fallidos = [
            elegido.spool.pk for elegido, each in zip(elegidos, desenlaces, strict=True) if each.refused is not None
        ]
        context = self.page_context(
            request,
            f"{self.nombre_verbo.upper()}: {len(desenlaces) - len(fallidos)} de {_spools(len(desenlaces))}",
            verbo=self.nombre_verbo,
            desenlaces=desenlaces,
            fallidos=fallidos,
        )
        return TemplateResponse(request, "admin/occupation/verb_answer.html", context)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        return queryset.filter(spool_matches(search_term)), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {"puede_verbo": self.may(request), "verbo": self.nombre_verbo}
        return super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    @admin.display(description="página")
    def pagina(self, spool: Spool) -> SafeString:
        return format_html('<a href="{}">Ver spool</a>', spool_page(spool.tag))


def _read_choice(value: str) -> tuple[int, UUID | None] | None:
    text, _, version = value.partition(":")
    pk = row_number(text)
    try:
        return (pk, UUID(version) if version else None) if pk else None
    except ValueError:
        return None


def _spools(cuantos: int) -> str:
    return "1 spool" if cuantos == 1 else f"{cuantos} spools"


def spool_matches(term: str) -> Q:
    """The spools a search means: by tag, by NV, or by who holds them."""
    key = search_key(term)
    return Q(busqueda__contains=key) | Q(ocupado_por__in=workers_matching(term)) if key else Q()


def age(spool: Spool) -> str:
    """How long the spool has been held, as a person reads it; blank when nobody holds it."""
    if spool.ocupado_desde is None:
        return ""
    return duration(seconds_between(spool.ocupado_desde, timezone.now()))


class LargaFilter(WordsFilter):
    """Only what is held for longer than the shop thinks right."""

    title = "duración"
    parameter_name = "larga"
    choices_in_words: ClassVar = {"si": ("Para revisar", lambda: Q(ocupado_desde__lte=long_before(timezone.now())))}


class InactivoFilter(WordsFilter):
    """Only what somebody holds who was deactivated."""

    title = "trabajador inactivo"
    parameter_name = "inactivo"
    choices_in_words: ClassVar = {"si": ("Inactivos", lambda: Q(ocupado_por__activo=False))}


class OperacionFilter(WordsFilter):
    """By what is being done."""

    title = "operación"
    parameter_name = "operacion"
    choices_in_words: ClassVar = {
        str(operacion): (operacion.label, partial(Q, ocupado_operacion=operacion)) for operacion in TOMABLES
    }


class HolderFilter(admin.RelatedOnlyFieldListFilter):
    """By who holds it; nobody is not a choice here."""

    include_empty_choice = False


class MarkedList(AskedList):
    """Knows what Redis says of each row of the page, asked once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        marks = marks_of(self.result_list)
        for ocupacion in self.result_list:
            ocupacion.marca = marks[ocupacion.pk]


@admin.register(Ocupacion)
class OcupacionAdmin(VerbAdmin[Ocupacion]):
    """Who has what right now, longest first."""

    verbo = staticmethod(liberar)
    nombre_verbo = "liberar"
    permiso = "occupation.liberar_ocupacion"
    que_pasara = (
        "Cada spool queda pausado y disponible, con su avance. Quien lo tenía lo ve de inmediato en la tableta, "
        "y cualquiera con el rol puede seguirlo."
    )
    list_display = ("tag_hoja", "edad", "quien", "operacion", "desde", "nv", "en_redis", "pagina")
    list_display_links = ("tag_hoja",)
    list_filter = (
        LargaFilter,
        InactivoFilter,
        OperacionFilter,
        ("ocupado_por", HolderFilter),
    )
    list_select_related = ("ocupado_por",)
    ordering = ("ocupado_desde",)
    actions = ("liberar_elegidos",)
    fields = ("tag_hoja", "nv", "quien", "operacion", "desde", "edad", "estado_detalle", "en_redis", "pagina")
    readonly_fields = ("quien", "operacion", "desde", "edad", "en_redis", "pagina")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ocupacion]:
        return super().get_queryset(request).filter(ocupado_por__isnull=False)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[AskedList]:
        return MarkedList

    def has_liberar_permission(self, request: HttpRequest) -> bool:
        return self.may(request)

    @admin.action(description="LIBERAR los elegidos", permissions=["liberar"])
    def liberar_elegidos(self, request: HttpRequest, queryset: QuerySet[Ocupacion]) -> HttpResponse:
        return self.ask(request, self.chosen([str(pk) for pk in queryset.values_list("pk", flat=True)]))

    @admin.display(description="trabajador", ordering="ocupado_por__nombre")
    def quien(self, ocupacion: Ocupacion) -> str:
        return str(ocupacion.ocupado_por)

    @admin.display(description="operación", ordering="ocupado_operacion")
    def operacion(self, ocupacion: Ocupacion) -> str:
        return Operacion(ocupacion.ocupado_operacion or "").label

    @admin.display(description="desde", ordering="ocupado_desde")
    def desde(self, ocupacion: Ocupacion) -> str:
        return f"{timezone.localtime(ocupacion.ocupado_desde):%d-%m-%Y %H:%M}"

    @admin.display(description="tiempo")
    def edad(self, ocupacion: Ocupacion) -> SafeString | str:
        if ocupacion.ocupado_desde and ocupacion.ocupado_desde <= long_before(timezone.now()):
            return format_html('{} <strong class="revisar">▲ REVISAR</strong>', age(ocupacion))
        return age(ocupacion)

    @admin.display(description="marca en Redis")
    def en_redis(self, ocupacion: Ocupacion) -> str:
        return str((ocupacion.marca or marks_of([ocupacion])[ocupacion.pk]).label)


@admin.register(Bloqueado)
class BloqueadoAdmin(VerbAdmin[Bloqueado]):
    """What three rejections in a row have stopped."""

    verbo = staticmethod(desbloquear)
    nombre_verbo = "desbloquear"
    permiso = "occupation.desbloquear_bloqueado"
    que_pasara = "Cada spool vuelve a rechazado, en su segundo ciclo: puede repararse e inspeccionarse una vez más."
    list_display = ("tag_hoja", "nv", "armador", "soldador", "estado_detalle", "pagina")
    list_display_links = ("tag_hoja",)
    list_select_related = ("armador", "soldador")
    ordering = ("tag",)
    actions = ("desbloquear_elegidos",)
    fields = ("tag_hoja", "nv", "estado_detalle", "ciclo", "armador", "soldador", "pagina")
    readonly_fields = ("pagina",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bloqueado]:
        return super().get_queryset(request).filter(archivado_en__isnull=True, calidad_state=EstadoCalidad.BLOQUEADO)

    def has_desbloquear_permission(self, request: HttpRequest) -> bool:
        return self.may(request)

    @admin.action(description="DESBLOQUEAR los elegidos", permissions=["desbloquear"])
    def desbloquear_elegidos(self, request: HttpRequest, queryset: QuerySet[Bloqueado]) -> HttpResponse:
        return self.ask(request, self.chosen([str(pk) for pk in queryset.values_list("pk", flat=True)]))
