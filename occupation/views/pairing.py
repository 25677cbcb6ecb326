"""A browser becomes a tablet or a board: opening the link shows, tapping consumes the code."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from occupation.access import cookie_device, remember, safe_next
from occupation.http_status import status_of
from occupation.refusals import Refused
from occupation.services import pair
from occupation.vocabulary import DeviceKind


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def vincular(request: HttpRequest) -> HttpResponse:
    """GET may be fetched ahead by anything that follows links, so only POST uses the code up."""
    if request.method != "POST":
        return _shown(request, request.GET.get("codigo", ""))
    codigo = request.POST.get("codigo", "")
    try:
        device, token = pair(codigo=codigo, direccion=request.META.get("REMOTE_ADDR", ""))
    except Refused as refused:
        return _shown(request, codigo, refused)
    home = reverse("tablero" if device.kind == DeviceKind.BOARD else "picker")
    response = HttpResponseRedirect(safe_next(request, home) if device.kind != DeviceKind.BOARD else home)
    remember(response, token)
    return response


def _shown(request: HttpRequest, codigo: str, refused: Refused | None = None) -> HttpResponse:
    contexto = {
        "codigo": codigo,
        "refused": refused,
        "device": cookie_device(request),
        "siguiente": safe_next(request),
    }
    response = render(request, "occupation/vincular.html", contexto, status=status_of(refused) if refused else 200)
    # The address may have the code in it, and a proxy may log where a request came from. The origin alone is still
    # told: without it browsers post from nowhere ("null"), which the protection against forged posts refuses.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response
