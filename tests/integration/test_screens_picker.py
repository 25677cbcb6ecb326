"""¿Quién eres?: who is listed, in which order, and what being chosen means."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import time_machine
from django.test import Client

from occupation.models import Evento, Spool
from occupation.services import Actor, invite, tomar
from occupation.vocabulary import DeviceKind, DeviceScope, Operacion, Rol
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory
from tests.office import words
from tests.tablet import FLOOR, Tablet, plain, said, title

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

pytestmark = FLOOR


def tiles(response: Page) -> list[str]:
    """The numbers on the tiles, in order."""
    return re.findall(r'name="trabajador" value="(\d+)"', response.content.decode())


def test_a_browser_that_is_not_paired_is_asked_for_a_code() -> None:
    answer = Client().get("/trabajo/")
    assert (answer.status_code, answer["Location"]) == (302, "/vincular/?siguiente=%2Ftrabajo%2F")
    assert title(Client().get("/", follow=True)) == "Vincular este dispositivo"


def test_opening_the_link_uses_nothing_up_and_tapping_does_once() -> None:
    invitation = invite(nombre="Tablet nave B", kind=DeviceKind.TABLET)
    first, second = Client(), Client()
    for _ in range(3):
        assert "código de un solo uso" in words(first.get("/vincular/", {"codigo": invitation.secreto}))
    paired = first.post("/vincular/", {"codigo": invitation.secreto})
    late = second.post("/vincular/", {"codigo": invitation.secreto})
    assert (paired.status_code, paired["Location"]) == (302, "/")
    assert "Tablet nave B" in words(first.get("/"))
    assert late.status_code == 400
    assert said(late) == "El código no sirve: está mal escrito, ya se usó o venció. Pida uno nuevo al administrador."
    assert "taller_device" not in second.cookies


def test_a_scanner_of_links_uses_nothing_up_however_it_looks() -> None:
    invitation = invite(nombre="Tablet nave B", kind=DeviceKind.TABLET)
    scanner, link = Client(enforce_csrf_checks=True), {"codigo": invitation.secreto}
    ahead = {"Sec-Purpose": "prefetch", "Purpose": "prefetch"}
    looks = [scanner.head("/vincular/", link), scanner.get("/vincular/", link, headers=ahead)]
    assert [(look.status_code, "taller_device" in look.cookies) for look in looks] == [(200, False)] * 2
    assert "no-store" in looks[1]["Cache-Control"]
    assert scanner.post("/vincular/", link).status_code == 403
    assert Client().post("/vincular/", link)["Location"] == "/"


def test_a_link_opened_again_on_the_same_tablet_says_that_it_is_paired_and_changes_nothing() -> None:
    invitation = invite(nombre="Tablet nave B", kind=DeviceKind.TABLET)
    client, link = Client(), {"codigo": invitation.secreto}
    client.post("/vincular/", link)
    token = client.cookies["taller_device"].value
    again = client.get("/vincular/", link)
    assert "Este navegador ya es «Tablet nave B». Si lo vincula de nuevo, pasa a ser otro dispositivo." in words(again)
    used = client.post("/vincular/", link)
    assert (used.status_code, client.cookies["taller_device"].value) == (400, token)
    assert "Seguir como está" in words(used)
    assert client.get("/").status_code == 200


def test_a_link_that_was_opened_in_time_and_tapped_too_late_says_so() -> None:
    with time_machine.travel("2026-03-02T08:00:00-03:00", tick=False) as clock:
        invitation = invite(nombre="Tablet nave B", kind=DeviceKind.TABLET)
        client, link = Client(), {"codigo": invitation.secreto}
        assert "código de un solo uso" in words(client.get("/vincular/", link))
        clock.shift(timedelta(minutes=10))
        late = client.post("/vincular/", link)
    assert late.status_code == 400
    assert said(late) == "El código no sirve: está mal escrito, ya se usó o venció. Pida uno nuevo al administrador."


def test_two_tablets_paired_under_one_name_are_told_apart_everywhere() -> None:
    miguel = TrabajadorFactory(id=93)
    tablets = []
    for _ in range(2):
        client = Client()
        client.post("/vincular/", {"codigo": invite(nombre="Tableta", kind=DeviceKind.TABLET).secreto})
        client.post("/entrar/", {"trabajador": miguel.id})
        tag = SpoolFactory().tag
        client.post("/trabajo/tomar/", {"trabajador": 93, "clave": "una", "operacion": "ARM", "tag": tag})
        tablets.append(client)
    assert [words(client.get("/")).split("Conectado ")[1].split(" ¿")[0] for client in tablets] == [
        "Tableta",
        "Tableta (2)",
    ]
    told = Evento.objects.filter(accion="TOMAR").order_by("id").values_list("actor_nombre", "actor_id")
    assert [name for name, _ in told] == ["Tableta", "Tableta (2)"]
    assert len({device for _, device in told}) == 2


def test_eight_digits_can_be_typed_with_a_blank_and_a_board_goes_to_its_wall() -> None:
    invitation = invite(nombre="Muro", kind=DeviceKind.BOARD)
    typed = f" {invitation.digitos[:4]} {invitation.digitos[4:]} "
    client = Client()
    answer = client.post("/vincular/", {"codigo": typed, "siguiente": "/trabajo/"})
    assert (answer.status_code, answer["Location"]) == (302, "/tablero/")
    assert client.get("/")["Location"] == "/tablero/"


def test_a_board_that_opens_a_tablets_page_is_told_that_it_only_looks() -> None:
    board = Tablet(nombre="Muro", kind=DeviceKind.BOARD)
    answer = board.get("/trabajo/")
    assert answer.status_code == 403
    assert title(answer) == "Este dispositivo solo mira"
    assert "Muro solo puede mirar. Use una tableta" in plain(answer.content.decode())


def test_the_last_five_on_this_tablet_come_first_and_then_everybody_by_name() -> None:
    names = ["Zoila", "Yasna", "Ximena", "Walter", "Víctor", "Úrsula", "Ana"]
    workers = [TrabajadorFactory(id=10 + place, nombre=name, apellido="Soto") for place, name in enumerate(names)]
    tablet, other = Tablet(), Tablet()
    for worker in workers[:6]:
        tomar(tag=SpoolFactory().tag, trabajador_id=worker.id, operacion=Operacion.ARM, actor=Actor.de(tablet.device))
    by_name = sorted(workers, key=lambda worker: ("Ú" in worker.nombre, worker.nombre))
    assert tiles(tablet.get("/"))[:5] == ["15", "14", "13", "12", "11"]
    assert sorted(tiles(tablet.get("/"))[5:]) == sorted(str(worker.id) for worker in workers)
    assert tiles(other.get("/"))[0] == str(by_name[0].id)
    assert len(tiles(other.get("/"))) == 7


def test_an_inactive_worker_is_listed_only_while_something_is_held() -> None:
    gone = TrabajadorFactory(id=96, activo=False)
    holder = TrabajadorFactory(id=97, activo=False)
    SpoolFactory(ocupado_por=holder)
    listed = tiles(Tablet().get("/"))
    assert (str(gone.id) in listed, str(holder.id) in listed) == (False, True)


def test_the_search_finds_by_number_initials_name_and_role_without_accents() -> None:
    TrabajadorFactory(id=9, nombre="Óscar", apellido="Ñanco", roles=[Rol.PINTURA])
    TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=[Rol.ARMADOR])
    TrabajadorFactory(id=96, nombre="Ana", apellido="de la Fuente", roles=[Rol.METROLOGIA])
    tablet = Tablet()
    asked = {"9": "9", "mr": "93", "AD(96)": "96", "nanco": "9", "de la f": "96", "metrolog": "96"}
    assert {q: tiles(tablet.get("/", q=q))[0] for q in asked} == asked
    assert tiles(tablet.get("/", q="zz")) == []
    assert "Nadie coincide con esa búsqueda" in words(tablet.get("/", q="zz"))


def test_a_shop_without_workers_says_what_is_missing() -> None:
    said_so = words(Tablet().get("/"))
    assert "Todavía no hay trabajadores" in said_so
    assert "Nadie coincide" not in said_so


def test_the_chosen_worker_is_kept_until_the_question_is_asked_again() -> None:
    miguel = TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas")
    tablet = Tablet()
    assert tablet.get("/trabajo/")["Location"] == "/?siguiente=%2Ftrabajo%2F"
    tablet.step_up(miguel)
    assert title(tablet.get("/trabajo/")) == "Trabajo de Miguel Rojas"
    tablet.get("/")
    assert tablet.get("/trabajo/").status_code == 302


def test_the_choice_of_one_tablet_is_worth_nothing_on_another() -> None:
    miguel = TrabajadorFactory(id=93)
    one, two = Tablet().step_up(miguel), Tablet()
    two.client.cookies["taller_trabajador"] = one.client.cookies["taller_trabajador"].value
    assert two.get("/trabajo/").status_code == 302
    one.client.cookies["taller_trabajador"] = f"{one.device.pk}:93:forged"
    assert one.get("/trabajo/").status_code == 302


def test_choosing_leads_back_to_the_page_that_asked_and_to_no_other_site() -> None:
    miguel = TrabajadorFactory(id=93)
    tablet = Tablet()
    wanted = {"/spool/MK-1/": "/spool/MK-1/", "https://malo.example/": "/trabajo/", "//malo.example/": "/trabajo/"}
    went = {
        there: tablet.client.post("/entrar/", {"trabajador": miguel.id, "siguiente": there})["Location"]
        for there in wanted
    }
    assert went == wanted


def test_a_number_nobody_has_is_refused_in_words() -> None:
    answers = {number: Tablet().client.post("/entrar/", {"trabajador": number}) for number in ("77", "x", "")}
    assert {number: answer.status_code for number, answer in answers.items()} == {"77": 404, "x": 422, "": 422}
    assert said(answers["77"]) == "El trabajador 77 no existe. Elija otro nombre o avise al supervisor."


def test_a_reading_tablet_may_look_and_not_act() -> None:
    miguel = TrabajadorFactory(id=93)
    tablet = Tablet(DeviceFactory(nombre="Tablet de visitas", scope=DeviceScope.READ))
    assert tablet.get("/").status_code == 200
    answer = tablet.client.post("/entrar/", {"trabajador": miguel.id})
    assert answer.status_code == 403
    assert (Evento.objects.count(), Spool.objects.count()) == (0, 0)
    assert "Tablet de visitas solo puede mirar" in said(answer)
