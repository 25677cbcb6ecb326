"""TOMAR, PAUSAR, COMPLETAR, CANCELAR: every effect, exactly: row, journal, mirror mark, claim, channel, answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from time_machine import Traveller as Clock

from occupation import services
from occupation.models import Evento, Mirror, Spool, Trabajador
from occupation.services import Respuesta
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion
from tests.factories import HECHO, SpoolFactory
from tests.shop import COMMITS, TABLET, Row, Shop, changes, journal, row_of

ARM, SOLD, REPARACION = Operacion.ARM, Operacion.SOLD, Operacion.REPARACION
P, EN, C = EstadoTrabajo.PENDIENTE, EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO

pytestmark = COMMITS

# 23:30 in Chile, when the day in UTC is already the next.
NOW = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)
TODAY = date(2026, 3, 2)
STAMP = "2026-03-03T02:30:00.000Z"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


def free(**columns: Any) -> Spool:
    spool: Spool = SpoolFactory(tag_hoja="MK-1335-CW-25238-011", nv="NV0650", **columns)
    Mirror.objects.create(spool=spool)
    return spool


class Effect:
    """What one verb did, gathered from every place it may touch."""

    def __init__(self, shop: Shop, spool: Spool) -> None:
        self._shop, self._spool = shop, spool
        self._before = row_of(spool)
        self._last = Evento.objects.order_by("id").values_list("id", flat=True).last() or 0
        shop.listener.heard()

    def row(self) -> Row:
        """The changed columns, the new version aside, which must be another."""
        changed = changes(self._before, row_of(self._spool))
        assert isinstance(changed.pop("version"), UUID)
        return changed

    def journal(self) -> list[Row]:
        """The new journal rows, without what is the same on all of them."""
        rows = journal(self._last)
        now = row_of(self._spool)
        holder = Trabajador.objects.filter(pk=now["ocupado_por_id"]).first()
        common = {
            "spool_id": self._spool.pk,
            "actor_tipo": "dispositivo",
            "actor_nombre": "Tablet 1",
            "actor_id": 1,
            "instante": NOW,
            "estado": {
                "tag_spool": self._spool.tag_hoja,
                "estado_detalle": now["estado_detalle"],
                "version": str(now["version"]),
                "arm_state": now["arm_state"],
                "sold_state": now["sold_state"],
                "calidad_state": now["calidad_state"],
                "ocupado": holder is not None,
                "worker_nombre": holder.worker_nombre if holder else None,
            },
        }
        told: list[Row] = [*map(dict, Evento.objects.filter(id__gt=self._last).order_by("id").values())]
        for row in told:
            assert {key: row.pop(key) for key in common} == common
            del row["id"], row["uuid"]
        assert len({row.uuid for row in rows}) == len(rows)
        return told

    def told(self) -> list[Row]:
        """The published messages, without what the row says anyway; ids must be the journal's, in order."""
        now = row_of(self._spool)
        messages = self._shop.listener.heard()
        assert [message.pop("evento_id") for message in messages] == [row.pk for row in journal(self._last)]
        same = {
            "tag_spool": self._spool.tag_hoja,
            "actor_nombre": "Tablet 1",
            "estado_detalle": now["estado_detalle"],
            "timestamp": STAMP,
            "version": str(now["version"]),
            "arm_state": now["arm_state"],
            "sold_state": now["sold_state"],
            "calidad_state": now["calidad_state"],
            "ocupado": now["ocupado_por_id"] is not None,
        }
        for message in messages:
            assert {key: message.pop(key) for key in same} == same
        return messages

    def claim(self) -> dict[str, str]:
        return self._shop.claims()

    def behind(self) -> datetime | None:
        return Mirror.objects.get(spool=self._spool).behind_since


def verb_row(tipo: str, accion: str, operacion: str, worker: Trabajador, **more: Any) -> Row:
    row = {
        "tipo": tipo,
        "accion": accion,
        "operacion": operacion,
        "trabajador_id": worker.id,
        "dia": TODAY,
        "detalle": {},
    }
    return row | more


def moved(maquina: str, desde: str, hasta: str, operacion: str, worker: Trabajador, **more: Any) -> Row:
    detalle = {"maquina": maquina, "desde": desde, "hasta": hasta}
    return verb_row("STATE_CHANGE", "", operacion, worker, detalle=detalle) | more


