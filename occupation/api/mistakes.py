"""What is wrong with a request, field by field, in Spanish: pydantic speaks English to programmers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.http import HttpRequest

from occupation.refusals import SolicitudInvalida

FIELDS_NAMED = 20
"""A request with more mistakes than this hears only of the first ones."""

LONGEST_NAME = 100

_SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "falta",
    "extra_forbidden": lambda _: "no se conoce este campo",
    "int_type": lambda _: "debe ser un número entero",
    "int_parsing": lambda _: "debe ser un número entero",
    "int_parsing_size": lambda _: "debe ser un número entero más pequeño",
    "int_from_float": lambda _: "debe ser un número entero",
    "greater_than_equal": lambda limit: f"debe ser {limit['ge']} o más",
    "less_than_equal": lambda limit: f"debe ser {limit['le']} o menos",
    "string_type": lambda _: "debe ser un texto",
    "string_unicode": lambda _: "tiene caracteres que no se pueden escribir",
    "string_too_short": lambda _: "no puede estar vacío",
    "string_too_long": lambda limit: f"use a lo más {limit['max_length']} caracteres",
    "enum": lambda limit: f"debe ser {_options(limit)}",
    "literal_error": lambda limit: f"debe ser {_options(limit)}",
    "list_type": lambda _: "debe ser una lista",
    "too_short": lambda limit: f"debe tener al menos {limit['min_length']}",
    "too_long": lambda limit: f"debe tener a lo más {limit['max_length']}",
    "model_type": lambda _: "debe ser un objeto JSON",
    "model_attributes_type": lambda _: "debe ser un objeto JSON",
    "dict_type": lambda _: "debe ser un objeto JSON",
}


def invalid_request(errors: Sequence[Mapping[str, Any]]) -> SolicitudInvalida:
    """The refusal that names each wrong field once, with the first thing wrong with it."""
    campos: dict[str, str] = {}
    for error in errors:
        campos.setdefault(_field(error["loc"]), _sentence(error))
    return SolicitudInvalida(dict(list(campos.items())[:FIELDS_NAMED]))


def refuse_unknown(request: HttpRequest, known: Collection[str] = ()) -> None:
    """Raise SolicitudInvalida for query parameters that are not known: a misspelt one would answer another question."""
    unknown = [name[:LONGEST_NAME] for name in request.GET if name not in known]
    if unknown:
        raise SolicitudInvalida(dict.fromkeys(unknown[:FIELDS_NAMED], "no se conoce este parámetro"))


def _sentence(error: Mapping[str, Any]) -> str:
    if error["type"] == "spanish":
        return str(error["msg"])
    say = _SENTENCES.get(error["type"])
    return say(error.get("ctx", {})) if say else "no es válido"


def _field(place: Sequence[str | int]) -> str:
    """The field's name as the caller wrote it: `tag_spools[3]`, `Idempotency-Key`; `cuerpo` for the whole body."""
    source, *path = place
    if source == "body":
        path = path[1:]  # the name our function gives the body
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    return name[:LONGEST_NAME] or "cuerpo"


def _options(limit: Mapping[str, Any]) -> str:
    return str(limit["expected"]).replace("'", "").replace(" or ", " o ")
