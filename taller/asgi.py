"""The web process' entry: daphne … taller.asgi:application."""

import os

import django
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from taller.bodies import Receive, Scope, Send, bounded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taller.settings")


class OneThreadHandler(ASGIHandler):
    """Django's handler with the whole middleware chain on the request's own thread.

    Every view and middleware here is synchronous. Django's handler would hop between the event loop and the thread
    around each of them; this one crosses once, there and back.
    """

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  Django's signature
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        await super().handle(scope, bounded(scope, receive, limit), send)


django.setup(set_prefix=False)
application = OneThreadHandler()
