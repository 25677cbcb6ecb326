"""LibreOffice Calc with one CSV file open, byte by byte as version 7.4 was seen to work.

It reads the file once, when it is opened, and writes all of it when it is saved: without a mark, with `\n`, every text
in quotes unless told otherwise, `?` for what its encoding lacks. It saves into a new file beside the old one, and then
gives it the old one's name. Beside an open file stands its lock, which only tells other LibreOffices.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path


class Calc:
    """The program with the file open: cells to read and to type into, by tag and header."""

    def __init__(
        self, path: Path, *, delimiter: str = ";", encoding: str = "utf-8", quoted: bool = True, key: str = "TAG_SPOOL"
    ) -> None:
        self.path, self.delimiter, self.encoding, self.quoted, self.key = path, delimiter, encoding, quoted, key
        self.lock = path.with_name(f".~lock.{path.name}#")
        self.lock.write_text(",marta,oficina,21.11.2026 15:04,file:///home/marta/.config/libreoffice/4;")
        reading = "utf-8-sig" if encoding == "utf-8" else encoding
        with path.open(encoding=reading, errors="replace", newline="") as file:
            self.header, *self.rows = csv.reader(file, delimiter=delimiter)

    def row(self, tag: str) -> list[str]:
        place = self.header.index(self.key)
        return next(row for row in self.rows if row[place] == tag)

    def cell(self, tag: str, header: str) -> str:
        return self.row(tag)[self.header.index(header)]

    def type(self, tag: str, header: str, text: str) -> None:
        self.row(tag)[self.header.index(header)] = text

    def data(self) -> bytes:
        """What it writes when it saves."""
        width = max(map(len, [self.header, *self.rows]))
        lines = (self.delimiter.join(self._spelled(row, width)) for row in [self.header, *self.rows])
        return "".join(f"{line}\n" for line in lines).encode(self.encoding, errors="replace")

    def _spelled(self, row: list[str], width: int) -> Iterator[str]:
        for text in row + [""] * (width - len(row)):
            needed = any(mark in text for mark in (self.delimiter, '"', "\n"))
            yield '"' + text.replace('"', '""') + '"' if text and (self.quoted or needed) else text

    def save(self) -> None:
        """Ctrl-S."""
        draft = self.path.with_name("lu26889xux7.tmp")
        draft.write_bytes(self.data())
        draft.replace(self.path)

    def save_in_place(self, pieces: int) -> Iterator[None]:
        """Ctrl-S where the file cannot be replaced: it is emptied and filled again, a piece at each step."""
        data = self.data()
        size = -(-len(data) // pieces)
        with self.path.open("wb", buffering=0) as file:
            yield
            for start in range(0, len(data), size):
                file.write(data[start : start + size])
                yield

    def close(self) -> None:
        self.lock.unlink()
