"""A small shop for tests: its people, everything it remembers, and what it tells the world."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from django.apps import apps
from django.db import connection, transaction

from occupation.models import ClaveIdempotencia, Evento, Mirror, Spool, Trabajador, triggers
from occupation.refusals import Refused
from occupation.services import Actor
from occupation.vocabulary import ActorTipo, Rol
from tests.factories import TrabajadorFactory
from tests.ports import patient
from tests.private_valkey import BreakableValkey

COMMITS = pytest.mark.django_db(transaction=True, available_apps=["occupation"])
"""Marks tests whose verbs commit. Naming the app makes emptying the tables afterwards several times faster."""

CHANNEL = "spools:updates"
SILENCE = "that is all"

TABLET = Actor(ActorTipo.DISPOSITIVO, "Tablet 1", 1)
OTHER_TABLET = Actor(ActorTipo.DISPOSITIVO, "Tablet 2", 2)
SUPERVISOR = Actor(ActorTipo.SUPERVISOR, "marta", 5)

FUTURE_DAY = "la fecha no puede ser futura: elija hoy o un día anterior"
"""Why a day that has not come yet is refused."""

TOO_OLD_A_DAY = "la fecha es demasiado antigua: revise el año"
"""Why a day before 1990 is refused."""

Row = dict[str, Any]


class Listener:
    """Hears every message published to `spools:updates` since it was made."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._pubsub = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]  # theirs
        self._pubsub.subscribe(CHANNEL)
        self.heard()

    def heard(self) -> list[Row]:
        """What was published since the last look, in order."""
        self._client.publish(CHANNEL, SILENCE)
        told: list[Row] = []
        while True:
            message = self._pubsub.get_message(timeout=patient(5))
            if message is None:
                continue
            if message["data"] == SILENCE:
                return told
            told.append(json.loads(message["data"]))

    def close(self) -> None:
        self._pubsub.close()


@dataclass
class Shop:
    """Five workers, no spool yet, a Valkey and an ear at its channel."""

    valkey: BreakableValkey
    client: redis.Redis
    listener: Listener
    miguel: Trabajador = field(init=False)
    juan: Trabajador = field(init=False)
    ines: Trabajador = field(init=False)
    pintor: Trabajador = field(init=False)
    retirado: Trabajador = field(init=False)

    def __post_init__(self) -> None:
        work = [Rol.ARMADOR, Rol.SOLDADOR]
        self.miguel = TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=work)
        self.juan = TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez", roles=work)
        self.ines = TrabajadorFactory(id=97, nombre="Inés", apellido="Soto", roles=[Rol.METROLOGIA])
        self.pintor = TrabajadorFactory(id=98, nombre="Óscar", apellido="Ñanco", roles=[Rol.PINTURA])
        self.retirado = TrabajadorFactory(id=99, nombre="Luis", apellido="Vera", roles=work, activo=False)

    def claims(self) -> dict[str, str]:
        """What Redis holds, by key."""
        return {key: self.client.get(key) for key in sorted(self.client.keys("*"))}  # type: ignore[misc]  # also typed as awaitable

    def everything(self) -> dict[str, Any]:
        """All that a verb could leave behind."""
        tables = (Spool, Evento, Mirror, ClaveIdempotencia)
        rows = {table.__name__: list(table.objects.order_by("pk").values()) for table in tables}
        return rows | {"claims": self.claims(), "told": self.listener.heard()}


@dataclass
class NeverMyTurn:
    """Stands for the writers' lock of a process whose database stays busy: nobody gets it. `waits` in seconds."""

    waits: list[float] = field(default_factory=list)

    def acquire(self, timeout: float) -> bool:
        self.waits.append(timeout)
        return False


def empty_shop() -> None:
    """Forget every row of the shop, journal included. Much faster than a flush, and small enough for a loop."""
    tables = [model._meta.db_table for model in apps.get_app_config("occupation").get_models()]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            triggers.lift(connection)
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables
        if connection.vendor == "sqlite":
            triggers.install(connection)


def row_of(spool: Spool) -> Row:
    """The spool's row as the database has it now."""
    return dict(Spool.objects.filter(pk=spool.pk).values().get())


def changes(before: Row, after: Row) -> Row:
    """The columns that differ, with what they hold now."""
    return {column: after[column] for column in after if after[column] != before[column]}


def journal(since: int = 0) -> list[Evento]:
    """The journal rows after the id `since`, in order."""
    return list(Evento.objects.filter(id__gt=since).order_by("id"))


def refusal(verb: Callable[[], object]) -> tuple[str, dict[str, Any]]:
    """The code and data of the refusal the verb must meet."""
    try:
        answered = verb()
    except Refused as refused:
        return refused.codigo, refused.datos
    raise AssertionError(f"not refused: {answered}")


def nothing_left_behind(shop: Shop, verb: Callable[[], object]) -> tuple[str, dict[str, Any]]:
    """The refusal of the verb, having compared everything before and after it."""
    shop.listener.heard()
    before = shop.everything()
    heard = refusal(verb)
    assert shop.everything() == before
    return heard
