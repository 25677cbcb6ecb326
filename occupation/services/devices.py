"""Devices: inviting, pairing, naming and revoking what may talk to the shop.

A secret is shown once and stored as a hash. Everything here but `revoke` and `rename` opens a transaction of its
own, so it is not for the Django admin's own forms, which already run in one.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from occupation.models import Device, PairingAttempt, PairingCode
from occupation.models.device import fingerprint
from occupation.refusals import CodigoInvalido, DemasiadasSolicitudes, Ocupado, SolicitudInvalida
from occupation.services._transaction import verb_transaction
from occupation.vocabulary import ActorTipo, AdvisoryLock, DeviceKind, DeviceScope

INVITATION_LASTS = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)
NOMBRE_MAXIMO = 100
DIGITS = 8
FAILURES_PER_MINUTE = 10
"""Failed pairings one address may make in a minute."""

FAILURES_PER_HOUR = 100
"""Failed pairings all addresses together may make in an hour: eight digits stay unguessable in ten minutes."""

_RESERVED = {str(ActorTipo.HOJA), str(ActorTipo.SISTEMA)}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Invitacion:
    """A device waiting to be paired. `secreto` goes into the link and the QR, `digitos` can be typed."""

    device: Device
    secreto: str
    digitos: str


def invite(*, nombre: str, kind: DeviceKind, scope: DeviceScope = DeviceScope.ACT) -> Invitacion:
    """Make a tablet or board that one browser may become within ten minutes. A board always only reads.

    Two devices never share a name: the second `Tableta` is called `Tableta (2)`. Raises SolicitudInvalida for a name
    that is blank, too long or reserved.
    """
    if kind == DeviceKind.API:
        raise ValueError("a program is not paired: see issue_token")
    if kind == DeviceKind.BOARD:
        scope = DeviceScope.READ
    ahora = timezone.now()
    with _one_at_a_time():
        _forget_lapsed(ahora)
        device = _create(nombre, kind, scope, ahora)
        secreto, digitos = secrets.token_hex(16), _free_digits(ahora)
        PairingCode.objects.create(
            device=device,
            secret_hash=fingerprint(secreto),
            digits_hash=_digits_hash(digitos),
            vence_en=ahora + INVITATION_LASTS,
        )
    return Invitacion(device, secreto, digitos)


def issue_token(*, nombre: str, scope: DeviceScope) -> tuple[Device, str]:
    """Make a device for a program: itself and its bearer token, which is not shown again."""
    token = secrets.token_urlsafe(32)
    with _one_at_a_time():
        device = _create(nombre, DeviceKind.API, scope, timezone.now(), fingerprint(token))
    return device, token


def pair(*, codigo: str, direccion: str) -> tuple[Device, str]:
    """Turn the secret or the eight digits of an invitation into a paired device and its token, once.

    Raises CodigoInvalido for a wrong, lapsed or used code, and counts it against `direccion`;
    DemasiadasSolicitudes when there were too many of those, whatever the code.
    """
    ahora = timezone.now()
    with _one_at_a_time():
        _judge_failures(direccion, ahora)
        code = _open_code(codigo, ahora)
        if code is not None:
            return code.device, _consume(code, ahora)
        PairingAttempt.objects.create(direccion=direccion[:64], instante=ahora)
    raise CodigoInvalido


def revoke(*, device: Device) -> None:
    """End what a device may do, from its next request on and for good. Safe to repeat."""
    ahora = timezone.now()
    if Device.objects.vigentes().filter(pk=device.pk).update(revocado_en=ahora):
        device.revocado_en = ahora


def rename(*, device: Device, nombre: str) -> None:
    """Give a device another name. Raises SolicitudInvalida for one that another device has, or no name at all."""
    nombre = _clean(nombre)
    if nombre.casefold() in _taken(Device.objects.vigentes().exclude(pk=device.pk)):
        raise SolicitudInvalida({"nombre": "ya hay un dispositivo con ese nombre"})
    Device.objects.filter(pk=device.pk).update(nombre=nombre)
    device.nombre = nombre


def touch(device: Device) -> None:
    """Remember that the device was seen now, at most once a minute. Never fails: nobody waits for this to be kept."""
    ahora = timezone.now()
    if device.visto_en is not None and device.visto_en > ahora - SEEN_EVERY:
        return
    try:
        with verb_transaction():
            Device.objects.filter(pk=device.pk).update(visto_en=ahora)
    except (Ocupado, DatabaseError) as error:
        log.warning("No se anotó que se vio a %s: %s", device.nombre, type(error).__name__)
        return
    device.visto_en = ahora


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """A transaction that no other of these runs beside: counts and names stay true until it ends."""
    with verb_transaction():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(AdvisoryLock.DEVICES)])
        yield


def _create(
    nombre: str, kind: DeviceKind, scope: DeviceScope, ahora: datetime, token_hash: str | None = None
) -> Device:
    return Device.objects.create(
        nombre=_distinct(_clean(nombre)), kind=kind, scope=scope, creado_en=ahora, token_hash=token_hash
    )


def _clean(nombre: str) -> str:
    nombre = " ".join(nombre.split())
    if not nombre:
        raise SolicitudInvalida({"nombre": "escriba un nombre"})
    if len(nombre) > NOMBRE_MAXIMO:
        raise SolicitudInvalida({"nombre": f"use a lo más {NOMBRE_MAXIMO} caracteres"})
    if not nombre.isprintable():
        raise SolicitudInvalida({"nombre": "tiene caracteres que no se pueden mostrar"})
    if nombre.casefold() in _RESERVED:
        raise SolicitudInvalida({"nombre": "ese nombre está reservado; elija otro"})
    return nombre


def _distinct(nombre: str) -> str:
    """The name, or with the first number from 2 on that makes it unlike every other."""
    taken, candidate, number = _taken(Device.objects.vigentes()), nombre, 2
    while candidate.casefold() in taken:
        suffix = f" ({number})"
        candidate = nombre[: NOMBRE_MAXIMO - len(suffix)] + suffix
        number += 1
    return candidate


def _taken(devices: QuerySet[Device]) -> set[str]:
    return {nombre.casefold() for nombre in devices.values_list("nombre", flat=True)}


def _forget_lapsed(ahora: datetime) -> None:
    """Delete invitations nobody accepted in time, with the devices that they never became."""
    Device.objects.filter(token_hash__isnull=True, codigo__vence_en__lte=ahora).delete()


def _free_digits(ahora: datetime) -> str:
    """Eight digits that no other open invitation has."""
    while True:
        digitos = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        if not _open_codes(ahora).filter(digits_hash=_digits_hash(digitos)).exists():
            return digitos


def _digits_hash(digitos: str) -> str:
    """Keyed, since eight digits are few enough to be tried out against a plain hash."""
    return salted_hmac("occupation.pairing", digitos, algorithm="sha256").hexdigest()


def _open_codes(ahora: datetime) -> QuerySet[PairingCode]:
    return PairingCode.objects.filter(usado_en__isnull=True, vence_en__gt=ahora, device__revocado_en__isnull=True)


def _open_code(codigo: str, ahora: datetime) -> PairingCode | None:
    """The invitation a person typed or followed, whatever blanks and dashes came with it."""
    typed = "".join(letter for letter in codigo.lower() if letter.isalnum())
    if len(typed) == DIGITS:
        found = _open_codes(ahora).filter(digits_hash=_digits_hash(typed))
    else:
        found = _open_codes(ahora).filter(secret_hash=fingerprint(typed))
    return found.select_related("device").first()


def _consume(code: PairingCode, ahora: datetime) -> str:
    token = secrets.token_urlsafe(32)
    code.usado_en = ahora
    code.save(update_fields=["usado_en"])
    code.device.token_hash = fingerprint(token)
    code.device.visto_en = ahora
    code.device.save(update_fields=["token_hash", "visto_en"])
    return token


def _judge_failures(direccion: str, ahora: datetime) -> None:
    PairingAttempt.objects.filter(instante__lte=ahora - timedelta(hours=1)).delete()
    if PairingAttempt.objects.count() >= FAILURES_PER_HOUR:
        raise DemasiadasSolicitudes(segundos=3600)
    lately = PairingAttempt.objects.filter(direccion=direccion[:64], instante__gt=ahora - timedelta(minutes=1))
    if lately.count() >= FAILURES_PER_MINUTE:
        raise DemasiadasSolicitudes(segundos=60)
