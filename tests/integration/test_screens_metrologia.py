"""METROLOGÍA on the pages: the queue, two buttons, a confirmation with its consequence, the result."""

from __future__ import annotations

import pytest

from occupation.models import Spool
from occupation.services import completar, inspeccionar, tomar
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, Resultado, Rol
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.office import hidden, words
from tests.shop import TABLET
from tests.tablet import FLOOR, Tablet, notice, rows, said, title, today

pytestmark = FLOOR

READY = {"arm_state": EstadoTrabajo.COMPLETADO, "sold_state": EstadoTrabajo.COMPLETADO}


@pytest.fixture
def tablet() -> Tablet:
    ines = TrabajadorFactory(id=97, nombre="Inés", apellido="Soto", roles=[Rol.METROLOGIA])
    return Tablet().step_up(ines)


def test_the_queue_leads_to_two_buttons_and_each_to_its_question(tablet: Tablet) -> None:
    SpoolFactory(tag_hoja="MK-1-001", nv="", **READY)
    queue = tablet.get("/trabajo/")
    assert rows(queue) == ["MK-1 -001 Primera inspección ›"]
    assert 'href="/trabajo/metrologia/?tag=MK-1-001"' in queue.content.decode()
    asked = tablet.get("/trabajo/metrologia/", tag="MK-1-001")
    assert "Ciclo 0/3: primera inspección" in words(asked)
    assert "APROBADO RECHAZADO" in words(asked)
    approve = tablet.get("/trabajo/metrologia/", tag="MK-1-001", resultado="APROBADO")
    assert (title(approve), hidden(approve, "resultado")) == ("¿Registrar APROBADO?", ["APROBADO"])


@pytest.mark.parametrize(
    ("ciclo", "consequence", "state", "told"),
    [
        (
            0,
            "Es el rechazo 1/3: el spool pasa a REPARACIÓN.",
            EstadoCalidad.RECHAZADO,
            "RECHAZADO (Ciclo 1/3) Sigue REPARACIÓN.",
        ),
        (
            1,
            "Es el rechazo 2/3: el spool pasa a REPARACIÓN.",
            EstadoCalidad.RECHAZADO,
            "RECHAZADO (Ciclo 2/3) Sigue REPARACIÓN.",
        ),
        (
            2,
            "Es el rechazo 3/3: el spool queda BLOQUEADO hasta que un supervisor decida.",
            EstadoCalidad.BLOQUEADO,
            "BLOQUEADO Contacte al supervisor.",
        ),
    ],
)
def test_a_rejection_says_beforehand_what_it_does_and_does_it(
    tablet: Tablet, ciclo: int, consequence: str, state: str, told: str
) -> None:
    spool = SpoolFactory(tag_hoja="MK-1-001", ciclo=ciclo, **READY)
    assert consequence in words(tablet.get("/trabajo/metrologia/", tag="MK-1-001", resultado="RECHAZADO"))
    page = tablet.follow("/trabajo/metrologia/", tag="MK-1-001", resultado="RECHAZADO")
    assert notice(page) == f"Metrología: MK-1-001 {told} Ocultar"
    assert Spool.objects.get(pk=spool.pk).calidad_state == state
    assert rows(page) == []


def test_a_page_that_stayed_open_decides_nothing_about_a_later_cycle(tablet: Tablet) -> None:
    TrabajadorFactory(id=93)
    SpoolFactory(tag_hoja="MK-1-001", **READY)
    decision = {"tag": "MK-1-001", "resultado": "RECHAZADO"}
    seen = hidden(tablet.get("/trabajo/metrologia/", **decision), "version")[0]
    inspeccionar(tag="MK-1-001", trabajador_id=97, resultado=Resultado.RECHAZADO, actor=TABLET)
    tomar(tag="MK-1-001", trabajador_id=93, operacion=Operacion.REPARACION, actor=TABLET)
    completar(tag="MK-1-001", trabajador_id=93, actor=TABLET)
    late = tablet.tap("/trabajo/metrologia/", **decision, version=seen)
    assert (late.status_code, title(late)) == (409, "No se registró la inspección")
    assert "cambió mientras lo miraba. Mírelo de nuevo y repita." in said(late)
    assert "REINTENTAR" not in words(late)
    assert Spool.objects.get(tag="MK-1-001").ciclo == 1
    fresh = hidden(tablet.get("/trabajo/metrologia/", **decision), "version")[0]
    page = tablet.follow("/trabajo/metrologia/", **decision, version=fresh)
    assert notice(page) == "Metrología: MK-1-001 RECHAZADO (Ciclo 2/3) Sigue REPARACIÓN. Ocultar"


def test_an_approval_is_told_and_dated_today(tablet: Tablet) -> None:
    spool = SpoolFactory(tag_hoja="MK-1-001", **READY)
    page = tablet.follow("/trabajo/metrologia/", key="una-vez", tag="MK-1-001", resultado="APROBADO")
    again = tablet.follow("/trabajo/metrologia/", key="una-vez", tag="MK-1-001", resultado="APROBADO")
    assert [notice(each) for each in (page, again)] == ["Metrología: MK-1-001 APROBADO Ocultar"] * 2
    assert Spool.objects.get(pk=spool.pk).fecha_qc == today()


def test_what_cannot_be_inspected_is_refused_with_the_reason(tablet: Tablet) -> None:
    welder = TrabajadorFactory(id=93, roles=[Rol.SOLDADOR])
    SpoolFactory(tag_hoja="SIN-ARM")
    SpoolFactory(tag_hoja="SIN-SOLD", arm_state=EstadoTrabajo.COMPLETADO)
    SpoolFactory(tag_hoja="LISTO", calidad_state=EstadoCalidad.APROBADO)
    SpoolFactory(tag_hoja="ROJO", calidad_state=EstadoCalidad.RECHAZADO)
    SpoolFactory(tag_hoja="BIEN", **READY)
    answers = {
        tag: tablet.get("/trabajo/metrologia/", tag=tag) for tag in ("SIN-ARM", "SIN-SOLD", "LISTO", "ROJO", "NADA")
    }
    assert {tag: answer.status_code for tag, answer in answers.items()} == {
        "SIN-ARM": 400,
        "SIN-SOLD": 400,
        "LISTO": 400,
        "ROJO": 400,
        "NADA": 404,
    }
    assert "falta SOLDADURA" in said(answers["SIN-SOLD"])
    other = Tablet().step_up(welder).tap("/trabajo/metrologia/", tag="BIEN", resultado="APROBADO")
    assert (other.status_code, title(other)) == (403, "No se registró la inspección")
    odd = tablet.tap("/trabajo/metrologia/", tag="BIEN", resultado="REGULAR")
    assert odd.status_code == 422
    assert Spool.objects.get(tag="BIEN").calidad_state == EstadoCalidad.PENDIENTE
