"""Backup and restore of the SQLite shop, taken while it works."""

from __future__ import annotations

import io
import os
import re
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from occupation.vocabulary import Operacion
from tests.disk import no_file_grows
from tests.live_shop import shell
from tests.ports import wait_until

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

    from tests.live import LiveTaller
    from tests.shop import Shop

WORKERS = 4


@pytest.fixture
def database(tmp_path: Path, migrated_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[Path]:
    """A migrated, empty shop in a file of its own, which this process uses as its database."""
    from django.db import connection

    file = tmp_path / "taller.sqlite3"
    with closing(sqlite3.connect(migrated_database)) as source, closing(sqlite3.connect(file)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=WAL")
    usual = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["NAME"] = str(file)
        yield file
        connection.close()
        connection.settings_dict["NAME"] = usual


@dataclass(frozen=True)
class Said:
    """What a command said, and whether it failed."""

    failed: bool
    text: str


def manage(command: str, *arguments: object) -> Said:
    """Run a command here: separate processes would take seconds each."""
    from django.core.management import CommandError, call_command

    said = io.StringIO()
    try:
        call_command(command, *map(str, arguments), stdout=said)
    except CommandError as error:
        return Said(failed=True, text=said.getvalue() + str(error))
    return Said(failed=False, text=said.getvalue())


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(("-wal", "-shm")))


def query(file: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchall()


def add_worker(file: Path, number: int) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO occupation_trabajador(id, nombre, apellido, activo) VALUES (?, 'Ana', 'Soto', 1)", [number]
        )


def workers(file: Path) -> list[int]:
    return [row[0] for row in query(file, "SELECT id FROM occupation_trabajador ORDER BY id")]  # type: ignore[misc]  # one integer column


def assert_whole(file: Path) -> int:
    """The invariants of a shop hold in `file`; how many journal rows it has."""
    assert query(file, "PRAGMA integrity_check") == [("ok",)]
    held = {row[0] for row in query(file, "SELECT id FROM occupation_spool WHERE ocupado_por_id IS NOT NULL")}
    sessions = """
        SELECT spool_id FROM occupation_evento WHERE accion IN ('TOMAR', 'PAUSAR', 'COMPLETAR', 'CANCELAR', 'LIBERAR')
        GROUP BY spool_id HAVING sum(CASE accion WHEN 'TOMAR' THEN 1 ELSE -1 END) = 1
    """
    assert {row[0] for row in query(file, sessions)} == held
    [(rows, newest)] = query(file, "SELECT count(*), coalesce(max(id), 0) FROM occupation_evento")
    assert isinstance(rows, int)
    assert rows == newest
    return rows


@pytest.fixture
def busy_shop(shop: Shop) -> Iterator[threading.Event]:
    """Workers who take and pause without rest; set the event to send them home."""
    from django.db import connection

    from occupation import services
    from tests.factories import SpoolFactory
    from tests.shop import TABLET

    tags = [SpoolFactory(tag_hoja=f"MK-{n}").tag for n in range(WORKERS)]
    enough, failed = threading.Event(), []

    def work(tag: str) -> None:
        try:
            while not enough.is_set():
                services.tomar(tag=tag, trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
                services.pausar(tag=tag, trabajador_id=93, actor=TABLET)
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[tag]) for tag in tags]
    for thread in threads:
        thread.start()
    yield enough
    enough.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert shop.miguel.pk == 93


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True, available_apps=["occupation"], reset_sequences=True)
def test_backups_taken_while_everybody_works_are_whole_and_never_shrink(
    busy_shop: threading.Event, tmp_path: Path
) -> None:
    from occupation.services.backup import backup

    seen = []
    for number in range(8):
        file = tmp_path / f"{number}.sqlite3"
        told = backup(archivo=file)
        assert assert_whole(file) == told.journal_id
        assert told.tamano == file.stat().st_size
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        seen.append(told.journal_id)
    busy_shop.set()
    assert seen == sorted(seen)
    assert len(set(seen)) > 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{number}.sqlite3" for number in range(8)]


