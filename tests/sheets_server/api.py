"""One request, from its bytes to its answer, with the faults that strike it on the way."""

from __future__ import annotations

import functools
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from tests.sheets_server import batch, sheets, values
from tests.sheets_server.account import Accounts, BadGrant
from tests.sheets_server.errors import ApiError, invalid
from tests.sheets_server.faults import Fault, Faults, Kind
from tests.sheets_server.quota import Asked, Clock, Log, Quota
from tests.sheets_server.schema import (
    Method,
    check_answer,
    check_body,
    check_mask,
    check_query,
    find,
    masked,
    parse_mask,
    without_nulls,
)
from tests.sheets_server.workbook import Workbook

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What came over the wire. `target` is path and query as sent."""

    verb: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What goes back. `cut` closes the connection: without a byte, or in the middle of the body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: str = ""

    @functools.cached_property
    def payload(self) -> bytes:
        """The body as it is sent."""
        return json.dumps(self.body, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is understood: the method, its path's parts, its query and its body."""

    method: Method
    parts: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    user: str
    began: float = 0.0

    @property
    def kind(self) -> str:
        return "write" if self.method.is_write else "read"

    @property
    def ranges(self) -> tuple[str, ...]:
        """The ranges it is about, for the log."""
        if "range" in self.parts:
            return (self.parts["range"],)
        told = self.body if isinstance(self.body, dict) else {}
        return (*self.query.get("ranges", ()), *(one.get("range", "") for one in told.get("data", ())))


