"""The API put together: its routes, its credentials and its way of failing."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.parser import Parser

from occupation.api import envelope, reads, verbs
from occupation.api.credentials import Bearer, CsrfFailedError, PairedCookie, credential_required
from occupation.api.envelope import Failure, failure, refusal
from occupation.api.mistakes import invalid_request
from occupation.refusals import NoVinculado, Ocupado, Refused
from occupation.services import is_busy

E = TypeVar("E", bound=Exception)
log = logging.getLogger(__name__)


class StrictJson(Parser):
    """JSON as its standard has it: NaN and Infinity are not JSON."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(request.body, parse_constant=_no_constant))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class ShopApi(NinjaAPI):
    """An API whose document says nothing that was written for the readers of this code."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def get_openapi_schema(self, **where: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**where)
        for component in schema["components"]["schemas"].values():
            component.pop("description", None)
        _drop_enum_docstrings(schema["paths"])
        for route in schema["paths"].values():
            for operation in route.values():
                _drop_null(operation["parameters"])
        return schema


def _drop_enum_docstrings(node: object) -> None:
    if isinstance(node, dict):
        if "enum" in node or "enum" in node.get("schema", {}):
            node.pop("description", None)
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            _drop_enum_docstrings(child)


def _drop_null(parameters: list[dict[str, Any]]) -> None:
    """An optional parameter is left out; unlike a field of a body it cannot be null."""
    for parameter in parameters:
        shapes = parameter["schema"].pop("anyOf", None)
        if shapes:
            parameter["schema"] |= next(shape for shape in shapes if shape != {"type": "null"})


def build_api(*, version: str) -> NinjaAPI:
    """The whole API except health, which the project around the shop adds. `version` is the product's."""
    api = ShopApi(
        title="Taller",
        version=version,
        description="Quién tiene qué spool, ahora. Todo error tiene la forma de `Error`.",
        urls_namespace="api",
        auth=[Bearer(), PairedCookie()],
        parser=StrictJson(),
        docs_decorator=credential_required,
    )
    api.add_router("", verbs.router, tags=["Verbos"])
    api.add_router("", reads.router, tags=["Consultas"])
    _answer_failures(api)
    return api


def _answer_failures(api: NinjaAPI) -> None:
    _answer(api, Refused, lambda _, refused: refusal(refused))
    _answer(api, AuthenticationError, lambda *_: refusal(NoVinculado()))
    _answer(api, ValidationError, _invalid)
    for error, kind in _FAILURES.items():
        _answer(api, error, _answering(kind))
    _answer(api, OperationalError, _database)
    _answer(api, Exception, _unexpected)


def _answer(api: NinjaAPI, kind: type[E], answer: Callable[[HttpRequest, E], HttpResponse]) -> None:
    # ninja's type of a handler also admits the class of the error in the error's place.
    api.add_exception_handler(kind, cast("Any", answer))


_FAILURES: dict[type[Exception], Failure] = {
    # ninja raises it only for a body it could not parse.
    HttpError: envelope.JSON_INVALIDO,
    CsrfFailedError: envelope.CSRF,
    Http404: envelope.RUTA_NO_ENCONTRADA,
    RequestDataTooBig: envelope.CUERPO_DEMASIADO_GRANDE,
    BadRequest: envelope.PETICION_ILEGIBLE,
    SuspiciousOperation: envelope.PETICION_ILEGIBLE,
    MultiPartParserError: envelope.PETICION_ILEGIBLE,
}


def _answering(kind: Failure) -> Callable[[HttpRequest, Exception], HttpResponse]:
    return lambda *_: failure(kind)


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A body that is not there at all is no JSON; everything else is told field by field."""
    if request.method == "POST" and not request.body:
        return failure(envelope.JSON_INVALIDO)
    return refusal(invalid_request(error.errors))


def _database(request: HttpRequest, error: OperationalError) -> HttpResponse:
    return refusal(Ocupado()) if is_busy(error.__cause__) else _unexpected(request, error)


def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("Falló %s %s", request.method, request.path, exc_info=error)
    return failure(envelope.ERROR_INTERNO)
