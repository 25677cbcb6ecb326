"""The error envelope: `{"success": false, "error": CODE, "message": TEXT, "data": {…}}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from ninja.responses import Response

from occupation.http_status import BY_CODE, status_of
from occupation.refusals import Ocupado, Refused

RETRY_SECONDS = 2
"""When to try again after the database was too busy."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with a request before the shop's rules could judge it."""

    codigo: str
    status: int
    mensaje: str
    datos: Mapping[str, Any] = field(default_factory=dict)


JSON_INVALIDO = Failure("JSON_INVALIDO", 400, "El cuerpo de la solicitud no es JSON. Envíe un objeto JSON en UTF-8.")
PETICION_ILEGIBLE = Failure(
    "SOLICITUD_INVALIDA",
    422,
    "La solicitud no se entiende. Revise la dirección y los encabezados.",
    {"campos": {"solicitud": "no se entiende"}},
)
CSRF = Failure("CSRF", 403, "Falta la protección contra envíos ajenos (X-CSRFToken). Recargue la página y repita.")
RUTA_NO_ENCONTRADA = Failure(
    "RUTA_NO_ENCONTRADA", 404, "Esta dirección no existe en la API. Las que hay están en /api/docs."
)
METODO_NO_PERMITIDO = Failure(
    "METODO_NO_PERMITIDO", 405, "Esta dirección no acepta ese método. El encabezado Allow dice cuáles acepta."
)
CUERPO_DEMASIADO_GRANDE = Failure("CUERPO_DEMASIADO_GRANDE", 413, "La solicitud es demasiado grande: a lo más 1 MB.")
ERROR_INTERNO = Failure(
    "ERROR_INTERNO", 500, "Algo falló y quizás se alcanzó a guardar. Mire el spool antes de repetir."
)
BASE_DE_DATOS_AUSENTE = Failure("OCUPADO", 503, "La base de datos no responde. No se hizo nada: repita en un momento.")
_FAILURES = (
    JSON_INVALIDO,
    CSRF,
    RUTA_NO_ENCONTRADA,
    METODO_NO_PERMITIDO,
    CUERPO_DEMASIADO_GRANDE,
    ERROR_INTERNO,
)

CODES = sorted({*BY_CODE, *(failure.codigo for failure in _FAILURES)})
"""Every `error` the API can answer."""

_BY_STATUS = {
    400: PETICION_ILEGIBLE,
    403: CSRF,
    404: RUTA_NO_ENCONTRADA,
    405: METODO_NO_PERMITIDO,
    413: CUERPO_DEMASIADO_GRANDE,
    503: BASE_DE_DATOS_AUSENTE,
}


def body_of(codigo: str, mensaje: str, datos: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope itself."""
    return {"success": False, "error": codigo, "message": mensaje, "data": dict(datos)}


def refusal(refused: Refused) -> HttpResponse:
    """How the API says a refusal."""
    status = status_of(refused)
    response = Response(body_of(refused.codigo, refused.mensaje, refused.datos), status=status)
    if isinstance(refused, Ocupado):
        response["Retry-After"] = str(RETRY_SECONDS)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def failure(kind: Failure) -> HttpResponse:
    """How the API says that a request failed before the rules."""
    response = Response(body_of(kind.codigo, kind.mensaje, kind.datos), status=kind.status)
    if kind.status == 503:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def put_in_envelope(response: HttpResponseBase) -> HttpResponseBase:
    """The same failure in our words and with our status; what else Django or a middleware answered stays."""
    kind = _BY_STATUS.get(response.status_code, ERROR_INTERNO)
    said = failure(kind)
    for header, value in response.items():
        if header not in {"Content-Type", "Content-Length"}:
            said[header] = value
    return said
