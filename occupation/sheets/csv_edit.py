"""Changes single cells in the text of a CSV file; every record that is not named keeps its very characters."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Cells = Mapping[int, str]
"""The text of some cells of a record, by 0-based position."""


@dataclass(slots=True)
class CsvText:
    """The text of a CSV file as records, each with the lines it came from. The header is record 1, as in a sheet."""

    delimiter: str
    newline: str
    sources: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, text: str, delimiter: str, newline: str) -> CsvText:
        """Cut a readable text into its records. A last line without an end is one too."""
        lines = list(io.StringIO(text, newline=""))
        reader = csv.reader(lines, delimiter=delimiter)
        sources, start = [], 0
        for _ in reader:
            sources.append("".join(lines[start : reader.line_num]))
            start = reader.line_num
        return cls(delimiter, newline, sources)

    def set(self, number: int, cells: Cells) -> None:
        """Put these cells into the record `number`, counted from 1; records and cells up to there are made."""
        self._end_last()
        self.sources += [self.newline] * (number - len(self.sources))
        record = next(csv.reader(io.StringIO(self.sources[number - 1], newline=""), delimiter=self.delimiter), [])
        width = max(len(record), *(position + 1 for position in cells))
        record += [""] * (width - len(record))
        for position, text in cells.items():
            record[position] = text.replace("\r\n", "\n").replace("\r", "\n")
        self.sources[number - 1] = self._spelled([record])

    def since(self, number: int) -> str:
        """The text from the record `number` on."""
        return "".join(self.sources[number - 1 :])

    def _end_last(self) -> None:
        if self.sources and not self.sources[-1].endswith(("\n", "\r")):
            self.sources[-1] += self.newline

    def _spelled(self, records: Iterable[list[str]]) -> str:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.delimiter, lineterminator=self.newline).writerows(records)
        return text.getvalue()
