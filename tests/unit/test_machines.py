"""Every event of each machine on every state, and nothing else moves a state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import product
from typing import Any

import pytest
from django_fsm import InvalidResultState, TransitionNotAllowed
from pytest_django import Settings

from occupation.models import Spool
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo

DIA = date(2026, 3, 2)
BEFORE = date(2026, 2, 20)
REFUSED = "refused"

P, EN, C = EstadoTrabajo.PENDIENTE, EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO
Q = EstadoCalidad

TRABAJO = {
    ("iniciar", P): EN,
    ("completar", EN): C,
    ("cancelar", EN): P,
    ("reabrir", C): EN,
}
VERBS = ["iniciar", "completar", "cancelar", "reabrir"]

CALIDAD: dict[str, dict[EstadoCalidad, EstadoCalidad]] = {
    "aprobar": {Q.PENDIENTE: Q.APROBADO},
    "rechazar": {Q.PENDIENTE: Q.RECHAZADO},
    "tomar": {Q.RECHAZADO: Q.EN_REPARACION, Q.REPARACION_PAUSADA: Q.EN_REPARACION},
    "pausar": {Q.EN_REPARACION: Q.REPARACION_PAUSADA},
    "completar": {Q.EN_REPARACION: Q.PENDIENTE},
    "cancelar a rechazado": {Q.EN_REPARACION: Q.RECHAZADO},
    "cancelar a pausada": {Q.EN_REPARACION: Q.REPARACION_PAUSADA},
    "desbloquear": {Q.BLOQUEADO: Q.RECHAZADO},
    "reabrir": {Q.APROBADO: Q.PENDIENTE, Q.RECHAZADO: Q.PENDIENTE},
}

EVENTS: dict[str, Callable[[Spool], Any]] = {
    "aprobar": lambda spool: spool.aprobar(DIA),
    "rechazar": lambda spool: spool.rechazar(),
    "tomar": lambda spool: spool.tomar_reparacion(),
    "pausar": lambda spool: spool.pausar_reparacion(),
    "completar": lambda spool: spool.completar_reparacion(),
    "cancelar a rechazado": lambda spool: spool.cancelar_reparacion(Q.RECHAZADO),
    "cancelar a pausada": lambda spool: spool.cancelar_reparacion(Q.REPARACION_PAUSADA),
    "desbloquear": lambda spool: spool.desbloquear(),
    "reabrir": lambda spool: spool.reabrir_inspeccion(),
}


def after(event: Callable[[Spool], Any], spool: Spool, column: str) -> str:
    """The state after the event, or `refused` with the state untouched."""
    before = getattr(spool, column)
    try:
        event(spool)
    except TransitionNotAllowed:
        assert getattr(spool, column) == before
        return REFUSED
    return str(getattr(spool, column))


def day_after(event: str, state: EstadoTrabajo) -> date | None:
    """The day that ARM or SOLD has after an event met it in a state: BEFORE if it was completed, until reopened."""
    if (event, state) == ("completar", EN):
        return DIA
    return BEFORE if state == C and event != "reabrir" else None


@pytest.mark.parametrize(("event", "state"), list(product(VERBS, EstadoTrabajo)))
def test_arm_follows_its_table(event: str, state: EstadoTrabajo) -> None:
    spool = Spool(arm_state=state, fecha_armado=BEFORE if state == C else None)
    events: dict[str, Callable[[Spool], Any]] = {
        "iniciar": lambda s: s.iniciar_arm(),
        "completar": lambda s: s.completar_arm(DIA),
        "cancelar": lambda s: s.cancelar_arm(),
        "reabrir": lambda s: s.reabrir_arm(),
    }
    assert after(events[event], spool, "arm_state") == TRABAJO.get((event, state), REFUSED)
    assert spool.fecha_armado == day_after(event, state)
    assert (spool.sold_state, spool.fecha_soldadura, spool.calidad_state) == (P, None, Q.PENDIENTE)


@pytest.mark.parametrize(
    ("regla", "arm", "event", "state"),
    list(product(["iniciado", "completado"], EstadoTrabajo, VERBS, EstadoTrabajo)),
)
def test_sold_follows_its_table_and_starts_only_after_arm(
    settings: Settings, regla: str, arm: EstadoTrabajo, event: str, state: EstadoTrabajo
) -> None:
    settings.SOLD_REQUIERE_ARM = regla
    spool = Spool(arm_state=arm, sold_state=state, fecha_soldadura=BEFORE if state == C else None)
    events: dict[str, Callable[[Spool], Any]] = {
        "iniciar": lambda s: s.iniciar_sold(),
        "completar": lambda s: s.completar_sold(DIA),
        "cancelar": lambda s: s.cancelar_sold(),
        "reabrir": lambda s: s.reabrir_sold(),
    }
    arm_enough = arm in {"iniciado": {EN, C}, "completado": {C}}[regla]
    expected = TRABAJO.get((event, state), REFUSED)
    if event == "iniciar" and not arm_enough:
        expected = REFUSED
    assert after(events[event], spool, "sold_state") == expected
    assert spool.fecha_soldadura == day_after(event, state)
    assert (spool.arm_state, spool.fecha_armado) == (arm, None)


@pytest.mark.parametrize(("event", "state"), list(product(CALIDAD, EstadoCalidad)))
def test_calidad_follows_its_table(event: str, state: EstadoCalidad) -> None:
    ciclo = 3 if state == Q.BLOQUEADO else 1
    spool = Spool(calidad_state=state, ciclo=ciclo, fecha_qc=BEFORE if state == Q.APROBADO else None)
    assert after(EVENTS[event], spool, "calidad_state") == CALIDAD[event].get(state, REFUSED)
    moved = state in CALIDAD[event]
    ciclo_after = {"aprobar": 0, "rechazar": 2, "desbloquear": 2}.get(event, ciclo) if moved else ciclo
    assert spool.ciclo == ciclo_after
    approved = {"aprobar": DIA, "reabrir": None}.get(event) if moved else BEFORE if state == Q.APROBADO else None
    assert spool.fecha_qc == approved


@pytest.mark.parametrize(
    ("ciclo", "state", "ciclo_after"), [(0, Q.RECHAZADO, 1), (1, Q.RECHAZADO, 2), (2, Q.BLOQUEADO, 3)]
)
def test_the_third_rejection_in_a_row_blocks(ciclo: int, state: EstadoCalidad, ciclo_after: int) -> None:
    spool = Spool(ciclo=ciclo)
    spool.rechazar()
    assert (spool.calidad_state, spool.ciclo, spool.fecha_qc) == (state, ciclo_after, None)


def test_the_cycle_survives_every_step_of_a_repair_and_ends_with_an_approval() -> None:
    spool = Spool()
    seen = []
    for event in ("rechazar", "tomar", "pausar", "tomar", "completar", "rechazar", "tomar", "completar", "aprobar"):
        EVENTS[event](spool)
        seen.append(spool.ciclo)
    assert seen == [1, 1, 1, 1, 1, 2, 2, 2, 0]


def test_cancelling_a_repair_cannot_invent_a_state() -> None:
    spool = Spool(calidad_state=Q.EN_REPARACION, ciclo=1)
    with pytest.raises(InvalidResultState):
        spool.cancelar_reparacion(Q.APROBADO)
    assert spool.calidad_state == Q.EN_REPARACION


@pytest.mark.parametrize("column", ["arm_state", "sold_state", "calidad_state"])
def test_no_state_can_be_assigned(column: str) -> None:
    spool = Spool()
    with pytest.raises(AttributeError):
        setattr(spool, column, getattr(spool, column))
