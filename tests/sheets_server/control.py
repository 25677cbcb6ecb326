"""The same controls over HTTP, for a server in another process. Nothing here counts against quotas.

POST   /_control/fault    {"kind": "error", "code": 503, "on": "write", "times": 2}
                          {"kind": "hook", "on": "read", "applied": true, "office": ["sort", {"tab": "Operaciones", …}]}
DELETE /_control/fault    nothing waits any more
POST   /_control/office   {"do": "edit", "tab": "Operaciones", "row": "MK-1", "header": "Prioridad", "value": "Alta"}
POST   /_control/clock    {"advance": 120}
POST   /_control/share    {"shared": false}
POST   /_control/settings {"latency": 0.25, "reads": 60, "writes": 60}
GET    /_control/log?since=0   GET /_control/state   GET /_control/account
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request as Outgoing
from urllib.request import urlopen

from tests.sheets_server.api import Answer, Request
from tests.sheets_server.faults import Fault, Kind

if TYPE_CHECKING:
    from tests.sheets_server.server import SheetsServer

Json = dict[str, Any]
PREFIX = "/_control/"


def answer(server: SheetsServer, request: Request) -> Answer | None:
    """Answer a control request; `None` for any other."""
    url = urlsplit(request.target)
    if not url.path.startswith(PREFIX):
        return None
    command = _COMMANDS.get((request.verb, url.path.removeprefix(PREFIX)))
    if command is None:
        return Answer(404, {"error": f"no control {request.verb} {url.path}"})
    told = json.loads(request.body or b"{}") | {name: given[-1] for name, given in parse_qs(url.query).items()}
    try:
        return Answer(200, command(server, told))
    except (LookupError, TypeError, ValueError, AttributeError) as wrong:
        return Answer(400, {"error": f"{type(wrong).__name__}: {wrong}"})


def _fault(server: SheetsServer, told: Json) -> Json:
    act = told.pop("office", None)
    fault = Fault(Kind(told.pop("kind")), **told)
    if act is not None:
        do, arguments = act
        fault.act = lambda: _do(server, do, arguments)
    server.faults.add(fault)
    return {"waiting": len(server.faults.waiting)}


def _calm(server: SheetsServer, told: Json) -> Json:
    del told
    server.faults.clear()
    return {}


def _do(server: SheetsServer, do: str, arguments: Mapping[str, Any]) -> Any:
    if do.startswith("_"):
        raise ValueError(do)
    return getattr(server.office, do)(**arguments)


def _office(server: SheetsServer, told: Json) -> Json:
    result = _do(server, told.pop("do"), told)
    return {"result": result if isinstance(result, str | int | float | list | dict | None) else repr(result)}


def _clock(server: SheetsServer, told: Json) -> Json:
    server.clock.advance(float(told.get("advance", 0)))
    server.google.settle()
    return {"now": server.clock.now()}


def _share(server: SheetsServer, told: Json) -> Json:
    server.share(shared=bool(told["shared"]))
    return {}


def _settings(server: SheetsServer, told: Json) -> Json:
    server.google.latency = told.get("latency", server.google.latency)
    server.quota.reads = told.get("reads", server.quota.reads)
    server.quota.writes = told.get("writes", server.quota.writes)
    server.quota.retry_after = told.get("retry_after", server.quota.retry_after)
    return {"latency": server.google.latency, "reads": server.quota.reads, "writes": server.quota.writes}


def _log(server: SheetsServer, told: Json) -> Json:
    since = float(told.get("since", 0))
    worst = {kind: server.log.most_in_a_minute(kind) for kind in ("read", "write")}
    return {"counts": server.log.counts(since), "entries": server.log.as_json(since), "worst_minute": worst}


def _state(server: SheetsServer, told: Json) -> Json:
    del told
    return {
        "spreadsheet": server.spreadsheet_id,
        "now": server.clock.now(),
        "tabs": {tab.title: [tab.row_count, tab.column_count] for tab in server.book.tabs},
        "faults": [fault.kind for fault in server.faults.waiting],
        "late": len(server.google.late),
        "failures": server.google.failures,
    }


def _account(server: SheetsServer, told: Json) -> Json:
    del told
    return dict(server.account)


_COMMANDS: Mapping[tuple[str, str], Callable[[SheetsServer, Json], Json]] = {
    ("POST", "fault"): _fault,
    ("DELETE", "fault"): _calm,
    ("POST", "office"): _office,
    ("POST", "clock"): _clock,
    ("POST", "share"): _share,
    ("POST", "settings"): _settings,
    ("GET", "log"): _log,
    ("GET", "state"): _state,
    ("GET", "account"): _account,
}


class RemoteControl:
    """The controls of a server in another process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def fault(self, kind: str, **told: Any) -> None:
        self._ask("POST", "fault", {"kind": kind, **told})

    def calm(self) -> None:
        self._ask("DELETE", "fault")

    def office(self, do: str, **arguments: Any) -> Any:
        """Let the office act, or look: `office("value", tab="Operaciones", row="MK-1", header="Armador")`."""
        return self._ask("POST", "office", {"do": do, **arguments})["result"]

    def advance(self, seconds: float) -> None:
        self._ask("POST", "clock", {"advance": seconds})

    def share(self, *, shared: bool) -> None:
        self._ask("POST", "share", {"shared": shared})

    def settings(self, **told: Any) -> Json:
        return self._ask("POST", "settings", told)

    def log(self, since: float = 0.0) -> Json:
        return self._ask("GET", f"log?since={since}")

    def state(self) -> Json:
        return self._ask("GET", "state")

    def account(self) -> Json:
        return self._ask("GET", "account")

    def _ask(self, verb: str, command: str, told: Json | None = None) -> Json:
        body = json.dumps(told or {}).encode() if verb == "POST" else None
        outgoing = Outgoing(f"{self.url}{PREFIX}{command}", data=body, method=verb)  # noqa: S310  a loopback origin
        with urlopen(outgoing, timeout=30) as incoming:  # noqa: S310  the same
            found: Json = json.loads(incoming.read())
            return found
