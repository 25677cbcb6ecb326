"""The claim in Redis: whatever happened to it, the row decides, and the claim comes to agree with the row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sized
from functools import partial
from typing import Any

import pytest
from django.db import connection as database
from pytest_django import Settings

from occupation import services
from occupation.gateways import claims, connection
from occupation.models import Evento, Spool
from occupation.services import ClaimReport
from occupation.services.claims import heal_claim
from occupation.vocabulary import Operacion
from tests.factories import SpoolFactory
from tests.ports import wait_until
from tests.shop import COMMITS, SUPERVISOR, TABLET, Shop, refusal, row_of

pytestmark = COMMITS

TAG = "MK-1335-CW-25238-011"
KEY = f"spool_lock:{TAG}"
FOREIGN = "94:00000000-0000-4000-8000-000000000000"
ARM = Operacion.ARM


@pytest.fixture
def spool(shop: Shop) -> Spool:
    made: Spool = SpoolFactory(tag_hoja=TAG)
    return made


def take(worker: int = 93) -> object:
    return services.tomar(tag=TAG, trabajador_id=worker, operacion=ARM, actor=TABLET)


def pause(worker: int = 93) -> object:
    return services.pausar(tag=TAG, trabajador_id=worker, actor=TABLET)


def asked_for(spool: Spool) -> dict[str, str]:
    """The claim that the row asks for, as Redis should hold it."""
    row = row_of(spool)
    return {KEY: f"{row['ocupado_por_id']}:{row['ocupacion_token']}"} if row["ocupado_por_id"] else {}


def young(shop: Shop) -> None:
    shop.client.set(KEY, FOREIGN, ex=3600)


def old(shop: Shop) -> None:
    shop.client.set(KEY, FOREIGN, ex=3600 - 11)


def everlasting(shop: Shop) -> None:
    shop.client.set(KEY, FOREIGN)


def longer_than_ours(shop: Shop) -> None:
    shop.client.set(KEY, FOREIGN, ex=7200)


def a_list(shop: Shop) -> None:
    shop.client.rpush(KEY, "what is this")


def bytes_of_another_world(shop: Shop) -> None:
    shop.client.set(KEY, b"\xff\xfe\x00")


LEFT_BEHIND = [young, old, everlasting, longer_than_ours, a_list, bytes_of_another_world]


@pytest.mark.parametrize("left", LEFT_BEHIND)
def test_a_claim_that_no_row_backs_does_not_stop_a_take(shop: Shop, spool: Spool, left: Callable[[Shop], None]) -> None:
    left(shop)
    take()
    assert row_of(spool)["ocupado_por_id"] == 93
    assert shop.claims() == asked_for(spool)
    assert 3590 <= shop.client.ttl(KEY) <= 3600


@pytest.mark.parametrize("left", LEFT_BEHIND)
def test_a_wrong_claim_on_a_held_spool_changes_nothing_for_anybody(
    shop: Shop, spool: Spool, left: Callable[[Shop], None]
) -> None:
    take()
    shop.client.delete(KEY)
    left(shop)
    assert refusal(lambda: take(94))[1]["owner_name"] == "MR(93)"
    pause()
    assert row_of(spool)["ocupado_por_id"] is None
    take(94)
    assert shop.claims() == asked_for(spool)


def missing(shop: Shop) -> None:
    shop.client.delete(KEY)


def expired(shop: Shop) -> None:
    shop.client.pexpire(KEY, 1)
    while shop.client.exists(KEY):
        pass


def wiped(shop: Shop) -> None:
    shop.client.flushall()


def restarted(shop: Shop) -> None:
    shop.valkey.kill()
    shop.valkey.start()


LOSSES = [missing, expired, wiped, restarted]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_claim_lets_nobody_else_in_and_is_set_again_by_the_next_verb(
    shop: Shop, spool: Spool, loss: Callable[[Shop], None]
) -> None:
    take()
    loss(shop)
    assert refusal(lambda: take(94))[0] == "SPOOL_OCCUPIED"
    assert shop.claims() == asked_for(spool)
    assert Evento.objects.filter(accion="TOMAR").count() == 1


@pytest.mark.parametrize("loss", LOSSES)
def test_lost_claims_are_rebuilt_from_the_rows(shop: Shop, spool: Spool, loss: Callable[[Shop], None]) -> None:
    take()
    loss(shop)
    assert services.heal_claims() == ClaimReport(ocupados=1, puestas=[TAG], huerfanas=[])
    assert shop.claims() == asked_for(spool)
    assert services.heal_claims() == ClaimReport(ocupados=1, puestas=[], huerfanas=[])


def test_healing_renews_what_is_right(shop: Shop, spool: Spool) -> None:
    take()
    shop.client.expire(KEY, 5)
    assert services.heal_claims() == ClaimReport(ocupados=1, puestas=[], huerfanas=[])
    assert shop.client.ttl(KEY) > 3590


@pytest.mark.parametrize("left", [old, everlasting, longer_than_ours, a_list])
def test_healing_deletes_an_old_orphan(shop: Shop, spool: Spool, left: Callable[[Shop], None]) -> None:
    left(shop)
    assert services.heal_claims() == ClaimReport(ocupados=0, puestas=[], huerfanas=[TAG])
    assert shop.claims() == {}


def test_healing_leaves_a_young_orphan_to_the_verb_it_may_belong_to(shop: Shop, spool: Spool) -> None:
    young(shop)
    assert services.heal_claims() == ClaimReport(ocupados=0, puestas=[], huerfanas=[], jovenes=1)
    assert shop.claims() == {KEY: FOREIGN}
    shop.client.expire(KEY, 3600 - 11)
    assert services.heal_claims() == ClaimReport(ocupados=0, puestas=[], huerfanas=[TAG])


def test_a_lost_claim_is_not_planted_again_for_a_holder_who_let_go_meanwhile(shop: Shop, spool: Spool) -> None:
    take(93)
    seen = Spool.objects.get(pk=spool.pk)
    pause(93)
    heal_claim(seen)
    assert shop.claims() == {}


def test_healing_for_a_holder_who_let_go_leaves_the_claim_of_the_next(shop: Shop, spool: Spool) -> None:
    take(93)
    seen = Spool.objects.get(pk=spool.pk)
    pause(93)
    take(94)
    heal_claim(seen)
    assert shop.claims() == asked_for(spool)
    assert shop.claims()[KEY].startswith("94:")


@pytest.mark.parametrize("loss", LOSSES)
def test_healing_one_spool_sets_its_claim_again(shop: Shop, spool: Spool, loss: Callable[[Shop], None]) -> None:
    take(93)
    loss(shop)
    heal_claim(Spool.objects.get(pk=spool.pk))
    assert shop.claims() == asked_for(spool)
    assert 3590 <= shop.client.ttl(KEY) <= 3600


def test_healing_does_not_touch_what_is_not_a_claim(shop: Shop, spool: Spool) -> None:
    shop.client.set("otra:cosa", "1")
    services.heal_claims()
    assert shop.claims() == {"otra:cosa": "1"}


def test_healing_a_whole_shop(shop: Shop) -> None:
    held = [SpoolFactory(ocupado_por=shop.juan) for _ in range(30)]
    stray = [f"spool_lock:MK-LIBRE-{n}" for n in range(1200)]
    shop.client.mset(dict.fromkeys(stray, FOREIGN))
    report = services.heal_claims()
    assert report is not None
    assert (report.ocupados, report.puestas, len(report.huerfanas)) == (30, sorted(s.tag for s in held), 1200)
    assert shop.claims() == {f"spool_lock:{spool.tag}": f"94:{spool.ocupacion_token}" for spool in held}


def whole_shift(spool: Spool) -> list[tuple[int | None, int]]:
    """Every verb once, with who holds it and how many journal rows there are after each."""
    seen = []
    verbs: list[Callable[[], object]] = [
        lambda: take(93),
        lambda: pause(93),
        lambda: take(94),
        lambda: services.liberar(tag=TAG, motivo="turno", actor=SUPERVISOR),
        lambda: take(93),
        lambda: services.cancelar(tag=TAG, trabajador_id=93, actor=TABLET),
        lambda: take(93),
        lambda: services.completar(tag=TAG, trabajador_id=93, actor=TABLET),
    ]
    for verb in verbs:
        verb()
        seen.append((row_of(spool)["ocupado_por_id"], Evento.objects.count()))
    return seen


SHIFT = [(93, 2), (None, 3), (94, 4), (None, 5), (93, 6), (None, 7), (93, 8), (None, 10)]


def test_with_redis_down_every_verb_works_on_the_row_alone(shop: Shop, spool: Spool) -> None:
    shop.valkey.kill()
    assert whole_shift(spool) == SHIFT
    assert services.heal_claims() is None
    assert not connection.reachable()
    shop.valkey.start()
    assert connection.reachable()
    assert services.heal_claims() == ClaimReport(ocupados=0, puestas=[], huerfanas=[])


def test_with_redis_deaf_every_verb_works_on_the_row_alone(shop: Shop, spool: Spool) -> None:
    shop.valkey.freeze()
    assert whole_shift(spool) == SHIFT
    assert services.heal_claims() is None
    shop.valkey.thaw()


def test_without_redis_every_verb_works_on_the_row_alone(shop: Shop, spool: Spool, settings: Settings) -> None:
    settings.REDIS_URL = ""
    assert whole_shift(spool) == SHIFT
    assert services.heal_claims() is None
    assert shop.claims() == {}


def test_a_redis_that_refuses_to_write_is_done_without(shop: Shop, spool: Spool) -> None:
    shop.client.config_set("maxmemory", "1")
    try:
        assert whole_shift(spool) == SHIFT
    finally:
        shop.client.config_set("maxmemory", "0")


def test_a_take_that_fails_gives_its_claim_up(shop: Shop, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    from occupation.services import _execute

    def broken(*_: object) -> None:
        assert list(shop.claims()) == [KEY]
        raise ZeroDivisionError

    monkeypatch.setattr(_execute, "record", broken)
    with pytest.raises(ZeroDivisionError):
        take()
    assert shop.claims() == {}
    assert (row_of(spool)["ocupado_por_id"], Evento.objects.count()) == (None, 0)


def test_a_claim_left_by_a_process_that_died_before_its_commit_is_an_orphan(shop: Shop, spool: Spool) -> None:
    claims.acquire(TAG, FOREIGN)
    take(93)
    assert shop.claims() == asked_for(spool)


def test_giving_up_a_claim_compares_the_whole_value(shop: Shop, spool: Spool) -> None:
    shop.client.set(KEY, "93:one")
    claims.release(TAG, "93:other")
    claims.release(TAG, "93:on")
    assert shop.claims() == {KEY: "93:one"}
    claims.release(TAG, "93:one")
    assert shop.claims() == {}


def test_the_claim_of_a_pause_that_somebody_overtook_stays_theirs(shop: Shop, spool: Spool) -> None:
    """Pausing commits, another takes it before the claim is given up: the new claim is not deleted."""
    take(93)
    mine = shop.claims()[KEY]
    young(shop)
    claims.settle(TAG, None, mine=mine)
    assert shop.claims() == {KEY: FOREIGN}


def _has_grown(things: Sized, size: int) -> bool:
    return len(things) >= size


def test_valkey_killed_and_restarted_under_load(shop: Shop, long_profile: bool) -> None:  # noqa: FBT001 - a fixture
    """Two workers take and pause while Valkey dies and returns: no verb fails, and the claims agree in the end."""
    spools = [SpoolFactory() for _ in range(6)]
    stop = threading.Event()
    done: list[Any] = []

    def work(worker: int, mine: list[Spool]) -> None:
        try:
            while not stop.is_set():
                for spool in mine:
                    services.tomar(tag=spool.tag, trabajador_id=worker, operacion=ARM, actor=TABLET)
                    services.pausar(tag=spool.tag, trabajador_id=worker, actor=TABLET)
                    done.append(spool.tag)
        finally:
            database.close()

    workers = [threading.Thread(target=work, args=(93 + n, spools[n::2])) for n in range(2)]
    for worker in workers:
        worker.start()
    for _ in range(20 if long_profile else 3):
        shop.valkey.kill()
        wait_until(partial(_has_grown, done, len(done) + 10), "verbs without Redis")
        shop.valkey.start()
    stop.set()
    for worker in workers:
        worker.join()
    assert Evento.objects.filter(accion="TOMAR").count() == len(done)
    assert Evento.objects.filter(accion="PAUSAR").count() == len(done)
    assert connection.reachable()
    left = sorted(shop.claims())
    for key in left:
        shop.client.expire(key, 3600 - 11)
    stray = [key.removeprefix("spool_lock:") for key in left]
    assert services.heal_claims() == ClaimReport(ocupados=0, puestas=[], huerfanas=stray)
    assert shop.claims() == {}
