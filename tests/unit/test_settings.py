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


def test_a_web_that_believes_a_proxys_headers_listens_to_its_own_machine_alone() -> None:
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("Procfile", "docs/deploy.md")]
    commands = [line for text in texts for line in text.splitlines() if "--proxy-headers" in line and "asgi" in line]
    assert [" -b 127.0.0.1 " in command for command in commands] == [True, True]


@pytest.mark.parametrize("arguments", [["check"], ["migrate"], ["shell", "-c", "pass"]])
def test_a_bad_setting_ends_any_command_without_a_traceback(tmp_path: Path, arguments: list[str]) -> None:
    done = manage(tmp_path, *arguments, PORT="ocho", LOG_FORMAT="xml")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "No se puede arrancar. Corrija en el entorno o en el archivo .env:",
        "  - PORT: debe ser un número entero entre 1 y 65535. Ejemplo: PORT=8000",
        "  - LOG_FORMAT: debe ser text o json. Ejemplo: LOG_FORMAT=text",
    ]


GUARDS = {
    "Content-Security-Policy": "base-uri 'none'; default-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "img-src 'self' data:; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What every answer carries. `default-src` is for scripts and styles too, and no `unsafe-inline` is in it."""

PATHS = ["/pulso/", "/vincular/", "/admin/", "/api/workers", "/nada/"]
"""What a stranger is answered without a database."""

ALL_GUARDS = [GUARDS | {"Referrer-Policy": "strict-origin"} if path == "/vincular/" else GUARDS for path in PATHS]
"""The pairing page's own address may have a code in it, and is told to nobody."""

ASK = f"""
import json
from django.conf import settings
from django.test import Client
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
print(json.dumps([settings.ALLOWED_HOSTS, settings.SESSION_COOKIE_SECURE]))
for path in {PATHS}:
    got = Client().get(path, headers={{"Host": settings.ALLOWED_HOSTS[0], "X-Forwarded-Proto": "https"}})
    kept = {{name: [cookie["secure"], cookie["samesite"]] for name, cookie in got.cookies.items()}}
    print(json.dumps([got.status_code, dict(got.headers), kept]))
"""

Heard = tuple[int, dict[str, str], dict[str, list[object]]]


def test_under_https_every_answer_guards_the_browser_and_insists_on_it(tmp_path: Path) -> None:
    known, heard = ask(tmp_path, **HTTPS)
    assert known == [["taller.example", "127.0.0.1", "localhost", "[::1]"], True]
    assert [status for status, _, _ in heard] == [200, 200, 302, 401, 404]
    assert list(map(guards, heard)) == [each | {"Strict-Transport-Security": "max-age=2592000"} for each in ALL_GUARDS]
    assert [cookies for _, _, cookies in heard if cookies] == [{"taller_csrf": [True, "Lax"]}]


def test_without_https_nothing_insists_on_it(tmp_path: Path) -> None:
    known, heard = ask(tmp_path, PUBLIC_URL="http://10.0.0.5:8000")
    assert known[1] is False
    assert list(map(guards, heard)) == ALL_GUARDS
    assert [cookies for _, _, cookies in heard if cookies] == [{"taller_csrf": ["", "Lax"]}]


def guards(heard: Heard) -> dict[str, str]:
    """The headers of an answer that guard the browser; the parts of its policy have no order."""
    _, headers, _ = heard
    found = {name: headers[name] for name in [*GUARDS, "Strict-Transport-Security"] if name in headers}
    parts = sorted(found["Content-Security-Policy"].split("; "))
    return found | {"Content-Security-Policy": "; ".join(parts)}


def ask(folder: Path, **settings: str) -> tuple[list[object], list[Heard]]:
    """The names and the session cookie's safety as the shop set them, and what it answers to a stranger at PATHS."""
    (folder / "var" / "static").mkdir(parents=True)
    done = manage(folder, "shell", "--no-imports", "-c", ASK, **settings)
    assert done.returncode == 0, done.stderr
    known, *heard = map(json.loads, done.stdout.splitlines())
    return known, heard
