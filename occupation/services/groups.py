"""The two groups every shop starts with: who may release what is stuck, and who looks after devices and people."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

SUPERVISORES = "supervisores"
ADMINISTRADORES = "administradores"

SUPERVISION_PERMISSION = "occupation.liberar_ocupacion"
"""What opens the pages of supervision."""

_SUPERVISION = (
    "view_ocupacion",
    "liberar_ocupacion",
    "view_bloqueado",
    "desbloquear_bloqueado",
    "view_spool",
    "corregir_spool",
    "poner_pin",
    "view_evento",
    "view_celdadudosa",
    "view_filaduplicada",
    "view_mirror",
    "view_conflicto",
    "view_ediciondevuelta",
    "view_retencion",
    "view_estadohoja",
    "view_ciclohoja",
    "view_bookupgrade",
)
_ADMINISTRATION = (
    "view_device",
    "add_device",
    "change_device",
    "view_trabajador",
    "add_trabajador",
    "change_trabajador",
    "change_mirror",
    "change_conflicto",
    "change_retencion",
)
PERMISSIONS = {SUPERVISORES: _SUPERVISION, ADMINISTRADORES: _SUPERVISION + _ADMINISTRATION}


def ensure_groups(*, using: str = "default") -> None:
    """Make both groups with their permissions. Safe to repeat: what a shop added to them stays."""
    for name, codenames in PERMISSIONS.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.add(
            *Permission.objects.using(using).filter(content_type__app_label="occupation", codename__in=codenames)
        )
