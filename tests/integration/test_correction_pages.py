"""The pages on which a supervisor corrects and reopens what was completed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from occupation.vocabulary import EstadoCalidad, EstadoTrabajo
from tests.office import OFFICE, hidden, logged_in, words
from tests.tablet import said, title

if TYPE_CHECKING:
    from django.test import Client
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

    from occupation.models import Spool
    from tests.shop import Shop

pytestmark = OFFICE

HOME = "/supervision/corregir/"
SPOOL = f"{HOME}spool/"
CORREGIR = f"{HOME}operacion/"
REABRIR = "/supervision/reabrir/"
C = EstadoTrabajo.COMPLETADO
ASKED = ("tag", "version", "clave", "operacion")


def done(shop: Shop, **columns: object) -> Spool:
    from tests.factories import SpoolFactory

    people = {"armador": shop.miguel, "soldador": shop.juan}
    spool: Spool = SpoolFactory(
        tag_hoja="MK-1-011", nv="NV0650", **({"arm_state": C, "sold_state": C} | people | columns)
    )
    return spool


def submit(client: Client, url: str, page: Page, **more: str) -> Page:
    return client.post(url, {name: hidden(page, name)[0] for name in ASKED} | {"motivo": "se anotó mal"} | more)


def test_a_spool_is_found_by_any_part_and_says_what_can_be_put_right(shop: Shop) -> None:
    done(shop)
    client = logged_in("marta", "supervisores", staff=False)
    assert "se reabre lo que no estaba terminado" in words(client.get(HOME))
    assert "MK-1 -011 NV0650 Disponible - ARM completado, SOLD completado" in words(client.get(HOME, {"q": "mk 1"}))
    assert "Ningún spool coincide" in words(client.get(HOME, {"q": "nada"}))
    page = words(client.get(SPOOL, {"tag": "mk-1-011"}))
    assert "ARMADO Completado MR(93) · Miguel Rojas 12-01-2026 CORREGIR REABRIR" in page
    assert "SOLDADURA Completado JP(94) · Juan Pérez 12-01-2026 CORREGIR REABRIR" in page
    assert "METROLOGÍA Todavía no se ha completado." in page


def test_what_somebody_holds_is_reopened_after_liberar_and_the_page_says_so(shop: Shop) -> None:
    done(shop, sold_state="en_progreso", ocupado_por=shop.juan, ocupado_operacion="SOLD")
    client = logged_in("marta", "supervisores", staff=False)
    page = words(client.get(SPOOL, {"tag": "MK-1-011"}))
    assert "en SOLDADURA desde el 12-01 08:30. Libérelo antes con LIBERAR. CORREGIR" in page
    assert "SOLDADURA Todavía no se ha completado." in page


def test_the_way_back_is_called_so_and_leads_one_step_back(shop: Shop) -> None:
    done(shop)
    client = logged_in("marta", "supervisores", staff=False)
    assert 'href="/supervision/">VOLVER</a>' in client.get(HOME).content.decode()
    assert f'href="{HOME}">VOLVER</a>' in client.get(SPOOL, {"tag": "mk-1-011"}).content.decode()


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"calidad_state": EstadoCalidad.BLOQUEADO}, "está bloqueado; desbloquéelo antes."),
        ({"calidad_state": EstadoCalidad.REPARACION_PAUSADA}, "su reparación está a medias; termínela antes."),
    ],
)
def test_what_cannot_be_reopened_says_why_and_can_still_be_corrected(
    shop: Shop, columns: dict[str, object], why: str
) -> None:
    done(shop, **columns)
    client = logged_in("marta", "supervisores")
    page = words(client.get(SPOOL, {"tag": "MK-1-011"}))
    assert f"12-01-2026 No se puede reabrir. {why[0].upper()}{why[1:]} CORREGIR" in page
    assert "REABRIR" not in page
    refused = client.get(REABRIR, {"tag": "MK-1-011", "operacion": "ARM"})
    assert (refused.status_code, why in said(refused)) == (400, True)


def test_another_worker_and_day_are_chosen_and_the_history_says_so(shop: Shop) -> None:
    from occupation.models import Evento
    from tests.shop import row_of
    from tests.tablet import Tablet

    spool = done(shop)
    client = logged_in("marta", "supervisores", staff=False)
    asked = client.get(CORREGIR, {"tag": "MK-1-011", "operacion": "ARM"})
    body = asked.content.decode()
    assert '<option value="93" selected>Miguel Rojas · MR(93)</option>' in body
    assert '<option value="99">Luis Vera · LV(99) · inactivo</option>' in body
    answer = submit(client, CORREGIR, asked, trabajador="99", fecha="2026-01-09")
    assert answer.status_code == 302
    assert "Spool MK-1-011 corregido: ARMADO LV(99) · 09-01-2026" in words(client.get(answer["Location"]))
    assert (row_of(spool)["armador_id"], row_of(spool)["fecha_armado"]) == (99, date(2026, 1, 9))
    assert submit(client, CORREGIR, asked, trabajador="99", fecha="2026-01-09")["Location"] == answer["Location"]
    assert Evento.objects.count() == 1
    history = words(Tablet().get("/spool/MK-1-011/"))
    assert "marta corrigió ARMADO: MR(93) · 12-01-2026 → LV(99) · 09-01-2026: «se anotó mal»" in history


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"trabajador": "93", "fecha": "2026-01-12"}, "No cambia nada: el trabajador y la fecha ya son esos."),
        ({"trabajador": "94", "fecha": "2026-01-12", "motivo": " "}, "Escriba por qué."),
        ({"trabajador": "94", "fecha": "2999-01-01"}, "La fecha no puede ser futura: elija hoy o un día anterior."),
        ({"trabajador": "94", "fecha": "0026-01-09"}, "La fecha es demasiado antigua: revise el año."),
    ],
)
def test_a_correction_that_makes_no_sense_is_asked_again_with_what_was_chosen(
    shop: Shop, more: dict[str, str], why: str
) -> None:
    done(shop)
    client = logged_in("marta", "supervisores")
    asked = client.get(CORREGIR, {"tag": "MK-1-011", "operacion": "ARM"})
    before = shop.everything()
    again = submit(client, CORREGIR, asked, **more)
    assert (again.status_code, why in said(again)) == (422, True)
    assert f'<option value="{more["trabajador"]}" selected>' in again.content.decode()
    assert f'name="fecha" value="{more["fecha"]}"' in again.content.decode()
    assert shop.everything() == before


def test_what_is_reopened_says_what_that_means_and_can_be_taken_again(shop: Shop) -> None:
    from tests.shop import row_of
    from tests.tablet import Tablet, takeable

    spool = done(shop, calidad_state=EstadoCalidad.RECHAZADO, ciclo=2)
    client = logged_in("marta", "supervisores", staff=False)
    asked = client.get(REABRIR, {"tag": "MK-1-011", "operacion": "SOLD"})
    assert title(asked) == "¿Reabrir SOLDADURA?"
    assert "Lo que dijo metrología deja de valer" in words(asked)
    assert "El ciclo 2/3 se conserva." in words(asked)
    answer = submit(client, REABRIR, asked)
    told = words(client.get(answer["Location"]))
    assert "Spool MK-1-011 reabierto: SOLDADURA queda pausado y disponible" in told
    assert (row_of(spool)["sold_state"], row_of(spool)["ciclo"]) == ("en_progreso", 2)
    assert takeable(Tablet().step_up(shop.miguel).get("/trabajo/", op="SOLD")) == ["MK-1-011"]


def test_an_approval_has_a_day_and_no_worker_to_choose(shop: Shop) -> None:
    from tests.shop import row_of

    spool = done(shop, calidad_state=EstadoCalidad.APROBADO)
    client = logged_in("marta", "supervisores")
    asked = client.get(CORREGIR, {"tag": "MK-1-011", "operacion": "METROLOGIA"})
    assert "<select" not in asked.content.decode()
    submit(client, CORREGIR, asked, fecha="2026-01-20")
    assert row_of(spool)["fecha_qc"] == date(2026, 1, 20)
    asked = client.get(REABRIR, {"tag": "MK-1-011", "operacion": "METROLOGIA"})
    assert "vuelve a la fila de metrología" in words(asked)
    submit(client, REABRIR, asked)
    assert row_of(spool)["calidad_state"] == "pendiente"


@pytest.mark.usefixtures("shop")
def test_addresses_that_name_nothing_are_refused_in_words() -> None:
    client = logged_in("marta", "supervisores")
    asked = [(SPOOL, {"tag": "NADA"}), (CORREGIR, {"tag": "NADA", "operacion": "ARM"}), (REABRIR, {"operacion": "X"})]
    answers = [client.get(url, query) for url, query in asked]
    assert [answer.status_code for answer in answers] == [404, 404, 422]
    assert "La operación debe ser ARM, SOLD o METROLOGIA." in said(answers[2])


def test_corrections_have_a_permission_of_their_own(shop: Shop) -> None:
    from django.contrib.auth.models import Permission, User

    done(shop)
    client = logged_in("capataz", staff=False)
    User.objects.get(username="capataz").user_permissions.set(Permission.objects.filter(codename="liberar_ocupacion"))
    before = shop.everything()
    assert "CORREGIR" not in words(client.get("/supervision/"))
    fields = {"tag": "MK-1-011", "operacion": "ARM", "motivo": "quiero", "clave": "k", "trabajador": "94"}
    assert [client.get(url, fields).status_code for url in (HOME, SPOOL, CORREGIR, REABRIR)] == [403] * 4
    assert [client.post(url, fields).status_code for url in (CORREGIR, REABRIR)] == [403] * 2
    assert shop.everything() == before
