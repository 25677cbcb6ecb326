"""`manage.py pair_device`."""

from __future__ import annotations

import io
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from occupation.models import Device
from occupation.services import pair
from occupation.vocabulary import DeviceKind, DeviceScope
from taller.links import lines

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> list[str]:
    said = io.StringIO()
    call_command("pair_device", *arguments, stdout=said)
    return said.getvalue().splitlines()


@pytest.mark.parametrize("kind", [DeviceKind.TABLET, DeviceKind.BOARD])
def test_the_last_line_is_a_link_that_pairs(kind: DeviceKind, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://taller.example"
    link = urlsplit(run("Tablet 3", "--kind", kind)[-1])
    assert (link.scheme, link.netloc, link.path) == ("https", "taller.example", "/vincular/")
    [codigo] = parse_qs(link.query)["codigo"]
    device, _ = pair(codigo=codigo, direccion="10.0.0.1")
    assert (device.nombre, device.kind) == ("Tablet 3", kind)


def test_an_earlier_line_has_the_digits_to_type() -> None:
    lines = run("Tablet 3", "--kind", "tablet")
    [digits] = re.findall(r"\d{4} \d{4}", "\n".join(lines[:-1]))
    assert pair(codigo=digits, direccion="10.0.0.1")[0].nombre == "Tablet 3"


def test_the_links_of_a_shop_say_who_logs_in_where(settings: Settings, tmp_path: Path) -> None:
    settings.PUBLIC_URL, settings.TALLER_VAR = "https://taller.cl", tmp_path
    assert lines()[2:] == [
        "  Supervisión     https://taller.cl/supervision/   (un administrador, o alguien del grupo supervisores)",
        "  Administración  https://taller.cl/admin/   (un administrador)",
    ]
    (tmp_path / "admin_password").touch()
    assert [line.partition("   (")[2] for line in lines()[2:]] == [
        "usuario admin, o alguien del grupo supervisores)",
        f"usuario admin, primera clave en {tmp_path / 'admin_password'})",
    ]


@pytest.mark.parametrize("scope", DeviceScope.values)
def test_for_a_program_the_last_line_is_its_token_alone(scope: str) -> None:
    token = run("Planilla", "--kind", "api", "--scope", scope)[-1]
    device = Device.objects.con_token(token).get()
    assert (device.nombre, device.kind, device.scope) == ("Planilla", "api", scope)


def test_the_scope_of_a_tablet_is_kept_and_a_board_only_reads() -> None:
    run("Tablet 3", "--kind", "tablet", "--scope", "read")
    run("Muro", "--kind", "board", "--scope", "act")
    assert list(Device.objects.order_by("pk").values_list("nombre", "scope")) == [
        ("Tablet 3", "read"),
        ("Muro", "read"),
    ]


def test_a_bad_name_is_a_sentence_and_no_device() -> None:
    with pytest.raises(CommandError, match=r"^La solicitud no es válida\. nombre: escriba un nombre$"):
        run("  ", "--kind", "tablet")
    assert not Device.objects.exists()


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CommandError, match="--kind"):
        run("Tablet 3", "--kind", "reloj")
