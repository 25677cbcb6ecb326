"""TOMAR, PAUSAR, COMPLETAR and CANCELAR on the pages: outcomes, refusals in words, repeats."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from occupation.models import Evento, Spool, TagAnterior, Trabajador
from occupation.refusals import Ocupado
from occupation.services import Actor, liberar, tomar
from occupation.services import _transaction as transactions
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, Rol, TipoEvento
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.office import hidden, words
from tests.shop import SUPERVISOR
from tests.tablet import FLOOR, Tablet, mine, notice, said, title, today

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

pytestmark = FLOOR

DONE = EstadoTrabajo.COMPLETADO
ODD_TAGS = [
    "A/B-1",
    'MK "12" 3\'-ñ',
    "50% #1 ?x=1&y=2",
    "<b>gordo</b>-7",
    "TUBERÍA ÁÉ-ü",
    "X" * 100,
]


@pytest.fixture
def miguel() -> Trabajador:
    worker: Trabajador = TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=[Rol.ARMADOR, Rol.AYUDANTE])
    return worker


@pytest.fixture
def juan() -> Trabajador:
    worker: Trabajador = TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez", roles=[Rol.ARMADOR])
    return worker


@pytest.fixture
def tablet(miguel: Trabajador) -> Tablet:
    return Tablet(nombre="Tablet nave A").step_up(miguel)


def journal() -> list[tuple[str, str, str]]:
    """Type, spool and actor of every verb so far."""
    verbs = Evento.objects.exclude(tipo=TipoEvento.STATE_CHANGE).order_by("id")
    return list(verbs.values_list("tipo", "spool__tag", "actor_nombre"))


def buttons(response: Page) -> list[str]:
    """The words of the page's verbs."""
    found = re.findall(
        r'class="boton[^"]*verbo[^"]*"[^>]*>(.*?)</(?:a|button)>', response.content.decode(), flags=re.DOTALL
    )
    return [re.sub(r"<[^>]*>", "", button).strip() for button in found]


def test_taking_leads_back_to_the_work_page_which_says_so(tablet: Tablet) -> None:
    SpoolFactory(tag_hoja="mk-1-001")
    page = tablet.follow("/trabajo/tomar/", tag="mk-1-001", operacion="ARM")
    assert notice(page).startswith("Spool mk-1-001 tomado por MR(93)")
    assert [card[:10] for card in mine(page)] == ["mk-1 -001 "]
    assert journal() == [("TOMAR_ARM", "MK-1-001", "Tablet nave A")]


def test_the_notice_survives_a_reload_and_leaves_with_ocultar(tablet: Tablet) -> None:
    SpoolFactory(tag_hoja="MK-1-001")
    answer = tablet.tap("/trabajo/tomar/", tag="MK-1-001", operacion="ARM")
    assert [bool(notice(tablet.get(answer["Location"]))) for _ in range(2)] == [True, True]
    assert notice(tablet.get("/trabajo/", op="ARM")) == ""


def test_the_same_tap_twice_takes_once_and_says_the_same(tablet: Tablet) -> None:
    SpoolFactory(tag_hoja="MK-1-001")
    pages = [tablet.follow("/trabajo/tomar/", key="un-toque", tag="MK-1-001", operacion="ARM") for _ in range(2)]
    assert notice(pages[0]) == notice(pages[1])
    assert journal() == [("TOMAR_ARM", "MK-1-001", "Tablet nave A")]


def test_many_at_once_are_told_by_their_number(tablet: Tablet) -> None:
    tags = [SpoolFactory().tag for _ in range(50)]
    page = tablet.follow("/trabajo/tomar/", tag=tags, operacion="ARM")
    assert notice(page).startswith("50 spools tomados por MR(93)")
    assert len(mine(page)) == 50


def test_a_mixed_batch_lists_what_worked_and_what_did_not_and_retries_the_rest(
    tablet: Tablet, juan: Trabajador
) -> None:
    SpoolFactory(tag_hoja="OK-1")
    taken = SpoolFactory(tag_hoja="NO-2", ocupado_por=juan)
    SpoolFactory(tag_hoja="NO-3", fecha_materiales=None)
    page = tablet.follow("/trabajo/tomar/", key="lote", tag=["OK-1", "NO-2", "NO-3"], operacion="ARM")
    assert title(page) == "1 de 3 tomados"
    told = words(page)
    assert "NO -2 JP(94) tiene el spool NO-2 en ARMADO" in told
    assert "NO -3 El spool NO-3 no está listo: falta Fecha_Materiales." in told
    assert "Hecho (1) OK -1 Spool OK-1 tomado por MR(93)" in told
    assert (hidden(page, "tag"), hidden(page, "clave")) == (["NO-2", "NO-3"], ["lote"])
    liberar(tag=taken.tag, motivo="se fue", actor=SUPERVISOR)
    again = tablet.follow("/trabajo/tomar/", key="lote", tag=["NO-2", "NO-3"], operacion="ARM")
    assert title(again) == "1 de 2 tomados"
    assert [tag for tipo, tag, _ in journal() if tipo == "TOMAR_ARM"] == ["NO-2", "OK-1", "NO-2"]


