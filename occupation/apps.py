"""The shop as a Django application."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class OccupationConfig(AppConfig):
    """Registers the system checks, and keeps the journal's triggers and the groups in place."""

    name = "occupation"
    verbose_name = "Taller"

    def ready(self) -> None:
        """Triggers are not part of Django's schema, and groups are rows: both are made again after every migration."""
        # Models cannot be imported before the applications are loaded; importing the checks registers them.
        from occupation import checks  # noqa: F401, PLC0415

        post_migrate.connect(_install_triggers, sender=self)
        post_migrate.connect(_ensure_groups, sender=self)


def _install_triggers(using: str, **_: Any) -> None:
    from occupation.models import triggers  # noqa: PLC0415 - not before the applications are loaded

    connection = connections[using]
    if triggers.TABLE in connection.introspection.table_names():
        triggers.install(connection)


def _ensure_groups(using: str, **_: Any) -> None:
    from occupation.services.groups import ensure_groups  # noqa: PLC0415 - not before the applications are loaded

    if "auth_group" in connections[using].introspection.table_names():
        ensure_groups(using=using)
