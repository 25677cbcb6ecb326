"""ARM: fit-up, from pending to completed."""

from __future__ import annotations

from datetime import date

from django.db import models
from django_fsm import FSMField, FSMModelMixin, transition

from occupation.vocabulary import EstadoTrabajo


class Armado(FSMModelMixin, models.Model):
    """The ARM machine and the date it leaves behind."""

    arm_state = FSMField(
        "armado", choices=EstadoTrabajo, default=EstadoTrabajo.PENDIENTE, max_length=20, protected=True
    )
    fecha_armado = models.DateField(null=True, blank=True)

    class Meta:
        abstract = True

    @transition(arm_state, EstadoTrabajo.PENDIENTE, EstadoTrabajo.EN_PROGRESO)
    def iniciar_arm(self) -> None:
        """Somebody starts the fit-up."""

    @transition(arm_state, EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO)
    def completar_arm(self, dia: date) -> None:
        """The fit-up is done; `dia` is its day in Chile."""
        self.fecha_armado = dia

    @transition(arm_state, EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.PENDIENTE)
    def cancelar_arm(self) -> None:
        """The start never happened."""

    @transition(arm_state, EstadoTrabajo.COMPLETADO, EstadoTrabajo.EN_PROGRESO)
    def reabrir_arm(self) -> None:
        """A supervisor says that it was not done: it waits for whoever goes on."""
        self.fecha_armado = None
