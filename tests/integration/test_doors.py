"""Who gets in where: every address of the shop with every credential, and what a refusal leaves behind: nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from tests.admin_doors import ADMIN
from tests.doors import API, EVERYBODY, IN, NO_CSRF, PAGES, SHORT_ROUND, Answer, Fields, Row
from tests.visitors import devices, people, shop

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

pytestmark = [pytest.mark.django_db, pytest.mark.page]

ROWS = PAGES | API | ADMIN
JSON = "application/json"
WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+"?(\w+)')


def routes(patterns: Iterable[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


ROUTES = list(routes(get_resolver().url_patterns))


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert sorted(ROWS) == sorted(ROUTES)


def room_of(route: str) -> str:
    """The pages that stand and fall together: a model's in the admin, else those with the same beginning."""
    parts = route.split("/")
    return "/".join(parts[:3]) if route.startswith(("admin/auth/", "admin/occupation/")) else parts[0]


def rows_of(room: str) -> Iterator[tuple[str, Row]]:
    for route in ROUTES:
        if room_of(route) == room:
            for row in ROWS[route]:
                yield route, row


@pytest.mark.parametrize("room", sorted(set(map(room_of, ROUTES))))
def test_who_gets_in_and_that_nobody_else_changes_anything(room: str, *, long_profile: bool) -> None:
    numbers, visitors = shop(), people() | devices()
    led = EVERYBODY if long_profile else SHORT_ROUND.get(room.partition("/")[0], SHORT_ROUND[""])
    for route, row in rows_of(room):
        path = (row.path or f"/{route}").format_map(numbers)
        body = row.body and _filled(row.body, numbers)
        expected = {name: _expected(row, name, numbers) for name in led if body is not None or name not in NO_CSRF}
        assert {name: knock(visitors[name], path, body) for name in expected} == expected, f"{row.method} {path}"


def _filled(body: Fields, numbers: dict[str, str]) -> Fields:
    return {name: value.format_map(numbers) if isinstance(value, str) else value for name, value in body.items()}


def _expected(row: Row, visitor: str, numbers: dict[str, str]) -> tuple[Answer, bool]:
    """What the visitor hears, and whether something was written."""
    said = row.door[visitor]
    status, more = row.answer if said == IN else said
    return (status, _numberless(more.format_map(numbers))), row.deed and said == IN


def knock(visitor: Client, path: str, body: Fields | None) -> tuple[Answer, bool]:
    """One request, and then as if it had never been made."""
    before, kind = copy(visitor.cookies), JSON if path.startswith("/api/") else MULTIPART_CONTENT
    savepoint = transaction.savepoint()
    with written() as tables:
        response = visitor.get(path) if body is None else visitor.post(path, body, content_type=kind)
    transaction.savepoint_rollback(savepoint)
    visitor.cookies = before
    return heard(response), bool(tables)


@contextmanager
def written() -> Iterator[set[str]]:
    """The tables that something is written into meanwhile; a session that begins its idle time anew is nothing."""
    tables: set[str] = set()
    with CaptureQueriesContext(connection) as asked:
        yield tables
    found = [WRITES.match(query["sql"]) for query in asked.captured_queries]
    tables |= {match[1] for match in found if match} - {"django_session"}


def heard(response: Page) -> Answer:
    status = response.status_code
    if status == 302:
        return status, _numberless(response["Location"].partition("?")[0])
    if status < 400:
        return status, ""
    if response["Content-Type"].startswith("application/json"):
        return status, response.json()["error"]
    return status, (response.templates[0].name or "") if response.templates else ""


def _numberless(path: str) -> str:
    """A new row has a number that nobody knows beforehand."""
    return re.sub(r"/\d+/", "/#/", path)


def test_what_has_no_row_is_refused_as_a_method() -> None:
    numbers, visitors = shop(), people() | devices()
    tried = {
        (method, row.path or f"/{route}"): visitors["worker" if route.startswith("trabajo/") else "superuser"]
        for route, rows in (PAGES | API).items()
        for row in rows
        for method in {"GET", "POST", "DELETE"} - {each.method for each in rows}
        if route != "api/"
    }
    program = visitors["program"]
    asked = {
        (method, path): (program if path.startswith("/api/") else visitor).generic(method, path.format_map(numbers))
        for (method, path), visitor in tried.items()
    }
    assert {key: response.status_code for key, response in asked.items()} == dict.fromkeys(tried, 405)
