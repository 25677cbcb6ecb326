"""The tablet's heartbeat: that the shop answers, and which build it runs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from occupation.templatetags.pantallas import build, minutos


@require_safe
@never_cache
def pulso(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - every view takes one
    """No content, no database, no secret."""
    return trigger_client_event(HttpResponse(status=204), "pulso", {"version": build(), "minutos": minutos()})
