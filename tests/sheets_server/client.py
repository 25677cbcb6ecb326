"""The real gspread, pointed at the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import requests
from google.oauth2.service_account import Credentials
from gspread.http_client import HTTPClient
from gspread.spreadsheet import Spreadsheet

from tests.sheets_server.account import SPREADSHEETS
from tests.sheets_server.server import SheetsServer

_GOOGLE: Final = "https://sheets.googleapis.com"


class LoopbackCredentials(Credentials):
    """google-auth's own credentials, without the question to a host of Google's that follows each new token."""

    def _maybe_start_regional_access_boundary_refresh(self, request: object, url: str) -> None:
        del request, url


class LoopbackClient(HTTPClient):
    """gspread's own client with another origin, and impatient."""

    def __init__(self, origin: str, account: Mapping[str, str] | None = None) -> None:
        if account is None:
            super().__init__(None, session=requests.Session())  # type: ignore[arg-type]
        else:
            signed = LoopbackCredentials.from_service_account_info(account, scopes=[SPREADSHEETS])  # type: ignore[no-untyped-call]
            super().__init__(signed)
        self.origin = origin
        self.set_timeout((2.0, 5.0))

    def request(self, method: str, endpoint: str, *more: Any, **named: Any) -> requests.Response:
        return super().request(method, endpoint.replace(_GOOGLE, self.origin), *more, **named)


def connected(server: SheetsServer, account: Mapping[str, str] | None = None) -> LoopbackClient:
    """gspread's client alone, which asks nothing by itself; a `Spreadsheet` begins with a read."""
    return LoopbackClient(server.url, account)


def opened(server: SheetsServer, account: Mapping[str, str] | None = None) -> Spreadsheet:
    """The server's book as gspread's `Spreadsheet`."""
    return Spreadsheet(connected(server, account), {"id": server.spreadsheet_id})


def asked(server: SheetsServer, verb: str, path: str, **more: Any) -> requests.Response:
    """One bare request below the book: `asked(server, "POST", ":batchUpdate", json={…})`."""
    url = f"{server.url}/v4/spreadsheets/{server.spreadsheet_id}{path}"
    return requests.request(verb, url, timeout=5, **more)
