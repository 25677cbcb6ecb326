"""CORREGIR and REABRIR as a supervisor does them: find the spool, say what is wrong with it, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from occupation import services
from occupation.access import supervisor
from occupation.forms import CorregirForm, ReabrirForm
from occupation.models import Spool, Trabajador
from occupation.queries import every_worker, find_spool, list_spools
from occupation.refusals import OperacionNoDisponible, Refused, SolicitudInvalida
from occupation.rules import judge_completada, judge_reabrible
from occupation.services.corrections import DIA
from occupation.services.occupation import RESPONSABLE, responsible_of
from occupation.views.supervisor import SupervisorRequest, ask, done, refused_to_supervisor, supervisor_required
from occupation.vocabulary import TAG_MAXIMO, Operacion

PERMISO = "occupation.corregir_spool"
FOUND = 20
"""As many spools a search shows; whoever finds more of them writes more of the tag."""


@require_safe
@supervisor_required(PERMISO)
@refused_to_supervisor
def corregibles(request: SupervisorRequest) -> HttpResponse:
    """The search for the spool that is to be put right."""
    q = request.GET.get("q", "").strip()[:TAG_MAXIMO]
    filas = list_spools(operacion=Operacion.ARM, q=q, limit=FOUND).filas if q else []
    return render(request, "occupation/supervision/corregibles.html", {"q": q, "filas": filas, "maximo": TAG_MAXIMO})


@require_safe
@supervisor_required(PERMISO)
@refused_to_supervisor
def corregible(request: SupervisorRequest) -> HttpResponse:
    """What of one spool can be put right, and why the rest cannot."""
    spool = find_spool(request.GET.get("tag", ""))
    contexto = {"spool": spool, "hechos": [Hecha(spool, operacion) for operacion in DIA]}
    return render(request, "occupation/supervision/corregible.html", contexto)


@dataclass(frozen=True, slots=True)
class Hecha:
    """One operation of a spool as a correction sees it."""

    spool: Spool
    operacion: Operacion

    @property
    def trabajador(self) -> Trabajador | None:
        """Whose it is; nobody's for an inspection."""
        return responsible_of(self.spool, self.operacion)

    @property
    def fecha(self) -> date | None:
        """On which day it was completed."""
        found: date | None = getattr(self.spool, DIA[self.operacion])
        return found

    @property
    def con_trabajador(self) -> bool:
        """Whether it says who did it."""
        return self.operacion in RESPONSABLE

    @property
    def no_corregible(self) -> str:
        """Why it cannot be corrected; empty if it can."""
        return _why_not(judge_completada, self.spool, self.operacion)

    @property
    def no_reabrible(self) -> str:
        """Why it cannot be opened again; empty if it can."""
        return _why_not(judge_reabrible, self.spool, self.operacion)

    @property
    def consulta(self) -> str:
        """What names it in an address."""
        return urlencode({"tag": self.spool.tag_hoja, "operacion": self.operacion})


def _why_not(judge: Callable[[Spool, Operacion], None], spool: Spool, operacion: Operacion) -> str:
    try:
        judge(spool, operacion)
    except OperacionNoDisponible as refused:
        return refused.razon
    except Refused as refused:
        return refused.mensaje
    return ""


@require_http_methods(["GET", "POST"])
@supervisor_required(PERMISO)
@refused_to_supervisor
def corregir(request: SupervisorRequest) -> HttpResponse:
    """Asked who, when and why, then done."""
    if request.method != "POST":
        return _asked_corregir(request, request.GET.get("tag", ""), _operation(request))
    pedido = CorregirForm(request.POST).judged()
    try:
        respuesta = services.corregir(**pedido, actor=supervisor(request))
    except SolicitudInvalida as refused:
        return _asked_corregir(request, pedido["tag"], pedido["operacion"], refused)
    return done(request, respuesta.message, _page(respuesta.tag_spool))


def _asked_corregir(
    request: SupervisorRequest, tag: str, operacion: Operacion, refused: SolicitudInvalida | None = None
) -> HttpResponse:
    spool = find_spool(tag)
    judge_completada(spool, operacion)
    hecha = Hecha(spool, operacion)
    standing = {"trabajador": hecha.trabajador.id if hecha.trabajador else "", "fecha": hecha.fecha}
    contexto = {
        "hecha": hecha,
        "trabajadores": every_worker() if hecha.con_trabajador else [],
        "elegido": str(request.POST.get("trabajador", standing["trabajador"])),
        "fecha": request.POST.get("fecha", f"{standing['fecha']:%Y-%m-%d}"),
        "hoy": timezone.localdate(),
    }
    return ask(request, "occupation/supervision/corregir.html", spool, refused, **contexto)


@require_http_methods(["GET", "POST"])
@supervisor_required(PERMISO)
@refused_to_supervisor
def reabrir(request: SupervisorRequest) -> HttpResponse:
    """Asked why, with what it means, then done."""
    if request.method != "POST":
        return _asked_reabrir(request, request.GET.get("tag", ""), _operation(request))
    pedido = ReabrirForm(request.POST).judged()
    try:
        respuesta = services.reabrir(**pedido, actor=supervisor(request))
    except SolicitudInvalida as refused:
        return _asked_reabrir(request, pedido["tag"], pedido["operacion"], refused)
    return done(request, respuesta.message, _page(respuesta.tag_spool))


def _asked_reabrir(
    request: SupervisorRequest, tag: str, operacion: Operacion, refused: SolicitudInvalida | None = None
) -> HttpResponse:
    spool = find_spool(tag)
    judge_reabrible(spool, operacion)
    return ask(request, "occupation/supervision/reabrir.html", spool, refused, hecha=Hecha(spool, operacion))


def _operation(request: SupervisorRequest) -> Operacion:
    asked = next((each for each in DIA if each == request.GET.get("operacion")), None)
    if asked is None:
        raise SolicitudInvalida({"operacion": "la operación debe ser ARM, SOLD o METROLOGIA"})
    return asked


def _page(tag: str) -> str:
    return f"{reverse('corregible')}?{urlencode({'tag': tag})}"
