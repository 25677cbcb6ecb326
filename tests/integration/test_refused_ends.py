"""What somebody hears who ends what nobody holds: how it ended, and what to do that is really possible."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from occupation import services
from occupation.models import Spool
from occupation.refusals import OcupacionTerminada
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion
from tests.factories import SpoolFactory
from tests.shop import COMMITS, SUPERVISOR, TABLET

pytestmark = COMMITS

ARM, SOLD = Operacion.ARM, Operacion.SOLD
C = EstadoTrabajo.COMPLETADO
TAG = "MK-1335-CW-25238-011"
ENDS: dict[str, Callable[..., object]] = {
    "pausar": services.pausar,
    "completar": services.completar,
    "cancelar": services.cancelar,
}


def advice(verb: Callable[[], object]) -> str:
    """What the refusal says after the tag and its first mention: how it ended, and what to do."""
    with pytest.raises(OcupacionTerminada) as refused:
        verb()
    return re.sub(r" el \d\d-\d\d \d\d:\d\d", "", refused.value.frase).removeprefix(f"Nadie tiene el spool {TAG}")


def completar(operacion: Operacion | None, worker: int = 93) -> Callable[[], object]:
    return lambda: services.completar(tag=TAG, trabajador_id=worker, operacion=operacion, actor=TABLET)


DONE = {"arm_state": C, "fecha_armado": date(2026, 3, 2)}
OPENED = {"arm_state": EstadoTrabajo.EN_PROGRESO, "fecha_armado": None}
APPROVED = {"arm_state": C, "sold_state": C, "calidad_state": EstadoCalidad.APROBADO}
HECHO = f". El spool {TAG} ya tiene completado ARMADO. Elija otro spool."


@pytest.mark.parametrize(
    ("stands", "operacion", "said"),
    [
        ({}, ARM, ". Para trabajar en él, tómelo."),
        ({}, None, ". Para trabajar en él, tómelo."),
        ({"arm_state": C}, ARM, HECHO),
        ({"arm_state": C}, SOLD, ". Para trabajar en él, tómelo."),
        ({"arm_state": C}, None, ". Para trabajar en él, tómelo."),
        (APPROVED, ARM, HECHO),
        (APPROVED, None, HECHO),
        ({}, SOLD, f". El spool {TAG} no está listo: falta ARMADO. Primero debe comenzar el armado."),
    ],
)
@pytest.mark.usefixtures("shop")
def test_who_never_held_it_hears_to_take_it_only_if_that_is_possible(
    stands: dict[str, Any], operacion: Operacion | None, said: str
) -> None:
    SpoolFactory(tag_hoja=TAG, **stands)
    assert advice(completar(operacion)) == said
    assert advice(lambda: services.liberar(tag=TAG, motivo="se fue", actor=SUPERVISOR)) == ". No hay nada que liberar."


@pytest.mark.parametrize(
    ("before", "since", "operacion", "said"),
    [
        ("pausar", {}, None, ": MR(93) lo pausó. Para seguir, tómelo de nuevo."),
        ("cancelar", {}, ARM, ": MR(93) lo canceló. Para seguir, tómelo de nuevo."),
        ("pausar", DONE, ARM, f": MR(93) lo pausó{HECHO}"),
        ("completar", {}, None, ": MR(93) lo completó en ARMADO. Elija otro spool."),
        ("completar", {}, ARM, ": MR(93) lo completó en ARMADO. Elija otro spool."),
        ("completar", {}, SOLD, ": MR(93) lo completó en ARMADO. Para trabajar en él, tómelo."),
        ("completar", OPENED, ARM, ": MR(93) lo completó en ARMADO. Para seguir, tómelo de nuevo."),
    ],
)
@pytest.mark.usefixtures("shop")
def test_whose_take_ended_hears_to_take_it_again_only_if_that_is_possible(
    before: str, since: dict[str, Any], operacion: Operacion | None, said: str
) -> None:
    SpoolFactory(tag_hoja=TAG)
    services.tomar(tag=TAG, trabajador_id=93, operacion=ARM, actor=TABLET)
    ENDS[before](tag=TAG, trabajador_id=93, actor=TABLET)
    Spool.objects.update(**since)
    assert advice(completar(operacion, 94)) == said
