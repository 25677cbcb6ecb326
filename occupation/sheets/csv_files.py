"""CSV files as spreadsheet programs write them: how one is written is found out, and kept when it is written again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from occupation.sheets.book import BookUnwritable
from occupation.sheets.files import Stamp, reason, replacing

_DELIMITERS: Final = ",;\t"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one CSV file is written. The default is what spreadsheet programs open without asking."""

    delimiter: str = ","
    encoding: str = "utf-8-sig"
    newline: str = "\r\n"


USUAL_DIALECT: Final = Dialect()


class NotCsv(Exception):  # noqa: N818  becomes a BookUnreadable that names the file
    """Why the bytes are no table, as the end of a Spanish sentence."""


def parse(data: bytes) -> tuple[Dialect, Iterator[list[str]]]:
    """Find out how a CSV file is written, and return that with its records, the header first.

    Records come one by one, as they are: quoted cells keep their newlines, short rows stay short, a blank line
    is an empty record. The records raise when a quoted cell never ends, rather than swallow the rows after it.
    """
    if not data.strip():
        raise NotCsv("el archivo está vacío")
    if b"\0" in data:
        raise NotCsv("no es un CSV de texto (tiene bytes nulos); guárdelo como «CSV UTF-8»")
    encoding = encoding_of(data)
    dialect = dialect_of(data[:65_536].decode(encoding, errors="ignore"), encoding)
    text = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
    return dialect, _records(text, dialect)


def encoding_of(data: bytes) -> str:
    """How the bytes spell text. Raises `NotCsv` when they do not."""
    for encoding in ("utf-8", "cp1252"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") and encoding == "utf-8" else encoding
    raise NotCsv("no está en UTF-8 ni en Windows-1252; guárdelo como «CSV UTF-8»")


def dialect_of(beginning: str, encoding: str) -> Dialect:
    """How a CSV text is written, judged by its first record without what it has in quotes."""
    outside = "".join(beginning.split('"')[::2])
    first = outside.splitlines()[0] if outside else ""
    newline = "\n" if "\n" in outside and "\r\n" not in outside else "\r\n"
    return Dialect(max(_DELIMITERS, key=first.count), encoding, newline)


def _records(text: io.TextIOWrapper, dialect: Dialect) -> Iterator[list[str]]:
    reader = csv.reader(text, delimiter=dialect.delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as problem:
        raise NotCsv(
            f"la línea {reader.line_num} tiene comillas sin cerrar o mal puestas, o una celda enorme"
        ) from problem


def write_table(path: Path, records: Sequence[Sequence[str]], dialect: Dialect = USUAL_DIALECT) -> Dialect:
    """Write a CSV file whole or not at all, and return the dialect it got.

    That is the given one, unless a text does not fit in cp1252: then the file becomes UTF-8 with a mark. Cells
    are written as they come (codecs shield them); their newlines become `\\n`. Raises `BookUnwritable`.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator=dialect.newline)
    writer.writerows([_one_newline(cell) for cell in record] for record in records)
    return write_text(path, text.getvalue(), dialect)


def write_text(path: Path, text: str, dialect: Dialect, still: Stamp | None = None) -> Dialect:
    """Write what is CSV already; see `write_table`. Raises `BookMoved` unless the file is `still` what it was."""
    try:
        with replacing(path, still) as file:
            file.write(text.encode(dialect.encoding))
    except UnicodeEncodeError as problem:
        if dialect.encoding == "cp1252":
            return write_text(path, text, replace(dialect, encoding="utf-8-sig"), still)
        raise BookUnwritable(f"No se puede escribir {path}: hay un texto con caracteres rotos.") from problem
    except OSError as problem:
        raise BookUnwritable(f"No se puede escribir {path}: {reason(problem)}.") from problem
    return dialect


def _one_newline(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell
