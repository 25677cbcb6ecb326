"""Backup and restore of a SQLite shop while it is in use. PostgreSQL brings its own programs for both.

A backup is one file with the whole shop as of one instant. A restore writes the file's pages into the living
database in one transaction, under the lock of every other writer: a tablet that waits meanwhile goes on with what was
restored, and a crash leaves the old shop as it was.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from occupation.models import triggers
from occupation.services.claims import ClaimReport, heal_claims

LOCK_SECONDS = 5.0
"""How long a restore waits for whoever is writing."""

_TABLES = {triggers.TABLE, "occupation_spool", "django_migrations"}
_PROTECTION = {"evento_no_update", "evento_no_delete"}
_HEADER = b"SQLite format 3\x00"
_NO_ROOM = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
_NO_ROOM_SQLITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_IN_USE = "La base de datos está ocupada. Repita en un momento. No se cambió nada."
_FIRST_LOCKED_BYTE, _LOCKED_BYTES = 0x40000000, 512


class BackupError(Exception):
    """Nothing was changed. The text is a sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Contenido:
    """What a file of the shop holds: its last journal row and when that was, and its size in bytes."""

    journal_id: int
    hasta: datetime | None
    tamano: int


@dataclass(frozen=True, slots=True)
class Restauracion:
    """What a restore did. `apartada` is the replaced database, None when there was none."""

    contenido: Contenido
    apartada: Path | None
    migrada: bool
    marcas: ClaimReport | None


def backup(*, archivo: Path) -> Contenido:
    """Copy the shop, as of one instant, to a new file that only its owner can read.

    Raises BackupError if the file exists, cannot be written, or the copy does not pass its check.
    """
    _only_sqlite(f'pg_dump --format=custom --file="{archivo}"')
    with _reserved(archivo), _beside(archivo) as draft:
        _copy_database(_living(), draft)
        contenido = _check(draft)
        _settle_on_disk(draft, archivo)
    return contenido


def restore(*, archivo: Path) -> Restauracion:
    """Put the shop back as `archivo` tells it, and the present one aside under a dated name.

    Raises BackupError, with everything as it was, for a file that is missing, broken, not of this product or of a
    newer version, for a full disk, and while others keep writing.
    """
    _only_sqlite(f'pg_restore --clean --if-exists --single-transaction "{archivo}"')
    living = _living()
    with _beside(living) as draft:
        _copy_file(archivo, draft)
        contenido = _check(draft)
        older = _judge_origin(draft)
        connections.close_all()
        apartada = _replace(living, draft)
    # Also when nothing is pending: it puts back every trigger and group that the file may lack.
    call_command("migrate", interactive=False, verbosity=0)
    return Restauracion(contenido, apartada, older, heal_claims())


def _only_sqlite(instead: str) -> None:
    if connection.vendor == "sqlite":
        return
    given = connection.settings_dict
    where = {"--host": given["HOST"], "--port": given["PORT"], "--username": given["USER"], "--dbname": given["NAME"]}
    options = " ".join(f"{option}={value}" for option, value in where.items() if value)
    raise BackupError(f"Esta base es PostgreSQL, que se respalda con sus propios programas. Use:\n{instead} {options}")


def _living() -> Path:
    return Path(str(connection.settings_dict["NAME"]))


