"""A repeat under the same key is harmless, whatever it repeats and whenever it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from time_machine import Traveller as Clock

from occupation import services
from occupation.models import ClaveIdempotencia, Evento, Spool
from occupation.services import Respuesta, _claves, _execute
from occupation.vocabulary import Accion, EstadoCalidad, EstadoTrabajo, Operacion, Resultado
from tests.factories import SpoolFactory
from tests.shop import COMMITS, OTHER_TABLET, SUPERVISOR, TABLET, Shop, refusal, row_of

pytestmark = COMMITS

ARM, SOLD = Operacion.ARM, Operacion.SOLD
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
REUSED: tuple[str, dict[str, Any]] = ("CLAVE_REUTILIZADA", {})


MINE: dict[str, Any] = {"tag": "MK-1", "trabajador_id": 93, "actor": TABLET}


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def spool(shop: Shop) -> Spool:
    made: Spool = SpoolFactory(tag_hoja="MK-1")
    return made


def tomar(clave: str | None = "k", **changed: Any) -> Respuesta:
    order: dict[str, Any] = {"tag": "MK-1", "trabajador_id": 93, "operacion": ARM, "actor": TABLET}
    return services.tomar(clave=clave, **(order | changed))


def pausar(clave: str | None = "k2", **changed: Any) -> Respuesta:
    return services.pausar(clave=clave, **(MINE | changed))


def completar(clave: str | None = "k2", **changed: Any) -> Respuesta:
    return services.completar(clave=clave, **(MINE | changed))


def cancelar(clave: str | None = "k2", **changed: Any) -> Respuesta:
    return services.cancelar(clave=clave, **(MINE | changed))


@pytest.mark.parametrize("end", [pausar, completar, cancelar])
def test_a_repeated_verb_answers_the_same_and_does_nothing(
    shop: Shop, spool: Spool, clock: Clock, end: Callable[..., Respuesta]
) -> None:
    taken = tomar()
    clock.shift(timedelta(minutes=1))
    assert tomar() == taken
    ended = end()
    shop.listener.heard()
    before = shop.everything()
    clock.shift(timedelta(minutes=1))
    assert (tomar(), end()) == (taken, ended)
    assert shop.everything() == before
    assert row_of(spool)["ocupado_por_id"] is None


def test_the_verbs_of_the_supervisor_and_the_inspector_are_repeatable_too(shop: Shop, spool: Spool) -> None:
    tomar()
    released = services.liberar(tag="MK-1", motivo="se fue", actor=SUPERVISOR, clave="s1")
    blocked = SpoolFactory(calidad_state=EstadoCalidad.BLOQUEADO)
    unblocked = services.desbloquear(tag=blocked.tag, motivo="revisado", actor=SUPERVISOR, clave="s2")
    ready = SpoolFactory(arm_state=EstadoTrabajo.COMPLETADO, sold_state=EstadoTrabajo.COMPLETADO)
    verdict = {"tag": ready.tag, "trabajador_id": 97, "actor": TABLET, "clave": "q"}
    inspected = services.inspeccionar(resultado=Resultado.RECHAZADO, **verdict)
    shop.listener.heard()
    before = shop.everything()
    assert services.liberar(tag="MK-1", motivo=" se  fue ", actor=SUPERVISOR, clave="s1") == released
    assert services.desbloquear(tag=blocked.tag, motivo="revisado", actor=SUPERVISOR, clave="s2") == unblocked
    assert services.inspeccionar(resultado=Resultado.RECHAZADO, **verdict) == inspected
    assert (inspected.resultado, inspected.ciclo) == ("RECHAZADO", 1)
    assert refusal(lambda: services.inspeccionar(resultado=Resultado.APROBADO, **verdict)) == REUSED
    assert refusal(lambda: services.liberar(tag="MK-1", motivo="otro", actor=SUPERVISOR, clave="s1")) == REUSED
    assert shop.everything() == before


OTHERS: dict[str, Callable[[], object]] = {
    "another spool": lambda: tomar(tag="MK-2"),
    "another worker": lambda: tomar(trabajador_id=94),
    "another operation": lambda: tomar(operacion=SOLD),
    "a version": lambda: tomar(version=UUID(int=1)),
    "another verb": lambda: pausar("k"),
    "a verb with a date": lambda: completar("k", fecha=date(2026, 1, 1)),
    "a batch": lambda: services.tomar_varios(tags=["MK-1"], trabajador_id=93, operacion=ARM, actor=TABLET, clave="k"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_request_under_the_same_key_is_refused(shop: Shop, spool: Spool, other: str) -> None:
    SpoolFactory(tag_hoja="MK-2")
    tomar()
    shop.listener.heard()
    before = shop.everything()
    assert refusal(OTHERS[other]) == REUSED
    assert shop.everything() == before


def test_a_twin_that_succeeds_between_our_two_looks_gives_us_its_answer(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its effect is what refuses us, so the refusal is not ours to hear."""
    early = _execute._early
    twins: list[Respuesta] = []

    def overtaken(*arguments: Any) -> _execute.Caso:
        monkeypatch.setattr(_execute, "_early", early)
        twins.append(tomar())
        return early(*arguments)

    monkeypatch.setattr(_execute, "_early", overtaken)
    assert [tomar()] == twins
    assert Evento.objects.filter(accion=Accion.TOMAR).count() == 1


