"""Each refusal of each verb, with its data, and that it leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from occupation import services
from occupation.models import Evento, Spool, TagAnterior, Trabajador
from occupation.services import _execute
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, Resultado, Rol
from tests.factories import SpoolFactory
from tests.shop import (
    COMMITS,
    FUTURE_DAY,
    OTHER_TABLET,
    SUPERVISOR,
    TABLET,
    TOO_OLD_A_DAY,
    Shop,
    nothing_left_behind,
    refusal,
    row_of,
)

pytestmark = COMMITS

ARM, SOLD, METROLOGIA, REPARACION = Operacion
EN, C = EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO
Q = EstadoCalidad
TAG = "MK-1335-CW-25238-011"
NEVER_HELD = {"fin": None, "por": None, "motivo": None, "cuando": None}


def tomar(worker: int = 93, operacion: Operacion = ARM, tag: str = TAG, **more: Any) -> Callable[[], object]:
    return lambda: services.tomar(
        tag=tag, trabajador_id=worker, operacion=operacion, actor=TABLET, clave="tomar", **more
    )


ENDS: dict[str, Callable[..., object]] = {
    "pausar": services.pausar,
    "completar": services.completar,
    "cancelar": services.cancelar,
}


def end(name: str, worker: int = 93, tag: str = TAG, **more: Any) -> Callable[[], object]:
    return lambda: ENDS[name](tag=tag, trabajador_id=worker, actor=TABLET, clave=name, **more)


def inspeccionar(worker: int = 97, tag: str = TAG, resultado: Resultado = Resultado.APROBADO) -> Callable[[], object]:
    return lambda: services.inspeccionar(tag=tag, trabajador_id=worker, resultado=resultado, actor=TABLET, clave="k")


@dataclass
class Case:
    """A spool as it stands (`held` by Juan for an operation), a verb on it, and the refusal it meets."""

    columns: dict[str, Any]
    verb: Callable[[], object]
    codigo: str
    datos: dict[str, Any]
    held: Operacion | None = None


OWNER = {"owner_id": 94, "owner_name": "JP(94)"}
NO_TAG = "MK-NO-EXISTE"
PAINTER = {"roles": ["Pintura"]}

TOMAR = {
    "unknown worker": Case({}, tomar(7), "WORKER_NO_ENCONTRADO", {"worker_id": 7}),
    "worker 0": Case({}, tomar(0), "WORKER_NO_ENCONTRADO", {"worker_id": 0}),
    "worker beyond any integer": Case({}, tomar(2**70), "WORKER_NO_ENCONTRADO", {"worker_id": 2**70}),
    "inactive worker": Case({}, tomar(99, tag=NO_TAG), "WORKER_NO_ENCONTRADO", {"worker_id": 99}),
    "unknown spool": Case({}, tomar(98, tag=NO_TAG), "SPOOL_NO_ENCONTRADO", {"tag_spool": NO_TAG}),
    "tag of NUL": Case({}, tomar(tag="MK\x00"), "SPOOL_NO_ENCONTRADO", {"tag_spool": "MK\x00"}),
    "half a surrogate": Case({}, tomar(tag="MK\ud800"), "SPOOL_NO_ENCONTRADO", {"tag_spool": "MK\ud800"}),
    "tag too long": Case({}, tomar(tag="M" * 101), "SPOOL_NO_ENCONTRADO", {"tag_spool": "M" * 100}),
    "empty tag": Case({}, tomar(tag=" "), "SPOOL_NO_ENCONTRADO", {"tag_spool": ""}),
    "role": Case(
        {"arm_state": EN},
        tomar(98),
        "ROL_NO_AUTORIZADO",
        PAINTER | {"necesita": ["Armador", "Ayudante"]},
        held=ARM,
    ),
    "held": Case({}, tomar(), "SPOOL_OCCUPIED", OWNER | {"operacion": "ARM"}, held=ARM),
    "held by the same worker": Case({}, tomar(94), "SPOOL_OCCUPIED", OWNER | {"operacion": "ARM"}, held=ARM),
    "held for another operation": Case(
        {"arm_state": EN}, tomar(94), "SPOOL_OCCUPIED", OWNER | {"operacion": "SOLD"}, held=SOLD
    ),
    "blocked": Case({"calidad_state": Q.BLOQUEADO}, tomar(operacion=REPARACION), "SPOOL_BLOQUEADO", {}),
    "metrologia": Case(
        {"calidad_state": Q.PENDIENTE},
        tomar(97, METROLOGIA),
        "OPERACION_NO_DISPONIBLE",
        {"operacion": "METROLOGIA"},
    ),
    "nothing to repair": Case(
        {"calidad_state": Q.APROBADO},
        tomar(operacion=REPARACION),
        "OPERACION_NO_DISPONIBLE",
        {"operacion": "REPARACION"},
    ),
    "arm completed": Case({"arm_state": C}, tomar(), "OPERACION_YA_COMPLETADA", {"operacion": "ARM"}),
    "approved": Case(
        {"calidad_state": Q.APROBADO, "arm_state": EN, "fecha_materiales": None},
        tomar(),
        "OPERACION_YA_COMPLETADA",
        {"operacion": "ARM"},
    ),
    "no materials": Case(
        {"fecha_materiales": None}, tomar(), "DEPENDENCIAS_NO_SATISFECHAS", {"falta": "Fecha_Materiales"}
    ),
    "weld before fit-up": Case({}, tomar(operacion=SOLD), "DEPENDENCIAS_NO_SATISFECHAS", {"falta": "ARM"}),
}

INSPECCIONAR = {
    "unknown worker": Case({}, inspeccionar(7), "WORKER_NO_ENCONTRADO", {"worker_id": 7}),
    "inactive worker": Case({}, inspeccionar(99), "WORKER_NO_ENCONTRADO", {"worker_id": 99}),
    "unknown spool": Case({}, inspeccionar(tag=NO_TAG), "SPOOL_NO_ENCONTRADO", {"tag_spool": NO_TAG}),
    "arm open": Case(
        {"arm_state": EN, "sold_state": EN}, inspeccionar(), "DEPENDENCIAS_NO_SATISFECHAS", {"falta": "ARM"}
    ),
    "sold open": Case(
        {"arm_state": C, "sold_state": EN}, inspeccionar(), "DEPENDENCIAS_NO_SATISFECHAS", {"falta": "SOLD"}
    ),
    "approved": Case(
        {"calidad_state": Q.APROBADO}, inspeccionar(), "OPERACION_YA_COMPLETADA", {"operacion": "METROLOGIA"}
    ),
    "under repair": Case({}, inspeccionar(), "SPOOL_OCCUPIED", OWNER | {"operacion": "REPARACION"}, held=REPARACION),
    "blocked": Case({"calidad_state": Q.BLOQUEADO}, inspeccionar(), "SPOOL_BLOQUEADO", {}),
    "rejected": Case(
        {"calidad_state": Q.RECHAZADO},
        inspeccionar(98),
        "OPERACION_NO_DISPONIBLE",
        {"operacion": "METROLOGIA"},
    ),
    "repair paused": Case(
        {"calidad_state": Q.REPARACION_PAUSADA},
        inspeccionar(),
        "OPERACION_NO_DISPONIBLE",
        {"operacion": "METROLOGIA"},
    ),
    "role": Case(
        {"arm_state": C, "sold_state": C},
        inspeccionar(98),
        "ROL_NO_AUTORIZADO",
        PAINTER | {"necesita": ["Metrologia"]},
    ),
}

DESDE = "2026-01-12T08:30:00-03:00"


@pytest.mark.parametrize("case", [*TOMAR.values(), *INSPECCIONAR.values()], ids=[*TOMAR, *INSPECCIONAR])
def test_a_refused_start_says_why_and_leaves_nothing_behind(shop: Shop, case: Case) -> None:
    held = {"ocupado_por": shop.juan, "ocupado_operacion": case.held} if case.held else {}
    SpoolFactory(tag_hoja=TAG, **(case.columns | held))
    services.heal_claims()
    owned = {"desde": DESDE} if "owner_id" in case.datos else {}
    assert nothing_left_behind(shop, case.verb) == (case.codigo, case.datos | owned)


@pytest.mark.parametrize("name", ENDS)
def test_an_end_by_an_unknown_worker_is_refused(shop: Shop, name: str) -> None:
    SpoolFactory(tag_hoja=TAG, ocupado_por=shop.juan)
    services.heal_claims()
    heard = nothing_left_behind(shop, end(name, 7))
    assert heard == ("WORKER_NO_ENCONTRADO", {"worker_id": 7})


@pytest.mark.parametrize("name", ENDS)
def test_an_end_of_an_unknown_spool_is_refused(shop: Shop, name: str) -> None:
    heard = nothing_left_behind(shop, end(name, 99, NO_TAG))
    assert heard == ("SPOOL_NO_ENCONTRADO", {"tag_spool": NO_TAG})


@pytest.mark.parametrize("name", ENDS)
def test_an_end_by_somebody_else_is_refused_and_names_the_holder(shop: Shop, name: str) -> None:
    SpoolFactory(tag_hoja=TAG, ocupado_por=shop.juan)
    services.heal_claims()
    heard = nothing_left_behind(shop, end(name, 93, operacion=SOLD, version=uuid4()))
    assert heard == ("NO_AUTORIZADO", OWNER | {"desde": DESDE})


@pytest.mark.parametrize("name", ENDS)
def test_an_end_of_another_operation_is_refused_before_its_version(shop: Shop, name: str) -> None:
    SpoolFactory(tag_hoja=TAG, ocupado_por=shop.juan)
    services.heal_claims()
    heard = nothing_left_behind(shop, end(name, 94, operacion=SOLD, version=uuid4()))
    assert heard == ("OPERACION_NO_DISPONIBLE", {"operacion": "SOLD"})


@pytest.mark.parametrize("name", ENDS)
def test_an_end_on_an_older_version_is_refused(shop: Shop, name: str) -> None:
    spool = SpoolFactory(tag_hoja=TAG, ocupado_por=shop.juan)
    services.heal_claims()
    heard = nothing_left_behind(shop, end(name, 94, operacion=ARM, version=uuid4()))
    assert heard == ("VERSION_CONFLICT", {"version": str(spool.version)})


def test_a_take_on_an_older_version_is_refused_last(shop: Shop) -> None:
    spool = SpoolFactory(tag_hoja=TAG)
    seen: UUID = uuid4()
    heard = nothing_left_behind(shop, tomar(version=seen))
    assert heard == ("VERSION_CONFLICT", {"version": str(spool.version)})
    Spool.objects.update(fecha_materiales=None)
    assert refusal(tomar(version=seen))[0] == "DEPENDENCIAS_NO_SATISFECHAS"


@pytest.mark.parametrize("name", ENDS)
def test_an_end_of_what_nobody_ever_held_is_refused(shop: Shop, name: str) -> None:
    SpoolFactory(tag_hoja=TAG)
    heard = nothing_left_behind(shop, end(name, 93, operacion=SOLD, version=uuid4()))
    assert heard == ("OCUPACION_TERMINADA", NEVER_HELD)


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("before", ENDS)
def test_an_end_of_what_was_ended_before_says_how_and_by_whom(shop: Shop, before: str, name: str) -> None:
    SpoolFactory(tag_hoja=TAG)
    tomar()()
    ENDS[before](tag=TAG, trabajador_id=93, actor=TABLET)
    ended = Evento.objects.get(accion=before.upper()).instante
    codigo, datos = nothing_left_behind(shop, end(name, 93))
    assert codigo == "OCUPACION_TERMINADA"
    assert datetime.fromisoformat(datos.pop("cuando")) == ended
    assert datos == {"fin": before.upper(), "por": "MR(93)", "motivo": None}


@pytest.mark.parametrize("name", ENDS)
def test_an_end_of_what_a_supervisor_released_says_who_and_why(shop: Shop, name: str) -> None:
    SpoolFactory(tag_hoja=TAG)
    tomar()()
    services.liberar(tag=TAG, motivo="  se fue \n a casa ", actor=SUPERVISOR)
    codigo, datos = nothing_left_behind(shop, end(name, 93))
    assert codigo == "OCUPACION_TERMINADA"
    assert abs(datetime.fromisoformat(datos.pop("cuando")) - timezone.now()) < timedelta(minutes=1)
    assert datos == {"fin": "LIBERAR", "por": "marta", "motivo": "se fue a casa"}


@pytest.mark.parametrize("hours", [0, 3])
def test_completar_in_the_future_is_refused_before_anything_is_looked_at(shop: Shop, hours: int) -> None:
    tomorrow = (timezone.now() + timedelta(days=1, hours=hours)).date()
    for worker, tag in ((7, TAG), (93, NO_TAG)):
        heard = nothing_left_behind(shop, end("completar", worker, tag, fecha=tomorrow))
        assert heard == (
            "SOLICITUD_INVALIDA",
            {"campos": {"fecha_operacion": FUTURE_DAY}},
        )


@pytest.mark.parametrize("typed", ["0026-01-09", "1900-01-06", "1989-12-31"])
def test_completar_on_a_day_that_the_sheet_cannot_hold_is_refused(shop: Shop, typed: str) -> None:
    SpoolFactory(tag_hoja=TAG)
    tomar()()
    heard = nothing_left_behind(shop, end("completar", fecha=date.fromisoformat(typed)))
    assert heard == ("SOLICITUD_INVALIDA", {"campos": {"fecha_operacion": TOO_OLD_A_DAY}})


def test_an_archived_spool_is_not_found_and_says_so(shop: Shop) -> None:
    SpoolFactory(tag_hoja=TAG, archivado_en=datetime(2026, 1, 1, tzinfo=UTC))
    archived = ("SPOOL_NO_ENCONTRADO", {"tag_spool": TAG, "archivado": True})
    for verb in (tomar(), end("pausar"), inspeccionar()):
        assert nothing_left_behind(shop, verb) == archived


def test_a_renamed_spool_says_its_new_tag(shop: Shop) -> None:
    spool = SpoolFactory(tag_hoja="Mk-Nuevo")
    TagAnterior.objects.create(tag=TAG, spool=spool, instante=timezone.now())
    renamed = ("SPOOL_NO_ENCONTRADO", {"tag_spool": TAG, "archivado": True, "ahora": "Mk-Nuevo"})
    for verb in (tomar(), end("pausar"), inspeccionar()):
        assert nothing_left_behind(shop, verb) == renamed


@pytest.mark.parametrize(
    ("motivo", "razon"),
    [
        ("", "escriba por qué"),
        (" \n\t ", "escriba por qué"),
        ("x" * 301, "use a lo más 300 caracteres"),
        ("por\x00qué", "el motivo tiene caracteres que no se pueden guardar"),
    ],
)
def test_a_supervisor_must_say_why(shop: Shop, motivo: str, razon: str) -> None:
    SpoolFactory(tag_hoja=TAG, ocupado_por=shop.juan)
    services.heal_claims()
    for verb in (services.liberar, services.desbloquear):
        heard = nothing_left_behind(shop, lambda verb=verb: verb(tag=TAG, motivo=motivo, actor=SUPERVISOR))  # type: ignore[misc]  # the loop's verb
        assert heard == ("SOLICITUD_INVALIDA", {"campos": {"motivo": razon}})


def test_liberar_what_nobody_holds_is_refused(shop: Shop) -> None:
    SpoolFactory(tag_hoja=TAG)
    heard = nothing_left_behind(shop, lambda: services.liberar(tag=TAG, motivo="se fue", actor=SUPERVISOR, clave="k"))
    assert heard == ("OCUPACION_TERMINADA", NEVER_HELD)


def test_desbloquear_what_is_not_blocked_is_refused(shop: Shop) -> None:
    SpoolFactory(tag_hoja=TAG, calidad_state=Q.RECHAZADO, ciclo=2)
    heard = nothing_left_behind(
        shop, lambda: services.desbloquear(tag=TAG, motivo="revisado", actor=SUPERVISOR, clave="k")
    )
    assert heard == ("OPERACION_NO_DISPONIBLE", {"operacion": "REPARACION"})


@pytest.mark.parametrize("clave", ["", "x" * 201, "a\x00b", "\ud800"])
def test_a_key_that_cannot_be_kept_is_refused(shop: Shop, clave: str) -> None:
    SpoolFactory(tag_hoja=TAG)
    heard = nothing_left_behind(
        shop,
        lambda: services.tomar(tag=TAG, trabajador_id=93, operacion=ARM, actor=TABLET, clave=clave),
    )
    assert heard == ("SOLICITUD_INVALIDA", {"campos": {"Idempotency-Key": "use de 1 a 200 caracteres"}})


def test_a_verb_inside_another_transaction_is_a_mistake_of_the_program(shop: Shop) -> None:
    SpoolFactory(tag_hoja=TAG)
    before = shop.everything()
    with pytest.raises(RuntimeError), transaction.atomic():
        tomar()()
    assert shop.everything() == before


def test_a_take_is_judged_again_under_the_lock(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the first look and the lock another tablet takes it: the row decides, and our claim is given up."""
    spool = SpoolFactory(tag_hoja=TAG)
    early = _execute._early

    def overtaken(*arguments: Any) -> _execute.Caso:
        case = early(*arguments)
        monkeypatch.setattr(_execute, "_early", early)
        services.tomar(tag=TAG, trabajador_id=94, operacion=ARM, actor=OTHER_TABLET)
        return case

    monkeypatch.setattr(_execute, "_early", overtaken)
    codigo, datos = refusal(tomar())
    assert (codigo, datos["owner_name"]) == ("SPOOL_OCCUPIED", "JP(94)")
    now = row_of(spool)
    assert shop.claims() == {f"spool_lock:{TAG}": f"94:{now['ocupacion_token']}"}
    assert Evento.objects.filter(accion="TOMAR").count() == 1


