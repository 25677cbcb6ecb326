"""Prints the links that open the shop: a new pairing for a tablet and for a board, and the admin's address."""

import io
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command


def pairing_link(name: str, kind: str) -> str:
    """A link, good for one device, that pairs whoever opens it."""
    said = io.StringIO()
    call_command("pair_device", name, kind=kind, stdout=said)
    return said.getvalue().strip().splitlines()[-1]


def lines() -> list[str]:
    admin = f"{settings.PUBLIC_URL}/admin/"
    password_file = Path(settings.TALLER_VAR) / "admin_password"
    hint = f"   (primera clave: {password_file})" if password_file.exists() else ""
    return [
        f"  Tableta         {pairing_link('Tableta', 'tablet')}",
        f"  Tablero         {pairing_link('Tablero', 'board')}",
        f"  Administración  {admin}{hint}",
    ]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taller.settings")
    django.setup()
    print("\n".join(lines()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
