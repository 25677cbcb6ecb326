"""Trabajadores and their roles: edited here in a shop without a sheet, only shown while a sheet owns them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from occupation.access import supervisor
from occupation.admin._base import AskedListAdmin, workers_matching
from occupation.models import Trabajador
from occupation.queries import held_by
from occupation.services.workers import owner_of_workers, save_worker
from occupation.vocabulary import Rol

if TYPE_CHECKING:
    _WorkerForm = forms.ModelForm[Trabajador]
else:
    # Django's ModelForm takes no type argument at run time.
    _WorkerForm = forms.ModelForm


class TrabajadorForm(_WorkerForm):
    """A worker with the roles beside the name."""

    roles = forms.MultipleChoiceField(
        label="Roles", choices=Rol.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Trabajador
        fields = ("id", "nombre", "apellido", "activo")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["roles"] = self.instance.nombres_de_roles()


@admin.register(Trabajador)
class TrabajadorAdmin(AskedListAdmin[Trabajador]):
    """Who works here and what each may do. Nobody is ever deleted: the journal names them."""

    form = TrabajadorForm
    list_display = ("marca", "nombre_completo", "roles_en_palabras", "activo", "tiene")
    list_filter = ("activo", "roles__rol")
    search_fields = ("nombre",)
    search_help_text = "Nombre o número."
    ordering = ("id",)
    list_per_page = 100

    def get_queryset(self, request: HttpRequest) -> QuerySet[Trabajador]:
        return super().get_queryset(request).prefetch_related("roles", "ocupados")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Trabajador], search_term: str
    ) -> tuple[QuerySet[Trabajador], bool]:
        return (queryset.filter(pk__in=workers_matching(search_term)) if search_term else queryset), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and owner_of_workers() is None

    def has_change_permission(self, request: HttpRequest, obj: Trabajador | None = None) -> bool:
        return super().has_change_permission(request, obj) and owner_of_workers() is None

    def has_delete_permission(self, request: HttpRequest, obj: Trabajador | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Trabajador | None = None) -> list[Any]:
        editable = obj is None or self.has_change_permission(request, obj)
        names = ["id", "nombre", "apellido", "activo", "roles" if editable else "roles_en_palabras"]
        return names if obj is None else [*names, "tiene"]

    def get_readonly_fields(self, request: HttpRequest, obj: Trabajador | None = None) -> list[str]:
        """The number is for ever: the journal and the painted marks refer to it."""
        return ["roles_en_palabras", "tiene"] if obj is None else ["id", "roles_en_palabras", "tiene"]

    def save_model(self, request: HttpRequest, obj: Trabajador, form: forms.Form, change: bool) -> None:  # noqa: FBT001  Django's signature
        saved = save_worker(
            id=obj.pk,
            nombre=obj.nombre,
            apellido=obj.apellido,
            activo=obj.activo,
            roles=[Rol(rol) for rol in form.cleaned_data["roles"]],
            actor=supervisor(request),
        )
        self._say_what_is_held(request, saved)

    def _say_what_is_held(self, request: HttpRequest, trabajador: Trabajador) -> None:
        held = [] if trabajador.activo else held_by(trabajador)
        if held:
            tags = ", ".join(spool.tag_hoja for spool in held)
            messages.warning(
                request,
                f"{trabajador} queda inactivo y todavía tiene {tags}. "
                "Puede pausarlos o completarlos, o un supervisor puede liberarlos.",
            )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        _say_who_owns(request)
        return super().changelist_view(request, {"title": "Trabajadores", **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        _say_who_owns(request)
        return super().change_view(request, object_id, form_url, extra_context)

    @admin.display(description="trabajador", ordering="id")
    def marca(self, trabajador: Trabajador) -> str:
        return trabajador.worker_nombre

    @admin.display(description="roles")
    def roles_en_palabras(self, trabajador: Trabajador) -> str:
        return ", ".join(Rol(rol).label for rol in trabajador.nombres_de_roles()) or "ninguno"

    @admin.display(description="tiene ahora")
    def tiene(self, trabajador: Trabajador) -> str:
        return ", ".join(spool.tag_hoja for spool in trabajador.ocupados.all()) or "nada"


def _say_who_owns(request: HttpRequest) -> None:
    owner = owner_of_workers()
    if owner and request.method == "GET":
        messages.info(request, f"Los trabajadores y sus roles se editan en {owner}; aquí solo se muestran.")