@dataclass
class Google:
    """The service: its books, who may ask, how much, and what goes wrong."""

    clock: Clock
    quota: Quota
    accounts: Accounts
    books: dict[str, Workbook] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    log: Log = field(default_factory=Log)
    lock: threading.RLock = field(default_factory=threading.RLock)
    latency: float = 0.0
    pause: Callable[[float], None] = time.sleep
    late: list[tuple[float, Call]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """Where the server itself strayed from Google's schema, or broke. A test ends by looking that there are none."""

    def answer(self, request: Request, origin: str) -> Answer:
        """Answer one request, whatever it is."""
        path = urlsplit(request.target).path
        if request.verb == "POST" and path == "/token":
            return self._token(request, origin)
        found = find(request.verb, path)
        if found is None:
            return self._refusal(ApiError(404, "The requested URL was not found on this server."))
        return self._api(request, *found)

    def settle(self, by: float | None = None) -> None:
        """Apply the late writes that are due by now, or by then, in the order they came."""
        with self.lock:
            by = self.clock.now() if by is None else by
            due = [call for at, call in self.late if at <= by]
            self.late = [(at, call) for at, call in self.late if at > by]
            for call in due:
                try:
                    self._apply(call)
                except ApiError as refused:
                    self._record(call, refused.code, "late")
                else:
                    self._record(call, 200, "late")

    def _record(self, call: Call, status: int, fault: str, size: int = 0) -> None:
        kind = call.kind if fault != "late" or status == 0 else "late"
        entry = Asked(self.clock.now(), call.method.name, kind, status, call.user, fault, call.ranges, size, call.began)
        self.log.add(entry)

    def _token(self, request: Request, origin: str) -> Answer:
        struck, _ = self.faults.strike("token", "token")
        form = {name: given[-1] for name, given in parse_qs(request.body.decode()).items()}
        try:
            if struck and struck.kind is Kind.ERROR:
                raise struck.error("token")
            answer = Answer(200, self.accounts.grant(form, origin), cut="before" if struck else "")
        except BadGrant as refused:
            answer = Answer(400, refused.body)
        except ApiError as refused:
            answer = self._refusal(refused)
        status = 0 if answer.cut else answer.status
        self.log.add(
            Asked(self.clock.now(), "token", "token", status, form.get("iss", ""), struck.kind if struck else "")
        )
        return answer

    @staticmethod
    def _refusal(refused: ApiError) -> Answer:
        return Answer(refused.code, refused.body, refused.headers)

    def _api(self, request: Request, method: Method, parts: dict[str, str]) -> Answer:
        call = Call(method, {name: unquote(part) for name, part in parts.items()}, {}, None, "", self.clock.now())
        struck: Fault | None = None
        try:
            call = self._understood(request, call)
            self.pause(self.latency / 2)
            struck, hooks = self.faults.strike(method.name, call.kind)
            answer = self._struck(call, struck, hooks)
        except ApiError as refused:
            answer = self._refusal(refused)
        self.pause(self.latency / 2)
        fault = str(struck.kind) if struck else ""
        self._record(call, 0 if answer.cut else answer.status, fault, len(answer.payload))
        return answer

    def _understood(self, request: Request, call: Call) -> Call:
        """Judge who asks, how much, and whether the schema knows what is asked, in Google's order."""
        user = self.accounts.user_of(request.headers.get("authorization"), call.method)
        with self.lock:
            self.quota.spend(user, call.kind)
        query = parse_qs(urlsplit(request.target).query, keep_blank_values=True)
        body = _parsed(request.body) if call.method.request else None
        checked = check_query(call.method, query)
        check_body(call.method, body)
        if "fields" in query:
            checked["fields"] = query["fields"][-1]
            check_mask(parse_mask(checked["fields"]), call.method.response)
        return replace(call, query=checked, body=without_nulls(body), user=user)

    def _struck(self, call: Call, struck: Fault | None, hooks: list[Fault]) -> Answer:
        kind = struck.kind if struck else None
        if struck and kind is Kind.STALL and not struck.applied:
            self.pause(struck.seconds)
        if struck and kind in {Kind.ERROR, Kind.LATE, Kind.CUT} and not struck.applied:
            return self._missed(call, struck, hooks)
        body = self._with_hooks(call, hooks)
        if struck and kind is Kind.ERROR:
            raise struck.error(call.kind)
        if struck and kind is Kind.STALL and struck.applied:
            self.pause(struck.seconds)
        if kind in {Kind.EMPTY, Kind.HALF}:
            body = _thinned(body, keep=0 if kind is Kind.EMPTY else 0.5)
        return Answer(200, body, cut={Kind.CUT: "before", Kind.TORN: "middle"}.get(kind, "") if kind else "")

    def _missed(self, call: Call, struck: Fault, hooks: list[Fault]) -> Answer:
        """A request that is not applied now; what the office does around it happens all the same."""
        with self.lock:
            if struck.kind is Kind.LATE:
                self.late.append((self.clock.now() + struck.seconds, call))
            for hook in hooks:
                if hook.act:
                    hook.act()
        if struck.kind is Kind.ERROR:
            raise struck.error(call.kind)
        return Answer(0, cut="before")

    def _with_hooks(self, call: Call, hooks: list[Fault]) -> Json:
        with self.lock:
            for hook in hooks:
                if hook.act and not hook.applied:
                    hook.act()
            self.settle()
            try:
                return self._apply(call)
            finally:
                for hook in hooks:
                    if hook.act and hook.applied:
                        hook.act()

    def _apply(self, call: Call) -> Json:
        book = self.books.get(call.parts.get("spreadsheetId", ""))
        if book is None:
            raise ApiError(404)
        handler = HANDLERS.get(call.method.name)
        if handler is None:
            raise invalid(f"This server does not model {call.method.name}.")
        changed = book.begin() if call.method.is_write else book
        answer = handler(changed, call)
        try:
            check_answer(call.method, answer)
        except AssertionError as strayed:
            self.failures.append(str(strayed))
            raise ApiError(500, str(strayed)) from None
        if changed is not book:
            book.take(changed)
        return masked(answer, parse_mask(call.query["fields"])) if "fields" in call.query else answer


def _parsed(body: bytes) -> object:
    if not body:
        return {}
    try:
        return json.loads(body)
    except ValueError as broken:
        raise invalid(f"Invalid JSON payload received. {broken}") from None


def _thinned(body: Json, keep: float) -> Json:
    """A read with only that part of each range's rows."""
    ranges = [_thin(one, keep) for one in body.get("valueRanges", [])]
    return {**_thin(body, keep), **({"valueRanges": ranges} if ranges else {})}


def _thin(told: Json, keep: float) -> Json:
    kept = told.get("values", [])[: int(len(told.get("values", [])) * keep)]
    rest = {name: value for name, value in told.items() if name != "values"}
    return rest | ({"values": kept} if kept else {})


def _get(book: Workbook, call: Call) -> Json:
    grid = call.query.get("includeGridData", False)
    if "fields" in call.query:  # a mask decides by itself whether cells are told
        grid = "data" in str(parse_mask(call.query["fields"]).get("sheets", ""))
    return sheets.describe(book, call.query.get("ranges", ()), grid_data=grid)


def _values_get(book: Workbook, call: Call) -> Json:
    return values.read_range(book, call.parts["range"], call.query)


def _batch_get(book: Workbook, call: Call) -> Json:
    ranges = [values.read_range(book, text, call.query) for text in call.query.get("ranges", ())]
    return {"spreadsheetId": book.spreadsheet_id} | ({"valueRanges": ranges} if ranges else {})


def _update(book: Workbook, call: Call) -> Json:
    answer = values.write_range(book, call.body, call.parts["range"], values.require_option(call.query))
    if call.query.get("includeValuesInResponse"):
        answer["updatedData"] = values.updated_data(book, answer["updatedRange"], call.query)
    return answer


def _append(book: Workbook, call: Call) -> Json:
    values.require_option(call.query)
    return values.append_rows(book, call.body, call.parts["range"], call.query)


def _clear(book: Workbook, call: Call) -> Json:
    return {"spreadsheetId": book.spreadsheet_id, "clearedRange": values.clear_range(book, call.parts["range"])}


HANDLERS: Final[Mapping[str, Callable[[Workbook, Call], Json]]] = {
    "spreadsheets.get": _get,
    "spreadsheets.batchUpdate": lambda book, call: batch.batch_update(book, call.body),
    "spreadsheets.values.get": _values_get,
    "spreadsheets.values.batchGet": _batch_get,
    "spreadsheets.values.update": _update,
    "spreadsheets.values.append": _append,
    "spreadsheets.values.clear": _clear,
    "spreadsheets.values.batchUpdate": lambda book, call: values.batch_write(book, call.body),
    "spreadsheets.values.batchClear": lambda book, call: values.batch_clear(book, call.body),
}
