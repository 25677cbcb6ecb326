"""What the mirror knows of the sheet: how far behind it is, and what the sheet holds that cannot be used."""

from __future__ import annotations

from django.db import models

from occupation.models.spool import Spool
from occupation.vocabulary import TAG_MAXIMO


class Mirror(models.Model):
    """One spool's row in the sheet.

    `behind_since` is set by every verb in its own transaction and cleared when the sheet shows the current state.
    `row_hash` is of the raw row last read (an equal row is not decoded again). `base` is the canonical text of each
    app cell as last read or written, by header: the third side of the merge.
    """

    spool = models.OneToOneField(Spool, models.CASCADE, primary_key=True, related_name="mirror")
    behind_since = models.DateTimeField(null=True, blank=True, db_index=True)
    row_hash = models.CharField(max_length=32, blank=True)
    base = models.JSONField(default=dict)

    class Meta:
        verbose_name = "espejo"
        verbose_name_plural = "espejos"

    def __str__(self) -> str:
        return f"{self.spool_id}: {'atrasado' if self.behind_since else 'al día'}"


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
