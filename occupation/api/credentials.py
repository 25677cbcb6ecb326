"""Who may call the API: a Bearer token, or the cookie of a paired browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from occupation.access import COOKIE, bearer_device, bearer_token, cookie_device, device_of
from occupation.api.envelope import refusal
from occupation.models import Device
from occupation.refusals import NoVinculado, SinPermiso
from occupation.services import Actor
from occupation.vocabulary import DeviceKind

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class CsrfFailedError(Exception):
    """A browser's POST came without the proof that one of our pages sent it."""


class Bearer(AuthBase):
    """`Authorization: Bearer TOKEN` of a program or a tablet."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Device | None:
        return _permitted(request, bearer_device(request))


class PairedCookie(AuthBase):
    """The cookie of a paired browser. A Bearer token, when one is sent, decides alone."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = COOKIE
    csrf = True  # ninja's documentation page then sends the CSRF token with what it tries out

    def __call__(self, request: HttpRequest) -> Device | None:
        if bearer_token(request) is not None:
            return None
        device = _permitted(request, cookie_device(request))
        if device is not None and request.method not in SAFE:
            _judge_csrf(request)
        return device


def _permitted(request: HttpRequest, device: Device | None) -> Device | None:
    """The device, unless it asks for a change and may only look: every POST here is a verb."""
    if device is not None and request.method not in SAFE:
        _judge_acts(device)
    return device


def _judge_acts(device: Device) -> None:
    if not device.puede_actuar:
        raise SinPermiso(device.nombre)
    # Where workers have PINs, who stands at a tablet acts through its pages, which ask for one.
    if settings.PIN_TRABAJADORES and device.kind == DeviceKind.TABLET:
        raise SinPermiso(device.nombre, pide_pin=True)


def _judge_csrf(request: HttpRequest) -> None:
    # Read before Django looks for a form field in it, which would leave nothing to read.
    _ = request.body
    if check_csrf(request) is not None:
        raise CsrfFailedError


def device_behind(request: HttpRequest) -> Device:
    """The device that ninja authenticated."""
    device: Device = request.auth  # type: ignore[attr-defined]  # ninja keeps there what the credential answered
    return device


def actor_of(request: HttpRequest) -> Actor:
    """The device as the journal names it, and the scope of its idempotency keys."""
    return Actor.de(device_behind(request))


def credential_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For ninja's own pages, which know nothing of its credentials and answer to every method."""

    @require_safe
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if device_of(request) else refusal(NoVinculado())

    return guarded
