"""TOMAR, PAUSAR, COMPLETAR and CANCELAR as a worker at a tablet does them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from occupation import services
from occupation.forms import OperacionForm, TerminarForm, VerboForm
from occupation.history import how_it_ended
from occupation.models import Spool
from occupation.queries import find_spool, held_by
from occupation.rules import judge_titular
from occupation.services import Actor
from occupation.tags import canonical_tag
from occupation.views.chosen import WorkerRequest, worker_required
from occupation.views.outcome import Json, done, many, next_step, refused_as_page
from occupation.vocabulary import Accion


@require_POST
@never_cache
@worker_required
@refused_as_page(Accion.TOMAR)
def tomar(request: WorkerRequest) -> HttpResponse:
    """One spool or up to fifty, for one operation."""
    pedido = OperacionForm(request.POST).judged()
    desenlaces = services.tomar_varios(
        tags=pedido["tag"],
        trabajador_id=request.trabajador.id,
        operacion=pedido["operacion"],
        actor=Actor.de(request.device),
        clave=pedido["clave"],
    )
    return many(request, Accion.TOMAR, pedido, desenlaces)


@require_POST
@never_cache
@worker_required
@refused_as_page(Accion.PAUSAR)
def pausar(request: WorkerRequest) -> HttpResponse:
    """One tap, one pause."""
    return _pause(request, VerboForm(request.POST).judged())


@require_POST
@never_cache
@worker_required
@refused_as_page(Accion.PAUSAR)
def pausar_todos(request: WorkerRequest) -> HttpResponse:
    """The end of the shift: everything the page showed as the worker's."""
    posted = request.POST.copy()
    posted.setlist("tag", posted.getlist("todos"))
    return _pause(request, VerboForm(posted).judged())


def _pause(request: WorkerRequest, pedido: Json) -> HttpResponse:
    held = {spool.tag: spool.ocupado_operacion for spool in held_by(request.trabajador)}
    operaciones = {held.get(canonical_tag(tag)) for tag in pedido["tag"]}
    desenlaces = services.pausar_varios(
        tags=pedido["tag"],
        trabajador_id=request.trabajador.id,
        actor=Actor.de(request.device),
        clave=pedido["clave"],
    )
    same = operaciones.pop() if len(operaciones) == 1 else None
    return many(request, Accion.PAUSAR, pedido | {"operacion": same}, desenlaces)


@require_http_methods(["GET", "POST"])
@never_cache
@worker_required
@refused_as_page(Accion.COMPLETAR)
def completar(request: WorkerRequest) -> HttpResponse:
    """Asked with today's date, then done."""
    if request.method == "GET":
        contexto = {"spool": _mine(request), "hoy": timezone.localdate()}
        return render(request, "occupation/completar.html", contexto)
    pedido = TerminarForm(request.POST).judged()
    respuesta = services.completar(
        tag=pedido["tag"][0],
        trabajador_id=request.trabajador.id,
        operacion=pedido["operacion"],
        fecha=pedido["fecha"],
        actor=Actor.de(request.device),
        clave=pedido["clave"],
    )
    aviso = {"frases": [respuesta.message]} | next_step(respuesta.tag_spool, request.trabajador)
    return done(request, pedido["clave"], pedido["operacion"], aviso)


@require_http_methods(["GET", "POST"])
@never_cache
@worker_required
@refused_as_page(Accion.CANCELAR)
def cancelar(request: WorkerRequest) -> HttpResponse:
    """Asked, with what it means, then done."""
    if request.method == "GET":
        return render(request, "occupation/cancelar.html", {"spool": _mine(request)})
    pedido = TerminarForm(request.POST).judged()
    respuesta = services.cancelar(
        tag=pedido["tag"][0],
        trabajador_id=request.trabajador.id,
        operacion=pedido["operacion"],
        actor=Actor.de(request.device),
        clave=pedido["clave"],
    )
    aviso = {"frases": [respuesta.message], "despues": "Quedó como estaba antes de tomarlo."}
    return done(request, pedido["clave"], pedido["operacion"], aviso)


def _mine(request: WorkerRequest) -> Spool:
    """The spool asked for, which the worker must hold."""
    spool = find_spool(request.GET.get("tag", ""))
    if not spool.ocupado:
        raise how_it_ended(spool)
    judge_titular(spool, request.trabajador, None)
    return spool