def claim_of(spool: Spool) -> dict[str, str]:
    now = row_of(spool)
    return {f"spool_lock:{spool.tag}": f"{now['ocupado_por_id']}:{now['ocupacion_token']}"}


def answered(spool: Spool, message: str) -> Respuesta:
    now = row_of(spool)
    return Respuesta(
        tag_spool=spool.tag_hoja,
        message=message,
        estado_detalle=now["estado_detalle"],
        version=str(now["version"]),
    )


def take(spool: Spool, worker: Trabajador, operacion: Operacion = ARM) -> Respuesta:
    return services.tomar(tag=spool.tag, trabajador_id=worker.id, operacion=operacion, actor=TABLET)


def pause(spool: Spool, worker: Trabajador) -> Respuesta:
    return services.pausar(tag=spool.tag, trabajador_id=worker.id, actor=TABLET)


def complete(spool: Spool, worker: Trabajador, fecha: date | None = None) -> Respuesta:
    return services.completar(tag=spool.tag, trabajador_id=worker.id, fecha=fecha, actor=TABLET)


def cancel(spool: Spool, worker: Trabajador) -> Respuesta:
    return services.cancelar(tag=spool.tag, trabajador_id=worker.id, actor=TABLET)


FREED = {
    "ocupado_por_id": None,
    "ocupado_operacion": None,
    "ocupado_desde": None,
    "ocupacion_token": None,
    "previo": None,
}


def test_tomar_arm_begins_the_fit_up_and_occupies(shop: Shop) -> None:
    spool = free()
    effect = Effect(shop, spool)
    answer = take(spool, shop.miguel)
    row = effect.row()
    assert isinstance(row.pop("ocupacion_token"), UUID)
    assert row == {
        "arm_state": "en_progreso",
        "armador_id": 93,
        "ocupado_por_id": 93,
        "ocupado_operacion": "ARM",
        "ocupado_desde": NOW,
        "previo": {"estado": "pendiente", "responsable": None},
        "estado_detalle": "MR(93) trabajando ARM (ARM en progreso, SOLD pendiente)",
    }
    assert effect.journal() == [
        verb_row("TOMAR_ARM", "TOMAR", "ARM", shop.miguel),
        moved("ARM", "pendiente", "en_progreso", "ARM", shop.miguel),
    ]
    assert effect.told() == [
        {"event_type": "TOMAR", "worker_nombre": "MR(93)", "operacion": "ARM"},
        {
            "event_type": "STATE_CHANGE",
            "worker_nombre": "MR(93)",
            "operacion": "ARM",
            "maquina": "ARM",
            "desde": "pendiente",
            "hasta": "en_progreso",
        },
    ]
    assert effect.claim() == claim_of(spool)
    assert 3590 <= shop.client.ttl(f"spool_lock:{spool.tag}") <= 3600
    assert effect.behind() == NOW
    assert answer == answered(spool, "Spool MK-1335-CW-25238-011 tomado por MR(93)")


def test_tomar_sold_begins_the_weld_and_leaves_arm_alone(shop: Shop) -> None:
    spool = free(arm_state=EN, armador=shop.juan)
    effect = Effect(shop, spool)
    take(spool, shop.miguel, SOLD)
    row = effect.row()
    del row["ocupacion_token"]
    assert row == {
        "sold_state": "en_progreso",
        "soldador_id": 93,
        "ocupado_por_id": 93,
        "ocupado_operacion": "SOLD",
        "ocupado_desde": NOW,
        "previo": {"estado": "pendiente", "responsable": None},
        "estado_detalle": "MR(93) trabajando SOLD (ARM parcial (pausado), SOLD en progreso)",
    }
    assert effect.journal() == [
        verb_row("TOMAR_SOLD", "TOMAR", "SOLD", shop.miguel),
        moved("SOLD", "pendiente", "en_progreso", "SOLD", shop.miguel),
    ]


