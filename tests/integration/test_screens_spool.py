"""The page of one spool: its state, its history, what can be done next and by whom."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from occupation.models import CeldaDudosa, FilaDuplicada, Spool, TagAnterior
from occupation.services import completar, inspeccionar, liberar, pausar, tomar
from occupation.vocabulary import DeviceKind, EstadoCalidad, EstadoTrabajo, Operacion, Resultado, Rol
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.office import words
from tests.shop import SUPERVISOR, TABLET
from tests.tablet import FLOOR, Tablet, plain, said, title

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

pytestmark = FLOOR

NOON = datetime(2026, 5, 14, 16, 0, tzinfo=UTC)
PROGRESS, DONE = EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO


def section(response: Page, name: str) -> str:
    """One section of the page in words, by the id of its heading."""
    found = re.search(
        rf'<section[^>]*aria-labelledby="{name}".*?</section>', response.content.decode(), flags=re.DOTALL
    )
    assert found
    return plain(found[0])


def zone(response: Page) -> str:
    """The fixed zone at the bottom, in words."""
    return plain(response.content.decode().split('aria-label="Acciones">')[1])


def test_the_history_tells_sessions_with_durations_and_what_others_did_latest_first() -> None:
    TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=[Rol.AYUDANTE, Rol.METROLOGIA])
    SpoolFactory(tag_hoja="MK-1-001")
    who: dict[str, Any] = {"tag": "MK-1-001", "trabajador_id": 93, "actor": TABLET}

    def at(hours: float) -> datetime:
        return NOON + timedelta(hours=hours)

    tomar(**who, operacion=Operacion.ARM, instante=at(-9))
    pausar(**who, instante=at(-8.5))
    tomar(**who, operacion=Operacion.ARM, instante=at(-8))
    liberar(tag="MK-1-001", motivo="fin de turno", actor=SUPERVISOR, instante=at(-6))
    tomar(**who, operacion=Operacion.ARM, instante=at(-5))
    completar(**who, instante=at(-4))
    tomar(**who, operacion=Operacion.SOLD, instante=at(-4))
    completar(**who, instante=at(-2))
    inspeccionar(**who, resultado=Resultado.RECHAZADO, instante=at(-1))
    with time_machine.travel(NOON, tick=False):
        page = Tablet().get("/spool/MK-1-001/")
    assert section(page, "historia") == (
        "Historia MR(93) · METROLOGÍA · RECHAZADO (ciclo 1/3) 11:00 · desde Tablet 1 "
        "MR(93) · SOLDADURA · 2h 0m 08:00 → 10:00 · completó "
        "MR(93) · ARMADO · 1h 0m 07:00 → 08:00 · completó "
        "marta lo liberó de MR(93): «fin de turno» 06:00 · desde marta "
        "MR(93) · ARMADO · 2h 0m 04:00 → 06:00 · hasta que lo liberaron "
        "MR(93) · ARMADO · 30m 03:00 → 03:30 · pausó"
    )


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, "Tomar ARMADO Lo puede hacer: Armador o Ayudante."),
        (
            {"fecha_materiales": None},
            "Todavía no se puede hacer nada El spool MK-1-001 no está listo: falta Fecha_Materiales.",
        ),
        ({"arm_state": DONE}, "Tomar SOLDADURA Lo puede hacer: Soldador o Ayudante."),
        ({"arm_state": DONE, "sold_state": DONE}, "Inspeccionar Lo puede hacer: Metrología."),
        ({"calidad_state": EstadoCalidad.RECHAZADO}, "Tomar REPARACIÓN Lo puede hacer: Armador o Soldador."),
        (
            {"calidad_state": EstadoCalidad.BLOQUEADO},
            "Está bloqueado tras tres rechazos Un supervisor debe desbloquearlo",
        ),
        ({"calidad_state": EstadoCalidad.APROBADO}, "Está aprobado No queda nada por hacer en el taller."),
    ],
)
def test_what_can_be_done_next_and_by_whom_is_said(columns: dict[str, object], expected: str) -> None:
    SpoolFactory(tag_hoja="MK-1-001", **columns)
    assert section(Tablet().get("/spool/MK-1-001/"), "ahora").startswith(f"Qué se puede hacer ahora {expected}")


@time_machine.travel(NOON, tick=False)
def test_the_zone_offers_what_this_worker_may_do_and_nobody_nothing() -> None:
    miguel = TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=[Rol.AYUDANTE])
    ines = TrabajadorFactory(id=97, roles=[Rol.METROLOGIA])
    SpoolFactory(tag_hoja="EN-CURSO", arm_state=PROGRESS, armador=miguel)
    SpoolFactory(tag_hoja="MIO", ocupado_por=miguel, ocupado_desde=NOON - timedelta(hours=1))
    SpoolFactory(tag_hoja="HECHO", arm_state=DONE, sold_state=DONE)
    tablet, inspector = Tablet().step_up(miguel), Tablet().step_up(ines)
    assert zone(Tablet().get("/spool/MIO/")) == "¿QUIÉN ERES? PARA ACTUAR"
    assert zone(tablet.get("/spool/EN-CURSO/")) == "VOLVER TOMAR ARMADO TOMAR SOLDADURA"
    assert zone(tablet.get("/spool/MIO/")) == "VOLVER PAUSAR COMPLETAR"
    assert zone(tablet.get("/spool/HECHO/")) == "VOLVER"
    assert zone(inspector.get("/spool/HECHO/")) == "VOLVER INSPECCIONAR"
    assert section(inspector.get("/spool/MIO/"), "ahora") == (
        "Qué se puede hacer ahora Lo tiene MR(93) · Miguel Rojas en ARMADO "
        "Desde las 11:00. Solo esa persona puede pausarlo o completarlo."
    )


def test_an_unknown_a_renamed_and_an_archived_tag_are_404_with_different_words() -> None:
    renamed = SpoolFactory(tag_hoja="NUEVO-1")
    TagAnterior.objects.create(tag="VIEJO-1", spool=renamed, instante=NOON)
    gone = SpoolFactory(tag_hoja="IDO-1")
    Spool.objects.filter(pk=gone.pk).update(archivado_en=NOON)
    tablet = Tablet()
    unknown, old, archived = (tablet.get(f"/spool/{tag}/") for tag in ("NADA-1", "VIEJO-1", "IDO-1"))
    assert [page.status_code for page in (unknown, old, archived)] == [404, 404, 404]
    assert [title(page) for page in (unknown, old, archived)] == [
        "No se encontró ese spool",
        "El spool cambió de tag",
        "IDO -1",
    ]
    assert said(old) == "El spool VIEJO-1 ahora se llama NUEVO-1. Búsquelo con ese tag."
    assert 'href="/spool/NUEVO-1/"' in old.content.decode()
    assert "Ya no está en la hoja" in words(archived)
    assert tablet.get(f"/spool/{'X' * 101}/").status_code == 404


def test_what_the_sheet_says_that_could_not_be_used_is_noted() -> None:
    spool = SpoolFactory(tag_hoja="MK-1-001")
    CeldaDudosa.objects.create(
        spool=spool,
        hoja="Operaciones",
        fila=12,
        encabezado="Fecha_Materiales",
        valor="31-02-2026",
        motivo="No es una fecha.",
        visto_en=NOON,
    )
    FilaDuplicada.objects.create(tag="MK-1-001", fila=88, fila_usada=12, visto_en=NOON)
    page = words(Tablet().get("/spool/mk-1-001/"))
    assert "Dato dudoso: Fecha_Materiales No es una fecha. En la hoja dice «31-02-2026», fila 12." in page
    assert "La fila 88 repite este tag. Se usa la 12." in page


def test_the_stages_are_shown_with_who_and_when() -> None:
    miguel = TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas")
    SpoolFactory(tag_hoja="MK-1-001", arm_state=DONE, armador=miguel, sold_state=PROGRESS, soldador=miguel)
    page = words(Tablet().get("/spool/MK-1-001/"))
    assert (
        "MATERIALES 05-01-2026 ARMADO Completado MR(93) · 12-01-2026 "
        "SOLDADURA Pausado lo tenía MR(93) METROLOGÍA Pendiente"
    ) in page


def test_the_page_carries_a_drawing_that_opens_it_and_a_board_may_look() -> None:
    SpoolFactory(tag_hoja="MK-1-001")
    page = Tablet(kind=DeviceKind.BOARD).get("/spool/MK-1-001/")
    assert page.status_code == 200
    assert re.search(r'role="img" aria-label="Código QR de MK-1-001">\s*<svg[^>]*>.*?<path', page.content.decode())
