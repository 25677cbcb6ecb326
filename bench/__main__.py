"""`python -m bench [--only B1,B9] [--quick]`: measure, print a table, write it with its JSON."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import figures, machine
from bench.books import WORKERS
from bench.figures import Figure
from bench.imports import b9, b9_cycle, b9_large
from bench.mirror import b6_b7, b10
from bench.pages import b8
from bench.places import POSTGRES, SQLITE, Ground, Place, ground, shop
from bench.sheet import Sheet, sheet
from bench.streams import b3, b4, b4b
from bench.taps import b5
from bench.verbs import b1, b1_import, b2

HERE = Path(__file__).resolve().parent
ROWS = ("B1", "B2", "B3", "B4", "B4B", "B5", "B6", "B7", "B8", "B9", "B10", "B11")
ON_A_SHOP = set(ROWS) - {"B9"}
ON_A_SHEET = {"B1", "B3", "B6", "B7", "B10", "B11"}


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: seconds of load, beside the import and of the shift change, repetitions, rows, streams."""

    seconds: float = 12
    beside_import: float = 20
    pages: int = 100
    imports: int = 5
    large: int = 50_000
    shift: float = 60
    singles: int = 100
    taps: int = 80
    streams: tuple[int, ...] = (1, 50, 200, 500, 1000)
    mirrored: float = 300
    storm: float = 600


QUICK = Scale(
    seconds=3,
    beside_import=5,
    pages=20,
    imports=2,
    large=10_000,
    shift=8,
    singles=15,
    taps=40,
    streams=(1, 50, 200),
    mirrored=40,
    storm=15,
)
HOUR = Scale(shift=3_600)
SMALL, MIDDLE = 2_000, 5_000


@dataclass(slots=True)
class Bench:
    """One run: what was asked for, the books it needs, and the figures so far."""

    ground: Ground
    wanted: list[str]
    databases: list[str]
    scale: Scale
    found: list[Figure]

    def run(self) -> None:
        """Measure every row asked for, database by database."""
        needed = {"small": {"B9"}, "middle": set(ROWS), "large": {"B1", "B9"}}
        for name, rows in needed.items():
            if rows & set(self.wanted):
                self._write_book(name, SMALL if name == "small" else MIDDLE)
        if "B9" in self.wanted:
            self._imports()
        if set(self.wanted) & ON_A_SHOP:
            for database in self.databases:
                self._on(shop(self.ground, database, self._book("middle")))

    def _book(self, name: str) -> Path:
        return self.ground.folder / name / "libro"

    def _write_book(self, name: str, spools: int) -> None:
        place = Place("", self.ground.folder / name, {})
        (place.folder / "var").mkdir(parents=True)
        more = self.scale.large - spools if name == "large" else 0
        xlsx = ["--xlsx"] if name == "small" else []
        self._say(f"writing a book of {spools + more:,} rows for {WORKERS} workers")
        place.measure("bench.books", str(self._book(name)), str(spools), str(more), *xlsx)

    def _imports(self) -> None:
        for database in self.databases:
            self._say(f"B9 on {database}")
            self.found += b9(self.ground, database, self._book("small"), self.scale.imports)
        per_row = (self.found[0].tail(0.5) or 0) / SMALL
        self._say(f"B9, {self.scale.large:,} rows")
        self.found += b9_cycle(self.ground, SQLITE, self._book("middle"), self.scale.imports)
        self.found += b9_large(self.ground, SQLITE, self._book("large"), self.scale.large, per_row)

    def _on(self, place: Place) -> None:
        if "B2" in self.wanted:
            self._say(f"B2 on {place.name}")
            self.found += b2(place, self.scale.seconds)
        if "B8" in self.wanted:
            self._say(f"B8 on {place.name}")
            self.found += b8(place, self.scale.pages)
        if set(self.wanted) & ON_A_SHEET:
            with sheet(place, self._book("middle")) as book:
                self._beside(book)
        self._live(place)
        if "B1" in self.wanted:
            self._say(f"B1 beside an import on {place.name}")
            self.found += b1_import(place, self._book("large"), self.scale.large, self.scale.beside_import)

    def _beside(self, book: Sheet) -> None:
        """What the relay and a spreadsheet have to do with."""
        measures: dict[str, Callable[[], list[Figure]]] = {
            "B1": lambda: b1(book, self.scale.seconds),
            "B3 B11": lambda: b3(book, self.scale.shift, self.ground.valkey_process()),
            "B6 B7": lambda: b6_b7(book, self.scale.mirrored),
            "B10": lambda: b10(book, self.scale.storm),
        }
        for ids, measure in measures.items():
            if set(ids.split()) & set(self.wanted):
                self._say(f"{ids} on {book.place.name}")
                self.found += measure()

    def _live(self, place: Place) -> None:
        """What everybody sees at once."""
        if "B4" in self.wanted:
            self._say(f"B4 on {place.name}")
            self.found += b4(place, self.scale.streams, self.scale.singles)
        if "B4B" in self.wanted:
            self._say(f"B4b on {place.name}")
            self.found += b4b(place, self.scale.shift)
        if "B5" in self.wanted:
            self._say(f"B5 on {place.name}")
            self.found += b5(place, self.scale.taps)

    def _say(self, what: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def main() -> int:
    """Measure what was asked for. A figure that misses its limits is no failure of the run: the table says so."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default=",".join(ROWS), help=f"rows to measure, of {','.join(ROWS)}")
    parser.add_argument("--database", choices=[SQLITE, POSTGRES], help="the only database to measure on")
    parser.add_argument("--quick", action="store_true", help="shorter loads and a smaller large book")
    parser.add_argument("--hour", action="store_true", help="let the shift change of B3, B4b and B11 last an hour")
    parser.add_argument("--out", type=Path, help="folder of results.md and results.json")
    options = parser.parse_args()
    wanted = options.only.upper().split(",")
    if set(wanted) - set(ROWS):
        parser.error(f"--only: of {','.join(ROWS)}")
    facts = machine.describe() | {"profile": "quick" if options.quick else "full"}
    with ground() as room:
        databases = [options.database] if options.database else room.databases()
        bench = Bench(room, wanted, databases, QUICK if options.quick else HOUR if options.hour else Scale(), [])
        bench.run()
    found = sorted(bench.found, key=lambda figure: figure.id)
    partial = options.quick or options.database or set(wanted) != set(ROWS)
    figures.write(options.out or (HERE.parent / "var" / "bench" if partial else HERE), facts, found)
    print(figures.table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
