"""The inspection of one spool: what was found, asked twice, since it is instant."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from occupation import services
from occupation.forms import InspeccionarForm
from occupation.models import Spool
from occupation.queries import find_spool
from occupation.rules import judge_inspeccionar
from occupation.services import Actor
from occupation.views.chosen import WorkerRequest, worker_required
from occupation.views.outcome import carried, done, next_step, refused_as_page
from occupation.vocabulary import CICLOS_MAXIMOS, Accion, Operacion, Resultado


@require_http_methods(["GET", "POST"])
@never_cache
@worker_required
@refused_as_page(Accion.INSPECCIONAR)
def metrologia(request: WorkerRequest) -> HttpResponse:
    """The two buttons, then the confirmation, then done."""
    if request.method == "GET":
        return _asked(request)
    pedido = InspeccionarForm(request.POST).judged()
    respuesta = services.inspeccionar(
        tag=pedido["tag"][0],
        trabajador_id=request.trabajador.id,
        resultado=pedido["resultado"],
        actor=Actor.de(request.device),
        clave=pedido["clave"],
        version=pedido["version"],
    )
    aviso = {"frases": [respuesta.message]} | next_step(respuesta.tag_spool, request.trabajador)
    return done(request, pedido["clave"], Operacion.METROLOGIA, aviso)


def _asked(request: WorkerRequest) -> HttpResponse:
    spool = find_spool(request.GET.get("tag", ""))
    judge_inspeccionar(spool, request.trabajador)
    resultado = next((each for each in Resultado if each == request.GET.get("resultado")), None)
    contexto = {
        "spool": spool,
        "resultado": resultado,
        "consecuencia": _consequence(spool, resultado) if resultado else "",
        "recorte": carried(request.GET),
        "sigue": urlencode(carried(request.GET)),
    }
    return render(request, "occupation/metrologia.html", contexto)


def _consequence(spool: Spool, resultado: Resultado) -> str:
    if resultado == Resultado.APROBADO:
        return "El spool queda aprobado con fecha de hoy."
    ciclo = spool.ciclo + 1
    if ciclo >= CICLOS_MAXIMOS:
        return f"Es el rechazo {ciclo}/{CICLOS_MAXIMOS}: el spool queda BLOQUEADO hasta que un supervisor decida."
    return f"Es el rechazo {ciclo}/{CICLOS_MAXIMOS}: el spool pasa a REPARACIÓN."
