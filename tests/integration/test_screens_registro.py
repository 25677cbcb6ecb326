"""/mi-registro/: what one worker did today and this week, and what it adds up to."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from occupation.history import record_of
from occupation.models import Spool, Trabajador
from occupation.services import cancelar, completar, corregir, inspeccionar, liberar, pausar, reabrir, tomar
from occupation.services.sheet_edits import adoptar
from occupation.sheets.merge import Decision, Effect
from occupation.vocabulary import EstadoTrabajo, Operacion, Resultado, Rol
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.office import words
from tests.shop import SUPERVISOR, TABLET
from tests.tablet import FLOOR, Tablet, plain

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Page
    from pytest_django import DjangoAssertNumQueries

pytestmark = FLOOR

ARM, SOLD = Operacion.ARM, Operacion.SOLD
WEDNESDAY = datetime(2026, 5, 13, 18, 0, tzinfo=UTC)
"""14:00 in Santiago."""


@pytest.fixture
def miguel() -> Trabajador:
    worker: Trabajador = TrabajadorFactory(
        id=93, nombre="Miguel", apellido="Rojas", roles=[Rol.AYUDANTE, Rol.METROLOGIA]
    )
    TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez")
    return worker


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An hour of the shop's clock in May 2026; the 11th is the Monday."""
    return datetime(2026, 5, day, hour, minute, tzinfo=ZoneInfo("America/Santiago"))


ENDS = {"completó": completar, "pausó": pausar, "canceló": cancelar}


def work(
    tag: str,
    began: datetime,
    ended: datetime,
    close: str = "completó",
    operacion: Operacion = ARM,
    worker: int = 93,
) -> None:
    tomar(tag=tag, trabajador_id=worker, operacion=operacion, actor=TABLET, instante=began)
    if close == "liberaron":
        liberar(tag=tag, motivo="se fue", actor=SUPERVISOR, instante=ended)
    else:
        ENDS[close](tag=tag, trabajador_id=worker, actor=TABLET, instante=ended)


def a_week() -> None:
    """Last week's work, a session over the weekend, Monday's and today's work, and one that goes on."""
    for n in range(1, 7):
        SpoolFactory(tag_hoja=f"MK-{n}")
    work("MK-1", at(7, 8), at(7, 12))
    work("MK-2", at(8, 16), at(11, 9), "pausó")
    work("MK-2", at(11, 10), at(11, 12, 30))
    work("MK-3", at(12, 22), at(13, 2), "liberaron")
    work("MK-3", at(13, 8), at(13, 9, 15))
    work("MK-3", at(13, 9, 15), at(13, 10), operacion=SOLD)
    inspeccionar(tag="MK-3", trabajador_id=93, resultado=Resultado.RECHAZADO, actor=TABLET, instante=at(13, 11))
    tomar(tag="MK-4", trabajador_id=93, operacion=ARM, actor=TABLET, instante=at(13, 12))
    tomar(tag="MK-5", trabajador_id=94, operacion=ARM, actor=TABLET, instante=at(13, 12))


def section(response: Page, name: str) -> str:
    found = re.search(rf'<section[^>]*aria-labelledby="{name}".*?</section>', response.content.decode(), re.DOTALL)
    return plain(found[0]) if found else ""


@time_machine.travel(WEDNESDAY, tick=False)
def test_today_and_the_week_are_told_with_durations_and_totals(miguel: Trabajador) -> None:
    a_week()
    page = Tablet().step_up(miguel).get("/mi-registro/")
    assert section(page, "hoy") == (
        "Hoy MK -4 ARMADO · 2h 0m 12:00 → ahora · en curso "
        "MK -3 METROLOGÍA · RECHAZADO (ciclo 1/3) 11:00 "
        "MK -3 SOLDADURA · 45m 09:15 → 10:00 · completó "
        "MK -3 ARMADO · 1h 15m 08:00 → 09:15 · completó "
        "MK -3 ARMADO · 4h 0m 12-05 22:00 → 02:00 · hasta que lo liberaron"
    )
    assert section(page, "antes") == (
        "Antes, esta semana MK -2 ARMADO · 2h 30m 11-05 10:00 → 11-05 12:30 · completó "
        "MK -2 ARMADO · 2d 17h 0m 08-05 16:00 → 11-05 09:00 · pausó"
    )
    said = words(page)
    assert "HOY 6h 0m sumando sus spools 3 completadas · 4 sesiones" in said
    assert "ESTA SEMANA 19h 30m sumando sus spools 4 completadas · 6 sesiones" in said
    assert "MK -1" not in said
    assert "MK -5" not in said


