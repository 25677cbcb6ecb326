"""The HTTP status of each refusal, for pages and API alike."""

from __future__ import annotations

from occupation.refusals import Refused

BY_CODE = {
    "SPOOL_NO_ENCONTRADO": 404,
    "WORKER_NO_ENCONTRADO": 404,
    "ROL_NO_AUTORIZADO": 403,
    "NO_AUTORIZADO": 403,
    "SPOOL_BLOQUEADO": 403,
    "SIN_PERMISO": 403,
    "SPOOL_OCCUPIED": 409,
    "VERSION_CONFLICT": 409,
    "OCUPACION_TERMINADA": 410,
    "OPERACION_YA_COMPLETADA": 400,
    "OPERACION_NO_DISPONIBLE": 400,
    "DEPENDENCIAS_NO_SATISFECHAS": 400,
    "CODIGO_INVALIDO": 400,
    "PIN_INCORRECTO": 403,
    "PIN_BLOQUEADO": 403,
    "SIN_PIN": 403,
    "SOLICITUD_INVALIDA": 422,
    "CLAVE_REUTILIZADA": 422,
    "NO_VINCULADO": 401,
    "DEMASIADAS_SOLICITUDES": 429,
    "ERROR_INTERNO": 500,
    "OCUPADO": 503,
}


def status_of(refused: Refused) -> int:
    """How HTTP says this refusal."""
    return BY_CODE[refused.codigo]
