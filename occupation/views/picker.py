"""¿Quién eres?: the first page of a tablet."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from occupation.access import DeviceRequest, device_required, tablet_required
from occupation.models import Trabajador
from occupation.queries import recent_worker_ids, workers_like, workers_to_choose
from occupation.views.chosen import asked_worker, forget, inside, stepped_up
from occupation.views.outcome import refused_as_page
from occupation.vocabulary import DeviceKind


@require_safe
@never_cache
@device_required
def picker(request: DeviceRequest) -> HttpResponseBase:
    """Everybody who may step up, the last few on this tablet first. Asking who it is forgets who it was."""
    if request.device.kind == DeviceKind.BOARD:
        return HttpResponseRedirect(reverse("tablero"))
    trabajadores, q = workers_to_choose(), request.GET.get("q", "").strip()[:60]
    contexto = {
        "q": q,
        "siguiente": inside(request.GET.get("siguiente", "")),
        "trabajadores": workers_like(trabajadores, q),
        "recientes": [] if q else _recent(request, trabajadores),
    }
    response = render(request, "occupation/picker.html", contexto)
    forget(response)
    return response


@require_POST
@never_cache
@tablet_required
@refused_as_page()
def entrar(request: DeviceRequest) -> HttpResponse:
    """The worker steps up."""
    worker_id = asked_worker(request).id
    if settings.PIN_TRABAJADORES:
        asked = {"trabajador": worker_id, "siguiente": request.POST.get("siguiente", "")}
        return HttpResponseRedirect(f"{reverse('pin')}?{urlencode(asked)}")
    return stepped_up(request, worker_id)


def _recent(request: DeviceRequest, trabajadores: list[Trabajador]) -> list[Trabajador]:
    by_id = {trabajador.id: trabajador for trabajador in trabajadores}
    return [by_id[worker_id] for worker_id in recent_worker_ids(request.device) if worker_id in by_id]
