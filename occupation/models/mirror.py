"""What the mirror knows of the sheet: how far behind it is, and what the sheet holds that cannot be used."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self
from uuid import uuid4

from django.conf import settings
from django.db import models

from occupation.models.spool import Spool
from occupation.vocabulary import TAG_MAXIMO, TipoErrorHoja, TipoRetencion, Tomado

LATE_AFTER = timedelta(minutes=2)
"""What waits for longer than this does not only wait for its turn."""

_SILENT_AFTER = timedelta(seconds=90)
"""Longest time, beside its interval, in which a relay at work tells nothing: it asks a closed book each minute."""


class MirrorQuerySet(models.QuerySet["Mirror"]):
    """Reads of mirrored rows. A spool that left the sheet has no row there: it waits for nothing."""

    def in_sheet(self) -> Self:
        """Those whose spool did not leave the sheet, as far as was believed."""
        return self.filter(gone_since__isnull=True, spool__archivado_en__isnull=True)

    def behind(self) -> Self:
        """Those that the sheet does not show as they are."""
        return self.in_sheet().filter(behind_since__isnull=False)

    def parked(self) -> Self:
        """Those that the book refused."""
        return self.in_sheet().exclude(error="")

    def gone(self) -> Self:
        """Those of spools that are in the shop although it was believed that their row left the sheet."""
        return self.filter(gone_since__isnull=False)


class Mirror(models.Model):
    """One spool's row in the sheet.

    `behind_since` is set by every verb in its own transaction and cleared when the sheet shows the current state.
    `row_hash` is of the raw row last read (an equal row is not decoded again). `base` is the canonical text of each
    app cell as last read or written, by header: the third side of the merge. `left` is what the app said, by header,
    where the first import found another value in the sheet and left it there. `intent` is what a write that has not
    been proved wanted to leave, by header. A row that the book refused is parked with its `error` until a later verb,
    or an admin, takes it away. `gone_since` is when a reading that was believed found no row of a spool that stays
    nevertheless, for somebody holds it or some tag cannot be read: it is no loss at the next reading, and leaves the
    shop once neither is so. A believed reading with its row clears it.
    """

    spool = models.OneToOneField(Spool, models.CASCADE, primary_key=True, related_name="mirror")
    behind_since = models.DateTimeField(null=True, blank=True, db_index=True)
    row_hash = models.CharField(max_length=32, blank=True)
    base = models.JSONField(default=dict)
    left = models.JSONField(default=dict, blank=True)
    intent = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=300, blank=True)
    error_en = models.DateTimeField("estacionada", null=True, blank=True)
    gone_since = models.DateTimeField("sin fila desde", null=True, blank=True)

    objects = MirrorQuerySet.as_manager()

    class Meta:
        verbose_name = "espejo"
        verbose_name_plural = "espejos"

    def __str__(self) -> str:
        return f"{self.spool}: {'atrasado' if self.behind_since else 'al día'}"


class VersionMostrada(models.Model):
    """A version that a row of the sheet showed, or that a write may still bring there, with the cells it wrote.

    It tells a row that was left open in somebody's program, and cells that landed on another spool's row.
    """

    version = models.UUIDField(primary_key=True)
    spool = models.ForeignKey(Spool, models.CASCADE, related_name="+")
    celdas = models.JSONField(default=dict)
    instante = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "versión mostrada"
        verbose_name_plural = "versiones mostradas"

    def __str__(self) -> str:
        return f"{self.spool_id}: {self.version}"


class Conflicto(models.Model):
    """A cell of ours that a person and the app changed to different values. The app's stands until somebody decides.

    `hoja_en` is when the person's value was seen, `app_en` when the app's value became what it was then.
    """

    spool = models.ForeignKey(Spool, models.CASCADE, related_name="conflictos")
    encabezado = models.CharField(max_length=100)
    fila = models.PositiveIntegerField()
    valor_hoja = models.CharField("la hoja decía", max_length=500, blank=True)
    valor_app = models.CharField("la app decía", max_length=500, blank=True)
    hoja_en = models.DateTimeField("visto en la hoja")
    app_en = models.DateTimeField("cambiado en la app", null=True, blank=True)
    tomado = models.CharField("se tomó", max_length=10, choices=Tomado, blank=True)
    resuelto_en = models.DateTimeField("resuelto", null=True, blank=True)
    resuelto_por = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name = "conflicto"
        verbose_name_plural = "conflictos"
        constraints = [
            models.UniqueConstraint(
                fields=["spool", "encabezado", "valor_hoja"],
                condition=models.Q(tomado=""),
                name="conflicto_abierto_unico",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.spool} {self.encabezado}"


class EdicionDevuelta(models.Model):
    """An edit of a cell of ours that cannot be adopted: the app's value was put back, and `motivo` says why."""

    spool = models.ForeignKey(Spool, models.CASCADE, related_name="ediciones_devueltas")
    encabezado = models.CharField(max_length=100)
    fila = models.PositiveIntegerField()
    valor_hoja = models.CharField("la hoja decía", max_length=500, blank=True)
    valor_app = models.CharField("la app dice", max_length=500, blank=True)
    motivo = models.CharField(max_length=300)
    visto_en = models.DateTimeField("vista")

    class Meta:
        verbose_name = "edición devuelta"
        verbose_name_plural = "ediciones devueltas"
        constraints = [
            models.UniqueConstraint(fields=["spool", "encabezado", "valor_hoja"], name="edicion_devuelta_unica"),
        ]

    def __str__(self) -> str:
        return f"{self.spool} {self.encabezado}"


