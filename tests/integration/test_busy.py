"""A database that stays busy is a clear refusal after a bounded wait, never a half-done verb and never a hang."""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from occupation import services
from occupation.models import Evento, Spool
from occupation.services import _record, _transaction
from occupation.vocabulary import Operacion
from tests.factories import SpoolFactory
from tests.ports import patient, wait_until
from tests.shop import COMMITS, TABLET, NeverMyTurn, Shop, refusal, row_of

pytestmark = COMMITS

BUSY: tuple[str, dict[str, Any]] = ("OCUPADO", {})


@pytest.fixture
def spool(shop: Shop) -> Spool:
    made: Spool = SpoolFactory(tag_hoja="MK-1")
    return made


def take() -> object:
    return services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET, clave="k")


@contextmanager
def _stranger() -> Iterator[psycopg.Connection]:
    """Another program's connection to the test's PostgreSQL database."""
    database = connection.settings_dict
    where = {"host": database["HOST"], "port": database["PORT"], "user": database["USER"], "dbname": database["NAME"]}
    with psycopg.connect(**where) as stranger:
        yield stranger
        stranger.rollback()


@pytest.fixture
def _impatient(shop: Shop) -> Iterator[None]:
    """The same waits as in the shop, cut from ten seconds to a tenth of one."""
    _wait_for_locks(100)
    yield
    _wait_for_locks(10_000)


def _wait_for_locks(milliseconds: int) -> None:
    setting = "SET lock_timeout" if connection.vendor == "postgresql" else "PRAGMA busy_timeout"
    with connection.cursor() as cursor:
        cursor.execute(f"{setting} = {milliseconds}")


def test_the_shop_waits_ten_seconds() -> None:
    """What the tests below shorten."""
    assert _transaction.BUSY_SECONDS == 10
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout" if connection.vendor == "postgresql" else "PRAGMA busy_timeout")
        assert cursor.fetchone() == ("10s",) if connection.vendor == "postgresql" else (10_000,)


@pytest.mark.sqlite
def test_a_writer_of_this_process_that_does_not_end(shop: Shop, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transaction, "BUSY_SECONDS", 0.1)
    before = shop.everything()
    with _transaction._sqlite_writer:
        assert refusal(take) == BUSY
    assert shop.everything() == before
    take()
    assert row_of(spool)["ocupado_por_id"] == 93


