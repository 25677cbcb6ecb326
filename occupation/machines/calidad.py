"""CALIDAD: inspection and repair share one field, so that impossible pairs cannot be stored.

The cycle counts consecutive rejections. It survives every state until an approval: three rejections with repairs
in between end in `bloqueado`.
"""

from __future__ import annotations

from datetime import date

from django.db import models
from django_fsm import GET_STATE, RETURN_VALUE, FSMField, FSMModelMixin, transition

from occupation.vocabulary import CICLOS_MAXIMOS, EstadoCalidad

E = EstadoCalidad


def _after_rejection(spool: Calidad) -> str:
    # django-fsm asks once the body has counted the rejection.
    return E.BLOQUEADO if spool.ciclo >= CICLOS_MAXIMOS else E.RECHAZADO


class Calidad(FSMModelMixin, models.Model):
    """The inspection and repair machine, its cycle and the day of approval."""

    calidad_state = FSMField("calidad", choices=E, default=E.PENDIENTE, max_length=20, protected=True)
    ciclo = models.PositiveSmallIntegerField("ciclo de rechazos", default=0)
    fecha_qc = models.DateField("fecha de aprobación", null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def en_ciclo(self) -> str:
        """How many rejections in a row, as screens say it: `ciclo 2/3`, never on two lines."""
        return f"ciclo\N{NO-BREAK SPACE}{self.ciclo}/{CICLOS_MAXIMOS}"

    @transition(calidad_state, E.PENDIENTE, E.APROBADO)
    def aprobar(self, dia: date) -> None:
        """The inspection passes on `dia` (Chile)."""
        self.ciclo = 0
        self.fecha_qc = dia

    @transition(calidad_state, E.PENDIENTE, GET_STATE(_after_rejection, [E.RECHAZADO, E.BLOQUEADO]))
    def rechazar(self) -> None:
        """The inspection fails; the third time in a row blocks the spool."""
        self.ciclo += 1

    @transition(calidad_state, [E.RECHAZADO, E.REPARACION_PAUSADA], E.EN_REPARACION)
    def tomar_reparacion(self) -> None:
        """Somebody starts or resumes the repair."""

    @transition(calidad_state, E.EN_REPARACION, E.REPARACION_PAUSADA)
    def pausar_reparacion(self) -> None:
        """The repair waits for the next worker."""

    @transition(calidad_state, E.EN_REPARACION, E.PENDIENTE)
    def completar_reparacion(self) -> None:
        """Back to the inspection queue; the cycle is kept."""

    @transition(calidad_state, E.EN_REPARACION, RETURN_VALUE(E.RECHAZADO, E.REPARACION_PAUSADA))
    def cancelar_reparacion(self, previo: str) -> str:
        """This take never happened: back to the state it found (`previo`)."""
        return previo

    @transition(calidad_state, E.BLOQUEADO, E.RECHAZADO)
    def desbloquear(self) -> None:
        """A supervisor gives one more chance."""
        self.ciclo = CICLOS_MAXIMOS - 1

    @transition(calidad_state, [E.APROBADO, E.RECHAZADO], E.PENDIENTE)
    def reabrir_inspeccion(self) -> None:
        """What was inspected is worked on again, or was inspected by mistake; the cycle is kept."""
        self.fecha_qc = None
