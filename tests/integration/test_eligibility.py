"""The filter of a list and the refusals of a verb say the same, on every state a spool can be in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from pytest_django import Settings

from occupation.api.schemas import AccionListable
from occupation.eligibility import eligible, listed, narrowed, why_not
from occupation.models import Spool, Trabajador
from occupation.refusals import Refused
from occupation.rules import judge_inspeccionar, judge_tomar
from occupation.vocabulary import (
    ACCION_DE,
    AVANCES_DE,
    CICLOS_MAXIMOS,
    Accion,
    Avance,
    EstadoCalidad,
    EstadoTrabajo,
    Operacion,
    Rol,
)
from tests.factories import MATERIALES, SpoolFactory, TrabajadorFactory
from tests.shop import COMMITS

pytestmark = COMMITS

HOLDABLE = (None, Operacion.ARM, Operacion.SOLD, Operacion.REPARACION)


def every_state() -> Iterator[dict[str, Any]]:
    """Every combination of columns, possible or not."""
    for arm, sold, calidad, ciclo, materials, held in product(
        EstadoTrabajo, EstadoTrabajo, EstadoCalidad, (0, 1, 3), (MATERIALES, None), HOLDABLE
    ):
        yield {
            "arm_state": arm,
            "sold_state": sold,
            "calidad_state": calidad,
            "ciclo": ciclo,
            "fecha_materiales": materials,
            "ocupado_operacion": held,
        }


@pytest.fixture
def workers() -> list[Trabajador]:
    return [TrabajadorFactory(id=93, roles=list(Rol)), TrabajadorFactory(id=94, roles=list(Rol))]


def possible(state: dict[str, Any]) -> bool:
    """Whether the database accepts the state: 198 of them."""
    held: Operacion | None = state["ocupado_operacion"]
    calidad: EstadoCalidad = state["calidad_state"]
    ciclo: int = state["ciclo"]
    if held in {Operacion.ARM, Operacion.SOLD}:
        column = "arm_state" if held == Operacion.ARM else "sold_state"
        if state[column] != EstadoTrabajo.EN_PROGRESO:
            return False
    if (held == Operacion.REPARACION) != (calidad == EstadoCalidad.EN_REPARACION):
        return False
    if calidad == EstadoCalidad.BLOQUEADO or ciclo == CICLOS_MAXIMOS:
        return calidad == EstadoCalidad.BLOQUEADO and ciclo == CICLOS_MAXIMOS
    return calidad == EstadoCalidad.PENDIENTE or (ciclo == 0) == (calidad == EstadoCalidad.APROBADO)


@pytest.fixture
def spools(workers: list[Trabajador]) -> list[Spool]:
    """One spool in every state there can be; the held ones are split between two workers."""
    states = [state for state in every_state() if possible(state)]
    holders = [workers[number % 2] if state["ocupado_operacion"] else None for number, state in enumerate(states)]
    rows = [SpoolFactory.build(ocupado_por=who, **state) for who, state in zip(holders, states, strict=True)]
    return Spool.objects.bulk_create(rows)


@pytest.mark.parametrize("regla", ["iniciado", "completado"])
def test_a_list_shows_exactly_what_its_action_would_accept(spools: list[Spool], settings: Settings, regla: str) -> None:
    settings.SOLD_REQUIERE_ARM = regla
    assert len(spools) == 198
    seen = list(Spool.objects.con_gente())
    for accion, operacion, worker_id in product(
        [Accion[one.name] for one in AccionListable], Operacion, (None, 93, 94, 7)
    ):
        wanted = set(Spool.objects.filter(eligible(accion, operacion, worker_id)).values_list("pk", flat=True))
        possible = {spool.pk for spool in seen if why_not(spool, accion, operacion, worker_id) is None}
        assert wanted == possible, (accion, operacion, worker_id)


@pytest.mark.parametrize("regla", ["iniciado", "completado"])
def test_what_a_list_shows_a_worker_with_every_role_can_start(
    spools: list[Spool], workers: list[Trabajador], settings: Settings, regla: str
) -> None:
    """The list leaves worker and role out; with the right worker the rules themselves agree."""
    settings.SOLD_REQUIERE_ARM = regla
    for spool, operacion in product(Spool.objects.con_gente(), Operacion):
        for accion in (Accion.TOMAR, Accion.INSPECCIONAR):
            heard = why_not(spool, accion, operacion)
            assert (heard.codigo if heard else None) == _judged(spool, accion, operacion, workers[0])


def _judged(spool: Spool, accion: Accion, operacion: Operacion, worker: Trabajador) -> str | None:
    try:
        if accion == Accion.TOMAR:
            judge_tomar(spool, operacion, worker)
        else:
            judge_inspeccionar(spool, worker)
    except Refused as refused:
        return refused.codigo
    return None


def test_an_operations_list_shows_what_is_free_and_what_would_be(spools: list[Spool]) -> None:
    for operacion, accion in ACCION_DE.items():
        shown = Spool.objects.filter(listed(operacion))
        free = shown.filter(ocupado_por__isnull=True)
        can_be_started = Spool.objects.filter(eligible(accion, operacion))
        assert set(free.values_list("pk", flat=True)) == set(can_be_started.values_list("pk", flat=True))
        held_for_it = set(Spool.objects.filter(ocupado_operacion=operacion).values_list("pk", flat=True))
        assert held_for_it - set(shown.values_list("pk", flat=True)) == set()


def test_every_spool_of_a_list_is_in_exactly_one_part_of_it(spools: list[Spool]) -> None:
    for operacion, avances in AVANCES_DE.items():
        whole = Spool.objects.filter(listed(operacion))
        parts = {avance: set(whole.filter(narrowed(avance, operacion))) for avance in avances}
        assert all(parts.values()), operacion
        assert sum(map(len, parts.values())) == whole.count(), operacion
        assert set.union(*parts.values()) == set(whole), operacion
        free = parts.get(Avance.SIN_EMPEZAR, set()) | parts.get(Avance.EN_PAUSA, set())
        assert {why_not(spool, Accion.TOMAR, operacion) for spool in free} <= {None}, operacion
