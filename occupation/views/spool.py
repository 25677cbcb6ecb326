"""The pages that a scanned tag leads to: the spool as it stands now, and the sheet of paper that travels with it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from occupation.access import LookerRequest, looker_required
from occupation.http_status import status_of
from occupation.models import Spool
from occupation.queries import find_any_spool
from occupation.refusals import Refused, SpoolNoEncontrado
from occupation.tags import canonical_tag
from occupation.views.chosen import chosen_worker
from occupation.views.ficha import Ficha


@require_safe
@never_cache
@looker_required
def spool(request: LookerRequest, tag: str) -> HttpResponse:
    """The page that a scanned tag opens."""
    return _page(request, tag, "occupation/spool.html")


@require_safe
@never_cache
@looker_required
def viajera(request: LookerRequest, tag: str) -> HttpResponse:
    """The traveller: one sheet of paper with the spool's QR code, data, stages and inspections."""
    return _page(request, tag, "occupation/viajera.html")


def _page(request: LookerRequest, tag: str, template: str) -> HttpResponse:
    """404 with words for a tag that is unknown, renamed or gone."""
    trabajador = chosen_worker(request)
    # The page's head names who stands there.
    if trabajador is not None:
        request.trabajador = trabajador  # type: ignore[attr-defined]  # only then is it a WorkerRequest
    elif request.device is None:
        request.supervisor = request.user  # type: ignore[attr-defined]  # only then is it a SupervisorRequest
    try:
        found = find_any_spool(tag)
    except Refused as refused:
        return _not_found(request, refused)
    if found.tag != canonical_tag(tag):
        return _not_found(request, SpoolNoEncontrado(tag, ahora=found.tag_hoja), found)
    contexto = {"spool": found, "ficha": Ficha(found, trabajador), "ahora": timezone.now()}
    return render(request, template, contexto, status=404 if found.archivado_en else 200)


def _not_found(request: LookerRequest, refused: Refused, now: Spool | None = None) -> HttpResponse:
    contexto = {
        "titulo": "El spool cambió de tag" if now else "No se encontró ese spool",
        "frases": [refused.frase],
        "volver": reverse("spool", args=[now.tag_hoja]) if now else reverse("trabajo"),
        "volver_texto": "VER EL SPOOL" if now else "VOLVER",
    }
    return render(request, "occupation/rechazo.html", contexto, status=status_of(refused))