def test_who_narrowed_the_list_comes_back_to_the_same_from_a_mixed_batch(tablet: Tablet) -> None:
    SpoolFactory(tag_hoja="OK-1", nv="NV1")
    waiting = SpoolFactory(tag_hoja="NO-2", nv="NV1", fecha_materiales=None)
    narrowed = {"op": "ARM", "nv": "NV1", "avance": "sin-empezar"}
    page = tablet.follow("/trabajo/tomar/", key="lote", tag=["OK-1", "NO-2"], operacion="ARM", **narrowed)
    assert 'href="/trabajo/?op=ARM&amp;nv=NV1&amp;avance=sin-empezar">VOLVER' in page.content.decode()
    assert {name: hidden(page, name) for name in narrowed} == {name: [value] for name, value in narrowed.items()}
    Spool.objects.filter(pk=waiting.pk).update(fecha_materiales=today())
    answer = tablet.tap("/trabajo/tomar/", key="lote", tag="NO-2", operacion="ARM", **narrowed)
    assert answer["Location"] == "/trabajo/?op=ARM&nv=NV1&avance=sin-empezar&hecho=lote"


def test_nothing_ticked_and_too_much_ticked_are_refused_in_words(tablet: Tablet) -> None:
    none = tablet.tap("/trabajo/tomar/", operacion="ARM")
    many = tablet.tap("/trabajo/tomar/", tag=[f"T-{n}" for n in range(51)], operacion="ARM")
    odd = tablet.tap("/trabajo/tomar/", tag="T-1", operacion="PINTAR")
    assert [answer.status_code for answer in (none, many, odd)] == [422, 422, 422]
    assert said(none) == "Elija al menos un spool."
    assert said(many) == "Son 51 spools; tome a lo más 50 a la vez."
    assert said(odd) == "La página llegó incompleta: ábrala de nuevo y repita."
    assert journal() == []


@pytest.mark.parametrize(
    ("columns", "operacion", "status", "sentence"),
    [
        ({"fecha_materiales": None}, "ARM", 400, "no está listo: falta Fecha_Materiales"),
        ({}, "SOLD", 400, "no está listo: falta ARMADO"),
        ({"arm_state": DONE}, "ARM", 400, "ya tiene completado ARMADO"),
        ({}, "REPARACION", 400, "no tiene un rechazo pendiente de reparar"),
        ({"calidad_state": EstadoCalidad.BLOQUEADO}, "REPARACION", 403, "está bloqueado tras tres rechazos"),
    ],
)
def test_a_refused_take_is_a_page_that_says_why_and_changes_nothing(
    tablet: Tablet, columns: dict[str, object], operacion: str, status: int, sentence: str
) -> None:
    spool = SpoolFactory(tag_hoja="MK-1-001", **columns)
    before = Spool.objects.filter(pk=spool.pk).values().get()
    answer = tablet.tap("/trabajo/tomar/", tag="MK-1-001", operacion=operacion)
    assert (answer.status_code, title(answer)) == (status, "No se pudo tomar")
    assert sentence in said(answer)
    assert "VOLVER" in buttons(answer)
    assert Spool.objects.filter(pk=spool.pk).values().get() == before
    assert journal() == []


def test_a_role_that_is_missing_is_named(tablet: Tablet) -> None:
    inspector = TrabajadorFactory(id=97, nombre="Inés", apellido="Soto", roles=[Rol.METROLOGIA])
    SpoolFactory(tag_hoja="MK-1-001")
    answer = Tablet().step_up(inspector).tap("/trabajo/tomar/", tag="MK-1-001", operacion="ARM")
    assert answer.status_code == 403
    assert said(answer).startswith("IS(97) no puede hacer ARMADO: necesita el rol Armador o Ayudante.")
    assert tablet.worker


