"""Dispositivos: what may talk to the shop. Pairing shows its code once; renaming and revoking take a confirmation."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils import timezone

from occupation.admin._base import ReadOnlyAdmin, WordsFilter, row_number
from occupation.attention import SILENT_AFTER
from occupation.history import duration, seconds_between
from occupation.models import Device
from occupation.qr import drawing
from occupation.refusals import Refused
from occupation.services.devices import Invitacion, invite, issue_token, reinvite, rename, revoke
from occupation.vocabulary import NOMBRE_MAXIMO, DeviceKind, DeviceScope

LIST = "admin:occupation_device_changelist"
_PAIRED = Q(revocado_en__isnull=True, token_hash__isnull=False)


class NombreForm(forms.Form):
    """What people call the device."""

    nombre = forms.CharField(label="Nombre", max_length=NOMBRE_MAXIMO, help_text="Por ejemplo: Tableta nave 2")


class VincularForm(NombreForm):
    """A new device."""

    kind = forms.ChoiceField(label="Tipo", choices=DeviceKind.choices, initial=DeviceKind.TABLET)
    scope = forms.ChoiceField(
        label="Alcance",
        choices=DeviceScope.choices,
        initial=DeviceScope.ACT,
        help_text="Leer: solo mirar. Un tablero siempre solo lee.",
    )


class SilencioFilter(WordsFilter):
    """Those that may be used, those silent for a day, those revoked."""

    title = "estado"
    parameter_name = "silencio"
    choices_in_words: ClassVar = {
        "si": ("Sin señal desde hace un día", lambda: _PAIRED & Q(visto_en__lt=timezone.now() - SILENT_AFTER)),
        "vigente": ("Vigentes", lambda: _PAIRED),
        "revocado": ("Revocados", lambda: Q(revocado_en__isnull=False)),
    }


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin[Device]):
    """Tablets, boards and programs."""

    list_display = ("nombre", "kind", "scope", "estado", "visto", "creado_en")
    list_filter = (SilencioFilter, "kind", "scope")
    search_fields = ("nombre",)
    ordering = ("revocado_en", "nombre")
    actions = ("revocar_elegidos",)
    fields = ("nombre", "kind", "scope", "estado", "visto", "creado_en", "revocado_en")
    readonly_fields = ("estado", "visto")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("occupation.add_device")

    def may(self, request: HttpRequest) -> bool:
        """Whether this person may rename and revoke."""
        return request.user.has_perm("occupation.change_device")

    def has_revocar_permission(self, request: HttpRequest) -> bool:
        return self.may(request)

    def get_urls(self) -> list[URLPattern]:
        return [
            self.own_view("revocar/", self.revoke_view, "revocar"),
            self.own_view("<int:pk>/nombre/", self.rename_view, "nombre"),
            self.own_view("<int:pk>/vincular/", self.pair_again_view, "vincular"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Vincular dispositivo: asks for a name, then shows the code or the token, once."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = VincularForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                return self.show_once(request, _make(**form.cleaned_data))
            except Refused as refused:
                form.add_error("nombre", refused.frase)
        return self.form_page(request, "Vincular dispositivo", form, "Vincular")

    def show_once(self, request: HttpRequest, made: Invitacion | tuple[Device, str]) -> HttpResponse:
        """Show the secret of a device on the only page that will ever have it."""
        if isinstance(made, Invitacion):
            device, digitos = made.device, made.digitos
            enlace = f"{settings.PUBLIC_URL}/vincular/?{urlencode({'codigo': made.secreto})}"
            context = {"enlace": enlace, "qr": drawing(enlace), "digitos": f"{digitos[:4]} {digitos[4:]}"}
        else:
            device, token = made
            context = {"token": token}
        self.log_addition(request, device, "Vinculado" if device.kind == DeviceKind.API else "Invitado")
        page = self.page_context(request, f"Vincular {device.nombre}", device=device, **context)
        return TemplateResponse(request, "admin/occupation/device/once.html", page)

    def pair_again_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """A new code for a device that was lost, reset or never paired: the old one stops working."""
        if not (self.may(request) and self.has_add_permission(request)):
            raise PermissionDenied
        device = get_object_or_404(Device.objects.vigentes(), pk=pk)
        form = forms.Form({} if request.method == "POST" else None)
        if form.is_valid():
            try:
                return self.show_once(request, reinvite(device=device))
            except Refused as refused:
                form.add_error(None, refused.frase)
        aviso = "El aparato que usa este nombre dejará de funcionar de inmediato, y otro tomará su lugar."
        return self.form_page(request, f"Vincular de nuevo {device.nombre}", form, "Vincular", aviso)

    def rename_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        if not self.may(request):
            raise PermissionDenied
        device = get_object_or_404(Device, pk=pk)
        form = NombreForm(request.POST or None, initial={"nombre": device.nombre})
        if request.method == "POST" and form.is_valid():
            try:
                rename(device=device, nombre=form.cleaned_data["nombre"])
            except Refused as refused:
                form.add_error("nombre", refused.frase)
            else:
                self.log_change(request, device, "Cambio de nombre")
                messages.success(request, f"Ahora se llama {device.nombre}.")
                return redirect("admin:occupation_device_change", pk)
        return self.form_page(request, f"Cambiar el nombre de {device.nombre}", form, "Guardar")

    def revoke_view(self, request: HttpRequest) -> HttpResponseBase:
        """GET ?dispositivo=… asks, POST revokes."""
        if not self.may(request):
            raise PermissionDenied
        chosen = request.POST if request.method == "POST" else request.GET
        pks = [pk for text in chosen.getlist("dispositivo") if (pk := row_number(text))]
        devices = Device.objects.vigentes().filter(pk__in=pks).order_by("nombre")
        if request.method != "POST":
            return self.ask_revoke(request, devices)
        for device in devices:
            revoke(device=device)
            self.log_change(request, device, "Revocado")
            messages.success(request, f"{device.nombre} ya no puede entrar.")
        return redirect(LIST)

    def ask_revoke(self, request: HttpRequest, devices: QuerySet[Device]) -> HttpResponse:
        if not devices:
            messages.warning(request, "Elija al menos un dispositivo que no esté revocado.")
            return redirect(LIST)
        context = self.page_context(request, "REVOCAR dispositivos", devices=devices)
        return TemplateResponse(request, "admin/occupation/device/revoke.html", context)

    @admin.action(description="REVOCAR los elegidos", permissions=["revocar"])
    def revocar_elegidos(self, request: HttpRequest, queryset: QuerySet[Device]) -> HttpResponse:
        return self.ask_revoke(request, queryset.filter(revocado_en__isnull=True).order_by("nombre"))

    def form_page(
        self, request: HttpRequest, titulo: str, form: forms.Form, boton: str, aviso: str = ""
    ) -> HttpResponse:
        context = self.page_context(request, titulo, form=form, boton=boton, aviso=aviso)
        return TemplateResponse(request, "admin/occupation/device/form.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {"puede_cambiar": self.may(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra)

    @admin.display(description="estado")
    def estado(self, device: Device) -> str:
        if device.revocado_en:
            return "✕ revocado"
        return "● vinculado" if device.token_hash else "○ invitado, aún no vinculado"

    @admin.display(description="visto", ordering="visto_en")
    def visto(self, device: Device) -> str:
        if device.visto_en is None:
            return "nunca"
        hace = f"hace {duration(seconds_between(device.visto_en, timezone.now()))}"
        silent = not device.revocado_en and device.visto_en < timezone.now() - SILENT_AFTER
        return f"▲ {hace}" if silent else hace


def _make(nombre: str, kind: str, scope: str) -> Invitacion | tuple[Device, str]:
    if kind == DeviceKind.API:
        return issue_token(nombre=nombre, scope=DeviceScope(scope))
    return invite(nombre=nombre, kind=DeviceKind(kind), scope=DeviceScope(scope))
