"""The outermost layer around `/api/`: whatever fails in there, and however, is answered in the envelope."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from occupation.api.envelope import RUTA_NO_ENCONTRADA, failure, put_in_envelope

PREFIX = "/api/"
GetResponse = Callable[[HttpRequest], HttpResponseBase]


def envelope_middleware(get_response: GetResponse) -> GetResponse:
    """Answer under `/api/` in JSON, never cached; HEAD as GET, OPTIONS with the methods there are."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info == PREFIX.rstrip("/"):
            return failure(RUTA_NO_ENCONTRADA)
        if not request.path_info.startswith(PREFIX):
            return get_response(request)
        return _uncached(_answer(request, get_response))

    return middleware


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
