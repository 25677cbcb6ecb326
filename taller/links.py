"""Prints the links that open the shop: a new pairing for a tablet and for a board, and where people log in."""

import io
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

from taller.preparation import ADMIN


def pairing_link(name: str, kind: str) -> str:
    """A link, good for one device, that pairs whoever opens it."""
    said = io.StringIO()
    call_command("pair_device", name, kind=kind, stdout=said)
    return said.getvalue().strip().splitlines()[-1]


def lines() -> list[str]:
    password_file = Path(settings.TALLER_VAR) / "admin_password"
    first = password_file.exists()
    who, hint = (f"usuario {ADMIN}", f", primera clave en {password_file}") if first else ("un administrador", "")
    return [
        f"  Tableta         {pairing_link('Tableta', 'tablet')}",
        f"  Tablero         {pairing_link('Tablero', 'board')}",
        f"  Supervisión     {settings.PUBLIC_URL}/supervision/   ({who}, o alguien del grupo supervisores)",
        f"  Administración  {settings.PUBLIC_URL}/admin/   ({who}{hint})",
    ]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taller.settings")
    django.setup()
    print("\n".join(lines()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
