"""Workers' PINs: asked on the pad in shops that want it, locked after five tries, looked after by supervisors."""

from __future__ import annotations

import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.db import connection

from occupation.models import Pin, PinFallido, Trabajador
from occupation.refusals import Refused, SolicitudInvalida
from occupation.services import _transaction
from occupation.services.pins import check_pin, forgive_pin, set_pin
from occupation.vocabulary import DeviceKind
from tests.api_client import ApiClient
from tests.factories import DeviceFactory, TrabajadorFactory
from tests.office import logged_in, words
from tests.ports import patient
from tests.shop import SUPERVISOR
from tests.tablet import FLOOR, Tablet, said, title

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Page
    from pytest_django import Settings

pytestmark = FLOOR

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
PAD = "/entrar/pin/"
PINES = "/supervision/pines/"
PONER = f"{PINES}poner/"
GOOD, BAD = "4831", "7777"


@pytest.fixture(autouse=True)
def _asked(settings: Settings) -> None:
    settings.PIN_TRABAJADORES = True


@pytest.fixture
def miguel() -> Trabajador:
    worker: Trabajador = TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas")
    set_pin(trabajador=worker, pin=GOOD, actor=SUPERVISOR)
    return worker


def step_up(tablet: Tablet, worker: int = 93, wanted: str = "") -> Page:
    return tablet.client.post("/entrar/", {"trabajador": worker, "siguiente": wanted}, follow=True)


def field(page: Page, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.content.decode())
    return found[1] if found else ""


def type_in(tablet: Tablet, pin: str, page: Page) -> Page:
    """Tap the digits as a browser without scripts does, each from the page that the one before led to."""
    for digit in pin:
        form = {name: field(page, name) for name in ("trabajador", "siguiente", "escrito")}
        page = tablet.client.post(PAD, form | {"digito": digit})
    return page


def try_pin(worker: Trabajador, pin: str, tablet: Tablet) -> str:
    try:
        check_pin(trabajador=worker, pin=pin, device=tablet.device)
    except Refused as refused:
        return refused.codigo
    return "right"


def test_a_shop_that_asks_for_none_never_shows_the_pad(miguel: Trabajador, settings: Settings) -> None:
    settings.PIN_TRABAJADORES = False
    tablet = Tablet()
    assert tablet.client.post("/entrar/", {"trabajador": 93})["Location"] == "/trabajo/"
    assert tablet.get(PAD, trabajador="93")["Location"] == "/"
    assert title(tablet.get("/trabajo/")) == "Trabajo de Miguel Rojas"


def test_four_taps_on_the_pad_lead_to_the_page_that_was_asked_for(miguel: Trabajador) -> None:
    tablet = Tablet()
    page = step_up(tablet, wanted="/mi-registro/")
    assert title(page) == "PIN de Miguel Rojas · MR(93)"
    assert tablet.get("/trabajo/").status_code == 302
    page = type_in(tablet, GOOD[:2], page)
    assert 'aria-label="2 de 4 dígitos"' in page.content.decode()
    answer = type_in(tablet, GOOD[2:], page)
    assert (answer.status_code, answer["Location"]) == (302, "/mi-registro/")
    assert title(tablet.get("/mi-registro/")) == "Mi registro"


def test_a_digit_can_be_taken_back_and_all_four_can_come_at_once(miguel: Trabajador) -> None:
    tablet = Tablet()
    form = {"trabajador": "93", "escrito": "48"}
    assert field(tablet.client.post(PAD, form | {"borrar": "1"}), "escrito") == "4"
    assert tablet.client.post(PAD, form | {"escrito": GOOD})["Location"] == "/trabajo/"


