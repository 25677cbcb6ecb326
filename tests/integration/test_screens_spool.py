"""The page of one spool: its state, its history, what can be done next and by whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from occupation.models import CeldaDudosa, FilaDuplicada, Spool, TagAnterior
from occupation.services import cancelar, completar, inspeccionar, liberar, pausar, tomar
from occupation.vocabulary import DeviceKind, EstadoCalidad, EstadoTrabajo, Operacion, Resultado, Rol
from tests.api_client import ApiClient
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory
from tests.office import words
from tests.shop import SUPERVISOR, TABLET
from tests.tablet import FLOOR, Tablet, plain, said, title, zone

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


CHILE = ZoneInfo("America/Santiago")


@pytest.mark.parametrize(
    ("saturday", "until", "night"),
    [
        # At midnight the clocks go back to eleven: the hour that is worked twice counts twice.
        (date(2026, 4, 4), time(0, 30), "3h 0m"),
        # At midnight they go on to one: from half past ten to half past one are two hours.
        (date(2026, 9, 5), time(1, 30), "2h 0m"),
    ],
)
def test_six_sessions_of_two_days_across_a_clock_change_are_told_to_the_minute(
    saturday: date, until: time, night: str
) -> None:
    sunday = saturday + timedelta(days=1)
    miguel = TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas")
    TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez")
    DeviceFactory(kind=DeviceKind.API, token="secreto")
    SpoolFactory(tag_hoja="MK-1")

    def at(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute, second), tzinfo=CHILE).astimezone(UTC)

    def session(
        worker: int, operacion: Operacion, desde: datetime, hasta: datetime, end: Callable[..., object]
    ) -> None:
        tomar(tag="MK-1", trabajador_id=worker, operacion=operacion, actor=TABLET, instante=desde)
        end(tag="MK-1", trabajador_id=worker, actor=TABLET, instante=hasta)

    def released(*, trabajador_id: int, **verb: Any) -> None:
        liberar(**verb | {"motivo": f"se fue {trabajador_id}", "actor": SUPERVISOR})

    arm, sold = Operacion.ARM, Operacion.SOLD
    session(93, arm, at(saturday, 8), at(saturday, 10, 15, 59), pausar)
    session(94, arm, at(saturday, 10, 30), at(saturday, 11), cancelar)
    session(93, arm, at(saturday, 13), at(saturday, 13, 45), completar)
    session(94, sold, at(saturday, 22, 30), datetime.combine(sunday, until, tzinfo=CHILE), pausar)
    session(94, sold, at(sunday, 8), at(sunday, 8, 59, 59), released)
    tomar(tag="MK-1", trabajador_id=93, operacion=sold, actor=TABLET, instante=at(sunday, 9))
    with time_machine.travel(at(sunday, 17, 7), tick=False):
        page = Tablet().step_up(miguel).get("/spool/MK-1/")
        _, told = ApiClient("secreto").get("history/MK-1")
    day, last = f"{saturday:%d-%m}", f"{until:%H:%M}"
    assert section(page, "historia") == (
        "Historia MR(93) · SOLDADURA · 8h 7m 09:00 → ahora · sigue trabajando "
        "marta lo liberó de JP(94): «se fue 94» 08:59 · desde marta "
        "JP(94) · SOLDADURA · 59m 08:00 → 08:59 · hasta que lo liberaron "
        f"JP(94) · SOLDADURA · {night} {day} 22:30 → {last} · pausó "
        f"MR(93) · ARMADO · 45m {day} 13:00 → {day} 13:45 · completó "
        f"JP(94) · ARMADO · 30m {day} 10:30 → {day} 11:00 · canceló la toma "
        f"MR(93) · ARMADO · 2h 15m {day} 08:00 → {day} 10:15 · pausó"
    )
    durations = ["2h 15m", "30m", "45m", night, "59m", "8h 7m"]
    assert [each["duration"] for each in told["sessions"]] == durations
    hours = int(night[0])
    assert section(page, "tiempos") == (
        "Tiempo trabajado Operación Trabajador Sesiones Tiempo ARMADO MR(93) 2 3h 0m "
        f"SOLDADURA MR(93) 1 8h 7m SOLDADURA JP(94) 2 {hours}h 59m SOLDADURA Entre todos 3 {hours + 9}h 6m"
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
        (
            {"calidad_state": EstadoCalidad.RECHAZADO},
            "Tomar REPARACIÓN · ciclo 1/3 Lo puede hacer: Armador o Soldador.",
        ),
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
def test_since_when_it_is_held_reads_right_with_a_day_and_without() -> None:
    holder = TrabajadorFactory()
    said = []
    for tag, hours in (("HOY", 1), ("AYER", 25), ("HACE-UN-AÑO", 365 * 24)):
        SpoolFactory(tag_hoja=tag, ocupado_por=holder, ocupado_desde=NOON - timedelta(hours=hours))
        said.append(re.findall(r"Desde .*?\.", section(Tablet().get(f"/spool/{tag}/"), "ahora")))
    assert said == [["Desde las 11:00."], ["Desde el 13-05 11:00."], ["Desde el 14-05-2025 12:00."]]


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
    assert section(tablet.get("/spool/MIO/"), "ahora") == (
        "Qué se puede hacer ahora Lo tiene usted en ARMADO Desde las 11:00. Puede pausarlo o completarlo aquí abajo."
    )
    assert section(inspector.get("/spool/MIO/"), "ahora") == (
        "Qué se puede hacer ahora Lo tiene MR(93) · Miguel Rojas en ARMADO "
        "Desde las 11:00. Solo esa persona puede pausarlo o completarlo."
    )


def test_an_empty_history_does_not_say_that_nobody_did_what_the_sheet_tells() -> None:
    SpoolFactory(tag_hoja="NUEVO")
    SpoolFactory(tag_hoja="ANTES", arm_state=DONE, fecha_armado=date(2026, 1, 6))
    tablet = Tablet(kind=DeviceKind.BOARD)
    assert section(tablet.get("/spool/NUEVO/"), "historia") == "Historia Nadie lo ha tomado todavía."
    assert section(tablet.get("/spool/ANTES/"), "historia") == (
        "Historia Lo que está hecho vino de la hoja. Aquí nadie lo ha tomado todavía."
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
