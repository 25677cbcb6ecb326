"""The wall: who has what, the strip, the chart, the last events, and that nothing breaks it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.board import PER_PAGE, bars, board, cards
from occupation.models import Spool, Trabajador
from occupation.services import SISTEMA, completar, inspeccionar, liberar, tomar
from occupation.vocabulary import DeviceKind, EstadoCalidad, EstadoTrabajo, Operacion, Resultado, Rol
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.office import logged_in, words
from tests.shop import SUPERVISOR, TABLET
from tests.tablet import FLOOR, Tablet, plain

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

pytestmark = FLOOR

NOON = datetime(2026, 5, 14, 16, 0, tzinfo=UTC)
PROGRESS, DONE = EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO


def wall() -> Tablet:
    return Tablet(nombre="Muro", kind=DeviceKind.BOARD)


def on_the_wall(response: Page) -> list[str]:
    """The cards in words."""
    found = re.findall(r'<li class="tarjeta.*?</li>', response.content.decode(), flags=re.DOTALL)
    return [plain(card) for card in found]


@time_machine.travel(NOON, tick=False)
def test_who_has_what_longest_first_and_the_forgotten_ones_marked() -> None:
    miguel = TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas")
    juan = TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez")
    SpoolFactory(tag_hoja="A-1", ocupado_por=miguel, ocupado_desde=NOON - timedelta(minutes=135))
    SpoolFactory(tag_hoja="A-2", ocupado_por=juan, ocupado_operacion=Operacion.SOLD, arm_state=DONE, ocupado_desde=NOON)
    SpoolFactory(tag_hoja="A-3", ocupado_por=juan, ocupado_desde=NOON - timedelta(hours=10))
    SpoolFactory(tag_hoja="A-4", ocupado_por=juan, ocupado_desde=NOON - timedelta(hours=9, minutes=59))
    assert on_the_wall(wall().get("/tablero/")) == [
        "A -3 JP(94) ARMADO 10h 0m REVISAR",
        "A -4 JP(94) ARMADO 9h 59m",
        "A -1 MR(93) ARMADO 2h 15m",
        "A -2 JP(94) SOLDADURA 0m",
    ]


@time_machine.travel(NOON, tick=False)
def test_the_strip_counts_every_stage() -> None:
    miguel = TrabajadorFactory(id=93)
    today = NOON.date()
    SpoolFactory(arm_state=PROGRESS)
    SpoolFactory(arm_state=DONE)
    SpoolFactory(fecha_materiales=None)
    SpoolFactory(ocupado_por=miguel)
    SpoolFactory(ocupado_por=miguel, ocupado_operacion=Operacion.SOLD, arm_state=DONE)
    SpoolFactory(ocupado_por=miguel, ocupado_operacion=Operacion.REPARACION, arm_state=DONE, sold_state=DONE)
    SpoolFactory(arm_state=DONE, sold_state=DONE)
    SpoolFactory(calidad_state=EstadoCalidad.RECHAZADO)
    SpoolFactory(calidad_state=EstadoCalidad.REPARACION_PAUSADA)
    SpoolFactory(calidad_state=EstadoCalidad.BLOQUEADO)
    SpoolFactory(calidad_state=EstadoCalidad.APROBADO, fecha_qc=today)
    SpoolFactory(calidad_state=EstadoCalidad.APROBADO, fecha_qc=today - timedelta(days=1))
    assert {etapa.nombre: etapa.cuenta for etapa in board(1).etapas} == {
        "DISPONIBLE": 2,
        "EN ARMADO": 1,
        "EN SOLDADURA": 1,
        "METROLOGÍA": 1,
        "REPARACIÓN": 3,
        "BLOQUEADO": 1,
        "APROBADO HOY": 1,
    }


def test_the_last_ten_events_are_told_in_words_latest_first() -> None:
    TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=[Rol.AYUDANTE, Rol.METROLOGIA])
    who: dict[str, Any] = {"trabajador_id": 93, "actor": TABLET}
    SpoolFactory(tag_hoja="A-1")
    SpoolFactory(tag_hoja="A-2", arm_state=DONE, sold_state=DONE)
    for _ in range(5):
        tomar(tag="A-1", operacion=Operacion.ARM, **who)
        liberar(tag="A-1", motivo="prueba", actor=SUPERVISOR)
    tomar(tag="A-1", operacion=Operacion.ARM, **who)
    completar(tag="A-1", **who)
    inspeccionar(tag="A-2", resultado=Resultado.RECHAZADO, **who)
    found = re.findall(r"<li><time>.*?</time> (.*?)</li>", wall().get("/tablero/").content.decode(), flags=re.DOTALL)
    told = [plain(line) for line in found]
    assert len(told) == 10
    assert told[:4] == [
        "MR(93) rechazó A -2 · ciclo 1/3",
        "MR(93) completó ARMADO A -1",
        "MR(93) tomó ARMADO A -1",
        "marta liberó ARMADO A -1",
    ]


def test_todays_completions_are_drawn_by_the_hour_of_the_shops_clock() -> None:
    TrabajadorFactory(id=93)
    # Santiago is four hours behind UTC in May: 03:30 UTC is still yesterday there.
    instants = [NOON.replace(hour=hour, minute=30) for hour in (3, 12, 12, 15)]
    for instante in instants:
        spool = SpoolFactory(ocupado_por=Trabajador.objects.get(id=93), ocupado_desde=NOON - timedelta(days=1))
        completar(tag=spool.tag, trabajador_id=93, actor=SISTEMA, instante=instante)
    tablero = board(1, NOON)
    assert {barra.hora: barra.cuenta for barra in tablero.barras if barra.cuenta} == {8: 2, 11: 1}
    assert (tablero.completados, tablero.barras[0].hora, tablero.barras[-1].hora) == (3, 7, 18)


def test_the_chart_grows_to_the_hours_that_were_worked() -> None:
    drawn = bars(Counter({5: 1, 22: 4}))
    assert [drawn[0].hora, drawn[-1].hora, len(drawn)] == [5, 22, 18]
    assert (drawn[-1].alto, drawn[0].alto) == (84.0, 21.0)
    assert all(barra.x >= 0 and barra.x + barra.ancho <= 560 for barra in drawn)


def test_what_does_not_fit_comes_on_the_next_page_and_round_again() -> None:
    miguel = TrabajadorFactory(id=93)
    for place in range(PER_PAGE * 2 + 3):
        SpoolFactory(ocupado_por=miguel, ocupado_desde=NOON + timedelta(minutes=place))
    screen = wall()
    pages = [board(number) for number in (1, 2, 3)]
    assert [len(page.tarjetas) for page in pages] == [PER_PAGE, PER_PAGE, 3]
    assert [page.proxima for page in pages] == [2, 3, 1]
    assert len({card.tag for page in pages for card in page.tarjetas}) == PER_PAGE * 2 + 3
    assert "página 3 de 3 · y 32 más" in words(screen.get("/tablero/", pagina="3"))
    assert [board(number).pagina for number in (0, 99)] == [1, 3]
    assert screen.get("/tablero/", pagina="99999999999999999999x").status_code == 200
    assert '<meta http-equiv="refresh" content="10;url=/tablero/?pagina=2">' in screen.get("/tablero/").content.decode()


def test_nobody_working_and_an_empty_shop_are_different_pictures() -> None:
    screen = wall()
    assert "Todavía no hay spools" in words(screen.get("/tablero/"))
    SpoolFactory()
    assert "Nadie está trabajando" in words(screen.get("/tablero/"))


def test_an_odd_row_is_a_card_that_shows_it_and_breaks_nothing() -> None:
    miguel = Trabajador(id=93, nombre="Miguel", apellido="")
    ahead = Spool(tag_hoja="A-1", ocupado_por=miguel, ocupado_operacion="ARM", ocupado_desde=NOON + timedelta(days=2))
    unknown = Spool(tag_hoja="A-2", ocupado_por=miguel, ocupado_operacion="PULIR", ocupado_desde=None)
    nobody = Spool(tag_hoja="", ocupado_por=None, ocupado_operacion=None, ocupado_desde=NOON)
    assert [(card.tag, card.worker, card.operacion, card.tiempo) for card in cards([ahead, unknown, nobody], NOON)] == [
        ("A-1", "M(93)", "ARMADO", "0m"),
        ("A-2", "M(93)", "PULIR", "0m"),
        ("", "?", "?", "0m"),
    ]


def test_the_wall_costs_eight_queries_and_sixty_kilobytes_at_most() -> None:
    miguel = TrabajadorFactory(id=93)
    SpoolFactory.create_batch(200, ocupado_por=miguel)
    Spool.objects.bulk_create(SpoolFactory.build_batch(4800))
    screen = wall()
    screen.get("/tablero/")
    with CaptureQueriesContext(connection) as queries:
        page = screen.get("/tablero/")
    assert len(on_the_wall(page)) == PER_PAGE
    assert len(queries) <= 8
    assert len(page.content) <= 60 * 1024


def test_a_script_gets_the_wall_without_its_frame_and_a_stranger_nothing() -> None:
    part = wall().client.get("/tablero/", headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith('<main id="tablero"')
    assert Client().get("/tablero/")["Location"] == "/vincular/?siguiente=%2Ftablero%2F"


def test_a_supervisor_at_a_computer_that_is_no_device_sees_the_wall_which_is_told_nothing_and_reads() -> None:
    taken()
    computer, screen = logged_in("marta", "supervisores"), wall()
    page, board = computer.get("/tablero/"), screen.get("/tablero/")
    part = computer.get("/tablero/", headers={"HX-Request": "true"})
    assert len(on_the_wall(board)) == 1
    assert on_the_wall(page) == on_the_wall(part) == on_the_wall(board)
    assert ["sse-connect" in seen.content.decode() for seen in (page, board)] == [False, True]
    assert logged_in("pedro").get("/tablero/")["Location"] == "/vincular/?siguiente=%2Ftablero%2F"


PART = {"HX-Request": "true"}


def test_boards_that_ask_for_the_same_picture_cost_one_painting() -> None:
    taken()
    one, other = wall().client, Tablet(nombre="Otro muro", kind=DeviceKind.BOARD).client
    first = one.get("/tablero/", headers=PART)
    other.get("/tablero/")
    with CaptureQueriesContext(connection) as queries:
        second = other.get("/tablero/", headers=PART)
    assert (second.content, second["ETag"]) == (first.content, first["ETag"])
    # Whose board it is, and what the newest journal row is.
    assert len(queries) == 2
    assert sorted(first["Cache-Control"].split(", ")) == ["no-cache", "private"]
    assert {"HX-Request", "Cookie"} <= set(first["Vary"].split(", "))


def test_a_board_that_has_the_picture_is_told_so_until_something_happens_or_a_minute_passes() -> None:
    client = wall().client
    with time_machine.travel(NOON, tick=False) as clock:
        spool = taken()
        seen = client.get("/tablero/", headers=PART)["ETag"]
        again = client.get("/tablero/", headers=PART | {"If-None-Match": seen})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", seen)
        assert client.get("/tablero/?pagina=2", headers=PART | {"If-None-Match": seen}).status_code == 200
        clock.shift(60)
        later = client.get("/tablero/", headers=PART | {"If-None-Match": seen})
        assert [card.partition(" MR(93)")[2] for card in on_the_wall(later)] == [" ARMADO 1m"]
        liberar(tag=spool.tag, motivo="se fue", actor=SUPERVISOR)
        freed = client.get("/tablero/", headers=PART | {"If-None-Match": later["ETag"]})
        assert (freed.status_code, on_the_wall(freed)) == (200, [])


def taken() -> Spool:
    TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas")
    spool = SpoolFactory()
    tomar(tag=spool.tag, trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    return spool
