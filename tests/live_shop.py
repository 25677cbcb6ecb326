"""A shop inside a running product: seeded and looked at from here, past its web process."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stdout
from typing import Any

import httpx
import psycopg
from django.conf import global_settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.utils import load_backend
from django.test import override_settings

from taller.database import database_from_url
from tests.live import ROOT, LiveTaller

TOKEN = "secreto"

_SEED = """
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory
for number in range({workers}):
    TrabajadorFactory(id=101 + number, nombre="Miguel", apellido="Rojas")
tags = [spool.tag for spool in SpoolFactory.create_batch({spools})]
DeviceFactory(kind="api", token="{token}")
print(*tags, sep=chr(10))
"""


@contextmanager
def inside(live: LiveTaller) -> Iterator[None]:
    """Meanwhile Django works here on the product's database, with the settings that its rows depend on.

    A manage.py of its own would take a second to start. pytest-django's guard is about the database under test, so
    this connection passes it by.
    """
    own = connections[DEFAULT_DB_ALIAS]
    theirs = _connection_to(live.environment["DATABASE_URL"])
    connections[DEFAULT_DB_ALIAS] = theirs
    redis = live.environment["REDIS_URL"]
    hashers = global_settings.PASSWORD_HASHERS
    try:
        with override_settings(PUBLIC_URL=live.base_url, REDIS_URL=redis, PASSWORD_HASHERS=hashers):
            yield
    finally:
        connections[DEFAULT_DB_ALIAS] = own
        theirs.close()


def _connection_to(url: str) -> Any:  # noqa: ANN401 - either database's wrapper
    database = database_from_url(url, root=ROOT, synchronous="NORMAL")
    database["OPTIONS"].pop("pool", None)
    complete = connections.configure_settings({DEFAULT_DB_ALIAS: database})[DEFAULT_DB_ALIAS]
    made = load_backend(complete["ENGINE"]).DatabaseWrapper(complete, DEFAULT_DB_ALIAS)
    made.ensure_connection = lambda: None
    made.connect()
    return made


def command(live: LiveTaller, name: str, *arguments: str) -> list[str]:
    """The lines a manage.py command says about the product's database. CommandError if it fails."""
    said = io.StringIO()
    with inside(live):
        call_command(name, *arguments, stdout=said)
    return said.getvalue().splitlines()


def shell(live: LiveTaller, code: str) -> list[str]:
    """The lines a program of ours prints that works on the product's database."""
    said = io.StringIO()
    with inside(live), redirect_stdout(said):
        exec(code, {})  # noqa: S102 - our own
    return said.getvalue().splitlines()


def rows(live: LiveTaller, query: str) -> list[tuple[Any, ...]]:
    """What the product's database answers to a query, whatever its processes do meanwhile."""
    url = live.environment["DATABASE_URL"]
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            return database.execute(query).fetchall()
    with psycopg.connect(url) as server:
        return server.execute(query.encode()).fetchall()


def as_json(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """A JSON column's value, which SQLite hands over as text."""
    return json.loads(value) if isinstance(value, str) else value


def seed(live: LiveTaller, *, workers: int, spools: int) -> list[str]:
    """Workers 101, 102 …, who may do everything but inspect, a program's token, and spools: their tags."""
    return shell(live, _SEED.format(workers=workers, spools=spools, token=TOKEN))


def program(live: LiveTaller) -> httpx.Client:
    """A client with the program's token; the caller closes it."""
    return live.client(headers={"Authorization": f"Bearer {TOKEN}"})
