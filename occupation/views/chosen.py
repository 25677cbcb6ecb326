"""Which worker stands at the tablet: chosen on the first page, kept in a signed cookie of this tablet alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from occupation.access import DeviceRequest, LookerRequest, OpenPage, tablet_required
from occupation.forms import EntrarForm
from occupation.models import Device, Trabajador
from occupation.queries import find_worker, pin_version
from occupation.refusals import WorkerNoEncontrado
from occupation.views.fragment import is_refresh

COOKIE = "taller_trabajador"
SALT = "occupation.chosen"
LASTS = timedelta(hours=12)

P = ParamSpec("P")


class WorkerRequest(DeviceRequest):
    """A request from a tablet at which somebody stands; without scripts it may be one that only shows a spool."""

    trabajador: Trabajador
    htmx: HtmxDetails


WorkerPage = Callable[Concatenate[WorkerRequest, P], HttpResponseBase]


def stepped_up(request: DeviceRequest, worker_id: int, proof: str = "") -> HttpResponse:
    """The worker is who stands there now, and goes on to the page that asked for it.

    `proof` is the version of the PIN that was judged, which need not be the worker's any more.
    """
    response = HttpResponseRedirect(inside(request.POST.get("siguiente", "")) or reverse("trabajo"))
    choose(response, request.device, worker_id, proof)
    return response


def choose(response: HttpResponseBase, device: Device, worker_id: int, proof: str) -> None:
    """Let the tablet remember who stands at it, for a shift at most."""
    response.set_signed_cookie(
        COOKIE,
        f"{device.pk}:{worker_id}:{proof}",
        salt=SALT,
        max_age=LASTS,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def asked_worker(request: HttpRequest) -> Trabajador:
    """The worker that a form or an address names. Raises SolicitudInvalida, WorkerNoEncontrado."""
    worker_id = EntrarForm(request.POST if request.method == "POST" else request.GET).judged()["trabajador"]
    trabajador = find_worker(worker_id)
    if trabajador is None:
        raise WorkerNoEncontrado(worker_id)
    return trabajador


def inside(wanted: str) -> str:
    """`wanted` if it is a page of this shop, else nothing."""
    here = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if here and wanted.startswith("/") else ""


def forget(response: HttpResponseBase) -> None:
    """Nobody stands at the tablet any more."""
    response.delete_cookie(COOKIE, samesite="Lax")


def chosen_worker(request: LookerRequest | DeviceRequest) -> Trabajador | None:
    """Who stands at the tablet; None if nobody was chosen here, or for too long, and at the office."""
    if request.device is None:
        return None
    kept = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=LASTS)
    device_id, _, rest = (kept or "").partition(":")
    worker_id, _, proof = rest.partition(":")
    if device_id != str(request.device.pk) or proof != _proof(int(worker_id)):
        return None
    return find_worker(int(worker_id))


def _proof(worker_id: int) -> str:
    """What a choice is worth as long as the worker's PIN stays the same; nothing where the shop asks for none."""
    return pin_version(worker_id) or "sin-pin" if settings.PIN_TRABAJADORES else ""


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
    if is_refresh(request):
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
