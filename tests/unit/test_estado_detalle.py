"""Estado_Detalle: every line of its grammar, every older text, and that parsing never fails."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occupation.estado_detalle import Lectura, Situacion, build, parse, situacion_de
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion
from tests.factories import SpoolFactory, TrabajadorFactory

P, EN, C = EstadoTrabajo.PENDIENTE, EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO
Q = EstadoCalidad
ARM, SOLD, REP = Operacion.ARM, Operacion.SOLD, Operacion.REPARACION

GRAMMAR = [
    (
        Situacion(EN, P, ocupado_por="MR(93)", operacion=ARM),
        "MR(93) trabajando ARM (ARM en progreso, SOLD pendiente)",
        Lectura(EN, P, worker_id=93, operacion=ARM),
    ),
    (
        Situacion(EN, EN, ocupado_por="CP(95)", operacion=SOLD),
        "CP(95) trabajando SOLD (ARM parcial (pausado), SOLD en progreso)",
        Lectura(EN, EN, worker_id=95, operacion=SOLD),
    ),
    (
        Situacion(C, EN, ocupado_por="ÓÑ(7)", operacion=SOLD),
        "ÓÑ(7) trabajando SOLD (ARM completado, SOLD en progreso)",
        Lectura(C, EN, worker_id=7, operacion=SOLD),
    ),
    (Situacion(P, P), "Disponible - ARM pendiente, SOLD pendiente", Lectura(P, P)),
    (Situacion(EN, P), "Disponible - ARM parcial (pausado), SOLD pendiente", Lectura(EN, P)),
    (Situacion(C, EN), "Disponible - ARM completado, SOLD parcial (pausado)", Lectura(C, EN)),
    (Situacion(C, C), "Disponible - ARM completado, SOLD completado", Lectura(C, C)),
    (
        Situacion(C, C, Q.APROBADO),
        "Disponible - ARM completado, SOLD completado, METROLOGIA APROBADO ✓",
        Lectura(C, C, Q.APROBADO, 0),
    ),
    (
        Situacion(C, C, Q.RECHAZADO, 2),
        "Disponible - ARM completado, SOLD completado, RECHAZADO (Ciclo 2/3) - Pendiente reparación",
        Lectura(C, C, Q.RECHAZADO, 2),
    ),
    (
        Situacion(C, C, Q.EN_REPARACION, 1, "MR(93)", REP),
        "EN_REPARACION (Ciclo 1/3) - Ocupado: MR(93)",
        Lectura(None, None, Q.EN_REPARACION, 1, 93, REP),
    ),
    (
        Situacion(C, C, Q.REPARACION_PAUSADA, 2),
        "REPARACION_PAUSADA (Ciclo 2/3)",
        Lectura(None, None, Q.REPARACION_PAUSADA, 2),
    ),
    (
        Situacion(C, C, Q.PENDIENTE, 2),
        "PENDIENTE_METROLOGIA (Ciclo 2/3)",
        Lectura(None, None, Q.PENDIENTE, 2),
    ),
    (
        Situacion(C, C, Q.BLOQUEADO, 3),
        "BLOQUEADO - Contactar supervisor",
        Lectura(None, None, Q.BLOQUEADO, 3),
    ),
]

OLDER = {
    "METROLOGIA_APROBADO ✓": Lectura(calidad=Q.APROBADO, ciclo=0),
    "Disponible - ARM completado, SOLD completado, METROLOGIA_APROBADO ✓": Lectura(C, C, Q.APROBADO, 0),
    "PENDIENTE_METROLOGIA": Lectura(calidad=Q.PENDIENTE, ciclo=1),
    "REPARACION completado - PENDIENTE_METROLOGIA": Lectura(calidad=Q.PENDIENTE, ciclo=1),
    "METROLOGIA RECHAZADO - Pendiente reparación": Lectura(calidad=Q.RECHAZADO, ciclo=1),
    "METROLOGIA RECHAZADO - Pendiente reparacion": Lectura(calidad=Q.RECHAZADO, ciclo=1),
    "RECHAZADO": Lectura(calidad=Q.RECHAZADO, ciclo=1),
    "RECHAZADO (Ciclo 2/3)": Lectura(calidad=Q.RECHAZADO, ciclo=2),
    "ARM parcial 3/7 (pausado)": Lectura(arm=EN),
    "SOLD completado - Disponible": Lectura(sold=C),
    "En Cola Metrología": Lectura(calidad=Q.PENDIENTE, ciclo=0),
    "en cola metrologia": Lectura(calidad=Q.PENDIENTE, ciclo=0),
    "EN REPARACIÓN (Ciclo 1/3) - Ocupado: Rojas(93)": Lectura(None, None, Q.EN_REPARACION, 1, 93, REP),
    "REPARACIÓN PAUSADA": Lectura(calidad=Q.REPARACION_PAUSADA, ciclo=1),
    "EN_REPARACION": Lectura(calidad=Q.EN_REPARACION, ciclo=1, operacion=REP),
    "BLOQUEADO": Lectura(calidad=Q.BLOQUEADO, ciclo=3),
    "BLOQUEADO (Ciclo 3/3)": Lectura(calidad=Q.BLOQUEADO, ciclo=3),
    "  mr(93)   TRABAJANDO   arm ( arm EN PROGRESO , sold PENDIENTE )": Lectura(EN, P, None, None, 93, ARM),
    "W(93) trabajando SOLD": Lectura(worker_id=93, operacion=SOLD),
}

SILENT = [
    "",
    "-",
    "Disponible",
    "Desbloqueado por el supervisor",
    "desaprobado",
    "ARMADO",
    "ARM",
    "MR(93)",
    "trabajando ARM",
    "MR(99999999999) trabajando ARM",
    "MR(93) trabajando ARMADO",
    "hoy no vino nadie",
]


@pytest.mark.parametrize(("situacion", "texto", "lectura"), GRAMMAR)
def test_each_line_of_the_grammar_is_built_and_read_back(situacion: Situacion, texto: str, lectura: Lectura) -> None:
    assert build(situacion) == texto
    assert parse(texto) == lectura


@pytest.mark.parametrize(("texto", "lectura"), OLDER.items())
def test_older_texts_are_read(texto: str, lectura: Lectura) -> None:
    assert parse(texto) == lectura


@pytest.mark.parametrize("texto", SILENT)
def test_an_unknown_text_says_nothing(texto: str) -> None:
    assert parse(texto) == Lectura()


@pytest.mark.parametrize(
    ("texto", "ciclo"), [("RECHAZADO (Ciclo 0/3)", 1), ("RECHAZADO (Ciclo 3/3)", 2), ("RECHAZADO (Ciclo 9/3)", 2)]
)
def test_a_cycle_that_cannot_be_is_read_as_the_nearest_that_can(texto: str, ciclo: int) -> None:
    assert parse(texto) == Lectura(calidad=Q.RECHAZADO, ciclo=ciclo)


def test_the_text_of_a_spool_is_that_of_its_columns() -> None:
    ana = TrabajadorFactory.build(id=96, nombre="Ana", apellido="de la Fuente")
    held = SpoolFactory.build(ocupado_por=ana, ocupado_operacion=SOLD)
    assert situacion_de(held) == Situacion(EN, EN, Q.PENDIENTE, 0, "AD(96)", SOLD)
    rejected = SpoolFactory.build(calidad_state=Q.RECHAZADO, ciclo=2)
    assert situacion_de(rejected) == Situacion(C, C, Q.RECHAZADO, 2)


INITIALS = st.text(st.characters(categories=["Lu", "Lt", "Nd"]), max_size=2)
WORKER = st.builds(lambda initials, number: f"{initials}({number})", INITIALS, st.integers(1, 2**31 - 1))


@st.composite
def situaciones(draw: st.DrawFn) -> Situacion:
    """Any state a spool of the shop can be in."""
    calidad = draw(st.sampled_from(EstadoCalidad))
    if calidad == Q.EN_REPARACION:
        return Situacion(C, C, calidad, draw(st.integers(1, 2)), draw(WORKER), REP)
    if calidad in {Q.RECHAZADO, Q.REPARACION_PAUSADA}:
        return Situacion(C, C, calidad, draw(st.integers(1, 2)))
    if calidad != Q.PENDIENTE:
        return Situacion(C, C, calidad, 3 if calidad == Q.BLOQUEADO else 0)
    arm, sold = draw(st.sampled_from(EstadoTrabajo)), draw(st.sampled_from(EstadoTrabajo))
    if arm == sold == C:
        return Situacion(C, C, Q.PENDIENTE, draw(st.integers(0, 2)))
    free = Situacion(arm, sold)
    held = [op for op, state in ((ARM, arm), (SOLD, sold)) if state == EN]
    taken: bool = draw(st.booleans())
    if held and taken:
        return replace(free, ocupado_por=draw(WORKER), operacion=draw(st.sampled_from(held)))
    return free


@given(situaciones())
def test_what_is_read_back_agrees_with_what_was_built(situacion: Situacion) -> None:
    read = parse(build(situacion))
    assert (read.arm or situacion.arm, read.sold or situacion.sold) == (situacion.arm, situacion.sold)
    assert (read.calidad or Q.PENDIENTE, read.ciclo or 0) == (situacion.calidad, situacion.ciclo)
    holder = f"({read.worker_id})" if read.worker_id else None
    assert (situacion.ocupado_por or "").endswith(holder or "")
    assert (holder is None, read.operacion) == (situacion.ocupado_por is None, situacion.operacion)


@given(st.text(st.characters()))
def test_reading_never_fails(texto: str) -> None:
    read = parse(texto)
    assert (read.worker_id is None) or read.worker_id > -1


WORDS = ["ARM", "SOLD", "parcial", "(93)", "trabajando", "BLOQUEADO", "Ciclo 2", "Ocupado:", "EN_REPARACION", "(", "✓"]


@given(st.lists(st.sampled_from(WORDS), max_size=400).map(" ".join))
def test_reading_a_heap_of_known_words_never_fails(texto: str) -> None:
    read = parse(texto)
    assert read.ciclo in {None, 0, 1, 2, 3}
