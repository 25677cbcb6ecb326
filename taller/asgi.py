"""The web process' entry: daphne … taller.asgi:application."""

import os
from contextvars import copy_context
from io import BytesIO

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.http.response import HttpResponseBase
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taller.settings")
django.setup(set_prefix=False)

from dashboard.follower import follower  # noqa: E402  these imports need the settings
from dashboard.stream import StreamConsumer  # noqa: E402
from taller.bodies import Receive, Scope, Send  # noqa: E402
from taller.handler import PooledHandler  # noqa: E402
from taller.limits import raise_file_limit, take_short_turns  # noqa: E402
from taller.wire import drop_clients_that_do_not_read  # noqa: E402

handler = PooledHandler()


def admit(scope: Scope) -> HttpResponseBase:
    """What the middleware and the view answer to who asks for a stream; blocks."""
    return copy_context().run(handler.answer, scope, BytesIO())


stream = StreamConsumer.as_asgi(admit=admit)
# Django's own routes lead to views, and so its types know nothing else.
everything = re_path("", handler)  # type: ignore[arg-type]
routes = ProtocolTypeRouter({"http": URLRouter([path("api/sse/stream", stream), path("en-vivo/", stream), everything])})


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Every request. The first one starts the follower: daphne tells an application of no other beginning."""
    follower.start()
    await routes(scope, receive, send)


raise_file_limit()
take_short_turns()
drop_clients_that_do_not_read()
