"""Files of a workbook, read and replaced whole: no reader and no crash ever sees half a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from occupation.sheets.book import BookUnreadable


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
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write in place of `path`; it takes that name, on disk, only when the block ends well.

    The new file is made in the same folder (created when missing) and keeps the old one's permissions. Raises
    `OSError` when the system refuses; nothing is left behind then.
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
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


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