@pytest.mark.sqlite
def test_a_batch_waits_once_for_a_busy_database_and_its_key_resumes_it(
    shop: Shop, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = [spool.tag, *(SpoolFactory(tag_hoja=f"MK-{n}").tag for n in range(2, 5))]

    def batch() -> list[str]:
        done = services.tomar_varios(tags=tags, trabajador_id=93, operacion=Operacion.ARM, actor=TABLET, clave="lote")
        return [one.refused.codigo if one.refused else "ok" for one in done]

    with monkeypatch.context() as busy:
        writer = NeverMyTurn()
        busy.setattr(_transaction, "_sqlite_writer", writer)
        assert batch() == ["OCUPADO"] * 4
    assert writer.waits == [_transaction.BUSY_SECONDS]
    assert batch() == ["ok"] * 4
    assert batch() == ["ok"] * 4
    assert Evento.objects.filter(accion="TOMAR").count() == 4
    assert row_of(spool)["ocupado_por_id"] == shop.miguel.pk


@pytest.mark.sqlite
@pytest.mark.usefixtures("_impatient")
def test_a_writer_of_another_process_that_does_not_end(shop: Shop, spool: Spool) -> None:
    before = shop.everything()
    stranger = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    assert refusal(take) == BUSY
    stranger.execute("ROLLBACK")
    stranger.close()
    assert shop.everything() == before
    take()
    assert row_of(spool)["ocupado_por_id"] == 93


LOCKED = {
    "the spool": "SELECT 1 FROM occupation_spool FOR UPDATE",
    "the journal": "SELECT pg_advisory_xact_lock(73001)",
    "the table of keys": "LOCK TABLE occupation_claveidempotencia IN EXCLUSIVE MODE",
}


@pytest.mark.postgres
@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("what", LOCKED)
def test_somebody_who_holds_what_the_verb_needs(shop: Shop, spool: Spool, what: str) -> None:
    before = shop.everything()
    with _stranger() as stranger:
        stranger.execute(LOCKED[what])
        assert refusal(take) == BUSY
    assert shop.everything() == before
    take()
    assert row_of(spool)["ocupado_por_id"] == 93


@pytest.mark.postgres
def test_waits_for_several_locks_have_one_deadline(shop: Shop, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the time that a verb has, the wait for the spool leaves only a rest for the journal."""
    monkeypatch.setattr(_transaction, "BUSY_SECONDS", 2)
    before = shop.everything()
    with _stranger() as holder, _stranger() as stranger:
        holder.execute(LOCKED["the spool"])
        stranger.execute(LOCKED["the journal"])

        def let_the_spool_go() -> None:
            wait_until(_somebody_waits, "the verb's wait for the spool")
            waited = threading.Event().wait(1)
            assert not waited
            holder.rollback()
            connection.close()

        holding = threading.Thread(target=let_the_spool_go)
        holding.start()
        began = time.monotonic()
        assert refusal(take) == BUSY
        assert 1.9 < time.monotonic() - began < patient(2.9)
        holding.join()
    assert shop.everything() == before
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("10s",)
    take()
    assert row_of(spool)["ocupado_por_id"] == 93


@pytest.mark.postgres
def test_a_deadlock_is_a_refusal_too(shop: Shop, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program takes the journal's lock first and the spool's second: one of the two has to give way."""
    append = _record.append
    with connection.cursor() as cursor:
        cursor.execute("SET deadlock_timeout = '50ms'")
    before = shop.everything()
    with _stranger() as stranger:
        stranger.execute("SET deadlock_timeout = '30s'")
        stranger.execute("SELECT pg_advisory_xact_lock(73001)")
        waiting = threading.Thread(target=stranger.execute, args=("SELECT 1 FROM occupation_spool FOR UPDATE",))

        def crossed(rows: Iterable[Evento]) -> None:
            waiting.start()
            wait_until(_somebody_waits, "the other program's wait")
            append(rows)

        monkeypatch.setattr(_record, "append", crossed)
        assert refusal(take) == BUSY
        waiting.join()
    assert shop.everything() == before


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone() == (1,))


@pytest.mark.postgres
def test_no_free_connection_is_known_as_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    pool = connection.pool  # type: ignore[attr-defined]  # PostgreSQL's
    monkeypatch.setattr(pool, "timeout", 0.1)
    taken = [pool.getconn() for _ in range(pool.max_size)]
    with pytest.raises(OperationalError) as caught:
        connection.ensure_connection()
    for one in taken:
        pool.putconn(one)
    assert services.is_busy(caught.value.__cause__)


@pytest.mark.postgres
def test_journal_ids_become_visible_in_order(shop: Shop, spool: Spool) -> None:
    """A transaction stalled before its journal rows gets later ids than one that overtakes it, never earlier ones."""
    SpoolFactory(tag_hoja="MK-2")
    stalled, may_go_on = threading.Event(), threading.Event()
    append = _record.append

    def slow(rows: Iterable[Evento]) -> None:
        stalled.set()
        assert may_go_on.wait(10)
        append(rows)

    def take_first() -> None:
        take()
        connection.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_record, "append", slow)
        worker = threading.Thread(target=take_first)
        worker.start()
        assert stalled.wait(10)
    services.tomar(tag="MK-2", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    seen = list(Evento.objects.order_by("id").values_list("spool__tag", flat=True))
    assert seen == ["MK-2", "MK-2"]
    may_go_on.set()
    worker.join()
    assert list(Evento.objects.order_by("id").values_list("spool__tag", flat=True)) == [*seen, "MK-1", "MK-1"]


@pytest.mark.postgres
@pytest.mark.usefixtures("_impatient")
def test_nobody_reads_past_a_journal_row_that_is_still_to_come(shop: Shop, spool: Spool) -> None:
    """A transaction that has its journal ids but not yet its commit makes the next one wait for it."""
    SpoolFactory(tag_hoja="MK-2")
    with _stranger() as stranger:
        stranger.execute("SELECT pg_advisory_xact_lock(73001)")
        stranger.execute("SELECT nextval(pg_get_serial_sequence('occupation_evento', 'id'))")
        assert refusal(take) == BUSY
        assert Evento.objects.count() == 0
    take()
    assert Evento.objects.count() == 2


@pytest.mark.postgres
@pytest.mark.usefixtures("_impatient")
def test_a_row_written_past_the_services_waits_for_its_place_in_the_journal_too(shop: Shop, spool: Spool) -> None:
    take()
    copied = Evento.objects.earliest("id")
    copied.pk, copied.uuid = None, uuid.uuid4()
    with _stranger() as stranger:
        stranger.execute(LOCKED["the journal"])
        with pytest.raises(OperationalError, match="lock timeout"):
            copied.save(force_insert=True)
    copied.save(force_insert=True)
    assert copied.pk == Evento.objects.latest("id").pk
