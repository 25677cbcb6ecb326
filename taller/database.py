"""DATABASE_URL to Django's DATABASES entry, with the options each database needs under load."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from environ import Env

# The floor hears 503 OCUPADO after this long, on either database.
BUSY_SECONDS = 10

# A statement that a connection sees for the third time is worth a plan that is kept.
PREPARED_AFTER = 2

# Two web processes and the relay fit in a PostgreSQL that allows 30 connections.
POOL_SIZE = 10


def database_from_url(url: str, *, root: Path, synchronous: str) -> dict[str, Any]:
    """Django's settings for one database. ValueError if the URL is neither SQLite nor PostgreSQL, or lacks a name.

    A relative SQLite path is taken from `root`, so that every process finds the same file.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return _sqlite(url, root, synchronous)
    if scheme in {"postgres", "postgresql"}:
        return _postgres(url)
    raise ValueError(scheme)


def _sqlite(url: str, root: Path, synchronous: str) -> dict[str, Any]:
    if not url.startswith("sqlite:///") or url == "sqlite:///":
        raise ValueError(url)
    path = root / Env.db_url_config(url)["NAME"]
    if not path.parent.is_dir():
        raise ValueError(path)
    return sqlite_database(path, synchronous=synchronous)


def sqlite_database(path: Path, *, synchronous: str) -> dict[str, Any]:
    """Django's settings for a SQLite file, whatever its path is spelt with."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        # A thread keeps its connection: closing the last one would copy the whole WAL into the file each time.
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": BUSY_SECONDS,
            "init_command": (
                "PRAGMA journal_mode=WAL;"
                f"PRAGMA synchronous={synchronous};"
                # Without it REPLACE would slip past the triggers that keep the journal append-only.
                "PRAGMA recursive_triggers=ON;"
            ),
        },
    }


def _postgres(url: str) -> dict[str, Any]:
    config: dict[str, Any] = Env.db_url_config(url)
    if not config["NAME"]:
        raise ValueError(url)
    config["ENGINE"] = "django.db.backends.postgresql"
    config["CONN_MAX_AGE"] = 0
    # A connection that died in the pool, with a server that was restarted, must not be a worker's error.
    config["CONN_HEALTH_CHECKS"] = True
    config["OPTIONS"] = {
        **config.get("OPTIONS", {}),
        "pool": {"min_size": 1, "max_size": POOL_SIZE, "timeout": BUSY_SECONDS},
        "options": f"-c lock_timeout={BUSY_SECONDS}s",
        # The server keeps the plan of what it is asked again and again: a third of its time for a verb is planning.
        "server_side_binding": True,
        "prepare_threshold": PREPARED_AFTER,
    }
    return config
