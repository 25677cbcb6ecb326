"""Google's own description of the API, and the judging of requests and answers by it.

The discovery document ships in `google-api-python-client`. What a request says is read as protobuf's JSON reader does:
unknown names, wrong types and unknown enum values are refused in its words.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.sheets_server.errors import bad_mask, invalid, invalid_payload

Violation = tuple[str, str]

_SCALARS: Final = {"string": "TYPE_STRING", "boolean": "TYPE_BOOL", "integer": "TYPE_INT32", "number": "TYPE_DOUBLE"}
_PACKAGE: Final = "type.googleapis.com/google.apps.sheets.v4"


@functools.cache
def document() -> Mapping[str, Any]:
    """The discovery document of Sheets v4."""
    folder = importlib.resources.files("googleapiclient") / "discovery_cache" / "documents"
    found: Mapping[str, Any] = json.loads((folder / "sheets.v4.json").read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the API as the document describes it."""

    name: str
    verb: str
    path: re.Pattern[str]
    query: Mapping[str, Mapping[str, Any]]
    request: str | None
    response: str
    scopes: frozenset[str]

    @property
    def is_write(self) -> bool:
        """Whether it counts against the write quota. Reads that are posted (by data filter) do not."""
        return (
            self.verb != "GET"
            and "ByDataFilter" not in self.name.replace("UpdateByDataFilter", "")
            and not (self.name.endswith(("getByDataFilter", "developerMetadata.search")))
        )


@functools.cache
def methods() -> tuple[Method, ...]:
    return tuple(_methods(document()["resources"], ""))


def _methods(resources: Mapping[str, Any], prefix: str) -> Iterator[Method]:
    for name, resource in resources.items():
        yield from _methods(resource.get("resources", {}), f"{prefix}{name}.")
        for short, told in resource.get("methods", {}).items():
            parameters = told.get("parameters", {})
            yield Method(
                name=f"{prefix}{name}.{short}",
                verb=told["httpMethod"],
                path=_pattern(told["flatPath"]),
                query={key: value for key, value in parameters.items() if value["location"] == "query"},
                request=told.get("request", {}).get("$ref"),
                response=told["response"]["$ref"],
                scopes=frozenset(told["scopes"]),
            )


