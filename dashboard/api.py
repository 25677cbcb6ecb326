"""The stream's place in the API: who may open it, and what its document says."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router

from dashboard.feed import SPOOLS
from dashboard.stream import StreamOpening, asked_since
from occupation.api.credentials import device_behind
from occupation.api.documented import READ_ERRORS
from occupation.api.mistakes import refuse_unknown

router = Router()

_STREAM = {
    "responses": {
        200: {
            "description": "Server-sent events, mientras el cliente lea: `spool_update` (cada fila de la bitácora), "
            "`repintar` (cambió demasiado: léalo todo de nuevo), `stream-reset` (lo que faltaba ya no está: léalo "
            "todo de nuevo) y `latido` con `revision` y `hora`, cada 5 s a lo más, mientras la bitácora se lee.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
    "parameters": [
        {
            "in": "header",
            "name": "Last-Event-ID",
            "required": False,
            "description": "El `id` del último evento recibido (`spools:123` o `123`); vale más que `desde`.",
            "schema": {"type": "string"},
        }
    ],
}


@router.get(
    "/sse/stream",
    response=READ_ERRORS,
    openapi_extra=_STREAM,
    summary="Todo cambio, en vivo",
    description="Desde `Last-Event-ID`, si no desde `desde`, si no desde ahora.",
)
def stream(request: HttpRequest, desde: str | None = None) -> HttpResponse:  # noqa: ARG001  for the document
    refuse_unknown(request, ("desde",))
    return StreamOpening(device_id=device_behind(request).pk, channels={SPOOLS}, since=asked_since(request))
