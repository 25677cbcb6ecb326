"""LIBERAR and DESBLOQUEAR at the office: what is shown before and after, and who may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from occupation.vocabulary import EstadoCalidad, Operacion
from tests.office import OFFICE, hidden, logged_in, words

if TYPE_CHECKING:
    from django.test import Client
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

    from tests.shop import Shop

pytestmark = OFFICE

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
OCUPACIONES = "/admin/occupation/ocupacion/"
LIBERAR = f"{OCUPACIONES}liberar/"
BLOQUEADOS = "/admin/occupation/bloqueado/"
DESBLOQUEAR = f"{BLOQUEADOS}desbloquear/"


def submit(client: Client, url: str, page: Page, motivo: str) -> Page:
    """Send the page between the choice and the deed."""
    fields = {"spool": hidden(page, "spool"), "clave": hidden(page, "clave"), "motivo": motivo}
    return client.post(url, fields)


@time_machine.travel(NOW, tick=False)
def test_liberar_says_who_has_what_since_when_and_then_what_happened(shop: Shop) -> None:
    from occupation.models import Evento
    from tests.factories import SpoolFactory
    from tests.shop import row_of

    spool = SpoolFactory(tag_hoja="MK-1-011", ocupado_por=shop.miguel, ocupado_desde=NOW - timedelta(hours=6))
    client = logged_in("marta", "supervisores")
    asked = client.post(OCUPACIONES, {"action": "liberar_elegidos", "_selected_action": [spool.pk]})
    assert "MK-1-011 MR(93) · Miguel Rojas ARMADO 10-03-2026 06:00 6h 0m" in words(asked)
    assert row_of(spool)["ocupado_por_id"] == 93

    answered = submit(client, LIBERAR, asked, "  se fue   sin pausar ")
    assert "MK-1-011 ✓ Hecho Spool MK-1-011 liberado: queda pausado y disponible" in words(answered)
    told = Evento.objects.filter(tipo="LIBERAR_ARM").get()
    assert (told.trabajador_id, told.actor_tipo, told.actor_nombre) == (93, "supervisor", "marta")
    assert told.detalle == {"motivo": "se fue sin pausar"}
    assert (row_of(spool)["ocupado_por_id"], row_of(spool)["arm_state"]) == (None, "en_progreso")
    assert shop.claims() == {}


def test_liberar_many_tells_apart_what_was_done_and_what_had_already_ended(shop: Shop) -> None:
    from occupation import services
    from tests.factories import SpoolFactory
    from tests.shop import TABLET, row_of

    held = [SpoolFactory(tag_hoja=f"MK-{n}", ocupado_por=shop.miguel) for n in range(3)]
    client = logged_in("marta", "supervisores")
    asked = client.get(LIBERAR, {"spool": [spool.pk for spool in held]})
    services.completar(tag="MK-1", trabajador_id=93, actor=TABLET)
    said = words(submit(client, LIBERAR, asked, "fin de turno"))
    assert "LIBERAR: 2 de 3 spools" in said
    assert "MK-1 ✕ No se hizo Nadie tiene el spool MK-1: MR(93) lo completó" in said
    assert [row_of(spool)["ocupado_por_id"] for spool in held] == [None, None, None]


@pytest.mark.sqlite
def test_releasing_many_waits_once_for_a_busy_database_and_the_same_page_resumes_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from occupation.models import Spool
    from occupation.services import _transaction
    from tests.factories import SpoolFactory
    from tests.shop import NeverMyTurn

    held = SpoolFactory.create_batch(3, ocupado_por=shop.miguel)
    client = logged_in("marta", "supervisores")
    asked = client.get(LIBERAR, {"spool": [spool.pk for spool in held]})
    with monkeypatch.context() as busy:
        writer = NeverMyTurn()
        busy.setattr(_transaction, "_sqlite_writer", writer)
        said = words(submit(client, LIBERAR, asked, "fin de turno"))
    assert said.count("✕ No se hizo El sistema está muy ocupado") == 3
    assert writer.waits == [_transaction.BUSY_SECONDS]
    assert "LIBERAR: 3 de 3 spools" in words(submit(client, LIBERAR, asked, "fin de turno"))
    assert not Spool.objects.ocupados().exists()


def test_liberar_leaves_a_spool_alone_that_somebody_else_took_meanwhile(shop: Shop) -> None:
    from occupation import services
    from tests.factories import SpoolFactory
    from tests.shop import TABLET, row_of

    spool = SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel)
    client = logged_in("marta", "supervisores")
    asked = client.get(LIBERAR, {"spool": spool.pk})
    services.pausar(tag="MK-1", trabajador_id=93, actor=TABLET)
    services.tomar(tag="MK-1", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    said = words(submit(client, LIBERAR, asked, "se fue sin pausar"))
    assert "✕ No se hizo El spool MK-1 cambió mientras lo miraba." in said
    assert row_of(spool)["ocupado_por_id"] == 94


def test_sending_the_same_release_twice_answers_the_same_and_writes_once(shop: Shop) -> None:
    from occupation.models import Evento
    from tests.factories import SpoolFactory

    spool = SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel)
    client = logged_in("marta", "supervisores")
    asked = client.get(LIBERAR, {"spool": spool.pk})
    first, second = (words(submit(client, LIBERAR, asked, "se fue")) for _ in range(2))
    assert first == second
    assert Evento.objects.filter(tipo="LIBERAR_ARM").count() == 1


@pytest.mark.parametrize("motivo", ["", "   ", "x" * 301])
def test_liberar_without_a_proper_reason_asks_again_and_changes_nothing(shop: Shop, motivo: str) -> None:
    from tests.factories import SpoolFactory

    spool = SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel)
    client = logged_in("marta", "supervisores")
    asked = client.get(LIBERAR, {"spool": spool.pk})
    before = shop.everything()
    again = submit(client, LIBERAR, asked, motivo)
    assert 'class="errorlist"' in again.content.decode()
    assert hidden(again, "spool") == hidden(asked, "spool")
    assert shop.everything() == before


def test_nothing_chosen_or_nonsense_chosen_goes_back_to_the_list(shop: Shop) -> None:
    client = logged_in("marta", "supervisores")
    for chosen in ([], ["nada"], ["7:nada"], ["999999"], ["9" * 30], ["-" + "9" * 30], ["9" * 5000], [str(2**63)]):
        back = client.get(LIBERAR, {"spool": chosen}, follow=True)
        assert back.redirect_chain == [(OCUPACIONES, 302)]
        assert "Elija al menos un spool de la lista." in words(back)
    assert shop.everything()["Evento"] == []


def test_desbloquear_gives_one_more_chance_with_a_reason(shop: Shop) -> None:
    from occupation.models import Evento
    from tests.factories import SpoolFactory
    from tests.shop import row_of

    spool = SpoolFactory(tag_hoja="MK-1", calidad_state=EstadoCalidad.BLOQUEADO, soldador=shop.juan)
    client = logged_in("marta", "supervisores")
    asked = client.post(BLOQUEADOS, {"action": "desbloquear_elegidos", "_selected_action": [spool.pk]})
    assert "MK-1 BLOQUEADO - Contactar supervisor" in words(asked)
    said = words(submit(client, DESBLOQUEAR, asked, "se acepta reparar"))
    assert "MK-1 ✓ Hecho Spool MK-1 desbloqueado: tiene una oportunidad más" in said
    told = Evento.objects.filter(tipo="DESBLOQUEAR_REPARACION").get()
    assert (told.actor_nombre, told.trabajador_id, told.detalle["motivo"]) == ("marta", 94, "se acepta reparar")
    assert (row_of(spool)["calidad_state"], row_of(spool)["ciclo"]) == ("rechazado", 2)


def test_desbloquear_says_when_there_is_no_block_to_lift(shop: Shop) -> None:
    from tests.factories import SpoolFactory

    spool = SpoolFactory(tag_hoja="MK-1", calidad_state=EstadoCalidad.RECHAZADO)
    client = logged_in("marta", "supervisores")
    asked = client.get(DESBLOQUEAR, {"spool": spool.pk})
    assert "MK-1 ✕ No se hizo REPARACIÓN no está disponible para MK-1: no está bloqueado." in words(
        submit(client, DESBLOQUEAR, asked, "por si acaso")
    )
    assert shop.everything()["Evento"] == []


def test_whoever_may_only_look_neither_sees_the_verbs_nor_can_post_them(shop: Shop) -> None:
    from django.contrib.auth.models import Permission, User

    from tests.factories import SpoolFactory

    held = SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel)
    blocked = SpoolFactory(tag_hoja="MK-2", calidad_state=EstadoCalidad.BLOQUEADO)
    client = logged_in("mirón")
    looks = Permission.objects.filter(codename__in=["view_ocupacion", "view_bloqueado"])
    User.objects.get(username="mirón").user_permissions.set(looks)
    before = shop.everything()
    for page, verb, spool in ((OCUPACIONES, LIBERAR, held), (BLOQUEADOS, DESBLOQUEAR, blocked)):
        assert "los elegidos" not in words(client.get(page))
        assert verb not in client.get(f"{page}{spool.pk}/change/").content.decode()
        chosen = {"spool": f"{spool.pk}:{spool.version}", "motivo": "quiero", "clave": "k"}
        assert [client.get(verb, chosen).status_code, client.post(verb, chosen).status_code] == [403, 403]
    assert shop.everything() == before


def test_the_object_pages_offer_the_verb_that_applies(shop: Shop) -> None:
    from tests.factories import SpoolFactory

    held = SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel)
    blocked = SpoolFactory(tag_hoja="MK-2", calidad_state=EstadoCalidad.BLOQUEADO)
    free = SpoolFactory(tag_hoja="MK-3")
    client = logged_in("marta", "supervisores")

    def offered(model: str, pk: int) -> list[bool]:
        page = client.get(f"/admin/occupation/{model}/{pk}/change/").content.decode()
        return [f"{LIBERAR}?spool={pk}" in page, f"{DESBLOQUEAR}?spool={pk}" in page]

    assert offered("ocupacion", held.pk) == [True, False]
    assert offered("bloqueado", blocked.pk) == [False, True]
    assert [offered("spool", spool.pk) for spool in (held, blocked, free)] == [
        [True, False],
        [False, True],
        [False, False],
    ]


@time_machine.travel(NOW, tick=False)
def test_occupations_show_age_and_the_forgotten_ones_first(shop: Shop) -> None:
    from tests.factories import SpoolFactory

    SpoolFactory(tag_hoja="MK-1", ocupado_por=shop.miguel, ocupado_desde=NOW - timedelta(hours=9, minutes=59))
    SpoolFactory(tag_hoja="MK-2", ocupado_por=shop.juan, ocupado_desde=NOW - timedelta(hours=10))
    SpoolFactory(tag_hoja="MK-3")
    client = logged_in("marta", "supervisores")
    said = words(client.get(OCUPACIONES))
    assert "MK-2 10h 0m ▲ REVISAR JP(94) · Juan Pérez ARMADO 10-03-2026 02:00" in said
    assert "MK-1 9h 59m MR(93) · Miguel Rojas ARMADO 10-03-2026 02:01" in said
    assert said.index("MK-2") < said.index("MK-1")
    assert "MK-3" not in said
    assert [tag in words(client.get(OCUPACIONES, {"larga": "si"})) for tag in ("MK-1", "MK-2")] == [False, True]
    assert [tag in words(client.get(OCUPACIONES, {"q": "pérez"})) for tag in ("MK-1", "MK-2")] == [False, True]
    assert [tag in words(client.get(OCUPACIONES, {"q": "mk 1"})) for tag in ("MK-1", "MK-2")] == [True, False]
    assert [tag in words(client.get(OCUPACIONES, {"operacion": "SOLD"})) for tag in ("MK-1", "MK-2")] == [False, False]


def test_occupations_say_in_words_what_redis_has(shop: Shop) -> None:
    from occupation import services
    from tests.factories import SpoolFactory
    from tests.shop import TABLET

    SpoolFactory(tag_hoja="MK-1")
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    SpoolFactory(tag_hoja="MK-2", ocupado_por=shop.miguel)
    SpoolFactory(tag_hoja="MK-3", ocupado_por=shop.miguel)
    shop.client.set("spool_lock:MK-3", "94:otra")
    client = logged_in("marta", "supervisores")

    def marks() -> list[str]:
        rows = client.get(OCUPACIONES, {"o": "1"}).context["cl"].result_list
        return [str(row.marca.label) for row in sorted(rows, key=lambda row: row.tag)]

    assert marks() == ["coincide", "falta", "huérfana: es de otra ocupación"]
    shop.valkey.kill()
    assert marks() == ["Redis no responde"] * 3
    shop.valkey.start()
