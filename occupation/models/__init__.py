"""What the shop remembers. Only services change these rows."""

from occupation.models.clave import ClaveIdempotencia
from occupation.models.device import Device, PairingAttempt, PairingCode
from occupation.models.evento import Evento
from occupation.models.mirror import (
    CeldaDudosa,
    CicloHoja,
    Conflicto,
    EdicionDevuelta,
    EstadoHoja,
    FilaDuplicada,
    Mirror,
    Retencion,
    VersionMostrada,
)
from occupation.models.pin import Pin, PinFallido
from occupation.models.spool import Spool, TagAnterior
from occupation.models.supervision import Bloqueado, Ocupacion
from occupation.models.trabajador import Trabajador, TrabajadorRol
from occupation.models.upgrade import BookUpgrade

__all__ = [
    "Bloqueado",
    "BookUpgrade",
    "CeldaDudosa",
    "CicloHoja",
    "ClaveIdempotencia",
    "Conflicto",
    "Device",
    "EdicionDevuelta",
    "EstadoHoja",
    "Evento",
    "FilaDuplicada",
    "Mirror",
    "Ocupacion",
    "PairingAttempt",
    "PairingCode",
    "Pin",
    "PinFallido",
    "Retencion",
    "Spool",
    "TagAnterior",
    "Trabajador",
    "TrabajadorRol",
    "VersionMostrada",
]