def test_a_wrong_pin_says_how_many_are_left_and_the_fifth_closes_it_until_a_supervisor_opens(
    miguel: Trabajador,
) -> None:
    tablet = Tablet()
    heard = [type_in(tablet, BAD, step_up(tablet)) for _ in range(5)]
    assert [page.status_code for page in heard] == [403] * 5
    assert said(heard[0]) == "Ese no es su PIN. Le quedan 4 intentos; después lo abre un supervisor."
    assert said(heard[3]) == "Ese no es su PIN. Le queda un intento; después lo abre un supervisor."
    closed = "El PIN de MR(93) está bloqueado por intentos fallidos. Pida a un supervisor que lo abra."
    assert said(heard[4]) == closed
    again = step_up(tablet)
    assert (said(again), 'name="digito"' in again.content.decode()) == (closed, False)
    assert said(tablet.client.post(PAD, {"trabajador": "93", "escrito": GOOD})) == closed
    forgive_pin(trabajador=miguel, actor=SUPERVISOR)
    assert type_in(tablet, GOOD, step_up(tablet))["Location"] == "/trabajo/"
    assert PinFallido.objects.count() == 0


def test_a_right_pin_forgets_the_wrong_ones_before_it(miguel: Trabajador) -> None:
    tablet = Tablet()
    for _ in range(3):
        assert [try_pin(miguel, pin, tablet) for pin in [BAD] * 3 + [GOOD]] == ["PIN_INCORRECTO"] * 3 + ["right"]


def test_who_has_no_pin_is_sent_to_a_supervisor(miguel: Trabajador) -> None:
    TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez")
    page = step_up(Tablet(), 94)
    assert said(page) == "JP(94) todavía no tiene PIN. Pida a un supervisor que se lo ponga."
    assert 'name="digito"' not in page.content.decode()


def test_a_tablet_may_make_ten_wrong_ones_a_minute_and_the_next_one_is_not_looked_at(miguel: Trabajador) -> None:
    others = [TrabajadorFactory() for _ in range(3)]
    for worker in others:
        set_pin(trabajador=worker, pin=GOOD, actor=SUPERVISOR)
    tablet, other = Tablet(), Tablet()
    with time_machine.travel(NOW, tick=False) as clock:
        wrong = [try_pin(worker, BAD, tablet) for worker in others for _ in range(4)]
        assert wrong == ["PIN_INCORRECTO"] * 10 + ["DEMASIADAS_SOLICITUDES"] * 2
        refused = tablet.client.post(PAD, {"trabajador": "93", "escrito": GOOD})
        assert (refused.status_code, "Espere un minuto" in said(refused)) == (429, True)
        assert try_pin(miguel, GOOD, other) == "right"
        clock.shift(timedelta(seconds=61))
        assert try_pin(miguel, GOOD, tablet) == "right"


def test_of_twenty_guesses_at_the_same_moment_five_are_looked_at(miguel: Trabajador) -> None:
    tablets = [DeviceFactory() for _ in range(20)]
    barrier = threading.Barrier(20)

    def guess(number: int) -> str:
        barrier.wait(timeout=patient(30))
        try:
            return try_pin(miguel, BAD, Tablet(tablets[number]))
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(20) as hands:
        heard = Counter(hands.map(guess, range(20)))
    assert heard == {"PIN_INCORRECTO": 4, "PIN_BLOQUEADO": 16}
    assert PinFallido.objects.count() == 5


@pytest.mark.parametrize("escrito", ["48310", "48a", "４８３１", "-1", "4 8"])
def test_what_is_no_digits_is_refused_and_counts_for_nothing(miguel: Trabajador, escrito: str) -> None:
    answer = Tablet().client.post(PAD, {"trabajador": "93", "escrito": escrito})
    assert answer.status_code == 422
    assert PinFallido.objects.count() == 0


def test_a_new_pin_and_a_shop_that_begins_to_ask_send_everybody_back_to_the_pad(
    miguel: Trabajador, settings: Settings
) -> None:
    settings.PIN_TRABAJADORES = False
    tablet = Tablet().step_up(miguel)
    assert tablet.get("/trabajo/").status_code == 200
    settings.PIN_TRABAJADORES = True
    assert tablet.get("/trabajo/").status_code == 302
    type_in(tablet, GOOD, step_up(tablet))
    assert tablet.get("/trabajo/").status_code == 200
    set_pin(trabajador=miguel, pin="5920", actor=SUPERVISOR)
    assert tablet.get("/trabajo/").status_code == 302
    assert try_pin(miguel, "5920", tablet) == "right"


