"""The kinds of value the API reads and writes, each with its limits and its complaint in Spanish."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from django.utils import timezone
from ninja import Header
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from occupation.models.clave import CLAVE_MAXIMA
from occupation.vocabulary import TAG_MAXIMO, WORKER_ID_MAXIMO

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PRINTABLE_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f]*$"
_NOT_BLANK_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"


def complaint(sentence: str) -> PydanticCustomError:
    """A validation error whose text a person may read as it is."""
    return PydanticCustomError("spanish", sentence)


def _collapse_blanks(value: object) -> object:
    """Blanks around and inside a tag are not part of it, so they do not count towards its length either."""
    return " ".join(value.split()) if isinstance(value, str) else value


def without_control(value: str) -> str:
    """The text, if it has no character that cannot be written down."""
    if _CONTROL.search(value):
        raise complaint("tiene caracteres que no se pueden escribir")
    return value


def _read_date(value: object) -> date:
    """Only `AAAA-MM-DD`: what else pydantic takes for a date, such as a number of seconds, is a mistake here."""
    if not isinstance(value, str) or not _ISO_DATE.fullmatch(value):
        raise complaint("debe ser una fecha AAAA-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise complaint("esa fecha no existe en el calendario") from None


def _read_uuid(value: object) -> UUID:
    try:
        return UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise complaint("debe ser la versión (UUID) que entrega la API") from None


def _judge_clave(value: str) -> str:
    if not value.isprintable():
        raise complaint("tiene caracteres que no se pueden escribir")
    return value


Tag = Annotated[
    str,
    Field(
        strict=True,
        min_length=1,
        max_length=TAG_MAXIMO,
        description="Tag pintado, en cualquier escritura: no importan mayúsculas ni blancos de más.",
        json_schema_extra={"pattern": _NOT_BLANK_PATTERN, "examples": ["MK-1335-CW-25238-011"]},
    ),
    BeforeValidator(_collapse_blanks),
    AfterValidator(without_control),
]
WorkerId = Annotated[
    int, Field(strict=True, ge=1, le=WORKER_ID_MAXIMO, description="Número del trabajador, el de MR(93).")
]
Fecha = Annotated[
    date, BeforeValidator(_read_date), Field(description="AAAA-MM-DD, desde 1990 y no futura. Sin ella: hoy en Chile.")
]
Version = Annotated[
    UUID, BeforeValidator(_read_uuid), Field(description="La versión que se vio; si ya no es la actual, 409.")
]
Clave = Annotated[
    Annotated[str, Field(min_length=1, max_length=CLAVE_MAXIMA), AfterValidator(_judge_clave)] | None,
    Header(
        default=None,
        alias="Idempotency-Key",
        description="Repetir la solicitud con la misma clave devuelve la misma respuesta durante 24 h.",
    ),
]
Search = Annotated[
    str,
    Field(max_length=TAG_MAXIMO, json_schema_extra={"pattern": _PRINTABLE_PATTERN}),
    AfterValidator(without_control),
]

Instante = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""ISO 8601 with the offset of Santiago."""


def instant(moment: datetime) -> str:
    """An instant as the API writes it."""
    return timezone.localtime(moment).isoformat()
