"""What may talk to the shop: paired tablets, boards and programs."""

from __future__ import annotations

import hashlib
from typing import Self

from django.db import models
from django.db.models import Q

from occupation.vocabulary import NOMBRE_MAXIMO, DeviceKind, DeviceScope


def fingerprint(secret: str) -> str:
    """What is stored instead of a secret. The secrets are random and long, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


class DeviceQuerySet(models.QuerySet["Device"]):
    """Reads of devices."""

    def vigentes(self) -> Self:
        """Those not revoked."""
        return self.filter(revocado_en__isnull=True)

    def con_token(self, token: str) -> Self:
        """The one that holds this token, if it may still use it."""
        return self.vigentes().filter(token_hash=fingerprint(token))


class Device(models.Model):
    """A tablet, a board or a program. The token is shown once to the device and stored as a hash."""

    nombre = models.CharField(max_length=NOMBRE_MAXIMO)
    kind = models.CharField("tipo", max_length=10, choices=DeviceKind)
    scope = models.CharField("alcance", max_length=10, choices=DeviceScope, default=DeviceScope.ACT)
    token_hash = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    creado_en = models.DateTimeField("creado")
    visto_en = models.DateTimeField("visto", null=True, blank=True)
    revocado_en = models.DateTimeField("revocado", null=True, blank=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        verbose_name = "dispositivo"
        verbose_name_plural = "dispositivos"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DeviceKind.values), name="device_kind_conocido"),
            models.CheckConstraint(condition=Q(scope__in=DeviceScope.values), name="device_scope_conocido"),
            models.CheckConstraint(
                condition=~Q(kind=DeviceKind.BOARD) | Q(scope=DeviceScope.READ),
                name="device_tablero_solo_lee",
            ),
        ]

    def __str__(self) -> str:
        return self.nombre

    @property
    def puede_actuar(self) -> bool:
        """Whether the device may post a verb."""
        return self.scope == DeviceScope.ACT


class PairingCode(models.Model):
    """A one-time invitation to be a device: a long secret for the link and the QR, eight digits to type."""

    device = models.OneToOneField(Device, models.CASCADE, related_name="codigo")
    secret_hash = models.CharField(max_length=64, unique=True)
    digits_hash = models.CharField(max_length=64, db_index=True)
    vence_en = models.DateTimeField("vence")
    usado_en = models.DateTimeField("usado", null=True, blank=True)

    class Meta:
        verbose_name = "código de vinculación"
        verbose_name_plural = "códigos de vinculación"

    def __str__(self) -> str:
        return f"código de {self.device}"


class PairingAttempt(models.Model):
    """A failed pairing, kept to slow guessing down."""

    direccion = models.CharField(max_length=64)
    instante = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "vinculación fallida"
        verbose_name_plural = "vinculaciones fallidas"

    def __str__(self) -> str:
        return f"{self.direccion} {self.instante:%Y-%m-%d %H:%M}"
