"""The failures each kind of route documents, so that no caller meets an answer the OpenAPI document hides."""

from __future__ import annotations

from occupation.api.schemas import Error

_READ = (400, 401, 404, 422, 500, 503)
_VERB = (400, 401, 403, 404, 409, 410, 413, 422, 500, 503)

READ_ERRORS: dict[int, type[Error]] = dict.fromkeys(_READ, Error)
VERB_ERRORS: dict[int, type[Error]] = dict.fromkeys(_VERB, Error)
OPEN_ERRORS: dict[int, type[Error]] = dict.fromkeys((400, 500, 503), Error)
"""Those of a route that asks for no credential."""
