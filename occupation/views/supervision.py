"""/supervision/: what needs a person now, and LIBERAR and DESBLOQUEAR where it is shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from occupation import services
from occupation.access import supervisor
from occupation.attention import Asunto, Tema, blocked, held_by_inactive, long_before, long_occupations, needs_a_person
from occupation.forms import SupervisionForm
from occupation.history import how_it_ended
from occupation.models import Spool
from occupation.models.spool import SpoolQuerySet
from occupation.queries import find_spool
from occupation.refusals import SolicitudInvalida
from occupation.rules import judge_bloqueado
from occupation.views.fragment import fragment_of
from occupation.views.supervisor import SupervisorRequest, ask, done, refused_to_supervisor, supervisor_required

SHOWN = 200
"""As many spools of a kind are listed, and the rest is counted; the admin's lists have pages for more."""

PARA_LIBERAR = ("Se fue sin pausar", "Cambio de turno", "Lo tomó por error", "Tableta sin batería")
PARA_DESBLOQUEAR = ("Se puede reparar una vez más", "Lo autorizó el cliente", "Se rechazó por error")
"""Reasons that need no typing."""

WITH_ROWS = {Tema.LARGAS, Tema.INACTIVOS, Tema.BLOQUEADOS}
"""What the page shows spool by spool."""

Fila = TypeVar("Fila")


@require_safe
@supervisor_required()
def supervision(request: SupervisorRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "occupation/supervision/panel.html", {"panel": Panel()})


@require_safe
@supervisor_required()
@fragment_of("supervision")
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


@dataclass(frozen=True, slots=True)
class Tramo(Generic[Fila]):
    """The beginning of a list, and how many there are in all."""

    filas: list[Fila]
    cuenta: int

    @classmethod
    def de(cls, found: SpoolQuerySet, fila: Callable[[Spool], Fila]) -> Tramo[Fila]:
        """The first SHOWN of `found`, each as `fila` makes it."""
        filas = [fila(spool) for spool in found.con_gente()[:SHOWN]]
        return Tramo(filas, found.count() if len(filas) == SHOWN else len(filas))

    @property
    def mas(self) -> int:
        """How many are not shown."""
        return self.cuenta - len(self.filas)


class Panel:
    """What the page shows. Each part is read once, when the template comes to it."""

    def __init__(self) -> None:
        self._ahora = timezone.now()

    @cached_property
    def por_revisar(self) -> Tramo[Tomado]:
        """What has been held for too long, or by somebody who was deactivated; longest first."""
        return self._held(long_occupations(self._ahora) | held_by_inactive())

    @cached_property
    def tomados(self) -> Tramo[Tomado]:
        """What else is held, longest first."""
        limit = long_before(self._ahora)
        return self._held(Spool.objects.ocupados().filter(ocupado_desde__gt=limit, ocupado_por__activo=True))

    def _held(self, found: SpoolQuerySet) -> Tramo[Tomado]:
        limit = long_before(self._ahora)
        return Tramo.de(
            found.order_by("ocupado_desde", "id"),
            lambda spool: Tomado(
                spool,
                larga=spool.ocupado_desde is not None and spool.ocupado_desde <= limit,
                inactivo=spool.ocupado_por is not None and not spool.ocupado_por.activo,
            ),
        )

    @cached_property
    def bloqueados(self) -> Tramo[Spool]:
        """What three rejections have stopped."""
        return Tramo.de(blocked().order_by("tag"), lambda spool: spool)

    @cached_property
    def asuntos(self) -> list[Asunto]:
        """Everything else that waits for a person."""
        return [asunto for asunto in needs_a_person() if asunto.tema not in WITH_ROWS]

    @property
    def en_orden(self) -> bool:
        """Whether nothing waits for anybody."""
        return not (self.por_revisar.cuenta or self.bloqueados.cuenta or self.asuntos)

    @cached_property
    def huella(self) -> str:
        """The same as long as the list says the same."""
        held = [*self.por_revisar.filas, *self.tomados.filas]
        rows = [[str(each.spool.version), each.larga, each.inactivo] for each in held]
        counts = [tramo.cuenta for tramo in (self.por_revisar, self.tomados, self.bloqueados)]
        others = [[asunto.tema, asunto.cuenta, *asunto.ejemplos] for asunto in self.asuntos]
        seen = [rows, [str(spool.version) for spool in self.bloqueados.filas], counts, others]
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
        raise how_it_ended(spool, liberar=True)
    return ask(request, "occupation/supervision/liberar.html", spool, refused, sugeridos=PARA_LIBERAR)


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
    return ask(request, "occupation/supervision/desbloquear.html", spool, refused, sugeridos=PARA_DESBLOQUEAR)