def test_a_choice_kept_by_an_older_build_is_asked_again(miguel: Trabajador) -> None:
    from django.core.signing import get_cookie_signer

    from occupation.views.chosen import COOKIE, SALT

    tablet = Tablet()
    kept = f"{tablet.device.pk}:93"
    tablet.client.cookies[COOKIE] = get_cookie_signer(salt=f"{COOKIE}{SALT}").sign(kept)
    assert tablet.get("/trabajo/")["Location"] == "/?siguiente=%2Ftrabajo%2F"


@pytest.mark.parametrize(
    "pin", ["", "483", "48312", "48 1", "４８３１", "0000", "7777", "1234", "0123", "7890", "4321"]
)
def test_what_is_no_pin_or_what_anybody_would_try_first_is_refused(miguel: Trabajador, pin: str) -> None:
    before = Pin.objects.get().hash
    with pytest.raises(SolicitudInvalida):
        set_pin(trabajador=miguel, pin=pin, actor=SUPERVISOR)
    assert Pin.objects.get().hash == before


def test_no_pin_is_stored_or_logged(miguel: Trabajador, caplog: pytest.LogCaptureFixture) -> None:
    tablet = Tablet()
    with caplog.at_level("DEBUG"):
        type_in(tablet, "9275", step_up(tablet))
        type_in(tablet, GOOD, step_up(tablet))
        client = logged_in("marta", "supervisores")
        client.post(PONER, {"trabajador": "93", "pin": "6140", "repetido": "6140"})
    stored = str([*Pin.objects.values(), *PinFallido.objects.values()])
    assert [pin for pin in ("9275", GOOD, "6140") if pin in caplog.text] == []
    assert "md5$" in Pin.objects.get().hash
    assert [pin for pin in ("9275", GOOD, "6140") if f"'{pin}'" in stored] == []


def test_supervisors_see_who_has_one_and_set_it_with_the_worker(miguel: Trabajador) -> None:
    TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez")
    gone = TrabajadorFactory(id=95, activo=False)
    set_pin(trabajador=gone, pin=GOOD, actor=SUPERVISOR)
    tablet, client = Tablet(), logged_in("marta", "supervisores", staff=False)
    for locked in (miguel, gone):
        strange = Tablet()
        for _ in range(5):
            try_pin(locked, BAD, strange)
    home = words(client.get("/supervision/"))
    assert "PIN bloqueados (1) MR(93) · Miguel Rojas" in home
    assert "Trabajadores sin PIN (1) JP(94) · Juan Pérez" in home
    listed = words(client.get(PINES))
    assert "JP(94) Juan Pérez Sin PIN MR(93) Miguel Rojas Bloqueado" in listed
    assert "(95)" not in listed
    assert "Está bloqueado" in words(client.get(PONER, {"trabajador": "93"}))
    opened = client.post(PONER, {"trabajador": "93", "abrir": "1"}, follow=True)
    assert "MR(93) · Miguel Rojas puede intentar de nuevo con su PIN" in words(opened)
    given = client.post(PONER, {"trabajador": "94", "pin": "5920", "repetido": "5920"}, follow=True)
    assert "JP(94) · Juan Pérez tiene un PIN nuevo" in words(given)
    assert "JP(94) Juan Pérez Tiene PIN MR(93) Miguel Rojas Tiene PIN" in words(given)
    assert try_pin(Trabajador.objects.get(id=94), "5920", tablet) == "right"
    assert Pin.objects.get(trabajador=94).puesto_por == "marta"


def test_a_search_finds_a_worker_among_sixty_by_number_or_name(miguel: Trabajador) -> None:
    for number in range(2, 60):
        TrabajadorFactory(id=number, nombre="Ana", apellido=f"Soto {number}")
    TrabajadorFactory(id=193, nombre="Íñigo", apellido="Díaz")
    client = logged_in("marta", "supervisores", staff=False)

    def found(q: str) -> list[str]:
        return re.findall(r"<strong>(.*?)</strong>", client.get(PINES, {"q": q}).content.decode())

    assert len(found("")) == 60
    assert found("93") == ["MR(93)", "ÍD(193)"]
    assert found("  inigo DIAZ") == ["ÍD(193)"]
    assert found("rojas") == ["MR(93)"]
    assert "Nadie coincide con esa búsqueda" in words(client.get(PINES, {"q": "nadie así"}))


