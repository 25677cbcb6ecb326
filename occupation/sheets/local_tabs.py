"""The tabs of a folder of CSV files as wholes: which there are, and copies of one file to another, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from occupation.sheets.book import BookUnwritable, WriteRefused
from occupation.sheets.files import Stamp, read_whole, reason, replacing

_SUFFIX = ".csv"


def file_of(folder: Path, title: str) -> Path:
    """The file of the tab with this title."""
    return folder / f"{title}{_SUFFIX}"


def titles_in(folder: Path) -> list[str]:
    """Every tab of the folder by its title, in the order of the alphabet."""
    return sorted(path.name.removesuffix(_SUFFIX) for path in folder.glob(f"[!.]*{_SUFFIX}"))


def copy_files(folder: Path, copies: Mapping[str, str], limit: int) -> None:
    """Copy tabs of at most `limit` bytes, title → the copy's title. Raises `WriteRefused` when one is taken."""
    for title, copy in copies.items():
        if file_of(folder, copy).exists():
            raise WriteRefused(f"Ya existe la hoja «{copy}».")
        copy_file(file_of(folder, title), file_of(folder, copy), limit)


def copy_file(source: Path, target: Path, limit: int, still: Stamp | None = None) -> None:
    """Make `target` what `source` is, whole or not at all, if it is `still` what it was.

    Raises `BookMoved` when it is not, and `BookUnwritable`.
    """
    try:
        data = read_whole(source, limit)
        with replacing(target, still) as file:
            file.write(data)
    except OSError as problem:
        raise BookUnwritable(f"No se puede copiar {source} a {target}: {reason(problem)}.") from problem
