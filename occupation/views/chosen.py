"""Which worker stands at the tablet: chosen on the first page, kept in a signed cookie of this tablet alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from occupation.access import DeviceRequest, LookerRequest, OpenPage, tablet_required
from occupation.models import Device, Trabajador
from occupation.queries import find_worker

COOKIE = "taller_trabajador"
SALT = "occupation.chosen"
LASTS = timedelta(hours=12)

P = ParamSpec("P")


class WorkerRequest(DeviceRequest):
    """A request from a tablet at which somebody stands; without scripts it may be one that only shows a spool."""

    trabajador: Trabajador
    htmx: HtmxDetails


WorkerPage = Callable[Concatenate[WorkerRequest, P], HttpResponseBase]


def choose(response: HttpResponseBase, device: Device, worker_id: int) -> None:
    """Let the tablet remember who stands at it, for a shift at most."""
    response.set_signed_cookie(
        COOKIE,
        f"{device.pk}:{worker_id}",
        salt=SALT,
        max_age=LASTS,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def forget(response: HttpResponseBase) -> None:
    """Nobody stands at the tablet any more."""
    response.delete_cookie(COOKIE, samesite="Lax")


def chosen_worker(request: LookerRequest | DeviceRequest) -> Trabajador | None:
    """Who stands at the tablet; None if nobody was chosen here, or for too long, and at the office."""
    if request.device is None:
        return None
    kept = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=LASTS)
    device_id, _, worker_id = (kept or "").partition(":")
    if device_id != str(request.device.pk):
        return None
    return find_worker(int(worker_id))


def worker_required(view: WorkerPage[P]) -> OpenPage[P]:
    """Only for a worker at a tablet, in `request.trabajador`.

    Nobody chosen: the first page asks who it is and leads back. A form made for somebody else than who stands
    there now (another tab, an old page) does nothing and says so: it must not act for the wrong one.
    """

    @wraps(view)
    def guarded(request: DeviceRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        trabajador = chosen_worker(request)
        posted = request.POST.get("trabajador")
        if posted is not None and posted != str(trabajador.id if trabajador else None):
            return _somebody_else(request, trabajador)
        if trabajador is None:
            return _who_are_you(request)
        request.trabajador = trabajador  # type: ignore[attr-defined]  # this is what makes it a WorkerRequest
        return view(request, *args, **kwargs)  # type: ignore[arg-type]  # as above

    return tablet_required(guarded)  # type: ignore[arg-type]  # wraps() keeps the name of `request`, not its kind


def _who_are_you(request: HttpRequest) -> HttpResponseBase:
    wanted = request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("trabajo")
    if "HX-Request" in request.headers and "HX-Boosted" not in request.headers:
        return HttpResponseClientRedirect(reverse("picker"))
    return HttpResponseRedirect(f"{reverse('picker')}?{urlencode({'siguiente': wanted})}")


def _somebody_else(request: DeviceRequest, trabajador: Trabajador | None) -> HttpResponseBase:
    ahora = f"Ahora está {trabajador}." if trabajador else "Ahora no hay nadie elegido."
    contexto = {
        "titulo": "Cambió quién está en la tableta",
        "frases": [f"Esta página era de otra persona. {ahora}", "Elija de nuevo quién es y repita lo que iba a hacer."],
        "volver": reverse("picker"),
        "volver_texto": "¿QUIÉN ERES?",
    }
    return render(request, "occupation/rechazo.html", contexto, status=409)
