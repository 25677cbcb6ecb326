"""What the tabs of workers and roles mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from occupation.sheets.book import Grid
from occupation.sheets.layout import Tab
from occupation.sheets.people import People, plan_people
from occupation.sheets.plan import Worker
from tests.books import TypedBook


def worker(nombre: str, apellido: str, *roles: str, activo: bool = True) -> Worker:
    return Worker(nombre, apellido, activo, frozenset(roles))


MIGUEL = worker("Miguel", "Rojas", "Armador")

Rows = Sequence[Sequence[object]]


def tab(tab: Tab, header: str, rows: Rows | None) -> Grid | None:
    return None if rows is None else TypedBook({tab: [header.split(), *rows]}).read(tab)


def planned(
    workers: Rows | None,
    roles: Rows | None,
    stored: Mapping[int, Worker] | None = None,
    header: str = "Id Nombre Apellido Activo",
) -> People:
    given = tab(Tab.ROLES, "Id Rol Activo", roles)
    return plan_people(tab(Tab.TRABAJADORES, header, workers), given, stored or {})


def after(people: People) -> dict[int, Worker]:
    return {plan.id: plan.after for plan in people.plans}


def doubts(people: People) -> list[tuple[Tab, int, str, str]]:
    return [(one.tab, one.number, one.header, one.shown) for one in people.doubts]


def test_workers_and_their_roles_come_in() -> None:
    people = planned(
        [["93", "Miguel", "Rojas", "TRUE"], [96, "Ana", "de la Fuente", False]],
        [["93", "Armador", "SI"], ["93", "metrología", "1"], ["93", "Pintura", "NO"], ["96", "SOLDADOR", ""]],
    )
    assert after(people) == {
        93: worker("Miguel", "Rojas", "Armador", "Metrologia"),
        96: worker("Ana", "de la Fuente", "Soldador", activo=False),
    }
    assert people.names({}) == {93: "MR(93)", 96: "AD(96)"}


def test_nothing_changes_when_the_tabs_say_what_is_stored() -> None:
    people = planned([["93", "Miguel", "Rojas", "TRUE"]], [["93", "Armador", "TRUE"]], {93: MIGUEL})
    assert (people.plans, people.doubts) == ([], [])


@pytest.mark.parametrize(("cell", "active"), [("", True), ("VERDADERO", True), ("NO", False), ("quizás", False)])
def test_a_blank_activo_is_a_yes_and_an_unreadable_one_of_a_new_worker_a_no(cell: str, *, active: bool) -> None:
    assert after(planned([["93", "Miguel", "Rojas", cell]], []))[93].activo is active


def test_an_unreadable_cell_keeps_what_is_stored() -> None:
    people = planned([["93", "#REF!", "#REF!", "quizás"]], [["93", "Armadorr", "TRUE"]], {93: MIGUEL})
    assert people.plans == []
    assert [where[2] for where in doubts(people)] == ["Nombre", "Apellido", "Activo", "Rol"]


def test_a_worker_who_left_the_tab_is_deactivated_and_keeps_the_roles() -> None:
    people = planned([["94", "Juan", "Pérez", "TRUE"]], [["94", "Armador", "TRUE"]], {93: MIGUEL})
    assert after(people)[93] == MIGUEL._replace(activo=False)


def test_nobody_is_deactivated_while_a_row_has_no_number() -> None:
    people = planned([["#REF!", "Miguel", "Rojas", "TRUE"]], [], {93: MIGUEL})
    assert people.plans == []
    assert people.lost == [93]


def test_the_older_role_column_counts_only_without_rows_in_roles() -> None:
    people = planned(
        [["93", "Miguel", "Rojas", "Armador/Soldador", "TRUE"], ["94", "Juan", "Pérez", "Pintura", "TRUE"]],
        [["93", "Despacho", "FALSE"]],
        header="Id Nombre Apellido Rol Activo",
    )
    assert {id: set(worker.roles) for id, worker in after(people).items()} == {93: set(), 94: {"Pintura"}}


def test_a_held_roles_tab_leaves_the_roles_and_the_older_column_gives_the_first_ones() -> None:
    rows = [["93", "Miguel", "Rojas", "Pintura", "TRUE"], ["94", "Juan", "Pérez", "Pintura", "TRUE"]]
    people = planned(rows, None, {93: MIGUEL}, header="Id Nombre Apellido Rol Activo")
    assert {id: set(worker.roles) for id, worker in after(people).items()} == {94: {"Pintura"}}


def test_a_held_workers_tab_leaves_the_workers_and_roles_still_come_in() -> None:
    people = planned(None, [["93", "Soldador", "TRUE"], ["500", "Soldador", "TRUE"]], {93: MIGUEL})
    assert after(people) == {93: MIGUEL._replace(roles=frozenset({"Soldador"}))}
    assert doubts(people) == [(Tab.ROLES, 3, "Id", "500")]


def test_roles_nobody_knows_and_rows_without_a_number_are_doubtful() -> None:
    people = planned(
        [["93", "Miguel", "Rojas", "TRUE"], ["", "Juan", "", "TRUE"], ["93", "Otro", "", "TRUE"], ["94", "", "X", ""]],
        [["93", "Astronauta", "TRUE"], ["", "Armador", "TRUE"], ["93", "", "TRUE"]],
    )
    assert doubts(people) == [
        (Tab.TRABAJADORES, 3, "Id", ""),
        (Tab.TRABAJADORES, 4, "Id", "93"),
        (Tab.TRABAJADORES, 5, "Nombre", ""),
        (Tab.ROLES, 2, "Rol", "Astronauta"),
        (Tab.ROLES, 3, "Id", ""),
        (Tab.ROLES, 4, "Rol", ""),
    ]
    assert after(people)[93] == worker("Miguel", "Rojas")
