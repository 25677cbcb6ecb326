"""The journal's triggers: the database itself refuses to change or delete what happened, and keeps its ids in order.

A SQLite table remake drops triggers silently, so they are recreated after every `migrate`, and a system check
misses them.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from occupation.vocabulary import AdvisoryLock

TABLE = "occupation_evento"
MESSAGE = "la bitacora no se edita ni se borra"
SQLITE_TRIGGERS = {
    "evento_no_update": "BEFORE UPDATE",
    "evento_no_delete": "BEFORE DELETE",
    # REPLACE deletes without a word on a connection that did not ask for recursive triggers.
    "evento_no_replace": "BEFORE INSERT",
}
_REPLACES = f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id OR uuid = NEW.uuid)"  # noqa: S608 - a constant
POSTGRES_NAMES = {"evento_no_change", "evento_no_truncate", "evento_in_order"}

# Whoever appends waits for whoever is appending until that transaction ends, before a row gets its id.
_POSTGRES = f"""
CREATE OR REPLACE FUNCTION evento_append_only() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation'; END $$ LANGUAGE plpgsql;
CREATE OR REPLACE TRIGGER evento_no_change BEFORE UPDATE OR DELETE ON {TABLE}
  FOR EACH ROW EXECUTE FUNCTION evento_append_only();
CREATE OR REPLACE TRIGGER evento_no_truncate BEFORE TRUNCATE ON {TABLE}
  FOR EACH STATEMENT EXECUTE FUNCTION evento_append_only();
CREATE OR REPLACE FUNCTION evento_in_order() RETURNS trigger AS $$
BEGIN PERFORM pg_advisory_xact_lock({int(AdvisoryLock.JOURNAL)}); RETURN NULL; END $$ LANGUAGE plpgsql;
CREATE OR REPLACE TRIGGER evento_in_order BEFORE INSERT ON {TABLE}
  FOR EACH STATEMENT EXECUTE FUNCTION evento_in_order();
"""


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers where they are missing. Safe to repeat."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRES)
            return
        for name, moment in SQLITE_TRIGGERS.items():
            when = _REPLACES if moment == "BEFORE INSERT" else ""
            cursor.execute(
                f"CREATE TRIGGER IF NOT EXISTS {name} {moment} ON {TABLE} {when} "
                f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            )


def lift(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers: only for emptying a test database."""
    where = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
    names = POSTGRES_NAMES if connection.vendor == "postgresql" else SQLITE_TRIGGERS.keys()
    with connection.cursor() as cursor:
        for name in sorted(names):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{where}")


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The triggers that should be there and are not (or are disabled)."""
    expected = POSTGRES_NAMES if connection.vendor == "postgresql" else set(SQLITE_TRIGGERS)
    query = (
        "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgenabled IN ('O', 'A')"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [TABLE])
        return expected - {row[0] for row in cursor.fetchall()}
