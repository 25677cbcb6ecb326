"""A shop inside a running product: seeded and looked at by programs of ours in the product's own settings."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import Any

import httpx
import psycopg

from tests.live import ROOT, LiveTaller

TOKEN = "secreto"

_SEED = """
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory
for number in range({workers}):
    TrabajadorFactory(id=101 + number)
tags = [spool.tag for spool in SpoolFactory.create_batch({spools})]
DeviceFactory(kind="api", token="{token}")
print(*tags, sep=chr(10))
"""


def shell(live: LiveTaller, code: str) -> list[str]:
    """The lines a program of ours prints inside the product's own settings."""
    command = [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=live.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


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
