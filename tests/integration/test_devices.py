"""Inviting, pairing, naming and revoking devices."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import timedelta

import psycopg
import pytest
import time_machine
from django.db import OperationalError, connection
from django.utils import timezone
from time_machine import Traveller

from occupation.models import Device, PairingAttempt, PairingCode
from occupation.refusals import CodigoInvalido, DemasiadasSolicitudes, Refused, SolicitudInvalida
from occupation.services import invite, issue_token, pair, rename, revoke, touch
from occupation.services._transaction import _sqlite_writer
from occupation.vocabulary import DeviceKind, DeviceScope
from taller.database import BUSY_SECONDS
from tests.api_client import ApiClient
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db

NOW = "2026-03-02T08:00:00-03:00"


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def fail_to_pair(times: int, direccion: str = "10.0.0.9") -> None:
    for _ in range(times):
        with pytest.raises(CodigoInvalido):
            pair(codigo="00000000", direccion=direccion)


def test_the_secret_of_an_invitation_pairs_a_browser() -> None:
    invitacion = invite(nombre="Tablet 3", kind=DeviceKind.TABLET)
    device, token = pair(codigo=invitacion.secreto, direccion="10.0.0.1")
    assert (device.pk, device.nombre, device.kind, device.scope) == (
        invitacion.device.pk,
        "Tablet 3",
        DeviceKind.TABLET,
        DeviceScope.ACT,
    )
    assert Device.objects.con_token(token).get() == device


@pytest.mark.parametrize("shape", ["{0}{1}", "{0} {1}", " {0}-{1} ", "{0}\u00a0{1}"])
def test_the_digits_can_be_typed_with_blanks_and_dashes(shape: str) -> None:
    digitos = invite(nombre="Tablet 3", kind=DeviceKind.TABLET).digitos
    device, _ = pair(codigo=shape.format(digitos[:4], digitos[4:]), direccion="10.0.0.1")
    assert device.nombre == "Tablet 3"


def test_secrets_are_long_and_stored_only_as_hashes() -> None:
    invitacion = invite(nombre="Tablet 3", kind=DeviceKind.TABLET)
    token = pair(codigo=invitacion.secreto, direccion="10.0.0.1")[1]
    assert len(bytes.fromhex(invitacion.secreto)) == 16
    assert len(invitacion.digitos) == 8
    stored = {*Device.objects.values_list("token_hash", flat=True)}
    stored |= {*PairingCode.objects.values_list("secret_hash", flat=True)}
    stored |= {*PairingCode.objects.values_list("digits_hash", flat=True)}
    assert stored.isdisjoint({token, invitacion.secreto, invitacion.digitos})


def test_a_board_always_only_reads() -> None:
    assert invite(nombre="Muro", kind=DeviceKind.BOARD, scope=DeviceScope.ACT).device.scope == DeviceScope.READ


def test_a_program_gets_its_token_at_once() -> None:
    device, token = issue_token(nombre="Planilla", scope=DeviceScope.READ)
    assert (device.kind, device.scope) == (DeviceKind.API, DeviceScope.READ)
    assert Device.objects.con_token(token).get() == device


@pytest.mark.parametrize("way", ["secreto", "digitos"])
def test_a_code_works_once(way: str) -> None:
    invitacion = invite(nombre="Tablet 3", kind=DeviceKind.TABLET)
    pair(codigo=getattr(invitacion, way), direccion="10.0.0.1")
    for codigo in (invitacion.secreto, invitacion.digitos):
        with pytest.raises(CodigoInvalido):
            pair(codigo=codigo, direccion="10.0.0.1")


def test_a_code_lasts_ten_minutes(clock: Traveller) -> None:
    last_moment = invite(nombre="Tablet 3", kind=DeviceKind.TABLET)
    clock.shift(timedelta(minutes=9, seconds=59))
    pair(codigo=last_moment.secreto, direccion="10.0.0.1")
    too_late = invite(nombre="Tablet 4", kind=DeviceKind.TABLET)
    clock.shift(timedelta(minutes=10))
    with pytest.raises(CodigoInvalido):
        pair(codigo=too_late.secreto, direccion="10.0.0.1")


def test_an_invitation_that_was_revoked_pairs_nobody() -> None:
    invitacion = invite(nombre="Tablet 3", kind=DeviceKind.TABLET)
    revoke(device=invitacion.device)
    with pytest.raises(CodigoInvalido):
        pair(codigo=invitacion.secreto, direccion="10.0.0.1")


@pytest.mark.parametrize("codigo", ["", "   ", "1234", "\x00", "ñ" * 32, "\ud800", "9" * 100_000])
def test_what_is_no_code_is_refused_and_counted(codigo: str) -> None:
    with pytest.raises(CodigoInvalido) as refused:
        pair(codigo=codigo, direccion="10.0.0.1")
    assert refused.value.mensaje == (
        "El código no sirve: está mal escrito, ya se usó o venció. Pida uno nuevo al administrador."
    )
    assert list(PairingAttempt.objects.values_list("direccion", flat=True)) == ["10.0.0.1"]


def test_an_address_may_fail_ten_times_a_minute(clock: Traveller) -> None:
    invitacion = invite(nombre="Tablet 3", kind=DeviceKind.TABLET)
    fail_to_pair(10)
    with pytest.raises(DemasiadasSolicitudes) as refused:
        pair(codigo=invitacion.secreto, direccion="10.0.0.9")
    assert refused.value.datos == {"segundos": 60}
    assert PairingAttempt.objects.count() == 10
    clock.shift(timedelta(seconds=60))
    pair(codigo=invitacion.secreto, direccion="10.0.0.9")


def test_another_address_is_not_slowed_down_by_the_first() -> None:
    invitacion = invite(nombre="Tablet 3", kind=DeviceKind.TABLET)
    fail_to_pair(10)
    assert pair(codigo=invitacion.digitos, direccion="10.0.0.8")[0] == invitacion.device


def test_all_addresses_together_may_fail_a_hundred_times_an_hour(clock: Traveller) -> None:
    for number in range(10):
        fail_to_pair(10, f"10.0.1.{number}")
    with pytest.raises(DemasiadasSolicitudes) as refused:
        pair(codigo="00000000", direccion="10.0.2.1")
    assert refused.value.datos == {"segundos": 3600}
    clock.shift(timedelta(hours=1))
    fail_to_pair(1)
    assert PairingAttempt.objects.count() == 1


def test_nobody_can_shut_the_links_of_the_others() -> None:
    by_link = invite(nombre="Tablet 3", kind=DeviceKind.TABLET)
    by_digits = invite(nombre="Tablet 4", kind=DeviceKind.TABLET)
    for number in range(10):
        fail_to_pair(10, f"10.0.1.{number}")
    with pytest.raises(DemasiadasSolicitudes):
        pair(codigo=by_digits.digitos, direccion="10.0.2.1")
    assert pair(codigo=by_link.secreto, direccion="10.0.2.1")[0] == by_link.device
    with pytest.raises(DemasiadasSolicitudes) as refused:
        pair(codigo=by_digits.secreto, direccion="10.0.1.9")
    assert refused.value.datos == {"segundos": 60}


def test_two_devices_never_share_a_name() -> None:
    names = [invite(nombre=name, kind=DeviceKind.TABLET).device.nombre for name in ("Tableta", "TABLETA", "Tableta")]
    names.append(issue_token(nombre=" Tableta ", scope=DeviceScope.ACT)[0].nombre)
    assert names == ["Tableta", "TABLETA (2)", "Tableta (3)", "Tableta (4)"]


def test_the_number_fits_even_after_the_longest_name() -> None:
    invite(nombre="x" * 100, kind=DeviceKind.TABLET)
    assert invite(nombre="x" * 100, kind=DeviceKind.TABLET).device.nombre == "x" * 96 + " (2)"


def test_the_name_of_a_revoked_device_is_free_again() -> None:
    revoke(device=DeviceFactory(nombre="Tableta"))
    assert invite(nombre="Tableta", kind=DeviceKind.TABLET).device.nombre == "Tableta"


def test_an_invitation_nobody_accepted_leaves_its_name_behind(clock: Traveller) -> None:
    lapsed = invite(nombre="Tableta", kind=DeviceKind.TABLET).device
    clock.shift(timedelta(minutes=10))
    assert invite(nombre="Tableta", kind=DeviceKind.TABLET).device.nombre == "Tableta"
    assert not Device.objects.filter(pk=lapsed.pk).exists()


BAD_NAMES = {
    "": "escriba un nombre",
    " \t ": "escriba un nombre",
    "x" * 101: "use a lo más 100 caracteres",
    "a\x00b": "tiene caracteres que no se pueden mostrar",
    "Hoja": "ese nombre está reservado; elija otro",
    "sistema": "ese nombre está reservado; elija otro",
}


@pytest.mark.parametrize(("nombre", "razon"), BAD_NAMES.items())
def test_a_name_that_would_tell_nobody_anything_is_refused(nombre: str, razon: str) -> None:
    device = DeviceFactory(nombre="Tablet 3")
    for attempt in (
        lambda: invite(nombre=nombre, kind=DeviceKind.TABLET),
        lambda: issue_token(nombre=nombre, scope=DeviceScope.ACT),
        lambda: rename(device=device, nombre=nombre),
    ):
        with pytest.raises(SolicitudInvalida) as refused:
            attempt()
        assert refused.value.datos == {"campos": {"nombre": razon}}
    assert list(Device.objects.values_list("nombre", flat=True)) == ["Tablet 3"]


def test_renaming_keeps_the_token() -> None:
    device = DeviceFactory(nombre="Tablet 3")
    rename(device=device, nombre="  Tablet   del portón ")
    assert Device.objects.con_token(device.raw_token).get().nombre == "Tablet del portón"


def test_renaming_refuses_the_name_of_another_device() -> None:
    DeviceFactory(nombre="Tablet 3")
    device = DeviceFactory(nombre="Tablet 4")
    with pytest.raises(SolicitudInvalida) as refused:
        rename(device=device, nombre="tablet 3")
    assert refused.value.datos == {"campos": {"nombre": "ya hay un dispositivo con ese nombre"}}
    rename(device=device, nombre="TABLET 4")
    assert Device.objects.get(pk=device.pk).nombre == "TABLET 4"


def test_revoking_is_final_and_keeps_the_first_instant(clock: Traveller) -> None:
    device = DeviceFactory()
    revoke(device=device)
    first = Device.objects.get(pk=device.pk).revocado_en
    clock.shift(timedelta(hours=1))
    revoke(device=device)
    assert Device.objects.get(pk=device.pk).revocado_en == first
    assert not Device.objects.con_token(device.raw_token).exists()


def test_a_device_is_seen_at_most_once_a_minute(clock: Traveller) -> None:
    device, start = DeviceFactory(), timezone.now()
    for seconds in (0, 59, 61):
        clock.move_to(start + timedelta(seconds=seconds))
        touch(Device.objects.get(pk=device.pk))
        seen = Device.objects.get(pk=device.pk).visto_en
        assert seen == start + timedelta(seconds=61 if seconds == 61 else 0)


@contextmanager
def somebody_writing(what: str) -> Iterator[None]:
    """Another program in the middle of a transaction that keeps every device from being written."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(database["NAME"], isolation_level=None)) as writer, _sqlite_writer:
            writer.execute("BEGIN IMMEDIATE")
            yield
        return
    where = {"host": database["HOST"], "port": database["PORT"], "user": database["USER"], "dbname": database["NAME"]}
    with psycopg.connect(**where) as stranger:
        stranger.execute(what)
        yield
        stranger.rollback()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "what", ["SELECT 1 FROM occupation_device FOR UPDATE", "LOCK TABLE occupation_device IN SHARE MODE"]
)
def test_a_read_never_waits_for_who_is_writing(clock: Traveller, what: str) -> None:
    device = DeviceFactory()
    api = ApiClient(device.raw_token)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    with somebody_writing(what):
        started = time.perf_counter()
        assert [api.get("workers")[0] for _ in range(2)] == [200, 200]
        assert time.perf_counter() - started < BUSY_SECONDS, "one of them waited for the lock to the end"
    assert Device.objects.get(pk=device.pk).visto_en is None
    clock.shift(timedelta(seconds=59))
    api.get("workers")
    assert Device.objects.get(pk=device.pk).visto_en is None
    clock.shift(timedelta(seconds=2))
    api.get("workers")
    assert Device.objects.get(pk=device.pk).visto_en == timezone.now()


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_the_verbs_after_being_seen_are_as_patient_as_before() -> None:
    for holder in (nullcontext(), somebody_writing("")):
        with holder:
            touch(Device(pk=1))
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            assert cursor.fetchone() == (10_000,)