@pytest.mark.parametrize(
    ("pin", "repetido", "why"),
    [
        ("5920", "5921", "Los dos PIN no son iguales: escríbalo de nuevo."),
        ("1234", "1234", "Ese PIN es demasiado fácil; elija otro."),
        ("59", "59", "Use 4 dígitos."),
    ],
)
def test_a_pin_that_will_not_do_is_asked_again_and_never_shown(
    miguel: Trabajador, pin: str, repetido: str, why: str
) -> None:
    before = Pin.objects.get().hash
    client = logged_in("marta", "supervisores")
    answer = client.post(PONER, {"trabajador": "93", "pin": pin, "repetido": repetido})
    assert (answer.status_code, why in said(answer), f'"{pin}"' in answer.content.decode()) == (422, True, False)
    assert Pin.objects.get().hash == before


@pytest.mark.sqlite
def test_a_new_pin_that_found_the_database_busy_is_not_kept_in_the_page(
    miguel: Trabajador, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = logged_in("marta", "supervisores")
    monkeypatch.setattr(_transaction, "BUSY_SECONDS", 0.05)
    with _transaction._sqlite_writer:
        answer = client.post(PONER, {"trabajador": "93", "pin": "5920", "repetido": "5920"})
    assert (answer.status_code, "muy ocupado" in said(answer), "5920" in answer.content.decode()) == (503, True, False)


def test_who_opens_a_pin_stands_in_the_log(miguel: Trabajador, caplog: pytest.LogCaptureFixture) -> None:
    try_pin(miguel, BAD, Tablet())
    logged_in("marta", "supervisores").post(PONER, {"trabajador": "93", "abrir": "1"})
    assert "marta abrió el PIN de MR(93), con 1 intentos fallidos" in caplog.text


def test_a_choice_is_worth_the_pin_that_was_judged(miguel: Trabajador) -> None:
    version = check_pin(trabajador=miguel, pin=GOOD, device=Tablet().device)
    assert version == Pin.objects.get().version


@pytest.mark.parametrize("asks", [True, False])
def test_a_tablet_acts_through_the_api_only_where_no_pin_is_asked(
    miguel: Trabajador, settings: Settings, *, asks: bool
) -> None:
    settings.PIN_TRABAJADORES = asks
    tablet, program = DeviceFactory(), DeviceFactory(kind=DeviceKind.API)
    clients = [ApiClient(device.raw_token) for device in (tablet, program)]
    told = [each.post("occupation/tomar", tag_spool="NO-HAY", worker_id=93, operacion="ARM")[1] for each in clients]
    assert [body["error"] for body in told] == ["SIN_PERMISO" if asks else "SPOOL_NO_ENCONTRADO", "SPOOL_NO_ENCONTRADO"]
    goes_round = f"{tablet.nombre} no puede actuar por la API: use las páginas de la tableta, que piden el PIN."
    assert (told[0]["message"] == goes_round) is asks
    assert ApiClient(tablet.raw_token).get("workers")[0] == 200


def test_only_who_may_looks_after_pins(miguel: Trabajador) -> None:
    from django.contrib.auth.models import Permission, User

    client = logged_in("capataz", staff=False)
    User.objects.get(username="capataz").user_permissions.set(Permission.objects.filter(codename="liberar_ocupacion"))
    fields = {"trabajador": "93", "pin": "5920", "repetido": "5920"}
    assert [client.get(PINES).status_code, client.get(PONER, fields).status_code] == [403, 403]
    assert client.post(PONER, fields).status_code == 403
    assert try_pin(miguel, GOOD, Tablet()) == "right"


def test_a_shop_that_asks_for_none_lets_supervisors_prepare(miguel: Trabajador, settings: Settings) -> None:
    settings.PIN_TRABAJADORES = False
    client = logged_in("marta", "supervisores")
    assert "PIN" not in words(client.get("/supervision/"))
    assert "El taller no pide PIN." in words(client.get(PINES))
    assert client.get(PONER, {"trabajador": "7"}).status_code == 404


def test_an_unknown_worker_has_no_pad(miguel: Trabajador) -> None:
    answers = [Tablet().get(PAD, trabajador=number) for number in ("7", "x", "")]
    assert [answer.status_code for answer in answers] == [404, 422, 422]
