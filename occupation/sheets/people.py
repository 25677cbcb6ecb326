"""What the tabs of workers and roles mean. Pure.

A blank `Activo` counts as yes: whoever is listed works here unless the sheet says no. An unreadable one keeps what
the app has, and a new worker with one starts inactive. A worker who left the tab is deactivated, never deleted.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

from occupation.models import Trabajador
from occupation.sheets.book import Grid
from occupation.sheets.codec import Unreadable
from occupation.sheets.layout import Tab
from occupation.sheets.plan import Doubt, Worker, WorkerPlan
from occupation.tags import search_key
from occupation.vocabulary import Rol

_ROLES: Final = {search_key(rol): str(rol) for rol in Rol}
_SEVERAL: Final = re.compile(r"[,;/]")

V = TypeVar("V")


@dataclass(slots=True)
class People:
    """The workers to change and the doubtful cells. `lost` left the tab and are still active."""

    plans: list[WorkerPlan] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)

    def names(self, stored: Mapping[int, Worker]) -> dict[int, str]:
        """Every worker once the plan is applied, number → `MR(93)`."""
        everybody = {**stored, **{plan.id: plan.after for plan in self.plans}}
        return {id: shown_name(id, worker) for id, worker in everybody.items()}


def shown_name(id: int, worker: Worker) -> str:
    """How every screen shows a worker."""
    return Trabajador(id=id, nombre=worker.nombre, apellido=worker.apellido).worker_nombre


def plan_people(trabajadores: Grid | None, roles: Grid | None, stored: Mapping[int, Worker]) -> People:
    """Compare both tabs with the workers stored. A tab that is held is None and changes nothing of its own."""
    people = People()
    listed = _Listed() if trabajadores is None else _list(trabajadores, stored, people.doubts)
    known = stored.keys() | listed.workers.keys()
    given = None if roles is None else _given(roles, known, people.doubts)
    for id in sorted(known):
        before = stored.get(id)
        after = listed.workers.get(id) or before
        if after is not None:
            after = after._replace(roles=_roles(id, before, after, given, listed))
            if after != before:
                people.plans.append(WorkerPlan(id, before, after))
    if trabajadores is not None:
        _deactivate_lost(people, stored, listed)
    return people


@dataclass(slots=True)
class _Listed:
    """The workers' tab: who stands in it, with the older books' role, and whether some row has no number."""

    workers: dict[int, Worker] = field(default_factory=dict)
    unclear: set[int] = field(default_factory=set)
    nameless: bool = False


class _Given(NamedTuple):
    """The roles' tab for one worker: those granted, and whether some row of theirs could not be read."""

    granted: set[str]
    unclear: set[str]


def _list(grid: Grid, stored: Mapping[int, Worker], doubts: list[Doubt]) -> _Listed:
    listed = _Listed()
    first_rows: dict[int, int] = {}
    for row in _rows(grid, doubts):
        id = row.said("Id", int)
        if id is None:
            listed.nameless = True
            _without_number(row, doubts)
        elif id in first_rows:
            why = f"el número ya está en la fila {first_rows[id]}, y se usa esa"
            doubts.append(row.doubt("Id", why))
        else:
            first_rows[id] = row.number
            known = len(doubts)
            roles = frozenset(_named_roles(row, doubts))
            if len(doubts) > known or row.unreadable("Rol"):
                listed.unclear.add(id)
            listed.workers[id] = _worker(row, stored.get(id), doubts)._replace(roles=roles)
    return listed


def _worker(row: _Cells, before: Worker | None, doubts: list[Doubt]) -> Worker:
    if row.values["Nombre"] is None:
        doubts.append(row.doubt("Nombre", "falta el nombre del trabajador"))
    last = before or Worker("", "", activo=False, roles=frozenset())
    return Worker(
        nombre=row.said("Nombre", str) or last.nombre,
        apellido=last.apellido if row.unreadable("Apellido") else row.said("Apellido", str) or "",
        activo=last.activo if row.unreadable("Activo") else row.said("Activo", bool) is not False,
        roles=frozenset(),
    )


