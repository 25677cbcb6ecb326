"""Batches over HTTP: each tag on its own, partial success is success, and a repeat goes on where it stopped."""

from __future__ import annotations

from typing import Any

import pytest

from occupation.models import Evento, Spool
from occupation.vocabulary import Operacion, Rol
from tests.api_client import ApiClient
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> ApiClient:
    TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=[Rol.ARMADOR, Rol.SOLDADOR])
    TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez", roles=[Rol.ARMADOR])
    return ApiClient(DeviceFactory().raw_token)


def versions() -> dict[str, str]:
    return {spool.tag: str(spool.version) for spool in Spool.objects.all()}


def take(api: ApiClient, *tags: str, worker: int = 93, **more: Any) -> tuple[int, Any]:
    return api.post("occupation/batch-tomar", tag_spools=list(tags), worker_id=worker, operacion="ARM", **more)


def test_every_tag_has_its_outcome_in_the_order_asked(api: ApiClient) -> None:
    SpoolFactory(tag_hoja="MK-2")
    SpoolFactory(tag_hoja="MK-1")
    SpoolFactory(tag_hoja="MK-3", fecha_materiales=None)
    assert take(api, "mk-2", "MK-3", "Mk-1", "mk-9") == (
        200,
        {
            "total": 4,
            "succeeded": 2,
            "failed": 2,
            "details": [
                {
                    "success": True,
                    "tag_spool": "MK-2",
                    "message": "Spool MK-2 tomado por MR(93)",
                    "version": versions()["MK-2"],
                },
                {
                    "success": False,
                    "tag_spool": "MK-3",
                    "message": "El spool MK-3 no está listo: falta Fecha_Materiales. "
                    "Avise a la oficina cuando lleguen los materiales.",
                    "error": "DEPENDENCIAS_NO_SATISFECHAS",
                },
                {
                    "success": True,
                    "tag_spool": "MK-1",
                    "message": "Spool MK-1 tomado por MR(93)",
                    "version": versions()["MK-1"],
                },
                {
                    "success": False,
                    "tag_spool": "mk-9",
                    "message": "No existe el spool MK-9. Revise el tag pintado o avise a la oficina.",
                    "error": "SPOOL_NO_ENCONTRADO",
                },
            ],
        },
    )


@pytest.mark.parametrize(
    ("path", "tipo", "message"),
    [
        ("batch-pausar", "PAUSAR_ARM", "Trabajo pausado en {}"),
        ("batch-completar", "COMPLETAR_ARM", "Operación completada en {}"),
    ],
)
def test_a_batch_ends_many_occupations(api: ApiClient, path: str, tipo: str, message: str) -> None:
    tags = ["MK-1", "MK-2", "MK-3"]
    for tag in tags:
        SpoolFactory(tag_hoja=tag)
    take(api, *tags)
    status, answer = api.post(f"occupation/{path}", tag_spools=tags, worker_id=93, operacion="ARM")
    assert (status, [detail["message"] for detail in answer["details"]]) == (
        200,
        [message.format(tag) for tag in tags],
    )
    assert Evento.objects.filter(tipo=tipo).count() == 3


def test_by_an_unknown_worker_every_tag_fails_and_the_batch_does_not(api: ApiClient) -> None:
    SpoolFactory(tag_hoja="MK-1")
    status, answer = take(api, "MK-1", "MK-2", worker=1)
    assert (status, answer["succeeded"], answer["failed"]) == (200, 0, 2)
    assert [detail["error"] for detail in answer["details"]] == ["WORKER_NO_ENCONTRADO"] * 2


@pytest.mark.parametrize(
    ("tags", "campos"),
    [
        ([], {"tag_spools": "debe tener al menos 1"}),
        ([f"MK-{n}" for n in range(51)], {"tag_spools": "debe tener a lo más 50"}),
        (["MK-1", " mk-1 "], {"tag_spools": "hay tags repetidos"}),
        (["MK-Á", "MK-A\u0301"], {"tag_spools": "hay tags repetidos"}),
        (["MK-1", ""], {"tag_spools[1]": "no puede estar vacío"}),
        (["MK-1", 7], {"tag_spools[1]": "debe ser un texto"}),
        (["MK-1", "X" * 101], {"tag_spools[1]": "use a lo más 100 caracteres"}),
        ("MK-1", {"tag_spools": "debe ser una lista"}),
        (None, {"tag_spools": "debe ser una lista"}),
    ],
)
def test_a_list_that_makes_no_sense_is_refused_whole(api: ApiClient, tags: object, campos: dict[str, str]) -> None:
    SpoolFactory(tag_hoja="MK-1")
    status, answer = api.post("occupation/batch-tomar", tag_spools=tags, worker_id=93, operacion="ARM")
    assert (status, answer["error"], answer["data"]) == (422, "SOLICITUD_INVALIDA", {"campos": campos})
    assert Evento.objects.count() == 0


def test_fifty_tags_are_not_too_many(api: ApiClient) -> None:
    for number in range(50):
        SpoolFactory(tag_hoja=f"MK-{number}")
    status, answer = take(api, *(f"MK-{number}" for number in range(50)))
    assert (status, answer["total"], answer["succeeded"], answer["failed"]) == (200, 50, 50, 0)


def test_a_future_day_refuses_the_whole_batch(api: ApiClient) -> None:
    SpoolFactory(tag_hoja="MK-1", ocupado_por=TrabajadorFactory(id=95))
    status, answer = api.post(
        "occupation/batch-completar", tag_spools=["MK-1", "MK-2"], worker_id=95, fecha_operacion="2999-01-01"
    )
    assert (status, answer["data"]) == (
        422,
        {"campos": {"fecha_operacion": "la fecha no puede ser futura: elija hoy o un día anterior"}},
    )
    assert Spool.objects.get().ocupado_operacion == Operacion.ARM


def test_a_repeated_batch_goes_on_where_it_stopped(api: ApiClient) -> None:
    SpoolFactory(tag_hoja="MK-1")
    late = SpoolFactory(tag_hoja="MK-2", fecha_materiales=None)
    first = take(api, "MK-1", "MK-2", clave="c")[1]["details"]
    Spool.objects.filter(pk=late.pk).update(fecha_materiales="2026-01-05")
    second = take(api, "MK-1", "MK-2", clave="c")[1]["details"]
    assert [detail["success"] for detail in first] == [True, False]
    assert second == [
        first[0],
        {
            "success": True,
            "tag_spool": "MK-2",
            "message": "Spool MK-2 tomado por MR(93)",
            "version": versions()["MK-2"],
        },
    ]
    assert Evento.objects.filter(tipo="TOMAR_ARM").count() == 2


def test_a_batch_key_may_bring_other_tags_but_no_other_request(api: ApiClient) -> None:
    for tag in ("MK-1", "MK-2"):
        SpoolFactory(tag_hoja=tag)
    take(api, "MK-1", clave="c")
    assert take(api, "MK-2", clave="c")[1]["succeeded"] == 1
    status, answer = take(api, "MK-1", worker=94, clave="c")
    assert (status, answer["error"]) == (422, "CLAVE_REUTILIZADA")
