"""Batches: each tag on its own, with the whole effect of the single verb, and every outcome told in order."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from occupation import services
from occupation.models import Evento, Mirror, Spool
from occupation.services import Desenlace
from occupation.vocabulary import Accion, EstadoTrabajo, Operacion
from tests.factories import SpoolFactory
from tests.shop import COMMITS, FUTURE_DAY, TABLET, TOO_OLD_A_DAY, Shop, refusal, row_of

pytestmark = COMMITS

ARM, SOLD = Operacion.ARM, Operacion.SOLD


def told(outcomes: list[Desenlace]) -> list[tuple[str, str]]:
    """Each tag with its message, or its refusal's code."""
    return [
        (outcome.tag, outcome.refused.codigo if outcome.refused else outcome.respuesta.message)  # type: ignore[union-attr]  # one of the two
        for outcome in outcomes
    ]


def take(tags: list[str], **changed: Any) -> list[Desenlace]:
    order: dict[str, Any] = {"tags": tags, "trabajador_id": 93, "operacion": ARM, "actor": TABLET}
    return services.tomar_varios(**(order | changed))


def test_a_batch_does_what_it_can_and_tells_every_outcome_in_order(shop: Shop) -> None:
    SpoolFactory(tag_hoja="MK-1")
    SpoolFactory(tag_hoja="MK-2", ocupado_por=shop.juan)
    SpoolFactory(tag_hoja="MK-3", fecha_materiales=None)
    SpoolFactory(tag_hoja="Mk-4")
    outcomes = take([" mk-4", "MK-9", "MK-3", "MK-2", "MK-1"])
    assert told(outcomes) == [
        ("Mk-4", "Spool Mk-4 tomado por MR(93)"),
        ("MK-9", "SPOOL_NO_ENCONTRADO"),
        ("MK-3", "DEPENDENCIAS_NO_SATISFECHAS"),
        ("MK-2", "SPOOL_OCCUPIED"),
        ("MK-1", "Spool MK-1 tomado por MR(93)"),
    ]
    taken = Spool.objects.filter(ocupado_por=shop.miguel)
    assert sorted(taken.values_list("tag", flat=True)) == ["MK-1", "MK-4"]
    assert Mirror.objects.filter(behind_since__isnull=False).count() == 2
    assert Evento.objects.filter(accion=Accion.TOMAR, trabajador=shop.miguel).count() == 2
    assert shop.claims() == {f"spool_lock:{spool.tag}": f"93:{spool.ocupacion_token}" for spool in taken} | {
        "spool_lock:MK-2": f"94:{row_of(Spool.objects.get(tag='MK-2'))['ocupacion_token']}"
    }
    assert [message["event_type"] for message in shop.listener.heard()] == ["TOMAR", "STATE_CHANGE"] * 2


def test_a_batch_of_pauses_and_of_completions_has_the_effect_of_the_single_verbs(shop: Shop) -> None:
    tags = [SpoolFactory(ocupado_por=shop.miguel).tag for _ in range(4)]
    order: dict[str, Any] = {"trabajador_id": 93, "actor": TABLET}
    services.pausar_varios(tags=tags[:2], operacion=ARM, **order)
    services.completar_varios(tags=tags[2:], fecha=date(2026, 1, 20), **order)
    now = [row_of(Spool.objects.get(tag=tag)) for tag in tags]
    assert [(row["arm_state"], row["fecha_armado"]) for row in now] == [
        ("en_progreso", None),
        ("en_progreso", None),
        ("completado", date(2026, 1, 20)),
        ("completado", date(2026, 1, 20)),
    ]
    assert [row["ocupado_por_id"] for row in now] == [None] * 4


def test_a_batch_holds_what_each_spool_was_taken_for(shop: Shop) -> None:
    """Without an operation each tag's own is meant; with one, the others are refused."""
    fit = SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel)
    SpoolFactory(tag_hoja="MK-2", ocupado_por=shop.miguel, ocupado_operacion=SOLD)
    order: dict[str, Any] = {"tags": ["MK-1", "MK-2"], "trabajador_id": 93, "actor": TABLET}
    assert told(services.completar_varios(operacion=SOLD, **order)) == [
        ("MK-1", "OPERACION_NO_DISPONIBLE"),
        ("MK-2", "Operación completada en MK-2"),
    ]
    assert told(services.completar_varios(**order)) == [
        ("MK-1", "Operación completada en MK-1"),
        ("MK-2", "OCUPACION_TERMINADA"),
    ]
    assert row_of(fit)["arm_state"] == EstadoTrabajo.COMPLETADO


def test_a_batch_by_an_unknown_worker_fails_on_every_tag(shop: Shop) -> None:
    SpoolFactory(tag_hoja="MK-1")
    before = shop.everything()
    outcomes = take(["MK-1", "MK-9"], trabajador_id=7)
    assert told(outcomes) == [("MK-1", "WORKER_NO_ENCONTRADO"), ("MK-9", "WORKER_NO_ENCONTRADO")]
    assert shop.everything() == before


@pytest.mark.parametrize(
    ("tags", "razon"),
    [
        ([], "debe haber al menos uno"),
        (["MK-1", "MK-2", " mk-1 "], "hay tags repetidos"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused_whole(shop: Shop, tags: list[str], razon: str) -> None:
    SpoolFactory(tag_hoja="MK-1")
    before = shop.everything()
    heard = ("SOLICITUD_INVALIDA", {"campos": {"tag_spools": razon}})
    assert refusal(lambda: take(tags)) == heard
    assert refusal(lambda: services.pausar_varios(tags=tags, trabajador_id=93, actor=TABLET)) == heard
    assert shop.everything() == before


def test_a_worker_lets_go_of_more_at_once_than_could_be_taken_at_once(shop: Shop) -> None:
    """The doors say how many a batch may have; what somebody holds must go in one tap."""
    tags = [spool.tag for spool in SpoolFactory.create_batch(51, ocupado_por=shop.miguel)]
    outcomes = services.pausar_varios(tags=tags, trabajador_id=93, actor=TABLET, clave="turno")
    assert [outcome.tag for outcome in outcomes] == tags
    assert services.pausar_varios(tags=tags, trabajador_id=93, actor=TABLET, clave="turno") == outcomes
    assert not Spool.objects.filter(ocupado_por=shop.miguel).exists()


def test_a_batch_completed_on_an_impossible_day_is_refused_before_anything(shop: Shop) -> None:
    SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel)
    services.heal_claims()
    before = shop.everything()
    days = {timezone.now().date() + timedelta(days=2): FUTURE_DAY, date(26, 1, 9): TOO_OLD_A_DAY}
    for fecha, why in days.items():
        heard = refusal(partial(services.completar_varios, tags=["MK-1"], trabajador_id=93, fecha=fecha, actor=TABLET))
        assert heard == ("SOLICITUD_INVALIDA", {"campos": {"fecha_operacion": why}})
    assert shop.everything() == before
