"""Who is calling: the device behind a request, and what a page asks of it.

A program or tablet shows its token to the API as `Authorization: Bearer …`; a browser keeps it in a cookie, and the
pages ask for that alone. Tokens are looked up by hash at every request, so a revoked one stops working at the next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect, reselect, reswap, retarget

from occupation.models import Device
from occupation.refusals import SinPermiso
from occupation.services import Actor, touch
from occupation.vocabulary import ActorTipo, DeviceKind

COOKIE = "taller_device"
COOKIE_LASTS = timedelta(days=365)
PAIRING_PATH = "/vincular/"
NEXT = "siguiente"
"""The query parameter and form field in which the pairing page keeps where the browser wanted to go."""

LISTENING_SEEN_EVERY = timedelta(hours=1)
"""A device that only listens, as a board does for days, is noted as seen this often."""

TOUCHED_AT_ONCE = 3

SEES_SPOOLS = "occupation.view_spool"
"""What a person of the office needs to open the pages that every device may look at."""

BEARER_KINDS = (DeviceKind.API, DeviceKind.TABLET)
COOKIE_KINDS = (DeviceKind.TABLET, DeviceKind.BOARD)

P = ParamSpec("P")


class DeviceRequest(HttpRequest):
    """A request from a paired device."""

    device: Device


class LookerRequest(HttpRequest):
    """A request from a paired device, or from a person of the office: then `device` is None."""

    device: Device | None


Page = Callable[Concatenate[DeviceRequest, P], HttpResponseBase]
OpenPage = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def device_of(request: HttpRequest) -> Device | None:
    """The device that calls the API; None for a stranger. A Bearer token, when there is one, decides alone."""
    if bearer_token(request) is not None:
        return bearer_device(request)
    return cookie_device(request)


def bearer_token(request: HttpRequest) -> str | None:
    """The token of the Authorization header; None if there is no Bearer in it."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def bearer_device(request: HttpRequest) -> Device | None:
    """The program or tablet that holds the Bearer token, seen now."""
    return _seen(bearer_token(request), BEARER_KINDS)


def cookie_device(request: HttpRequest) -> Device | None:
    """The tablet or board that holds the cookie, seen now."""
    return _seen(request.COOKIES.get(COOKIE), COOKIE_KINDS)


def _seen(token: str | None, kinds: tuple[DeviceKind, ...]) -> Device | None:
    if not token:
        return None
    device = Device.objects.con_token(token).filter(kind__in=kinds).first()
    if device is not None:
        touch(device)
    return device


def still_paired(ids: Collection[int]) -> set[int]:
    """Which of these devices may still use their tokens. Those not seen for an hour are seen now, a few at a time."""
    devices = list(Device.objects.vigentes().filter(pk__in=ids))
    long_ago = timezone.now() - LISTENING_SEEN_EVERY
    for device in [each for each in devices if each.visto_en is None or each.visto_en < long_ago][:TOUCHED_AT_ONCE]:
        touch(device)
    return {device.pk for device in devices}


def remember(response: HttpResponseBase, token: str) -> None:
    """Let the browser keep the token of the device it has become."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_LASTS,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def supervisor(request: HttpRequest) -> Actor:
    """The person at the keyboard, as the journal names them."""
    return Actor(ActorTipo.SUPERVISOR, request.user.get_username(), request.user.pk)


def _renew(request: HttpRequest, response: HttpResponseBase) -> None:
    """Start the cookie's year again: a board may hang on the wall for longer than that."""
    token = request.COOKIES.get(COOKIE)
    if token and request.method == "GET" and "HX-Request" not in request.headers:
        remember(response, token)


def safe_next(request: HttpRequest, default: str = "/") -> str:
    """Where to go after pairing: what the browser first asked for, if it is a page of this shop."""
    wanted = request.POST.get(NEXT) or request.GET.get(NEXT) or ""
    here = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if here and wanted.startswith("/") and not wanted.startswith(PAIRING_PATH) else default


def device_required(view: Page[P]) -> OpenPage[P]:
    """Only for paired browsers, in `request.device`; a stranger is sent to the pairing page."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        device = cookie_device(request)
        if device is None:
            return _to_pairing(request)
        request.device = device  # type: ignore[attr-defined]  # this is what makes it a DeviceRequest
        response = view(request, *args, **kwargs)  # type: ignore[arg-type]  # as above
        patch_vary_headers(response, ["Cookie"])
        _renew(request, response)
        return response

    return guarded


def looker_required(view: Callable[Concatenate[LookerRequest, P], HttpResponseBase]) -> OpenPage[P]:
    """For paired browsers, and for whoever is logged in and may see spools: an office computer need not be paired."""
    for_devices = device_required(view)  # type: ignore[arg-type]  # what serves both serves a device

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.has_perm(SEES_SPOOLS):
            return for_devices(request, *args, **kwargs)
        request.device = cookie_device(request)  # type: ignore[attr-defined]  # this is what makes it a LookerRequest
        response = view(request, *args, **kwargs)  # type: ignore[arg-type]  # as above
        patch_vary_headers(response, ["Cookie"])
        return response

    return guarded


def tablet_required(view: Page[P]) -> OpenPage[P]:
    """Only for tablets: a board gets a page that says so, and so does a tablet that only reads when it acts."""

    @wraps(view)
    def guarded(request: DeviceRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        acts = request.method not in {"GET", "HEAD"}
        if request.device.kind == DeviceKind.BOARD or (acts and not request.device.puede_actuar):
            return _only_looks(request)
        return view(request, *args, **kwargs)

    return device_required(guarded)


def _to_pairing(request: HttpRequest) -> HttpResponse:
    """The pairing page, which leads back. What was posted is lost, so after it the way leads to the start."""
    wanted = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    if "HX-Request" in request.headers:
        return HttpResponseClientRedirect(PAIRING_PATH)
    query = f"?{urlencode({NEXT: wanted})}" if wanted not in {"", "/"} else ""
    return HttpResponseRedirect(PAIRING_PATH + query)


def _only_looks(request: DeviceRequest) -> HttpResponse:
    refused = SinPermiso(request.device.nombre)
    response = render(request, "occupation/only_looks.html", {"refused": refused}, status=403)
    if "HX-Request" in request.headers:
        # Whatever part was asked for, the whole screen is answered; what stands above it, as the banner, stays.
        return reswap(reselect(retarget(response, "#pantalla"), "#pantalla"), "outerHTML")
    return response
