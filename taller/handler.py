"""Serves Django's requests from a pool of threads that live as long as the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from typing import IO, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.db import close_old_connections
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

from taller.bodies import Receive, Scope, Send, bounded

THREADS = 64
"""How many requests are worked on at once: every worker of a shop may wait for the database, and reads still go on."""

PARTS_AT_ONCE = 16


class PooledHandler(ASGIHandler):
    """Django's handler with everything synchronous on one thread of a pool, from the request's start to its end.

    Every view and middleware here is synchronous. Django's own handler would hop between the event loop and a thread
    made for the request, with a database connection made for it too. (docs/decisions/0004)
    """

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  Django's signature
        super().load_middleware(is_async=False)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        try:
            body = await self.read_body(bounded(scope, receive, limit))
        except RequestAborted:
            return
        # What a request activates (language, time zone, script prefix) must not reach the thread's next one.
        context = copy_context()
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self._threads, context.run, self.answer, scope, body)
        if not isinstance(response, StreamingHttpResponse):
            await self.send_response(response, send)
            return
        try:
            response.streaming_content = in_steps(iter(response))
            await self.send_response(response, send)
        finally:
            await sync_to_async(response.close)()

    def answer(self, scope: Scope, body: IO[bytes]) -> HttpResponseBase:
        """The whole response; only one that streams is still open."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, body)
        if request is None:
            body.close()
        # Exactly one of the two is None.
        response = self.get_response(request) if request else cast("HttpResponseBase", refused)
        if response.streaming:
            # It goes on elsewhere, so this thread's connection is let go here.
            close_old_connections()
        else:
            response.close()
        return response


async def in_steps(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """What a synchronous iterator gives, a few parts at a time, on the thread that asgiref keeps for the request."""
    while step := await sync_to_async(lambda: list(islice(parts, PARTS_AT_ONCE)))():
        yield b"".join(step)
