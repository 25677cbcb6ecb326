"""The work page: what the worker holds, and what can be taken."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from occupation.models import Evento, Spool, Trabajador
from occupation.queries import (
    Fila,
    Pagina,
    duplicated,
    find_spool,
    held_by,
    list_spools,
    mirror_behind,
    released_from,
    there_are_spools,
)
from occupation.refusals import Refused
from occupation.tags import search_key
from occupation.views.chosen import WorkerRequest, worker_required
from occupation.views.outcome import kept, refused_as_page, work_url
from occupation.vocabulary import TAG_MAXIMO, Accion, Operacion

ROWS = 60
RELEASED_SHOWN = timedelta(hours=12)
PESTANAS = (Operacion.ARM, Operacion.SOLD, Operacion.REPARACION, Operacion.METROLOGIA)
"""The tabs, in the order of the work."""

FRAGMENTS = {"lista": "occupation/_lista.html", "mas": "occupation/_lista.html"}


@require_safe
@never_cache
@worker_required
@refused_as_page()
def trabajo(request: WorkerRequest) -> HttpResponse:
    """The whole page, or only its list where a script asks for that."""
    pantalla = screen(request)
    contexto = {"pantalla": pantalla, "aviso": kept(request, request.GET.get("hecho"))}
    return render(request, FRAGMENTS.get(request.htmx.target or "", "occupation/trabajo.html"), contexto)


@require_safe
@never_cache
@worker_required
def mios(request: WorkerRequest) -> HttpResponse:
    """What the worker holds, if it is not what the page shows already: nothing moves under a finger in vain."""
    pantalla = screen(request)
    if request.GET.get("visto") == pantalla.huella:
        response = HttpResponse(status=204)
    else:
        response = render(request, "occupation/_mios.html", {"pantalla": pantalla})
    return trigger_client_event(response, "hoja", {"texto": pantalla.hoja})


@require_safe
@never_cache
@worker_required
def resultado(request: WorkerRequest) -> HttpResponse:
    """What worked of a batch and what did not."""
    outcome = kept(request, request.GET.get("de"))
    if outcome is None or "fallidos" not in outcome:
        return redirect("trabajo")
    return render(request, "occupation/resultado.html", {"resultado": outcome})


@dataclass
class Pantalla:
    """What the work page shows. Each part is read when the template comes to it, so a fragment reads only its own."""

    trabajador: Trabajador
    pestanas: list[Operacion]
    operacion: Operacion | None
    q: str
    cursor: str | None

    @property
    def inspeccion(self) -> bool:
        """Whether the list is the inspection queue, where nothing is taken."""
        return self.operacion == Operacion.METROLOGIA

    @cached_property
    def mios(self) -> list[Spool]:
        """What the worker holds, longest first."""
        return held_by(self.trabajador)

    @cached_property
    def liberados(self) -> list[Evento]:
        """What a supervisor took from the worker and nobody has touched since."""
        return released_from(self.trabajador, timezone.now() - RELEASED_SHOWN)

    @cached_property
    def huella(self) -> str:
        """The same as long as what `mios` and `liberados` show is the same."""
        seen = [[spool.tag, str(spool.version)] for spool in self.mios] + [[evento.pk] for evento in self.liberados]
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]

    @cached_property
    def hoja(self) -> str:
        """How far the sheet is behind."""
        behind = mirror_behind()[0]
        if behind == 0:
            return "hoja al día"
        return "hoja: 1 fila por escribir" if behind == 1 else f"hoja: {behind} filas por escribir"

    @cached_property
    def pagina(self) -> Pagina:
        """One page of the list."""
        if self.operacion is None:
            return Pagina([], None)
        return list_spools(
            operacion=self.operacion,
            accion=Accion.INSPECCIONAR if self.inspeccion else Accion.TOMAR,
            q=self.q,
            limit=ROWS,
            cursor=self.cursor,
            con_ocupados=not self.inspeccion,
        )

    @property
    def filas(self) -> list[Fila]:
        """The rows of the page."""
        return self.pagina.filas

    @cached_property
    def duplicados(self) -> set[str]:
        """The listed tags that stand twice in the sheet; only a search is told."""
        return duplicated(fila.spool.tag for fila in self.filas) if self.q else set()

    @property
    def siguiente(self) -> str | None:
        """The address of the next page of the list."""
        if self.pagina.siguiente is None:
            return None
        return work_url(op=self.operacion, q=self.q, cursor=self.pagina.siguiente)

    @property
    def sin_spools(self) -> bool:
        """Whether the shop is empty altogether."""
        return not there_are_spools()

    @property
    def nada_que_tomar(self) -> str:
        """The sentence of an empty list."""
        return f"No queda nada por tomar en {self.operacion.label}" if self.operacion else ""

    @property
    def sin_resultado(self) -> str:
        """The sentence of a search that found nothing: a tag that left or was renamed says so."""
        try:
            find_spool(self.q)
        except Refused as refused:
            if {"archivado", "ahora"} & refused.datos.keys():
                return refused.mensaje
        return f"Ningún spool tiene «{self.q}»"


def screen(request: WorkerRequest) -> Pantalla:
    """What this request asks to see: the tab (the first of the worker's own unless one of them is named), a search."""
    pestanas = [operacion for operacion in PESTANAS if request.trabajador.puede(operacion)]
    q = "".join(filter(str.isprintable, request.GET.get("q", ""))).strip()[:TAG_MAXIMO]
    return Pantalla(
        trabajador=request.trabajador,
        pestanas=pestanas,
        operacion=next((each for each in pestanas if each == request.GET.get("op")), next(iter(pestanas), None)),
        q=q if search_key(q) else "",
        cursor=request.GET.get("cursor") or None,
    )
