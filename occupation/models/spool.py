"""The spool: three machines, the office's columns, and who holds it."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Q

from occupation.gateways import claims
from occupation.machines.armado import Armado
from occupation.machines.calidad import Calidad
from occupation.machines.soldadura import Soldadura
from occupation.models.trabajador import Trabajador
from occupation.tags import canonical_tag, search_key
from occupation.vocabulary import CICLOS_MAXIMOS, TAG_MAXIMO, EstadoCalidad, EstadoTrabajo, Maquina, Operacion

OCUPACION = ("ocupado_por", "ocupado_operacion", "ocupado_desde", "ocupacion_token", "previo")
"""The columns that are all filled while somebody holds the spool, and all empty otherwise."""

BUSQUEDA_MAXIMA = 250
"""Length of the search column, in characters."""

TOMABLES = (Operacion.ARM, Operacion.SOLD, Operacion.REPARACION)

MAQUINAS = {Maquina.ARM: "arm_state", Maquina.SOLD: "sold_state", Maquina.CALIDAD: "calidad_state"}
"""The state column of each machine."""


def _all_null(*, value: bool) -> Q:
    condition = Q()
    for column in OCUPACION:
        condition &= Q(**{f"{column}__isnull": value})
    return condition


def _holding(operacion: Operacion, **estado: str) -> Q:
    return ~Q(ocupado_operacion=operacion) | Q(ocupado_operacion__isnull=True) | Q(**estado)


class SpoolQuerySet(models.QuerySet["Spool"]):
    """Reads of spools."""

    def vivos(self) -> Self:
        """Those that are in the sheet."""
        return self.filter(archivado_en__isnull=True)

    def ocupados(self) -> Self:
        """Those somebody holds."""
        return self.filter(ocupado_por__isnull=False)

    def con_gente(self) -> Self:
        """With the people a screen names, in the same query."""
        return self.select_related("ocupado_por", "armador", "soldador")


class Spool(Armado, Soldadura, Calidad):
    """One prefabricated piece of pipe. Identity is the canonical `tag`; `tag_hoja` is the sheet's spelling."""

    tag = models.CharField(max_length=TAG_MAXIMO, unique=True)
    tag_hoja = models.CharField("tag", max_length=TAG_MAXIMO)
    nv = models.CharField("NV", max_length=100, blank=True)
    ot = models.CharField("OT", max_length=100, blank=True)
    cliente = models.CharField(max_length=200, blank=True)
    prioridad = models.CharField(max_length=100, blank=True)
    ubicacion = models.CharField("ubicación", max_length=200, blank=True)
    diam = models.CharField("diámetro", max_length=50, blank=True)
    fecha_materiales = models.DateField(null=True, blank=True)
    fecha_compromiso = models.DateField(null=True, blank=True)
    status_nv = models.CharField("estado de la NV", max_length=100, blank=True)
    notas = models.TextField(blank=True)

    armador = models.ForeignKey(Trabajador, models.PROTECT, null=True, blank=True, related_name="+")
    soldador = models.ForeignKey(Trabajador, models.PROTECT, null=True, blank=True, related_name="+")

    ocupado_por = models.ForeignKey(
        Trabajador, models.PROTECT, null=True, blank=True, related_name="ocupados", verbose_name="ocupado por"
    )
    ocupado_operacion = models.CharField("operación", max_length=20, null=True, blank=True, choices=Operacion)
    ocupado_desde = models.DateTimeField("ocupado desde", null=True, blank=True)
    ocupacion_token = models.UUIDField(null=True, blank=True)
    previo = models.JSONField("lo que encontró la toma", null=True, blank=True)

    version = models.UUIDField("versión", default=uuid.uuid4)
    estado_detalle = models.CharField(max_length=200, blank=True)
    busqueda = models.CharField(max_length=BUSQUEDA_MAXIMA, blank=True, editable=False)
    archivado_en = models.DateTimeField(null=True, blank=True)

    objects = SpoolQuerySet.as_manager()

    class Meta:
        verbose_name = "spool"
        verbose_name_plural = "spools"
        permissions = (("corregir_spool", "Puede corregir o reabrir una operación completada"),)
        indexes = [
            models.Index(fields=["ocupado_desde"], condition=Q(ocupado_por__isnull=False), name="spool_ocupados"),
            models.Index(fields=["version"], name="spool_version"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(arm_state__in=EstadoTrabajo.values)
                & Q(sold_state__in=EstadoTrabajo.values)
                & Q(calidad_state__in=EstadoCalidad.values),
                name="spool_estados_conocidos",
            ),
            models.CheckConstraint(
                condition=_all_null(value=True) | _all_null(value=False), name="spool_ocupacion_entera"
            ),
            models.CheckConstraint(
                condition=Q(ocupado_operacion__isnull=True) | Q(ocupado_operacion__in=TOMABLES),
                name="spool_operacion_tomable",
            ),
            models.CheckConstraint(
                condition=_holding(Operacion.ARM, arm_state=EstadoTrabajo.EN_PROGRESO)
                & _holding(Operacion.SOLD, sold_state=EstadoTrabajo.EN_PROGRESO),
                name="spool_tomado_en_progreso",
            ),
            models.CheckConstraint(
                condition=Q(calidad_state=EstadoCalidad.EN_REPARACION, ocupado_operacion__isnull=False)
                & Q(ocupado_operacion=Operacion.REPARACION)
                | ~Q(calidad_state=EstadoCalidad.EN_REPARACION)
                & (Q(ocupado_operacion__isnull=True) | ~Q(ocupado_operacion=Operacion.REPARACION)),
                name="spool_reparacion_tomada",
            ),
            models.CheckConstraint(
                condition=Q(arm_state=EstadoTrabajo.COMPLETADO, fecha_armado__isnull=False)
                | ~Q(arm_state=EstadoTrabajo.COMPLETADO) & Q(fecha_armado__isnull=True),
                name="spool_armado_con_fecha",
            ),
            models.CheckConstraint(
                condition=Q(sold_state=EstadoTrabajo.COMPLETADO, fecha_soldadura__isnull=False)
                | ~Q(sold_state=EstadoTrabajo.COMPLETADO) & Q(fecha_soldadura__isnull=True),
                name="spool_soldadura_con_fecha",
            ),
            models.CheckConstraint(
                condition=Q(calidad_state=EstadoCalidad.APROBADO, fecha_qc__isnull=False, ciclo=0)
                | ~Q(calidad_state=EstadoCalidad.APROBADO) & Q(fecha_qc__isnull=True),
                name="spool_aprobado_con_fecha",
            ),
            models.CheckConstraint(
                condition=Q(calidad_state=EstadoCalidad.BLOQUEADO, ciclo=CICLOS_MAXIMOS)
                | ~Q(calidad_state=EstadoCalidad.BLOQUEADO) & Q(ciclo__lt=CICLOS_MAXIMOS),
                name="spool_bloqueado_tras_tres",
            ),
            models.CheckConstraint(
                condition=Q(calidad_state__in=(EstadoCalidad.PENDIENTE, EstadoCalidad.APROBADO)) | Q(ciclo__gte=1),
                name="spool_rechazo_con_ciclo",
            ),
            models.CheckConstraint(
                condition=Q(archivado_en__isnull=True) | Q(ocupado_por__isnull=True),
                name="spool_archivado_libre",
            ),
            models.CheckConstraint(condition=~Q(tag=""), name="spool_tag_no_vacio"),
        ]

    def __str__(self) -> str:
        return self.tag_hoja

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the search column equal to tag and NV on every whole save."""
        if kwargs.get("update_fields") is None:
            self.busqueda = self.texto_de_busqueda()
        super().save(*args, **kwargs)

    @classmethod
    def nuevo(cls, tag_hoja: str, **columnas: Any) -> Self:
        """An unsaved spool whose identity comes from the sheet's spelling."""
        spool = cls(tag=canonical_tag(tag_hoja), tag_hoja=tag_hoja.strip(), **columnas)
        spool.busqueda = spool.texto_de_busqueda()
        return spool

    def texto_de_busqueda(self) -> str:
        """Tag and NV as a search sees them: no case, blanks, dashes or accents."""
        # A letter such as the ligature ﬃ is searched as three, so the text can outgrow its column.
        return f"{search_key(self.tag)} {search_key(self.nv)}"[:BUSQUEDA_MAXIMA]

    @property
    def ocupado(self) -> bool:
        """Whether somebody holds the spool right now."""
        return self.ocupado_por_id is not None

    @property
    def tomado_para(self) -> str:
        """What the holder does, as screens say it: `ARMADO`, `REPARACIÓN · ciclo 2/3`; empty while nobody holds it."""
        que = str(self.get_ocupado_operacion_display() or "")
        return f"{que} · {self.en_ciclo}" if self.ocupado_operacion == Operacion.REPARACION else que

    @property
    def claim(self) -> str | None:
        """The claim in Redis that this row asks for; None when nobody holds the spool."""
        if self.ocupado_por_id is None or self.ocupacion_token is None:
            return None
        return claims.value(self.ocupado_por_id, self.ocupacion_token)

    def estados(self) -> dict[Maquina, str]:
        """The state of each machine."""
        return {maquina: str(getattr(self, columna)) for maquina, columna in MAQUINAS.items()}


class TagAnterior(models.Model):
    """A tag a spool had before the office renamed it: look-ups of it say the new one."""

    tag = models.CharField(max_length=TAG_MAXIMO, unique=True)
    spool = models.ForeignKey(Spool, models.CASCADE, related_name="tags_anteriores")
    instante = models.DateTimeField()

    class Meta:
        verbose_name = "tag anterior"
        verbose_name_plural = "tags anteriores"

    def __str__(self) -> str:
        return self.tag
