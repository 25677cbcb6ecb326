"""The three-way merge, line by line of its table, and that it has an answer for anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occupation.sheets import merge as m
from occupation.sheets.merge import Decision, Effect, Piece, Sides, merge
from occupation.sheets.rows import APP_HEADERS
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo
from tests.books import reading

HOY = date(2026, 3, 3)
FEB = date(2026, 2, 12)
WORKERS = (93, 94)
VERSION = "11111111-1111-4111-8111-111111111111"
P, E, C = EstadoTrabajo.PENDIENTE, EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO
Q = EstadoCalidad
QC = "Fecha_QC_Metrología"
STARTED = (E, C)

Cells = Mapping[str, str]


def piece(arm: str = P, sold: str = P, calidad: str = Q.PENDIENTE, *, held: bool = False) -> Piece:
    return Piece(arm, sold, calidad, held, STARTED)


def effects(app: Cells, edited: Cells, state: Piece, base: Cells | None = None) -> dict[str, Decision]:
    """What becomes of the cells of a row in which a person changed `edited`; those left alone are left out."""
    full = dict.fromkeys(APP_HEADERS, "") | {"version": VERSION, **app}
    known = full if base is None else full | dict(base)
    row = reading({**known, **edited})
    sides = Sides(base=known, app=full, sheet=row.app_cells())
    return {one.header: one for one in merge(row, sides, state, WORKERS, HOY) if one.effect != Effect.NOTHING}


def one(app: Cells, edited: Cells, state: Piece, base: Cells | None = None) -> Decision:
    (decision,) = effects(app, edited, state, base).values()
    return decision


DATES = [("Fecha_Armado", piece(C)), ("Fecha_Soldadura", piece(C, C)), (QC, piece(C, C, Q.APROBADO))]


@pytest.mark.parametrize(("header", "state"), DATES)
def test_another_readable_date_where_one_stood_is_adopted(header: str, state: Piece) -> None:
    assert one({header: "10-02-2026"}, {header: "12/2/2026"}, state) == Decision(header, Effect.EDIT, FEB)


@pytest.mark.parametrize(("header", "state"), DATES)
@pytest.mark.parametrize(
    ("typed", "why"),
    [("", m.ERASED), ("04-03-2026", m.IN_THE_FUTURE), ("pronto", "no es una fecha (se espera DD-MM-AAAA)")],
)
def test_an_erased_a_future_and_an_unreadable_date_are_put_back(
    header: str, state: Piece, typed: str, why: str
) -> None:
    assert one({header: "10-02-2026"}, {header: typed}, state) == Decision(header, Effect.RESTORE, why=why)


@pytest.mark.parametrize(("header", "state"), [("Fecha_Armado", piece(E)), ("Fecha_Soldadura", piece(E, E))])
def test_a_date_typed_on_work_that_is_paused_completes_it(header: str, state: Piece) -> None:
    assert one({}, {header: "12-02-2026"}, state) == Decision(header, Effect.COMPLETE, FEB)


@pytest.mark.parametrize(
    ("header", "who", "state"), [("Fecha_Armado", "Armador", piece()), ("Fecha_Soldadura", "Soldador", piece(E))]
)
def test_a_date_with_a_known_worker_beside_it_completes_work_that_nobody_had_begun(
    header: str, who: str, state: Piece
) -> None:
    done = Decision(header, Effect.COMPLETE, FEB, 94)
    assert effects({}, {header: "12-02-2026", who: "JP(94)"}, state) == {header: done}
    assert effects({who: "W(94)"}, {header: "12-02-2026"}, state) == {header: done}


@pytest.mark.parametrize(
    ("header", "who", "state"), [("Fecha_Armado", "Armador", piece()), ("Fecha_Soldadura", "Soldador", piece(E))]
)
def test_a_date_on_an_untouched_row_without_a_known_worker_is_put_back(header: str, who: str, state: Piece) -> None:
    assert one({}, {header: "12-02-2026"}, state) == Decision(header, Effect.RESTORE, why=m.NOT_BEGUN)
    unknown = effects({}, {header: "12-02-2026", who: "XX(500)"}, state)
    assert unknown == {
        header: Decision(header, Effect.RESTORE, why=m.NOT_BEGUN),
        who: Decision(who, Effect.RESTORE, why=m.UNKNOWN_WORKER),
    }


@pytest.mark.parametrize("header", ["Fecha_Armado", "Fecha_Soldadura"])
def test_a_date_typed_on_a_held_spool_is_a_conflict(header: str) -> None:
    held = piece(E, E, held=True)
    assert one({"Ocupado_Por": "W(93)"}, {header: "12-02-2026"}, held) == Decision(header, Effect.CONFLICT)


def test_a_welding_date_before_any_fit_up_is_put_back() -> None:
    edited = {"Fecha_Soldadura": "12-02-2026", "Soldador": "JP(94)"}
    assert effects({}, edited, piece())["Fecha_Soldadura"] == Decision(
        "Fecha_Soldadura", Effect.RESTORE, why=m.WITHOUT_ARM
    )


def test_an_approval_date_typed_on_a_finished_free_piece_approves_it() -> None:
    assert one({}, {QC: "12-02-2026"}, piece(C, C)) == Decision(QC, Effect.APPROVE, FEB)


@pytest.mark.parametrize(
    "state",
    [piece(E, C), piece(C, E), piece(C, C, held=True)]
    + [piece(C, C, calidad) for calidad in Q if calidad not in (Q.PENDIENTE, Q.APROBADO)],
)
def test_an_approval_date_on_anything_else_is_put_back(state: Piece) -> None:
    assert one({}, {QC: "12-02-2026"}, state) == Decision(QC, Effect.RESTORE, why=m.NOT_INSPECTABLE)


@pytest.mark.parametrize("header", ["Armador", "Soldador"])
def test_another_known_worker_where_one_stood_is_adopted(header: str) -> None:
    assert one({header: "W(93)"}, {header: "Pérez(94)"}, piece(C, C)) == Decision(header, Effect.EDIT, 94)


@pytest.mark.parametrize("header", ["Armador", "Soldador"])
def test_a_worker_erased_unknown_unreadable_or_typed_where_none_stood_is_put_back(header: str) -> None:
    put_back = {
        "": m.ERASED,
        "XX(500)": m.UNKNOWN_WORKER,
        "Juan": "no es un trabajador (se espera INICIALES(NÚMERO), como MR(93))",
    }
    for typed, why in put_back.items():
        assert one({header: "W(93)"}, {header: typed}, piece(C, C)) == Decision(header, Effect.RESTORE, why=why)
    assert one({}, {header: "JP(94)"}, piece()) == Decision(header, Effect.RESTORE, why=m.NO_HOLDER)


def test_the_same_worker_in_an_older_wording_is_no_edit() -> None:
    assert effects({"Armador": "W(93)"}, {"Armador": "Rojas(93)"}, piece(C)) == {}


@pytest.mark.parametrize("text", ["RECHAZADO", "METROLOGÍA RECHAZADO - Pendiente reparación", "rechazado (ciclo 2/3)"])
def test_a_blocked_text_rewritten_as_rejected_lifts_the_block(text: str) -> None:
    app = {"Estado_Detalle": "BLOQUEADO - Contactar supervisor"}
    decision = one(app, {"Estado_Detalle": text}, piece(C, C, Q.BLOQUEADO))
    assert decision == Decision("Estado_Detalle", Effect.OVERRIDE)


@pytest.mark.parametrize("text", ["", "listo", "APROBADO ✓", "Disponible"])
def test_any_other_text_is_put_back(text: str) -> None:
    app = {"Estado_Detalle": "BLOQUEADO - Contactar supervisor"}
    put_back = Decision("Estado_Detalle", Effect.RESTORE, why=m.ONLY_UNLOCK)
    assert one(app, {"Estado_Detalle": text}, piece(C, C, Q.BLOQUEADO)) == put_back
    free = {"Estado_Detalle": "Disponible - ARM pendiente, SOLD pendiente"}
    assert one(free, {"Estado_Detalle": "RECHAZADO"}, piece()) == put_back


def test_an_emptied_holder_frees_the_spool() -> None:
    held = {"Ocupado_Por": "W(93)", "Fecha_Ocupacion": "02-03-2026 08:30:00"}
    assert one(held, {"Ocupado_Por": "-"}, piece(E, held=True)) == Decision("Ocupado_Por", Effect.RELEASE)


@pytest.mark.parametrize(("app", "typed"), [("", "JP(94)"), ("W(93)", "JP(94)"), ("W(93)", "XX(500)")])
def test_a_holder_typed_in_or_replaced_is_put_back(app: str, typed: str) -> None:
    decision = one({"Ocupado_Por": app}, {"Ocupado_Por": typed}, piece(E, held=bool(app)))
    assert decision == Decision("Ocupado_Por", Effect.RESTORE, why=m.NO_HOLDER)


@pytest.mark.parametrize("typed", ["", "otra cosa", "22222222-2222-4222-8222-222222222222"])
def test_an_edited_version_is_put_back_and_never_a_conflict(typed: str) -> None:
    put_back = Decision("version", Effect.RESTORE, why=m.APP_ONLY)
    assert one({}, {"version": typed}, piece()) == put_back
    older = {"version": "33333333-3333-4333-8333-333333333333"}
    assert one({}, {"version": typed}, piece(), base=older) == put_back


def test_an_edited_time_of_occupation_is_put_back() -> None:
    app = {"Fecha_Ocupacion": "02-03-2026 08:30:00"}
    decision = one(app, {"Fecha_Ocupacion": "02-03-2026 09:30:00"}, piece(E, held=True))
    assert decision == Decision("Fecha_Ocupacion", Effect.RESTORE, why=m.APP_ONLY)


def test_a_cell_that_both_changed_to_different_values_is_a_conflict_and_to_the_same_nothing() -> None:
    app, base = {"Fecha_Armado": "12-02-2026"}, {"Fecha_Armado": "10-02-2026"}
    assert one(app, {"Fecha_Armado": "11-02-2026"}, piece(C), base) == Decision("Fecha_Armado", Effect.CONFLICT)
    assert effects(app, {"Fecha_Armado": "2026-02-12"}, piece(C), base) == {}


def test_a_cell_that_nobody_edited_is_pushed_when_the_app_moved_on() -> None:
    assert one({"Armador": "W(93)"}, {}, piece(E), base={"Armador": ""}) == Decision("Armador", Effect.PUSH)


def test_what_an_unproved_write_left_is_no_edit() -> None:
    row = reading({"Armador": "MR(93)", "version": VERSION})
    app = row.app_cells() | {"Armador": ""}
    sides = Sides(base=app, app=app, sheet=row.app_cells(), intent={"Armador": "W(93)"})
    found = {one.header: one.effect for one in merge(row, sides, piece(), WORKERS, HOY)}
    assert found == dict.fromkeys(APP_HEADERS, Effect.NOTHING) | {"Armador": Effect.PUSH}


def test_a_difference_that_the_first_import_left_stays_until_either_side_changes_it() -> None:
    base = dict.fromkeys(APP_HEADERS, "") | {"Armador": "W(500)", "version": VERSION}
    left, app = {"Armador": ""}, base | {"Armador": ""}

    def found(typed: str, app: Cells) -> Decision:
        row = reading(base | {"Armador": typed})
        sides = Sides(base=base, app=app, sheet=row.app_cells(), left=left)
        return next(one for one in merge(row, sides, piece(E), WORKERS, HOY) if one.header == "Armador")

    assert found("XX(500)", app).effect == Effect.NOTHING
    assert found("XX(500)", app | {"Armador": "W(93)"}).effect == Effect.PUSH
    assert found("XX(501)", app).effect == Effect.RESTORE
    assert found("XX(501)", app | {"Armador": "W(93)"}).effect == Effect.CONFLICT


def test_a_stale_copy_is_put_back_whole_and_nothing_of_it_is_adopted() -> None:
    app = dict.fromkeys(APP_HEADERS, "") | {"Fecha_Armado": "10-02-2026", "version": VERSION}
    row = reading(app | {"Fecha_Armado": "12-02-2026", "version": "22222222-2222-4222-8222-222222222222"})
    sides = Sides(base=app, app=app, sheet=row.app_cells(), stale=True)
    found = [one for one in merge(row, sides, piece(C), WORKERS, HOY) if one.effect != Effect.NOTHING]
    assert found == [Decision(header, Effect.RESTORE, why=m.STALE) for header in ("Fecha_Armado", "version")]


def test_cells_that_a_write_left_on_the_wrong_row_are_healed_and_only_those() -> None:
    app = dict.fromkeys(APP_HEADERS, "") | {"Fecha_Armado": "10-02-2026", "version": VERSION}
    foreign = {"version": "22222222-2222-4222-8222-222222222222", "Armador": "W(93)"}
    row = reading(app | foreign | {"Fecha_Armado": "12-02-2026"})
    sides = Sides(base=app, app=app, sheet=row.app_cells(), foreign=foreign)
    found = {one.header: one.effect for one in merge(row, sides, piece(C), WORKERS, HOY)}
    healed = {"version": Effect.HEAL, "Armador": Effect.HEAL, "Fecha_Armado": Effect.EDIT}
    assert found == dict.fromkeys(APP_HEADERS, Effect.NOTHING) | healed


def test_one_sitting_at_the_sheet_may_finish_a_piece() -> None:
    edited = {
        "Ocupado_Por": "",
        "Fecha_Armado": "10-02-2026",
        "Armador": "JP(94)",
        "Fecha_Soldadura": "11-02-2026",
        "Soldador": "MR(93)",
        QC: "12-02-2026",
    }
    held = piece(E, held=True)
    found = effects({"Ocupado_Por": "W(93)", "Armador": "W(93)"}, edited, held)
    assert list(found.values()) == [
        Decision("Ocupado_Por", Effect.RELEASE),
        Decision("Armador", Effect.EDIT, 94),
        Decision("Fecha_Armado", Effect.COMPLETE, date(2026, 2, 10)),
        Decision("Fecha_Soldadura", Effect.COMPLETE, date(2026, 2, 11), 93),
        Decision(QC, Effect.APPROVE, FEB),
    ]


CELL = st.sampled_from(
    ["", "-", "10-02-2026", "12-02-2026", "05-03-2026", "MR(93)", "W(94)", "XX(9)", "RECHAZADO", "x"]
)
CELLS = st.fixed_dictionaries({header: CELL | st.text(max_size=8) for header in APP_HEADERS})
STATES = st.builds(
    Piece,
    arm=st.sampled_from(EstadoTrabajo),
    sold=st.sampled_from(EstadoTrabajo),
    calidad=st.sampled_from(EstadoCalidad),
    held=st.booleans(),
    arm_enough=st.sampled_from([(E, C), (C,)]),
)


@given(CELLS, CELLS, CELLS, CELLS, STATES, st.booleans(), st.booleans())
def test_every_row_has_one_decision_per_cell_and_adopts_only_what_its_state_allows(
    sheet: Cells,
    app: Cells,
    base: Cells,
    intent: Cells,
    state: Piece,
    stale: bool,  # noqa: FBT001  drawn
    foreign: bool,  # noqa: FBT001  drawn
) -> None:
    row = reading(sheet)
    texts = {name: reading(cells).app_cells() for name, cells in (("app", app), ("base", base), ("intent", intent))}
    sides = Sides(
        base=texts["base"],
        app=texts["app"],
        sheet=row.app_cells(),
        intent=texts["intent"],
        foreign=texts["base"] if foreign else {},
        stale=stale,
    )
    before = (state.arm, state.sold, state.calidad, state.held)
    decisions = merge(row, sides, state, WORKERS, HOY)
    assert sorted(one.header for one in decisions) == sorted(APP_HEADERS)
    assert (state.arm, state.sold, state.calidad, state.held) == before
    for decision in decisions:
        same = sides.sheet[decision.header] == sides.app[decision.header]
        assert (decision.effect == Effect.NOTHING and not decision.why) or not same
        assert not (stale and decision.effect in m.ADOPTIONS)
        if isinstance(decision.value, date):
            assert decision.value <= HOY
        if decision.worker is not None or (isinstance(decision.value, int) and decision.effect == Effect.EDIT):
            assert {decision.worker, decision.value} & set(WORKERS)
