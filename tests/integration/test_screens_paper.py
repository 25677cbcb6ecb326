"""What is printed: the traveller of one spool, and who may open the pages that a scanned tag leads to."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import segno
import time_machine
from django.conf import settings

from occupation.qr import drawing, spool_address
from occupation.services import inspeccionar, reabrir, tomar
from occupation.vocabulary import DeviceKind, EstadoCalidad, EstadoTrabajo, Operacion, Resultado, Rol
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.office import logged_in, words
from tests.shop import SUPERVISOR, TABLET
from tests.tablet import FLOOR, Tablet, said, title, zone

pytestmark = FLOOR

NOON = datetime(2026, 5, 14, 16, 0, tzinfo=UTC)
DONE = EstadoTrabajo.COMPLETADO


def test_a_qr_code_is_a_drawing_without_styles_that_says_the_spools_address() -> None:
    spool = SpoolFactory.build(tag_hoja="MK 1/2-ñ")
    assert spool_address(spool) == f"{settings.PUBLIC_URL}/spool/MK%201/2-%C3%B1/"
    svg = drawing(spool_address(spool))
    code = segno.make_qr(spool_address(spool), error="m")
    dark = re.search(r'stroke="#000"[^>]* d="([^"]*)"', svg)
    assert dark
    assert dark[1] in code.svg_inline()
    assert re.findall(r"style=|<script|width=|class=", svg) == []


@time_machine.travel(NOON, tick=False)
def test_the_traveller_has_the_code_the_data_the_stages_and_the_inspections() -> None:
    TrabajadorFactory(id=97, nombre="Inés", apellido="Soto", roles=[Rol.METROLOGIA, Rol.ARMADOR])
    SpoolFactory(
        tag_hoja="MK-1-001", nv="NV0650", cliente="Minera", arm_state=DONE, sold_state=DONE, notas="Ojo: <brida>"
    )
    who: dict[str, Any] = {"tag": "MK-1-001", "trabajador_id": 97, "actor": TABLET}
    inspeccionar(**who, resultado=Resultado.RECHAZADO, instante=NOON - timedelta(hours=3))
    tomar(**who, operacion=Operacion.REPARACION, instante=NOON - timedelta(hours=2))
    page = Tablet().get("/viajera/mk-1-001/")
    assert page.status_code == 200
    assert 'role="img" aria-label="Código QR de MK-1-001"' in page.content.decode()
    said = words(page)
    assert "Hoja viajera MK-1 -001 EN_REPARACION (Ciclo 1/3) - Ocupado: IS(97)" in said
    assert "NV NV0650 Cliente Minera Notas Ojo: <brida>" in said
    assert "ARMADO Completado 12-01-2026 SOLDADURA Completado 12-01-2026 METROLOGÍA En reparación Ciclo 1/3" in said
    assert "Inspecciones Cuándo Resultado 14-05-2026 09:00 IS(97) · METROLOGÍA · RECHAZADO (ciclo 1/3)" in said
    assert "Así estaba el 14-05-2026 12:00." in said


@time_machine.travel(NOON, tick=False)
def test_the_traveller_says_that_an_inspection_was_taken_back() -> None:
    TrabajadorFactory(id=97, nombre="Inés", apellido="Soto", roles=[Rol.METROLOGIA])
    SpoolFactory(tag_hoja="MK-1", arm_state=DONE, sold_state=DONE)
    SpoolFactory(tag_hoja="MK-2", arm_state=DONE, sold_state=DONE)
    why: dict[str, Any] = {"operacion": Operacion.SOLD, "motivo": "quedó un poro", "actor": SUPERVISOR}
    reabrir(tag="MK-2", **why)
    inspeccionar(tag="MK-1", trabajador_id=97, resultado=Resultado.APROBADO, actor=TABLET)
    reabrir(tag="MK-1", **why)
    said = words(Tablet().get("/viajera/MK-1/"))
    assert (
        "Inspecciones Cuándo Resultado 14-05-2026 12:00 IS(97) · METROLOGÍA · APROBADO "
        "14-05-2026 12:00 marta reabrió SOLDADURA: «quedó un poro». Lo anterior deja de valer." in said
    )
    assert "Inspecciones" not in words(Tablet().get("/viajera/MK-2/"))


def test_the_traveller_of_an_unknown_tag_says_so() -> None:
    page = Tablet().get("/viajera/NADA-1/")
    assert (page.status_code, title(page)) == (404, "No se encontró ese spool")
    assert "No existe el spool NADA-1" in said(page)


def test_the_history_of_a_repair_tells_its_cycle() -> None:
    TrabajadorFactory(id=97, nombre="Inés", apellido="Soto", roles=[Rol.METROLOGIA, Rol.ARMADOR])
    SpoolFactory(tag_hoja="MK-1", arm_state=DONE, sold_state=DONE, ciclo=1)
    SpoolFactory(tag_hoja="MK-2", calidad_state=EstadoCalidad.RECHAZADO)
    inspeccionar(tag="MK-1", trabajador_id=97, resultado=Resultado.RECHAZADO, actor=TABLET)
    for tag in ("MK-1", "MK-2"):
        tomar(tag=tag, trabajador_id=97, operacion=Operacion.REPARACION, actor=TABLET)
    assert "IS(97) · REPARACIÓN · ciclo 2/3 · 0m" in words(Tablet().get("/spool/MK-1/"))
    # Rejected before the journal begins: then it is not in it.
    assert "IS(97) · REPARACIÓN · 0m" in words(Tablet().get("/spool/MK-2/"))


def test_a_supervisor_at_the_office_is_offered_what_a_supervisor_does() -> None:
    holder = TrabajadorFactory(id=93)
    SpoolFactory(tag_hoja="LIBRE")
    SpoolFactory(tag_hoja="TOMADO", ocupado_por=holder)
    SpoolFactory(tag_hoja="ALTO", calidad_state=EstadoCalidad.BLOQUEADO)
    marta = logged_in("marta", "supervisores")
    offered = {tag: zone(marta.get(f"/spool/{tag}/")) for tag in ("LIBRE", "TOMADO", "ALTO")}
    assert offered == {"LIBRE": "SUPERVISIÓN", "TOMADO": "SUPERVISIÓN LIBERAR", "ALTO": "SUPERVISIÓN DESBLOQUEAR"}


@pytest.mark.parametrize("page", ["/spool/MK-1/", "/viajera/MK-1/"])
def test_a_supervisor_reads_it_on_a_computer_that_is_no_device_and_nobody_else_does(page: str) -> None:
    from django.test import Client

    SpoolFactory(tag_hoja="MK-1")
    supervisor = logged_in("marta", "supervisores").get(page)
    assert supervisor.status_code == 200
    assert "SUPERVISIÓN Conectado marta SALIR" in words(supervisor)
    assert "¿QUIÉN ERES?" not in words(supervisor)
    assert logged_in("luis").get(page)["Location"] == f"/vincular/?siguiente={page.replace('/', '%2F')}"
    assert Client().get(page).status_code == 302
    assert Tablet(kind=DeviceKind.BOARD).get(page).status_code == 200
