"""The journal: append-only, written in the transaction of the verb it tells."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from occupation.models.spool import Spool
from occupation.models.trabajador import Trabajador
from occupation.vocabulary import Accion, ActorTipo, Operacion, TipoEvento

_AUTORES: dict[str, str] = {ActorTipo.HOJA: "la hoja (oficina)", ActorTipo.SISTEMA: "el sistema"}
"""Who acted without a name of their own."""


class Evento(models.Model):
    """One thing that happened. Order is the id; ids become visible in order; the database refuses changes.

    `detalle` holds what only this type has (`ciclo`, `resultado`, `motivo`, `maquina`/`desde`/`hasta`, counts).
    `estado` is the spool as this event left it: tag, estado_detalle, version, the three states and `ocupado`.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    instante = models.DateTimeField()
    tipo = models.CharField(max_length=30, choices=TipoEvento)
    spool = models.ForeignKey(Spool, models.PROTECT, null=True, blank=True, related_name="eventos", db_index=False)
    trabajador = models.ForeignKey(
        Trabajador, models.PROTECT, null=True, blank=True, related_name="eventos", db_index=False
    )
    actor_tipo = models.CharField("tipo de actor", max_length=20, choices=ActorTipo)
    actor_nombre = models.CharField("actor", max_length=150)
    actor_id = models.PositiveBigIntegerField("número del actor", null=True, blank=True)
    operacion = models.CharField("operación", max_length=20, blank=True, choices=Operacion)
    accion = models.CharField("acción", max_length=20, blank=True, choices=Accion)
    dia = models.DateField("día", null=True, blank=True)
    detalle = models.JSONField(default=dict)
    estado = models.JSONField(default=dict)

    class Meta:
        verbose_name = "evento"
        verbose_name_plural = "bitácora"
        indexes = [
            models.Index(fields=["spool", "id"], name="evento_por_spool"),
            models.Index(fields=["trabajador", "id"], name="evento_por_trabajador"),
            models.Index(fields=["actor_tipo", "actor_id", "id"], name="evento_por_actor"),
            models.Index(fields=["instante"], name="evento_por_instante"),
            models.Index(
                fields=["trabajador", "instante"], condition=Q(accion=Accion.LIBERAR), name="evento_liberados"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(tipo__in=TipoEvento.values), name="evento_tipo_conocido"),
            models.CheckConstraint(condition=Q(actor_tipo__in=ActorTipo.values), name="evento_actor_conocido"),
            models.CheckConstraint(
                condition=Q(tipo=TipoEvento.IMPORTACION, spool__isnull=True)
                | ~Q(tipo=TipoEvento.IMPORTACION) & Q(spool__isnull=False),
                name="evento_con_spool",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.tipo}"

    @property
    def autor(self) -> str:
        """Who did it, as a sentence begins: `marta`, `Tableta 1`, `la hoja (oficina)`."""
        return _AUTORES.get(self.actor_tipo, self.actor_nombre)