@time_machine.travel(WEDNESDAY, tick=False)
def test_what_a_supervisor_put_right_of_it_is_told_to_both(miguel: Trabajador) -> None:
    a_week()
    why: dict[str, Any] = {"actor": SUPERVISOR, "motivo": "era de Juan"}
    corregir(tag="MK-2", operacion=ARM, trabajador_id=94, **why)
    reabrir(tag="MK-3", operacion=SOLD, actor=SUPERVISOR, motivo="quedó un poro")
    mine = section(Tablet().step_up(miguel).get("/mi-registro/"), "correcciones")
    assert mine == (
        "Corregido por un supervisor 14:00 · marta reabrió SOLDADURA en MK-3: «quedó un poro» "
        "14:00 · marta corrigió ARMADO: MR(93) → JP(94) en MK-2: «era de Juan»"
    )
    juan = section(Tablet().step_up(Trabajador.objects.get(id=94)).get("/mi-registro/"), "correcciones")
    assert juan == ("Corregido por un supervisor 14:00 · marta corrigió ARMADO: MR(93) → JP(94) en MK-2: «era de Juan»")


@time_machine.travel(WEDNESDAY, tick=False)
def test_a_correction_is_told_to_who_did_that_work_last_and_to_nobody_else(miguel: Trabajador) -> None:
    """Of any week, and of inspections too; neither to who did another operation, nor to who did it before."""
    TrabajadorFactory(id=95, nombre="Luis", apellido="Vera")
    for n in range(1, 5):
        SpoolFactory(tag_hoja=f"MK-{n}")
    why: dict[str, Any] = {"actor": SUPERVISOR, "motivo": "se anotó mal"}
    work("MK-1", at(7, 8), at(7, 12))
    work("MK-2", at(11, 8), at(11, 9), worker=94)
    work("MK-2", at(11, 9), at(11, 10), operacion=SOLD)
    work("MK-3", at(11, 8), at(11, 9))
    reabrir(tag="MK-3", operacion=ARM, **why, instante=at(11, 10))
    work("MK-3", at(11, 11), at(11, 12), worker=94)
    work("MK-4", at(8, 8), at(8, 9), worker=94)
    work("MK-4", at(8, 9), at(8, 10), worker=94, operacion=SOLD)
    inspeccionar(tag="MK-4", trabajador_id=93, resultado=Resultado.APROBADO, actor=TABLET, instante=at(8, 11))
    for n in (1, 2, 3):
        corregir(tag=f"MK-{n}", operacion=ARM, trabajador_id=95, **why)
    reabrir(tag="MK-4", operacion=Operacion.METROLOGIA, **why)
    assert section(Tablet().step_up(miguel).get("/mi-registro/"), "correcciones") == (
        "Corregido por un supervisor 14:00 · marta reabrió METROLOGÍA en MK-4: «se anotó mal» "
        "14:00 · marta corrigió ARMADO: MR(93) → LV(95) en MK-1: «se anotó mal» "
        "11-05 10:00 · marta reabrió ARMADO en MK-3: «se anotó mal»"
    )