def _without_number(row: _Cells, doubts: list[Doubt]) -> None:
    if not row.unreadable("Id"):
        doubts.append(row.doubt("Id", "falta el número del trabajador"))


def _named_roles(row: _Cells, doubts: list[Doubt]) -> Iterator[str]:
    """The roles of one cell; older books write several with a comma or a slash."""
    for word in filter(None, map(str.strip, _SEVERAL.split(row.said("Rol", str) or ""))):
        rol = _ROLES.get(search_key(word))
        if rol is None:
            doubts.append(row.doubt("Rol", f"no es un rol del taller: use {', '.join(Rol.values)}"))
        else:
            yield rol


def _given(grid: Grid, known: Iterable[int], doubts: list[Doubt]) -> dict[int, _Given]:
    given: defaultdict[int, _Given] = defaultdict(lambda: _Given(set(), set()))
    known = frozenset(known)
    for row in _rows(grid, doubts):
        id = row.said("Id", int)
        if id is None:
            _without_number(row, doubts)
        elif id in known:
            _grant(row, given[id], doubts)
        else:
            doubts.append(row.doubt("Id", f"no hay un trabajador con el número {id}"))
    return dict(given)


def _grant(row: _Cells, given: _Given, doubts: list[Doubt]) -> None:
    roles = set(_named_roles(row, doubts))
    if row.values["Rol"] is None:
        doubts.append(row.doubt("Rol", "falta el rol"))
    if not roles:
        given.unclear.update(Rol.values)
    elif row.unreadable("Activo"):
        given.unclear.update(roles)
    elif row.said("Activo", bool) is not False:
        given.granted.update(roles)


def _roles(
    id: int, before: Worker | None, after: Worker, given: Mapping[int, _Given] | None, listed: _Listed
) -> frozenset[str]:
    """The roles' tab decides; the older column only for a worker without rows there; what is unclear stays."""
    had = before.roles if before else frozenset()
    if given is None:
        return had or after.roles
    mine = given.get(id)
    if mine is not None:
        return frozenset(mine.granted | (mine.unclear & had))
    if id not in listed.workers:
        return had
    return after.roles | had if id in listed.unclear else after.roles


def _deactivate_lost(people: People, stored: Mapping[int, Worker], listed: _Listed) -> None:
    active = [id for id, worker in stored.items() if worker.activo]
    people.lost = [id for id in active if id not in listed.workers]
    if listed.nameless:
        return
    planned = {plan.id: plan.after for plan in people.plans}
    kept = [plan for plan in people.plans if plan.id not in people.lost]
    gone = [WorkerPlan(id, stored[id], planned.get(id, stored[id])._replace(activo=False)) for id in people.lost]
    people.plans = kept + gone


@dataclass(frozen=True, slots=True)
class _Cells:
    """One row of a people's tab, decoded."""

    tab: Tab
    number: int
    raw: Mapping[str, Any]
    values: Mapping[str, Any]

    def said(self, header: str, kind: type[V]) -> V | None:
        """What a cell says; None when it is blank, absent or cannot be read."""
        value = self.values.get(header)
        return value if isinstance(value, kind) else None

    def unreadable(self, header: str) -> bool:
        """Whether a cell says something that cannot be read."""
        return isinstance(self.values.get(header), Unreadable)

    def doubt(self, header: str, why: str) -> Doubt:
        return Doubt(self.tab, self.number, header, Unreadable(self.raw[header] or "", why).shown, why)


def _rows(grid: Grid, doubts: list[Doubt]) -> Iterator[_Cells]:
    """The decoded rows; what cannot be read is told in `doubts` on the way."""
    tab = grid.columns.tab
    for row in grid.rows:
        cells = _Cells(tab, row.number, dict(zip(grid.names, row.cells, strict=True)), grid.decode(row))
        for header, value in cells.values.items():
            if isinstance(value, Unreadable):
                doubts.append(cells.doubt(header, value.why))
        yield cells
