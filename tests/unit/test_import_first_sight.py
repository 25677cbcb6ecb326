"""What a row means the first time it is seen: a table of rows and the spools they become."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from occupation.sheets.hydrate import IN_THE_FUTURE, NOTHING_LEFT, WITHOUT_DATE, WITHOUT_HOLDER, first_sight
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion
from tests.books import reading

AHORA = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)
WORKERS = {93: "MR(93)", 94: "JP(94)"}

NO, EN, SI = EstadoTrabajo.PENDIENTE, EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO
Q = EstadoCalidad
ARM, SOLD, REPARACION = Operacion.ARM, Operacion.SOLD, Operacion.REPARACION

DONE = {"Fecha_Armado": "12-01-2026", "Armador": "MR(93)", "Fecha_Soldadura": "15-01-2026", "Soldador": "JP(94)"}
QC = "Fecha_QC_Metrología"


def seen(cells: dict[str, str], **options: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    sight = first_sight(reading(cells), WORKERS, AHORA, **options)
    return sight.columns, [(doubt.header, doubt.why) for doubt in sight.doubts]


def work(cells: dict[str, str]) -> tuple[Any, ...]:
    columns, _ = seen(cells)
    return columns["arm_state"], columns["sold_state"], columns["calidad_state"], columns["ciclo"]


def holding(cells: dict[str, str]) -> tuple[Any, ...]:
    columns, _ = seen(cells)
    return columns.get("ocupado_por_id"), columns.get("ocupado_operacion"), columns.get("previo")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, (NO, NO, Q.PENDIENTE, 0)),
        ({"Armador": "MR(93)"}, (EN, NO, Q.PENDIENTE, 0)),
        ({"Armador": "Rojas(93)"}, (EN, NO, Q.PENDIENTE, 0)),
        ({"Fecha_Armado": "12-01-2026", "Armador": "MR(93)"}, (SI, NO, Q.PENDIENTE, 0)),
        ({"Fecha_Armado": "46034"}, (SI, NO, Q.PENDIENTE, 0)),
        ({"Fecha_Armado": "12-01-2026", "Soldador": "JP(94)"}, (SI, EN, Q.PENDIENTE, 0)),
        ({"Fecha_Soldadura": "15-01-2026"}, (NO, SI, Q.PENDIENTE, 0)),
        (DONE, (SI, SI, Q.PENDIENTE, 0)),
        (DONE | {QC: "20-01-2026"}, (SI, SI, Q.APROBADO, 0)),
        ({QC: "20-01-2026"}, (NO, NO, Q.APROBADO, 0)),
        (DONE | {QC: "20-01-2026", "Estado_Detalle": "BLOQUEADO"}, (SI, SI, Q.APROBADO, 0)),
        (DONE | {"Estado_Detalle": "BLOQUEADO - Contactar supervisor"}, (SI, SI, Q.BLOQUEADO, 3)),
        (DONE | {"Estado_Detalle": "METROLOGIA RECHAZADO - Pendiente reparación"}, (SI, SI, Q.RECHAZADO, 1)),
        (DONE | {"Estado_Detalle": "Disponible, RECHAZADO (Ciclo 2/3)"}, (SI, SI, Q.RECHAZADO, 2)),
        (DONE | {"Estado_Detalle": "REPARACION_PAUSADA (Ciclo 2/3)"}, (SI, SI, Q.REPARACION_PAUSADA, 2)),
        (DONE | {"Estado_Detalle": "PENDIENTE_METROLOGIA (Ciclo 2/3)"}, (SI, SI, Q.PENDIENTE, 2)),
        (DONE | {"Estado_Detalle": "En Cola Metrología"}, (SI, SI, Q.PENDIENTE, 0)),
        (DONE | {"Estado_Detalle": "METROLOGIA_APROBADO ✓"}, (SI, SI, Q.PENDIENTE, 0)),
        (DONE | {"Estado_Detalle": "EN_REPARACION (Ciclo 1/3)"}, (SI, SI, Q.REPARACION_PAUSADA, 1)),
        (DONE | {"Estado_Detalle": "llamar a Pedro"}, (SI, SI, Q.PENDIENTE, 0)),
        ({"Armador": "W(500)"}, (EN, NO, Q.PENDIENTE, 0)),
        ({"Armador": "Pedro"}, (EN, NO, Q.PENDIENTE, 0)),
        ({"Fecha_Armado": "32-13-2026", "Armador": "MR(93)"}, (EN, NO, Q.PENDIENTE, 0)),
        ({"Fecha_Armado": "7"}, (NO, NO, Q.PENDIENTE, 0)),
    ],
)
def test_a_row_hydrates_the_machines(cells: dict[str, str], expected: tuple[Any, ...]) -> None:
    assert work(cells) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        # What the text names, if its machine is in progress.
        (
            {"Armador": "MR(93)", "Soldador": "JP(94)", "Ocupado_Por": "JP(94)"}
            | {"Estado_Detalle": "JP(94) trabajando SOLD (ARM parcial (pausado), SOLD en progreso)"},
            (94, SOLD, {"estado": "en_progreso", "responsable": 94}),
        ),
        # The only machine in progress, whatever the text says.
        (
            {"Armador": "MR(93)", "Ocupado_Por": "JP(94)", "Estado_Detalle": "JP(94) trabajando SOLD (ARM x)"},
            (94, ARM, {"estado": "en_progreso", "responsable": 93}),
        ),
        (
            {"Fecha_Armado": "12-01-2026", "Soldador": "JP(94)", "Ocupado_Por": "JP(94)"},
            (94, SOLD, {"estado": "en_progreso", "responsable": 94}),
        ),
        # Else ARM, if it is not completed, as a TOMAR; else SOLD.
        ({"Ocupado_Por": "MR(93)"}, (93, ARM, {"estado": "pendiente", "responsable": None})),
        (
            {"Armador": "MR(93)", "Soldador": "JP(94)", "Ocupado_Por": "JP(94)"},
            (94, ARM, {"estado": "en_progreso", "responsable": 93}),
        ),
        (
            {"Fecha_Armado": "12-01-2026", "Ocupado_Por": "JP(94)"},
            (94, SOLD, {"estado": "pendiente", "responsable": None}),
        ),
        (
            DONE | {"Ocupado_Por": "MR(93)", "Estado_Detalle": "EN_REPARACION (Ciclo 2/3) - Ocupado: MR(93)"},
            (93, REPARACION, {"estado": "reparacion_pausada", "responsable": None}),
        ),
        ({"Ocupado_Por": "W(500)"}, (None, None, None)),
        ({"Ocupado_Por": "Pedro"}, (None, None, None)),
        (DONE | {"Ocupado_Por": "MR(93)"}, (None, None, None)),
        (DONE | {"Ocupado_Por": "MR(93)", "Estado_Detalle": "BLOQUEADO"}, (None, None, None)),
    ],
)
def test_a_named_holder_holds_the_spool_for_one_operation(cells: dict[str, str], expected: tuple[Any, ...]) -> None:
    assert holding(cells) == expected


def test_a_holder_by_the_last_rules_is_a_tomar_with_its_responsible() -> None:
    columns, _ = seen({"Ocupado_Por": "MR(93)"})
    assert (columns["arm_state"], columns["armador_id"]) == (EN, 93)
    assert columns["estado_detalle"] == "MR(93) trabajando ARM (ARM en progreso, SOLD pendiente)"


def test_a_held_machine_in_progress_keeps_the_worker_the_row_names() -> None:
    columns, _ = seen({"Armador": "MR(93)", "Ocupado_Por": "JP(94)"})
    assert (columns["armador_id"], columns["ocupado_por_id"]) == (93, 94)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"Armador": "W(500)"}, [("Armador", "no hay un trabajador con el número 500")]),
        ({"Ocupado_Por": "W(500)"}, [("Ocupado_Por", "no hay un trabajador con el número 500")]),
        (DONE | {"Ocupado_Por": "MR(93)"}, [("Ocupado_Por", NOTHING_LEFT)]),
        (DONE | {"Estado_Detalle": "METROLOGIA APROBADO ✓"}, [("Estado_Detalle", WITHOUT_DATE)]),
        (
            DONE | {"Estado_Detalle": "EN_REPARACION (Ciclo 1/3) - Ocupado: MR(93)"},
            [("Estado_Detalle", WITHOUT_HOLDER)],
        ),
        ({"Ocupado_Por": "MR(93)", "Fecha_Ocupacion": "03-03-2027 08:00:00"}, [("Fecha_Ocupacion", IN_THE_FUTURE)]),
        ({"Fecha_Armado": "#REF!"}, [("Fecha_Armado", "la fórmula de la celda da un error (#REF!)")]),
        ({"DIAM": "cuatro"}, [("DIAM", "no es un número")]),
        ({"Estado_Detalle": "llamar a Pedro", "Soldador": "MR(93)"}, []),
    ],
)
def test_what_cannot_be_believed_is_doubtful(cells: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert seen(cells)[1] == expected


def test_lesson_4_a_date_that_came_back_as_a_number_is_an_instant() -> None:
    columns, doubts = seen({"Ocupado_Por": "MR(93)", "Fecha_Ocupacion": "46083.4818"})
    assert columns["ocupado_desde"] == datetime(2026, 3, 2, 14, 33, 48, tzinfo=UTC)
    assert doubts == []


def test_an_occupation_without_an_instant_begins_with_the_import() -> None:
    assert seen({"Ocupado_Por": "MR(93)"})[0]["ocupado_desde"] == AHORA
    assert seen({"Ocupado_Por": "MR(93)", "Fecha_Ocupacion": "ayer"})[0]["ocupado_desde"] == AHORA


def test_an_occupation_keeps_the_wall_time_of_the_sheet() -> None:
    columns, _ = seen({"Ocupado_Por": "MR(93)", "Fecha_Ocupacion": "02-03-2026 08:30:15"})
    assert columns["ocupado_desde"] == datetime(2026, 3, 2, 11, 30, 15, tzinfo=UTC)


def test_a_copied_row_keeps_its_progress_and_loses_its_holder() -> None:
    cells = DONE | {"Ocupado_Por": "MR(93)", "Estado_Detalle": "EN_REPARACION (Ciclo 2/3) - Ocupado: MR(93)"}
    columns, doubts = seen(cells, free=True)
    assert (columns["calidad_state"], columns["ciclo"], columns.get("ocupado_por_id")) == (
        Q.REPARACION_PAUSADA,
        2,
        None,
    )
    assert doubts == []


def test_the_office_columns_are_read_and_an_unreadable_one_stays_out() -> None:
    columns, _ = seen({"NV": " NV0650 ", "DIAM": "2,50", "Fecha_Compromiso": "pronto", "Notas": "=1+1"})
    assert {name: columns[name] for name in ("nv", "diam", "notas", "cliente")} == {
        "nv": "NV0650",
        "diam": "2.5",
        "notas": "=1+1",
        "cliente": "",
    }
    assert "fecha_compromiso" not in columns


def test_approval_without_work_is_kept_as_the_row_has_it() -> None:
    columns, _ = seen({QC: "20-01-2026"})
    assert columns["fecha_qc"] == date(2026, 1, 20)


def test_a_tick_that_cp1252_could_not_write_is_no_edit() -> None:
    ours = "Disponible - ARM completado, SOLD completado, METROLOGIA APROBADO ✓"
    assert reading({"Estado_Detalle": ours.replace("✓", "?")}).app_cells()["Estado_Detalle"] == ours
    assert reading({"Estado_Detalle": "¿APROBADO ? no sé"}).app_cells()["Estado_Detalle"] == "¿APROBADO ? no sé"
