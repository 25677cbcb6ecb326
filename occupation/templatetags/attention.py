"""`{% needs_a_person %}`: the admin's home page, each matter in words with the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse

from occupation.attention import Asunto, Tema
from occupation.attention import needs_a_person as read_matters

register = template.Library()


@dataclass(frozen=True, slots=True)
class Pista:
    """How a matter is told: what it is, what to do about it, where, and who may see that page."""

    titulo: str
    que_hacer: str
    pagina: str
    permiso: str
    consulta: str = ""


_PISTAS = {
    Tema.LARGAS: Pista(
        "Ocupaciones largas",
        "Llevan más de {horas} horas tomados. Pregunte a quien los tiene; si se olvidó de pausar, libérelos.",
        "admin:occupation_ocupacion_changelist",
        "occupation.view_ocupacion",
        "?larga=si",
    ),
    Tema.INACTIVOS: Pista(
        "Spools de trabajadores inactivos",
        "Todavía pueden pausarlos o completarlos en una tableta. Si ya no vienen, libérelos.",
        "admin:occupation_ocupacion_changelist",
        "occupation.view_ocupacion",
        "?inactivo=si",
    ),
    Tema.BLOQUEADOS: Pista(
        "Spools bloqueados",
        "Tres rechazos seguidos. Decida con metrología y desbloquee el que pueda repararse.",
        "admin:occupation_bloqueado_changelist",
        "occupation.view_bloqueado",
    ),
    Tema.PINES: Pista(
        "PIN bloqueados",
        "No pueden entrar a la tableta. Vea que sean ellos y abra su PIN, o póngales otro.",
        "pines",
        "occupation.poner_pin",
    ),
    Tema.SIN_PIN: Pista(
        "Trabajadores sin PIN",
        "No pueden entrar a la tableta hasta que un supervisor les ponga uno.",
        "pines",
        "occupation.poner_pin",
    ),
    Tema.REDIS: Pista(
        "Redis no responde",
        "El taller sigue trabajando sin él. Si no vuelve solo, avise a quien mantiene el servidor.",
        "admin:occupation_ocupacion_changelist",
        "occupation.view_ocupacion",
    ),
    Tema.MARCAS: Pista(
        "Marcas de Redis que no coinciden",
        "Manda la base de datos y se corrigen solas. Si siguen en un minuto: manage.py rebuild_claims.",
        "admin:occupation_ocupacion_changelist",
        "occupation.view_ocupacion",
    ),
    Tema.LIBRO: Pista(
        "No se llega al libro",
        "Mientras tanto nada se pierde: el taller sigue y los cambios esperan aquí. Repare lo que dice el error.",
        "admin:occupation_estadohoja_changelist",
        "occupation.view_estadohoja",
    ),
    Tema.ABANDONADA: Pista(
        "Nadie lleva la hoja",
        "Lo que la oficina escribe no llega. Avise a quien mantiene el servidor: falta el proceso que la sincroniza.",
        "admin:occupation_estadohoja_changelist",
        "occupation.view_estadohoja",
    ),
    Tema.RETENIDAS: Pista(
        "Hojas retenidas",
        "No se leen ni se escriben hasta que la hoja se repare o un administrador lo permita.",
        "admin:occupation_retencion_changelist",
        "occupation.view_retencion",
        "?permitida__exact=0",
    ),
    Tema.CONFLICTOS: Pista(
        "Conflictos entre la hoja y la app",
        "Los dos cambiaron la misma celda. Vale lo de la app hasta que un administrador decida.",
        "admin:occupation_conflicto_changelist",
        "occupation.view_conflicto",
        "?abierto=si",
    ),
    Tema.ESTACIONADAS: Pista(
        "Filas que la hoja no deja escribir",
        "Quite la protección o repare la fila en la hoja, y elija Volver a intentar.",
        "admin:occupation_mirror_changelist",
        "occupation.view_mirror",
        "?atraso=estacionada",
    ),
    Tema.DUDOSOS: Pista(
        "Datos dudosos",
        "Celdas de la hoja que no se pudieron leer. Corríjalas en la hoja.",
        "admin:occupation_celdadudosa_changelist",
        "occupation.view_celdadudosa",
    ),
    Tema.DUPLICADAS: Pista(
        "Filas duplicadas",
        "El mismo tag está en dos filas de la hoja y una se ignora. Borre la que sobra en la hoja.",
        "admin:occupation_filaduplicada_changelist",
        "occupation.view_filaduplicada",
    ),
    Tema.HOJA: Pista(
        "Spools que la hoja aún no muestra",
        "Sus últimos cambios están guardados aquí y esperan hace más de dos minutos. Vea en Estado de la hoja por qué.",
        "admin:occupation_mirror_changelist",
        "occupation.view_mirror",
        "?atraso=tarde",
    ),
    Tema.DISPOSITIVOS: Pista(
        "Dispositivos sin señal desde hace un día",
        "Revise si están encendidos y con red. Si uno se perdió, revóquelo.",
        "admin:occupation_device_changelist",
        "occupation.view_device",
        "?silencio=si",
    ),
}


@register.inclusion_tag("admin/_needs_a_person.html", takes_context=True)
def needs_a_person(context: dict[str, Any]) -> dict[str, Any]:
    """What waits for a person, as far as this user may see it."""
    user = context["request"].user
    asuntos = [asunto for asunto in read_matters() if user.has_perm(_PISTAS[asunto.tema].permiso)]
    return {"asuntos": [_told(asunto) for asunto in asuntos]}


@register.inclusion_tag("occupation/supervision/_asuntos.html", takes_context=True)
def lo_demas(context: dict[str, Any], asuntos: list[Asunto]) -> dict[str, Any]:
    """These matters for a supervisor; with the way to their page for who may open it."""
    user = context["request"].user
    return {"asuntos": [_told(asunto) | _way(asunto, user) for asunto in asuntos]}


def _way(asunto: Asunto, user: User) -> dict[str, str]:
    pista = _PISTAS[asunto.tema]
    office = pista.pagina.startswith("admin:")
    if not user.has_perm(pista.permiso) or (office and not user.is_staff):
        return {"enlace": ""}
    return {"boton": "Ver en Administración" if office else "Ver"}


def _told(asunto: Asunto) -> dict[str, Any]:
    pista = _PISTAS[asunto.tema]
    return {
        "asunto": asunto,
        "titulo": pista.titulo,
        "que_hacer": pista.que_hacer.format(horas=settings.OCUPACION_LARGA_HORAS),
        "enlace": reverse(pista.pagina) + pista.consulta,
        "mas": asunto.cuenta - len(asunto.ejemplos),
    }
