"""`manage.py release_spool` and `unlock_spool`."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from occupation.models import Evento, Spool
from occupation.vocabulary import EstadoCalidad
from tests.factories import SpoolFactory, TrabajadorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 3, 2, 13, 30, tzinfo=UTC), tick=False):
        yield


def run(command: str, *arguments: str) -> str:
    said = io.StringIO()
    call_command(command, *arguments, stdout=said)
    return said.getvalue()


def journal() -> list[tuple[str, str, str, str | None]]:
    rows = Evento.objects.exclude(tipo="STATE_CHANGE").exclude(accion="TOMAR").order_by("id")
    return [(row.tipo, row.actor_tipo, row.actor_nombre, row.detalle["motivo"]) for row in rows]


def held() -> Spool:
    spool: Spool = SpoolFactory(
        tag_hoja="Mk-1", ocupado_por=TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas")
    )
    return spool


def blocked() -> Spool:
    spool: Spool = SpoolFactory(tag_hoja="Mk-1", calidad_state=EstadoCalidad.BLOQUEADO)
    return spool


def test_release_ends_an_occupation_as_the_system() -> None:
    held()
    said = run("release_spool", "mk-1", "--reason", " se fue  sin pausar ")
    assert said == "Spool Mk-1 liberado: queda pausado y disponible\n"
    assert Spool.objects.get().estado_detalle == "Disponible - ARM parcial (pausado), SOLD pendiente"
    assert journal() == [("LIBERAR_ARM", "sistema", "sistema", "se fue sin pausar")]


def test_release_names_the_supervisor_who_answers_for_it() -> None:
    held()
    get_user_model().objects.create_user("marta")
    run("release_spool", "MK-1", "--reason", "turno", "--supervisor", "marta")
    assert journal() == [("LIBERAR_ARM", "supervisor", "marta", "turno")]


def test_unlock_gives_one_more_chance() -> None:
    blocked()
    said = run("unlock_spool", "mk-1", "--reason", "revisado")
    assert said == "Spool Mk-1 desbloqueado: tiene una oportunidad más\n"
    spool = Spool.objects.get()
    assert (spool.calidad_state, spool.ciclo) == ("rechazado", 2)
    assert journal() == [("DESBLOQUEAR_REPARACION", "sistema", "sistema", "revisado")]


REFUSALS = {
    "release unknown": ("release_spool", [], "No existe el spool MK-9. Revise el tag pintado o avise a la oficina."),
    "unlock unknown": ("unlock_spool", [], "No existe el spool MK-9. Revise el tag pintado o avise a la oficina."),
    "release by nobody known": (
        "release_spool",
        ["--supervisor", "nadie"],
        "No hay un usuario activo «nadie». Los usuarios se ven en /admin/.",
    ),
    "unlock by somebody who left": (
        "unlock_spool",
        ["--supervisor", "exjefe"],
        "No hay un usuario activo «exjefe». Los usuarios se ven en /admin/.",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(case: str) -> None:
    get_user_model().objects.create_user("exjefe", is_active=False)
    command, more, sentence = REFUSALS[case]
    with pytest.raises(CommandError) as failed:
        run(command, "mk-9", "--reason", "turno", *more)
    assert str(failed.value) == sentence
    assert Evento.objects.count() == 0


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("release_spool", "Nadie tiene el spool Mk-1. No hay nada que liberar."),
        ("unlock_spool", "REPARACIÓN no está disponible para Mk-1: no está bloqueado."),
    ],
)
def test_a_spool_that_is_not_stuck_is_left_alone(command: str, sentence: str) -> None:
    SpoolFactory(tag_hoja="Mk-1")
    with pytest.raises(CommandError) as failed:
        run(command, "Mk-1", "--reason", "turno")
    assert str(failed.value) == sentence


@pytest.mark.parametrize("command", ["release_spool", "unlock_spool"])
@pytest.mark.parametrize(
    ("reason", "razon"),
    [("  ", "escriba por qué"), ("x" * 301, "use a lo más 300 caracteres")],
)
def test_a_reason_is_needed(command: str, reason: str, razon: str) -> None:
    with pytest.raises(CommandError) as failed:
        run(command, "MK-1", "--reason", reason)
    assert str(failed.value) == f"La solicitud no es válida. motivo: {razon}"
    with pytest.raises(CommandError, match="--reason"):
        run(command, "MK-1")
