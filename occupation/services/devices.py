"""Devices: inviting, pairing, naming and revoking what may talk to the shop.

A secret is shown once and stored as a hash. Everything here but `revoke` opens a transaction of its own, so it is not
for the Django admin's own forms, which already run in one.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from occupation.models import Device, PairingAttempt, PairingCode
from occupation.models.device import fingerprint
from occupation.refusals import CodigoInvalido, DemasiadasSolicitudes, SolicitudInvalida
from occupation.services._transaction import one_at_a_time
from occupation.vocabulary import NOMBRE_MAXIMO, ActorTipo, AdvisoryLock, DeviceKind, DeviceScope

INVITATION_LASTS = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)
DIGITS = 8
FAILURES_PER_MINUTE = 10
"""Failed pairings one address may make in a minute."""

FAILURES_PER_HOUR = 100
"""After this many failed pairings in an hour, of all addresses together, no eight digits are tried until some lapse:
they stay unguessable. The long secret of a link needs no such limit, so nobody can shut pairing for the others."""

TOUCH_LOCK_MILLISECONDS = 20
"""Longest wait of `touch` for the table on PostgreSQL. For the row, and on SQLite, it does not wait at all."""

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
    with one_at_a_time(AdvisoryLock.DEVICES):
        return _invite(nombre, kind, scope, timezone.now())


def issue_token(*, nombre: str, scope: DeviceScope) -> tuple[Device, str]:
    """Make a device for a program: itself and its bearer token, which is not shown again."""
    with one_at_a_time(AdvisoryLock.DEVICES):
        return _issue(nombre, scope, timezone.now())


def pair(*, codigo: str, direccion: str) -> tuple[Device, str]:
    """Turn the secret or the eight digits of an invitation into a paired device and its token, once.

    Raises CodigoInvalido for a wrong, lapsed or used code, and counts it against `direccion`;
    DemasiadasSolicitudes, whatever the code, when this address had too many of those lately, and for eight digits
    also when all addresses together had.
    """
    ahora, typed = timezone.now(), _typed(codigo)
    with one_at_a_time(AdvisoryLock.DEVICES):
        _judge_failures(typed, direccion, ahora)
        code = _open_code(typed, ahora)
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
    with one_at_a_time(AdvisoryLock.DEVICES):
        if nombre.casefold() in _taken(Device.objects.vigentes().exclude(pk=device.pk)):
            raise SolicitudInvalida({"nombre": "ya hay un dispositivo con ese nombre"})
        Device.objects.filter(pk=device.pk).update(nombre=nombre)
    device.nombre = nombre


def touch(device: Device) -> None:
    """Remember that the device was seen now, at most once a minute, if that can be written at once.

    Never fails and never queues behind who is writing: then it is left for the first call a minute later.
    """
    ahora, given_up = timezone.now(), f"touch:{device.pk}"
    if (device.visto_en is not None and device.visto_en > ahora - SEEN_EVERY) or cache.get(given_up):
        return
    try:
        with _without_waiting(), transaction.atomic():
            written = _write_seen(device, ahora)
    except DatabaseError as error:
        log.info("No se anotó que se vio a %s: %s", device.nombre, type(error).__name__)
        written = False
    if written:
        device.visto_en = ahora
    else:
        cache.set(given_up, 1, SEEN_EVERY.total_seconds())


def _write_seen(device: Device, ahora: datetime) -> bool:
    """False if somebody else holds the row. SQLite has no row locks and ignores that part."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {TOUCH_LOCK_MILLISECONDS}")
    free = Device.objects.select_for_update(skip_locked=True).filter(pk=device.pk)
    return bool(Device.objects.filter(pk__in=free.values("pk")).update(visto_en=ahora))


@contextmanager
def _without_waiting() -> Iterator[None]:
    """On SQLite: a lock that is taken is an error at once, not after the shop's ten seconds."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        [usual] = cursor.fetchone()
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(usual)}")


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


def _typed(codigo: str) -> str:
    """What a person typed or followed, without the blanks and dashes that came with it."""
    return "".join(letter for letter in codigo.lower() if letter.isalnum())


def _open_code(typed: str, ahora: datetime) -> PairingCode | None:
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


def _judge_failures(typed: str, direccion: str, ahora: datetime) -> None:
    PairingAttempt.objects.filter(instante__lte=ahora - timedelta(hours=1)).delete()
    if len(typed) == DIGITS and PairingAttempt.objects.count() >= FAILURES_PER_HOUR:
        raise DemasiadasSolicitudes(segundos=3600)
    lately = PairingAttempt.objects.filter(direccion=direccion[:64], instante__gt=ahora - timedelta(minutes=1))
    if lately.count() >= FAILURES_PER_MINUTE:
        raise DemasiadasSolicitudes(segundos=60)


def reinvite(*, device: Device) -> Invitacion | tuple[Device, str]:
    """Hand the name of a device to another machine: end this one and invite its successor, both or neither.

    A program's successor is answered as `issue_token` does. Raises SolicitudInvalida when the device was revoked
    already; after any refusal it goes on as it was.
    """
    ahora = timezone.now()
    with one_at_a_time(AdvisoryLock.DEVICES):
        if not Device.objects.vigentes().filter(pk=device.pk).update(revocado_en=ahora):
            raise SolicitudInvalida({"dispositivo": "ya no está vigente: vincule uno nuevo"})
        kind, scope = DeviceKind(device.kind), DeviceScope(device.scope)
        if kind == DeviceKind.API:
            return _issue(device.nombre, scope, ahora)
        return _invite(device.nombre, kind, scope, ahora)


def _invite(nombre: str, kind: DeviceKind, scope: DeviceScope, ahora: datetime) -> Invitacion:
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


def _issue(nombre: str, scope: DeviceScope, ahora: datetime) -> tuple[Device, str]:
    token = secrets.token_urlsafe(32)
    return _create(nombre, DeviceKind.API, scope, ahora, fingerprint(token)), token
