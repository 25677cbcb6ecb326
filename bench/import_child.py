"""Child: imports a workbook once and says what it cost. `python -m bench.import_child FOLDER|FILE.xlsx`"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.children import Spent, open_django, say


def main() -> None:
    """Only the import is timed, not the start of the process; the memory is the whole process'."""
    open_django()
    from occupation.sheets.local import LocalBook
    from occupation.sheets.pull import import_book
    from occupation.sheets.xlsx import XlsxBook

    path = Path(sys.argv[1])
    spent = Spent.start()
    report = import_book(LocalBook(path) if path.is_dir() else XlsxBook(path))
    if not report.complete:
        raise SystemExit("\n".join(report.lines))
    say({**spent.so_far(), "changes": report.changes, "unchanged": report.unchanged})


if __name__ == "__main__":
    main()
