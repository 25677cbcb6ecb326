"""REPARACIÓN on the pages: its cycle wherever it is shown, the next step offered, and never in the inspection queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from dashboard.board import cards
from occupation.models import Spool, Trabajador
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, Rol
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.office import words
from tests.tablet import FLOOR, Tablet, mine, notice, rows

pytestmark = FLOOR

NOON = datetime(2026, 5, 14, 16, 0, tzinfo=UTC)
READY = {"arm_state": EstadoTrabajo.COMPLETADO, "sold_state": EstadoTrabajo.COMPLETADO}
REPAIRS = {"nv": "", "ciclo": 2, **READY}


@pytest.fixture
def juan() -> Trabajador:
    worker: Trabajador = TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez", roles=[Rol.SOLDADOR])
    return worker


@pytest.fixture
def inspector() -> Tablet:
    ines = TrabajadorFactory(id=97, nombre="Inés", apellido="Soto", roles=[Rol.METROLOGIA, Rol.SOLDADOR])
    return Tablet().step_up(ines)


def held_for_repair(holder: Trabajador) -> Spool:
    spool: Spool = SpoolFactory(
        tag_hoja="R-1",
        ocupado_por=holder,
        ocupado_operacion=Operacion.REPARACION,
        ocupado_desde=NOON - timedelta(hours=1),
        **REPAIRS,
    )
    return spool


@time_machine.travel(NOON, tick=False)
def test_the_cycle_stands_wherever_a_repair_is_shown(juan: Trabajador, inspector: Tablet) -> None:
    spool = held_for_repair(juan)
    tablet = Tablet().step_up(juan)
    assert mine(tablet.get("/trabajo/")) == ["R -1 REPARACIÓN · ciclo 2/3 1h 0m desde 11:00"]
    for page in ("/trabajo/completar/", "/trabajo/cancelar/"):
        assert "REPARACIÓN · ciclo 2/3" in words(tablet.get(page, tag="R-1"))
    assert "El spool vuelve a la cola de METROLOGÍA." in words(tablet.get("/trabajo/completar/", tag="R-1"))
    assert rows(inspector.get("/trabajo/", op="REPARACION")) == ["R -1 Ocupado por JP(94) · ciclo 2/3 · 1h 0m ›"]
    assert rows(inspector.get("/trabajo/", op="SOLD", q="R-1")) == [
        "R -1 Ocupado por JP(94) en REPARACIÓN · ciclo 2/3 · 1h 0m ›"
    ]
    assert "Lo tiene usted en REPARACIÓN · ciclo 2/3" in words(tablet.get("/spool/R-1/"))
    assert "Lo tiene JP(94) · Juan Pérez en REPARACIÓN · ciclo 2/3" in words(inspector.get("/spool/R-1/"))
    assert [card.operacion for card in cards([spool], NOON)] == ["REPARACIÓN 2/3"]


@pytest.mark.parametrize(
    ("calidad", "row"),
    [
        (EstadoCalidad.RECHAZADO, "Rechazado · ciclo 2/3"),
        (EstadoCalidad.REPARACION_PAUSADA, "Reparación pausada · ciclo 2/3"),
    ],
)
def test_what_waits_for_repair_is_counted_there_and_not_in_the_inspection_queue(
    inspector: Tablet, calidad: EstadoCalidad, row: str
) -> None:
    SpoolFactory(tag_hoja="R-1", calidad_state=calidad, **REPAIRS)
    SpoolFactory(tag_hoja="R-2", **REPAIRS)
    repairs, queue = (inspector.get("/trabajo/", op=op) for op in ("REPARACION", "METROLOGIA"))
    assert rows(repairs) == [f"R -1 {row} ›"]
    assert rows(queue) == ["R -2 Reparado · ciclo 2/3 ›"]
    assert "Todos 1" in words(repairs)
    assert "Todos 1 Primera inspección 0 Reparados 1" in words(queue)


def test_a_rejection_offers_the_repair_to_an_inspector_who_may_do_it(inspector: Tablet) -> None:
    SpoolFactory(tag_hoja="R-1", **READY)
    page = inspector.follow("/trabajo/metrologia/", tag="R-1", resultado="RECHAZADO")
    assert notice(page) == "Metrología: R-1 RECHAZADO (Ciclo 1/3) Sigue REPARACIÓN. TOMAR REPARACIÓN Ocultar"
    taken = inspector.follow("/trabajo/tomar/", tag="R-1", operacion="REPARACION")
    assert notice(taken) == "Spool R-1 tomado por IS(97) Ocultar"


def test_a_finished_repair_offers_the_inspection_to_whoever_may_do_it(inspector: Tablet) -> None:
    assert inspector.worker
    held_for_repair(inspector.worker)
    page = inspector.follow("/trabajo/completar/", tag="R-1", operacion="REPARACION")
    assert notice(page) == "Operación completada en R-1 Sigue METROLOGÍA. INSPECCIONAR Ocultar"
    spool = Spool.objects.get(tag="R-1")
    assert (spool.calidad_state, spool.ciclo) == (EstadoCalidad.PENDIENTE, 2)


def test_a_paused_repair_offers_itself_again_and_another_worker_resumes_it(juan: Trabajador, inspector: Tablet) -> None:
    held_for_repair(juan)
    paused = Tablet().step_up(juan).follow("/trabajo/pausar/", tag="R-1")
    assert notice(paused) == "Trabajo pausado en R-1 TOMAR DE NUEVO Ocultar"
    resumed = inspector.follow("/trabajo/tomar/", tag="R-1", operacion="REPARACION")
    assert mine(resumed)[0].startswith("R -1 REPARACIÓN · ciclo 2/3 0m")


def test_a_cancelled_repair_is_as_it_was_found(inspector: Tablet) -> None:
    SpoolFactory(tag_hoja="R-1", calidad_state=EstadoCalidad.REPARACION_PAUSADA, **REPAIRS)
    inspector.follow("/trabajo/tomar/", tag="R-1", operacion="REPARACION")
    page = inspector.follow("/trabajo/cancelar/", tag="R-1", operacion="REPARACION")
    assert notice(page) == "Operación cancelada en R-1 Quedó como estaba antes de tomarlo. Ocultar"
    assert rows(page) == ["R -1 Reparación pausada · ciclo 2/3 ›"]
