"""Child: cycles of the mirror on a book in which nothing changes. `python -m bench.cycle_child REPEATS`"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bench.children import Spent, open_django, say

if TYPE_CHECKING:
    from occupation.sheets.cycle import Cycle


def main() -> None:
    """Milliseconds of processor: of cycles that read all that the office writes, and of those that read our columns."""
    open_django()
    from occupation.sheets.cycle import Cycle
    from occupation.sheets.flush import Memory
    from occupation.sheets.shop import live_book

    book, memory = live_book(lambda _: None), Memory()
    while (first := Cycle(book, memory).run()).effective:
        if not first.complete:
            raise SystemExit("\n".join(first.lines))
    repeats = range(int(sys.argv[1]))
    say({name: [_cost(Cycle(book, memory, office=all_)) for _ in repeats] for name, all_ in _READINGS.items()})


_READINGS = {"all columns": True, "our columns": False}


def _cost(cycle: Cycle) -> float:
    spent = Spent.start()
    report = cycle.run()
    if report.effective:
        raise SystemExit(report.summary())
    return 1000 * spent.so_far()["cpu"]


if __name__ == "__main__":
    main()
