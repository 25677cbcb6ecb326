"""The words of rows and events, and the small answers that only scripts read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import time_machine

from occupation.models import Evento
from occupation.services import corregir, desbloquear, inspeccionar, reabrir, tomar
from occupation.templatetags.pantallas import en_palabras
from occupation.vocabulary import Accion, ActorTipo, EstadoCalidad, EstadoTrabajo, Operacion, Resultado, Rol, TipoEvento
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.office import words
from tests.shop import SUPERVISOR, TABLET
from tests.tablet import FLOOR, Tablet, plain, rows

pytestmark = FLOOR

NOON = datetime(2026, 5, 14, 16, 0, tzinfo=UTC)
DONE = EstadoTrabajo.COMPLETADO


def test_a_search_for_repairs_and_inspections_says_why_not() -> None:
    everything = [Rol.ARMADOR, Rol.METROLOGIA]
    tablet = Tablet().step_up(TrabajadorFactory(id=93, roles=everything))
    SpoolFactory(tag_hoja="Q-1", nv="", calidad_state=EstadoCalidad.BLOQUEADO)
    SpoolFactory(tag_hoja="Q-2", nv="", calidad_state=EstadoCalidad.RECHAZADO)
    SpoolFactory(tag_hoja="Q-3", nv="", arm_state=DONE)
    assert {op: rows(tablet.get("/trabajo/", op=op, q="Q")) for op in ("REPARACION", "METROLOGIA")} == {
        "REPARACION": [
            "Q -1 Bloqueado: contacte al supervisor ›",
            "Q -2 Rechazado · ciclo 1/3 ›",
            "Q -3 Sin rechazo que reparar ›",
        ],
        "METROLOGIA": [
            "Q -1 Bloqueado: contacte al supervisor ›",
            "Q -2 Rechazado · ciclo 1/3: espera su reparación ›",
            "Q -3 Falta SOLDADURA ›",
        ],
    }


def last_words() -> str:
    evento = Evento.objects.exclude(tipo=TipoEvento.STATE_CHANGE).order_by("-id")[0]
    return plain(en_palabras(evento))


def test_every_kind_of_event_has_its_sentence() -> None:
    TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=[Rol.METROLOGIA])
    ready = SpoolFactory(tag_hoja="A-1", arm_state=DONE, sold_state=DONE)
    inspeccionar(tag="A-1", trabajador_id=93, resultado=Resultado.APROBADO, actor=TABLET)
    assert last_words() == "MR(93) aprobó A -1"
    SpoolFactory(tag_hoja="A-2", calidad_state=EstadoCalidad.BLOQUEADO)
    desbloquear(tag="A-2", motivo="revisado", actor=SUPERVISOR)
    assert last_words() == "marta desbloqueó A -2"
    page = words(Tablet().get("/spool/A-2/"))
    assert "marta lo desbloqueó: «revisado»" in page
    corregir(tag="A-1", operacion=Operacion.ARM, trabajador_id=93, motivo="otro", actor=SUPERVISOR)
    assert last_words() == "marta corrigió ARMADO: nadie → MR(93) en A -1"
    assert "marta corrigió ARMADO: nadie → MR(93): «otro»" in words(Tablet().get("/spool/A-1/"))
    reabrir(tag="A-1", operacion=Operacion.SOLD, motivo="poro", actor=SUPERVISOR)
    assert last_words() == "marta reabrió SOLDADURA en A -1"
    assert "marta reabrió SOLDADURA: «poro»" in words(Tablet().get("/spool/A-1/"))
    sheet: dict[str, Any] = {"instante": NOON, "actor_tipo": ActorTipo.HOJA, "actor_nombre": "hoja"}
    Evento.objects.create(tipo=TipoEvento.EDICION_HOJA, spool=ready, **sheet)
    assert last_words() == "Se editó A -1 en la hoja"
    assert "Se editó en la hoja" in words(Tablet().get("/spool/A-1/"))
    Evento.objects.create(tipo=TipoEvento.IMPORTACION, **sheet)
    assert last_words() == "la hoja (oficina) importó la planilla"
    Evento.objects.create(tipo=TipoEvento.SUPERVISOR_OVERRIDE, spool=ready, **sheet)
    assert last_words() == "Desbloqueo en la hoja A -1"


def test_a_tag_with_markup_is_text_in_every_sentence() -> None:
    TrabajadorFactory(id=93)
    SpoolFactory(tag_hoja="<i>A</i>-1")
    tomar(tag="<i>A</i>-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    evento = Evento.objects.get(accion=Accion.TOMAR)
    assert "&lt;i&gt;A&lt;/i&gt;<b>-1</b>" in en_palabras(evento)


def test_welding_that_ends_before_the_fit_up_leaves_the_fit_up_to_do() -> None:
    welder = TrabajadorFactory(id=93, roles=[Rol.AYUDANTE])
    arm = {"arm_state": EstadoTrabajo.EN_PROGRESO}
    SpoolFactory(tag_hoja="A-1", ocupado_por=welder, ocupado_operacion=Operacion.SOLD, **arm)
    page = Tablet().step_up(welder).follow("/trabajo/completar/", tag="A-1", operacion="SOLD")
    assert page.context["aviso"]["despues"] == "Sigue ARMADO."


def test_without_a_next_step_none_is_offered() -> None:
    tablet = Tablet().step_up(TrabajadorFactory(id=94))
    SpoolFactory(tag_hoja="A-2", fecha_materiales=None, ocupado_por=tablet.worker)
    page = tablet.follow("/trabajo/completar/", tag="A-2", operacion="ARM")
    assert "despues" not in page.context["aviso"]


@time_machine.travel(NOON, tick=False)
def test_the_heartbeat_says_the_build_and_the_shops_time_and_asks_nothing() -> None:
    from django.conf import settings
    from django.test import Client

    beat = Client().get("/pulso/")
    assert (beat.status_code, beat["Cache-Control"]) == (
        200,
        "max-age=0, no-cache, no-store, must-revalidate, private",
    )
    assert beat.json() == {"version": settings.VERSION, "hora": "2026-05-14T12:00:00-04:00"}


def test_a_script_of_a_page_whose_worker_is_gone_is_sent_to_the_question() -> None:
    TrabajadorFactory(id=93)
    answer = Tablet().client.get("/trabajo/mios/", headers={"HX-Request": "true", "HX-Target": "mios"})
    assert answer["HX-Redirect"] == "/"


def test_how_long_the_sheet_has_been_behind_is_told() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        tablet = Tablet().step_up(TrabajadorFactory(id=93))
        told = ["hoja al día" in words(tablet.get("/trabajo/"))]
        for text, later in (("1 s", 0), ("40 s", 40), ("2m", 80), ("1h 2m", 3600)):
            clock.shift(later)
            tomar(tag=SpoolFactory().tag, trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
            told.append(f"hoja {text} atrás" in words(tablet.get("/trabajo/")))
    assert told == [True] * 5
