"""The questions each verb asks, in the order a person hears them: the first thing wrong is the one named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from pytest_django import Settings

from occupation.models import Spool, Trabajador
from occupation.refusals import DependenciasNoSatisfechas, Refused
from occupation.rules import (
    judge_activo,
    judge_bloqueado,
    judge_inspeccionar,
    judge_titular,
    judge_tomar,
    judge_version,
)
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, Rol
from tests.factories import DESDE, SpoolFactory, TrabajadorFactory

ARM, SOLD, METROLOGIA, REPARACION = Operacion
P, EN, C = EstadoTrabajo.PENDIENTE, EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO
Q = EstadoCalidad

OCCUPIED = {
    "owner_id": 94,
    "owner_name": "JP(94)",
    "desde": "2026-01-12T08:30:00-03:00",
    "operacion": "ARM",
}


def worker(number: int = 93, *roles: Rol) -> Trabajador:
    made: Trabajador = TrabajadorFactory.build(id=number, nombre="Miguel", apellido="Rojas", roles=roles or list(Rol))
    return made


def juan() -> Trabajador:
    made: Trabajador = TrabajadorFactory.build(id=94, nombre="Juan", apellido="Pérez", roles=list(Rol))
    return made


def spool(**columns: Any) -> Spool:
    made: Spool = SpoolFactory.build(tag_hoja="MK-1", **columns)
    return made


def heard(judge: Callable[[], None]) -> tuple[str, dict[str, Any]] | None:
    """The code and data of the refusal; None if there is none."""
    try:
        judge()
    except Refused as refused:
        return refused.codigo, refused.datos
    return None


def test_tomar_arm_names_the_first_of_everything_that_is_wrong() -> None:
    nobody = worker(93, Rol.PINTURA)
    wrong: dict[str, Any] = {"ocupado_por": juan(), "calidad_state": Q.APROBADO, "fecha_materiales": None}
    missing_role = {"roles": ["Pintura"], "necesita": ["Armador", "Ayudante"]}
    assert heard(lambda: judge_tomar(spool(**wrong), ARM, nobody)) == ("ROL_NO_AUTORIZADO", missing_role)
    assert heard(lambda: judge_tomar(spool(**wrong), ARM, worker())) == ("SPOOL_OCCUPIED", OCCUPIED)
    del wrong["ocupado_por"]
    done = ("OPERACION_YA_COMPLETADA", {"operacion": "ARM"})
    assert heard(lambda: judge_tomar(spool(**wrong), ARM, worker())) == done
    materials = ("DEPENDENCIAS_NO_SATISFECHAS", {"falta": "Fecha_Materiales"})
    assert heard(lambda: judge_tomar(spool(fecha_materiales=None), ARM, worker())) == materials
    assert heard(lambda: judge_tomar(spool(), ARM, worker())) is None


def test_tomar_sold_names_the_first_of_everything_that_is_wrong() -> None:
    wrong: dict[str, Any] = {"ocupado_por": juan(), "ocupado_operacion": ARM, "fecha_materiales": None}
    wrong |= {"sold_state": C, "arm_state": P}
    missing_role = {"roles": ["Armador"], "necesita": ["Soldador", "Ayudante"]}
    armador = worker(93, Rol.ARMADOR)
    assert heard(lambda: judge_tomar(spool(**wrong), SOLD, armador)) == ("ROL_NO_AUTORIZADO", missing_role)
    assert heard(lambda: judge_tomar(spool(**wrong), SOLD, worker())) == ("SPOOL_OCCUPIED", OCCUPIED)
    wrong |= {"ocupado_por": None, "ocupado_operacion": None}
    done = ("OPERACION_YA_COMPLETADA", {"operacion": "SOLD"})
    assert heard(lambda: judge_tomar(spool(**wrong), SOLD, worker())) == done
    wrong |= {"sold_state": P}
    materials = ("DEPENDENCIAS_NO_SATISFECHAS", {"falta": "Fecha_Materiales"})
    assert heard(lambda: judge_tomar(spool(**wrong), SOLD, worker())) == materials
    del wrong["fecha_materiales"]
    first_arm = ("DEPENDENCIAS_NO_SATISFECHAS", {"falta": "ARM"})
    assert heard(lambda: judge_tomar(spool(**wrong), SOLD, worker())) == first_arm
    assert heard(lambda: judge_tomar(spool(arm_state=EN), SOLD, worker())) is None


def test_tomar_reparacion_names_the_first_of_everything_that_is_wrong() -> None:
    ayudante = worker(93, Rol.AYUDANTE)
    blocked = spool(calidad_state=Q.BLOQUEADO, fecha_materiales=None)
    missing_role = {"roles": ["Ayudante"], "necesita": ["Armador", "Soldador"]}
    assert heard(lambda: judge_tomar(blocked, REPARACION, ayudante)) == ("ROL_NO_AUTORIZADO", missing_role)
    held = spool(calidad_state=Q.BLOQUEADO, ocupado_por=juan(), arm_state=EN)
    assert heard(lambda: judge_tomar(held, REPARACION, worker())) == ("SPOOL_OCCUPIED", OCCUPIED)
    assert heard(lambda: judge_tomar(blocked, REPARACION, worker())) == ("SPOOL_BLOQUEADO", {})


@pytest.mark.parametrize("calidad", [Q.RECHAZADO, Q.REPARACION_PAUSADA])
def test_a_repair_can_be_taken_without_materials(calidad: EstadoCalidad) -> None:
    assert heard(lambda: judge_tomar(spool(calidad_state=calidad, fecha_materiales=None), REPARACION, worker())) is None


@pytest.mark.parametrize(("calidad", "ciclo"), [(Q.PENDIENTE, 0), (Q.PENDIENTE, 2), (Q.APROBADO, 0)])
def test_a_repair_needs_a_rejection(calidad: EstadoCalidad, ciclo: int) -> None:
    free = spool(calidad_state=calidad, ciclo=ciclo)
    refusal = ("OPERACION_NO_DISPONIBLE", {"operacion": "REPARACION"})
    assert heard(lambda: judge_tomar(free, REPARACION, worker())) == refusal


def test_metrologia_is_never_taken_and_role_and_holder_are_judged_first() -> None:
    free, held = spool(calidad_state=Q.PENDIENTE, arm_state=C, sold_state=C), spool(ocupado_por=juan())
    missing_role = {"roles": ["Armador"], "necesita": ["Metrologia"]}
    armador = worker(93, Rol.ARMADOR)
    assert heard(lambda: judge_tomar(held, METROLOGIA, armador)) == ("ROL_NO_AUTORIZADO", missing_role)
    assert heard(lambda: judge_tomar(held, METROLOGIA, worker())) == ("SPOOL_OCCUPIED", OCCUPIED)
    never = ("OPERACION_NO_DISPONIBLE", {"operacion": "METROLOGIA"})
    assert heard(lambda: judge_tomar(free, METROLOGIA, worker())) == never


@pytest.mark.parametrize(("operacion", "allowed"), [
    (ARM, {Rol.ARMADOR, Rol.AYUDANTE}),
    (SOLD, {Rol.SOLDADOR, Rol.AYUDANTE}),
    (METROLOGIA, {Rol.METROLOGIA}),
    (REPARACION, {Rol.ARMADOR, Rol.SOLDADOR}),
])  # fmt: skip
def test_each_operation_is_started_by_its_roles_only(operacion: Operacion, allowed: set[Rol]) -> None:
    can = {rol for rol in Rol if worker(93, rol).puede(operacion)}
    assert can == allowed
    assert not TrabajadorFactory.build(roles=[]).puede(operacion)


@pytest.mark.parametrize(("regla", "arm", "refused"), [
    ("iniciado", P, True), ("iniciado", EN, False), ("iniciado", C, False),
    ("completado", P, True), ("completado", EN, True), ("completado", C, False),
])  # fmt: skip
def test_the_shop_decides_how_far_arm_must_be_for_sold(
    settings: Settings, regla: str, arm: EstadoTrabajo, *, refused: bool
) -> None:
    settings.SOLD_REQUIERE_ARM = regla
    expected = ("DEPENDENCIAS_NO_SATISFECHAS", {"falta": "ARM"}) if refused else None
    assert heard(lambda: judge_tomar(spool(arm_state=arm), SOLD, worker())) == expected


@pytest.mark.parametrize(("regla", "judge", "que"), [
    ("iniciado", lambda: judge_tomar(spool(), SOLD, None), "comenzar"),
    ("completado", lambda: judge_tomar(spool(arm_state=EN), SOLD, None), "completarse"),
    ("iniciado", lambda: judge_inspeccionar(spool(arm_state=EN), None), "completarse"),
])  # fmt: skip
def test_who_waits_for_arm_hears_how_far_it_must_be(
    settings: Settings, regla: str, judge: Callable[[], None], que: str
) -> None:
    settings.SOLD_REQUIERE_ARM = regla
    with pytest.raises(DependenciasNoSatisfechas, match=rf"falta ARMADO\. Primero debe {que} el armado\.$"):
        judge()


def test_paused_work_can_be_resumed() -> None:
    paused = spool(arm_state=EN, sold_state=EN)
    assert heard(lambda: judge_tomar(paused, ARM, worker())) is None
    assert heard(lambda: judge_tomar(paused, SOLD, worker())) is None


def test_inspeccionar_names_the_first_of_everything_that_is_wrong() -> None:
    painter = worker(93, Rol.PINTURA)
    held: dict[str, Any] = {"ocupado_por": juan(), "ocupado_operacion": ARM}
    falta_arm, falta_sold = (("DEPENDENCIAS_NO_SATISFECHAS", {"falta": falta}) for falta in ("ARM", "SOLD"))
    wrong = spool(arm_state=EN, sold_state=EN, calidad_state=Q.APROBADO, **held)
    assert heard(lambda: judge_inspeccionar(wrong, painter)) == falta_arm
    wrong = spool(arm_state=C, sold_state=EN, calidad_state=Q.APROBADO, **held)
    assert heard(lambda: judge_inspeccionar(wrong, painter)) == falta_sold
    wrong = spool(arm_state=C, sold_state=C, calidad_state=Q.APROBADO, **held)
    approved = ("OPERACION_YA_COMPLETADA", {"operacion": "METROLOGIA"})
    assert heard(lambda: judge_inspeccionar(wrong, painter)) == approved
    wrong = spool(arm_state=C, sold_state=C, calidad_state=Q.BLOQUEADO, **held)
    assert heard(lambda: judge_inspeccionar(wrong, painter)) == ("SPOOL_OCCUPIED", OCCUPIED)
    wrong = spool(calidad_state=Q.BLOQUEADO)
    assert heard(lambda: judge_inspeccionar(wrong, painter)) == ("SPOOL_BLOQUEADO", {})
    in_repair = ("OPERACION_NO_DISPONIBLE", {"operacion": "METROLOGIA"})
    for calidad in (Q.RECHAZADO, Q.REPARACION_PAUSADA):
        wrong = spool(calidad_state=calidad)
        assert heard(lambda wrong=wrong: judge_inspeccionar(wrong, painter)) == in_repair  # type: ignore[misc]
    ready = spool(arm_state=C, sold_state=C, fecha_materiales=None)
    missing_role = {"roles": ["Pintura"], "necesita": ["Metrologia"]}
    assert heard(lambda: judge_inspeccionar(ready, painter)) == ("ROL_NO_AUTORIZADO", missing_role)
    assert heard(lambda: judge_inspeccionar(ready, worker(93, Rol.METROLOGIA))) is None


def test_a_spool_under_repair_is_refused_for_its_holder_first() -> None:
    repaired = spool(ocupado_por=juan(), ocupado_operacion=REPARACION)
    occupied = OCCUPIED | {"operacion": "REPARACION"}
    assert heard(lambda: judge_inspeccionar(repaired, worker())) == ("SPOOL_OCCUPIED", occupied)


def test_only_the_holder_ends_and_only_what_is_held() -> None:
    held = spool(ocupado_por=juan())
    owner = {key: OCCUPIED[key] for key in ("owner_id", "owner_name", "desde")}
    assert heard(lambda: judge_titular(held, worker(), SOLD)) == ("NO_AUTORIZADO", owner)
    wrong = ("OPERACION_NO_DISPONIBLE", {"operacion": "SOLD"})
    assert heard(lambda: judge_titular(held, juan(), SOLD)) == wrong
    assert heard(lambda: judge_titular(held, juan(), ARM)) is None
    assert heard(lambda: judge_titular(held, juan(), None)) is None


def test_a_supervisor_ends_whoever_holds_it() -> None:
    assert heard(lambda: judge_titular(spool(ocupado_por=juan()), None, None)) is None


def test_the_version_is_only_judged_when_sent() -> None:
    current: UUID = uuid4()
    seen = spool(version=current)
    assert heard(lambda: judge_version(seen, None)) is None
    assert heard(lambda: judge_version(seen, current)) is None
    conflict = ("VERSION_CONFLICT", {"version": str(current)})
    assert heard(lambda: judge_version(seen, uuid4())) == conflict


def test_an_inactive_worker_starts_nothing() -> None:
    assert heard(lambda: judge_activo(worker())) is None
    inactive = TrabajadorFactory.build(id=93, activo=False)
    assert heard(lambda: judge_activo(inactive)) == ("WORKER_NO_ENCONTRADO", {"worker_id": 93})


@pytest.mark.parametrize("calidad", [state for state in Q if state != Q.BLOQUEADO])
def test_only_a_blocked_spool_is_unblocked(calidad: EstadoCalidad) -> None:
    refusal = ("OPERACION_NO_DISPONIBLE", {"operacion": "REPARACION"})
    assert heard(lambda: judge_bloqueado(spool(calidad_state=calidad))) == refusal
    assert heard(lambda: judge_bloqueado(spool(calidad_state=Q.BLOQUEADO))) is None


def test_the_holder_hears_that_it_is_theirs() -> None:
    mine = spool(ocupado_por=juan(), ocupado_desde=DESDE)
    with pytest.raises(Refused) as caught:
        judge_tomar(mine, ARM, juan())
    assert caught.value.mensaje == "Usted ya tiene el spool MK-1 en ARMADO desde el 12-01 08:30. Está en Mis spools."
