"""A worker's PIN, in shops that ask for one, and the wrong ones that were typed."""

from __future__ import annotations

from django.db import models

from occupation.models.device import Device
from occupation.models.trabajador import Trabajador


class Pin(models.Model):
    """The PIN of one worker, only as a slow hash. `version` changes with it: who stepped up before steps up anew."""

    trabajador = models.OneToOneField(Trabajador, models.CASCADE, primary_key=True, related_name="pin")
    hash = models.CharField(max_length=200, editable=False)
    version = models.UUIDField("versión")
    puesto_en = models.DateTimeField("puesto")
    puesto_por = models.CharField(max_length=150)

    class Meta:
        verbose_name = "PIN"
        verbose_name_plural = "PIN"

    def __str__(self) -> str:
        return f"PIN de {self.trabajador}"


class PinFallido(models.Model):
    """A PIN that was tried and not (yet) found right. A right one, or a new PIN, forgets the worker's."""

    trabajador = models.ForeignKey(Trabajador, models.CASCADE, related_name="pines_fallidos")
    device = models.ForeignKey(Device, models.CASCADE, related_name="+", verbose_name="dispositivo")
    instante = models.DateTimeField()

    class Meta:
        verbose_name = "PIN fallido"
        verbose_name_plural = "PIN fallidos"
        indexes = [models.Index(fields=["device", "instante"], name="pinfallido_por_device")]

    def __str__(self) -> str:
        return f"{self.trabajador_id} {self.instante:%Y-%m-%d %H:%M}"