def test_another_spelling_of_the_tag_is_the_same_request(spool: Spool) -> None:
    assert tomar() == tomar(tag="  mk-1 ")


def test_another_device_may_use_the_same_key(spool: Spool) -> None:
    tomar()
    assert refusal(lambda: tomar(actor=OTHER_TABLET))[0] == "SPOOL_OCCUPIED"


def test_a_refusal_is_not_kept_but_judged_afresh(shop: Shop, spool: Spool) -> None:
    tomar("first", trabajador_id=94)
    assert refusal(tomar)[0] == "SPOOL_OCCUPIED"
    pausar("second", trabajador_id=94)
    assert tomar().message == "Spool MK-1 tomado por MR(93)"
    assert sorted(ClaveIdempotencia.objects.values_list("clave", flat=True)) == ["first", "k", "second"]


def test_a_refused_request_leaves_its_key_free_for_another(spool: Spool) -> None:
    assert refusal(lambda: tomar(operacion=SOLD))[0] == "DEPENDENCIAS_NO_SATISFECHAS"
    assert tomar().message == "Spool MK-1 tomado por MR(93)"


def test_a_verb_without_a_key_is_judged_every_time(spool: Spool) -> None:
    tomar(None)
    assert refusal(lambda: tomar(None))[0] == "SPOOL_OCCUPIED"
    assert ClaveIdempotencia.objects.count() == 0


def test_a_key_is_kept_for_a_day(spool: Spool, clock: Clock) -> None:
    taken = tomar()
    clock.shift(timedelta(hours=24) - timedelta(seconds=1))
    assert tomar() == taken
    clock.shift(timedelta(seconds=1))
    assert refusal(tomar)[0] == "SPOOL_OCCUPIED"
    assert pausar("k").message == "Trabajo pausado en MK-1"
    assert ClaveIdempotencia.objects.get().instante == NOW + timedelta(hours=24)


def test_old_keys_are_forgotten(spool: Spool, clock: Clock) -> None:
    tomar("old")
    clock.shift(timedelta(hours=1))
    pausar("young")
    clock.shift(timedelta(hours=23))
    assert _claves.forget_old(datetime(2026, 3, 3, 12, 0, tzinfo=UTC)) == 1
    assert ClaveIdempotencia.objects.get().clave == "young"


def batch(tags: list[str], clave: str = "b", **changed: Any) -> list[tuple[str, str]]:
    """Each tag with `done` or the refusal's code."""
    order: dict[str, Any] = {"trabajador_id": 93, "operacion": ARM, "actor": TABLET}
    outcomes = services.tomar_varios(tags=tags, clave=clave, **(order | changed))
    return [(outcome.tag, outcome.refused.codigo if outcome.refused else "done") for outcome in outcomes]


def test_a_half_done_batch_resumes_where_it_stopped(shop: Shop, spool: Spool) -> None:
    second = SpoolFactory(tag_hoja="MK-2", ocupado_por=shop.juan)
    third = SpoolFactory(tag_hoja="MK-3")
    tags = ["MK-1", "MK-2", "MK-3"]
    services.tomar_varios(tags=["MK-1"], clave="b", trabajador_id=93, operacion=ARM, actor=TABLET)
    assert batch(tags) == [("MK-1", "done"), ("MK-2", "SPOOL_OCCUPIED"), ("MK-3", "done")]
    services.pausar(tag="MK-2", trabajador_id=94, actor=TABLET)
    assert batch(tags) == [("MK-1", "done"), ("MK-2", "done"), ("MK-3", "done")]
    for taken in (spool, second, third):
        assert Evento.objects.filter(spool=taken, accion=Accion.TOMAR, trabajador_id=93).count() == 1


def test_a_repeated_batch_answers_the_same(shop: Shop, spool: Spool) -> None:
    order: dict[str, Any] = {"tags": ["MK-1"], "trabajador_id": 93, "operacion": ARM, "actor": TABLET, "clave": "b"}
    first = services.tomar_varios(**order)
    services.pausar(tag="MK-1", trabajador_id=93, actor=TABLET)
    assert services.tomar_varios(**order) == first
    assert row_of(spool)["ocupado_por_id"] is None
    assert shop.claims() == {}


@pytest.mark.parametrize("changed", [{"trabajador_id": 94}, {"operacion": SOLD}])
def test_a_batch_with_another_request_under_its_key_is_refused_whole(
    shop: Shop, spool: Spool, changed: dict[str, Any]
) -> None:
    SpoolFactory(tag_hoja="MK-2")
    batch(["MK-1"])
    shop.listener.heard()
    before = shop.everything()
    assert refusal(lambda: batch(["MK-2"], **changed)) == REUSED
    assert refusal(lambda: tomar("b")) == REUSED
    assert shop.everything() == before
