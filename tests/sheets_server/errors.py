"""Google's error answers: `{"error": {"code", "message", "status", "details"}}`, in Google's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

STATUS: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
MESSAGES: Final[Mapping[int, str]] = {
    400: "Request contains an invalid argument.",
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    500: "Internal error encountered.",
    502: "The service is currently unavailable.",
    503: "The service is currently unavailable.",
    504: "Deadline expired before operation could complete.",
}
PROTECTED: Final = (
    "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove "
    "protection if you need to edit."
)
TOO_LONG: Final = "Your input contains more than the maximum of 50000 characters in a single cell."
TOO_MANY_CELLS: Final = (
    "This action would increase the number of cells in the workbook above the limit of 10000000 cells."
)
UNAUTHENTICATED: Final = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
UNREGISTERED: Final = (
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or "
    "other form of API consumer identity to call this API."
)
NARROW_SCOPE: Final = "Request had insufficient authentication scopes."

_PROJECT: Final = "123456789012"


class ApiError(Exception):
    """A refusal as Google words it. `body` is what goes over the wire."""

    def __init__(
        self,
        code: int,
        message: str | None = None,
        details: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code
        self.message = MESSAGES.get(code, "") if message is None else message
        self.details = list(details)
        self.headers = dict(headers or {})
        super().__init__(f"{code} {self.message}")

    @property
    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": STATUS[self.code]}
        if self.details:
            error["details"] = self.details
        return {"error": error}

    def within(self, place: str) -> ApiError:
        """The same refusal, told of one part of a batch: `Invalid requests[2].repeatCell: …`."""
        return ApiError(self.code, f"Invalid {place}: {self.message}", self.details, self.headers)


def invalid(message: str) -> ApiError:
    return ApiError(400, message)


def invalid_payload(violations: Sequence[tuple[str, str]]) -> ApiError:
    """A body or query the schema does not know; each violation is a field path and its description."""
    told = [{"field": field, "description": text} if field else {"description": text} for field, text in violations]
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": told}
    return ApiError(400, "\n".join(text for _, text in violations), [detail])


def bad_mask(path: str) -> ApiError:
    """A `fields` parameter that names nothing."""
    text = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    detail = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": path, "description": text}],
    }
    return ApiError(400, MESSAGES[400], [detail])


def quota_exceeded(kind: str, limit: int, retry_after: float | str | None = None) -> ApiError:
    """Too many reads or writes (`kind`) in this minute. Google seldom sends Retry-After; `retry_after` makes it."""
    word = kind.capitalize()
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {
            "quota_limit": f"{word}RequestsPerMinutePerUser",
            "quota_limit_value": str(limit),
            "quota_location": "global",
            "quota_metric": f"sheets.googleapis.com/{kind}_requests",
            "quota_unit": "1/min/{project}/{user}",
            "service": "sheets.googleapis.com",
            "consumer": f"projects/{_PROJECT}",
        },
    }
    link = {
        "description": "Request a higher quota limit.",
        "url": "https://cloud.google.com/docs/quotas/help/request_increase",
    }
    help_ = {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]}
    message = (
        f"Quota exceeded for quota metric '{word} requests' and limit '{word} requests per minute per user' of service "
        f"'sheets.googleapis.com' for consumer 'project_number:{_PROJECT}'."
    )
    return ApiError(429, message, [info, help_], asking_to_wait(retry_after))


def asking_to_wait(retry_after: float | str | None) -> dict[str, str]:
    """The header that asks to wait so many seconds, or until the moment that a text tells; none without either."""
    text = f"{retry_after:.0f}" if isinstance(retry_after, float | int) else retry_after
    return {} if text is None else {"Retry-After": text}


def unauthenticated(reason: str = "ACCESS_TOKEN_EXPIRED") -> ApiError:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "sheets.googleapis.com"},
    }
    challenge = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'}
    return ApiError(401, UNAUTHENTICATED, [info], challenge)


def narrow_scope() -> ApiError:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": "sheets.googleapis.com"},
    }
    return ApiError(403, NARROW_SCOPE, [info])