@contextmanager
def _reserved(archivo: Path) -> Iterator[None]:
    """Own the name from here on, so that no existing file is ever overwritten; given up on failure."""
    with _spoken(archivo):
        try:
            os.close(os.open(archivo, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            raise BackupError(f"Ya existe {archivo}. Elija otro nombre: un respaldo no se sobrescribe.") from None
    try:
        yield
    except BaseException:
        archivo.unlink(missing_ok=True)
        raise


@contextmanager
def _beside(archivo: Path) -> Iterator[Path]:
    """A draft on the same disk, gone afterwards with what SQLite leaves around it."""
    with _spoken(archivo):
        descriptor, name = tempfile.mkstemp(prefix=f".{archivo.name}.", dir=archivo.parent)
        os.close(descriptor)
    try:
        with _spoken(archivo):
            yield Path(name)
    finally:
        for leftover in ("", "-wal", "-shm", "-journal"):
            Path(name + leftover).unlink(missing_ok=True)


@contextmanager
def _spoken(archivo: Path) -> Iterator[None]:
    """Failures of disk and database as a sentence."""
    try:
        yield
    except OSError as error:
        raise BackupError(_disk_sentence(error, archivo)) from error
    except sqlite3.DatabaseError as error:
        raise BackupError(_database_sentence(error, archivo)) from error


def _disk_sentence(error: OSError, archivo: Path) -> str:
    if error.errno in _NO_ROOM:
        return f"No queda espacio en el disco de {archivo.parent}. Haga espacio y repita."
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"No existe {error.filename or archivo}. Revise la ruta."
    return f"No se pudo usar {error.filename or archivo}: {error.strerror}."


def _database_sentence(error: sqlite3.DatabaseError, archivo: Path) -> str:
    code = _primary(error)
    if code in _NO_ROOM_SQLITE:
        return f"No queda espacio, o falla el disco, en {archivo.parent}: {error}. Haga espacio y repita."
    if code in _BROKEN:
        return f"La base está dañada: {error}. Restaure el último respaldo bueno."
    return f"No se pudo leer o escribir la base de datos: {error}."


def _primary(error: sqlite3.Error) -> int:
    """Extended codes keep the primary one in the low byte; 0 for an error of the module itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _copy_database(source: Path, target: Path) -> None:
    """All pages as of one instant. In WAL mode the copy keeps no writer waiting."""
    if not source.is_file():
        raise BackupError(f"No hay base de datos en {source}: todavía no hay nada que respaldar.")
    with closing(sqlite3.connect(source, timeout=LOCK_SECONDS)) as living, closing(sqlite3.connect(target)) as copy:
        living.backup(copy, progress=_refuse_busy)
        # A backup is one file: without this it would need its -wal file beside it.
        copy.execute("PRAGMA journal_mode=DELETE")


def _copy_file(archivo: Path, draft: Path) -> None:
    """The file, and the -wal file of a raw copy, where it can be checked without touching the original."""
    with archivo.open("rb") as file:
        if file.read(len(_HEADER)) != _HEADER:
            raise BackupError(f"{archivo} no es un respaldo: no es una base de datos SQLite.")
    shutil.copyfile(archivo, draft)
    wal = Path(f"{archivo}-wal")
    if wal.is_file():
        shutil.copyfile(wal, f"{draft}-wal")


def _check(draft: Path) -> Contenido:
    """What the file holds. BackupError unless it is whole."""
    with closing(sqlite3.connect(draft)) as copy:
        found = _integrity(copy)
        if found != "ok":
            raise BackupError(f"La base está dañada: {found}. No se usó; busque un respaldo anterior.")
        if not _names(copy) >= _TABLES:
            raise BackupError("El archivo es una base de datos, pero no de este taller.")
        last = copy.execute(f"SELECT id, instante FROM {triggers.TABLE} ORDER BY id DESC LIMIT 1").fetchone()  # noqa: S608  a constant
        copy.execute("PRAGMA journal_mode=DELETE")
    journal_id, instante = last or (0, None)
    return Contenido(journal_id, _utc(instante), draft.stat().st_size)


def _names(copy: sqlite3.Connection) -> set[str]:
    return {row[0] for row in copy.execute("SELECT name FROM sqlite_master")}


def _integrity(copy: sqlite3.Connection) -> str:
    try:
        return str(copy.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if _primary(error) in _BROKEN:
            return str(error)
        raise


def _utc(stored: str | None) -> datetime | None:
    naive = parse_datetime(stored) if stored else None
    return timezone.make_aware(naive, timezone.get_fixed_timezone(0)) if naive else None


def _judge_origin(draft: Path) -> bool:
    """Whether the file is of an older version, to be migrated.

    BackupError if it is of a newer version, or if its journal could have been edited.
    """
    with closing(sqlite3.connect(draft)) as copy:
        if not _names(copy) >= _PROTECTION:
            raise BackupError("La bitácora de ese archivo no está protegida: pudo ser alterada. No se usó.")
        applied = {(app, name) for app, name in copy.execute("SELECT app, name FROM django_migrations")}
    loader = MigrationLoader(None, ignore_no_migrations=True)
    replaced = {old for new in loader.disk_migrations.values() for old in new.replaces}
    unknown = applied - set(loader.disk_migrations) - replaced
    newer = sorted(f"{app}.{name}" for app, name in unknown if app in loader.migrated_apps)
    if newer:
        raise BackupError(
            f"Ese respaldo es de una versión más nueva de este programa (tiene {newer[-1]}). "
            "Actualice el programa y repita."
        )
    return not set(loader.graph.leaf_nodes()) <= applied


def _settle_on_disk(draft: Path, archivo: Path) -> None:
    """Give the finished draft its name, so that a power cut leaves a whole backup or none."""
    descriptor = os.open(draft, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    draft.replace(archivo)
    folder = os.open(archivo.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _replace(living: Path, draft: Path) -> Path | None:
    """Put `draft` in the place of the living database; where the replaced one is kept."""
    apartada = _aside(living)
    if not living.exists() or not living.stat().st_size:
        # A log without its database would be played back into what is restored.
        _move_logs(living, apartada)
        _settle_on_disk(draft, living)
        return None
    with ExitStack() as undo:
        undo.callback(apartada.unlink, missing_ok=True)
        try:
            _write_into(living, draft, apartada, undo)
        except sqlite3.DatabaseError as error:
            if _primary(error) not in _BROKEN:
                raise
            # What is broken cannot be read page by page, and nobody can be using it: it is moved as it is.
            _move_broken(living, draft, apartada)
        undo.pop_all()
    return apartada


def _aside(living: Path) -> Path:
    """A name beside the living database that nothing has yet."""
    stamp = f"{timezone.localtime():%Y%m%d-%H%M%S}"
    for more in ("", *(f"-{number}" for number in range(2, 100))):
        path = living.with_name(f"{living.stem}-antes-{stamp}{more}{living.suffix}")
        if not path.exists():
            return path
    raise BackupError("Hay demasiadas bases apartadas en este segundo. Repita en un momento. No se cambió nada.")


def _write_into(living: Path, draft: Path, apartada: Path, undo: ExitStack) -> None:
    """Write the draft's pages over the living ones in one transaction, and keep what they replace in `apartada`.

    From its first page on the transaction holds the write lock, so what a reader sees then is what is replaced: no
    change can slip in between. Once it is committed there is nothing left to undo. BackupError if others keep writing
    for too long.
    """
    kept = False

    def on_page(status: int, _remaining: int, _total: int) -> None:
        nonlocal kept
        if status == sqlite3.SQLITE_DONE:
            undo.pop_all()
        _refuse_busy(status, _remaining, _total)
        if not kept:
            kept = True
            _keep(living, apartada)

    with closing(sqlite3.connect(living, timeout=LOCK_SECONDS)) as present, closing(sqlite3.connect(draft)) as wanted:
        present.execute("PRAGMA synchronous=FULL")
        # Only beside a log can a reader look while a writer holds the lock.
        if present.execute("PRAGMA journal_mode=WAL").fetchone() != ("wal",):
            raise BackupError(_IN_USE)
        _cut_alike(wanted, present)
        wanted.backup(present, pages=1, progress=on_page)


def _cut_alike(wanted: sqlite3.Connection, present: sqlite3.Connection) -> None:
    """Give the draft pages of the size that they replace: a database in use cannot change it."""
    [size] = present.execute("PRAGMA page_size").fetchone()
    if wanted.execute("PRAGMA page_size").fetchone() != (size,):
        wanted.execute(f"PRAGMA page_size = {int(size)}")
        wanted.execute("VACUUM")


def _refuse_busy(status: int, _remaining: int, _total: int) -> None:
    """For Python's backup, which would try again for ever what SQLite has waited for already."""
    if status in _BUSY:
        raise BackupError(_IN_USE)


def _keep(living: Path, apartada: Path) -> None:
    os.close(os.open(apartada, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(living)) as replaced, closing(sqlite3.connect(apartada)) as kept:
        replaced.backup(kept, progress=_refuse_busy)
        kept.execute("PRAGMA journal_mode=DELETE")


def _move_broken(living: Path, draft: Path, apartada: Path) -> None:
    """Swap the files. BackupError while a program has the broken one open: it would go on in what was put aside."""
    with living.open("r+b") as file:
        try:
            # The bytes SQLite locks, for reading at least, as long as a database in WAL mode is open.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKED_BYTES, _FIRST_LOCKED_BYTE)
        except OSError as error:
            if error.errno not in {errno.EACCES, errno.EAGAIN}:
                raise
            raise BackupError(
                "La base está dañada y otro programa la tiene abierta. Cierre el taller (web y sincronización) y "
                "repita. No se cambió nada."
            ) from None
    # Its log first: a crash here must not leave one beside a database that it does not belong to.
    _move_logs(living, apartada)
    living.replace(apartada)
    _settle_on_disk(draft, living)


def _move_logs(living: Path, apartada: Path) -> None:
    for leftover in ("-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            Path(f"{living}{leftover}").replace(f"{apartada}{leftover}")
