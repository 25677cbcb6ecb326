"""Workers' PINs as a supervisor looks after them: who has one, who is locked out, and a new one."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from occupation.access import supervisor
from occupation.forms import PonerPinForm
from occupation.http_status import status_of
from occupation.models import Trabajador
from occupation.queries import workers_like
from occupation.refusals import Refused, SolicitudInvalida
from occupation.services.pins import forgive_pin, set_pin
from occupation.views.chosen import asked_worker
from occupation.views.supervisor import SupervisorRequest, done, refused_to_supervisor, supervisor_required
from occupation.vocabulary import PIN_DIGITOS, PIN_INTENTOS, TAG_MAXIMO

PERMISO = "occupation.poner_pin"


@require_safe
@supervisor_required(PERMISO)
def pines(request: SupervisorRequest) -> HttpResponse:
    """Everybody who works here: with a PIN, without one, or locked out; or those that a search finds."""
    q = request.GET.get("q", "").strip()[:TAG_MAXIMO]
    people = Trabajador.objects.presentes().select_related("pin").prefetch_related("roles")
    everybody = people.annotate(fallidos=Count("pines_fallidos")).order_by("nombre", "apellido", "id")
    contexto = {
        "q": q,
        "maximo": TAG_MAXIMO,
        "trabajadores": workers_like(list(everybody), q),
        "intentos": PIN_INTENTOS,
        "se_pide": settings.PIN_TRABAJADORES,
    }
    return render(request, "occupation/supervision/pines.html", contexto)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@supervisor_required(PERMISO)
@refused_to_supervisor
def poner_pin(request: SupervisorRequest) -> HttpResponse:
    """A new PIN, typed twice; or the old one opened again."""
    trabajador = asked_worker(request)
    if request.method != "POST":
        return _asked(request, trabajador)
    try:
        return done(request, _looked_after(request, trabajador), reverse("pines"))
    except Refused as refused:
        # Asked once more from nothing: REINTENTAR would keep what was typed readable in the page.
        return _asked(request, trabajador, refused)


def _looked_after(request: SupervisorRequest, trabajador: Trabajador) -> str:
    """Do what the form says; the sentence that tells it."""
    pedido = PonerPinForm(request.POST).judged()
    if pedido["abrir"]:
        forgive_pin(trabajador=trabajador, actor=supervisor(request))
        return f"{trabajador} puede intentar de nuevo con su PIN"
    _judge_twice(pedido["pin"], pedido["repetido"])
    set_pin(trabajador=trabajador, pin=pedido["pin"], actor=supervisor(request))
    return f"{trabajador} tiene un PIN nuevo"


def _judge_twice(pin: str, repetido: str) -> None:
    if pin != repetido:
        raise SolicitudInvalida({"PIN": "los dos PIN no son iguales: escríbalo de nuevo"})


def _asked(request: SupervisorRequest, trabajador: Trabajador, refused: Refused | None = None) -> HttpResponse:
    contexto = {
        "trabajador": trabajador,
        "error": refused,
        "digitos": PIN_DIGITOS,
        "bloqueado": trabajador.pines_fallidos.count() >= PIN_INTENTOS,
    }
    status = status_of(refused) if refused else 200
    return render(request, "occupation/supervision/poner_pin.html", contexto, status=status)
