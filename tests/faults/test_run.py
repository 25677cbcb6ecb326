"""`make run` as a person meets it: one process in a terminal, and everything it started."""

import re
import socket
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.ports import answers, free_port, patient, wait_until
from tests.terminal import READY, Terminal

# What is opened here does not depend on the database under test, so once is enough.
pytestmark = [pytest.mark.process, pytest.mark.sqlite]

Open = Callable[..., Terminal]


@pytest.fixture
def prepared(tmp_path: Path, fresh_database_url: str, static_files: Path) -> dict[str, str]:
    """Settings of a shop with one worker and its static files, so that a start need not make them."""
    with closing(sqlite3.connect(fresh_database_url.removeprefix("sqlite:///"))) as database, database:
        database.execute(
            "INSERT INTO occupation_trabajador (id, nombre, apellido, activo) VALUES (93, 'Miguel', 'Rojas', 1)"
        )
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "static").symlink_to(static_files)
    return {"DATABASE_URL": fresh_database_url}


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Open]:
    terminals: list[Terminal] = []

    def open_one(**settings: str) -> Terminal:
        terminals.append(Terminal(tmp_path, **settings))
        return terminals[-1]

    yield open_one
    for terminal in terminals:
        terminal.close()


def test_it_opens_a_shop_prints_its_links_and_ctrl_c_closes_all_of_it_within_five_seconds(open_terminal: Open) -> None:
    terminal = open_terminal()
    terminal.wait_for(READY)
    assert re.search(rf"Tableta +{terminal.url}/vincular/\?codigo=\S+\n", terminal.said())
    assert re.search(rf"Tablero +{terminal.url}/vincular/\?codigo=\S+\n", terminal.said())
    assert f"Supervisión     {terminal.url}/supervision/   (usuario admin, o alguien del" in terminal.said()
    assert f"Redis: un Valkey propio, en unix://{terminal.var}/valkey/valkey.sock" in terminal.said()
    assert httpx.get(f"{terminal.url}/admin/login/").status_code == 200
    assert first_password_opens_the_admin(terminal)
    running = terminal.descendants()
    assert sorted(running) == ["daphne", "sync_sheets", "valkey-server"]
    assert terminal.interrupt() < 5
    assert terminal.process.returncode == 0
    assert terminal.said().endswith("Taller cerrado.\n")
    assert "Traceback" not in terminal.said()
    assert [kind for kind, process in running.items() if process.is_running()] == []
    assert not answers(terminal.port)


def first_password_opens_the_admin(terminal: Terminal) -> bool:
    file = terminal.var / "admin_password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    password = file.read_text().strip()
    assert f"clave «{password}»" in terminal.said()
    with httpx.Client(base_url=terminal.url) as client:
        client.get("/admin/login/")
        form = {"username": "admin", "password": password, "csrfmiddlewaretoken": client.cookies["taller_csrf"]}
        answer = client.post("/admin/login/?next=/admin/", data=form)
    return (answer.status_code, answer.headers["location"]) == (302, "/admin/")


def test_a_second_start_keeps_what_the_first_one_made(open_terminal: Open, prepared: dict[str, str]) -> None:
    first = open_terminal(**prepared)
    first.wait_for(READY)
    first.close()
    kept = {name: (first.var / name).read_bytes() for name in ("admin_password", "secret_key")}
    second = open_terminal(**prepared)
    second.wait_for(READY)
    assert {name: (second.var / name).read_bytes() for name in kept} == kept
    assert "demostración" not in second.said()
    assert "Primera vez" not in second.said()


def test_a_dead_valkey_is_started_again_and_a_dead_web_ends_it_with_a_sentence(
    open_terminal: Open, prepared: dict[str, str]
) -> None:
    terminal = open_terminal(**prepared)
    terminal.wait_for(READY)
    terminal.descendants()["valkey-server"].kill()
    terminal.wait_for("Valkey se detuvo; se inicia de nuevo.")
    wait_until(lambda: "valkey-server" in terminal.descendants(), "the new Valkey")
    running = terminal.descendants()
    running["daphne"].kill()
    assert terminal.process.wait(timeout=patient(10)) == 1
    assert terminal.said().endswith("El servidor web se detuvo solo (código -9). Vuelva a abrir: make run\n")
    assert not running["valkey-server"].is_running()


