"""The layers around `/api/`: whatever fails in there is answered in the envelope, and strangers learn nothing."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from occupation.access import device_of
from occupation.api.envelope import RUTA_NO_ENCONTRADA, failure, put_in_envelope, refusal
from occupation.refusals import NoVinculado, Ocupado, SolicitudInvalida
from occupation.services import is_busy

PREFIX = "/api/"
OPEN = frozenset({f"{PREFIX}health", f"{PREFIX}redis-health", f"{PREFIX}sheets-health", f"{PREFIX}ready"})
"""What answers without a credential, and so says 405 without one too."""

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def envelope_middleware(get_response: GetResponse) -> GetResponse:
    """Answer under `/api/` in JSON, never cached; HEAD as GET, OPTIONS with the methods there are. Outermost."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not _is_api(request):
            return get_response(request)
        return _uncached(_answer(request, get_response) if _knows_host(request) else refusal(_OTHER_HOST))

    return middleware


def credential_middleware(get_response: GetResponse) -> GetResponse:
    """Tell only those with a credential which addresses and methods there are. Inside `envelope_middleware`."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not _is_api(request):
            return get_response(request)
        # Without its slash the address would be a redirect.
        response = get_response(request) if request.path_info.startswith(PREFIX) else failure(RUTA_NO_ENCONTRADA)
        tells = response.status_code in {404, 405} and request.path_info not in OPEN
        return (_told_to_strangers(request) if tells else None) or response

    return middleware


_OTHER_HOST = SolicitudInvalida({"Host": "el taller no se llama así"})


def _is_api(request: HttpRequest) -> bool:
    return f"{request.path_info}/".startswith(PREFIX)


def _knows_host(request: HttpRequest) -> bool:
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True


def _told_to_strangers(request: HttpRequest) -> HttpResponse | None:
    try:
        return None if device_of(request) else refusal(NoVinculado())
    except OperationalError as error:
        if is_busy(error.__cause__):
            return refusal(Ocupado())
        raise


def _answer(request: HttpRequest, get_response: GetResponse) -> HttpResponseBase:
    asked = request.method
    if asked == "HEAD":
        # The server sends no body to a HEAD; everything else is what GET says.
        request.method = "GET"
    response = get_response(request)
    request.method = asked
    if response.status_code == 405:
        _allow_implied_methods(response)
        if asked == "OPTIONS":
            return HttpResponse(status=204, headers={"Allow": response["Allow"]})
    is_json = response.headers.get("Content-Type", "").startswith("application/json")
    return response if response.status_code < 400 or is_json else put_in_envelope(response)


def _allow_implied_methods(response: HttpResponseBase) -> None:
    declared = {method.strip() for method in response["Allow"].split(",")}
    implied = {"OPTIONS", *(("HEAD",) if "GET" in declared else ())}
    response["Allow"] = ", ".join(sorted(declared | implied))


def _uncached(response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault("Cache-Control", "no-store")
    return response
