"""The wall board's page, and the stream of all pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from dashboard import painted
from dashboard.board import board
from dashboard.feed import VISTAS
from dashboard.stream import StreamOpening, asked_since
from occupation.access import LookerRequest, cookie_device, looker_required
from occupation.api.envelope import refusal
from occupation.refusals import NoVinculado, SolicitudInvalida


@require_safe
@looker_required
def tablero(request: LookerRequest) -> HttpResponse:
    """The whole wall, or what changes of it where a script asks for that. Only a device's is told what happens."""
    asked = request.GET.get("pagina", "1")
    pagina = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    return _part(request, pagina) if "HX-Request" in request.headers else _page(request, pagina)


@never_cache
def _page(request: LookerRequest, pagina: int) -> HttpResponse:
    context = {"tablero": board(pagina), "escucha": request.device is not None}
    return render(request, "dashboard/tablero.html", context)


@vary_on_headers("HX-Request", "Cookie")
@cache_control(private=True, no_cache=True)
def _part(request: HttpRequest, pagina: int) -> HttpResponse:
    """With an ETag: a browser that has this picture is told so, and whoever has not gets the one that is painted."""
    moment = painted.moment(pagina)
    etag = quote_etag(moment)
    answer = get_conditional_response(request, etag=etag) or HttpResponse(painted.wall(pagina, moment))
    answer.headers["ETag"] = etag
    return answer


@require_safe
def en_vivo(request: HttpRequest) -> HttpResponse:
    """What changes on the pages that `?vista=` names (all of them without it), for paired browsers.

    A script reads this, so a stranger is not sent to the pairing page.
    """
    device, vistas = cookie_device(request), request.GET.getlist("vista") or VISTAS
    if device is None:
        return refusal(NoVinculado())
    if set(vistas) - set(VISTAS):
        return refusal(SolicitudInvalida({"vista": f"debe ser de {', '.join(VISTAS)}"}))
    return StreamOpening(device_id=device.pk, channels=vistas, since=asked_since(request))
