"""How the screens write the shop: tags with their telling end, times, durations, states as shape and word."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import lru_cache

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from occupation.history import duration, seconds_between
from occupation.models import Evento, Spool, Trabajador
from occupation.queries import Fila
from occupation.vocabulary import (
    CICLOS_MAXIMOS,
    CORRECCIONES,
    Accion,
    ActorTipo,
    EstadoCalidad,
    EstadoTrabajo,
    Falta,
    Operacion,
    Resultado,
    Rol,
    TipoEvento,
)

SPOOLS_AT_HAND = 10_000
"""Each list writes the addresses of the same few thousand spools."""

register = template.Library()


@register.simple_tag
def build() -> str:
    """Which build of the product drew this page."""
    return settings.VERSION


@register.simple_tag
def pide_pin() -> bool:
    """Whether workers type a PIN at the tablet."""
    return settings.PIN_TRABAJADORES


@register.simple_tag
def ahora() -> str:
    """The shop's clock, ISO with its offset: scripts go by it and never by the tablet's own."""
    return timezone.localtime().isoformat(timespec="seconds")


@register.simple_tag
def clave_nueva() -> str:
    """An idempotency key for one form; where scripts run, each tap makes its own."""
    return secrets.token_urlsafe(16)


@register.filter
def tag(tag_hoja: str, clase: str = "") -> SafeString:
    """A tag whose last part, which tells it from its neighbours, can be drawn biggest."""
    cabeza, guion, cola = tag_hoja.rpartition("-")
    return format_html('<span class="tag {}">{}<b>{}{}</b></span>', clase, cabeza, guion, cola)


@register.filter
@lru_cache(SPOOLS_AT_HAND)
def ruta_spool(tag_hoja: str) -> str:
    """The address of a spool's page."""
    return reverse("spool", args=[tag_hoja])


@register.filter
def roles(trabajador: Trabajador) -> str:
    """The worker's roles as the shop writes them."""
    return " · ".join(Rol(rol).label for rol in trabajador.nombres_de_roles())


@register.filter
def hora(instante: datetime) -> str:
    """The shop's clock: `14:05` today, `19-11 14:05` on another day, `19-11-2025 14:05` in another year."""
    local, hoy = timezone.localtime(instante), timezone.localdate()
    if local.date() == hoy:
        return f"{local:%H:%M}"
    return f"{local:%d-%m %H:%M}" if local.year == hoy.year else f"{local:%d-%m-%Y %H:%M}"


@register.filter
def corriendo(desde: datetime) -> SafeString:
    """How long something has been going on. A script counts on by the shop's clock, never by its own."""
    transcurrido = duration(seconds_between(desde, timezone.now()))
    return format_html('<span class="corre" data-corre="{}">{}</span>', int(desde.timestamp()), transcurrido)


@register.filter
def estado(fila: Fila, operacion: Operacion) -> SafeString:
    """What a row of a list says of its spool: its state for this operation, or why it cannot be taken."""
    clase, texto = _occupied(fila.spool, operacion) or _refused(fila) or _free(fila.spool, operacion)
    return format_html('<span class="est {}">{}</span>', clase, texto)


def _occupied(spool: Spool, operacion: Operacion) -> tuple[str, str | SafeString] | None:
    if spool.ocupado_por is None or spool.ocupado_desde is None:
        return None
    que = f" en {spool.tomado_para}"
    if spool.ocupado_operacion == operacion:
        que = f" · {spool.en_ciclo}" if operacion == Operacion.REPARACION else ""
    quien = f"Ocupado por {spool.ocupado_por.worker_nombre}{que}"
    return "ocupado", format_html("<span>{} · {}</span>", quien, corriendo(spool.ocupado_desde))


def _refused(fila: Fila) -> tuple[str, str] | None:
    refused, spool = fila.refused, fila.spool
    if refused is None:
        return None
    if refused.codigo == "DEPENDENCIAS_NO_SATISFECHAS":
        falta = refused.datos["falta"]
        return "libre", f"Falta {falta if falta == Falta.FECHA_MATERIALES else operation_label(falta)}"
    if refused.codigo == "OPERACION_YA_COMPLETADA" and spool.calidad_state != EstadoCalidad.APROBADO:
        return "bien", f"Ya tiene completado {operation_label(refused.datos['operacion'])}"
    if spool.calidad_state == EstadoCalidad.RECHAZADO:
        return "mal", f"Rechazado · {spool.en_ciclo}: espera su reparación"
    return _quality(spool) or ("libre", "Sin rechazo que reparar")


