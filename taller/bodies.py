"""Keeps an endless request body from Django, which would read all of it before anybody may refuse it.

Twisted has by then spooled the body to a temporary file: this caps what Django reads, not what reaches the disk. That
is for a proxy in front (docs/deploy.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


def bounded(scope: Scope, receive: Receive, limit: int) -> Receive:
    """`receive`, which drops what a body has beyond `limit` bytes. No page takes a file.

    A body sent in chunks announces no length; one that was cut gets its true length, so that Django refuses it as
    it refuses any other.
    """
    received = 0

    async def receive_bounded() -> Mapping[str, Any]:
        nonlocal received
        event = await receive()
        received += len(event.get("body", b""))
        if received <= limit:
            return event
        if not event.get("more_body", False):
            _tell_length(scope, received)
        return {**event, "body": b""}

    return receive_bounded


def _tell_length(scope: Scope, length: int) -> None:
    others = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    scope["headers"] = [*others, (b"content-length", str(length).encode())]
