"""One journal row as other programs read it, compared whole."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from occupation.models import Evento
from occupation.updates import updates_of
from occupation.vocabulary import Accion, ActorTipo, Operacion, TipoEvento
from tests.factories import TrabajadorFactory

INSTANTE = datetime(2026, 3, 2, 12, 15, 7, 123456, tzinfo=UTC)
ESTADO = {
    "tag_spool": "MK-1",
    "estado_detalle": "Disponible - ARM completado, SOLD pendiente",
    "version": "0b6c",
    "arm_state": "completado",
    "sold_state": "pendiente",
    "calidad_state": "pendiente",
    "ocupado": False,
    "worker_nombre": None,
}


def evento(tipo: TipoEvento, accion: Accion | str, operacion: Operacion | str, **detalle: Any) -> Evento:
    return Evento(
        id=12,
        tipo=tipo,
        accion=accion,
        operacion=operacion,
        trabajador=TrabajadorFactory.build(id=93, nombre="Miguel", apellido="Rojas"),
        actor_tipo=ActorTipo.DISPOSITIVO,
        actor_nombre="Tablet 1",
        instante=INSTANTE,
        dia=date(2026, 3, 1),
        detalle=detalle,
        estado=ESTADO,
    )


def told(event_type: str, operacion: str | None, worker: str | None, **more: Any) -> dict[str, Any]:
    return {
        "event_type": event_type,
        "tag_spool": "MK-1",
        "worker_nombre": worker,
        "actor_nombre": "Tablet 1",
        "estado_detalle": "Disponible - ARM completado, SOLD pendiente",
        "timestamp": "2026-03-02T12:15:07.123Z",
        "operacion": operacion,
        "evento_id": 12,
        "version": "0b6c",
        "arm_state": "completado",
        "sold_state": "pendiente",
        "calidad_state": "pendiente",
        "ocupado": False,
    } | more


T, A, O = TipoEvento, Accion, Operacion  # noqa: E741 - three columns of one table
M = "MR(93)"
CASES = [
    (evento(T.TOMAR_ARM, A.TOMAR, O.ARM), told("TOMAR", "ARM", M)),
    (evento(T.PAUSAR_SOLD, A.PAUSAR, O.SOLD), told("PAUSAR", "SOLD", None)),
    (evento(T.CANCELAR_ARM, A.CANCELAR, O.ARM), told("CANCELAR", "ARM", None)),
    (
        evento(T.COMPLETAR_ARM, A.COMPLETAR, O.ARM),
        told("COMPLETAR", "ARM", M, fecha_operacion="2026-03-01"),
    ),
    (
        evento(T.LIBERAR_SOLD, A.LIBERAR, O.SOLD, motivo="se fue"),
        told("LIBERAR", "SOLD", None, motivo="se fue"),
    ),
    (
        evento(T.TOMAR_REPARACION, A.TOMAR, O.REPARACION),
        told("TOMAR_REPARACION", "REPARACION", M),
    ),
    (
        evento(T.PAUSAR_REPARACION, A.PAUSAR, O.REPARACION),
        told("PAUSAR_REPARACION", "REPARACION", None),
    ),
    (
        evento(T.COMPLETAR_REPARACION, A.COMPLETAR, O.REPARACION),
        told("COMPLETAR_REPARACION", "REPARACION", M, fecha_operacion="2026-03-01"),
    ),
    (
        evento(T.COMPLETAR_METROLOGIA, A.INSPECCIONAR, O.METROLOGIA, resultado="RECHAZADO", ciclo=1),
        told(
            "COMPLETAR_METROLOGIA",
            "METROLOGIA",
            M,
            resultado="RECHAZADO",
            ciclo=1,
            fecha_operacion="2026-03-01",
        ),
    ),
    (
        evento(T.STATE_CHANGE, "", O.ARM, maquina="ARM", desde="pendiente", hasta="en_progreso"),
        told("STATE_CHANGE", "ARM", None, maquina="ARM", desde="pendiente", hasta="en_progreso"),
    ),
    (
        evento(T.DESBLOQUEAR_REPARACION, A.DESBLOQUEAR, O.REPARACION, motivo="revisado", ciclo=2),
        told("DESBLOQUEAR", "REPARACION", M, motivo="revisado", ciclo=2),
    ),
    (
        evento(T.SUPERVISOR_OVERRIDE, A.DESBLOQUEAR, O.REPARACION, ciclo=2),
        told("DESBLOQUEAR", "REPARACION", M, ciclo=2),
    ),
    (
        evento(T.EDICION_HOJA, "", "", encabezado="Armador"),
        told("SPOOL", None, None),
    ),
    (
        evento(T.CORREGIR_ARM, A.CORREGIR, O.ARM, motivo="era de Miguel"),
        told("SPOOL", "ARM", None, motivo="era de Miguel"),
    ),
]


@pytest.mark.parametrize(("row", "expected"), CASES)
def test_a_journal_row_is_told_as_the_contract_says(row: Evento, expected: dict[str, Any]) -> None:
    assert updates_of(row) == [expected]


def test_a_machine_that_moved_names_the_worker_only_while_the_spool_is_held() -> None:
    row = evento(T.STATE_CHANGE, "", O.ARM, maquina="ARM", desde="pendiente", hasta="en_progreso")
    row.estado = ESTADO | {"ocupado": True, "worker_nombre": "MR(93)"}
    assert [update["worker_nombre"] for update in updates_of(row)] == ["MR(93)"]


@pytest.mark.parametrize(
    "row", [evento(T.EDICION_HOJA, "", "", encabezado="Armador"), evento(T.CORREGIR_ARM, A.CORREGIR, O.ARM)]
)
def test_what_is_put_right_while_somebody_holds_the_spool_names_the_holder(row: Evento) -> None:
    row.estado = ESTADO | {"ocupado": True, "worker_nombre": "JP(94)"}
    assert [update["worker_nombre"] for update in updates_of(row)] == ["JP(94)"]


def test_a_large_import_is_told_as_one_repaint() -> None:
    row = evento(T.IMPORTACION, "", "", nuevas=300)
    assert updates_of(row) == [{"event_type": "repintar", "timestamp": "2026-03-02T12:15:07.123Z", "evento_id": 12}]
