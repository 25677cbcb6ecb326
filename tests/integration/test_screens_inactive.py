"""A worker who was deactivated while holding spools: what the floor and the supervisor see, and what they may do."""

from __future__ import annotations

import pytest

from occupation.models import Evento, Spool, Trabajador
from occupation.vocabulary import EstadoTrabajo, Operacion, Rol
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.office import hidden, logged_in, words
from tests.tablet import FLOOR, Tablet, mine, notice, said, tabs, takeable

pytestmark = FLOOR


@pytest.fixture
def luis() -> Trabajador:
    """Luis Vera held two spools when the office took him off the list."""
    worker: Trabajador = TrabajadorFactory(
        id=99, nombre="Luis", apellido="Vera", roles=[Rol.AYUDANTE, Rol.METROLOGIA], activo=False
    )
    for number in (1, 2):
        SpoolFactory(tag_hoja=f"MK-{number}", ocupado_por=worker)
    SpoolFactory(tag_hoja="MK-3")
    return worker


def test_he_finds_his_tile_and_his_spools_and_is_told_that_nothing_more_can_be_taken(luis: Trabajador) -> None:
    tablet = Tablet()
    assert "LV(99) Luis Vera Inactivo: aún tiene spools" in words(tablet.get("/"))
    page = tablet.step_up(luis).get("/trabajo/")
    assert [card.split(" ARMADO")[0] for card in mine(page)] == ["MK -1", "MK -2"]
    assert (tabs(page), takeable(page)) == ([], [])
    assert "Está inactivo: no puede tomar más spools" in words(page)
    assert "Sus roles no toman" not in words(page)
    assert "TOMAR" not in words(tablet.get("/spool/MK-3/"))


def test_what_is_held_is_paused_or_completed_and_no_next_step_is_offered(luis: Trabajador) -> None:
    tablet = Tablet().step_up(luis)
    assert notice(tablet.follow("/trabajo/pausar/", tag="MK-1")) == "Trabajo pausado en MK-1 Ocultar"
    completed = tablet.follow("/trabajo/completar/", tag="MK-2", operacion="ARM")
    assert notice(completed) == "Operación completada en MK-2 Sigue SOLDADURA. Ocultar"
    assert "LV(99)" not in words(tablet.get("/"))


def test_a_take_by_an_old_page_is_refused_and_leaves_nothing_behind(luis: Trabajador) -> None:
    before = Evento.objects.count()
    answer = Tablet().step_up(luis).tap("/trabajo/tomar/", tag="MK-3", operacion="ARM")
    assert answer.status_code == 404
    assert said(answer) == "El trabajador 99 está inactivo. Elija otro nombre o avise al supervisor."
    assert Evento.objects.count() == before


def test_a_supervisor_sees_what_he_still_holds_and_releases_it_for_others(luis: Trabajador) -> None:
    juan = TrabajadorFactory(id=94)
    marta = logged_in("marta", "supervisores", staff=False)
    assert "MK -1 LV(99) · Luis Vera ARMADO" in words(marta.get("/supervision/"))
    asked = marta.get("/supervision/liberar/", {"tag": "MK-1"})
    form = {name: hidden(asked, name)[0] for name in ("tag", "version", "clave")}
    marta.post("/supervision/liberar/", form | {"motivo": "ya no trabaja aquí"})
    told = Evento.objects.get(accion="LIBERAR")
    assert (told.trabajador_id, told.actor_nombre) == (99, "marta")
    page = Tablet().step_up(juan).follow("/trabajo/tomar/", tag="MK-1", operacion=Operacion.ARM)
    assert "MK -1" in mine(page)[0]
    assert Spool.objects.get(tag="MK-1").arm_state == EstadoTrabajo.EN_PROGRESO
