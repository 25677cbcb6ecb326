"""/supervision/: who gets in, what waits for a person, and LIBERAR and DESBLOQUEAR with a reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from occupation.vocabulary import EstadoCalidad, Operacion
from tests.factories import DeviceFactory
from tests.office import OFFICE, hidden, logged_in, words
from tests.tablet import Tablet, said, title

if TYPE_CHECKING:
    from django.test import Client
    from django.test.client import _MonkeyPatchedWSGIResponse as Page
    from pytest_django import DjangoAssertNumQueries

    from tests.shop import Shop

pytestmark = OFFICE

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
HOME = "/supervision/"
AHORA = f"{HOME}ahora/"
BY_SCRIPT = {"HX-Request": "true"}
LIBERAR = f"{HOME}liberar/"
DESBLOQUEAR = f"{HOME}desbloquear/"
SHOWN = 200
"""As many spools of a kind as the page lists."""


def submit(client: Client, url: str, page: Page, motivo: str, **more: str) -> Page:
    """Send the form of a page that asks why."""
    fields = {name: hidden(page, name)[0] for name in ("tag", "version", "clave")}
    return client.post(url, fields | {"motivo": motivo} | more)


def follow(client: Client, url: str, page: Page, motivo: str, **more: str) -> str:
    """The same, and what the page says that the answer leads to."""
    answer = submit(client, url, page, motivo, **more)
    assert answer.status_code == 302, words(answer)
    return words(client.get(answer["Location"]))


def enter(username: str, *, right: bool = True, wanted: str = "") -> Page:
    from django.test import Client

    password = "una-clave-larga" if right else "no es esta"
    return Client().post(f"{HOME}entrar/", {"username": username, "password": password, "next": wanted})


@pytest.mark.usefixtures("shop")
def test_a_login_of_the_admin_is_not_enough_on_the_shops_own_tablet() -> None:
    client = logged_in("marta", "supervisores")
    assert client.get(HOME).status_code == 200
    client.cookies["taller_device"] = vars(DeviceFactory())["raw_token"]
    assert client.get(HOME)["Location"] == "/supervision/entrar/?next=%2Fsupervision%2F"
    client.post(f"{HOME}entrar/", {"username": "marta", "password": "una-clave-larga"})
    assert client.get(HOME).status_code == 200


@pytest.mark.usefixtures("shop")
def test_on_the_shops_own_tablet_the_office_asks_for_the_login_that_ends_by_itself() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = logged_in("marta", "supervisores")
        client.cookies["taller_device"] = vars(DeviceFactory())["raw_token"]
        marta = {"username": "marta", "password": "una-clave-larga"}
        asked = "/supervision/entrar/?next=%2Fadmin%2Foccupation%2Fspool%2F"
        assert client.get("/admin/occupation/spool/")["Location"] == asked
        assert client.post("/admin/login/", marta)["Location"] == "/supervision/entrar/?next=%2Fsupervision%2F"
        assert client.post(asked, marta | {"next": "/admin/"})["Location"] == "/admin/"
        for _ in range(2):
            assert client.get("/admin/").status_code == 200
            clock.shift(timedelta(minutes=29))
        clock.shift(timedelta(minutes=2))
        assert client.get("/admin/").status_code == 302


@pytest.mark.usefixtures("shop")
def test_the_door_leads_back_after_the_login_and_tells_others_whom_to_ask() -> None:
    from django.test import Client

    assert Client().get(f"{LIBERAR}?tag=MK-1")["Location"] == (
        "/supervision/entrar/?next=%2Fsupervision%2Fliberar%2F%3Ftag%3DMK-1"
    )
    assert "pedro no está en el grupo de supervisores" in said(logged_in("pedro").get(HOME))


@pytest.mark.usefixtures("shop")
def test_the_login_is_in_spanish_leads_back_and_to_no_other_site() -> None:
    from django.test import Client

    logged_in("marta", "supervisores", staff=False)
    assert title(Client().get(f"{HOME}entrar/")) == "Entrar a supervisión"
    wrong = enter("marta", right=False)
    assert "introduzca un nombre de usuario y clave correctos" in said(wrong).replace("contraseña", "clave")
    went = {wanted: enter("marta", wanted=wanted)["Location"] for wanted in ("", LIBERAR, "https://malo.example/")}
    assert went == {"": HOME, LIBERAR: LIBERAR, "https://malo.example/": HOME}


@pytest.mark.usefixtures("shop")
def test_five_wrong_passwords_close_the_door_and_the_page_leads_back_here() -> None:
    logged_in("marta", "supervisores", staff=False)
    closed = [enter("marta", right=False) for _ in range(5)][-1]
    assert "Demasiados intentos" in words(closed)
    assert 'href="/supervision/entrar/"' in closed.content.decode()
    assert enter("marta").status_code == 429


@pytest.mark.usefixtures("shop")
def test_an_idle_login_made_here_ends_and_a_page_that_refreshes_itself_keeps_nobody_in() -> None:
    from django.test import Client

    logged_in("marta", "supervisores", staff=False)
    with time_machine.travel(NOW, tick=False) as clock:
        client = Client()
        client.post(f"{HOME}entrar/", {"username": "marta", "password": "una-clave-larga"})
        clock.shift(timedelta(minutes=29))
        assert client.get(HOME).status_code == 200
        clock.shift(timedelta(minutes=29))
        assert client.get(AHORA, headers=BY_SCRIPT).status_code == 200
        clock.shift(timedelta(minutes=2))
        assert client.get(AHORA, headers=BY_SCRIPT)["HX-Redirect"] == f"{HOME}entrar/"
        assert client.get(HOME).status_code == 302


@pytest.mark.usefixtures("shop")
def test_who_leaves_is_out() -> None:
    client = logged_in("marta", "supervisores", staff=False)
    assert client.post(f"{HOME}salir/")["Location"] == f"{HOME}entrar/"
    assert client.get(HOME).status_code == 302
    assert client.get(f"{HOME}salir/").status_code == 405


@time_machine.travel(NOW, tick=False)
def test_what_waits_for_a_person_comes_first_and_in_words(shop: Shop) -> None:
    from tests.factories import DeviceFactory, SpoolFactory

    SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel, ocupado_desde=NOW - timedelta(hours=11))
    SpoolFactory(tag_hoja="MK-2", ocupado_por=shop.retirado, ocupado_desde=NOW - timedelta(hours=1))
    SpoolFactory(tag_hoja="MK-3", ocupado_por=shop.juan, ocupado_desde=NOW - timedelta(hours=2))
    SpoolFactory(tag_hoja="MK-4", calidad_state=EstadoCalidad.BLOQUEADO, soldador=shop.juan)
    DeviceFactory(nombre="Tableta perdida", visto_en=NOW - timedelta(hours=25))
    shop.client.set("spool_lock:MK-9", "93:nadie")
    said_so = words(logged_in("marta", "supervisores", staff=False).get(HOME))
    parts = [
        "Por revisar (2) MK -1 MR(93) · Miguel Rojas ARMADO 11h 0m desde 01:00 ▲ REVISAR: ¿olvidó pausar? LIBERAR",
        "MK -2 LV(99) · Luis Vera ARMADO 1h 0m desde 11:00 ▲ Trabajador inactivo LIBERAR",
        "Bloqueados (1) MK -4 Bloqueado: tres rechazos",
        "soldó JP(94) DESBLOQUEAR También espera a alguien",
        "Marcas de Redis que no coinciden (4)",
        "Dispositivos sin señal desde hace un día (1) Tableta perdida Revise si están encendidos",
        "Los demás tomados (1) MK -3 JP(94) · Juan Pérez ARMADO 2h 0m desde 10:00 LIBERAR",
    ]
    places = [said_so.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    assert "Ver en Administración" not in said_so


@time_machine.travel(NOW, tick=False)
def test_nobody_who_was_deactivated_hides_behind_those_who_hold_longer(shop: Shop) -> None:
    from occupation.models import Spool
    from tests.factories import SpoolFactory

    two_hours = {"ocupado_por": shop.juan, "ocupado_desde": NOW - timedelta(hours=2)}
    Spool.objects.bulk_create(SpoolFactory.build_batch(SHOWN + 1, **two_hours))
    SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.retirado, ocupado_desde=NOW - timedelta(hours=1))
    page = words(logged_in("marta", "supervisores", staff=False).get(HOME))
    assert "Por revisar (1) MK -1 LV(99) · Luis Vera ARMADO 1h 0m desde 11:00 ▲ Trabajador inactivo LIBERAR" in page
    assert f"Los demás tomados ({SHOWN + 1})" in page
    assert page.count("JP(94) · Juan Pérez ARMADO") == SHOWN
    assert "y 1 más" in page
    assert "Todo en orden" not in page


@time_machine.travel(NOW, tick=False)
def test_what_does_not_fit_on_the_page_is_counted(shop: Shop) -> None:
    from occupation.models import Spool
    from tests.factories import SpoolFactory

    client = logged_in("marta", "supervisores")
    long_ago = {"ocupado_por": shop.juan, "ocupado_desde": NOW - timedelta(hours=12)}
    Spool.objects.bulk_create(SpoolFactory.build_batch(SHOWN + 2, **long_ago))
    Spool.objects.bulk_create(SpoolFactory.build_batch(SHOWN, calidad_state=EstadoCalidad.BLOQUEADO))
    page = client.get(HOME)
    assert f"Por revisar ({SHOWN + 2})" in words(page)
    assert "y 2 más" in words(page)
    assert f"Bloqueados ({SHOWN})" in words(page)
    assert "Los demás tomados (0)" in words(page)
    SpoolFactory(calidad_state=EstadoCalidad.BLOQUEADO, tag_hoja="ZZ-1")
    again = client.get(AHORA, {"visto": page.context["panel"].huella}, headers=BY_SCRIPT)
    assert f"Bloqueados ({SHOWN + 1})" in words(again)
    assert "y 1 más" in words(again)


@pytest.mark.usefixtures("shop")
def test_a_quiet_shop_says_so() -> None:
    said_so = words(logged_in("marta", "supervisores").get(HOME))
    assert "Todo en orden: nada espera a una persona." in said_so
    assert "Tomados ahora (0) Nadie tiene spools en este momento." in said_so


@time_machine.travel(NOW, tick=False)
def test_the_page_asks_the_database_the_same_few_questions_whatever_the_shop_holds(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    from tests.factories import SpoolFactory

    client = logged_in("marta", "supervisores")
    for n in range(30):
        hours = 12 if n % 2 else 1
        SpoolFactory(ocupado_por=shop.miguel, ocupado_desde=NOW - timedelta(hours=hours))
        SpoolFactory(calidad_state=EstadoCalidad.BLOQUEADO)
    with django_assert_max_num_queries(30):
        client.get(HOME)


def test_the_list_is_sent_again_only_when_it_says_something_else(shop: Shop) -> None:
    from occupation import services
    from tests.factories import SpoolFactory
    from tests.shop import TABLET

    SpoolFactory(tag_hoja="MK-1")
    client = logged_in("marta", "supervisores")
    seen = client.get(HOME).context["panel"].huella
    assert client.get(AHORA, {"visto": seen}, headers=BY_SCRIPT).status_code == 204
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    again = client.get(AHORA, {"visto": seen}, headers=BY_SCRIPT)
    assert "MK -1 MR(93) · Miguel Rojas ARMADO" in words(again)
    assert "<html" not in again.content.decode()


@pytest.mark.usefixtures("shop")
def test_who_types_the_address_of_the_list_alone_is_led_to_the_whole_page() -> None:
    led = logged_in("marta", "supervisores").get(AHORA)
    assert (led.status_code, led["Location"]) == (302, HOME)


def test_liberar_asks_why_and_says_what_was_done(shop: Shop) -> None:
    from occupation.models import Evento
    from tests.factories import SpoolFactory
    from tests.shop import row_of

    spool = SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel)
    client = logged_in("marta", "supervisores", staff=False)
    asked = client.get(LIBERAR, {"tag": "mk-1"})
    assert title(asked) == "¿Liberar este spool?"
    assert row_of(spool)["ocupado_por_id"] == 93
    told = follow(client, LIBERAR, asked, " se fue  sin pausar ")
    assert "Spool MK-1 liberado: queda pausado y disponible" in told
    event = Evento.objects.get(tipo="LIBERAR_ARM")
    assert (event.trabajador_id, event.actor_tipo, event.actor_nombre, event.detalle) == (
        93,
        "supervisor",
        "marta",
        {"motivo": "se fue sin pausar"},
    )
    floor = Tablet().step_up(shop.miguel).get("/trabajo/")
    assert "marta lo liberó" in words(floor)
    assert follow(client, LIBERAR, asked, "se fue sin pausar").count("liberado: queda pausado") == 1
    assert Evento.objects.filter(tipo="LIBERAR_ARM").count() == 1


@pytest.mark.parametrize(
    ("url", "columns", "reasons"),
    [
        (LIBERAR, {}, ["Se fue sin pausar", "Cambio de turno", "Lo tomó por error", "Tableta sin batería"]),
        (
            DESBLOQUEAR,
            {"calidad_state": EstadoCalidad.BLOQUEADO},
            ["Se puede reparar una vez más", "Lo autorizó el cliente", "Se rechazó por error"],
        ),
    ],
)
def test_the_usual_reasons_are_one_tap_each(
    shop: Shop, url: str, columns: dict[str, object], reasons: list[str]
) -> None:
    from occupation.models import Evento
    from tests.factories import SpoolFactory

    SpoolFactory(tag_hoja="MK-1", **(columns or {"ocupado_por": shop.miguel}))
    client = logged_in("marta", "supervisores", staff=False)
    asked = client.get(url, {"tag": "MK-1"})
    offered = re.findall(r'<button[^>]* name="motivo" value="([^"]*)"', asked.content.decode())
    assert offered == reasons
    assert submit(client, url, asked, offered[0]).status_code == 302
    assert Evento.objects.filter(actor_nombre="marta").first().detalle["motivo"] == offered[0]  # type: ignore[union-attr]


def test_desbloquear_asks_why_and_says_what_was_done(shop: Shop) -> None:
    from tests.factories import SpoolFactory
    from tests.shop import row_of

    spool = SpoolFactory(tag_hoja="MK-1", calidad_state=EstadoCalidad.BLOQUEADO)
    client = logged_in("marta", "supervisores", staff=False)
    asked = client.get(DESBLOQUEAR, {"tag": "MK-1"})
    told = follow(client, DESBLOQUEAR, asked, "se acepta reparar")
    assert "Spool MK-1 desbloqueado: tiene una oportunidad más" in told
    assert (row_of(spool)["calidad_state"], row_of(spool)["ciclo"]) == ("rechazado", 2)


@pytest.mark.parametrize(
    ("motivo", "razon"),
    [("", "Escriba por qué."), ("  ", "Escriba por qué."), ("x" * 301, "Use a lo más 300 caracteres.")],
)
def test_without_a_proper_reason_the_page_asks_again_keeps_what_was_written_and_changes_nothing(
    shop: Shop, motivo: str, razon: str
) -> None:
    from tests.factories import SpoolFactory

    SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel)
    SpoolFactory(tag_hoja="MK-2", calidad_state=EstadoCalidad.BLOQUEADO)
    client = logged_in("marta", "supervisores")
    before = shop.everything()
    for url, tag in ((LIBERAR, "MK-1"), (DESBLOQUEAR, "MK-2")):
        again = submit(client, url, client.get(url, {"tag": tag}), motivo)
        assert again.status_code == 422
        assert razon in said(again)
        assert f'value="{motivo.strip()}"' in again.content.decode() or not motivo.strip()
        assert set(hidden(again, "tag")) == {tag}
    assert shop.everything() == before


def test_what_ended_or_changed_meanwhile_is_said_and_left_alone(shop: Shop) -> None:
    from occupation import services
    from tests.factories import SpoolFactory
    from tests.shop import TABLET

    for n in (1, 2, 3):
        SpoolFactory(tag_hoja=f"MK-{n}", ocupado_por=shop.miguel)
    client = logged_in("marta", "supervisores")
    pages = {n: client.get(LIBERAR, {"tag": f"MK-{n}"}) for n in (1, 2)}
    services.completar(tag="MK-1", trabajador_id=93, actor=TABLET)
    services.pausar(tag="MK-2", trabajador_id=93, actor=TABLET)
    services.tomar(tag="MK-2", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    shop.listener.heard()
    before = shop.everything()
    ended, changed = (submit(client, LIBERAR, pages[n], "se fue") for n in (1, 2))
    assert (ended.status_code, changed.status_code) == (410, 409)
    assert "Nadie tiene el spool MK-1: MR(93) lo completó" in said(ended)
    assert "El spool MK-2 cambió mientras lo miraba." in said(changed)
    assert "REINTENTAR" not in words(changed)
    assert f'href="{LIBERAR}?tag=MK-2">VOLVER' in changed.content.decode()
    looked_again = client.get(LIBERAR, {"tag": "MK-2"})
    assert "JP(94) · Juan Pérez" in words(looked_again)
    assert "Nadie tiene el spool MK-1" in said(client.get(LIBERAR, {"tag": "MK-1"}))
    assert "no está bloqueado" in said(client.get(DESBLOQUEAR, {"tag": "MK-3"}))
    assert client.get(LIBERAR, {"tag": "MK-9"}).status_code == 404
    assert client.post(LIBERAR, {"tag": "MK-3", "motivo": "x"}).status_code == 422
    assert shop.everything() == before


def test_a_person_with_one_permission_uses_that_one_only(shop: Shop) -> None:
    from django.contrib.auth.models import Permission, User

    from tests.factories import SpoolFactory

    SpoolFactory(tag_hoja="MK-2", calidad_state=EstadoCalidad.BLOQUEADO)
    client = logged_in("capataz", staff=False)
    User.objects.get(username="capataz").user_permissions.set(Permission.objects.filter(codename="liberar_ocupacion"))
    before = shop.everything()
    page = client.get(HOME)
    assert page.status_code == 200
    assert "DESBLOQUEAR" not in words(page)
    fields = {"tag": "MK-2", "motivo": "quiero", "clave": "k"}
    assert [client.get(DESBLOQUEAR, fields).status_code, client.post(DESBLOQUEAR, fields).status_code] == [403, 403]
    assert shop.everything() == before