def _pattern(flat: str) -> re.Pattern[str]:
    """A path such as `v4/spreadsheets/{spreadsheetId}/values/{range}:append` as a pattern of a quoted path."""
    parts = re.split(r"\{(\w+)\}", flat)
    text = "".join(f"(?P<{part}>[^/:]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    return re.compile(f"/{text}")


def find(verb: str, path: str) -> tuple[Method, dict[str, str]] | None:
    """The method of a request, with the (still quoted) parts of its path."""
    for method in methods():
        found = method.path.fullmatch(path)
        if found and method.verb == verb:
            return method, found.groupdict()
    return None


def check_body(method: Method, body: Any) -> None:
    """Refuse a request body that the schema does not know, every fault told at once."""
    if method.request is None:
        return
    root = "data" if method.name in {"spreadsheets.values.update", "spreadsheets.values.append"} else ""
    faults = list(_faults({"$ref": method.request}, body, root))
    if faults:
        raise invalid_payload(faults)


def without_nulls(body: Any) -> Any:
    """The body without fields that are null, which say nothing; nulls among a range's values do say something."""
    if isinstance(body, dict):
        return {name: without_nulls(inside) for name, inside in body.items() if inside is not None}
    if isinstance(body, list) and body and isinstance(body[0], dict):
        return [without_nulls(item) for item in body]
    return body


def check_answer(method: Method, answer: Any) -> None:
    """Raise `AssertionError` when the server itself strays from the schema."""
    faults = list(_faults({"$ref": method.response}, answer, ""))
    assert not faults, f"{method.name} answered what Google's schema does not know: {faults}"


def check_query(method: Method, query: Mapping[str, list[str]]) -> dict[str, Any]:
    """The query's parameters with their types; refuses those that the method does not have."""
    values: dict[str, Any] = {}
    for name, given in query.items():
        told = method.query.get(name)
        if told is None:
            if name not in document()["parameters"]:
                text = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                raise invalid_payload([("", f"{text}Field '{name}' could not be found in request message.")])
            continue
        values[name] = [_parameter(told, name, one) for one in given]
        if not told.get("repeated"):
            values[name] = values[name][-1]
    return values


def _parameter(told: Mapping[str, Any], name: str, given: str) -> Any:
    if told["type"] == "boolean":
        if given.lower() not in {"true", "false", "1", "0"}:
            raise invalid_payload([_wrong(_snake(name), "TYPE_BOOL", given)])
        return given.lower() in {"true", "1"}
    if "enum" in told and given not in told["enum"]:
        raise invalid_payload([_wrong(_snake(name), f"{_PACKAGE}.{name[0].upper()}{name[1:]}", given)])
    return given


def _faults(told: Mapping[str, Any], value: Any, path: str) -> Iterator[Violation]:
    if value is None:
        return
    if "$ref" in told:
        yield from _message_faults(document()["schemas"][told["$ref"]], value, path)
    elif told["type"] == "array":
        yield from _list_faults(told, value, path)
    elif told["type"] == "object":
        if not isinstance(value, dict):
            yield _wrong(path, "type.googleapis.com/google.protobuf.Struct", value)
    elif told["type"] != "any" and not _is_scalar(told, value):
        yield _wrong(path, _type_name(told), value)


def _message_faults(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield _wrong(path, f"{_PACKAGE}.{schema['id']}", value)
        return
    for name, inside in value.items():
        known = schema["properties"].get(name)
        where = f"{path}.{_snake(name)}" if path else _snake(name)
        if known is None:
            place = f" at '{path}'" if path else ""
            yield path, f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'
        else:
            yield from _faults(known, inside, where)


def _list_faults(told: Mapping[str, Any], value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, list):
        yield _wrong(path, "type.googleapis.com/google.protobuf.ListValue", value)
        return
    items = told["items"]
    if items.get("type") == "array" and items["items"].get("type") == "any":
        for place, row in enumerate(value):
            if not isinstance(row, list):
                yield _wrong(f"{path}[{place}]", "type.googleapis.com/google.protobuf.ListValue", row)
        return
    for place, item in enumerate(value):
        yield from _faults(items, item, f"{path}[{place}]")


def _is_scalar(told: Mapping[str, Any], value: Any) -> bool:
    kind = told["type"]
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "string":
        return isinstance(value, str) and ("enum" not in told or value in told["enum"])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if kind == "integer":
        return value == int(value) and -(2**31) <= value < 2**31
    return math.isfinite(value)


def _type_name(told: Mapping[str, Any]) -> str:
    return f"{_PACKAGE}.Enum" if "enum" in told else _SCALARS[told["type"]]


def _wrong(path: str, kind: str, value: Any) -> Violation:
    return path, f"Invalid value at '{path}' ({kind}), {json.dumps(value, ensure_ascii=False)}"


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name).lower()


Mask = dict[str, "Mask"]
"""A `fields` mask as a tree; an empty branch keeps everything below it."""


def parse_mask(text: str) -> Mask:
    """`a,b(c,d),e.f/g` as a tree. Raises Google's 400 for a mask that cannot be read."""
    tokens = re.findall(r"[A-Za-z_*][\w]*|[(),./]", text)
    if "".join(tokens) != re.sub(r"\s", "", text) or not tokens:
        raise invalid("Request contains an invalid argument.")
    mask, rest = _mask_list(tokens)
    if rest:
        raise invalid("Request contains an invalid argument.")
    return mask


def _mask_list(tokens: list[str]) -> tuple[Mask, list[str]]:
    mask: Mask = {}
    while tokens and tokens[0] != ")":
        at, branch = tokens[0], mask.setdefault(tokens[0], {})
        tokens = tokens[1:]
        while len(tokens) > 1 and tokens[0] in "./":
            branch, tokens = branch.setdefault(tokens[1], {}), tokens[2:]
        if tokens and tokens[0] == "(":
            inside, tokens = _mask_list(tokens[1:])
            branch.update(inside)
            tokens = tokens[1:]
        if tokens and tokens[0] == ",":
            tokens = tokens[1:]
        del at
    return mask, tokens


def check_mask(mask: Mask, schema: str, path: str = "") -> None:
    """Refuse a mask that names a field which the schema does not have."""
    known = document()["schemas"][schema]["properties"]
    for name, inside in mask.items():
        where = f"{path}.{name}" if path else name
        if name == "*":
            continue
        if name not in known:
            raise bad_mask(where)
        below = known[name].get("items", known[name]).get("$ref")
        if inside and below:
            check_mask(inside, below, where)


def masked(value: Any, mask: Mask) -> Any:
    """Only what the mask names, in the value's own order."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [masked(item, mask) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: masked(inside, mask[name]) for name, inside in value.items() if name in mask}
