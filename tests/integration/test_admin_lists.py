"""What the office reads: the home page, spools, the journal, and what the sheet holds that cannot be used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from occupation.vocabulary import EstadoCalidad, Operacion
from tests.office import LISTS, OFFICE, logged_in, words
from tests.ports import patient

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    from tests.shop import Shop

pytestmark = OFFICE

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
SPOOLS = "/admin/occupation/spool/"
BITACORA = "/admin/occupation/evento/"
ALL_CLEAR = "Todo en orden: nada espera a una persona."


def matters(client: Client) -> dict[str, int]:
    """What the home page says needs a person, and how many of each."""
    context = client.get("/admin/").context
    return {str(row["asunto"].tema): row["asunto"].cuenta for row in context["asuntos"]}


def trouble(shop: Shop) -> None:
    """One of everything that needs a person."""
    from occupation.models import CeldaDudosa, FilaDuplicada, Mirror
    from tests.factories import DeviceFactory, SpoolFactory

    SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel, ocupado_desde=NOW - timedelta(hours=11))
    SpoolFactory(tag_hoja="MK-3", ocupado_por=shop.retirado, ocupado_desde=NOW - timedelta(hours=1))
    spool = SpoolFactory(tag_hoja="MK-2", calidad_state=EstadoCalidad.BLOQUEADO)
    CeldaDudosa.objects.create(
        spool=spool, hoja="Operaciones", fila=7, encabezado="NV", valor="??", motivo="no se entiende", visto_en=NOW
    )
    FilaDuplicada.objects.create(tag="MK-2", fila=9, fila_usada=7, visto_en=NOW)
    Mirror.objects.create(spool=spool, behind_since=NOW - timedelta(minutes=5))
    DeviceFactory(nombre="Tableta perdida", visto_en=NOW - timedelta(hours=25))
    DeviceFactory(nombre="Tableta viva", visto_en=NOW - timedelta(hours=23))
    DeviceFactory(nombre="Tableta revocada", visto_en=NOW - timedelta(days=9), revocado_en=NOW)


@time_machine.travel(NOW, tick=False)
def test_home_tells_everything_that_needs_a_person(shop: Shop) -> None:
    trouble(shop)
    shop.client.set("spool_lock:MK-9", "93:nadie")
    client = logged_in("ana", superuser=True)
    assert matters(client) == {
        "largas": 1,
        "inactivos": 1,
        "bloqueados": 1,
        "marcas": 3,
        "dudosos": 1,
        "duplicadas": 1,
        "hoja": 1,
        "dispositivos": 1,
    }
    said = words(client.get("/admin/"))
    assert "1 Ocupaciones largas MK-1 Llevan más de 10 horas tomados." in said
    assert "1 Dispositivos sin señal desde hace un día Tableta perdida" in said
    assert "Desde el 10-03-2026 11:55" in said
    assert ALL_CLEAR not in said


@time_machine.travel(NOW, tick=False)
def test_every_matter_links_to_a_list_of_exactly_those(shop: Shop) -> None:
    trouble(shop)
    client = logged_in("ana", superuser=True)
    for row in client.get("/admin/").context["asuntos"]:
        listed = client.get(row["enlace"]).context["cl"].result_list
        assert (row["titulo"], len(listed)) == (row["titulo"], row["asunto"].cuenta)


@pytest.mark.usefixtures("shop")
def test_home_says_that_all_is_well() -> None:
    from occupation import services
    from occupation.models import Mirror
    from tests.factories import SpoolFactory
    from tests.shop import TABLET

    SpoolFactory(tag_hoja="MK-1")
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    Mirror.objects.update(behind_since=None)
    assert ALL_CLEAR in words(logged_in("ana", superuser=True).get("/admin/"))


def test_home_says_that_redis_is_away_and_does_not_wait_for_it(shop: Shop) -> None:
    client = logged_in("ana", superuser=True)
    shop.valkey.freeze()
    started = datetime.now(UTC)
    said = words(client.get("/admin/"))
    assert datetime.now(UTC) - started < timedelta(seconds=patient(2))
    assert "▲ Redis no responde El taller sigue trabajando sin él." in said


@pytest.mark.usefixtures("shop")
@time_machine.travel(NOW, tick=False)
def test_home_says_that_nobody_looks_after_the_sheet() -> None:
    from occupation.models import EstadoHoja

    client = logged_in("ana", superuser=True)
    assert matters(client) == {}
    EstadoHoja.objects.create(sincronizada_en=NOW - timedelta(minutes=3))
    assert matters(client) == {"abandonada": 1}
    said = words(client.get("/admin/"))
    assert "▲ Nadie lleva la hoja Desde el 10-03-2026 11:57 Lo que la oficina escribe no llega." in said
    EstadoHoja.objects.update(lider_desde=NOW - timedelta(minutes=1))
    assert matters(client) == {}


@time_machine.travel(NOW, tick=False)
def test_home_tells_each_person_only_what_they_may_open(shop: Shop) -> None:
    trouble(shop)
    assert "dispositivos" not in matters(logged_in("marta", "supervisores"))
    assert "dispositivos" in matters(logged_in("ana", "administradores"))
    assert matters(logged_in("nadie")) == {}


def test_home_needs_few_queries_whatever_the_shop_holds(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    from tests.factories import SpoolFactory

    SpoolFactory.create_batch(60, ocupado_por=shop.miguel, ocupado_desde=NOW)
    client = logged_in("ana", superuser=True)
    with django_assert_max_num_queries(25):
        client.get("/admin/")


def test_every_list_needs_few_queries_whatever_it_holds(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    from tests.factories import SpoolFactory

    SpoolFactory.create_batch(60, ocupado_por=shop.miguel, ocupado_desde=NOW)
    SpoolFactory.create_batch(60, calidad_state=EstadoCalidad.BLOQUEADO, soldador=shop.juan)
    client = logged_in("ana", superuser=True)
    for model in LISTS:
        with django_assert_max_num_queries(12, info=model):
            assert client.get(f"/admin/occupation/{model}/").status_code == 200


def test_nobody_adds_changes_or_deletes_spools_or_the_journal_by_hand(shop: Shop) -> None:
    from occupation.models import Evento
    from tests.factories import SpoolFactory

    spool = SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel)
    client = logged_in("ana", superuser=True)
    before = shop.everything()
    for page, pk in ((SPOOLS, spool.pk), (BITACORA, Evento.objects.get().pk)):
        refused = [
            client.get(f"{page}add/"),
            client.post(f"{page}{pk}/change/", {"tag_hoja": "OTRO", "tipo": "OTRO"}),
            client.get(f"{page}{pk}/delete/"),
            client.post(f"{page}{pk}/delete/", {"post": "yes"}),
        ]
        assert [response.status_code for response in refused] == [403] * 4
        client.post(page, {"action": "delete_selected", "_selected_action": [pk], "post": "yes"})
    assert shop.everything() == before


@pytest.mark.parametrize(
    "search", ["MK-1335-CW-25238-011", "mk 1335 cw 25238 011", "25238011", "nv0650", "rojas", "93"]
)
def test_spools_are_found_by_any_spelling(shop: Shop, search: str) -> None:
    from tests.factories import SpoolFactory

    SpoolFactory(tag_hoja="MK-1335-CW-25238-011", nv="NV0650", ocupado_por=shop.miguel)
    SpoolFactory(tag_hoja="ZZ-7", nv="NV0001")
    listed = logged_in("marta", "supervisores").get(SPOOLS, {"q": search}).context["cl"].result_list
    assert [spool.tag for spool in listed] == ["MK-1335-CW-25238-011"]


def test_a_spools_page_shows_its_defects_in_the_sheet_and_leads_to_its_history(shop: Shop) -> None:
    from occupation.models import Spool

    trouble(shop)
    spool = Spool.objects.get(tag="MK-2")
    page = logged_in("marta", "supervisores").get(f"{SPOOLS}{spool.pk}/change/")
    said = words(page)
    assert "Operaciones, fila 7, NV: «??» no se entiende" in said
    assert "Se ignora la fila 9; se usa la 7" in said
    assert 'href="/spool/MK-2/"' in page.content.decode()
    assert f'href="{BITACORA}?spool__id__exact={spool.pk}"' in page.content.decode()


def test_a_tag_with_markup_and_slashes_is_only_text(shop: Shop) -> None:
    from tests.factories import SpoolFactory

    spool = SpoolFactory(tag_hoja='A/"B" <b>&Ñ', ocupado_por=shop.miguel)
    client = logged_in("marta", "supervisores")
    for page in (SPOOLS, f"{SPOOLS}{spool.pk}/change/", "/admin/occupation/ocupacion/", BITACORA):
        body = client.get(page).content.decode()
        assert 'A/"B" <b>' not in body
        assert "A/&quot;B&quot; &lt;b&gt;&amp;Ñ" in body
    assert 'href="/spool/A/%22B%22%20%3CB%3E%26%C3%91/"' in client.get(SPOOLS).content.decode()


@time_machine.travel(NOW)
@pytest.mark.usefixtures("shop")
def test_the_journal_is_searched_by_spool_and_worker_and_filtered_by_day_and_type() -> None:
    from occupation import services
    from tests.factories import SpoolFactory
    from tests.shop import SUPERVISOR, TABLET

    SpoolFactory(tag_hoja="MK-1")
    SpoolFactory(tag_hoja="MK-2")
    yesterday = NOW - timedelta(days=1)
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET, instante=yesterday)
    services.tomar(tag="MK-2", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    services.liberar(tag="MK-2", motivo="se fue", actor=SUPERVISOR)
    client = logged_in("marta", "supervisores")

    def listed(**query: str) -> list[str]:
        rows = client.get(BITACORA, query).context["cl"].result_list
        return [f"{row.tipo} {row.spool.tag}" for row in rows if row.tipo != "STATE_CHANGE"]

    everything = ["LIBERAR_ARM MK-2", "TOMAR_ARM MK-2", "TOMAR_ARM MK-1"]
    assert listed() == everything
    assert listed(q="mk1") == ["TOMAR_ARM MK-1"]
    assert listed(q="juan perez") == ["LIBERAR_ARM MK-2", "TOMAR_ARM MK-2"]
    assert listed(q="JP(94)") == ["LIBERAR_ARM MK-2", "TOMAR_ARM MK-2"]
    assert listed(q="nadie así") == []
    assert listed(dia="2026-03-09") == ["TOMAR_ARM MK-1"]
    for none in ("no es un día", "9999-12-31", "0001-01-01"):
        assert listed(dia=none) == everything
    assert listed(tipo__exact="LIBERAR_ARM") == ["LIBERAR_ARM MK-2"]
    assert listed(actor_tipo__exact="supervisor", dia="2026-03-10") == ["LIBERAR_ARM MK-2"]
    assert "supervisor: marta" in words(client.get(BITACORA)).lower()
    assert "motivo se fue" in words(client.get(BITACORA))


def test_a_common_search_finds_the_same_as_a_rare_one(shop: Shop) -> None:
    from tests.factories import SpoolFactory

    SpoolFactory.create_batch(30, nv="NV0650", ocupado_por=shop.miguel)
    SpoolFactory(nv="NV0001", ocupado_por=shop.juan)
    client = logged_in("marta", "supervisores")
    assert len(client.get(BITACORA, {"q": "nv0650"}).context["cl"].result_list) == 30
    assert len(client.get(BITACORA, {"q": "nv0001"}).context["cl"].result_list) == 1


def test_the_journal_counts_no_further_than_it_shows(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from occupation.admin._base import CappedPaginator
    from tests.factories import SpoolFactory

    SpoolFactory.create_batch(8, ocupado_por=shop.miguel)
    monkeypatch.setattr(CappedPaginator, "MOST", 5)
    page = logged_in("marta", "supervisores").get(BITACORA)
    assert page.context["cl"].result_count == 5
    assert "Se cuentan hasta 5: afine con los filtros para ver lo demás." in words(page)


@pytest.mark.usefixtures("shop")
def test_the_admin_leads_back_to_the_shop() -> None:
    body = logged_in("marta", "supervisores").get("/admin/").content.decode()
    assert [f'href="{link}"' in body for link in ("/tablero/", "/")] == [True, True]
    assert "<title>Administración | Taller</title>" in body
