"""Makes an installation ready to open: tables, static files, the demo shop, the first administrator."""

import os
import secrets
import sys
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.db import OperationalError

ADMIN = "admin"


def prepare() -> None:
    """Bring database and static files up to date. Safe to repeat: what people entered is never touched."""
    call_command("migrate", interactive=False, verbosity=0)
    if not settings.DEBUG and not static_files_are_current(Path(settings.STATIC_ROOT)):
        call_command("collectstatic", interactive=False, verbosity=0)
    if shop_is_empty():
        fill()
    ensure_admin(Path(settings.TALLER_VAR) / "admin_password")


def fill() -> None:
    """Give an empty database its first spools; those of a shop with a sheet in Google are brought by the relay."""
    if settings.SHEETS_BACKEND == "google":
        print("Base de datos vacía: los spools llegan de la hoja de Google en cuanto se lea.", flush=True)
        return
    print("Base de datos vacía: se carga el taller de demostración.", flush=True)
    call_command("demo")


def static_files_are_current(collected: Path) -> bool:
    """Whether the collected files are newer than every file they were collected from."""
    manifest = collected / "staticfiles.json"
    if not manifest.exists():
        return False
    sources = (
        Path(storage.path(name)).stat().st_mtime for finder in get_finders() for name, storage in finder.list(None)
    )
    return max(sources, default=0.0) < manifest.stat().st_mtime


def shop_is_empty() -> bool:
    return not any(apps.get_model("occupation", name).objects.exists() for name in ("Spool", "Trabajador"))


def ensure_admin(password_file: Path) -> None:
    """Make the first administrator, whose password only `password_file` (0600) keeps in clear.

    Nothing happens once any administrator exists.
    """
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return
    password = secrets.token_urlsafe(12)
    descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{password}\n")
    users.create_superuser(username=ADMIN, password=password)
    print(f"Primera vez: usuario «{ADMIN}», clave «{password}» (queda en {password_file}).", flush=True)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taller.settings")
    django.setup()
    try:
        prepare()
    except OperationalError as error:
        print(f"No se puede usar la base de datos que nombra DATABASE_URL: {error}", file=sys.stderr)
        return 1
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
