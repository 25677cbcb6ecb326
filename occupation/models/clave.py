"""Idempotency keys: the answers already given, so that a repeat is harmless."""

from __future__ import annotations

from django.db import models

from occupation.vocabulary import TAG_MAXIMO

CLAVE_MAXIMA = 200
"""Longest idempotency key, in characters."""


class ClaveIdempotencia(models.Model):
    """One successful request: who asked (`ambito`), under which key, what it was and what was answered.

    A batch stores one row per tag. The row is inserted first in the verb's transaction, with a null answer that no
    other transaction can ever see committed.
    """

    ambito = models.CharField(max_length=40)
    clave = models.CharField(max_length=CLAVE_MAXIMA)
    tag = models.CharField(max_length=TAG_MAXIMO, blank=True)
    solicitud = models.CharField("huella de la solicitud", max_length=64)
    respuesta = models.JSONField(null=True)
    instante = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "clave de idempotencia"
        verbose_name_plural = "claves de idempotencia"
        constraints = [models.UniqueConstraint(fields=["ambito", "clave", "tag"], name="clave_unica")]

    def __str__(self) -> str:
        return f"{self.ambito} {self.clave} {self.tag}".strip()
