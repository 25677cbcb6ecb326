"""The heartbeat of a page that hears no stream: that the shop answers, which build it runs, what time it is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from occupation.templatetags.pantallas import ahora, build


@require_safe
@never_cache
def pulso(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - every view takes one
    """No database, no secret."""
    return JsonResponse({"version": build(), "hora": ahora()})
