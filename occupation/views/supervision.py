"""/supervision/: what needs a person now, and LIBERAR and DESBLOQUEAR where it is shown."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from occupation import services
from occupation.access import supervisor
from occupation.attention import Asunto, Tema, blocked, long_before, needs_a_person
from occupation.forms import SupervisionForm
from occupation.history import how_it_ended
from occupation.models import Spool
from occupation.queries import find_spool
from occupation.refusals import SolicitudInvalida
from occupation.rules import judge_bloqueado
from occupation.views.supervisor import SupervisorRequest, ask, done, refused_to_supervisor, supervisor_required

SHOWN = 200
"""As many held or blocked spools are listed; the admin's lists have pages for more."""

SUGERIDOS = ("Se fue sin pausar", "Cambio de turno", "Lo tomó por error", "Tableta sin batería")
"""Reasons to release that need no typing."""

WITH_ROWS = {Tema.LARGAS, Tema.INACTIVOS, Tema.BLOQUEADOS}
"""What the page shows spool by spool."""


@require_safe
@supervisor_required()
def supervision(request: SupervisorRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "occupation/supervision/panel.html", {"panel": Panel()})


@require_safe
@supervisor_required()
def supervision_ahora(request: SupervisorRequest) -> HttpResponse:
    """Its list, if it is not what the page shows already: nothing moves under a finger in vain."""
    panel = Panel()
    if request.GET.get("visto") == panel.huella:
        return HttpResponse(status=204)
    return render(request, "occupation/supervision/_ahora.html", {"panel": panel})


@dataclass(frozen=True, slots=True)
class Tomado:
    """A spool in somebody's hands, and why a person should look at it."""

    spool: Spool
    larga: bool
    inactivo: bool

    @property
    def espera(self) -> bool:
        """Whether it waits for a person."""
        return self.larga or self.inactivo


class Panel:
    """What the page shows. Each part is read once, when the template comes to it."""

    @cached_property
    def _tomados(self) -> list[Tomado]:
        limit = long_before(timezone.now())
        return [
            Tomado(
                spool,
                larga=spool.ocupado_desde is not None and spool.ocupado_desde <= limit,
                inactivo=spool.ocupado_por is not None and not spool.ocupado_por.activo,
            )
            for spool in Spool.objects.ocupados().con_gente().order_by("ocupado_desde", "id")[:SHOWN]
        ]

    @property
    def por_revisar(self) -> list[Tomado]:
        """What has been held for too long, or by somebody who was deactivated; longest first."""
        return [tomado for tomado in self._tomados if tomado.espera]

    @property
    def tomados(self) -> list[Tomado]:
        """What else is held, longest first."""
        return [tomado for tomado in self._tomados if not tomado.espera]

    @cached_property
    def bloqueados(self) -> list[Spool]:
        """What three rejections have stopped."""
        return list(blocked().con_gente().order_by("tag")[:SHOWN])

    @cached_property
    def asuntos(self) -> list[Asunto]:
        """Everything else that waits for a person."""
        return [asunto for asunto in needs_a_person() if asunto.tema not in WITH_ROWS]

    @property
    def en_orden(self) -> bool:
        """Whether nothing waits for anybody."""
        return not (self.por_revisar or self.bloqueados or self.asuntos)

    @cached_property
    def huella(self) -> str:
        """The same as long as the list says the same."""
        rows = [[str(each.spool.version), each.larga, each.inactivo] for each in self._tomados]
        others = [[asunto.tema, asunto.cuenta, *asunto.ejemplos] for asunto in self.asuntos]
        seen = [rows, [str(spool.version) for spool in self.bloqueados], others]
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


@require_http_methods(["GET", "POST"])
@supervisor_required()
@refused_to_supervisor
def liberar(request: SupervisorRequest) -> HttpResponse:
    """Asked why, then done."""
    if request.method != "POST":
        return _asked_liberar(request, request.GET.get("tag", ""))
    pedido = SupervisionForm(request.POST).judged()
    try:
        respuesta = services.liberar(**pedido, actor=supervisor(request))
    except SolicitudInvalida as refused:
        return _asked_liberar(request, pedido["tag"], refused)
    return done(request, respuesta.message)


def _asked_liberar(request: SupervisorRequest, tag: str, refused: SolicitudInvalida | None = None) -> HttpResponse:
    spool = find_spool(tag)
    if not spool.ocupado:
        raise how_it_ended(spool)
    return ask(request, "occupation/supervision/liberar.html", spool, refused, sugeridos=SUGERIDOS)


@require_http_methods(["GET", "POST"])
@supervisor_required("occupation.desbloquear_bloqueado")
@refused_to_supervisor
def desbloquear(request: SupervisorRequest) -> HttpResponse:
    """Asked why, then done."""
    if request.method != "POST":
        return _asked_desbloquear(request, request.GET.get("tag", ""))
    pedido = SupervisionForm(request.POST).judged()
    try:
        respuesta = services.desbloquear(**pedido, actor=supervisor(request))
    except SolicitudInvalida as refused:
        return _asked_desbloquear(request, pedido["tag"], refused)
    return done(request, respuesta.message)


def _asked_desbloquear(request: SupervisorRequest, tag: str, refused: SolicitudInvalida | None = None) -> HttpResponse:
    spool = find_spool(tag)
    judge_bloqueado(spool)
    return ask(request, "occupation/supervision/desbloquear.html", spool, refused)
