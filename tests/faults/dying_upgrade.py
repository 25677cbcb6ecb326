"""Upgrades a book in processes that die at every statement of theirs, and prints what the next run made of it.

`python -m tests.faults.dying_upgrade FOLDER`, with the product's settings in the environment, on an empty database.
Each line of the output is one death: of the upgrade at that statement, and of the way back at the same.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import django

from tests.faults.dying_verbs import COMMIT, COMMITTED, Death, in_a_process

if TYPE_CHECKING:
    from tests.upgrade_office import V21Office


def dying(work: Callable[[], object], point: int | str | None) -> int:
    """Do the work, dying where asked; how many statements it took."""
    from django.db import connection

    death = Death(point)
    connection.ensure_connection()
    commit = connection._commit  # type: ignore[attr-defined]  # where Django commits
    connection._commit = lambda: death.around_commit(commit)  # type: ignore[attr-defined]
    with connection.execute_wrapper(death.at_statement):
        work()
    return death.statements


def office_at(folder: Path) -> V21Office:
    """A v2.1 book in a folder of its own, and an app that never upgraded one. No process may inherit a connection."""
    from occupation.models import BookUpgrade
    from tests.contracts.desks import LocalDesk
    from tests.upgrade_office import V21Office, small_tabs

    in_a_process(BookUpgrade.objects.all().delete)
    return V21Office(LocalDesk(folder, small_tabs()))


def die(folder: Path, point: int | str) -> dict[str, object]:
    """One book, a death of the upgrade and, once it is finished, a death of the way back."""
    from occupation.models import BookUpgrade

    office = office_at(folder)
    code, _ = in_a_process(lambda: dying(office.upgrade, point))
    in_a_process(office.upgrade)
    name = in_a_process(lambda: BookUpgrade.objects.get().name)[1]
    told = {
        "code": code,
        "backup": office.backups() == office.before,
        "rows": sum(bool(row["version"]) for row in office.rows()),
    }
    in_a_process(lambda: dying(lambda: office.go_back(name), point))
    in_a_process(lambda: office.go_back(name))
    half_done = in_a_process(lambda: BookUpgrade.objects.filter(open=True).count())[1]
    return {"point": point, **told, "back": office.originals() == office.before, "half_done": half_done}


def main(folder: Path) -> None:
    """Every death."""
    django.setup()
    for module in ("tests.upgrade_office", "tests.contracts.desks"):
        importlib.import_module(module)  # once, not in each of the processes
    whole = in_a_process(lambda: dying(office_at(folder / "whole").upgrade, None))[1]
    for point in [*range(1, whole + 1), COMMIT, COMMITTED]:
        print(json.dumps(die(folder / f"libro-{point}".replace(" ", "-"), point)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
