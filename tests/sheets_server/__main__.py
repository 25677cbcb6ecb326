"""`python -m tests.sheets_server --port 9000 --book var/libro --latency 250`: Google Sheets on this machine.

Then `make run SHEETS_BACKEND=google SHEETS_API_URL=http://127.0.0.1:9000 GOOGLE_SHEET_ID=…`, with the id it prints.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from tests.sheets_server.loading import SPARE_ROWS, load
from tests.sheets_server.server import BOOK_ID, SheetsServer


def main() -> None:
    options = _options()
    book = load(options.id, options.book, options.spare) if options.book else None
    server = SheetsServer(
        book,
        port=options.port,
        latency=options.latency / 1000,
        reads=options.reads or None,
        writes=options.writes or None,
        credentials=bool(options.credentials),
    )
    if options.credentials:
        options.credentials.write_text(json.dumps(server.account), encoding="utf-8")
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    server.start()
    sys.stdout.write(f"SHEETS_API_URL={server.url}\nGOOGLE_SHEET_ID={server.spreadsheet_id}\n")
    sys.stdout.flush()
    ended.wait()
    server.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.sheets_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--book", type=Path, help="a folder of CSV files, or an .xlsx; empty without")
    parser.add_argument("--latency", type=float, default=0, help="milliseconds per request")
    parser.add_argument("--reads", type=int, default=60, help="reads a minute and user; 0 is no limit")
    parser.add_argument("--writes", type=int, default=60, help="writes a minute and user; 0 is no limit")
    parser.add_argument("--spare", type=int, default=SPARE_ROWS, help="empty rows at the bottom of each tab")
    parser.add_argument("--credentials", type=Path, help="write a service account's file there and ask for its tokens")
    parser.add_argument("--id", default=BOOK_ID, help="the spreadsheet's id")
    return parser.parse_args()


if __name__ == "__main__":
    main()
