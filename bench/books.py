"""Child: writes an invented workbook. `python -m bench.books FOLDER SPOOLS MORE [--xlsx]`"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from bench.children import Spent, open_django, say

HOY = date(2026, 5, 14)
WORKERS = 60


def main() -> None:
    """SPOOLS spools of the sample shop, then MORE of another shop's tags: a book that grew keeps its old rows."""
    open_django()
    from occupation.demo.book import make_book
    from occupation.demo.workbook import write_folder, write_xlsx
    from occupation.sheets.book import USUAL_NAMES

    folder, spools, more = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    spent = Spent.start()
    book = make_book(spools=spools, workers=WORKERS, seed=1, hoy=HOY)
    if more:
        others = make_book(spools=more, workers=WORKERS, seed=2, hoy=HOY).filas
        book.filas += [fila | {"TAG_SPOOL": f"Z{fila['TAG_SPOOL']}"} for fila in others if fila["TAG_SPOOL"]]
    if "--xlsx" in sys.argv:
        write_xlsx(book, folder.with_name(f"{folder.name}.xlsx"), USUAL_NAMES)
    write_folder(book, folder, USUAL_NAMES)
    say(spent.so_far())


if __name__ == "__main__":
    main()
