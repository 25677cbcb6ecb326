"""Workers' PINs: set by a supervisor, asked of who steps up to a tablet in shops that want it.

A try is counted before it is judged, in the database: however many are made at once, no more than five are.
"""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.utils import timezone

from occupation.models import Device, Pin, PinFallido, Trabajador
from occupation.refusals import DemasiadasSolicitudes, PinBloqueado, PinIncorrecto, SinPin, SolicitudInvalida
from occupation.services._orden import Actor
from occupation.services._transaction import one_at_a_time
from occupation.vocabulary import PIN_DIGITOS, PIN_INTENTOS, AdvisoryLock

FAILURES_PER_MINUTE = 10
"""Wrong PINs one device may make in a minute, of all workers together."""

_RISING = "01234567890"
log = logging.getLogger(__name__)


def set_pin(*, trabajador: Trabajador, pin: str, actor: Actor) -> None:
    """Give the worker a PIN of four digits; who stepped up with another one must step up anew.

    It may be tried at once, whatever was tried before. Raises SolicitudInvalida for one that is no PIN, or that
    anybody would try first.
    """
    _judge(pin)
    row = {
        "hash": make_password(pin),
        "version": uuid.uuid4(),
        "puesto_en": timezone.now(),
        "puesto_por": actor.nombre,
    }
    with one_at_a_time(AdvisoryLock.PINS):
        Pin.objects.update_or_create(trabajador=trabajador, defaults=row)
        PinFallido.objects.filter(trabajador=trabajador).delete()


def forgive_pin(*, trabajador: Trabajador, actor: Actor) -> None:
    """Let the worker try the same PIN again. The log keeps who allowed it, for the tries that were counted go."""
    with one_at_a_time(AdvisoryLock.PINS):
        tries, _ = PinFallido.objects.filter(trabajador=trabajador).delete()
    log.warning("%s abrió el PIN de %s, con %d intentos fallidos", actor.nombre, trabajador.worker_nombre, tries)


def judge_pin(trabajador: Trabajador) -> Pin:
    """The worker's PIN, if it may be tried. Raises SinPin, PinBloqueado."""
    pin = Pin.objects.filter(trabajador=trabajador).first()
    if pin is None:
        raise SinPin(trabajador.worker_nombre)
    if trabajador.pines_fallidos.count() >= PIN_INTENTOS:
        raise PinBloqueado(trabajador.worker_nombre)
    return pin


def check_pin(*, trabajador: Trabajador, pin: str, device: Device) -> uuid.UUID:
    """The version of the worker's PIN, if this is it.

    Raises PinIncorrecto, and what `judge_pin` raises; DemasiadasSolicitudes, whatever the PIN, when this device had
    too many wrong ones in a minute.
    """
    with one_at_a_time(AdvisoryLock.PINS):
        kept = judge_pin(trabajador)
        _judge_device(device)
        PinFallido.objects.create(trabajador=trabajador, device=device, instante=timezone.now())
        left = PIN_INTENTOS - trabajador.pines_fallidos.count()
    # Slow on purpose, so not while others wait.
    if not check_password(pin, kept.hash):
        raise PinIncorrecto(quedan=left) if left else PinBloqueado(trabajador.worker_nombre)
    with one_at_a_time(AdvisoryLock.PINS):
        PinFallido.objects.filter(trabajador=trabajador).delete()
    return kept.version


def _judge_device(device: Device) -> None:
    lately = PinFallido.objects.filter(device=device, instante__gt=timezone.now() - timedelta(minutes=1))
    if lately.count() >= FAILURES_PER_MINUTE:
        raise DemasiadasSolicitudes(segundos=60)


def _judge(pin: str) -> None:
    if len(pin) != PIN_DIGITOS or not (pin.isascii() and pin.isdigit()):
        raise SolicitudInvalida({"PIN": f"use {PIN_DIGITOS} dígitos"})
    if len(set(pin)) == 1 or pin in _RISING or pin in _RISING[::-1]:
        raise SolicitudInvalida({"PIN": "ese PIN es demasiado fácil; elija otro"})