def test_tomar_resumes_paused_work_for_another_worker(shop: Shop) -> None:
    spool = free(arm_state=EN, armador=shop.juan)
    effect = Effect(shop, spool)
    take(spool, shop.miguel)
    row = effect.row()
    del row["ocupacion_token"]
    assert row == {
        "armador_id": 93,
        "ocupado_por_id": 93,
        "ocupado_operacion": "ARM",
        "ocupado_desde": NOW,
        "previo": {"estado": "en_progreso", "responsable": 94},
        "estado_detalle": "MR(93) trabajando ARM (ARM en progreso, SOLD pendiente)",
    }
    assert effect.journal() == [verb_row("TOMAR_ARM", "TOMAR", "ARM", shop.miguel)]


@pytest.mark.parametrize("calidad", [EstadoCalidad.RECHAZADO, EstadoCalidad.REPARACION_PAUSADA])
def test_tomar_reparacion_moves_quality_and_no_responsible_worker(shop: Shop, calidad: EstadoCalidad) -> None:
    spool = free(calidad_state=calidad, ciclo=2, armador=shop.juan, soldador=shop.juan)
    effect = Effect(shop, spool)
    take(spool, shop.miguel, REPARACION)
    row = effect.row()
    del row["ocupacion_token"]
    assert row == {
        "calidad_state": "en_reparacion",
        "ocupado_por_id": 93,
        "ocupado_operacion": "REPARACION",
        "ocupado_desde": NOW,
        "previo": {"estado": str(calidad), "responsable": None},
        "estado_detalle": "EN_REPARACION (Ciclo 2/3) - Ocupado: MR(93)",
    }
    assert effect.journal() == [
        verb_row("TOMAR_REPARACION", "TOMAR", "REPARACION", shop.miguel),
        moved("CALIDAD", str(calidad), "en_reparacion", "REPARACION", shop.miguel),
    ]
    assert [message["event_type"] for message in effect.told()] == ["TOMAR_REPARACION", "STATE_CHANGE"]
    assert effect.claim() == claim_of(spool)


@pytest.mark.parametrize(
    ("operacion", "column", "text"),
    [
        (ARM, "arm_state", "Disponible - ARM parcial (pausado), SOLD pendiente"),
        (SOLD, "sold_state", "Disponible - ARM parcial (pausado), SOLD parcial (pausado)"),
    ],
)
def test_pausar_frees_the_spool_and_keeps_the_progress(
    shop: Shop, operacion: Operacion, column: str, text: str
) -> None:
    spool = free(arm_state=EN if operacion == SOLD else P)
    take(spool, shop.miguel, operacion)
    effect = Effect(shop, spool)
    answer = pause(spool, shop.miguel)
    assert effect.row() == FREED | {"estado_detalle": text}
    assert row_of(spool)[column] == "en_progreso"
    assert effect.journal() == [verb_row(f"PAUSAR_{operacion}", "PAUSAR", operacion, shop.miguel)]
    assert effect.told() == [{"event_type": "PAUSAR", "worker_nombre": None, "operacion": operacion}]
    assert effect.claim() == {}
    assert answer == answered(spool, "Trabajo pausado en MK-1335-CW-25238-011")


def test_pausar_a_repair_leaves_it_paused(shop: Shop) -> None:
    spool = free(calidad_state=EstadoCalidad.RECHAZADO, ciclo=1)
    take(spool, shop.miguel, REPARACION)
    effect = Effect(shop, spool)
    pause(spool, shop.miguel)
    assert effect.row() == FREED | {
        "calidad_state": "reparacion_pausada",
        "estado_detalle": "REPARACION_PAUSADA (Ciclo 1/3)",
    }
    assert effect.journal() == [
        verb_row("PAUSAR_REPARACION", "PAUSAR", "REPARACION", shop.miguel),
        moved("CALIDAD", "en_reparacion", "reparacion_pausada", "REPARACION", shop.miguel),
    ]


