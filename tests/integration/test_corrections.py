"""CORREGIR and REABRIR: what a supervisor puts right, what it leaves in the journal, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from occupation import services
from occupation.models import Evento, Mirror, Spool
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, Resultado
from tests.factories import HECHO, SpoolFactory
from tests.shop import (
    COMMITS,
    FUTURE_DAY,
    SUPERVISOR,
    TABLET,
    TOO_OLD_A_DAY,
    Row,
    Shop,
    changes,
    nothing_left_behind,
    refusal,
    row_of,
)

pytestmark = COMMITS

ARM, SOLD, METROLOGIA, REPARACION = Operacion
EN, C = EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO
Q = EstadoCalidad
NOW = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)
TODAY = date(2026, 3, 2)
FUTURE = {"campos": {"fecha": FUTURE_DAY}}
LONG_AGO = {"campos": {"fecha": TOO_OLD_A_DAY}}
FREE = "Disponible - ARM {}, SOLD {}"
PAUSED = "parcial (pausado)"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def done(shop: Shop, **columns: Any) -> Spool:
    """MK-1, fitted up by Miguel and welded by Juan, mirrored."""
    spool: Spool = SpoolFactory(
        tag_hoja="MK-1", **({"arm_state": C, "sold_state": C, "armador": shop.miguel, "soldador": shop.juan} | columns)
    )
    Mirror.objects.create(spool=spool)
    return spool


def corregir(operacion: Operacion = ARM, **more: Any) -> Callable[[], services.Respuesta]:
    asked: Row = {"tag": "mk-1", "motivo": "se anotó mal", "actor": SUPERVISOR, "clave": "k"}
    return lambda: services.corregir(operacion=operacion, **(asked | more))


def reabrir(operacion: Operacion = ARM, **more: Any) -> Callable[[], services.Respuesta]:
    asked: Row = {"tag": "mk-1", "motivo": "quedó una costura", "actor": SUPERVISOR, "clave": "k"}
    return lambda: services.reabrir(operacion=operacion, **(asked | more))


def told() -> list[Row]:
    kept = ("tipo", "accion", "operacion", "trabajador_id", "actor_tipo", "actor_nombre", "actor_id", "dia", "detalle")
    rows: list[Row] = [*map(dict, Evento.objects.order_by("id").values())]
    return [{key: row[key] for key in kept} for row in rows]


def by_marta(tipo: str, worker: int | None, dia: date, **detalle: Any) -> Row:
    accion, operacion = tipo.split("_")
    actor = {"actor_tipo": "supervisor", "actor_nombre": "marta", "actor_id": 5}
    row = {"tipo": tipo, "accion": accion, "operacion": operacion, "trabajador_id": worker, "dia": dia}
    return row | actor | {"detalle": detalle}


def moved(row: Row, maquina: str, desde: str, hasta: str) -> Row:
    return row | {"tipo": "STATE_CHANGE", "accion": "", "detalle": {"maquina": maquina, "desde": desde, "hasta": hasta}}


def test_another_worker_did_it(shop: Shop) -> None:
    spool = done(shop)
    before = row_of(spool)
    answer = corregir(SOLD, trabajador_id=93, fecha=HECHO)()
    now = row_of(spool)
    assert changes(before, now) == {"soldador_id": 93, "version": now["version"]}
    assert told() == [
        by_marta("CORREGIR_SOLD", 93, HECHO, motivo="se anotó mal", antes="JP(94)", despues="MR(93)"),
    ]
    assert answer.message == "Spool MK-1 corregido: SOLDADURA MR(93)"
    assert Mirror.objects.get(spool=spool).behind_since == NOW
    heard = shop.listener.heard()
    assert [(each["event_type"], each["worker_nombre"], each["motivo"]) for each in heard] == [
        ("SPOOL", None, "se anotó mal")
    ]


def test_it_was_another_day_and_another_worker_in_one_correction(shop: Shop) -> None:
    spool = done(shop, calidad_state=Q.APROBADO)
    before = row_of(spool)
    corregir(ARM, trabajador_id=99, fecha=date(2026, 1, 9))()
    now = row_of(spool)
    assert changes(before, now) == {
        "armador_id": 99,
        "fecha_armado": date(2026, 1, 9),
        "version": now["version"],
    }
    detail = {"antes": "MR(93) · 12-01-2026", "despues": "LV(99) · 09-01-2026"}
    assert told() == [by_marta("CORREGIR_ARM", 99, date(2026, 1, 9), motivo="se anotó mal", **detail)]


def test_an_approval_was_another_day(shop: Shop) -> None:
    spool = done(shop, calidad_state=Q.APROBADO)
    corregir(METROLOGIA, fecha=TODAY)()
    assert row_of(spool)["fecha_qc"] == TODAY
    detail = {"antes": "12-01-2026", "despues": "02-03-2026"}
    assert told() == [by_marta("CORREGIR_METROLOGIA", None, TODAY, motivo="se anotó mal", **detail)]


def test_what_was_completed_can_be_corrected_while_the_next_operation_is_held(shop: Shop) -> None:
    spool = done(shop, sold_state=EN, armador=shop.retirado, ocupado_por=shop.juan, ocupado_operacion=SOLD)
    corregir(ARM, trabajador_id=93)()
    assert (row_of(spool)["armador_id"], row_of(spool)["ocupado_por_id"]) == (93, 94)
    heard = shop.listener.heard()
    assert [(each["event_type"], each["worker_nombre"], each["ocupado"]) for each in heard] == [
        ("SPOOL", "JP(94)", True)
    ]


@pytest.mark.parametrize(
    ("calidad", "ciclo", "operacion", "columns", "text"),
    [
        (Q.PENDIENTE, 0, ARM, {"arm_state": "en_progreso", "fecha_armado": None}, FREE.format(PAUSED, "completado")),
        (
            Q.PENDIENTE,
            2,
            SOLD,
            {"sold_state": "en_progreso", "fecha_soldadura": None},
            FREE.format("completado", PAUSED),
        ),
        (
            Q.APROBADO,
            0,
            SOLD,
            {"sold_state": "en_progreso", "fecha_soldadura": None, "calidad_state": "pendiente", "fecha_qc": None},
            FREE.format("completado", PAUSED),
        ),
        (
            Q.RECHAZADO,
            2,
            ARM,
            {"arm_state": "en_progreso", "fecha_armado": None, "calidad_state": "pendiente"},
            FREE.format(PAUSED, "completado"),
        ),
        (
            Q.APROBADO,
            0,
            METROLOGIA,
            {"calidad_state": "pendiente", "fecha_qc": None},
            FREE.format("completado", "completado"),
        ),
    ],
)
def test_a_reopened_operation_is_paused_work_and_voids_what_the_inspection_said(
    shop: Shop, calidad: Q, ciclo: int, operacion: Operacion, columns: Row, text: str
) -> None:
    spool = done(shop, calidad_state=calidad, ciclo=ciclo)
    before = row_of(spool)
    reabrir(operacion)()
    now = row_of(spool)
    assert changes(before, now) == columns | {"version": now["version"], "estado_detalle": text}
    worker = {ARM: 93, SOLD: 94}.get(operacion)
    verb = by_marta(f"REABRIR_{operacion}", worker, TODAY, motivo="quedó una costura")
    moves = [(column.removesuffix("_state").upper(), before[column], state) for column, state in columns.items()
             if column.endswith("_state")]  # fmt: skip
    assert told() == [verb, *(moved(verb, *each) for each in moves)]
    assert [each["event_type"] for each in shop.listener.heard()] == ["SPOOL", *["STATE_CHANGE"] * len(moves)]
    assert Mirror.objects.get(spool=spool).behind_since == NOW


def test_what_was_reopened_is_taken_completed_and_inspected_again_and_keeps_its_cycle(shop: Shop) -> None:
    spool = done(shop, calidad_state=Q.RECHAZADO, ciclo=2)
    reabrir(ARM)()
    services.tomar(tag="MK-1", trabajador_id=94, operacion=ARM, actor=TABLET)
    services.cancelar(tag="MK-1", trabajador_id=94, actor=TABLET)
    assert (row_of(spool)["arm_state"], row_of(spool)["armador_id"]) == ("en_progreso", 93)
    services.tomar(tag="MK-1", trabajador_id=94, operacion=ARM, actor=TABLET)
    services.completar(tag="MK-1", trabajador_id=94, actor=TABLET)
    assert row_of(spool)["estado_detalle"] == "PENDIENTE_METROLOGIA (Ciclo 2/3)"
    services.inspeccionar(tag="MK-1", trabajador_id=97, resultado=Resultado.RECHAZADO, actor=TABLET)
    assert (row_of(spool)["calidad_state"], row_of(spool)["ciclo"]) == ("bloqueado", 3)


@pytest.mark.parametrize("verb", [corregir(SOLD, trabajador_id=93), reabrir(SOLD)])
def test_the_same_correction_sent_twice_is_done_once(shop: Shop, verb: Callable[[], services.Respuesta]) -> None:
    done(shop)
    first = verb()
    assert verb() == first
    assert Evento.objects.exclude(tipo="STATE_CHANGE").count() == 1
    reused = services.reabrir(tag="MK-1", operacion=ARM, motivo="otra cosa", actor=SUPERVISOR, clave="otra")
    assert reused.message == "Spool MK-1 reabierto: ARMADO queda pausado y disponible"
    assert refusal(reabrir(ARM, motivo="distinto"))[0] == "CLAVE_REUTILIZADA"


NOT_DONE = {"operacion": "ARM"}
REFUSED: dict[str, tuple[Callable[[], object], Row, str, Row]] = {
    "unknown worker": (corregir(trabajador_id=7), {}, "WORKER_NO_ENCONTRADO", {"worker_id": 7}),
    "unknown spool": (reabrir(tag="MK-9"), {}, "SPOOL_NO_ENCONTRADO", {"tag_spool": "MK-9"}),
    "correct what is open": (corregir(trabajador_id=94), {"arm_state": EN}, "OPERACION_NO_DISPONIBLE", NOT_DONE),
    "reopen what is open": (reabrir(), {"arm_state": EN}, "OPERACION_NO_DISPONIBLE", NOT_DONE),
    "reopen what was not approved": (
        reabrir(METROLOGIA), {"calidad_state": Q.RECHAZADO}, "OPERACION_NO_DISPONIBLE", {"operacion": "METROLOGIA"}
    ),
    "correct a repair": (corregir(REPARACION, fecha=TODAY), {}, "OPERACION_NO_DISPONIBLE", {"operacion": "REPARACION"}),
    "reopen a repair": (reabrir(REPARACION), {}, "OPERACION_NO_DISPONIBLE", {"operacion": "REPARACION"}),
    "reopen a paused repair": (
        reabrir(), {"calidad_state": Q.REPARACION_PAUSADA}, "OPERACION_NO_DISPONIBLE", NOT_DONE
    ),
    "reopen a blocked spool": (reabrir(), {"calidad_state": Q.BLOQUEADO}, "OPERACION_NO_DISPONIBLE", NOT_DONE),
    "the same worker": (
        corregir(trabajador_id=93), {}, "SOLICITUD_INVALIDA",
        {"campos": {"corrección": "no cambia nada: el trabajador y la fecha ya son esos"}},
    ),
    "nothing asked": (
        corregir(), {}, "SOLICITUD_INVALIDA",
        {"campos": {"corrección": "no cambia nada: el trabajador y la fecha ya son esos"}},
    ),
    "tomorrow": (
        corregir(fecha=TODAY + timedelta(days=1)), {}, "SOLICITUD_INVALIDA", FUTURE
    ),
    "a year of two digits": (corregir(fecha=date(26, 1, 9)), {}, "SOLICITUD_INVALIDA", LONG_AGO),
    "an inspector": (
        corregir(METROLOGIA, trabajador_id=97), {"calidad_state": Q.APROBADO}, "SOLICITUD_INVALIDA",
        {"campos": {"trabajador": "una inspección no guarda quién la hizo; corrija solo su fecha"}},
    ),
    "no reason to correct": (
        corregir(trabajador_id=94, motivo=" "), {}, "SOLICITUD_INVALIDA", {"campos": {"motivo": "escriba por qué"}}
    ),
    "no reason to reopen": (reabrir(motivo=""), {}, "SOLICITUD_INVALIDA", {"campos": {"motivo": "escriba por qué"}}),
}  # fmt: skip


@pytest.mark.parametrize(("verb", "columns", "codigo", "datos"), REFUSED.values(), ids=REFUSED)
def test_a_refused_correction_leaves_nothing_behind(
    shop: Shop, verb: Callable[[], object], columns: Row, codigo: str, datos: Row
) -> None:
    done(shop, **columns)
    assert nothing_left_behind(shop, verb) == (codigo, datos)


@pytest.mark.parametrize(("operacion", "held"), [(ARM, SOLD), (ARM, REPARACION), (SOLD, REPARACION)])
def test_what_somebody_holds_is_not_reopened(shop: Shop, operacion: Operacion, held: Operacion) -> None:
    working = {"sold_state": EN} if held == SOLD else {}
    done(shop, ocupado_por=shop.juan, ocupado_operacion=held, **working)
    services.heal_claims()
    codigo, datos = nothing_left_behind(shop, reabrir(operacion))
    assert (codigo, datos["owner_name"], datos["operacion"]) == ("SPOOL_OCCUPIED", "JP(94)", str(held))


@pytest.mark.parametrize("verb", [corregir(trabajador_id=94, version=uuid4()), reabrir(version=uuid4())])
def test_a_correction_of_what_changed_meanwhile_is_refused(shop: Shop, verb: Callable[[], object]) -> None:
    spool = done(shop)
    assert nothing_left_behind(shop, verb) == ("VERSION_CONFLICT", {"version": str(spool.version)})
