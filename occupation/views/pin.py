"""The pad on which a worker types the PIN, in shops that ask for one."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_htmx.http import push_url

from occupation.access import DeviceRequest, tablet_required
from occupation.forms import PinForm
from occupation.http_status import status_of
from occupation.models import Trabajador
from occupation.refusals import PinIncorrecto, Refused
from occupation.services.pins import check_pin, judge_pin
from occupation.views.chosen import asked_worker, stepped_up
from occupation.views.outcome import refused_as_page
from occupation.vocabulary import PIN_DIGITOS


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters()
@tablet_required
@refused_as_page()
def pin(request: DeviceRequest) -> HttpResponseBase:
    """One digit after the other; the fourth is judged. Scripts send all four at once."""
    if not settings.PIN_TRABAJADORES:
        return HttpResponseRedirect(reverse("picker"))
    trabajador = asked_worker(request)
    try:
        judge_pin(trabajador)
        typed = PinForm(request.POST).typed() if request.method == "POST" else ""
        if len(typed) < PIN_DIGITOS:
            return _pad(request, trabajador, typed)
        version = check_pin(trabajador=trabajador, pin=typed, device=request.device)
    except Refused as refused:
        return _pad(request, trabajador, "", refused)
    return stepped_up(request, trabajador.id, str(version))


def _pad(request: HttpRequest, trabajador: Trabajador, escrito: str, refused: Refused | None = None) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    contexto = {
        "quien": trabajador,
        "escrito": escrito,
        "lugares": [place < len(escrito) for place in range(PIN_DIGITOS)],
        "teclas": "123456789",
        "refused": refused,
        "cerrado": refused is not None and not isinstance(refused, PinIncorrecto),
        "siguiente": given.get("siguiente", ""),
    }
    response = render(request, "occupation/pin.html", contexto, status=status_of(refused) if refused else 200)
    # What a digit is answered cannot be fetched: the address bar keeps the page that asked for the first.
    return push_url(response, False) if request.method == "POST" else response  # noqa: FBT003 - its word for "do not"
