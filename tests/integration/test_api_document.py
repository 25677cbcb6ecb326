"""The API against its own document: whatever schemathesis sends, the answer is JSON, documented and no accident."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from schemathesis import Case as AnyCase
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from occupation.vocabulary import DeviceKind
from taller.urls import api
from tests.office import OFFICE
from tests.visitors import bearer, shop, token

pytestmark = [OFFICE, pytest.mark.page]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
Operation = APIOperation[Any, Any, Any, Any]
Case = AnyCase[Operation]

STREAM = "GET /api/sse/stream"
KNOWN: dict[str, list[Any]] = {
    "tag_spool": ["MK-1", "MK-2", "mk-3", "MK-4"],
    "tag_spools": [["MK-1"], ["MK-2", "MK-4"]],
    "worker_id": [93, 94],
    "tag": ["MK-1", "MK-2"],
}
"""What the shop has, put into half of the requests: chance alone would meet nothing but 404."""


def operations() -> Iterator[tuple[str, Operation]]:
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(api.get_openapi_schema())))
    schema.app = WSGIHandler()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        yield f"{operation.method.upper()} {operation.path}", operation


OPERATIONS = dict(operations())


def cases(operation: Operation, mode: GenerationMode) -> st.SearchStrategy[Case]:
    """Requests as the document describes them, or none that it would allow."""
    drawn = operation.as_strategy(generation_mode=mode)
    known = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in KNOWN.items()})
    return st.builds(_with_known, drawn, st.none() | known) if mode == GenerationMode.POSITIVE else drawn


def _with_known(case: Case, known: dict[str, Any] | None) -> Case:
    for part in (case.body, case.path_parameters):
        if known and isinstance(part, dict):
            part |= {name: value for name, value in known.items() if name in part}
    return case


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("credential", ["token", "stranger"])
def test_every_answer_is_json_documented_and_no_accident(name: str, credential: str, *, long_profile: bool) -> None:
    shop()
    operation, sent = OPERATIONS[name], 0
    headers = bearer(token(kind=DeviceKind.API)) if credential == "token" else {}
    locked = "security" in operation.definition.raw

    def judge(case: Case) -> None:
        nonlocal sent
        sent += 1
        answer = case.call_and_validate(headers=headers, checks=CHECKS)
        assert headers or not locked or answer.status_code == 401
        kind = "text/event-stream" if name == STREAM and answer.status_code == 200 else "application/json"
        assert answer.headers["content-type"][0].startswith(kind)

    rounds = hypothesis.settings(max_examples=200 if long_profile else 6, suppress_health_check=list(HealthCheck))
    # Health asks for nothing, so nothing about it can be wrong.
    for mode in GenerationMode if locked else [GenerationMode.POSITIVE]:
        rounds(given(case=cases(operation, mode))(judge))()
    print(f"{name}, {credential}: {sent} cases, 0 failures")
