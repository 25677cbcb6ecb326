"""Keeps the lists of what the sheet holds that belongs to no spool: doubtful cells of other tabs, duplicated rows."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from occupation.models import CeldaDudosa, FilaDuplicada
from occupation.services._transaction import verb_transaction
from occupation.services.importing import doubtful_cell, one_import_at_a_time
from occupation.sheets.plan import Doubt, Duplicate


def list_doubts(gone: Sequence[int], fresh: Sequence[Doubt]) -> None:
    """Take doubtful cells without a spool off the list, by row id, and put others on it; at most 200 of each."""
    with verb_transaction():
        one_import_at_a_time()
        ahora = timezone.now()
        CeldaDudosa.objects.filter(spool__isnull=True, pk__in=gone).delete()
        present = CeldaDudosa.objects.filter(spool__isnull=True, fila__in=[doubt.number for doubt in fresh])
        listed = {(cell.hoja, cell.fila, cell.encabezado, cell.motivo) for cell in present}
        CeldaDudosa.objects.bulk_create(
            doubtful_cell(None, doubt, ahora)
            for doubt in fresh
            if (doubt.tab, doubt.number, doubt.header, doubt.why) not in listed
        )


def list_duplicates(gone: Sequence[int], fresh: Sequence[Duplicate]) -> None:
    """Take duplicated rows off the list, by row id, and put others on it; at most 200 of each."""
    with verb_transaction():
        one_import_at_a_time()
        ahora = timezone.now()
        FilaDuplicada.objects.filter(pk__in=gone).delete()
        present = FilaDuplicada.objects.filter(fila__in=[one.number for one in fresh])
        listed = {(row.tag, row.fila) for row in present}
        FilaDuplicada.objects.bulk_create(
            FilaDuplicada(tag=one.tag, fila=one.number, fila_usada=one.used, visto_en=ahora)
            for one in fresh
            if (one.tag, one.number) not in listed
        )
