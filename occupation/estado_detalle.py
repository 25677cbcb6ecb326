"""Estado_Detalle: the shop's one-line summary of a spool.

`build` turns a state into text. `parse` reads a text back and is used only to bootstrap rows on their first import;
`parse(build(x))` agrees with x. The text is never parsed to decide anything else.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from occupation.models import Spool
from occupation.vocabulary import CICLOS_MAXIMOS, EstadoCalidad, EstadoTrabajo, Operacion

E = EstadoCalidad


@dataclass(frozen=True, slots=True)
class Situacion:
    """What the text is about. `ocupado_por` (`MR(93)`) and `operacion` come together or not at all."""

    arm: str = EstadoTrabajo.PENDIENTE
    sold: str = EstadoTrabajo.PENDIENTE
    calidad: str = EstadoCalidad.PENDIENTE
    ciclo: int = 0
    ocupado_por: str | None = None
    operacion: str | None = None


@dataclass(frozen=True, slots=True)
class Lectura:
    """What a text says; None where it says nothing."""

    arm: EstadoTrabajo | None = None
    sold: EstadoTrabajo | None = None
    calidad: EstadoCalidad | None = None
    ciclo: int | None = None
    worker_id: int | None = None
    operacion: Operacion | None = None


def situacion_de(spool: Spool) -> Situacion:
    """The state of a spool, ready for `build`."""
    return Situacion(
        arm=spool.arm_state,
        sold=spool.sold_state,
        calidad=spool.calidad_state,
        ciclo=spool.ciclo,
        ocupado_por=spool.ocupado_por.worker_nombre if spool.ocupado_por else None,
        operacion=spool.ocupado_operacion,
    )


def build(situacion: Situacion) -> str:
    """The text of a state (domain rules, section 6)."""
    ciclo = f"(Ciclo {situacion.ciclo}/{CICLOS_MAXIMOS})"
    if situacion.operacion == Operacion.REPARACION:
        return f"EN_REPARACION {ciclo} - Ocupado: {situacion.ocupado_por}"
    arm = _progress(situacion, Operacion.ARM, situacion.arm)
    sold = _progress(situacion, Operacion.SOLD, situacion.sold)
    if situacion.ocupado_por:
        return f"{situacion.ocupado_por} trabajando {situacion.operacion} (ARM {arm}, SOLD {sold})"
    return _whole(situacion, ciclo) or f"Disponible - ARM {arm}, SOLD {sold}{_quality(situacion, ciclo)}"


def _progress(situacion: Situacion, operacion: Operacion, estado: str) -> str:
    if estado != EstadoTrabajo.EN_PROGRESO:
        return str(estado)
    return "en progreso" if situacion.operacion == operacion else "parcial (pausado)"


def _whole(situacion: Situacion, ciclo: str) -> str | None:
    if situacion.calidad == E.BLOQUEADO:
        return "BLOQUEADO - Contactar supervisor"
    if situacion.calidad == E.REPARACION_PAUSADA:
        return f"REPARACION_PAUSADA {ciclo}"
    done = situacion.arm == situacion.sold == EstadoTrabajo.COMPLETADO
    if situacion.calidad == E.PENDIENTE and situacion.ciclo and done:
        return f"PENDIENTE_METROLOGIA {ciclo}"
    return None


def _quality(situacion: Situacion, ciclo: str) -> str:
    if situacion.calidad == E.APROBADO:
        return ", METROLOGIA APROBADO ✓"
    if situacion.calidad == E.RECHAZADO:
        return f", RECHAZADO {ciclo} - Pendiente reparación"
    return ""


_HOLDER = re.compile(r"\((\d{1,10})\) TRABAJANDO (ARM|SOLD)\b")
_REPAIRER = re.compile(r"OCUPADO: ?[^()]{0,20}\((\d{1,10})\)")
_CYCLE = re.compile(r"CICLO (\d)")
_PROGRESS = {
    "PENDIENTE": EstadoTrabajo.PENDIENTE,
    "EN PROGRESO": EstadoTrabajo.EN_PROGRESO,
    "PARCIAL": EstadoTrabajo.EN_PROGRESO,
    "COMPLETADO": EstadoTrabajo.COMPLETADO,
}
_PROGRESS_TEXT = re.compile(rf"\b(ARM|SOLD) ({'|'.join(_PROGRESS)})\b")
_QUALITY = {
    "BLOQUEADO": E.BLOQUEADO,
    "EN REPARACION": E.EN_REPARACION,
    "REPARACION PAUSADA": E.REPARACION_PAUSADA,
    "PENDIENTE METROLOGIA": E.PENDIENTE,
    "RECHAZADO": E.RECHAZADO,
    "APROBADO": E.APROBADO,
    "EN COLA METROLOGIA": E.PENDIENTE,
}
"""The first of these that a text has decides."""
_QUALITY_TEXT = {phrase: re.compile(rf"\b{phrase}\b") for phrase in _QUALITY}
_LONGEST_TEXT = 500


def parse(texto: str) -> Lectura:
    """What a text says, in today's wording or an older one. Anything unknown is no information, never an error."""
    plano = _plain(texto[:_LONGEST_TEXT])
    calidad, ciclo = _read_quality(plano)
    progress = {word: _PROGRESS[state] for word, state in _PROGRESS_TEXT.findall(plano)}
    worker_id, operacion = _read_holder(plano, calidad)
    return Lectura(progress.get("ARM"), progress.get("SOLD"), calidad, ciclo, worker_id, operacion)


def _plain(texto: str) -> str:
    """Upper case, no accents, underscores as blanks, single blanks."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", texto) if not unicodedata.combining(c))
    return " ".join(bare.upper().replace("_", " ").split())


def _read_quality(plano: str) -> tuple[EstadoCalidad | None, int | None]:
    for phrase, estado in _QUALITY.items():
        if _QUALITY_TEXT[phrase].search(plano):
            return estado, _cycle(plano, phrase, estado)
    return None, None


def _cycle(plano: str, phrase: str, estado: EstadoCalidad) -> int:
    if estado == E.BLOQUEADO:
        return CICLOS_MAXIMOS
    if estado == E.APROBADO or phrase == "EN COLA METROLOGIA":
        return 0
    found = _CYCLE.search(plano)
    # Only BLOQUEADO may stand at the third rejection: a text that claims it elsewhere has one chance left.
    return min(max(int(found[1]), 1), CICLOS_MAXIMOS - 1) if found else 1


def _read_holder(plano: str, calidad: EstadoCalidad | None) -> tuple[int | None, Operacion | None]:
    if calidad == E.EN_REPARACION:
        repairer = _REPAIRER.search(plano)
        return int(repairer[1]) if repairer else None, Operacion.REPARACION
    holder = _HOLDER.search(plano)
    return (int(holder[1]), Operacion(holder[2])) if holder else (None, None)
