"""Parts of a page that its own script asks for, and what becomes of a person who types their address."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

P = ParamSpec("P")
R = TypeVar("R", bound=HttpRequest)
Page = Callable[Concatenate[R, P], HttpResponseBase]


def is_refresh(request: HttpRequest) -> bool:
    """Whether a script asks for a part of its page, and nobody tapped."""
    return "HX-Request" in request.headers and "HX-Boosted" not in request.headers


def fragment_of(page: str) -> Callable[[Page[R, P]], Page[R, P]]:
    """Only for the script of that page; whoever else comes to the address is led to the whole page."""

    def decorate(view: Page[R, P]) -> Page[R, P]:
        @wraps(view)
        def led(request: R, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            return view(request, *args, **kwargs) if is_refresh(request) else redirect(page)

        return led

    return decorate
