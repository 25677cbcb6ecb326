"""Trabajadores: edited at the office, unless a sheet owns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from occupation.vocabulary import Operacion, Rol
from tests.office import OFFICE, logged_in, words

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client
    from pytest_django import Settings

    from tests.shop import Shop

pytestmark = OFFICE

WORKERS = "/admin/occupation/trabajador/"


@pytest.fixture
def administrator(shop: Shop, settings: Settings, tmp_path: Path) -> Client:
    """In a shop without a workbook."""
    settings.LOCAL_WORKBOOK = tmp_path / "libro"
    return logged_in("ana", "administradores")


def form(**fields: object) -> dict[str, object]:
    return {"nombre": "Rosa", "apellido": "Lagos", "activo": "on", "roles": ["Soldador"]} | fields


def test_a_new_worker_can_start_at_once(administrator: Client) -> None:
    from occupation import services
    from occupation.models import Trabajador
    from tests.factories import SpoolFactory
    from tests.shop import TABLET

    said = words(administrator.post(f"{WORKERS}add/", form(id=120, roles=["Armador", "Ayudante"]), follow=True))
    assert "RL(120)" in said
    rosa = Trabajador.objects.get(id=120)
    assert (rosa.nombre_completo, rosa.activo, rosa.nombres_de_roles()) == ("Rosa Lagos", True, ["Armador", "Ayudante"])
    SpoolFactory(tag_hoja="MK-1")
    done = services.tomar(tag="MK-1", trabajador_id=120, operacion=Operacion.ARM, actor=TABLET)
    assert done.message == "Spool MK-1 tomado por RL(120)"


@pytest.mark.parametrize("bad", [{"id": 93}, {"id": 0}, {"id": ""}, {"nombre": "  "}, {"roles": ["Jefe"]}])
def test_a_bad_worker_is_refused_and_changes_nobody(administrator: Client, bad: dict[str, object]) -> None:
    from occupation.models import Trabajador, TrabajadorRol

    before = [list(Trabajador.objects.order_by("id").values()), TrabajadorRol.objects.count()]
    assert "errorlist" in administrator.post(f"{WORKERS}add/", form(id=120) | bad).content.decode()
    assert [list(Trabajador.objects.order_by("id").values()), TrabajadorRol.objects.count()] == before


def test_roles_are_taken_away_and_given(administrator: Client) -> None:
    from occupation.models import Trabajador

    administrator.post(
        f"{WORKERS}93/change/", form(nombre="Miguel", apellido="Rojas", roles=["Metrologia", "Soldador"])
    )
    assert Trabajador.objects.get(id=93).nombres_de_roles() == ["Soldador", "Metrologia"]


def test_deactivating_somebody_says_what_they_hold_and_leaves_it_to_them(administrator: Client) -> None:
    from occupation import services
    from occupation.models import Trabajador
    from tests.factories import SpoolFactory
    from tests.shop import TABLET, row_of

    miguel = Trabajador.objects.get(id=93)
    spools = [SpoolFactory(tag_hoja=f"MK-{n}", ocupado_por=miguel) for n in (1, 2)]
    fields = form(nombre="Miguel", apellido="Rojas", roles=[])
    del fields["activo"]
    said = words(administrator.post(f"{WORKERS}93/change/", fields, follow=True))
    assert "MR(93) · Miguel Rojas queda inactivo y todavía tiene MK-1, MK-2." in said
    assert [row_of(spool)["ocupado_por_id"] for spool in spools] == [93, 93]
    services.pausar(tag="MK-1", trabajador_id=93, actor=TABLET)
    assert row_of(spools[0])["ocupado_por_id"] is None


def test_new_initials_are_shown_on_what_is_held_and_everybody_hears(administrator: Client, shop: Shop) -> None:
    from django.contrib.auth.models import User

    from occupation import services
    from occupation.models import Mirror
    from occupation.templatetags.pantallas import en_palabras
    from tests.factories import SpoolFactory
    from tests.shop import TABLET, changes, journal, row_of

    held, free = SpoolFactory(tag_hoja="MK-1"), SpoolFactory(tag_hoja="MK-2")
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    Mirror.objects.update(behind_since=None)
    before, other, last = row_of(held), row_of(free), journal()[-1].pk
    shop.listener.heard()

    administrator.post(f"{WORKERS}93/change/", form(nombre="Nicolás", apellido="Rojas"))

    changed = changes(before, row_of(held))
    assert set(changed) == {"version", "estado_detalle"}
    assert changed["estado_detalle"] == before["estado_detalle"].replace("MR(93)", "NR(93)")
    assert row_of(free) == other
    assert Mirror.objects.get(spool=held).behind_since is not None
    [told] = journal(last)
    ana = User.objects.get()
    assert (told.tipo, told.spool_id, told.trabajador_id) == ("IMPORTACION", None, None)
    assert (told.actor_tipo, told.actor_nombre, told.actor_id) == ("supervisor", "ana", ana.pk)
    assert told.detalle == {"trabajadores": 1, "tags": ["MK-1"]}
    assert en_palabras(told) == "ana cambió trabajadores"
    [heard] = shop.listener.heard()
    assert (heard["event_type"], heard["tag_spool"], heard["evento_id"]) == ("SPOOL", "MK-1", told.pk)
    assert (heard["worker_nombre"], heard["actor_nombre"]) == ("NR(93)", "ana")
    assert (heard["version"], heard["estado_detalle"]) == (str(changed["version"]), changed["estado_detalle"])


def test_what_is_edited_by_hand_is_told_once_and_stays_edited_by_hand(administrator: Client, shop: Shop) -> None:
    from occupation.models import Trabajador
    from tests.shop import journal

    fields = form(nombre="Mario", apellido="Rojas", roles=["Armador"])
    administrator.post(f"{WORKERS}93/change/", fields)
    administrator.post(f"{WORKERS}93/change/", fields)
    assert [evento.detalle for evento in journal()] == [{"trabajadores": 1, "tags": []}]
    assert shop.listener.heard() == []
    administrator.post(f"{WORKERS}93/change/", fields | {"nombre": "Marcos"})
    assert Trabajador.objects.get(id=93).nombre == "Marcos"


def test_nobody_is_deleted(administrator: Client) -> None:
    assert administrator.post(f"{WORKERS}93/delete/", {"post": "yes"}).status_code == 403


def test_a_local_workbook_with_workers_owns_them(administrator: Client, settings: Settings) -> None:
    settings.LOCAL_WORKBOOK.mkdir()
    (settings.LOCAL_WORKBOOK / "Trabajadores.csv").write_text("Id,Nombre,Apellido,Activo\n", encoding="utf-8")
    assert "se editan en el libro local; aquí solo se muestran." in words(administrator.get(WORKERS))
    _assert_read_only(administrator)


def test_the_google_sheet_owns_them(administrator: Client, settings: Settings) -> None:
    settings.SHEETS_BACKEND = "google"
    assert "se editan en la hoja de Google; aquí solo se muestran." in words(administrator.get(WORKERS))
    _assert_read_only(administrator)


def test_an_imported_workbook_that_brought_workers_owns_them(administrator: Client) -> None:
    from django.utils import timezone

    from occupation.models import Evento

    told = {"tipo": "IMPORTACION", "instante": timezone.now(), "actor_tipo": "hoja", "actor_nombre": "hoja"}
    Evento.objects.create(**told, detalle={"nuevas": 4})
    assert "aquí solo se muestran" not in words(administrator.get(WORKERS))
    Evento.objects.create(**told, detalle={"trabajadores": 2})
    assert "se editan en el libro importado; aquí solo se muestran." in words(administrator.get(WORKERS))
    _assert_read_only(administrator)


def _assert_read_only(client: Client) -> None:
    from occupation.models import Trabajador
    from occupation.refusals import SolicitudInvalida
    from occupation.services.workers import save_worker
    from tests.shop import SUPERVISOR

    assert client.get(f"{WORKERS}add/").status_code == 403
    assert client.post(f"{WORKERS}add/", form(id=120)).status_code == 403
    assert client.post(f"{WORKERS}93/change/", form()).status_code == 403
    assert "Armador, Soldador" in words(client.get(f"{WORKERS}93/change/"))
    with pytest.raises(SolicitudInvalida):
        save_worker(id=120, nombre="Rosa", apellido="", activo=True, roles=[Rol.PINTURA], actor=SUPERVISOR)
    assert Trabajador.objects.get(id=93).nombre == "Miguel"


def test_workers_are_found_by_number_mark_and_any_spelling_of_the_name(administrator: Client) -> None:
    def found(search: str) -> list[int]:
        return [worker.pk for worker in administrator.get(WORKERS, {"q": search}).context["cl"].result_list]

    assert [found(search) for search in ("93", "mr(93)", "PEREZ", "nanco", "nadie")] == [[93], [93], [94], [98], []]