def test_a_spool_that_was_taken_meanwhile_names_the_holder_and_can_be_tried_again(
    tablet: Tablet, juan: Trabajador
) -> None:
    SpoolFactory(tag_hoja="MK-1-001", ocupado_por=juan)
    answer = tablet.tap("/trabajo/tomar/", key="mi-toque", tag="MK-1-001", operacion="ARM")
    assert answer.status_code == 409
    assert said(answer).startswith("JP(94) tiene el spool MK-1-001 en ARMADO desde el")
    assert "REINTENTAR" in buttons(answer)
    assert {name: hidden(answer, name) for name in ("tag", "clave", "operacion", "trabajador")} == {
        "tag": ["MK-1-001"],
        "clave": ["mi-toque"],
        "operacion": ["ARM"],
        "trabajador": ["93"],
    }


@pytest.mark.sqlite
def test_a_database_that_stays_busy_is_told_and_the_same_tap_can_be_repeated(
    tablet: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    SpoolFactory(tag_hoja="MK-1-001")
    with monkeypatch.context() as patch:
        patch.setattr(transactions, "BUSY_SECONDS", 0.01)
        transactions._sqlite_writer.acquire()
        try:
            answer = tablet.tap("/trabajo/tomar/", key="mi-toque", tag="MK-1-001", operacion="ARM")
        finally:
            transactions._sqlite_writer.release()
    assert (answer.status_code, said(answer)) == (503, Ocupado().mensaje)
    assert "REINTENTAR" in buttons(answer)
    assert notice(tablet.follow("/trabajo/tomar/", key="mi-toque", tag="MK-1-001", operacion="ARM"))


def test_an_unknown_spool_is_404(tablet: Tablet) -> None:
    answer = tablet.tap("/trabajo/tomar/", tag="NO-HAY", operacion="ARM")
    assert (answer.status_code, said(answer)) == (
        404,
        "No existe el spool NO-HAY. Revise el tag pintado o avise a la oficina.",
    )


def test_a_page_of_somebody_else_does_not_act(tablet: Tablet, juan: Trabajador) -> None:
    SpoolFactory(tag_hoja="MK-1-001")
    tablet.client.post("/entrar/", {"trabajador": juan.id})
    answer = tablet.tap("/trabajo/tomar/", tag="MK-1-001", operacion="ARM")
    assert (answer.status_code, title(answer)) == (409, "Cambió quién está en la tableta")
    assert "Ahora está JP(94) · Juan Pérez." in said(answer)
    tablet.get("/")
    nobody = tablet.tap("/trabajo/tomar/", tag="MK-1-001", operacion="ARM")
    assert (nobody.status_code, "Ahora no hay nadie elegido." in said(nobody)) == (409, True)
    assert journal() == []


def test_a_pause_is_one_tap_and_can_be_taken_back_with_another(tablet: Tablet, miguel: Trabajador) -> None:
    SpoolFactory(tag_hoja="MK-1-001", ocupado_por=miguel)
    page = tablet.follow("/trabajo/pausar/", tag="MK-1-001", op="ARM")
    assert notice(page).startswith("Trabajo pausado en MK-1-001 TOMAR DE NUEVO")
    assert mine(page) == []
    again = page.context["aviso"]["tomar"]
    page = tablet.follow("/trabajo/tomar/", tag=again["tags"], operacion=again["operacion"])
    assert len(mine(page)) == 1


def test_the_end_of_the_shift_pauses_all_that_the_page_showed(tablet: Tablet, miguel: Trabajador) -> None:
    for tag in ("A-1", "A-2", "A-3"):
        SpoolFactory(tag_hoja=tag, ocupado_por=miguel)
    shown = hidden(tablet.get("/trabajo/"), "todos")
    page = tablet.follow("/trabajo/pausar-todos/", todos=shown)
    assert sorted(shown) == ["A-1", "A-2", "A-3"]
    assert notice(page).startswith("3 spools pausados por MR(93) TOMAR DE NUEVO (3)")
    assert not Spool.objects.ocupados().exists()


def test_the_end_of_the_shift_pauses_more_than_fifty_and_offers_no_more_than_can_be_taken_at_once(
    tablet: Tablet, miguel: Trabajador
) -> None:
    held = {SpoolFactory(ocupado_por=miguel).tag_hoja for _ in range(51)}
    shown = hidden(tablet.get("/trabajo/"), "todos")
    assert set(shown) == held
    assert notice(tablet.follow("/trabajo/pausar-todos/", todos=shown)) == "51 spools pausados por MR(93) Ocultar"
    assert not Spool.objects.ocupados().exists()


def test_what_could_not_be_paused_at_the_end_of_the_shift_is_tried_again_by_its_own(
    tablet: Tablet, miguel: Trabajador
) -> None:
    for tag in ("A-1", "A-2"):
        SpoolFactory(tag_hoja=tag, ocupado_por=miguel)
    liberar(tag="A-2", motivo="se fue", actor=SUPERVISOR)
    page = tablet.follow("/trabajo/pausar-todos/", key="turno", todos=["A-1", "A-2"])
    assert title(page) == "1 de 2 pausados"
    assert 'action="/trabajo/pausar/"' in page.content.decode()
    tomar(tag="A-2", trabajador_id=93, operacion=Operacion.ARM, actor=Actor.de(tablet.device))
    again = tablet.follow("/trabajo/pausar/", key="turno", tag=hidden(page, "tag"))
    assert notice(again).startswith("Trabajo pausado en A-2")


def test_pausing_what_a_supervisor_released_says_who_and_why(tablet: Tablet, miguel: Trabajador) -> None:
    SpoolFactory(tag_hoja="MK-1-001", ocupado_por=miguel)
    liberar(tag="MK-1-001", motivo="olvidó pausar", actor=SUPERVISOR)
    answer = tablet.tap("/trabajo/pausar/", tag="MK-1-001")
    assert (answer.status_code, title(answer)) == (410, "No se pudo pausar")
    assert "marta lo liberó" in said(answer)
    assert "(olvidó pausar)" in said(answer)


def test_completing_asks_with_today_and_then_offers_the_next_step(tablet: Tablet, miguel: Trabajador) -> None:
    SpoolFactory(tag_hoja="MK-1-001", ocupado_por=miguel)
    asked = tablet.get("/trabajo/completar/", tag="MK-1-001")
    assert title(asked) == "¿Completar ARMADO?"
    assert f'value="{today():%Y-%m-%d}" max="{today():%Y-%m-%d}"' in asked.content.decode()
    page = tablet.follow("/trabajo/completar/", tag="MK-1-001", operacion="ARM", fecha=f"{today():%Y-%m-%d}")
    assert notice(page).startswith("Operación completada en MK-1-001 Sigue SOLDADURA. TOMAR SOLDADURA")
    assert Spool.objects.get(tag="MK-1-001").fecha_armado == today()


def test_a_completion_repeated_after_the_office_renamed_the_spool_is_told_as_done(
    tablet: Tablet, miguel: Trabajador
) -> None:
    spool = SpoolFactory(tag_hoja="MK-1-001", ocupado_por=miguel)
    tap: dict[str, str] = {"key": "un-toque", "tag": "MK-1-001", "operacion": "ARM"}
    first = tablet.follow("/trabajo/completar/", **tap)
    assert notice(first).startswith("Operación completada en MK-1-001 Sigue SOLDADURA.")
    Spool.objects.filter(pk=spool.pk).update(tag="MK-9-009", tag_hoja="MK-9-009")
    TagAnterior.objects.create(tag="MK-1-001", spool=spool, instante=timezone.now())
    assert notice(tablet.follow("/trabajo/completar/", **tap)) == "Operación completada en MK-1-001 Ocultar"


def test_the_next_step_is_a_button_only_for_who_may_do_it(juan: Trabajador) -> None:
    SpoolFactory(tag_hoja="MK-1-001", ocupado_por=juan)
    page = Tablet().step_up(juan).follow("/trabajo/completar/", tag="MK-1-001", operacion="ARM")
    assert notice(page) == "Operación completada en MK-1-001 Sigue SOLDADURA. Ocultar"
    welder = TrabajadorFactory(id=99, roles=[Rol.SOLDADOR, Rol.METROLOGIA])
    tomar(tag="MK-1-001", trabajador_id=99, operacion=Operacion.SOLD, actor=Actor.de(Tablet().device))
    page = Tablet().step_up(welder).follow("/trabajo/completar/", tag="MK-1-001", operacion="SOLD")
    assert notice(page) == "Operación completada en MK-1-001 Sigue METROLOGÍA. INSPECCIONAR Ocultar"


def test_a_past_day_is_kept_and_a_future_one_refused(tablet: Tablet, miguel: Trabajador) -> None:
    SpoolFactory(tag_hoja="MK-1-001", ocupado_por=miguel)
    future, past = today() + timedelta(days=1), today() - timedelta(days=3)
    refused = tablet.tap("/trabajo/completar/", tag="MK-1-001", operacion="ARM", fecha=f"{future:%Y-%m-%d}")
    nonsense = tablet.tap("/trabajo/completar/", tag="MK-1-001", operacion="ARM", fecha="ayer")
    assert [refused.status_code, nonsense.status_code] == [422, 422]
    assert said(refused) == "La fecha no puede ser futura: elija hoy o un día anterior."
    assert said(nonsense) == "Introduzca una fecha válida."
    tablet.follow("/trabajo/completar/", tag="MK-1-001", operacion="ARM", fecha=f"{past:%Y-%m-%d}")
    assert Spool.objects.get(tag="MK-1-001").fecha_armado == past


def test_asking_to_complete_what_is_not_mine_is_refused_at_once(tablet: Tablet, juan: Trabajador) -> None:
    SpoolFactory(tag_hoja="DE-JUAN", ocupado_por=juan)
    SpoolFactory(tag_hoja="LIBRE")
    answers = {tag: tablet.get("/trabajo/completar/", tag=tag) for tag in ("DE-JUAN", "LIBRE", "NADA", "")}
    assert {tag: answer.status_code for tag, answer in answers.items()} == {
        "DE-JUAN": 403,
        "LIBRE": 410,
        "NADA": 404,
        "": 404,
    }
    assert "lo tiene JP(94)" in said(answers["DE-JUAN"])


def test_cancelling_asks_first_and_leaves_the_spool_as_it_was(tablet: Tablet) -> None:
    SpoolFactory(tag_hoja="MK-1-001")
    tablet.tap("/trabajo/tomar/", tag="MK-1-001", operacion="ARM")
    assert "esto no lo tomé" in words(tablet.get("/trabajo/cancelar/", tag="MK-1-001"))
    page = tablet.follow("/trabajo/cancelar/", tag="MK-1-001", operacion="ARM")
    assert notice(page).startswith("Operación cancelada en MK-1-001 Quedó como estaba antes de tomarlo.")
    spool = Spool.objects.get(tag="MK-1-001")
    assert (spool.arm_state, spool.armador, spool.ocupado) == ("pendiente", None, False)


def test_a_deactivated_holder_can_still_pause(tablet: Tablet, miguel: Trabajador) -> None:
    SpoolFactory(tag_hoja="MK-1-001", ocupado_por=miguel)
    Trabajador.objects.filter(id=93).update(activo=False)
    assert notice(tablet.follow("/trabajo/pausar/", tag="MK-1-001")).startswith("Trabajo pausado")
    refused = tablet.tap("/trabajo/tomar/", tag="MK-1-001", operacion="ARM")
    assert (refused.status_code, "está inactivo" in said(refused)) == (404, True)


def test_a_repair_is_taken_and_given_back_like_any_other_work(tablet: Tablet) -> None:
    SpoolFactory(tag_hoja="MK-1-001", calidad_state=EstadoCalidad.RECHAZADO)
    page = tablet.follow("/trabajo/tomar/", tag="MK-1-001", operacion="REPARACION")
    assert "REPARACIÓN" in mine(page)[0]
    page = tablet.follow("/trabajo/completar/", tag="MK-1-001", operacion="REPARACION")
    assert notice(page).startswith("Operación completada en MK-1-001 Sigue METROLOGÍA.")


@pytest.mark.parametrize("tag", ODD_TAGS)
def test_a_tag_of_any_letters_makes_the_whole_round(tablet: Tablet, tag: str) -> None:
    SpoolFactory(tag_hoja=tag)
    page = tablet.follow("/trabajo/tomar/", tag=tag, operacion="ARM")
    address = re.findall(r'href="(/trabajo/completar/[^"]*)"', page.content.decode())[0]
    asked = tablet.get(html.unescape(address))
    assert (asked.status_code, asked.context["spool"].tag_hoja) == (200, tag)
    spool_page = re.findall(r'<a class="boton sobrio" href="(/spool/[^"]*)"', page.content.decode())[0]
    assert tablet.get(html.unescape(spool_page)).context["spool"].tag_hoja == tag
    assert notice(tablet.follow("/trabajo/completar/", tag=tag, operacion="ARM")).startswith("Operación completada")


def test_a_verb_is_posted_never_fetched(tablet: Tablet) -> None:
    verbs = ("tomar", "pausar", "pausar-todos")
    assert {verb: tablet.get(f"/trabajo/{verb}/").status_code for verb in verbs} == dict.fromkeys(verbs, 405)


def test_a_form_without_its_csrf_token_does_nothing(tablet: Tablet) -> None:
    SpoolFactory(tag_hoja="MK-1-001")
    tablet.client.handler.enforce_csrf_checks = True
    answer = tablet.tap("/trabajo/tomar/", tag="MK-1-001", operacion="ARM")
    assert (answer.status_code, title(answer)) == (403, "La página caducó")
    assert journal() == []


def test_the_result_of_nothing_leads_to_work(tablet: Tablet) -> None:
    assert tablet.get("/trabajo/resultado/", de="otra")["Location"] == "/trabajo/"
