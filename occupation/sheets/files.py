"""Files of a workbook, read and replaced whole: no reader and no crash ever sees half a file of ours.

People's programs are not that careful: they empty a file and fill it again, or take it away and put another there. So
a file is only believed once it stays as it is, and only replaced if it is still the one that was read.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from occupation.sheets.book import BookBusy, BookMoved, BookUnreadable

_TIMES: Final = 10
"""How often a file that keeps changing is looked at again before it is left for later."""


class Stamp(NamedTuple):
    """What changes when a file is written or replaced."""

    file: int
    size: int
    written_ns: int

    @property
    def age(self) -> float:
        """Seconds since it was written, by the clock of whoever wrote it."""
        return time.time() - self.written_ns / 1e9


def stamp(path: Path) -> Stamp | None:
    """The stamp of a file as it is now; None while it is absent."""
    try:
        seen = path.stat()
    except FileNotFoundError:
        return None
    return Stamp(seen.st_ino, seen.st_size, seen.st_mtime_ns)


def read_settled(path: Path, limit: int, before: Stamp | None, patience: float) -> tuple[bytes, Stamp | None]:
    """Return a file's bytes and stamp, once it stays the same for `patience` seconds; with none, as it stands.

    One that is as it was `before`, or was written longer ago, is not waited for, nor one that was absent and still is.
    Raises `BookBusy` while somebody saves it, and as `read_whole`.
    """
    now, settles = _settled(path, before, patience)
    data = read_whole(path, limit)
    if patience and (not settles or stamp(path) != now):
        raise BookBusy(f"Alguien está guardando {path.name}.", patience)
    return data, now


def _settled(path: Path, before: Stamp | None, patience: float) -> tuple[Stamp | None, bool]:
    """Return the stamp, and whether it stayed."""
    now = stamp(path)
    for _ in range(_TIMES):
        if not patience or now == before or (now and now.age > patience):
            return now, True
        time.sleep(patience)
        before, now = now, stamp(path)
    return now, False


def read_whole(path: Path, limit: int) -> bytes:
    """Return a file's bytes. Raises `BookUnreadable` past `limit` bytes or if it is no file; `OSError`."""
    if path.stat().st_size > limit:
        raise BookUnreadable(f"No se puede leer {path}: pesa más de {limit // 1_000_000} MB.")
    if not path.is_file():
        raise BookUnreadable(f"No se puede leer {path}: no es un archivo.")
    with path.open("rb") as file:
        return file.read()


def reason(problem: OSError) -> str:
    """Say why the system refused, as the end of a Spanish sentence."""
    if isinstance(problem, PermissionError):
        return "el sistema no da permiso"
    if isinstance(problem, FileNotFoundError):
        return "el archivo no existe"
    return f"el sistema responde «{problem.strerror}»"


@contextmanager
def replacing(path: Path, still: Stamp | None = None) -> Iterator[BinaryIO]:
    """Give a file to write in place of `path`; it takes that name, on disk, only when the block ends well.

    The new file is made in the same folder (created when missing) and keeps the old one's permissions. Raises
    `OSError` when the system refuses, and `BookMoved` when the old one is not `still` what it was; nothing is left
    behind then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            draft.chmod(_mode(path))
            yield file
            file.flush()
            os.fsync(file.fileno())
        refuse_moved(path, still)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def refuse_moved(path: Path, still: Stamp | None) -> None:
    """Raise `BookMoved` unless the file is still as it was; None is any."""
    if still is not None and stamp(path) != still:
        raise BookMoved(f"{path} cambió mientras se preparaba su nuevo texto.")


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o644


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