def test_being_seen_is_never_worth_an_error() -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("disk full")

    device = DeviceFactory()
    with connection.execute_wrapper(refuse):
        touch(device)
    assert Device.objects.get(pk=device.pk).visto_en is None


@pytest.mark.django_db(transaction=True)
def test_of_many_browsers_with_one_code_exactly_one_is_paired() -> None:
    codigo = invite(nombre="Tablet 3", kind=DeviceKind.TABLET).secreto

    def try_to_pair(number: int) -> str | None:
        try:
            return pair(codigo=codigo, direccion=f"10.0.0.{number}")[1]
        except CodigoInvalido:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as browsers:
        tokens = [token for token in browsers.map(try_to_pair, range(8)) if token]
    assert len(tokens) == 1
    assert Device.objects.con_token(tokens[0]).get().nombre == "Tablet 3"


@pytest.mark.django_db(transaction=True)
def test_of_thirty_guesses_at_the_same_moment_ten_are_looked_at() -> None:
    def guess(number: int) -> str:
        try:
            pair(codigo=f"{number:08}", direccion="10.0.0.9")
        except Refused as refused:
            return refused.codigo
        finally:
            connection.close()
        return "paired"

    with ThreadPoolExecutor(8) as browsers:
        heard = Counter(browsers.map(guess, range(30)))
    assert heard == {CodigoInvalido.codigo: 10, DemasiadasSolicitudes.codigo: 20}
    assert PairingAttempt.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_tablets_invited_and_renamed_at_the_same_moment_never_share_a_name() -> None:
    renamed = [DeviceFactory(nombre=f"Vieja {number}") for number in range(4)]
    connection.close()

    def name_it(number: int) -> None:
        try:
            if number < 4:
                with suppress(SolicitudInvalida):
                    rename(device=renamed[number], nombre="Tableta")
            else:
                invite(nombre="tableta", kind=DeviceKind.TABLET)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as office:
        list(office.map(name_it, range(8)))
    names = [name.casefold() for name in Device.objects.values_list("nombre", flat=True)]
    assert len(names) == len(set(names)) == 8
