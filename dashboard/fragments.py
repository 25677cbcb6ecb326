"""What pages are told of a change: each changed row drawn once per process, the same for everybody.

A fragment is neutral: no form, key, token, worker or role of whoever looks is in it. Each element has the id of what
it replaces (`hx-swap-oob`); one that a page does not have is not for that page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone

from dashboard.board import cards, summary
from dashboard.feed import TABLERO
from dashboard.journal import attempt
from occupation.eligibility import listed, why_not
from occupation.models import Spool
from occupation.queries import Fila
from occupation.vocabulary import ACCION_DE, Operacion

SUMMARY = ("_franja", "_tomados", "_hoy", "_ultimo")
"""What of the wall is drawn anew with every change."""


@dataclass(frozen=True, slots=True)
class Lista:
    """What a row's template asks of its page, where there is no page: nothing of whoever looks."""

    operacion: Operacion
    duplicados: frozenset[str] = frozenset()
    entera: str = ""

    def members(self, spools: Iterable[Spool]) -> set[int]:
        """Which of the spools stand in the list when nothing is searched."""
        found = Spool.objects.vivos().filter(listed(self.operacion), pk__in=[spool.pk for spool in spools])
        return set(found.values_list("pk", flat=True))


def draw(vistas: Iterable[str], spools: Collection[int], tags: Collection[str]) -> Mapping[str, str | None]:
    """The HTML of these spools for each of these channels; None where it cannot be drawn and a page must repaint."""
    changed = list(Spool.objects.con_gente().filter(Q(pk__in=spools) | Q(tag__in=tags)).order_by("pk"))
    return {vista: attempt(f"el fragmento de {vista}", partial(_draw, vista, changed)) for vista in vistas}


def _draw(vista: str, changed: Iterable[Spool]) -> str:
    return _board(changed) if vista == TABLERO else _list(Lista(Operacion(vista)), changed)


def _board(changed: Iterable[Spool]) -> str:
    ahora = timezone.now()
    held = [spool for spool in changed if spool.ocupado]
    parts = [_gone(f"tarjeta-{spool.pk}") for spool in changed if not spool.ocupado]
    parts += [_render("dashboard/_tarjeta.html", tarjeta=tarjeta) for tarjeta in cards(held, ahora)]
    tablero = summary(ahora)
    return "".join([*parts, *(_render(f"dashboard/{name}.html", tablero=tablero) for name in SUMMARY)])


def _list(lista: Lista, changed: Iterable[Spool]) -> str:
    here = lista.members(changed)
    return "".join(_row(lista, spool, listada=spool.pk in here) for spool in changed)


def _row(lista: Lista, spool: Spool, *, listada: bool) -> str:
    if spool.archivado_en is not None:
        return _gone(f"fila-{lista.operacion}-{spool.pk}")
    fila = Fila(spool, why_not(spool, ACCION_DE[lista.operacion], lista.operacion))
    return _render("occupation/_fila.html", fila=fila, pantalla=lista, listada=listada)


def _gone(id: str) -> str:
    return f'<li id="{id}" hx-swap-oob="delete"></li>'


def _render(template: str, **context: object) -> str:
    return render_to_string(template, {**context, "vivo": True}).strip()
