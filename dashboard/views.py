"""The wall board's page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard.board import board
from occupation.access import DeviceRequest, device_required


@require_safe
@never_cache
@device_required
def tablero(request: DeviceRequest) -> HttpResponse:
    """The whole wall, or what changes of it where a script asks for that."""
    asked = request.GET.get("pagina", "1")
    pagina = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    template = "dashboard/_tablero.html" if "HX-Request" in request.headers else "dashboard/tablero.html"
    return render(request, template, {"tablero": board(pagina)})
