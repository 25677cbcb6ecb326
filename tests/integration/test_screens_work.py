"""The work page: tabs, the list and its search, what the worker holds, and what it costs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from occupation.models import Evento, FilaDuplicada, Spool, TagAnterior, Trabajador
from occupation.queries import newest_mark
from occupation.services import HOJA, Actor, liberar, tomar
from occupation.services.sheet_edits import adoptar
from occupation.sheets.merge import Decision, Effect
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, Rol, TipoEvento
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.office import words
from tests.shop import SUPERVISOR
from tests.tablet import FLOOR, Tablet, mine, rows, tabs, takeable

pytestmark = FLOOR

NOON = datetime(2026, 5, 14, 16, 0, tzinfo=UTC)
PROGRESS, DONE = EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO


def at_work(*roles: Rol) -> Tablet:
    """Miguel, with these roles, at a tablet."""
    given = list(roles) or [Rol.ARMADOR, Rol.SOLDADOR]
    return Tablet().step_up(TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=given))


def juan() -> Trabajador:
    return TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez", roles=[Rol.ARMADOR])


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ([Rol.ARMADOR], ["ARMADO", "REPARACIÓN"]),
        ([Rol.SOLDADOR], ["SOLDADURA", "REPARACIÓN"]),
        ([Rol.AYUDANTE], ["ARMADO", "SOLDADURA"]),
        ([Rol.AYUDANTE, Rol.METROLOGIA, Rol.ARMADOR], ["ARMADO", "SOLDADURA", "REPARACIÓN", "METROLOGÍA"]),
    ],
)
def test_the_tabs_are_those_the_workers_roles_allow(roles: list[Rol], expected: list[str]) -> None:
    assert tabs(at_work(*roles).get("/trabajo/")) == expected


def test_a_single_tab_is_not_a_question_and_no_tab_is_explained() -> None:
    inspector = at_work(Rol.METROLOGIA).get("/trabajo/")
    assert (tabs(inspector), "Por inspeccionar" in words(inspector)) == ([], True)
    painter = Tablet().step_up(TrabajadorFactory(id=98, roles=[Rol.PINTURA])).get("/trabajo/", op="ARM")
    assert "Sus roles no toman spools en esta tableta" in words(painter)
    assert "TOMAR" not in words(painter).replace("toque TOMAR", "")


@time_machine.travel(NOON, tick=False)
def test_a_row_says_its_state_and_who_had_paused_work_and_who_holds_what_is_taken() -> None:
    holder = juan()
    SpoolFactory(tag_hoja="MK-1-001", nv="NV1")
    SpoolFactory(tag_hoja="MK-1-002", nv="NV2", arm_state=PROGRESS, armador=holder)
    SpoolFactory(tag_hoja="MK-1-003", nv="NV3", ocupado_por=holder, ocupado_desde=NOON - timedelta(minutes=135))
    SpoolFactory(tag_hoja="MK-1-004", nv="NV4", arm_state=DONE)
    SpoolFactory(tag_hoja="MK-1-005", nv="NV5", fecha_materiales=None)
    page = at_work().get("/trabajo/", op="ARM")
    assert rows(page) == [
        "MK-1 -001 NV1 Sin empezar ›",
        "MK-1 -002 NV2 Pausado · lo tenía JP(94) ›",
        "MK-1 -003 NV3 Ocupado por JP(94) · 2h 15m ›",
    ]
    assert takeable(page) == ["MK-1-001", "MK-1-002"]


@time_machine.travel(NOON, tick=False)
def test_the_other_tabs_say_what_counts_there() -> None:
    holder = juan()
    SpoolFactory(tag_hoja="A-1", nv="", arm_state=PROGRESS, armador=holder)
    SpoolFactory(tag_hoja="A-2", nv="", arm_state=DONE)
    SpoolFactory(tag_hoja="A-3", nv="", ocupado_por=holder, ocupado_desde=NOON - timedelta(hours=26))
    SpoolFactory(tag_hoja="A-4", nv="", calidad_state=EstadoCalidad.RECHAZADO, ciclo=2)
    SpoolFactory(tag_hoja="A-5", nv="", calidad_state=EstadoCalidad.REPARACION_PAUSADA)
    SpoolFactory(tag_hoja="A-6", nv="", arm_state=DONE, sold_state=DONE)
    SpoolFactory(tag_hoja="A-7", nv="", arm_state=DONE, sold_state=DONE, ciclo=1)
    tablet = at_work(Rol.ARMADOR, Rol.SOLDADOR, Rol.METROLOGIA)
    assert {op: rows(tablet.get("/trabajo/", op=op)) for op in ("SOLD", "REPARACION", "METROLOGIA")} == {
        "SOLD": [
            "A -1 Sin empezar · ARMADO sin terminar ›",
            "A -2 Sin empezar ›",
            "A -3 Ocupado por JP(94) en ARMADO · 1d 2h 0m ›",
        ],
        "REPARACION": ["A -4 Rechazado · ciclo 2/3 ›", "A -5 Reparación pausada · ciclo 1/3 ›"],
        "METROLOGIA": ["A -6 Primera inspección ›", "A -7 Reparado · ciclo 1/3 ›"],
    }


def test_a_search_says_why_what_it_finds_cannot_be_taken() -> None:
    SpoolFactory(tag_hoja="ZX-1", nv="", fecha_materiales=None)
    SpoolFactory(tag_hoja="ZX-2", nv="", arm_state=DONE)
    SpoolFactory(tag_hoja="ZX-3", nv="", calidad_state=EstadoCalidad.APROBADO)
    SpoolFactory(tag_hoja="ZX-4", nv="")
    FilaDuplicada.objects.create(tag="ZX-4", fila=9, fila_usada=4, visto_en=NOON)
    SpoolFactory(tag_hoja="OTRO-5", nv="NV-ZX")
    tablet = at_work()
    found = tablet.get("/trabajo/", op="ARM", q="z x-")
    assert rows(found) == [
        "ZX -1 Falta Fecha_Materiales ›",
        "ZX -2 Ya tiene completado ARMADO ›",
        "ZX -3 Ya aprobado ›",
        "ZX -4 Sin empezar Fila duplicada en la hoja: vale la primera o la más completa. ›",
        "OTRO -5 NV-ZX Sin empezar ›",
    ]
    assert takeable(found) == ["ZX-4", "OTRO-5"]
    assert rows(tablet.get("/trabajo/", op="SOLD", q="ZX4")) == [
        "ZX -4 Falta ARMADO Fila duplicada en la hoja: vale la primera o la más completa. ›"
    ]


def test_the_shop_is_empty_nothing_is_left_and_nothing_was_found_are_three_sentences() -> None:
    tablet = at_work()
    assert "Todavía no hay spools en el taller" in words(tablet.get("/trabajo/"))
    spool = SpoolFactory(tag_hoja="MK-9-001", arm_state=DONE, sold_state=DONE)
    assert "No queda nada por tomar en ARMADO" in words(tablet.get("/trabajo/"))
    assert "Ningún spool tiene «QQ»" in words(tablet.get("/trabajo/", q="Q\x00Q"))
    TagAnterior.objects.create(tag="VIEJO-1", spool=spool, instante=NOON)
    assert "El spool viejo-1 ahora se llama MK-9-001" in words(tablet.get("/trabajo/", q="viejo-1"))
    Spool.objects.filter(pk=spool.pk).update(archivado_en=NOON)
    assert "El spool MK-9-001 ya no está en la hoja" in words(tablet.get("/trabajo/", q="MK-9-001"))


def test_the_pages_of_a_long_list_reach_every_spool_once() -> None:
    SpoolFactory.create_batch(130)
    tablet, found = at_work(), []
    page = tablet.get("/trabajo/", op="ARM")
    while True:
        found += takeable(page)
        more = page.context["pantalla"].siguiente
        if more is None:
            break
        page = tablet.get(more)
    assert sorted(found) == sorted(Spool.objects.values_list("tag", flat=True))
    assert tablet.get("/trabajo/", op="ARM", cursor="nada").status_code == 422


def test_a_page_costs_eight_queries_and_sixty_kilobytes_at_most_with_5000_spools() -> None:
    many = SpoolFactory.build_batch(4980)
    for spool in many:
        spool.busqueda = spool.texto_de_busqueda()
    Spool.objects.bulk_create(many)
    tablet = at_work()
    for _ in range(20):
        SpoolFactory(ocupado_por=tablet.worker)
    tablet.get("/trabajo/")
    costs = {}
    for name, query in {"lista": {"op": "ARM"}, "búsqueda": {"op": "ARM", "q": "MK"}}.items():
        with CaptureQueriesContext(connection) as queries:
            page = tablet.get("/trabajo/", **query)
        costs[name] = (len(rows(page)), len(queries) <= 8, len(page.content) <= 60 * 1024)
    assert costs == {"lista": (60, True, True), "búsqueda": (60, True, True)}


@time_machine.travel(NOON, tick=False)
def test_mine_are_listed_longest_first_with_since_when() -> None:
    tablet = at_work()
    SpoolFactory(tag_hoja="B-2", ocupado_por=tablet.worker, ocupado_desde=NOON - timedelta(minutes=5))
    SpoolFactory(tag_hoja="B-1", ocupado_por=tablet.worker, ocupado_desde=NOON - timedelta(hours=30))
    SpoolFactory(tag_hoja="B-3", ocupado_por=juan())
    assert mine(tablet.get("/trabajo/")) == [
        "B -1 ARMADO 1d 6h 0m desde 13-05 06:00",
        "B -2 ARMADO 5m desde 11:55",
    ]


def test_what_a_supervisor_released_is_told_until_somebody_takes_it() -> None:
    tablet = at_work()
    spool = SpoolFactory(tag_hoja="C-1")
    assert tablet.worker
    tomar(tag="C-1", trabajador_id=93, operacion=Operacion.ARM, actor=Actor.de(tablet.device))
    liberar(tag="C-1", motivo="olvidó pausar", actor=SUPERVISOR)
    page = tablet.get("/trabajo/")
    assert "marta lo liberó" in words(page)
    assert "«olvidó pausar». Ya no lo tiene usted." in words(page)
    tomar(tag="C-1", trabajador_id=juan().id, operacion=Operacion.ARM, actor=Actor.de(tablet.device))
    assert "lo liberó" not in words(tablet.get("/trabajo/"))
    assert spool.tag == "C-1"


def test_an_edit_of_the_office_does_not_hide_who_released_a_spool_and_why() -> None:
    tablet = at_work()
    SpoolFactory(tag_hoja="C-1")
    tomar(tag="C-1", trabajador_id=93, operacion=Operacion.ARM, actor=Actor.de(tablet.device))
    liberar(tag="C-1", motivo="olvidó pausar", actor=SUPERVISOR)
    adoptar(tag="C-1", decision=Decision("Armador", Effect.EDIT, juan().id))
    assert Evento.objects.latest("id").tipo == TipoEvento.EDICION_HOJA
    assert "«olvidó pausar». Ya no lo tiene usted." in words(tablet.get("/trabajo/"))


@time_machine.travel(NOON, tick=False)
def test_a_worker_reads_that_the_office_released_a_spool_in_the_sheet() -> None:
    tablet = at_work()
    SpoolFactory(tag_hoja="C-1")
    tomar(tag="C-1", trabajador_id=93, operacion=Operacion.ARM, actor=Actor.de(tablet.device))
    liberar(tag="C-1", motivo="celda vaciada en la hoja", actor=HOJA)
    told = "la hoja (oficina) lo liberó (12:00): «celda vaciada en la hoja». Ya no lo tiene usted."
    assert told in words(tablet.get("/trabajo/"))
    late = tablet.tap("/trabajo/pausar/", tag="C-1")
    assert "Nadie tiene el spool C-1: la hoja (oficina) lo liberó el 14-05 12:00" in words(late)


@time_machine.travel(NOON, tick=False)
def test_the_look_for_news_answers_nothing_unless_something_changed() -> None:
    tablet = at_work()
    seen = tablet.get("/trabajo/").context["pantalla"].huella
    still = tablet.part("/trabajo/mios/", visto=seen)
    assert (still.status_code, still.content) == (204, b"")
    assert json.loads(still["HX-Trigger"]) == {"hoja": {"texto": "hoja al día"}}
    spool = SpoolFactory(tag_hoja="D-1")
    tomar(tag=spool.tag, trabajador_id=93, operacion=Operacion.ARM, actor=Actor.de(tablet.device))
    news = tablet.part("/trabajo/mios/", visto=seen)
    assert [card[:5] for card in mine(news)] == ["D -1 "]
    assert json.loads(news["HX-Trigger"]) == {"hoja": {"texto": "hoja 1 s atrás"}}


def test_a_list_that_shows_what_is_answers_nothing_until_something_happens() -> None:
    SpoolFactory(tag_hoja="E-2", nv="NV1")
    tablet = at_work()
    marca = tablet.get("/trabajo/?op=ARM").context["pantalla"].marca
    ask = {"HX-Request": "true", "HX-Target": "lista", "If-None-Match": f'"{marca}"'}
    still = tablet.client.get("/trabajo/?op=ARM&filas=1", headers=ask)
    assert (still.status_code, still.content) == (304, b"")
    tomar(tag="E-2", trabajador_id=juan().id, operacion=Operacion.ARM, actor=Actor.de(tablet.device))
    news = tablet.client.get("/trabajo/?op=ARM&filas=1", headers=ask)
    assert ([row.split(" · ")[0] for row in rows(news)], takeable(news)) == (["E -2 NV1 Ocupado por JP(94)"], [])
    assert news["ETag"] == f'"{newest_mark()}"'
    assert "HX-Replace-Url" not in news


def test_a_list_is_read_anew_as_long_as_it_was_shown() -> None:
    SpoolFactory.create_batch(150)
    tablet = at_work()
    shown = {
        filas: len(rows(tablet.get("/trabajo/", op="ARM", filas=filas))) for filas in ("", "60", "61", "9999", "x")
    }
    assert shown == {"": 60, "60": 60, "61": 120, "9999": 150, "x": 60}


def test_a_script_that_asks_for_the_list_gets_only_the_list() -> None:
    SpoolFactory(tag_hoja="E-1")
    tablet = at_work()
    headers = {"HX-Request": "true", "HX-Target": "lista"}
    part = tablet.client.get("/trabajo/", {"op": "ARM", "q": "e1"}, headers=headers)
    assert part.content.decode().strip().startswith('<div id="lista"')
    assert takeable(part) == ["E-1"]
