"""Ten hands reach for one spool at the same moment: one has it, nine hear who."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from pytest_django import Settings

from tests.ports import patient

if TYPE_CHECKING:
    from occupation.models import Spool

HANDS = 10
pytestmark = pytest.mark.django_db(transaction=True, available_apps=["occupation"])


@pytest.fixture
def rounds(*, long_profile: bool) -> int:
    return 200 if long_profile else 20


@pytest.fixture(params=["with Redis", "without Redis"], autouse=True)
def _redis(request: pytest.FixtureRequest, settings: Settings) -> None:
    if request.param == "with Redis":
        request.getfixturevalue("valkey")
    else:
        settings.REDIS_URL = ""


@pytest.fixture
def hands() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(HANDS) as pool:
        yield pool


def all_at_once(hands: ThreadPoolExecutor, verb: Callable[[int], Any]) -> list[Any]:
    """What each of the ten got, having started together."""
    barrier = threading.Barrier(HANDS)

    def one(hand: int) -> Any:  # noqa: ANN401 - whatever the verb answers
        barrier.wait(timeout=patient(30))
        try:
            return verb(hand)
        finally:
            connection.close()

    connection.close()
    return list(hands.map(one, range(HANDS)))


def take(worker: int, spool: Spool) -> tuple[str, Any]:
    from occupation import services
    from occupation.refusals import Refused
    from occupation.vocabulary import Operacion
    from tests.shop import TABLET

    try:
        answer = services.tomar(tag=spool.tag, trabajador_id=worker, operacion=Operacion.ARM, actor=TABLET)
    except Refused as refused:
        return refused.codigo, refused.datos
    return "taken", answer.version


def test_ten_hands_on_one_spool_and_one_has_it(hands: ThreadPoolExecutor, rounds: int) -> None:
    from occupation.models import Evento
    from occupation.refusals import _iso
    from tests.factories import SpoolFactory, TrabajadorFactory
    from tests.shop import row_of

    workers = [TrabajadorFactory(id=101 + n) for n in range(HANDS)]
    names = {worker.id: worker.worker_nombre for worker in workers}
    for _ in range(rounds):
        spool = SpoolFactory()
        got = all_at_once(hands, lambda hand, spool=spool: take(101 + hand, spool))  # type: ignore[misc]  # this round's
        row = row_of(spool)
        holder = row["ocupado_por_id"]
        heard = {
            "owner_id": holder,
            "owner_name": names[holder],
            "desde": _iso(row["ocupado_desde"]),
            "operacion": "ARM",
        }
        expected: list[tuple[str, Any]] = [("SPOOL_OCCUPIED", heard)] * HANDS
        expected[holder - 101] = ("taken", str(row["version"]))
        assert got == expected
        told = list(Evento.objects.filter(spool=spool).order_by("id").values_list("tipo", "trabajador_id"))
        assert told == [("TOMAR_ARM", holder), ("STATE_CHANGE", holder)]


def test_ten_taps_with_one_key_have_one_effect_and_one_answer(hands: ThreadPoolExecutor, rounds: int) -> None:
    from occupation import services
    from occupation.models import Evento
    from occupation.vocabulary import Operacion
    from tests.factories import SpoolFactory, TrabajadorFactory
    from tests.shop import TABLET

    worker = TrabajadorFactory()
    for tap in range(rounds):
        spool = SpoolFactory()
        order: dict[str, Any] = {
            "tag": spool.tag,
            "trabajador_id": worker.id,
            "operacion": Operacion.ARM,
            "actor": TABLET,
            "clave": f"tap {tap}",
        }
        answers = all_at_once(hands, lambda _, order=order: services.tomar(**order))  # type: ignore[misc]  # this round's
        assert len({answer.version for answer in answers}) == 1
        assert answers == [answers[0]] * HANDS
        assert Evento.objects.filter(spool=spool, accion="TOMAR").count() == 1


def test_a_crowd_that_takes_and_pauses_leaves_a_whole_story(hands: ThreadPoolExecutor, rounds: int) -> None:
    """Everybody takes and, who has it, pauses: sessions never overlap and each is closed by its worker."""
    from occupation import services
    from occupation.history import events_of
    from occupation.refusals import Refused
    from tests.factories import SpoolFactory, TrabajadorFactory
    from tests.shop import TABLET, row_of

    for n in range(HANDS):
        TrabajadorFactory(id=101 + n)
    spool = SpoolFactory()

    def work(hand: int) -> Counter[str]:
        heard: Counter[str] = Counter()
        for _ in range(max(rounds // 10, 3)):
            heard[take(101 + hand, spool)[0]] += 1
            try:
                services.pausar(tag=spool.tag, trabajador_id=101 + hand, actor=TABLET)
            except Refused as refused:
                heard[refused.codigo] += 1
        return heard

    heard = sum(all_at_once(hands, work), Counter[str]())
    assert set(heard) <= {"taken", "SPOOL_OCCUPIED", "NO_AUTORIZADO", "OCUPACION_TERMINADA"}
    story = [(row.accion, row.trabajador_id) for row in events_of(spool) if row.accion]
    takes, ends = story[::2], story[1::2]
    assert [accion for accion, _ in takes] == ["TOMAR"] * heard["taken"]
    assert ends == [("PAUSAR", worker) for _, worker in takes]
    assert row_of(spool)["ocupado_por_id"] is None
