"""System checks of our own: the journal must be append-only in the database too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connections

from occupation.models import triggers


@register(Tags.database)
def journal_is_append_only(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """The triggers that keep the journal append-only are in place."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if triggers.TABLE not in connection.introspection.table_names():
            continue
        missing = sorted(triggers.missing(connection))
        if missing:
            found.append(
                # Not an error: `migrate` refuses to run beside one, and `migrate` is the cure.
                checks.Warning(
                    f"La bitácora no está protegida: faltan los disparadores {', '.join(missing)}.",
                    hint="Ejecute `manage.py migrate`: los crea de nuevo.",
                    id="occupation.W001",
                )
            )
    return found
