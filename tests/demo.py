"""The sample shop, opened by its command for a test."""

import io
from datetime import datetime
from pathlib import Path

from django.core.management import call_command
from django.test import override_settings

from occupation.models import Spool

Holding = tuple[str, str, str, str, int, int | None, str | None, datetime | None]


def open_demo(folder: Path, *, spools: int = 60, workers: int = 12) -> str:
    """Open a small sample shop whose book goes to `folder`, and return what the command said."""
    said = io.StringIO()
    with override_settings(LOCAL_WORKBOOK=folder):
        call_command("demo", f"--spools={spools}", f"--workers={workers}", stdout=said)
    return said.getvalue()


def holdings() -> set[Holding]:
    """Every spool's states and holder: what two equal shops share."""
    work = ("tag", "arm_state", "sold_state", "calidad_state", "ciclo")
    return set(Spool.objects.values_list(*work, "ocupado_por", "ocupado_operacion", "ocupado_desde"))
