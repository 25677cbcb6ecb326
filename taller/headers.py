"""What every answer tells the browser beside what Django and django-csp do."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

UNUSED = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
POLICY = ", ".join(f"{feature}=()" for feature in UNUSED)

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def permissions_policy_middleware(get_response: GetResponse) -> GetResponse:
    """Say that no page of the shop needs a camera, a place or money, so that nothing in one gets any."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers["Permissions-Policy"] = POLICY
        return response

    return middleware