@pytest.mark.sqlite
def test_restore_brings_the_backup_back_and_keeps_what_it_replaced(database: Path, tmp_path: Path) -> None:
    add_worker(database, 1)
    done = manage("backup", tmp_path / "lunes.sqlite3")
    assert not done.failed
    assert re.fullmatch(r"Respaldo: \S+lunes.sqlite3 \([\d,.]+.KB\), íntegro\n", done.text)
    add_worker(database, 2)
    done = manage("restore", tmp_path / "lunes.sqlite3")
    assert not done.failed
    aside = re.search(r"Lo que había antes quedó en (\S+)", done.text)
    assert aside
    assert re.search(r"taller-antes-\d{8}-\d{6}\.sqlite3$", aside.group(1))
    assert [workers(database), workers(Path(aside.group(1)))] == [[1], [1, 2]]
    assert query(database, "PRAGMA journal_mode") == [("wal",)]
    assert files(tmp_path) == ["lunes.sqlite3", Path(aside.group(1)).name, "taller.sqlite3"]


@pytest.mark.sqlite
@pytest.mark.process
def test_the_next_request_of_an_open_web_sees_what_was_restored(live_taller: LiveTaller, tmp_path: Path) -> None:
    made = "from django.contrib.auth.models import User; User.objects.create_superuser('ana', '', 'una-clave-larga')"
    assert live_taller.manage("backup", str(tmp_path / "vacio.sqlite3")).returncode == 0
    shell(live_taller, made)
    with live_taller.client() as browser:
        browser.get("/admin/login/")
        token = browser.cookies["taller_csrf"]
        fields = {"username": "ana", "password": "una-clave-larga", "csrfmiddlewaretoken": token}
        assert browser.post("/admin/login/", data=fields).status_code == 302
        assert browser.get("/admin/").status_code == 200
        done = live_taller.manage("restore", str(tmp_path / "vacio.sqlite3"))
        assert (done.returncode, done.stderr) == (0, "")
        assert browser.get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"


@pytest.mark.sqlite
def test_a_list_from_before_a_restore_is_not_taken_for_another_of_the_same_number(
    database: Path, tmp_path: Path
) -> None:
    from occupation import services
    from tests.factories import SpoolFactory, TrabajadorFactory
    from tests.shop import TABLET
    from tests.tablet import Tablet

    def take(spool: str) -> None:
        services.tomar(tag=spool, trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)

    first, second = SpoolFactory().tag, SpoolFactory().tag
    tablet = Tablet().step_up(TrabajadorFactory(id=93))
    manage("backup", tmp_path / "lunes.sqlite3")
    take(first)
    shown = tablet.get("/trabajo/")
    ask = {"HX-Request": "true", "HX-Target": "lista", "If-None-Match": shown["ETag"]}
    assert tablet.client.get("/trabajo/", headers=ask).status_code == 304
    assert not manage("restore", tmp_path / "lunes.sqlite3").failed
    take(second)
    again = tablet.client.get("/trabajo/", headers=ask)
    revisions = [page.context["pantalla"].revision for page in (shown, again)]
    assert (again.status_code, revisions) == (200, [2, 2])


