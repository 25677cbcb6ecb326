"""INSPECCIONAR, LIBERAR and DESBLOQUEAR: their effects, and the journey from three rejections back to an approval."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine

from occupation import services
from occupation.models import Evento, Mirror, Spool
from occupation.services import Respuesta
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, Resultado
from tests.factories import SpoolFactory
from tests.shop import COMMITS, SUPERVISOR, TABLET, Row, Shop, changes, refusal, row_of

pytestmark = COMMITS

C = EstadoTrabajo.COMPLETADO
Q = EstadoCalidad
NOW = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)
TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def ready(ciclo: int = 0) -> Spool:
    spool: Spool = SpoolFactory(tag_hoja="MK-1", arm_state=C, sold_state=C, ciclo=ciclo)
    Mirror.objects.create(spool=spool)
    return spool


def inspect(resultado: Resultado, tag: str = "MK-1") -> Respuesta:
    return services.inspeccionar(tag=tag, trabajador_id=97, resultado=resultado, actor=TABLET)


def repair(tag: str = "MK-1") -> None:
    services.tomar(tag=tag, trabajador_id=93, operacion=Operacion.REPARACION, actor=TABLET)
    services.pausar(tag=tag, trabajador_id=93, actor=TABLET)
    services.tomar(tag=tag, trabajador_id=94, operacion=Operacion.REPARACION, actor=TABLET)
    services.completar(tag=tag, trabajador_id=94, actor=TABLET)


def last_rows(count: int) -> list[Row]:
    """The last journal rows, in order, without what only identifies them."""
    rows: list[Row] = [*map(dict, Evento.objects.order_by("-id").values()[:count])][::-1]
    kept = ("tipo", "accion", "operacion", "trabajador_id", "actor_tipo", "actor_nombre", "actor_id", "dia", "detalle")
    return [{key: row[key] for key in kept} for row in rows]


def inspection(resultado: str, ciclo: int) -> Row:
    return {
        "tipo": "COMPLETAR_METROLOGIA",
        "accion": "INSPECCIONAR",
        "operacion": "METROLOGIA",
        "trabajador_id": 97,
        "actor_tipo": "dispositivo",
        "actor_nombre": "Tablet 1",
        "actor_id": 1,
        "dia": TODAY,
        "detalle": {"resultado": resultado, "ciclo": ciclo},
    }


def moved(row: Row, desde: str, hasta: str) -> Row:
    detalle = {"maquina": "CALIDAD", "desde": desde, "hasta": hasta}
    return row | {"tipo": "STATE_CHANGE", "accion": "", "detalle": detalle}


@pytest.mark.parametrize(
    ("ciclo", "resultado", "columns", "message"),
    [
        (
            2,
            Resultado.APROBADO,
            {
                "calidad_state": "aprobado",
                "ciclo": 0,
                "fecha_qc": TODAY,
                "estado_detalle": "Disponible - ARM completado, SOLD completado, METROLOGIA APROBADO ✓",
            },
            "Metrología: MK-1 APROBADO",
        ),
        (
            1,
            Resultado.RECHAZADO,
            {
                "calidad_state": "rechazado",
                "ciclo": 2,
                "estado_detalle": (
                    "Disponible - ARM completado, SOLD completado, RECHAZADO (Ciclo 2/3) - Pendiente reparación"
                ),
            },
            "Metrología: MK-1 RECHAZADO (Ciclo 2/3)",
        ),
        (
            2,
            Resultado.RECHAZADO,
            {"calidad_state": "bloqueado", "ciclo": 3, "estado_detalle": "BLOQUEADO - Contactar supervisor"},
            "Metrología: MK-1 BLOQUEADO",
        ),
    ],
)
def test_an_inspection_is_instant(
    shop: Shop, ciclo: int, resultado: Resultado, columns: dict[str, Any], message: str
) -> None:
    spool = ready(ciclo)
    before = row_of(spool)
    answer = inspect(resultado)
    now = row_of(spool)
    assert changes(before, now) == columns | {"version": now["version"]}
    verb = inspection(resultado.value, columns["ciclo"])
    assert last_rows(2) == [verb, moved(verb, "pendiente", columns["calidad_state"])]
    assert answer == Respuesta(
        tag_spool="MK-1",
        message=message,
        estado_detalle=columns["estado_detalle"],
        version=str(now["version"]),
        resultado=resultado.value,
        ciclo=columns["ciclo"],
    )
    told = shop.listener.heard()[0]
    keys = ("event_type", "worker_nombre", "operacion", "resultado", "ciclo", "fecha_operacion", "calidad_state")
    assert {key: told[key] for key in keys} == {
        "event_type": "COMPLETAR_METROLOGIA",
        "worker_nombre": "IS(97)",
        "operacion": "METROLOGIA",
        "resultado": resultado.value,
        "ciclo": columns["ciclo"],
        "fecha_operacion": "2026-03-02",
        "calidad_state": columns["calidad_state"],
    }
    assert Mirror.objects.get(spool=spool).behind_since == NOW
    assert shop.claims() == {}


def test_liberar_ends_an_occupation_as_a_pause_and_names_both(shop: Shop) -> None:
    spool = SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.juan)
    services.heal_claims()
    answer = services.liberar(tag="mk-1", motivo="se fue a casa", actor=SUPERVISOR)
    now = row_of(spool)
    occupation = ("ocupado_por_id", "ocupado_operacion", "ocupado_desde", "ocupacion_token", "previo")
    assert [now[column] for column in occupation] == [None] * 5
    assert (now["arm_state"], now["armador_id"]) == ("en_progreso", 94)
    assert last_rows(1) == [
        {
            "tipo": "LIBERAR_ARM",
            "accion": "LIBERAR",
            "operacion": "ARM",
            "trabajador_id": 94,
            "actor_tipo": "supervisor",
            "actor_nombre": "marta",
            "actor_id": 5,
            "dia": TODAY,
            "detalle": {"motivo": "se fue a casa"},
        }
    ]
    assert shop.claims() == {}
    told = shop.listener.heard()
    assert told == [
        {
            "event_type": "LIBERAR",
            "tag_spool": "MK-1",
            "worker_nombre": None,
            "actor_nombre": "marta",
            "estado_detalle": "Disponible - ARM parcial (pausado), SOLD pendiente",
            "timestamp": "2026-03-03T02:30:00.000Z",
            "operacion": "ARM",
            "evento_id": Evento.objects.latest("id").pk,
            "version": str(now["version"]),
            "arm_state": "en_progreso",
            "sold_state": "pendiente",
            "calidad_state": "pendiente",
            "ocupado": False,
            "motivo": "se fue a casa",
        }
    ]
    assert answer.message == "Spool MK-1 liberado: queda pausado y disponible"


def test_liberar_a_repair_leaves_it_paused(shop: Shop) -> None:
    spool = SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.juan, ocupado_operacion=Operacion.REPARACION)
    services.liberar(tag="MK-1", motivo="turno", actor=SUPERVISOR)
    assert row_of(spool)["calidad_state"] == "reparacion_pausada"
    rows = [(row["tipo"], row["detalle"]) for row in last_rows(2)]
    assert rows == [
        ("LIBERAR_REPARACION", {"motivo": "turno"}),
        ("STATE_CHANGE", {"maquina": "CALIDAD", "desde": "en_reparacion", "hasta": "reparacion_pausada"}),
    ]


def test_what_a_supervisor_released_the_holder_no_longer_has(shop: Shop) -> None:
    SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.juan)
    services.liberar(tag="MK-1", motivo="turno", actor=SUPERVISOR)
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    codigo, datos = refusal(lambda: services.pausar(tag="MK-1", trabajador_id=94, actor=TABLET))
    assert (codigo, datos["owner_name"]) == ("NO_AUTORIZADO", "MR(93)")


@pytest.mark.parametrize("repaired", [True, False])
def test_desbloquear_gives_one_more_chance_and_names_the_worker_it_is_about(shop: Shop, *, repaired: bool) -> None:
    spool = ready()
    Spool.objects.update(soldador=shop.miguel)
    if repaired:
        inspect(Resultado.RECHAZADO)
        repair()
        Spool.objects.update(ciclo=2)
    else:
        Spool.objects.update(ciclo=2)
    inspect(Resultado.RECHAZADO)
    answer = services.desbloquear(tag="MK-1", motivo="revisado en terreno", actor=SUPERVISOR)
    now = row_of(spool)
    assert (now["calidad_state"], now["ciclo"], now["ocupado_por_id"]) == ("rechazado", 2, None)
    verb = {
        "tipo": "DESBLOQUEAR_REPARACION",
        "accion": "DESBLOQUEAR",
        "operacion": "REPARACION",
        "trabajador_id": 94 if repaired else 93,
        "actor_tipo": "supervisor",
        "actor_nombre": "marta",
        "actor_id": 5,
        "dia": TODAY,
        "detalle": {"motivo": "revisado en terreno", "ciclo": 2},
    }
    assert last_rows(2) == [verb, moved(verb, "bloqueado", "rechazado")]
    assert answer.message == "Spool MK-1 desbloqueado: tiene una oportunidad más"
    assert shop.listener.heard()[-2]["event_type"] == "DESBLOQUEAR"


def test_three_rejections_with_repairs_in_between_block_and_an_approval_ends_it(shop: Shop) -> None:
    """ARM, SOLD, and the whole journey through quality, end to end."""
    spool: Spool = SpoolFactory(tag_hoja="MK-1")
    seen: list[tuple[str, int, str]] = []

    def look() -> None:
        now = row_of(spool)
        seen.append((now["calidad_state"], now["ciclo"], now["estado_detalle"]))

    for operacion in (Operacion.ARM, Operacion.SOLD):
        services.tomar(tag="MK-1", trabajador_id=93, operacion=operacion, actor=TABLET)
        services.completar(tag="MK-1", trabajador_id=93, actor=TABLET)
    for _ in range(2):
        inspect(Resultado.RECHAZADO)
        look()
        repair()
        look()
    inspect(Resultado.RECHAZADO)
    look()
    assert refusal(lambda: inspect(Resultado.APROBADO))[0] == "SPOOL_BLOQUEADO"
    assert refusal(repair)[0] == "SPOOL_BLOQUEADO"
    services.desbloquear(tag="MK-1", motivo="revisado", actor=SUPERVISOR)
    look()
    repair()
    look()
    inspect(Resultado.APROBADO)
    look()
    whole = "Disponible - ARM completado, SOLD completado, "
    assert seen == [
        ("rechazado", 1, whole + "RECHAZADO (Ciclo 1/3) - Pendiente reparación"),
        ("pendiente", 1, "PENDIENTE_METROLOGIA (Ciclo 1/3)"),
        ("rechazado", 2, whole + "RECHAZADO (Ciclo 2/3) - Pendiente reparación"),
        ("pendiente", 2, "PENDIENTE_METROLOGIA (Ciclo 2/3)"),
        ("bloqueado", 3, "BLOQUEADO - Contactar supervisor"),
        ("rechazado", 2, whole + "RECHAZADO (Ciclo 2/3) - Pendiente reparación"),
        ("pendiente", 2, "PENDIENTE_METROLOGIA (Ciclo 2/3)"),
        ("aprobado", 0, whole + "METROLOGIA APROBADO ✓"),
    ]
    told = [message["event_type"] for message in shop.listener.heard() if message["event_type"] != "STATE_CHANGE"]
    repaired = ["TOMAR_REPARACION", "PAUSAR_REPARACION", "TOMAR_REPARACION", "COMPLETAR_REPARACION"]
    assert told == [
        *["TOMAR", "COMPLETAR"] * 2,
        *["COMPLETAR_METROLOGIA", *repaired] * 2,
        "COMPLETAR_METROLOGIA",
        "DESBLOQUEAR",
        *repaired,
        "COMPLETAR_METROLOGIA",
    ]


def test_a_fourth_rejection_after_the_unlock_blocks_again(shop: Shop) -> None:
    spool = ready(2)
    inspect(Resultado.RECHAZADO)
    services.desbloquear(tag="MK-1", motivo="revisado", actor=SUPERVISOR)
    repair()
    inspect(Resultado.RECHAZADO)
    assert (row_of(spool)["calidad_state"], row_of(spool)["ciclo"]) == ("bloqueado", 3)
