"""What a book of v2.1 lacks, tab by tab, and what its backup is called. Pure.

v2.1 knew no occupation: its `Operaciones` lacks four headers of ours and nothing else. Any other header that is missing
was renamed or deleted by somebody, and a blank column in its place would hide what it held: people put it back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from occupation.sheets.book import Cells, Grid, Place, TabNames, choose, gather, is_filled, missing_tab, pick
from occupation.sheets.layout import Hold, Tab, absent, letters, locate, missing, repeated
from occupation.sheets.moments import SANTIAGO

NEW_HEADERS: Final = ("Ocupado_Por", "Fecha_Ocupacion", "version", "Estado_Detalle")
"""The headers of `Operaciones` that v2.1 did not have, in the order in which they are added."""

_NAME: Final = "%Y-%m-%d_%H-%M-%S"
_COPY: Final = re.compile(r".+ \d{4}-\d\d-\d\d_\d\d-\d\d-\d\d")


def backup_name(ahora: datetime) -> str:
    """The name of a backup made then: the wall clock's, without blanks or signs that a file's name may not have."""
    return ahora.astimezone(SANTIAGO).strftime(_NAME)


def copy_title(title: str, name: str) -> str:
    """What a tab's copy in that backup is called."""
    return f"{title} {name}"


def originals(titles: Sequence[str]) -> list[str]:
    """The tabs that are no copies of a backup."""
    return [title for title in titles if not _COPY.fullmatch(title)]


@dataclass(frozen=True, slots=True)
class Survey:
    """One tab as it was found. `cells` is `None` when the book has no such tab."""

    tab: Tab
    title: str
    cells: Cells | None

    @property
    def header(self) -> Sequence[object]:
        """Its first row."""
        return self.cells[0] if self.cells else ()

    @property
    def rows(self) -> int:
        """How many rows below the header hold something."""
        return sum(map(bool, self.cells[1:])) if self.cells else 0

    @property
    def width(self) -> int:
        """How many columns there are up to the last one with anything in it, header or not."""
        return max(map(len, self.cells), default=0) if self.cells else 0

    @property
    def padded_header(self) -> list[object]:
        """The first row, with a blank for each column in use that has no header."""
        return [*self.header, *[""] * (self.width - len(self.header))]

    @property
    def lacking(self) -> tuple[str, ...]:
        """The headers that an upgrade adds."""
        wanted = set(missing(self.tab, self.header)) if self.cells and self.tab == Tab.OPERACIONES else set()
        return tuple(name for name in NEW_HEADERS if name in wanted)

    @property
    def places(self) -> dict[str, int]:
        """Where it adds them, by 0-based position: right after the last column in use."""
        return {name: self.width + at for at, name in enumerate(self.lacking)}

    @property
    def obstacle(self) -> str:
        """Why no upgrade helps this tab; "" when nothing is in the way."""
        grid = self.grid()
        return f"{self.tab}: {grid.motivo}" if isinstance(grid, Hold) else ""

    def grid(self) -> Grid | Hold:
        """The tab as the app reads it once the headers that it lacks are there."""
        if self.cells is None:
            return missing_tab(self.tab, self.title)
        picked = pick(self.tab, with_headers(self.header, self.places))
        if isinstance(picked, Hold):
            return picked
        rows = enumerate(self.cells[1:], start=2)
        return gather(picked, ((number, is_filled(row), choose(picked, row)) for number, row in rows))

    def told(self) -> list[str]:
        """What was found, and what adding headers would do, in Spanish."""
        if self.cells is None:
            return [f"{self.tab}: {missing_tab(self.tab, self.title).motivo}"]
        required = missing(self.tab, self.header)
        optional = [name for name in absent(self.tab, self.header) if name not in required]
        lines = [f"{self.tab}: {self.rows} filas"]
        lines += [f"{self.tab}: falta «{name}», obligatorio" for name in required]
        lines += [f"{self.tab}: falta «{name}», opcional: no hace falta" for name in optional]
        lines += [f"{self.tab}: {sentence}" for sentence in repeated(self.tab, self.header)]
        lines += [f"{self.tab}: se agregaría «{name}» en la columna {letters(at)}" for name, at in self.places.items()]
        return lines if len(lines) > 1 else [f"{lines[0]}; no falta ningún encabezado"]


def survey(names: TabNames, cells: Sequence[Cells | None]) -> dict[Tab, Survey]:
    """The four tabs, of cells in their order."""
    return {tab: Survey(tab, names[tab], one) for tab, one in zip(Tab, cells, strict=True)}


def with_headers(header: Sequence[object], places: Mapping[str, int]) -> list[object]:
    """The header row with some more headers at their positions."""
    whole = [*header, *[""] * (max(places.values(), default=-1) + 1 - len(header))]
    for name, at in places.items():
        whole[at] = name
    return whole


def overwritten(headers: Mapping[str, Any], cells: Cells) -> dict[Place, object]:
    """What one of our headers was written over, each to be put back where it stands now.

    Somebody who inserts a column between our reading and our writing moves the last ones under our pen. `headers` says
    what stood there before (`antes`) and what we wrote right after it (`nuevos`): blank below, unless that happened.
    """
    before, ours = headers.get("antes", []), headers.get("nuevos", {})
    header, *rows = cells
    width, lost = len(before), Counter(before) - Counter(header)
    moved = [at + 1 - width for at, name in enumerate(header) if name in ours and _filled(rows, at)]
    moved += [width - at for at, text in enumerate(before) if text and text in lost and width - at <= len(ours)]
    back = enumerate(before[width - max(moved, default=0) :], start=width)
    return {Place(1, at): text for at, text in back if header[at : at + 1] and header[at] in ours}


def _filled(rows: Sequence[Sequence[object]], position: int) -> bool:
    return any(len(row) > position and row[position] != "" for row in rows)


def verified(cells: Cells) -> str:
    """Why `Operaciones` cannot be initialised; "" when every header is there once."""
    located = locate(Tab.OPERACIONES, cells[0] if cells else ())
    return located.motivo if isinstance(located, Hold) else ""