@pytest.mark.parametrize(
    ("change", "codigo"),
    [
        (lambda miguel: Trabajador.objects.filter(pk=miguel.pk).update(activo=False), "WORKER_NO_ENCONTRADO"),
        (lambda miguel: miguel.roles.all().delete(), "ROL_NO_AUTORIZADO"),
    ],
)
def test_tomar_judges_the_worker_as_an_import_left_him_meanwhile(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, change: Callable[[Trabajador], object], codigo: str
) -> None:
    spool = SpoolFactory(tag_hoja=TAG)
    early = _execute._early

    def overtaken(*arguments: Any) -> _execute.Caso:
        case = early(*arguments)
        change(shop.miguel)
        return case

    monkeypatch.setattr(_execute, "_early", overtaken)
    assert refusal(tomar())[0] == codigo
    assert row_of(spool)["ocupado_por_id"] is None
    assert shop.claims() == {}


@pytest.mark.usefixtures("shop")
def test_a_future_date_is_judged_by_the_shops_own_day() -> None:
    SpoolFactory(tag_hoja=TAG)
    with time_machine.travel(datetime(2026, 3, 3, 2, 30, tzinfo=UTC), tick=False):
        tomar()()
        late = refusal(end("completar", fecha=date(2026, 3, 3)))
        assert late == (
            "SOLICITUD_INVALIDA",
            {"campos": {"fecha_operacion": FUTURE_DAY}},
        )
        end("completar", fecha=date(2026, 3, 2))()
    assert Spool.objects.get().fecha_armado == date(2026, 3, 2)


def test_an_ayudante_may_fit_and_weld_but_not_repair(shop: Shop) -> None:
    ayudante: Trabajador = shop.pintor
    ayudante.roles.update(rol=Rol.AYUDANTE)
    SpoolFactory(tag_hoja=TAG, calidad_state=Q.RECHAZADO)
    codigo, datos = nothing_left_behind(shop, tomar(98, REPARACION))
    assert (codigo, datos) == (
        "ROL_NO_AUTORIZADO",
        {"roles": ["Ayudante"], "necesita": ["Armador", "Soldador"]},
    )