def test_a_valkey_that_cannot_be_started_again_is_said_once_and_closes_nothing(
    open_terminal: Open, prepared: dict[str, str]
) -> None:
    terminal = open_terminal(**prepared)
    terminal.wait_for(READY)
    folder = terminal.var / "valkey"
    folder.rename(terminal.var / "aside")
    folder.write_text("in the way")
    terminal.descendants()["valkey-server"].kill()
    terminal.wait_for("Valkey no vuelve")
    assert httpx.get(f"{terminal.url}/api/redis-health").json()["status"] == "degraded"
    # Long enough for a second attempt, which must fail in silence.
    waited_until = time.monotonic() + 1.5
    wait_until(lambda: time.monotonic() > waited_until, "a second attempt")
    folder.unlink()
    terminal.wait_for("Valkey volvió.")
    assert "valkey-server" in terminal.descendants()
    assert [line for line in terminal.said().splitlines() if line.startswith("Valkey ")] == [
        "Valkey se detuvo; se inicia de nuevo.",
        f"Valkey no vuelve: no se puede usar {folder}. El taller sigue sin él y lo intenta cada cierto rato.",
        "Valkey volvió.",
    ]
    assert terminal.interrupt() < 5
    assert terminal.process.returncode == 0


def test_a_browser_cannot_pass_for_another_address(open_terminal: Open, prepared: dict[str, str]) -> None:
    terminal = open_terminal(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0", **prepared)
    terminal.wait_for(READY)
    with httpx.Client(base_url=terminal.url) as browser:
        browser.get("/vincular/")
        form = {"codigo": "nada", "csrfmiddlewaretoken": browser.cookies["taller_csrf"]}
        answers = [
            browser.post("/vincular/", data=form, headers={"X-Forwarded-For": f"10.0.0.{number}"}).status_code
            for number in range(11)
        ]
    assert answers == [400] * 10 + [429]


def test_a_busy_port_is_said_before_anything_starts(open_terminal: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        terminal = open_terminal(PORT=str(port))
        assert terminal.process.wait(timeout=patient(20)) == 1
    assert terminal.said() == (
        f"El puerto {port} ya está en uso. Cierre el otro programa o elija otro: make run PORT={port + 1}\n"
    )
    assert [path.name for path in terminal.var.iterdir()] == ["secret_key"]


def test_an_address_of_another_machine_is_said(open_terminal: Open) -> None:
    terminal = open_terminal(BIND="192.0.2.1")
    assert terminal.process.wait(timeout=patient(20)) == 1
    assert terminal.said() == (
        "BIND: 192.0.2.1 no es una dirección de esta máquina. Para toda la red del taller: make run BIND=0.0.0.0\n"
    )


def test_a_bad_setting_is_said_without_a_traceback(open_terminal: Open) -> None:
    terminal = open_terminal(LOG_FORMAT="xml")
    assert terminal.process.wait(timeout=patient(20)) == 1
    assert terminal.said() == (
        "No se puede arrancar. Corrija en el entorno o en el archivo .env:\n"
        "  - LOG_FORMAT: debe ser text o json. Ejemplo: LOG_FORMAT=text\n"
    )


def test_a_database_that_cannot_be_reached_is_said_without_a_traceback(open_terminal: Open) -> None:
    terminal = open_terminal(DATABASE_URL=f"postgres://taller@127.0.0.1:{free_port()}/taller?connect_timeout=2")
    assert terminal.process.wait(timeout=patient(60)) == 1
    assert "No se puede usar la base de datos que nombra DATABASE_URL" in terminal.said()
    assert "Traceback" not in terminal.said()


def test_a_configured_redis_is_used_instead_of_a_private_one(open_terminal: Open, prepared: dict[str, str]) -> None:
    terminal = open_terminal(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0", **prepared)
    terminal.wait_for(READY)
    assert terminal.said().startswith("Redis: el de REDIS_URL.\n")
    assert sorted(terminal.descendants()) == ["daphne", "sync_sheets"]


def test_ctrl_c_during_the_preparation_leaves_nothing_behind(open_terminal: Open) -> None:
    terminal = open_terminal()
    terminal.wait_for("Redis: un Valkey propio")
    group = list(terminal.descendants().values())
    assert terminal.interrupt() < 5
    assert terminal.process.returncode == 0
    assert [process for process in group if process.is_running()] == []
