"""The work page: what the worker holds, and what can be taken."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url, trigger_client_event

from occupation.history import duration, seconds_between
from occupation.models import Evento, Spool, Trabajador
from occupation.queries import (
    Fila,
    Pagina,
    Recorte,
    count_by_avance,
    count_by_nv,
    duplicated,
    find_spool,
    held_by,
    journal_and_mirror,
    list_spools,
    released_from,
    there_are_spools,
)
from occupation.refusals import Refused
from occupation.tags import search_key
from occupation.views.chosen import WorkerRequest, worker_required
from occupation.views.fragment import fragment_of
from occupation.views.outcome import kept, refused_as_page, work_url
from occupation.vocabulary import ACCION_DE, AVANCES_DE, TAG_MAXIMO, Avance, Operacion

ROWS = 60
ROWS_MAXIMUM = 600
"""A list that brings itself up to date asks for as many rows as the page shows, up to these."""

NV_MAXIMA = 100
NVS = 300
"""As many NVs are offered to choose from; a shop with more of them in one list writes the one it wants."""

RELEASED_SHOWN = timedelta(hours=12)
PESTANAS = (Operacion.ARM, Operacion.SOLD, Operacion.REPARACION, Operacion.METROLOGIA)
"""The tabs, in the order of the work."""

QUEUES = (Operacion.REPARACION, Operacion.METROLOGIA)
"""The tabs that say how many spools wait."""

FRAGMENTS = {"lista": "occupation/_lista.html", "mas": "occupation/_lista.html"}


@require_safe
@never_cache
@worker_required
@refused_as_page()
def trabajo(request: WorkerRequest) -> HttpResponse:
    """The whole page, or only its list where a script asks for that."""
    pantalla = screen(request)
    if request.headers.get("If-None-Match") == pantalla.etag:
        return HttpResponseNotModified()
    contexto = {"pantalla": pantalla, "aviso": kept(request, request.GET.get("hecho"))}
    response = render(request, FRAGMENTS.get(request.htmx.target or "", "occupation/trabajo.html"), contexto)
    response.headers["ETag"] = pantalla.etag
    # A list that only brings itself up to date changes no address: a reload still shows what was done.
    chosen = request.htmx.target == "lista" and "filas" not in request.GET
    return replace_url(response, pantalla.url()) if chosen else response


@require_safe
@never_cache
@worker_required
@fragment_of("trabajo")
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


@dataclass(frozen=True, slots=True)
class Opcion:
    """One thing to tap that narrows the list; `elegida` while it does."""

    texto: str
    url: str
    elegida: bool
    cuenta: int | None = None


@dataclass
class Pantalla:
    """What the work page shows. Each part is read when the template comes to it, so a fragment reads only its own."""

    trabajador: Trabajador
    pestanas: list[Operacion]
    operacion: Operacion | None
    q: str
    recorte: Recorte
    eligiendo_nv: bool
    cursor: str | None
    revision: int
    """The newest journal row when the page was begun: it shows all of what happened until then."""
    marca: str
    """What names that row, also after a restore took other rows to the same number."""
    sin_escribir: datetime | None
    """Since when the oldest change waits for the sheet."""
    cuantas: int = ROWS

    @property
    def etag(self) -> str:
        """The same as long as nothing happened that the list could show."""
        return f'"{self.marca}"'

    @property
    def vista(self) -> str:
        """The channel that tells what happens here. Every one tells of every spool, so any serves who lists nothing."""
        return self.operacion or Operacion.ARM

    @property
    def solo_inspecciona(self) -> bool:
        """Whether the worker's roles take nothing at all."""
        return self.pestanas == [Operacion.METROLOGIA]

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

    @property
    def hoja(self) -> str:
        """How far the sheet is behind: the time that the oldest change has waited."""
        if self.sin_escribir is None:
            return "hoja al día"
        # A change of this very moment is not in the sheet either.
        seconds = max(seconds_between(self.sin_escribir, timezone.now()), 1)
        return f"hoja {seconds} s atrás" if seconds < 60 else f"hoja {duration(seconds)} atrás"

    @cached_property
    def pagina(self) -> Pagina:
        """One page of the list."""
        if self.operacion is None:
            return Pagina([], None)
        return list_spools(
            operacion=self.operacion,
            accion=ACCION_DE[self.operacion],
            q=self.q,
            recorte=self.recorte,
            limit=self.cuantas,
            cursor=self.cursor,
            con_ocupados=True,
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
        return self.url(cursor=self.pagina.siguiente)

    def url(self, **other: str | None) -> str:
        """The address of what the page shows, or of that with another search or narrowing."""
        shown: dict[str, str | None] = {
            "op": self.operacion,
            "q": self.q,
            "nv": self.recorte.nv,
            "avance": self.recorte.avance,
            "elegir": "nv" if self.eligiendo_nv else None,
        }
        return work_url(**(shown | other))

    @property
    def _offered(self) -> tuple[Avance, ...]:
        return AVANCES_DE[self.operacion] if self.operacion else ()

    @property
    def avances(self) -> list[Opcion]:
        """Into what the list divides."""
        offered = [(None, "Todos"), *((avance, avance.label) for avance in self._offered)]
        return [
            Opcion(texto, self.url(avance=avance, elegir=""), self.recorte.avance == avance, self.cuentas.get(avance))
            for avance, texto in offered
        ]

    @cached_property
    def cuentas(self) -> dict[Avance | None, int]:
        """How many spools are so far, where they are a queue that somebody works off; a search is not counted."""
        if self.operacion not in QUEUES or self.q:
            return {}
        return count_by_avance(operacion=self.operacion, nv=self.recorte.nv)

    @property
    def otra_nv(self) -> Opcion:
        """The way to the NVs, and back from them; named after the one the list is narrowed to."""
        elegir = "" if self.eligiendo_nv else "nv"
        return Opcion(self.recorte.nv or "todas", self.url(elegir=elegir), bool(self.recorte.nv))

    @property
    def nvs(self) -> list[Opcion]:
        """The NVs of the list, each with how many of its spools."""
        if self.operacion is None:
            return []
        counted = count_by_nv(operacion=self.operacion, q=self.q, avance=self.recorte.avance, limit=NVS)
        return [Opcion(nv, self.url(nv=nv, elegir=""), nv == self.recorte.nv, cuenta) for nv, cuenta in counted]

    @property
    def todas_las_nvs(self) -> str:
        """The address of the list of every NV."""
        return self.url(nv="", elegir="")

    @property
    def nvs_maximas(self) -> int:
        """As many NVs are offered."""
        return NVS

    @property
    def sigue(self) -> str:
        """What the list is narrowed to, for an address that leads away from it and back."""
        return urlencode({"nv": self.recorte.nv, "avance": self.recorte.avance or ""})

    @property
    def entera(self) -> str | None:
        """The address of the list that is not narrowed; None if it is not."""
        return self.url(nv="", avance="", elegir="") if self.recorte != Recorte() else None

    @property
    def sin_spools(self) -> bool:
        """Whether the shop is empty altogether."""
        return not there_are_spools()

    @property
    def nada_asi(self) -> str:
        """The sentence of a list that is empty because of what it is narrowed to."""
        parts = [
            f"«{self.q}»" if self.q else "",
            self.recorte.nv,
            self.recorte.avance.label if self.recorte.avance else "",
        ]
        return f"Nada en esta lista con {' · '.join(filter(None, parts))}"

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
    """What this request asks to see: the tab (the first of the worker's own unless one is named), search, narrowing."""
    pestanas = [operacion for operacion in PESTANAS if request.trabajador.puede_iniciar(operacion)]
    q = "".join(filter(str.isprintable, request.GET.get("q", ""))).strip()[:TAG_MAXIMO]
    # Read before anything that is shown.
    revision, marca, sin_escribir = journal_and_mirror()
    operacion = next((each for each in pestanas if each == request.GET.get("op")), next(iter(pestanas), None))
    return Pantalla(
        trabajador=request.trabajador,
        pestanas=pestanas,
        operacion=operacion,
        q=q if search_key(q) else "",
        recorte=_narrowed_to(request, operacion),
        eligiendo_nv=request.GET.get("elegir") == "nv",
        cursor=request.GET.get("cursor") or None,
        revision=revision,
        marca=marca,
        sin_escribir=sin_escribir,
        cuantas=_as_many(request.GET.get("filas", "")),
    )


def _as_many(shown: str) -> int:
    """How many rows to list where `shown` stand already: whole pages of them."""
    rows = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 6 else 0
    return min(max(-(-rows // ROWS), 1) * ROWS, ROWS_MAXIMUM)


def _narrowed_to(request: WorkerRequest, operacion: Operacion | None) -> Recorte:
    offered = AVANCES_DE[operacion] if operacion else ()
    avance = next((each for each in offered if each == request.GET.get("avance")), None)
    return Recorte(nv=request.GET.get("nv", "")[:NV_MAXIMA], avance=avance)
