"""Everything that changes a row, one function per thing a person or program can do."""

from occupation.services._execute import one_by_one
from occupation.services._orden import HOJA, SISTEMA, Actor, Desenlace, Respuesta
from occupation.services._transaction import is_busy
from occupation.services.claims import ClaimReport, heal_claims
from occupation.services.conflicts import resolver
from occupation.services.corrections import corregir, reabrir
from occupation.services.devices import Invitacion, invite, issue_token, pair, rename, revoke, touch
from occupation.services.inspection import inspeccionar
from occupation.services.occupation import (
    cancelar,
    completar,
    completar_varios,
    pausar,
    pausar_varios,
    tomar,
    tomar_varios,
)
from occupation.services.supervision import desbloquear, liberar

__all__ = [
    "HOJA",
    "SISTEMA",
    "Actor",
    "ClaimReport",
    "Desenlace",
    "Invitacion",
    "Respuesta",
    "cancelar",
    "completar",
    "completar_varios",
    "corregir",
    "desbloquear",
    "heal_claims",
    "inspeccionar",
    "invite",
    "is_busy",
    "issue_token",
    "liberar",
    "one_by_one",
    "pair",
    "pausar",
    "pausar_varios",
    "reabrir",
    "rename",
    "resolver",
    "revoke",
    "tomar",
    "tomar_varios",
    "touch",
]
