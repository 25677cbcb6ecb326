"""Dispositivos: pairing shown once, renaming, revoking."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.office import OFFICE, logged_in, words

if TYPE_CHECKING:
    from django.test import Client

    from tests.shop import Shop

pytestmark = OFFICE

DEVICES = "/admin/occupation/device/"
PAIR = f"{DEVICES}add/"
REVOKE = f"{DEVICES}revocar/"


@pytest.fixture
def administrator(shop: Shop) -> Client:
    return logged_in("ana", "administradores")


def test_pairing_shows_link_qr_and_digits_that_pair_one_device_once(administrator: Client) -> None:
    from occupation.refusals import CodigoInvalido
    from occupation.services.devices import pair

    page = administrator.post(PAIR, {"nombre": "Tableta nave 2", "kind": "tablet", "scope": "act"})
    body = page.content.decode()
    link = re.search(r'href="http://testserver/vincular/\?codigo=([0-9a-f]{32})"', body)
    digits = re.search(r"\b\d{4} \d{4}\b", words(page))
    assert link
    assert digits
    assert "<svg" in body
    assert "antes de diez minutos. Sirve una sola vez" in words(page)
    assert "no-store" in page.headers["Cache-Control"]
    device, _ = pair(codigo=digits.group(), direccion="10.0.0.7")
    assert (device.nombre, device.kind, device.scope) == ("Tableta nave 2", "tablet", "act")
    with pytest.raises(CodigoInvalido):
        pair(codigo=link.group(1), direccion="10.0.0.7")
    assert "● vinculado" in words(administrator.get(f"{DEVICES}{device.pk}/change/"))


def test_a_board_only_reads_whatever_was_chosen(administrator: Client) -> None:
    from occupation.models import Device

    administrator.post(PAIR, {"nombre": "Tablero", "kind": "board", "scope": "act"})
    device = Device.objects.get()
    assert (device.kind, device.scope) == ("board", "read")


def test_a_program_gets_its_token_shown_once(administrator: Client) -> None:
    from occupation.models import Device

    page = administrator.post(PAIR, {"nombre": "Reporte", "kind": "api", "scope": "read"})
    token = re.search(r'<code class="secreto">([\w-]{40,})</code>', page.content.decode())
    assert token
    assert Device.objects.con_token(token.group(1)).get().nombre == "Reporte"
    assert token.group(1) not in administrator.get(DEVICES, follow=True).content.decode()


@pytest.mark.parametrize(
    ("nombre", "said"),
    [("", "Este campo es obligatorio."), ("hoja", "Ese nombre está reservado; elija otro."), ("x" * 101, "100")],
)
def test_pairing_refuses_a_bad_name_in_words(administrator: Client, nombre: str, said: str) -> None:
    from occupation.models import Device

    assert said in words(administrator.post(PAIR, {"nombre": nombre, "kind": "tablet", "scope": "act"}))
    assert Device.objects.count() == 0


def test_renaming_keeps_the_device_and_refuses_a_name_that_is_taken(administrator: Client) -> None:
    from tests.factories import DeviceFactory

    device, other = DeviceFactory(nombre="Vieja"), DeviceFactory(nombre="Otra")
    url = f"{DEVICES}{device.pk}/nombre/"
    assert "Ya hay un dispositivo con ese nombre." in words(administrator.post(url, {"nombre": other.nombre}))
    assert "Ahora se llama Nave 3." in words(administrator.post(url, {"nombre": "Nave 3"}, follow=True))
    device.refresh_from_db()
    assert (device.nombre, device.revocado_en) == ("Nave 3", None)


def test_revoking_asks_first_and_ends_what_the_device_may_do(administrator: Client) -> None:
    from occupation.models import Device
    from tests.factories import DeviceFactory

    lost, kept = DeviceFactory(nombre="Perdida"), DeviceFactory(nombre="Buena")
    asked = administrator.post(DEVICES, {"action": "revocar_elegidos", "_selected_action": [lost.pk]})
    assert "Perdida (Tablet)" in words(asked)
    assert Device.objects.vigentes().count() == 2
    done = administrator.post(REVOKE, {"dispositivo": [lost.pk]}, follow=True)
    assert "Perdida ya no puede entrar." in words(done)
    assert list(Device.objects.vigentes()) == [kept]
    assert not Device.objects.con_token(lost.raw_token).exists()
    again = administrator.get(REVOKE, {"dispositivo": lost.pk}, follow=True)
    assert "Elija al menos un dispositivo que no esté revocado." in words(again)


def test_pairing_again_hands_the_name_to_another_machine(administrator: Client) -> None:
    from occupation.models import Device
    from tests.factories import DeviceFactory

    lost = DeviceFactory(nombre="Tableta nave 2")
    url = f"{DEVICES}{lost.pk}/vincular/"
    assert "dejará de funcionar de inmediato" in words(administrator.get(url))
    assert not Device.objects.filter(revocado_en__isnull=False).exists()
    page = administrator.post(url)
    assert "Abra esto en Tableta nave 2 antes de diez minutos." in words(page)
    assert Device.objects.vigentes().exclude(pk=lost.pk).get().nombre == "Tableta nave 2"
    assert not Device.objects.con_token(lost.raw_token).exists()
    assert administrator.get(url).status_code == 404


def test_pairing_a_program_again_gives_it_another_token(administrator: Client) -> None:
    from occupation.models import Device
    from tests.factories import DeviceFactory

    old = DeviceFactory(nombre="Reporte", kind="api", scope="read")
    page = administrator.post(f"{DEVICES}{old.pk}/vincular/")
    token = re.search(r'<code class="secreto">([\w-]{40,})</code>', page.content.decode())
    assert token
    made = Device.objects.con_token(token.group(1)).get()
    assert (made.nombre, made.kind, made.scope) == ("Reporte", "api", "read")
    assert list(Device.objects.vigentes()) == [made]


def test_pairing_again_that_is_refused_says_why_and_leaves_the_device_at_work(administrator: Client) -> None:
    from occupation.models import Device
    from tests.factories import DeviceFactory

    # Such a name cannot be given today; the device that has it must not die of being paired again.
    device = DeviceFactory(nombre="hoja")
    page = administrator.post(f"{DEVICES}{device.pk}/vincular/")
    assert page.status_code == 200
    assert "Ese nombre está reservado; elija otro." in words(page)
    assert list(Device.objects.con_token(device.raw_token)) == [device]


def test_pairing_again_what_was_revoked_meanwhile_invites_nobody(administrator: Client) -> None:
    from occupation.models import Device
    from occupation.refusals import SolicitudInvalida
    from occupation.services.devices import reinvite, revoke
    from tests.factories import DeviceFactory

    device = DeviceFactory(nombre="Tableta")
    revoke(device=Device.objects.get(pk=device.pk))
    with pytest.raises(SolicitudInvalida):
        reinvite(device=device)
    assert Device.objects.count() == 1


@pytest.mark.parametrize("number", ["9" * 30, "-" + "9" * 30, "9" * 5000, str(2**63), "nada", "0"])
def test_numbers_that_no_device_has_are_ignored(administrator: Client, number: str) -> None:
    from occupation.models import Device
    from tests.factories import DeviceFactory

    lost, kept = DeviceFactory(nombre="Perdida"), DeviceFactory(nombre="Buena")
    asked = administrator.post(DEVICES, {"action": "revocar_elegidos", "_selected_action": [number, lost.pk]})
    assert "Perdida (Tablet)" in words(asked)
    administrator.post(REVOKE, {"dispositivo": [number, lost.pk]})
    assert list(Device.objects.vigentes()) == [kept]
