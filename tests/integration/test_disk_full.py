"""A full disk: the verb fails as a whole, in words, and everything works again once there is room."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import date
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from occupation import services
from occupation.models import EdicionDevuelta, Evento, Spool
from occupation.refusals import SinEspacio
from occupation.services._transaction import is_unsaved
from occupation.vocabulary import Operacion
from tests.api_client import ApiClient
from tests.books import fila
from tests.disk import no_file_grows
from tests.factories import DeviceFactory, SpoolFactory
from tests.mirror_office import at_office, nothing_left
from tests.shop import TABLET, Shop, row_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

ROOM = 2**30
FILLED = "x" * 100_000


@contextmanager
def _no_room() -> Iterator[None]:
    """The database file may not grow by another page; what is free inside it is used up first."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS filler (text)")
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
        size = len(FILLED)
        while size:
            try:
                cursor.execute("INSERT INTO filler VALUES (%s)", [FILLED[:size]])
            except OperationalError:
                size //= 2
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA max_page_count = {ROOM}")
        cursor.execute("DROP TABLE filler")


def next_verb(spool: Spool) -> None:
    if row_of(spool)["ocupado_por_id"]:
        services.pausar(tag=spool.tag, trabajador_id=93, actor=TABLET)
    else:
        services.tomar(tag=spool.tag, trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)


def work_until_full(spool: Spool) -> None:
    """The pages of a table have room for some rows more, so the first verbs may still succeed."""
    for _ in range(1000):
        next_verb(spool)


def whole(spool: Spool) -> tuple[int, bool]:
    """How many verbs the journal tells of, and whether the row agrees with them."""
    told = [row.accion for row in Evento.objects.filter(spool=spool).order_by("id") if row.accion]
    row = row_of(spool)
    last = Evento.objects.latest("id").estado["version"]
    agrees = (row["ocupado_por_id"] is not None) == (len(told) % 2 == 1) and str(row["version"]) == last
    return len(told), agrees


@pytest.mark.parametrize("full", [_no_room, no_file_grows])
def test_a_verb_on_a_full_disk_leaves_nothing_half_done(
    shop: Shop, full: Callable[[], AbstractContextManager[None]]
) -> None:
    spool: Spool = SpoolFactory(tag_hoja="MK-1")
    next_verb(spool)
    with full():
        with pytest.raises(SinEspacio):
            work_until_full(spool)
        verbs, agrees = whole(spool)
        assert agrees
        shop.listener.heard()
        before = shop.everything()
        with pytest.raises(SinEspacio):
            next_verb(spool)
        assert shop.everything() == before
    next_verb(spool)
    assert whole(spool) == (verbs + 1, True)


def test_the_api_answers_an_error_and_goes_on_reading(shop: Shop) -> None:
    spool = SpoolFactory(tag_hoja="MK-1")
    api = ApiClient(DeviceFactory(kind="api").raw_token)
    with _no_room():
        with pytest.raises(SinEspacio):
            work_until_full(spool)
        path = "occupation/pausar" if Spool.objects.get().ocupado else "occupation/tomar"
        status, answer = api.post(path, tag_spool="MK-1", worker_id=93, operacion="ARM")
        seen, now = api.get("occupation/status/MK-1")
    assert (status, answer["success"], answer["error"]) == (500, False, "ERROR_INTERNO")
    assert answer["message"].startswith("El disco del servidor está lleno o falla: no se guardó nada.")
    assert (seen, now["version"]) == (200, str(Spool.objects.get().version))


@pytest.mark.parametrize("kind", ["local", "google"])
def test_an_edit_of_the_office_that_finds_no_room_stays_in_the_sheet_until_there_is_some(
    tmp_path: Path, kind: str
) -> None:
    with at_office(kind, tmp_path, [fila("MK-1", Armador="MR(93)"), fila("MK-2")]) as office:
        office.sync()
        with _no_room():
            with pytest.raises(SinEspacio):
                work_until_full(Spool.objects.get(tag="MK-2"))
            office.edit("MK-1", Fecha_Armado="01-03-2026")
            with suppress(SinEspacio):
                office.sync()
            assert (office.row("MK-1")["Fecha_Armado"], EdicionDevuelta.objects.count()) == ("01-03-2026", 0)
        office.sync()
        assert row_of(Spool.objects.get(tag="MK-1"))["fecha_armado"] == date(2026, 3, 1)
        assert nothing_left(office)


@pytest.mark.parametrize(
    ("code", "in_the_verb_and_in_its_commit"),
    [
        (sqlite3.SQLITE_FULL, [True, True]),
        (sqlite3.SQLITE_IOERR_WRITE, [True, True]),
        (sqlite3.SQLITE_IOERR_READ, [True, False]),
        (sqlite3.SQLITE_IOERR_FSYNC, [True, False]),
        (sqlite3.SQLITE_IOERR_SHMSIZE, [True, False]),
        (sqlite3.SQLITE_CORRUPT, [False, False]),
    ],
)
def test_only_what_is_known_to_be_lost_is_called_lost(code: int, in_the_verb_and_in_its_commit: list[bool]) -> None:
    error = sqlite3.OperationalError()
    error.sqlite_errorcode = code
    known = [is_unsaved(error, committing=committing) for committing in (False, True)]
    assert known == in_the_verb_and_in_its_commit
