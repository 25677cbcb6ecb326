"""What goes over the wire to Google: gspread's HTTP client with our origin, timeouts, token and errors.

Every outcome of a request becomes one of the book's errors. Of a write whose answer did not come nobody knows whether
it was applied; of a read nothing can be left behind.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import requests
from django.utils import timezone
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport.requests import Request as TokenTransport
from google.oauth2.service_account import Credentials
from gspread.exceptions import APIError
from gspread.http_client import HTTPClient
from gspread.urls import SPREADSHEET_VALUES_BATCH_URL
from requests.auth import AuthBase
from urllib3.exceptions import MaxRetryError, NewConnectionError

from occupation.sheets.book import BookBusy, BookUnreadable, PermissionLost, Request, WriteUnknown

SCOPE: Final = "https://www.googleapis.com/auth/spreadsheets"
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 30.0
"""Longest silence before an answer is given up. Google itself gives up after 180 s; a write may then still land."""

_GOOGLE: Final = "https://sheets.googleapis.com"
_RAW_VALUES: Final[Mapping[str, str]] = {
    "dateTimeRenderOption": "SERIAL_NUMBER",
    "fields": "valueRanges(values)",
}

_REMEMBERED: Final = 4
"""How many questions' answers are kept: a relay asks for everything, for our columns, and for a proof of each."""

Json = dict[str, Any]
Answers = list[list[list[Any]]]


class Refused(Exception):  # noqa: N818  an answer of the book, which its caller turns into a sentence
    """Google said 400: the request can never succeed as it is. The text is Google's."""

    def says(self, *texts: str) -> bool:
        """Whether the message has one of these in it."""
        return any(text in str(self) for text in texts)


class Bearer(AuthBase):
    """Signs each request with a service account's token, and gets a new one when it is about to expire.

    google-auth's own session waits two minutes for a token and asks another host of Google's after each; this waits
    as long as for any answer and asks nobody else.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._transport = functools.partial(TokenTransport(requests.Session()), timeout=ANSWER_SECONDS)

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        if not self._credentials.valid:
            self._credentials.refresh(self._transport)  # type: ignore[no-untyped-call]
        prepared.headers["Authorization"] = f"Bearer {self._credentials.token}"
        return prepared

    def forget(self) -> None:
        """The token is good for nothing, whatever its age."""
        self._credentials.token = None


class SheetsClient(HTTPClient):
    """The three requests that the book is made of. `origin` stands in for Google, `bearer` signs."""

    def __init__(self, origin: str = "", bearer: Bearer | None = None) -> None:
        session = requests.Session()
        session.trust_env = not origin  # a proxy of the environment is not for this machine
        session.auth = bearer
        super().__init__(None, session=session)  # type: ignore[arg-type]  # with a session no credentials are looked at
        self.set_timeout((CONNECT_SECONDS, ANSWER_SECONDS))
        self._answered: dict[tuple[str, ...], tuple[bytes, Answers]] = {}
        self._origin = origin or _GOOGLE
        self._bearer = bearer

    def request(self, method: str, endpoint: str, *more: Any, **named: Any) -> requests.Response:
        """Ask, with our origin; once more with a new token when Google does not take the one we had."""
        endpoint = endpoint.replace(_GOOGLE, self._origin, 1)
        try:
            return super().request(method, endpoint, *more, **named)
        except APIError as refused:
            if refused.response.status_code != HTTPStatus.UNAUTHORIZED or self._bearer is None:
                raise
            self._bearer.forget()
            return super().request(method, endpoint, *more, **named)

    def describe(self, spreadsheet_id: str) -> list[Json]:
        """The `SheetProperties` of every tab: title, id and size. Raises `Refused` and what reading may raise."""
        fields = "sheets.properties(sheetId,title,gridProperties(rowCount,columnCount))"
        with _told(Request.READ):
            answer = self.fetch_sheet_metadata(spreadsheet_id, {"fields": fields})
        return [sheet["properties"] for sheet in answer.get("sheets", ())]

    def read(self, spreadsheet_id: str, ranges: Sequence[str], *, typed: bool = False) -> Answers:
        """The rows of each range, in order, unformatted and without blanks at the end. Raises as `describe`.

        `typed` tells formulas instead of what they come to. What was answered to the same question not long ago, byte
        by byte, is given again as the very same object.
        """
        render = "FORMULA" if typed else "UNFORMATTED_VALUE"
        asked = (spreadsheet_id, render, *ranges)
        with _told(Request.READ):
            url = SPREADSHEET_VALUES_BATCH_URL % spreadsheet_id
            answer = self.request(
                "get", url, params={**_RAW_VALUES, "valueRenderOption": render, "ranges": list(ranges)}
            )
            digest = blake2b(answer.content).digest()
            known = self._answered.pop(asked, None)
            told = known[1] if known and known[0] == digest else _ranges(answer.json(), len(ranges))
        self._answered[asked] = digest, told
        if len(self._answered) > _REMEMBERED:
            del self._answered[next(iter(self._answered))]
        return told

    def write(self, spreadsheet_id: str, changes: Sequence[Json]) -> None:
        """Apply all changes or none. Raises `Refused`, `WriteUnknown`, `BookBusy` and `PermissionLost`."""
        with _told(Request.WRITE):
            self.batch_update(spreadsheet_id, {"requests": list(changes)})


def _ranges(answer: Json, asked: int) -> Answers:
    told = answer.get("valueRanges", ())
    if len(told) != asked:
        raise BookBusy("Google contestó a medias.")
    return [one.get("values", []) for one in told]


@contextmanager
def _told(kind: Request) -> Iterator[None]:
    """Tell every way in which a request can fail in the book's errors."""
    try:
        yield
    except APIError as error:
        raise _answered(error, kind) from error
    except TransportError as error:
        raise BookBusy("No hay conexión con Google para renovar el permiso.") from error
    except RefreshError as error:
        raise _not_let_in(error) from error
    except requests.RequestException as error:
        if kind is Request.READ or _was_not_sent(error):
            raise BookBusy("No hay conexión con Google.") from error
        raise WriteUnknown("Google no contestó si guardó el cambio.") from error


