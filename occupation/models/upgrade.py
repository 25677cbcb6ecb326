"""The upgrades of the book from v2.1, each with the backup that it made first and how far it got."""

from __future__ import annotations

import uuid

from django.db import models

from occupation.vocabulary import PasoMejora


class BookUpgrade(models.Model):
    """One upgrade, and the way back from it. Each step is kept once the book was seen to have it.

    `name` is the backup's and `tabs` are the titles it has a copy of. `seed` makes the versions that rows unknown to
    the app get. `headers` says, by position, which headers were to be added and which stood there before. Events of
    the journal after `last_event` are not in the backup; in its Metadata they were told up to `audit_until`, at most
    down to row `audit_row`. It is `open` until it is finished, and
    again while its backup is being put back, since `going_back_since`; only one is at a time. `judged` has a digest of
    what each tab said then: what is typed later was not looked at, and stops whoever goes on.
    """

    name = models.CharField("respaldo", max_length=30, unique=True)
    seed = models.UUIDField(default=uuid.uuid4)
    step = models.CharField("paso", max_length=20, choices=PasoMejora, default=PasoMejora.ANUNCIADA)
    tabs = models.JSONField("hojas", default=list)
    headers = models.JSONField(default=dict)
    last_event = models.PositiveBigIntegerField(default=0)
    audit_until = models.PositiveBigIntegerField(default=0)
    audit_row = models.PositiveIntegerField(default=1)
    begun_at = models.DateTimeField("comenzada")
    open = models.BooleanField("a medias", default=True)
    going_back_since = models.DateTimeField("se deshace desde", null=True, blank=True)
    judged = models.JSONField(default=dict)
    gone_back_at = models.DateTimeField("deshecha", null=True, blank=True)

    class Meta:
        verbose_name = "mejora del libro"
        verbose_name_plural = "mejoras del libro"
        constraints = [
            models.UniqueConstraint(fields=["open"], condition=models.Q(open=True), name="mejora_una_a_medias"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.get_step_display()}"
