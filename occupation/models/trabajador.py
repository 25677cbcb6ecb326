"""Who works in the shop, and what each may do."""

from __future__ import annotations

from typing import Self

from django.db import models

from occupation.vocabulary import NOMBRE_MAXIMO, PIN_INTENTOS, ROLES_DE, Operacion, Rol


class TrabajadorQuerySet(models.QuerySet["Trabajador"]):
    """Reads of workers."""

    def activos(self) -> Self:
        """Those who may start something."""
        return self.filter(activo=True)

    def de_operacion(self, operacion: Operacion) -> Self:
        """Those whose roles allow starting `operacion`."""
        return self.filter(roles__rol__in=ROLES_DE[operacion]).distinct()

    def presentes(self) -> Self:
        """Who may step up to a tablet: the active ones, and whoever still holds something."""
        holders = self.model.objects.filter(ocupados__isnull=False)
        return self.filter(models.Q(activo=True) | models.Q(pk__in=holders.values("pk")))

    def sin_pin(self) -> Self:
        """Those who were given none."""
        return self.filter(pin__isnull=True)

    def con_pin_bloqueado(self) -> Self:
        """Those who may not try theirs any more."""
        return self.alias(fallidos=models.Count("pines_fallidos")).filter(fallidos__gte=PIN_INTENTOS)


class Trabajador(models.Model):
    """A worker. The number identifies; the initials never do. The sheet owns the rows while it lists workers."""

    id = models.PositiveIntegerField("número", primary_key=True)
    nombre = models.CharField(max_length=NOMBRE_MAXIMO)
    apellido = models.CharField(max_length=NOMBRE_MAXIMO, blank=True)
    activo = models.BooleanField(default=True)

    objects = TrabajadorQuerySet.as_manager()

    class Meta:
        verbose_name = "trabajador"
        verbose_name_plural = "trabajadores"
        permissions = (("poner_pin", "Puede poner el PIN de un trabajador"),)
        constraints = [models.CheckConstraint(condition=models.Q(id__gte=1), name="trabajador_id_positivo")]

    def __str__(self) -> str:
        return f"{self.worker_nombre} · {self.nombre_completo}"

    @property
    def nombre_completo(self) -> str:
        """Name and surname as a person reads them: `Miguel Rojas`."""
        return f"{self.nombre} {self.apellido}".strip()

    @property
    def worker_nombre(self) -> str:
        """How every screen and the sheet show the worker: `MR(93)`."""
        iniciales = "".join(palabra[:1] for palabra in (self.nombre.strip(), self.apellido.strip()))
        return f"{iniciales.upper()}({self.id})"

    def puede_iniciar(self, operacion: Operacion) -> bool:
        """Whether the worker may start `operacion` at all: who was deactivated only ends what is held."""
        return self.activo and self.puede(operacion)

    def nombres_de_roles(self) -> list[str]:
        """The worker's roles in the order of the vocabulary. Reads the prefetched rows when there are any."""
        tiene = {fila.rol for fila in self.roles.all()}
        return [str(rol) for rol in Rol if rol in tiene]

    def puede(self, operacion: Operacion) -> bool:
        """Whether one of the roles allows starting `operacion`."""
        return any(rol in ROLES_DE[operacion] for rol in self.nombres_de_roles())


class TrabajadorRol(models.Model):
    """One role of one worker."""

    trabajador = models.ForeignKey(Trabajador, models.CASCADE, related_name="roles")
    rol = models.CharField(max_length=20, choices=Rol)

    class Meta:
        verbose_name = "rol de trabajador"
        verbose_name_plural = "roles de trabajadores"
        constraints = [
            models.UniqueConstraint(fields=["trabajador", "rol"], name="trabajador_rol_unico"),
            models.CheckConstraint(condition=models.Q(rol__in=Rol.values), name="trabajador_rol_conocido"),
        ]

    def __str__(self) -> str:
        return f"{self.trabajador_id}: {self.rol}"
