"""The loopback HTTP server, with everything a test wants to hold of it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.sheets_server import control
from tests.sheets_server.account import DOMAIN, Accounts
from tests.sheets_server.api import Answer, Google, Request
from tests.sheets_server.faults import Faults
from tests.sheets_server.office import Office
from tests.sheets_server.quota import Clock, Log, Quota
from tests.sheets_server.workbook import Workbook

BOOK_ID = "1PruebasDelTallerLibroDeOperaciones0000000000"


class SheetsServer:
    """Google Sheets for one book on a loopback port.

    with SheetsServer(book) as server:
        server.faults.too_many(times=3)
        server.office.edit("Operaciones", "MK-1", "Prioridad", "Alta")
        assert server.log.counts()["write"] == 1

    `latency` is in seconds, half of it before a request is applied and half after. `credentials` asks every caller for
    a token of `account`; without, callers without a token are let in, as `SHEETS_API_URL` wants it.
    """

    def __init__(
        self,
        book: Workbook | None = None,
        *,
        port: int = 0,
        latency: float = 0.0,
        reads: int | None = 60,
        writes: int | None = 60,
        credentials: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.book = book or Workbook(BOOK_ID)
        self._stopping = threading.Event()
        quota = Quota(self.clock, reads, writes)
        self.google = Google(self.clock, quota, Accounts(self.clock, credentials), latency=latency, pause=self._pause)
        self.google.books[self.book.spreadsheet_id] = self.book
        self.office = Office(self.book, self.google.lock, self.google.settle)
        self._http = _Http(("127.0.0.1", port), _handler(self.google, self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def faults(self) -> Faults:
        return self.google.faults

    @property
    def log(self) -> Log:
        return self.google.log

    @property
    def quota(self) -> Quota:
        return self.google.quota

    @property
    def accounts(self) -> Accounts:
        return self.google.accounts

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The origin to give as `SHEETS_API_URL`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def spreadsheet_id(self) -> str:
        return self.book.spreadsheet_id

    @property
    def account(self) -> dict[str, str]:
        """The service account's key file, as a dictionary."""
        return self.accounts.credentials(self.url)

    def account_of(self, name: str) -> dict[str, str]:
        """The key file of another account that the book is shared with: its requests are told apart in the log."""
        return self.accounts.credentials(self.url, f"{name}{DOMAIN}")

    def share(self, *, shared: bool) -> None:
        """Take the book away, so that it answers 404, or bring it back."""
        with self.google.lock:
            self.google.books.pop(self.spreadsheet_id, None)
            if shared:
                self.google.books[self.spreadsheet_id] = self.book

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """End at once: stalls are over, open connections break."""
        self._stopping.set()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.break_connections()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if problem is None:
            assert self.google.failures == []

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._stopping.wait(seconds)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def break_connections(self) -> None:
        """Idle clients keep theirs open; a server that ends does not wait for them."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


def _handler(google: Google, server: SheetsServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "ESF"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            del format, args

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, body)
            origin = f"http://{headers.get('host', '')}"
            guarded(self, google, lambda: control.answer(server, request) or google.answer(request, origin))

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

    return Handler


def guarded(handler: BaseHTTPRequestHandler, google: Google, ask: Callable[[], Answer]) -> None:
    """Send the answer; a bug of the server itself is told loudly and kept for the test to see."""
    try:
        answer = ask()
    except Exception as broken:  # noqa: BLE001  whatever it is must reach the test, not only the thread
        google.failures.append(repr(broken))
        answer = Answer(500, {"error": {"code": 500, "message": repr(broken), "status": "INTERNAL"}})
    _send(handler, answer)


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    if answer.cut == "before":
        _break(handler)
        return
    body = answer.payload
    handler.send_response(answer.status)
    for name, value in _headers(answer.headers, len(body)).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2] if answer.cut else body)
    if answer.cut:
        _break(handler)


def _headers(more: Mapping[str, str], length: int) -> dict[str, str]:
    return {"Content-Type": "application/json; charset=UTF-8", "Content-Length": str(length), **more}


def _break(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.wfile.flush()
    with contextlib.suppress(OSError):
        handler.connection.shutdown(socket.SHUT_RDWR)