@pytest.mark.parametrize(
    ("operacion", "column", "date_column", "text"),
    [
        (ARM, "arm_state", "fecha_armado", "Disponible - ARM completado, SOLD pendiente"),
        (SOLD, "sold_state", "fecha_soldadura", "Disponible - ARM parcial (pausado), SOLD completado"),
    ],
)
def test_completar_writes_todays_date_in_chile_and_frees_the_spool(
    shop: Shop, operacion: Operacion, column: str, date_column: str, text: str
) -> None:
    spool = free(arm_state=EN if operacion == SOLD else P)
    take(spool, shop.miguel, operacion)
    effect = Effect(shop, spool)
    answer = complete(spool, shop.miguel)
    assert effect.row() == FREED | {column: "completado", date_column: TODAY, "estado_detalle": text}
    assert row_of(spool)["armador_id" if operacion == ARM else "soldador_id"] == 93
    assert effect.journal() == [
        verb_row(f"COMPLETAR_{operacion}", "COMPLETAR", operacion, shop.miguel),
        moved(operacion, "en_progreso", "completado", operacion, shop.miguel),
    ]
    assert effect.told() == [
        {
            "event_type": "COMPLETAR",
            "worker_nombre": "MR(93)",
            "operacion": operacion,
            "fecha_operacion": "2026-03-02",
        },
        {
            "event_type": "STATE_CHANGE",
            "worker_nombre": None,
            "operacion": operacion,
            "maquina": operacion,
            "desde": "en_progreso",
            "hasta": "completado",
        },
    ]
    assert effect.claim() == {}
    assert answer == answered(spool, "Operación completada en MK-1335-CW-25238-011")


def test_completar_takes_a_past_date(shop: Shop) -> None:
    spool = free()
    take(spool, shop.miguel)
    effect = Effect(shop, spool)
    complete(spool, shop.miguel, fecha=date(2025, 12, 31))
    assert effect.row()["fecha_armado"] == date(2025, 12, 31)
    assert [row["dia"] for row in effect.journal()] == [date(2025, 12, 31)] * 2
    assert effect.told()[0]["fecha_operacion"] == "2025-12-31"


def test_completar_a_repair_returns_it_to_inspection_and_its_date_only_goes_into_the_journal(shop: Shop) -> None:
    spool = free(calidad_state=EstadoCalidad.RECHAZADO, ciclo=2)
    take(spool, shop.miguel, REPARACION)
    effect = Effect(shop, spool)
    complete(spool, shop.miguel, fecha=date(2026, 2, 27))
    assert effect.row() == FREED | {
        "calidad_state": "pendiente",
        "estado_detalle": "PENDIENTE_METROLOGIA (Ciclo 2/3)",
    }
    now = row_of(spool)
    assert (now["ciclo"], now["fecha_armado"], now["fecha_qc"]) == (2, HECHO, None)
    assert effect.journal()[0] == verb_row(
        "COMPLETAR_REPARACION", "COMPLETAR", "REPARACION", shop.miguel, dia=date(2026, 2, 27)
    )
    assert effect.told()[0] == {
        "event_type": "COMPLETAR_REPARACION",
        "worker_nombre": "MR(93)",
        "operacion": "REPARACION",
        "fecha_operacion": "2026-02-27",
    }


FOUND: list[tuple[Operacion, dict[str, Any]]] = [
    (ARM, {}),
    (ARM, {"arm_state": EN}),
    (ARM, {"arm_state": EN, "armador_id": 94}),
    (ARM, {"arm_state": EN, "sold_state": EN, "armador_id": 94, "soldador_id": 93}),
    (SOLD, {"arm_state": EN, "armador_id": 94}),
    (SOLD, {"arm_state": C, "sold_state": EN, "soldador_id": 94}),
    (REPARACION, {"calidad_state": EstadoCalidad.RECHAZADO, "ciclo": 2, "soldador_id": 94}),
    (REPARACION, {"calidad_state": EstadoCalidad.REPARACION_PAUSADA, "ciclo": 1}),
]


@pytest.mark.parametrize(("operacion", "columns"), FOUND)
def test_cancelar_restores_exactly_what_the_take_found(
    shop: Shop, operacion: Operacion, columns: dict[str, Any]
) -> None:
    armador = shop.juan if columns.pop("armador_id", None) == 94 else None
    soldador = {93: shop.miguel, 94: shop.juan}.get(columns.pop("soldador_id", None))
    spool = free(armador=armador, soldador=soldador, **columns)
    found = Effect(shop, spool)
    take(spool, shop.miguel, operacion)
    shop.listener.heard()
    effect = Effect(shop, spool)
    answer = cancel(spool, shop.miguel)
    assert found.row() == {}
    verb = effect.journal()[0]
    assert verb == verb_row(f"CANCELAR_{operacion}", "CANCELAR", operacion, shop.miguel)
    event_type = "CANCELAR_REPARACION" if operacion == REPARACION else "CANCELAR"
    assert effect.told()[0] == {"event_type": event_type, "worker_nombre": None, "operacion": operacion}
    assert effect.claim() == {}
    assert answer == answered(spool, "Operación cancelada en MK-1335-CW-25238-011")


