"""Runs verbs in processes that die at every statement of theirs, and prints what each left behind.

`python -m tests.faults.dying_verbs [VERB ...]`, with the product's settings in the environment, on an empty database.
Each line of the output is one death: the verb, the point, and what the database held before, after the death, and
after the same request came again under its key. Every step is a process of its own, as a killed one would be.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import django

COMMIT, COMMITTED = "before the commit", "after the commit"
DIED = 9
WORKERS = {93: ["Armador", "Soldador"], 97: ["Metrologia"]}
VERBS: dict[str, dict[str, Any]] = {
    "tomar": {"trabajador_id": 93, "operacion": "ARM"},
    "completar": {"trabajador_id": 93},
    "cancelar": {"trabajador_id": 93},
    "inspeccionar": {"trabajador_id": 97, "resultado": "RECHAZADO"},
    "liberar": {"motivo": "turno"},
}


@dataclass
class Death:
    """Where a verb's process ends itself: at its n-th statement, or around the commit. None: it lives."""

    point: int | str | None
    statements: int = 0

    def at_statement(self, execute: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - Django's wrapper
        self.statements += 1
        if self.statements == self.point:
            os._exit(DIED)
        return execute(*arguments)

    def around_commit(self, commit: Callable[[], None]) -> None:
        if self.point == COMMIT:
            os._exit(DIED)
        commit()
        if self.point == COMMITTED:
            os._exit(DIED)


def in_a_process(work: Callable[[], object]) -> tuple[int, Any]:
    """Run the work in a process of its own: its exit code, and what it returned (None if it died)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        answer = json.dumps(work(), default=str).encode()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, json.loads(said) if said else None


def make_shop() -> None:
    from tests.factories import TrabajadorFactory

    for number, roles in WORKERS.items():
        TrabajadorFactory(id=number, roles=roles)


def prepare(verb: str, tag: str) -> None:
    """A spool on which the verb is possible."""
    from occupation.models import Trabajador
    from tests.factories import SpoolFactory

    if verb == "tomar":
        SpoolFactory(tag_hoja=tag)
    elif verb == "inspeccionar":
        SpoolFactory(tag_hoja=tag, arm_state="completado", sold_state="completado")
    else:
        SpoolFactory(tag_hoja=tag, ocupado_por=Trabajador.objects.get(id=93))


def remembered(tag: str) -> dict[str, Any]:
    """All that the database holds of one spool, token and version included."""
    from occupation.models import ClaveIdempotencia, Evento, Mirror, Spool

    spool = Spool.objects.get(tag=tag)
    return {
        "row": Spool.objects.filter(tag=tag).values().get(),
        "journal": list(Evento.objects.filter(spool=spool).order_by("id").values_list("tipo", flat=True)),
        "behind": Mirror.objects.filter(spool=spool, behind_since__isnull=False).count(),
        "keys": list(ClaveIdempotencia.objects.filter(clave=tag).values_list("respuesta__version", flat=True)),
    }


def ask(verb: str, tag: str, death: Death) -> dict[str, Any]:
    """Do the verb, dying where asked; its answer's version and how many statements it took."""
    from django.db import connection

    from occupation import services
    from tests.shop import TABLET

    connection.ensure_connection()
    commit = connection._commit  # type: ignore[attr-defined]  # where Django commits
    connection._commit = lambda: death.around_commit(commit)  # type: ignore[attr-defined]
    with connection.execute_wrapper(death.at_statement):
        answer = getattr(services, verb)(tag=tag, actor=TABLET, clave=tag, **VERBS[verb])
    return {"version": answer.version, "statements": death.statements}


def die(verb: str, point: int | str | None) -> dict[str, Any]:
    """One spool, one death, one repetition: what the database held at each moment."""
    tag = f"MK-{verb}-{point}".upper()
    in_a_process(lambda: prepare(verb, tag))
    before = in_a_process(lambda: remembered(tag))[1]
    code, _ = in_a_process(lambda: ask(verb, tag, Death(point)))
    after = in_a_process(lambda: remembered(tag))[1]
    _, again = in_a_process(lambda: ask(verb, tag, Death(None)))
    finally_ = in_a_process(lambda: remembered(tag))[1]
    return {
        "verb": verb,
        "point": point,
        "code": code,
        "before": before,
        "after": after,
        "again": again,
        "finally": finally_,
    }


def main(verbs: list[str]) -> None:
    """Every death of these verbs, or of all."""
    django.setup()
    for module in ("tests.factories", "tests.shop"):
        importlib.import_module(module)  # once, not in each of the hundreds of processes
    in_a_process(make_shop)
    for verb in verbs or VERBS:
        tag = f"MK-{verb}-WHOLE".upper()
        in_a_process(lambda verb=verb, tag=tag: prepare(verb, tag))  # type: ignore[misc]  # this round's
        whole = in_a_process(lambda verb=verb, tag=tag: ask(verb, tag, Death(None)))[1]  # type: ignore[misc]
        for point in [*range(1, whole["statements"] + 1), COMMIT, COMMITTED]:
            print(json.dumps(die(verb, point)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