@pytest.mark.sqlite
def test_restore_refuses_while_another_program_keeps_writing(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from occupation.services import backup

    monkeypatch.setattr(backup, "LOCK_SECONDS", 0.1)
    manage("backup", tmp_path / "lunes.sqlite3")
    add_worker(database, 1)
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = manage("restore", tmp_path / "lunes.sqlite3")
    assert done.failed
    assert "La base de datos está ocupada. Repita en un momento. No se cambió nada." in done.text
    assert workers(database) == [1]
    assert files(tmp_path) == ["lunes.sqlite3", "taller.sqlite3"]


@pytest.mark.sqlite
def test_an_open_reader_neither_stops_a_restore_nor_misses_it(database: Path, tmp_path: Path) -> None:
    manage("backup", tmp_path / "lunes.sqlite3")
    add_worker(database, 1)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM occupation_trabajador").fetchone() == (1,)
        assert not manage("restore", tmp_path / "lunes.sqlite3").failed
        assert other.execute("SELECT count(*) FROM occupation_trabajador").fetchone() == (1,)
        other.execute("COMMIT")
        assert other.execute("SELECT count(*) FROM occupation_trabajador").fetchone() == (0,)


@pytest.mark.sqlite
def test_what_is_written_during_a_restore_is_in_what_was_put_aside_or_in_the_restored_shop(
    database: Path, tmp_path: Path
) -> None:
    manage("backup", tmp_path / "lunes.sqlite3")
    written, stop = [0], threading.Event()

    def write() -> None:
        while not stop.is_set():
            add_worker(database, written[-1] + 1)
            written.append(written[-1] + 1)

    writer = threading.Thread(target=write)
    writer.start()
    wait_until(lambda: len(written) > 5, "the first workers")
    done = manage("restore", tmp_path / "lunes.sqlite3")
    seen = len(written)
    wait_until(lambda: len(written) > seen + 5, "workers after the restore")
    stop.set()
    writer.join()
    assert not done.failed
    (aside,) = tmp_path.glob("*antes*.sqlite3")
    assert workers(aside) + workers(database) == written[1:]


@pytest.mark.sqlite
def test_a_broken_database_that_a_program_has_open_is_not_moved_from_under_it(database: Path, tmp_path: Path) -> None:
    add_worker(database, 1)
    manage("backup", tmp_path / "lunes.sqlite3")
    reading = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM auth_user'); print()"
    command = [sys.executable, "-c", f"{reading}; sys.stdin.read()", str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        with database.open("r+b") as file:
            file.write(b"basura" * 5000)
        done = manage("restore", tmp_path / "lunes.sqlite3")
        other.communicate()
    assert done.failed
    assert "La base está dañada y otro programa la tiene abierta" in done.text
    assert database.read_bytes()[:6] == b"basura"
    assert not list(tmp_path.glob("*antes*"))


@pytest.mark.sqlite
def test_a_log_that_a_power_cut_left_is_not_played_into_what_is_restored(database: Path, tmp_path: Path) -> None:
    manage("backup", tmp_path / "lunes.sqlite3")
    with closing(sqlite3.connect(database)) as web, web:
        web.execute("INSERT INTO occupation_trabajador(id, nombre, apellido, activo) VALUES (1, 'Ana', 'Soto', 1)")
        web.commit()
        log = Path(f"{database}-wal").read_bytes()
    for file in tmp_path.glob("taller.sqlite3*"):
        file.unlink()
    Path(f"{database}-wal").write_bytes(log)
    assert not manage("restore", tmp_path / "lunes.sqlite3").failed
    assert workers(database) == []
    assert [path.read_bytes() == log for path in tmp_path.glob("*antes*-wal")] == [True]


@pytest.mark.sqlite
@pytest.mark.parametrize("size", [1024, 16384])
def test_a_backup_with_pages_of_another_size_is_restored_into_a_shop_in_use(
    database: Path, tmp_path: Path, size: int
) -> None:
    add_worker(database, 1)
    other = _copy(database, tmp_path)
    with closing(sqlite3.connect(other)) as copy:
        copy.execute(f"PRAGMA page_size = {size}")
        copy.execute("VACUUM")
    add_worker(database, 2)
    with closing(sqlite3.connect(database)) as reader:
        assert reader.execute("SELECT count(*) FROM occupation_trabajador").fetchone() == (2,)
        done = manage("restore", other)
        assert (done.failed, reader.execute("SELECT count(*) FROM occupation_trabajador").fetchone()) == (False, (1,))
    assert query(database, "PRAGMA page_size") != query(other, "PRAGMA page_size") == [(size,)]
    assert_whole(database)


@pytest.mark.sqlite
def test_a_database_that_was_copied_into_place_without_a_log_is_replaced_too(database: Path, tmp_path: Path) -> None:
    add_worker(database, 1)
    manage("backup", tmp_path / "lunes.sqlite3")
    add_worker(database, 2)
    query(database, "PRAGMA journal_mode=DELETE")
    assert not manage("restore", tmp_path / "lunes.sqlite3").failed
    assert [workers(database), [workers(path) for path in tmp_path.glob("*antes*")]] == [[1], [[1, 2]]]


@pytest.mark.sqlite
def test_an_interruption_after_the_commit_does_not_lose_what_was_put_aside(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from occupation.services import backup

    add_worker(database, 1)
    manage("backup", tmp_path / "lunes.sqlite3")
    add_worker(database, 2)
    refuse = backup._refuse_busy

    def interrupt(status: int, remaining: int, total: int) -> None:
        refuse(status, remaining, total)
        if status == sqlite3.SQLITE_DONE and list(tmp_path.glob("*antes*")) and workers(database) == [1]:
            raise KeyboardInterrupt

    monkeypatch.setattr(backup, "_refuse_busy", interrupt)
    with pytest.raises(KeyboardInterrupt):
        manage("restore", tmp_path / "lunes.sqlite3")
    assert [workers(database), [workers(path) for path in tmp_path.glob("*antes*")]] == [[1], [[1, 2]]]


@pytest.mark.sqlite
def test_restore_of_an_older_version_is_brought_up_to_date(database: Path, tmp_path: Path) -> None:
    from django.db import connection

    from occupation.models import triggers

    manage("migrate", "auth", "0011", "--verbosity=0")
    manage("backup", tmp_path / "viejo.sqlite3")
    manage("migrate", "--verbosity=0")
    with closing(sqlite3.connect(tmp_path / "viejo.sqlite3")) as old, old:
        old.execute("DROP TRIGGER IF EXISTS evento_no_replace")
    done = manage("restore", tmp_path / "viejo.sqlite3")
    assert not done.failed
    assert "Era de una versión anterior: se puso al día." in done.text
    applied = query(database, "SELECT name FROM django_migrations WHERE app = 'auth' ORDER BY name DESC LIMIT 1")
    assert applied == [("0012_alter_user_first_name_max_length",)]
    assert triggers.missing(connection) == set()


@pytest.mark.sqlite
def test_restore_replaces_a_broken_database_and_keeps_the_pieces(database: Path, tmp_path: Path) -> None:
    add_worker(database, 1)
    manage("backup", tmp_path / "lunes.sqlite3")
    database.write_bytes(b"basura" * 5000)
    broken = manage("backup", tmp_path / "otro.sqlite3")
    assert (broken.failed, "dañada" in broken.text) == (True, True)
    assert not manage("restore", tmp_path / "lunes.sqlite3").failed
    assert workers(database) == [1]
    assert [path.read_bytes()[:6] for path in tmp_path.glob("*antes*.sqlite3")] == [b"basura"]


@pytest.mark.sqlite
def test_restore_into_an_empty_folder_makes_the_shop(database: Path, tmp_path: Path) -> None:
    add_worker(database, 1)
    manage("backup", tmp_path / "lunes.sqlite3")
    for file in tmp_path.glob("taller.sqlite3*"):
        file.unlink()
    done = manage("restore", tmp_path / "lunes.sqlite3")
    assert (done.failed, "Lo que había antes" in done.text) == (False, False)
    assert workers(database) == [1]


def _missing(_database: Path, folder: Path) -> Path:
    return folder / "nada.sqlite3"


def _text(_database: Path, folder: Path) -> Path:
    file = folder / "lista.csv"
    file.write_text("Id;Nombre\n1;Ana\n", encoding="utf-8")
    return file


def _other_program(_database: Path, folder: Path) -> Path:
    file = folder / "otro.sqlite3"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE recetas (id integer)")
    return file


def _copy(database: Path, folder: Path) -> Path:
    file = folder / "copia.sqlite3"
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(file)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    return file


def _corrupt(database: Path, folder: Path) -> Path:
    file = _copy(database, folder)
    body = bytearray(file.read_bytes())
    body[8192:40960] = os.urandom(32768)
    file.write_bytes(body)
    return file


def _cut_short(database: Path, folder: Path) -> Path:
    file = _copy(database, folder)
    file.write_bytes(file.read_bytes()[:50_000])
    return file


def _newer(database: Path, folder: Path) -> Path:
    file = _copy(database, folder)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO django_migrations(app, name, applied) VALUES ('occupation', '0999_futuro', '')")
    return file


def _without_triggers(database: Path, folder: Path) -> Path:
    file = _copy(database, folder)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DROP TRIGGER evento_no_delete")
    return file


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (_missing, "No existe "),
        (_text, "no es un respaldo: no es una base de datos SQLite"),
        (_other_program, "es una base de datos, pero no de este taller"),
        (_corrupt, "La base está dañada"),
        (_cut_short, "La base está dañada"),
        (_newer, "es de una versión más nueva de este programa (tiene occupation.0999_futuro)"),
        (_without_triggers, "La bitácora de ese archivo no está protegida"),
    ],
)
def test_restore_refuses_in_words_what_it_cannot_use_and_changes_nothing(
    database: Path, tmp_path: Path, prepare: Callable[[Path, Path], Path], said: str
) -> None:
    add_worker(database, 1)
    file = prepare(database, tmp_path)
    before = files(tmp_path)
    done = manage("restore", file)
    assert done.failed
    assert said in done.text
    assert workers(database) == [1]
    assert files(tmp_path) == before


@pytest.mark.sqlite
def test_backup_never_overwrites_and_says_why_it_cannot_write(database: Path, tmp_path: Path) -> None:
    taken = tmp_path / "lunes.sqlite3"
    taken.write_text("algo mío", encoding="utf-8")
    for target, said in (
        (taken, "Ya existe"),
        (tmp_path, "Ya existe"),
        (tmp_path / "no" / "esta.sqlite3", "No existe"),
        (taken / "adentro.sqlite3", "No existe"),
    ):
        done = manage("backup", target)
        assert (done.failed, said in done.text) == (True, True)
    assert taken.read_text(encoding="utf-8") == "algo mío"
    database.unlink()
    assert "No hay base de datos en" in manage("backup", tmp_path / "martes.sqlite3").text
    assert files(tmp_path) == ["lunes.sqlite3"]


@pytest.mark.sqlite
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_full_disk_is_told_and_leaves_everything_as_it_was(database: Path, tmp_path: Path, command: str) -> None:
    add_worker(database, 1)
    file = tmp_path / "nuevo.sqlite3" if command == "backup" else _copy(database, tmp_path)
    before = files(tmp_path)
    with no_file_grows():
        done = manage(command, file)
    assert done.failed
    assert "No queda espacio" in done.text
    assert workers(database) == [1]
    assert files(tmp_path) == before


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True, available_apps=["occupation"])
def test_claims_follow_what_was_restored(shop: Shop, tmp_path: Path) -> None:
    from django.db import connection

    from occupation import services
    from occupation.services.backup import backup, restore
    from tests.factories import SpoolFactory
    from tests.shop import TABLET, row_of

    spools = [SpoolFactory(tag_hoja=tag) for tag in ("MK-1", "MK-2")]
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    claim = shop.claims()["spool_lock:MK-1"]
    backup(archivo=tmp_path / "lunes.sqlite3")
    services.pausar(tag="MK-1", trabajador_id=93, actor=TABLET)
    services.tomar(tag="MK-2", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    shop.client.expire("spool_lock:MK-2", 3000)
    connection.close()
    done = restore(archivo=tmp_path / "lunes.sqlite3")
    assert done.marcas
    assert (done.marcas.puestas, done.marcas.huerfanas, done.migrada) == (["MK-1"], ["MK-2"], False)
    assert shop.claims() == {"spool_lock:MK-1": claim}
    assert [row_of(spool)["ocupado_por_id"] for spool in spools] == [93, None]


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.parametrize(("command", "program"), [("backup", "pg_dump --"), ("restore", "pg_restore --")])
def test_postgresql_has_its_own_programs_and_the_commands_say_how(tmp_path: Path, command: str, program: str) -> None:
    from django.db import connection

    file = tmp_path / "lunes.dump"
    done = manage(command, file)
    assert done.failed
    assert "Esta base es PostgreSQL, que se respalda con sus propios programas. Use:" in done.text
    assert program in done.text
    assert f'"{file}"' in done.text
    assert f"--dbname={connection.settings_dict['NAME']}" in done.text
    assert not file.exists()
