"""The journal can only grow: whoever tries otherwise, the database itself refuses."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from occupation.checks import journal_is_append_only
from occupation.models import Evento, Spool, Trabajador, triggers
from occupation.services import _record
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.shop import COMMITS

pytestmark = COMMITS

COPY = (
    "INSERT OR REPLACE INTO occupation_evento (id, uuid, instante, tipo, spool_id, trabajador_id, actor_tipo,"
    " actor_nombre, actor_id, operacion, accion, dia, detalle, estado) SELECT {id}, {uuid}, instante, 'PAUSAR_ARM',"
    " spool_id, trabajador_id, actor_tipo, actor_nombre, actor_id, operacion, accion, dia, detalle, estado"
    " FROM occupation_evento"
)


@pytest.fixture
def evento() -> Evento:
    spool: Spool = SpoolFactory(ocupado_por=TrabajadorFactory())
    return Evento.objects.get(spool=spool)


@pytest.fixture(autouse=True)
def _triggers_stay() -> Iterator[None]:
    """A test that drops triggers does not leave the next without."""
    yield
    triggers.install(connection)


def sql(statement: str) -> Callable[[Evento], object]:
    def run(_: Evento) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    return run


def renamed(evento: Evento) -> Evento:
    evento.actor_nombre = "otro"
    return evento


ATTACKS: dict[str, Callable[[Evento], object]] = {
    "save": lambda evento: renamed(evento).save(),
    "save of one column": lambda evento: renamed(evento).save(update_fields=["actor_nombre"]),
    "queryset update": lambda _: Evento.objects.update(actor_nombre="otro"),
    "bulk update": lambda evento: Evento.objects.bulk_update([renamed(evento)], ["actor_nombre"]),
    "upsert": lambda evento: Evento.objects.bulk_create(
        [renamed(evento)], update_conflicts=True, unique_fields=["id"], update_fields=["actor_nombre"]
    ),
    "delete": lambda evento: evento.delete(),
    "queryset delete": lambda _: Evento.objects.all().delete(),
    "raw delete": lambda _: Evento.objects.all()._raw_delete("default"),
    "sql update": sql("UPDATE occupation_evento SET tipo = 'PAUSAR_ARM'"),
    "sql delete": sql("DELETE FROM occupation_evento"),
}

POSTGRES_ATTACKS = {
    "truncate": "TRUNCATE occupation_evento",
    "truncate from above": "TRUNCATE occupation_spool CASCADE",
    "upsert": "INSERT INTO occupation_evento SELECT * FROM occupation_evento ON CONFLICT (id) DO UPDATE SET dia = NULL",
    "merge": "MERGE INTO occupation_evento USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
}


def assert_refused(attack: Callable[[Evento], object], evento: Evento) -> None:
    before = list(Evento.objects.values())
    with pytest.raises(DatabaseError, match=triggers.MESSAGE), transaction.atomic():
        attack(evento)
    assert list(Evento.objects.values()) == before


@pytest.mark.parametrize("name", ATTACKS)
def test_the_journal_cannot_be_changed(evento: Evento, name: str) -> None:
    assert_refused(ATTACKS[name], evento)


@pytest.mark.postgres
@pytest.mark.parametrize("name", POSTGRES_ATTACKS)
def test_the_journal_cannot_be_changed_in_the_ways_of_postgresql(evento: Evento, name: str) -> None:
    assert_refused(sql(POSTGRES_ATTACKS[name]), evento)


@pytest.mark.sqlite
@pytest.mark.parametrize("values", [{"id": "id", "uuid": "'new'"}, {"id": "id + 100", "uuid": "uuid"}])
def test_the_journal_cannot_be_replaced(evento: Evento, values: dict[str, str]) -> None:
    assert_refused(sql(COPY.format(**values)), evento)


@pytest.mark.sqlite
@pytest.mark.parametrize("values", [{"id": "id", "uuid": "'new'"}, {"id": "id + 100", "uuid": "uuid"}])
@pytest.mark.usefixtures("evento")
def test_the_journal_cannot_be_replaced_by_a_program_that_knows_nothing_of_us(values: dict[str, str]) -> None:
    before = list(Evento.objects.values())
    stranger = sqlite3.connect(connection.settings_dict["NAME"])
    with pytest.raises(sqlite3.IntegrityError, match=triggers.MESSAGE):
        stranger.execute(COPY.format(**values))
    stranger.close()
    assert list(Evento.objects.values()) == before


def test_who_is_in_the_journal_cannot_be_deleted(evento: Evento) -> None:
    with pytest.raises(ProtectedError):
        Spool.objects.all().delete()
    with pytest.raises(ProtectedError):
        Trabajador.objects.all().delete()
    assert Evento.objects.get() == evento


def test_the_triggers_are_back_after_migrate(evento: Evento) -> None:
    triggers.lift(connection)
    assert triggers.missing(connection) != set()
    call_command("migrate", verbosity=0)
    assert triggers.missing(connection) == set()
    assert_refused(ATTACKS["sql update"], evento)


@pytest.mark.sqlite
def test_a_remade_table_has_lost_its_triggers_and_the_check_says_so(evento: Evento) -> None:
    with connection.schema_editor() as editor:
        editor._remake_table(Evento)  # type: ignore[attr-defined]  # SQLite's editor only
    assert [error.id for error in journal_is_append_only(["default"])] == ["occupation.W001"]
    call_command("migrate", verbosity=0)
    assert journal_is_append_only(["default"]) == []
    assert_refused(ATTACKS["sql delete"], evento)


def test_the_triggers_are_there_after_a_flush() -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert triggers.missing(connection) == set()
    assert_refused(ATTACKS["sql delete"], Evento.objects.get(spool=SpoolFactory(ocupado_por=TrabajadorFactory())))


@pytest.mark.parametrize("name", sorted(triggers.POSTGRES_NAMES | set(triggers.SQLITE_TRIGGERS)))
def test_the_system_check_names_a_dropped_trigger(name: str) -> None:
    on = " ON occupation_evento" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor, suppress(DatabaseError):
        cursor.execute(f"DROP TRIGGER {name}{on}")
    here = triggers.POSTGRES_NAMES if connection.vendor == "postgresql" else set(triggers.SQLITE_TRIGGERS)
    errors = journal_is_append_only(["default"])
    expected = [f"La bitácora no está protegida: faltan los disparadores {name}."] if name in here else []
    assert [error.msg for error in errors] == expected


@pytest.mark.postgres
def test_a_disabled_trigger_is_missed_too_and_migrate_enables_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE occupation_evento DISABLE TRIGGER evento_no_change")
    assert triggers.missing(connection) == {"evento_no_change"}
    call_command("migrate", verbosity=0)
    assert triggers.missing(connection) == set()


def test_manage_py_check_misses_the_protection_of_the_journal() -> None:
    triggers.lift(connection)
    with pytest.raises(SystemCheckError, match="La bitácora no está protegida"):
        call_command("check", tags=["database"], databases=["default"], fail_level="WARNING")


def test_the_journal_is_only_written_inside_a_transaction() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        _record.append([Evento(uuid=uuid.uuid4())])
    assert Evento.objects.count() == 0
