"""What came of a tap: a refusal as a page, or the outcome kept for the page that the answer redirects to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import push_url

from occupation.eligibility import why_not
from occupation.http_status import status_of
from occupation.models import Spool, Trabajador
from occupation.models.spool import TOMABLES
from occupation.queries import find_spool
from occupation.refusals import Refused, SpoolNoEncontrado
from occupation.services import Desenlace
from occupation.views.chosen import WorkerRequest
from occupation.vocabulary import TAGS_POR_LOTE, Accion, EstadoCalidad, Operacion

SLOT = "resultado"
"""The session keeps one outcome. Its page can be reloaded; the next tap takes its place."""

RETRYABLE = {"OCUPADO", "SPOOL_OCCUPIED"}
"""What the very same request may overcome later; never a VERSION_CONFLICT, which has to be looked at first."""

_NO_SE_PUDO = {
    Accion.TOMAR: "No se pudo tomar",
    Accion.PAUSAR: "No se pudo pausar",
    Accion.COMPLETAR: "No se pudo completar",
    Accion.CANCELAR: "No se pudo cancelar",
    Accion.INSPECCIONAR: "No se registró la inspección",
}
_HECHOS = {Accion.TOMAR: "tomados", Accion.PAUSAR: "pausados"}

Json = dict[str, Any]
View = Callable[..., HttpResponseBase]


def refused_as_page(accion: Accion | None = None) -> Callable[[View], View]:
    """A refusal becomes a page that says what happened and what to do, and stays until it is left."""

    def decorate(view: View) -> View:
        @wraps(view)
        def shown(request: WorkerRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                return view(request, *args, **kwargs)
            except Refused as refused:
                return refusal_page(request, refused, accion)

        return shown

    return decorate


def refusal_page(request: WorkerRequest, refused: Refused, accion: Accion | None) -> HttpResponse:
    """One refusal, with REINTENTAR (the same request under the same key) where that can help."""
    again = request.method == "POST" and refused.codigo in RETRYABLE
    contexto = {
        "titulo": _NO_SE_PUDO[accion] if accion else "No se puede mostrar",
        "frases": [refused.frase],
        "volver": work_url(op=request.POST.get("op") or request.POST.get("operacion"), **carried(request.POST)),
        "reintento": posted(request) if again else None,
        "clave": request.POST.get("clave", ""),
    }
    response = render(request, "occupation/rechazo.html", contexto, status=status_of(refused))
    # The address bar keeps the page the tap was made on: this one cannot be fetched.
    return push_url(response, False)  # noqa: FBT003 - django_htmx's word for "do not"


def posted(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of a form, to send it once more."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    return [(name, str(value)) for name, value in fields if name != "csrfmiddlewaretoken"]


def work_url(**query: str | None) -> str:
    """The work page with these query parameters, empty ones left out."""
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{reverse('trabajo')}?{given}" if given else reverse("trabajo")


def carried(given: QueryDict) -> dict[str, str]:
    """What the work page's list was narrowed to when the worker left it, to come back to the same."""
    return {name: value for name in ("nv", "avance") if (value := given.get(name))}


def done(request: WorkerRequest, clave: str, pestana: str | None, aviso: Json) -> HttpResponse:
    """Back to the work page, which shows `aviso` (`frases`, `despues`, `tomar`, `inspeccionar`)."""
    _keep(request, clave, aviso)
    return HttpResponseRedirect(work_url(op=pestana, **carried(request.POST), hecho=clave))


def many(request: WorkerRequest, accion: Accion, pedido: Json, desenlaces: Sequence[Desenlace]) -> HttpResponse:
    """Where to go after a batch: a single refusal is raised, a mixed outcome has its page, a success is told."""
    failed = [(each.tag, each.refused) for each in desenlaces if each.refused is not None]
    pestana = request.POST.get("op") or pedido.get("operacion")
    if failed and len(desenlaces) == 1:
        raise failed[0][1]
    messages = [(each.tag, each.respuesta.message) for each in desenlaces if each.respuesta is not None]
    if not failed:
        aviso = {"frases": _told(accion, [message for _, message in messages], request.trabajador)}
        again = _taken_again(accion, pedido) if request.trabajador.activo else {}
        return done(request, pedido["clave"], pestana, aviso | again)
    resultado = {
        "titulo": f"{len(messages)} de {len(desenlaces)} {_HECHOS[accion]}",
        "hechos": [{"tag": tag, "mensaje": message} for tag, message in messages],
        "fallidos": [{"tag": tag, "mensaje": refused.mensaje} for tag, refused in failed],
        "accion": reverse(accion.lower()),
        "operacion": pedido.get("operacion"),
        "pestana": pestana,
        "recorte": carried(request.POST),
        "volver": work_url(op=pestana, **carried(request.POST)),
    }
    _keep(request, pedido["clave"], resultado)
    return HttpResponseRedirect(f"{reverse('resultado')}?{urlencode({'de': pedido['clave']})}")


def _told(accion: Accion, messages: Sequence[str], trabajador: Trabajador) -> list[str]:
    if len(messages) == 1:
        return [messages[0]]
    return [f"{len(messages)} spools {_HECHOS[accion]} por {trabajador.worker_nombre}"]


def _taken_again(accion: Accion, pedido: Json) -> Json:
    """After a pause, the way back: a slip of the finger at the end of the shift costs one tap."""
    if accion != Accion.PAUSAR or not pedido.get("operacion") or len(pedido["tag"]) > TAGS_POR_LOTE:
        return {}
    texto = "TOMAR DE NUEVO" if len(pedido["tag"]) == 1 else f"TOMAR DE NUEVO ({len(pedido['tag'])})"
    return {"tomar": {"operacion": pedido["operacion"], "tags": pedido["tag"], "texto": texto}}


def next_step(tag: str, trabajador: Trabajador) -> Json:
    """What the spool waits for after a completion or an inspection, offered to the worker who may do it."""
    try:
        spool = find_spool(tag)
    except SpoolNoEncontrado:
        # Renamed or archived since: what was done stands and is told, and nothing of it is left to offer.
        return {}
    if spool.calidad_state == EstadoCalidad.BLOQUEADO:
        return {"despues": "Contacte al supervisor."}
    if why_not(spool, Accion.INSPECCIONAR, Operacion.METROLOGIA) is None:
        mine = {"inspeccionar": spool.tag_hoja} if trabajador.puede_iniciar(Operacion.METROLOGIA) else {}
        return {"despues": "Sigue METROLOGÍA."} | mine
    for operacion in TOMABLES:
        if why_not(spool, Accion.TOMAR, operacion) is None:
            return {"despues": f"Sigue {operacion.label}."} | _offered(spool, operacion, trabajador)
    return {}


def _offered(spool: Spool, operacion: Operacion, trabajador: Trabajador) -> Json:
    if not trabajador.puede_iniciar(operacion):
        return {}
    return {"tomar": {"operacion": operacion, "tags": [spool.tag_hoja], "texto": f"TOMAR {operacion.label}"}}


def _keep(request: WorkerRequest, clave: str, outcome: Json) -> None:
    request.session[SLOT] = outcome | {"clave": clave, "trabajador": request.trabajador.id}


def kept(request: WorkerRequest, clave: str | None) -> Json | None:
    """The outcome of the tap with this key, if it is the last one and was this worker's."""
    if not clave:
        return None
    outcome = request.session.get(SLOT)
    ours = {"clave": clave, "trabajador": request.trabajador.id}
    return outcome if outcome is not None and ours.items() <= outcome.items() else None