@time_machine.travel(WEDNESDAY, tick=False)
def test_who_did_nothing_reads_so_and_is_led_here_from_the_work_page(miguel: Trabajador) -> None:
    tablet = Tablet().step_up(miguel)
    assert 'href="/mi-registro/"' in tablet.get("/trabajo/").content.decode()
    said = words(tablet.get("/mi-registro/"))
    assert "HOY 0m sumando sus spools 0 completadas · 0 sesiones" in said
    assert "Hoy no ha tomado spools todavía." in said
    assert "Nada más desde el lunes." in said
    assert "Corregido" not in said


@time_machine.travel(WEDNESDAY, tick=False)
def test_who_only_inspects_reads_how_many_inspections_and_no_time(miguel: Trabajador) -> None:
    for instante in (at(11, 9), at(13, 9), at(13, 10)):
        spool = SpoolFactory(arm_state=EstadoTrabajo.COMPLETADO, sold_state=EstadoTrabajo.COMPLETADO)
        inspeccionar(tag=spool.tag, trabajador_id=93, resultado=Resultado.APROBADO, actor=TABLET, instante=instante)
    said = words(Tablet().step_up(miguel).get("/mi-registro/"))
    assert "HOY 2 inspecciones ESTA SEMANA 3 inspecciones Hoy" in said


@time_machine.travel(WEDNESDAY, tick=False)
def test_a_take_that_was_cancelled_is_listed_and_adds_up_to_nothing(miguel: Trabajador) -> None:
    SpoolFactory(tag_hoja="MK-1")
    work("MK-1", at(13, 8), at(13, 10), "canceló")
    work("MK-1", at(13, 10), at(13, 10, 30), "pausó")
    page = Tablet().step_up(miguel).get("/mi-registro/")
    assert section(page, "hoy") == (
        "Hoy MK -1 ARMADO · 30m 10:00 → 10:30 · pausó MK -1 ARMADO · 2h 0m 08:00 → 10:00 · canceló la toma"
    )
    assert "HOY 30m sumando sus spools 0 completadas · 1 sesión" in words(page)


def test_nobody_chosen_is_asked_who_it_is_first() -> None:
    assert Tablet().get("/mi-registro/")["Location"] == "/?siguiente=%2Fmi-registro%2F"


@time_machine.travel(WEDNESDAY, tick=False)
def test_what_the_office_completes_in_the_sheet_after_a_pause_is_no_time_of_the_workers(miguel: Trabajador) -> None:
    SpoolFactory(tag_hoja="MK-1")
    work("MK-1", at(8, 8), at(8, 10), "pausó")
    typed = Decision("Fecha_Armado", Effect.COMPLETE, date(2026, 5, 13))
    adoptar(tag="MK-1", decision=typed, instante=at(13, 13))
    page = Tablet().step_up(miguel).get("/mi-registro/")
    assert section(page, "hoy") == "Hoy Hoy no ha tomado spools todavía."
    assert "ESTA SEMANA 0m sumando sus spools" in words(page)


@pytest.mark.parametrize("spools", [2, 12])
@time_machine.travel(WEDNESDAY, tick=False)
def test_the_page_asks_the_database_the_same_few_questions_however_much_was_done(
    miguel: Trabajador, spools: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(spools):
        spool: Spool = SpoolFactory(tag_hoja=f"MK-{n}")
        work(spool.tag, at(9, 8), at(12, 9), "pausó")
        work(spool.tag, at(13, 8), at(13, 9))
        corregir(tag=spool.tag, operacion=ARM, trabajador_id=94, actor=SUPERVISOR, motivo="otro")
        inspected = SpoolFactory(arm_state=EstadoTrabajo.COMPLETADO, sold_state=EstadoTrabajo.COMPLETADO)
        inspeccionar(tag=inspected.tag, trabajador_id=93, resultado=Resultado.APROBADO, actor=TABLET)
    tablet = Tablet().step_up(miguel)
    tablet.get("/mi-registro/")
    with django_assert_max_num_queries(8):
        tablet.get("/mi-registro/")
    with django_assert_max_num_queries(4):
        record_of(miguel, at(11, 0), WEDNESDAY + timedelta(hours=1))