def test_cancelar_of_a_resumed_job_gives_it_back_to_the_worker_before(shop: Shop) -> None:
    spool = free()
    take(spool, shop.juan)
    pause(spool, shop.juan)
    found = row_of(spool)
    take(spool, shop.miguel)
    cancel(spool, shop.miguel)
    assert set(changes(found, row_of(spool))) == {"version"}
    assert row_of(spool)["armador_id"] == 94
    assert [row.tipo for row in journal()][-2:] == ["TOMAR_ARM", "CANCELAR_ARM"]


def test_a_mark_that_the_sheet_is_behind_keeps_its_first_instant(shop: Shop, clock: Clock) -> None:
    spool = free()
    take(spool, shop.miguel)
    clock.shift(timedelta(minutes=5))
    pause(spool, shop.miguel)
    assert Mirror.objects.get(spool=spool).behind_since == NOW


def test_a_spool_the_mirror_never_saw_is_marked_too(shop: Shop) -> None:
    spool: Spool = SpoolFactory()
    take(spool, shop.miguel)
    assert Mirror.objects.get(spool=spool).behind_since == NOW


def test_any_spelling_of_a_tag_is_that_spool(shop: Shop) -> None:
    spool: Spool = SpoolFactory(tag_hoja="Cañería 12/3 'B'")
    answer = services.tomar(
        tag="  can\N{COMBINING TILDE}ería   12/3 'b' ", trabajador_id=93, operacion=ARM, actor=TABLET
    )
    assert answer.tag_spool == "Cañería 12/3 'B'"
    assert shop.claims() == claim_of(spool)
    assert [message["tag_spool"] for message in shop.listener.heard()] == ["Cañería 12/3 'B'"] * 2


def test_a_worker_may_hold_many_spools(shop: Shop) -> None:
    spools = SpoolFactory.create_batch(3)
    for spool in spools:
        take(spool, shop.miguel)
    assert Spool.objects.filter(ocupado_por=shop.miguel).count() == 3
    assert len(shop.claims()) == 3


@pytest.mark.parametrize("end", [pause, complete, cancel])
@pytest.mark.parametrize("lost", ["role", "active"])
def test_a_holder_who_lost_the_role_or_was_deactivated_can_still_end(
    shop: Shop, end: Callable[[Spool, Trabajador], Respuesta], lost: str
) -> None:
    spool = free()
    take(spool, shop.miguel)
    if lost == "role":
        shop.miguel.roles.all().delete()
    else:
        Trabajador.objects.filter(id=93).update(activo=False)
    end(spool, shop.miguel)
    assert row_of(spool)["ocupado_por_id"] is None


@pytest.mark.usefixtures("shop")
def test_the_version_seen_is_accepted_and_replaced() -> None:
    spool = free()
    answer = services.tomar(tag=spool.tag, trabajador_id=93, operacion=ARM, actor=TABLET, version=spool.version)
    again = services.pausar(tag=spool.tag, trabajador_id=93, actor=TABLET, version=UUID(answer.version))
    assert len({str(spool.version), answer.version, again.version}) == 3


def test_the_history_of_a_shift(shop: Shop, clock: Clock) -> None:
    from occupation.history import events_of, sessions_of

    spool = free()
    take(spool, shop.miguel)
    clock.shift(timedelta(hours=2, minutes=15))
    pause(spool, shop.miguel)
    clock.shift(timedelta(minutes=45))
    take(spool, shop.juan)
    clock.shift(timedelta(hours=26))
    sessions = sessions_of(events_of(spool), datetime(2026, 3, 4, 7, 30, tzinfo=UTC))
    told = [(s.trabajador and s.trabajador.worker_nombre, s.duracion, s.cierre) for s in sessions]
    assert told == [("MR(93)", "2h 15m", "PAUSAR"), ("JP(94)", "1d 2h 0m", None)]