class Retencion(models.Model):
    """A tab that is neither read nor written, or whose read was refused. It goes by itself when its cause does.

    Only what an admin has to allow stays until `permitida`: many edits at once, or rows that really were deleted.
    `mostrado` is each of them, as the program tells it from the others, and `detalle` names the first ones, a sentence
    each: what is not among the `mostrado` was not allowed. `marca` is another one whenever any of it changes, so that
    nobody allows what they did not see.
    """

    hoja = models.CharField(max_length=20)
    tipo = models.CharField(max_length=20, choices=TipoRetencion)
    encabezado = models.CharField(max_length=100, blank=True)
    motivo = models.CharField(max_length=500)
    detalle = models.JSONField(default=list, blank=True)
    mostrado = models.JSONField(default=list, blank=True)
    marca = models.UUIDField(default=uuid4, editable=False)
    desde = models.DateTimeField()
    permitida = models.BooleanField(default=False)

    class Meta:
        verbose_name = "hoja retenida"
        verbose_name_plural = "hojas retenidas"
        constraints = [models.UniqueConstraint(fields=["hoja", "tipo"], name="retencion_unica")]

    def __str__(self) -> str:
        return f"{self.hoja}: {self.motivo}"


class EstadoHoja(models.Model):
    """What the relay keeps across restarts: one row.

    Events up to `metadata_hasta` are in Metadata, whose last row was `metadata_fila`; of those up to `metadata_desde`
    an admin said that the office deleted them. `reserva` is the write of some that has not been proved: their ids by
    row number. `escrituras` are the writes to Operaciones of which nobody knows where they landed, with what they wrote
    over (`sheets.wrote`); "" for none. `cubetas` are the token buckets: by kind of request, tokens left and the instant
    of that.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sincronizada_en = models.DateTimeField("última sincronización", null=True, blank=True)
    metadata_hasta = models.PositiveBigIntegerField(default=0)
    metadata_desde = models.PositiveBigIntegerField(default=0)
    metadata_fila = models.PositiveIntegerField(default=1)
    reserva = models.JSONField(default=dict, blank=True)
    escrituras = models.TextField(blank=True)
    cubetas = models.JSONField(default=dict, blank=True)
    esperar_hasta = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    error_tipo = models.CharField(max_length=20, blank=True, choices=TipoErrorHoja)
    error_desde = models.DateTimeField(null=True, blank=True)
    lider = models.CharField("lleva la hoja", max_length=150, blank=True)
    lider_desde = models.DateTimeField("la lleva desde", null=True, blank=True)

    class Meta:
        verbose_name = "estado de la hoja"
        verbose_name_plural = "estado de la hoja"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="estado_hoja_una_fila")]

    def __str__(self) -> str:
        return "estado de la hoja"

    def is_heard_of(self, ahora: datetime) -> bool:
        """Whether a relay took the lead and has worked since, or waits as it said that it would."""
        if self.lider_desde is None:
            return False
        moments = (self.lider_desde, self.sincronizada_en, self.esperar_hasta, self.error_desde)
        silent = ahora - max(moment for moment in moments if moment)
        return silent <= _SILENT_AFTER + timedelta(seconds=settings.SYNC_INTERVAL_SECONDS)

    def is_left_alone(self, ahora: datetime) -> bool:
        """Whether nobody looks after a sheet that was in step once: what the office types there does not arrive."""
        if self.sincronizada_en is None or self.is_heard_of(ahora):
            return False
        return ahora - self.sincronizada_en > LATE_AFTER


class CicloHoja(models.Model):
    """A cycle of the mirror that changed or refused something, or did not reach the book, in the words of its report.

    One that repeats itself, or takes turns with others that do, is counted in the row it has: `veces` times from
    `desde` to `hasta`.
    """

    desde = models.DateTimeField()
    hasta = models.DateTimeField()
    veces = models.PositiveIntegerField(default=1)
    completo = models.BooleanField(default=True)
    resumen = models.CharField(max_length=500)
    lineas = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = "ciclo de la hoja"
        verbose_name_plural = "ciclos de la hoja"

    def __str__(self) -> str:
        return self.resumen


class CeldaDudosa(models.Model):
    """A cell of the sheet that could not be used as it stands: the spool keeps its last good value.

    Cells of the other tabs have no spool.
    """

    spool = models.ForeignKey(Spool, models.CASCADE, null=True, blank=True, related_name="celdas_dudosas")
    hoja = models.CharField(max_length=100)
    fila = models.PositiveIntegerField()
    encabezado = models.CharField(max_length=100)
    valor = models.CharField(max_length=500, blank=True)
    motivo = models.CharField(max_length=300)
    visto_en = models.DateTimeField("vista")

    class Meta:
        verbose_name = "dato dudoso"
        verbose_name_plural = "datos dudosos"

    def __str__(self) -> str:
        return f"{self.hoja}!{self.fila} {self.encabezado}"


class FilaDuplicada(models.Model):
    """A row whose tag stands in a better row too: ignored and never written."""

    tag = models.CharField(max_length=TAG_MAXIMO, db_index=True)
    fila = models.PositiveIntegerField()
    fila_usada = models.PositiveIntegerField()
    visto_en = models.DateTimeField("vista")

    class Meta:
        verbose_name = "fila duplicada"
        verbose_name_plural = "filas duplicadas"

    def __str__(self) -> str:
        return f"{self.tag}: fila {self.fila}, se usa la {self.fila_usada}"
