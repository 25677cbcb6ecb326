"""SOLD: welding, from pending to completed, never before the fit-up."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import models
from django_fsm import FSMField, FSMModelMixin, transition

from occupation.vocabulary import EstadoTrabajo

ARM_SUFICIENTE: dict[str, tuple[EstadoTrabajo, ...]] = {
    "iniciado": (EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO),
    "completado": (EstadoTrabajo.COMPLETADO,),
}
"""States of ARM that let SOLD start, by the setting SOLD_REQUIERE_ARM."""


def arm_suficiente(spool: Soldadura) -> bool:
    """Whether the fit-up is far enough for welding to start in this shop."""
    return spool.arm_state in ARM_SUFICIENTE[settings.SOLD_REQUIERE_ARM]


class Soldadura(FSMModelMixin, models.Model):
    """The SOLD machine and the date it leaves behind. Lives beside `Armado` in one model."""

    arm_state: str
    sold_state = FSMField(
        "soldadura", choices=EstadoTrabajo, default=EstadoTrabajo.PENDIENTE, max_length=20, protected=True
    )
    fecha_soldadura = models.DateField(null=True, blank=True)

    class Meta:
        abstract = True

    @transition(sold_state, EstadoTrabajo.PENDIENTE, EstadoTrabajo.EN_PROGRESO, conditions=[arm_suficiente])  # type: ignore[list-item]
    def iniciar_sold(self) -> None:
        """Somebody starts welding."""

    @transition(sold_state, EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO)
    def completar_sold(self, dia: date) -> None:
        """The welding is done; `dia` is its day in Chile."""
        self.fecha_soldadura = dia

    @transition(sold_state, EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.PENDIENTE)
    def cancelar_sold(self) -> None:
        """The start never happened."""

    @transition(sold_state, EstadoTrabajo.COMPLETADO, EstadoTrabajo.EN_PROGRESO)
    def reabrir_sold(self) -> None:
        """A supervisor says that it was not done: it waits for whoever goes on."""
        self.fecha_soldadura = None
