"""The verbs over HTTP: exact answers, every refusal exactly, repeats, and the way to BLOQUEADO."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from occupation.models import ClaveIdempotencia, Device, Evento, Mirror, Spool, Trabajador
from occupation.services import SISTEMA, liberar
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, Rol
from tests.api_client import ApiClient
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)
SINCE = "2026-01-12T08:30:00-03:00"
TAG = "Mk-1335-CW-25238-011"
DONE = EstadoTrabajo.COMPLETADO
BUILT: dict[str, Any] = {"arm_state": DONE, "sold_state": DONE}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def api() -> ApiClient:
    """A paired tablet, and the people of the shop."""
    for id, nombre, roles in (
        (93, "Miguel Rojas", [Rol.ARMADOR, Rol.SOLDADOR]),
        (94, "Juan Pérez", [Rol.ARMADOR]),
        (97, "Inés Soto", [Rol.METROLOGIA]),
        (98, "Óscar Ñanco", [Rol.PINTURA]),
    ):
        TrabajadorFactory(id=id, nombre=nombre.split()[0], apellido=nombre.split()[1], roles=roles)
    TrabajadorFactory(id=99, nombre="Luis", apellido="Vera", activo=False)
    return ApiClient(DeviceFactory(nombre="Tablet 1").raw_token)


def spool(**columns: Any) -> Spool:
    made: Spool = SpoolFactory(tag_hoja=TAG, **columns)
    return made


def held(worker: int = 93, operacion: Operacion = Operacion.ARM, **columns: Any) -> Spool:
    return spool(ocupado_por=Trabajador.objects.get(pk=worker), ocupado_operacion=operacion, **columns)


def version() -> str:
    return str(Spool.objects.get().version)


def everything() -> dict[str, Any]:
    tables = (Spool, Evento, Mirror, ClaveIdempotencia)
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in tables}


def test_tomar_answers_what_happened(api: ApiClient) -> None:
    spool()
    answer = api.post("occupation/tomar", tag_spool=f" {TAG.lower()} ", worker_id=93, operacion="ARM")
    assert answer == (
        200,
        {
            "success": True,
            "tag_spool": TAG,
            "message": f"Spool {TAG} tomado por MR(93)",
            "estado_detalle": "MR(93) trabajando ARM (ARM en progreso, SOLD pendiente)",
            "version": version(),
        },
    )
    evento = Evento.objects.order_by("id")[0]
    assert (evento.tipo, evento.actor_nombre, evento.instante) == ("TOMAR_ARM", "Tablet 1", NOW)


@pytest.mark.parametrize(
    ("verb", "message", "estado"),
    [
        (
            "pausar",
            f"Trabajo pausado en {TAG}",
            "Disponible - ARM parcial (pausado), SOLD pendiente",
        ),
        (
            "completar",
            f"Operación completada en {TAG}",
            "Disponible - ARM completado, SOLD pendiente",
        ),
        (
            "cancelar",
            f"Operación cancelada en {TAG}",
            "Disponible - ARM pendiente, SOLD pendiente",
        ),
    ],
)
def test_what_ends_an_occupation_answers_what_happened(api: ApiClient, verb: str, message: str, estado: str) -> None:
    seen = str(held().version)
    answer = api.post(
        f"occupation/{verb}", tag_spool=TAG, worker_id=93, operacion="ARM", version=seen, worker_nombre="otro"
    )
    assert answer == (
        200,
        {
            "success": True,
            "tag_spool": TAG,
            "message": message,
            "estado_detalle": estado,
            "version": version(),
        },
    )


def test_completar_takes_the_day_it_is_told(api: ApiClient) -> None:
    held()
    status, _ = api.post("occupation/completar", tag_spool=TAG, worker_id=93, fecha_operacion="2026-02-27")
    assert (status, Spool.objects.get().fecha_armado) == (200, datetime(2026, 2, 27, tzinfo=UTC).date())


@pytest.mark.parametrize(
    ("resultado", "ciclo", "message", "estado"),
    [
        (
            "APROBADO",
            0,
            f"Metrología: {TAG} APROBADO",
            "Disponible - ARM completado, SOLD completado, METROLOGIA APROBADO ✓",
        ),
        (
            "RECHAZADO",
            1,
            f"Metrología: {TAG} RECHAZADO (Ciclo 1/3)",
            "Disponible - ARM completado, SOLD completado, RECHAZADO (Ciclo 1/3) - Pendiente reparación",
        ),
    ],
)
def test_an_inspection_answers_what_was_found(
    api: ApiClient, resultado: str, ciclo: int, message: str, estado: str
) -> None:
    spool(**BUILT)
    answer = api.post("metrologia/completar", tag_spool=TAG, worker_id=97, resultado=resultado)
    assert answer == (
        200,
        {
            "success": True,
            "tag_spool": TAG,
            "resultado": resultado,
            "estado_detalle": estado,
            "ciclo": ciclo,
            "message": message,
            "version": version(),
        },
    )


def test_three_rejections_with_repairs_between_them_block_a_spool(api: ApiClient) -> None:
    spool(**BUILT)
    told = []
    for _ in range(3):
        told.append(api.post("metrologia/completar", tag_spool=TAG, worker_id=97, resultado="RECHAZADO"))
        api.post("occupation/tomar", tag_spool=TAG, worker_id=93, operacion="REPARACION")
        api.post("occupation/pausar", tag_spool=TAG, worker_id=93)
        api.post("occupation/tomar", tag_spool=TAG, worker_id=94, operacion="REPARACION")
        api.post("occupation/completar", tag_spool=TAG, worker_id=94)
    assert [(status, answer["message"], answer["ciclo"]) for status, answer in told] == [
        (200, f"Metrología: {TAG} RECHAZADO (Ciclo 1/3)", 1),
        (200, f"Metrología: {TAG} RECHAZADO (Ciclo 2/3)", 2),
        (200, f"Metrología: {TAG} BLOQUEADO", 3),
    ]
    status, now = api.get(f"occupation/status/{TAG}")
    assert (status, now["calidad_state"], now["ciclo"], now["ocupado"], now["estado_detalle"]) == (
        200,
        "bloqueado",
        3,
        False,
        "BLOQUEADO - Contactar supervisor",
    )
    status, refused = api.post("occupation/tomar", tag_spool=TAG, worker_id=93, operacion="REPARACION")
    assert (status, refused["error"]) == (403, "SPOOL_BLOQUEADO")


TOMAR = "occupation/tomar"
REFUSALS: dict[str, tuple[Any, str, dict[str, Any], int, str, dict[str, Any]]] = {
    "unknown worker": (
        spool,
        TOMAR,
        {"worker_id": 1, "operacion": "ARM"},
        404,
        "WORKER_NO_ENCONTRADO",
        {"worker_id": 1},
    ),
    "inactive worker": (
        spool,
        TOMAR,
        {"worker_id": 99, "operacion": "ARM"},
        404,
        "WORKER_NO_ENCONTRADO",
        {"worker_id": 99},
    ),
    "unknown spool": (
        lambda: None,
        TOMAR,
        {"worker_id": 93, "operacion": "ARM"},
        404,
        "SPOOL_NO_ENCONTRADO",
        {"tag_spool": TAG.upper()},
    ),
    "archived spool": (
        lambda: spool(archivado_en=NOW),
        TOMAR,
        {"worker_id": 93, "operacion": "ARM"},
        404,
        "SPOOL_NO_ENCONTRADO",
        {"tag_spool": TAG, "archivado": True},
    ),
    "role": (
        spool,
        TOMAR,
        {"worker_id": 98, "operacion": "ARM"},
        403,
        "ROL_NO_AUTORIZADO",
        {"roles": ["Pintura"], "necesita": ["Armador", "Ayudante"]},
    ),
    "held by another": (
        held,
        TOMAR,
        {"worker_id": 94, "operacion": "ARM"},
        409,
        "SPOOL_OCCUPIED",
        {"owner_id": 93, "owner_name": "MR(93)", "desde": SINCE, "operacion": "ARM"},
    ),
    "held by oneself": (
        held,
        TOMAR,
        {"worker_id": 93, "operacion": "SOLD"},
        409,
        "SPOOL_OCCUPIED",
        {"owner_id": 93, "owner_name": "MR(93)", "desde": SINCE, "operacion": "ARM"},
    ),
    "blocked": (
        lambda: spool(calidad_state=EstadoCalidad.BLOQUEADO),
        TOMAR,
        {"worker_id": 93, "operacion": "REPARACION"},
        403,
        "SPOOL_BLOQUEADO",
        {},
    ),
    "an inspection is not taken": (
        lambda: spool(**BUILT),
        TOMAR,
        {"worker_id": 97, "operacion": "METROLOGIA"},
        400,
        "OPERACION_NO_DISPONIBLE",
        {"operacion": "METROLOGIA"},
    ),
    "nothing to repair": (
        lambda: spool(**BUILT),
        TOMAR,
        {"worker_id": 93, "operacion": "REPARACION"},
        400,
        "OPERACION_NO_DISPONIBLE",
        {"operacion": "REPARACION"},
    ),
    "completed before": (
        lambda: spool(arm_state=DONE),
        TOMAR,
        {"worker_id": 93, "operacion": "ARM"},
        400,
        "OPERACION_YA_COMPLETADA",
        {"operacion": "ARM"},
    ),
    "no materials": (
        lambda: spool(fecha_materiales=None),
        TOMAR,
        {"worker_id": 93, "operacion": "ARM"},
        400,
        "DEPENDENCIAS_NO_SATISFECHAS",
        {"falta": "Fecha_Materiales"},
    ),
    "SOLD before ARM": (
        spool,
        TOMAR,
        {"worker_id": 93, "operacion": "SOLD"},
        400,
        "DEPENDENCIAS_NO_SATISFECHAS",
        {"falta": "ARM"},
    ),
    "somebody else's": (
        held,
        "occupation/pausar",
        {"worker_id": 94},
        403,
        "NO_AUTORIZADO",
        {"owner_id": 93, "owner_name": "MR(93)", "desde": SINCE},
    ),
    "never held": (
        spool,
        "occupation/completar",
        {"worker_id": 93},
        410,
        "OCUPACION_TERMINADA",
        {"fin": None, "por": None, "motivo": None, "cuando": None},
    ),
    "another operation is held": (
        held,
        "occupation/cancelar",
        {"worker_id": 93, "operacion": "SOLD"},
        400,
        "OPERACION_NO_DISPONIBLE",
        {"operacion": "SOLD"},
    ),
    "the future": (
        held,
        "occupation/completar",
        {"worker_id": 93, "fecha_operacion": "2026-03-03"},
        422,
        "SOLICITUD_INVALIDA",
        {"campos": {"fecha_operacion": "la fecha no puede ser futura: elija hoy o un día anterior"}},
    ),
    "inspection of an unwelded spool": (
        lambda: spool(arm_state=DONE),
        "metrologia/completar",
        {"worker_id": 97, "resultado": "APROBADO"},
        400,
        "DEPENDENCIAS_NO_SATISFECHAS",
        {"falta": "SOLD"},
    ),
    "inspection of an approved spool": (
        lambda: spool(**BUILT, calidad_state=EstadoCalidad.APROBADO),
        "metrologia/completar",
        {"worker_id": 97, "resultado": "RECHAZADO"},
        400,
        "OPERACION_YA_COMPLETADA",
        {"operacion": "METROLOGIA"},
    ),
    "inspection of a blocked spool": (
        lambda: spool(calidad_state=EstadoCalidad.BLOQUEADO),
        "metrologia/completar",
        {"worker_id": 97, "resultado": "APROBADO"},
        403,
        "SPOOL_BLOQUEADO",
        {},
    ),
    "inspection while in repair": (
        lambda: spool(calidad_state=EstadoCalidad.RECHAZADO),
        "metrologia/completar",
        {"worker_id": 97, "resultado": "APROBADO"},
        400,
        "OPERACION_NO_DISPONIBLE",
        {"operacion": "METROLOGIA"},
    ),
    "inspection without the role": (
        lambda: spool(**BUILT),
        "metrologia/completar",
        {"worker_id": 93, "resultado": "APROBADO"},
        403,
        "ROL_NO_AUTORIZADO",
        {"roles": ["Armador", "Soldador"], "necesita": ["Metrologia"]},
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_says_exactly_why_and_leaves_nothing_behind(api: ApiClient, case: str) -> None:
    arrange, path, body, status, error, data = REFUSALS[case]
    arrange()
    before = everything()
    answer = api.post(path, tag_spool=TAG, clave="clave-1", **body)
    message = answer[1].pop("message")
    assert answer == (status, {"success": False, "error": error, "data": data})
    assert message.endswith((".", "anterior"))
    assert everything() == before


def test_a_stale_version_hears_the_current_one(api: ApiClient) -> None:
    spool()
    before = everything()
    answer = api.post(
        TOMAR,
        tag_spool=TAG,
        worker_id=93,
        operacion="ARM",
        version="8f6a9a5e-6d1c-4d5e-9d57-2f0d6c1f9e11",
    )
    assert answer == (
        409,
        {
            "success": False,
            "error": "VERSION_CONFLICT",
            "message": f"El spool {TAG} cambió mientras lo miraba. Mírelo de nuevo y repita.",
            "data": {"version": version()},
        },
    )
    assert everything() == before


def test_whose_spool_was_released_hears_by_whom_and_why(api: ApiClient) -> None:
    held()
    liberar(tag=TAG, motivo="se fue sin pausar", actor=SISTEMA)
    assert api.post("occupation/completar", tag_spool=TAG, worker_id=93) == (
        410,
        {
            "success": False,
            "error": "OCUPACION_TERMINADA",
            "message": f"Nadie tiene el spool {TAG}: el sistema lo liberó el 02-03 10:30 (se fue sin pausar). "
            "Para seguir, tómelo de nuevo.",
            "data": {
                "fin": "LIBERAR",
                "por": "sistema",
                "motivo": "se fue sin pausar",
                "cuando": "2026-03-02T10:30:00-03:00",
            },
        },
    )


def test_the_same_request_under_its_key_gets_the_same_answer_once_done(api: ApiClient) -> None:
    spool()
    first = api.post(TOMAR, tag_spool=TAG, worker_id=93, operacion="ARM", clave="c")
    again = api.post(TOMAR, worker_nombre="x", operacion="ARM", worker_id=93, tag_spool=TAG.lower(), clave="c")
    assert first == again
    assert Evento.objects.filter(tipo="TOMAR_ARM").count() == 1


def test_a_key_reused_for_another_request_is_refused(api: ApiClient) -> None:
    spool()
    api.post(TOMAR, tag_spool=TAG, worker_id=93, operacion="ARM", clave="c")
    before = everything()
    assert api.post("occupation/pausar", tag_spool=TAG, worker_id=93, clave="c") == (
        422,
        {
            "success": False,
            "error": "CLAVE_REUTILIZADA",
            "message": "La clave de esta solicitud ya se usó para otra distinta. Recargue la página y repita.",
            "data": {},
        },
    )
    assert everything() == before


def test_a_key_belongs_to_its_device(api: ApiClient) -> None:
    spool()
    api.post(TOMAR, tag_spool=TAG, worker_id=93, operacion="ARM", clave="c")
    other = ApiClient(DeviceFactory(nombre="Tablet 2").raw_token)
    assert other.post("occupation/pausar", tag_spool=TAG, worker_id=93, clave="c")[0] == 200


def test_a_refusal_under_a_key_is_judged_afresh(api: ApiClient) -> None:
    made = held(94)
    request: dict[str, Any] = {"tag_spool": TAG, "worker_id": 93, "operacion": "ARM", "clave": "c"}
    assert api.post(TOMAR, **request)[0] == 409
    liberar(tag=made.tag, motivo="turno", actor=SISTEMA)
    assert api.post(TOMAR, **request)[0] == 200


@pytest.mark.parametrize("tag", ["MK/1335/ÁÑ-011", "MK \"1335\" '011'", "MK 1335 ñ", "X" * 100, "100%", "a?b#c&d"])
def test_an_odd_tag_is_taken_and_looked_up(api: ApiClient, tag: str) -> None:
    SpoolFactory(tag_hoja=tag)
    assert api.post(TOMAR, tag_spool=tag.lower(), worker_id=93, operacion="ARM")[1]["tag_spool"] == tag
    assert api.get_tag("occupation/status", tag.lower())[1]["tag_spool"] == tag
    assert api.get_tag("history", tag)[1]["tag_spool"] == tag


def test_the_actor_is_the_device_and_never_the_worker(api: ApiClient) -> None:
    spool()
    api.post(TOMAR, tag_spool=TAG, worker_id=93, operacion="ARM")
    evento = Evento.objects.order_by("id")[0]
    assert (evento.actor_tipo, evento.actor_nombre, evento.actor_id, evento.trabajador_id) == (
        "dispositivo",
        "Tablet 1",
        Device.objects.get().pk,
        93,
    )