def _quality(spool: Spool) -> tuple[str, str] | None:
    """What inspection and repair have made of a free spool; None before the first inspection."""
    says = {
        EstadoCalidad.APROBADO: ("bien", "Ya aprobado"),
        EstadoCalidad.BLOQUEADO: ("alto", "Bloqueado: contacte al supervisor"),
        EstadoCalidad.RECHAZADO: ("mal", f"Rechazado · {spool.en_ciclo}"),
        EstadoCalidad.REPARACION_PAUSADA: ("pausa", f"Reparación pausada · {spool.en_ciclo}"),
    }
    return says.get(EstadoCalidad(spool.calidad_state))


def _free(spool: Spool, operacion: Operacion) -> tuple[str, str]:
    if operacion == Operacion.METROLOGIA:
        return ("pausa", f"Reparado · {spool.en_ciclo}") if spool.ciclo else ("libre", "Primera inspección")
    if operacion == Operacion.REPARACION and (quality := _quality(spool)):
        return quality
    arm = operacion == Operacion.ARM
    if (spool.arm_state if arm else spool.sold_state) == EstadoTrabajo.EN_PROGRESO:
        antes = spool.armador if arm else spool.soldador
        return "pausa", f"Pausado · lo tenía {antes.worker_nombre}" if antes else "Pausado"
    if not arm and spool.arm_state == EstadoTrabajo.EN_PROGRESO:
        return "libre", "Sin empezar · ARMADO sin terminar"
    return "libre", "Sin empezar"


def operation_label(operacion: str | None) -> str:
    """ARMADO for ARM; whatever it says for a word we do not know."""
    return Operacion(operacion).label if operacion in Operacion.values else str(operacion or "")


_HECHO: dict[str, str] = {
    Accion.TOMAR: "tomó",
    Accion.PAUSAR: "pausó",
    Accion.COMPLETAR: "completó",
    Accion.CANCELAR: "canceló",
    Accion.LIBERAR: "liberó",
}


CIERRE_EN_PALABRAS = {
    Accion.PAUSAR: "pausó",
    Accion.COMPLETAR: "completó",
    Accion.CANCELAR: "canceló la toma",
    Accion.LIBERAR: "hasta que lo liberaron",
}
"""How a session ended, for a line that begins with who and when."""


def correction_of(evento: Evento) -> str:
    """What a supervisor put right, for a sentence that begins with who: `corrigió ARMADO: MR(93) → JP(94)`."""
    que = operation_label(evento.operacion)
    if evento.accion == Accion.REABRIR:
        return f"reabrió {que}"
    return f"corrigió {que}: {evento.detalle.get('antes', '')} → {evento.detalle.get('despues', '')}"


@register.filter
def en_palabras(evento: Evento) -> SafeString:
    """One row of the journal as a sentence. A type we do not know is named as it is: nothing here can fail."""
    objeto = tag(evento.spool.tag_hoja) if evento.spool else ""
    if evento.tipo == TipoEvento.IMPORTACION:
        by_hand = evento.actor_tipo == ActorTipo.SUPERVISOR
        return format_html("{} {}", evento.autor, "cambió trabajadores" if by_hand else "importó la planilla")
    if evento.tipo == TipoEvento.EDICION_HOJA:
        return format_html("Se editó {} en la hoja", objeto)
    deed = _deed(evento)
    if not deed:
        return format_html("{} {}", evento.get_tipo_display(), objeto)
    return format_html("<b>{}</b> {} {}{}", _author(evento), deed, objeto, _rejection(evento))


def _deed(evento: Evento) -> str:
    """What somebody did, as a verb that the spool follows; empty for what no verb tells."""
    if evento.accion == Accion.INSPECCIONAR:
        return "aprobó" if evento.detalle.get("resultado") == Resultado.APROBADO else "rechazó"
    if evento.accion == Accion.DESBLOQUEAR:
        return "desbloqueó"
    if evento.accion in CORRECCIONES:
        return f"{correction_of(evento)} en"
    return f"{_HECHO[evento.accion]} {operation_label(evento.operacion)}" if evento.accion in _HECHO else ""


def _rejection(evento: Evento) -> str:
    """What a rejection adds to its sentence: how many they are, or that it was the last; nothing for any other row."""
    ciclo = evento.detalle.get("ciclo")
    if evento.detalle.get("resultado") != Resultado.RECHAZADO:
        return ""
    return " · BLOQUEADO" if ciclo == CICLOS_MAXIMOS else f" · ciclo {ciclo}/{CICLOS_MAXIMOS}"


def _author(evento: Evento) -> str:
    by_supervisor = evento.accion in {Accion.LIBERAR, Accion.DESBLOQUEAR, *CORRECCIONES}
    if by_supervisor or evento.trabajador is None:
        return evento.autor
    return evento.trabajador.worker_nombre