def _answered(error: APIError, kind: Request) -> Exception:
    status, retry_after = error.response.status_code, _retry_after(error.response)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.FORBIDDEN and _is_quota(error)):
        return BookBusy("Google pide esperar: se gastó la cuota del minuto.", retry_after, quota=True)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return PermissionLost("Google no deja entrar al libro: compártalo con la cuenta de servicio como editora.")
    if status == HTTPStatus.NOT_FOUND:
        return PermissionLost("Google no encuentra el libro: revise GOOGLE_SHEET_ID o devuelva el libro.")
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refused(_message(error))
    if kind is Request.WRITE:
        return WriteUnknown(f"Google falló ({status}) y no dijo si guardó el cambio.", retry_after)
    return BookBusy(f"Google falló ({status}).", retry_after)


def _message(error: APIError) -> str:
    return str(error.error.get("message") or error.response.reason)


def _is_quota(error: APIError) -> bool:
    details = json.dumps(error.error.get("details", []))
    return error.error.get("status") == "RESOURCE_EXHAUSTED" or "RATE_LIMIT_EXCEEDED" in details


def _retry_after(response: requests.Response) -> float | None:
    """How many seconds an answer asks to wait: it says so many, or until when."""
    asked = response.headers.get("Retry-After", "")
    if asked.isdecimal():
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max((until.replace(tzinfo=until.tzinfo or UTC) - timezone.now()).total_seconds(), 0.0)


def _not_let_in(error: RefreshError) -> Exception:
    if error.retryable:
        return BookBusy("Google no pudo renovar el permiso ahora.")
    return PermissionLost("Google no acepta la cuenta de servicio: revise su archivo JSON o haga una clave nueva.")


def _was_not_sent(error: requests.RequestException) -> bool:
    """Whether no connection came about, so that nothing can have been applied."""
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def credentials_of(path: str = "", text: str = "") -> Credentials | None:
    """The service account in a JSON `text`, else in the file at `path`; `None` without either.

    Raises `BookUnreadable` for anything that is no service account.
    """
    if not text and not path:
        return None
    try:
        told = json.loads(text or Path(path).read_text(encoding="utf-8"))
        found: Credentials = Credentials.from_service_account_info(told, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, GoogleAuthError) as problem:
        where = "GOOGLE_APPLICATION_CREDENTIALS_JSON" if text else path
        raise BookUnreadable(f"{where} no es el JSON de una cuenta de servicio de Google.") from problem
    return found


def connected(origin: str = "", credentials: Credentials | None = None) -> SheetsClient:
    """A client of Google, or of `origin` in its place. Contacts nobody yet."""
    return SheetsClient(origin, None if credentials is None else Bearer(credentials))
