"""Django's settings as a whole, in processes of their own: they are read once, when a process starts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import ROOT, clean_environment

HTTPS = {"PUBLIC_URL": "https://taller.example", "SECRET_KEY": "unasecreta-0123456789-abcdefghij-ABCDEFGHIJ-k-l-m-n-o"}


def manage(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = clean_environment(
        TALLER_VAR=str(folder / "var"), DJANGO_SETTINGS_MODULE="taller.settings", **settings
    )
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_deployment_check_finds_nothing_under_https(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **HTTPS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [["check"], ["migrate"], ["shell", "-c", "pass"]])
def test_a_bad_setting_ends_any_command_without_a_traceback(tmp_path: Path, arguments: list[str]) -> None:
    done = manage(tmp_path, *arguments, PORT="ocho", LOG_FORMAT="xml")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "No se puede arrancar. Corrija en el entorno o en el archivo .env:",
        "  - PORT: debe ser un número entero entre 1 y 65535. Ejemplo: PORT=8000",
        "  - LOG_FORMAT: debe ser text o json. Ejemplo: LOG_FORMAT=text",
    ]


def test_https_makes_cookies_secure_and_sends_hsts(tmp_path: Path) -> None:
    assert security(tmp_path, **HTTPS) == [["taller.example", "127.0.0.1", "localhost", "[::1]"], True, True, 2592000]
    assert security(tmp_path, PUBLIC_URL="http://10.0.0.5:8000")[1:] == [False, False, 0]


def security(folder: Path, **settings: str) -> list[object]:
    show = (
        "import json; from django.conf import settings as s; "
        "print(json.dumps([s.ALLOWED_HOSTS, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS]))"
    )
    done = manage(folder, "shell", "--no-imports", "-c", show, **settings)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))
