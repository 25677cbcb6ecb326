"""What every book that the mirror keeps has to promise: the same tests on a folder of CSV files and on Google."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from occupation.sheets.book import Ask, AsRead, Change, Grid, RowChange
from occupation.sheets.layout import Hold, Tab
from tests.contracts.desks import FIRST, METADATA, OPERACIONES, SECOND, Desk, GoogleDesk, LocalDesk, google_server

pytestmark = pytest.mark.database_free

LIBERADO = {"Fecha_Armado": None, "Armador": None, "version": FIRST, "Estado_Detalle": "Disponible"}


@pytest.fixture(params=["local", "google"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    if request.param == "local":
        yield LocalDesk(tmp_path)
        return
    with google_server() as server:
        yield GoogleDesk(server)


def grids(desk: Desk, *asks: Ask) -> list[Grid]:
    found = desk.book.read_many(asks)
    assert [type(grid) for grid in found] == [Grid] * len(asks)
    return [grid for grid in found if isinstance(grid, Grid)]


def change(desk: Desk, *rows: RowChange) -> Change:
    tabs = sorted({row.tab for row in rows})
    return Change({tab: grids(desk, Ask(tab))[0].columns for tab in tabs}, rows)


def decoded(grid: Grid) -> list[tuple[int, dict[str, Any]]]:
    told = ((row.number, grid.decode(row)) for row in grid.rows)
    return [(number, {name: value for name, value in cells.items() if value is not None}) for number, cells in told]


def event(uuid: str) -> dict[str, Any]:
    return {"id": uuid, "timestamp": datetime(2026, 1, 21, 15, 30, tzinfo=UTC), "worker_id": 0, "metadata_json": "{}"}


def test_a_whole_tab_is_read_with_its_meaning(desk: Desk) -> None:
    (grid,) = grids(desk, Ask(Tab.OPERACIONES))
    day = date(2026, 1, 5)
    first = {"TAG_SPOOL": "MK-1", "NV": "NV0650", "OT": "7", "Cliente": "Minera Sur", "DIAM": Decimal("2.5")}
    assert decoded(grid) == [
        (2, {**first, "Fecha_Materiales": day, "Fecha_Armado": date(2026, 1, 21), "Armador": 93}),
        (3, {**first, "TAG_SPOOL": "MK-2", "DIAM": Decimal("1.5"), "Fecha_Materiales": day}),
        (5, {"TAG_SPOOL": "MK-3", "NV": "NV0651", "OT": "8", "DIAM": Decimal(4), "Notas": "una nota"}),
    ]
    assert grid.last_row == 5


def test_several_asks_are_answered_in_order_with_the_columns_asked_for(desk: Desk) -> None:
    asks = [
        Ask(Tab.METADATA, ("id",)),
        Ask(Tab.OPERACIONES, ("version", "TAG_SPOOL", "Armador"), 3),
        Ask(Tab.OPERACIONES, ("NV",), 5),
        Ask(Tab.METADATA, ("id",), 40),
    ]
    for _ in range(2):  # the second time everything is where it was remembered
        metadata, tags, last, beyond = grids(desk, *asks)
        assert (metadata.names, [row.cells for row in metadata.rows], metadata.last_row) == (("id",), [(FIRST,)], 2)
        assert tags.names == ("version", "TAG_SPOOL", "Armador")
        assert [(row.number, row.cells[1]) for row in tags.rows] == [(3, "MK-2"), (5, "MK-3")]
        assert ([(row.number, row.cells) for row in last.rows], last.last_row) == ([(5, ("NV0651",))], 5)
        assert (list(beyond.rows), beyond.last_row) == ([], 39)


def test_a_book_that_did_not_change_answers_with_the_very_same_objects(desk: Desk) -> None:
    everything, ours = [Ask(Tab.OPERACIONES), Ask(Tab.METADATA)], [Ask(Tab.OPERACIONES, ("TAG_SPOOL", "Armador"))]
    desk.book.read_many(everything)
    before = [grids(desk, *everything), grids(desk, *ours)]
    after = [grids(desk, *everything), grids(desk, *ours)]
    assert [[id(grid) for grid in one] for one in after] == [[id(grid) for grid in one] for one in before]
    desk.retype("Operaciones", [OPERACIONES[0], *OPERACIONES[2:]])
    changed = [grids(desk, *everything)[0], grids(desk, *ours)[0]]
    assert [[row.number for row in grid.rows] for grid in changed] == [[2, 4], [2, 4]]
    desk.retype("Operaciones", OPERACIONES)
    again = [grids(desk, *everything)[0], grids(desk, *ours)[0]]
    assert [grid.rows for grid in again] == [one[0].rows for one in before]


def test_a_tab_that_is_gone_holds_until_it_is_back(desk: Desk) -> None:
    desk.book.read_many([Ask(Tab.ROLES), Ask(Tab.OPERACIONES)])
    desk.delete("Operaciones")
    roles, held = desk.book.read_many([Ask(Tab.ROLES), Ask(Tab.OPERACIONES, ("TAG_SPOOL",))])
    assert isinstance(roles, Grid)
    assert isinstance(held, Hold)
    assert (held.tab, held.encabezado) == (Tab.OPERACIONES, None)


@pytest.mark.parametrize("columns", [None, ("TAG_SPOOL", "version")])
def test_a_renamed_header_holds_its_tab_and_lets_go_when_it_is_mended(
    desk: Desk, columns: tuple[str, ...] | None
) -> None:
    ask = Ask(Tab.OPERACIONES, columns)
    before = desk.book.read_many([ask])[0]
    renamed = [[cell.replace("version", "versión 2") for cell in OPERACIONES[0]], *OPERACIONES[1:]]
    desk.retype("Operaciones", renamed)
    held = desk.book.read_many([ask])[0]
    assert isinstance(held, Hold)
    assert held.encabezado == "version"
    desk.retype("Operaciones", OPERACIONES)
    after = desk.book.read_many([ask])[0]
    assert isinstance(before, Grid)
    assert isinstance(after, Grid)
    assert after.rows == before.rows


def test_columns_are_found_wherever_they_moved(desk: Desk) -> None:
    ask = Ask(Tab.OPERACIONES, ("TAG_SPOOL", "Armador"))
    before = grids(desk, ask)[0]
    desk.retype("Operaciones", [["Nueva", *reversed(row)] if row else row for row in _square(OPERACIONES)])
    after = grids(desk, ask)[0]
    assert [row.cells[0] for row in after.rows] == [row.cells[0] for row in before.rows] == ["MK-1", "MK-2", "MK-3"]
    assert after.columns.positions != before.columns.positions


def _square(rows: list[list[str]]) -> list[list[str]]:
    width = max(map(len, rows))
    return [row + [""] * (width - len(row)) for row in rows]


def test_a_change_writes_its_cells_and_no_others(desk: Desk) -> None:
    before = desk.table("Operaciones")
    desk.book.apply(
        change(
            desk,
            RowChange(Tab.OPERACIONES, 2, LIBERADO),
            RowChange(Tab.OPERACIONES, 5, {"Ocupado_Por": "JP(94)", "Fecha_Soldadura": date(2026, 2, 5)}),
        )
    )
    after = desk.table("Operaciones")
    assert [after[0], *after[2:4]] == [before[0], *before[2:4]]
    assert after[1][:12] == before[1][:12]
    assert after[1][12:] == ["", "", "", "", "", "", "", FIRST, "Disponible"]
    assert after[4] == [*before[4], "", "", "05-02-2026", "", "", "JP(94)"]
    assert decoded(grids(desk, Ask(Tab.OPERACIONES, ("Armador", "version", "Fecha_Soldadura", "Ocupado_Por")))[0]) == [
        (2, {"version": FIRST}),
        (5, {"Fecha_Soldadura": date(2026, 2, 5), "Ocupado_Por": 94}),
    ]


def test_one_change_reaches_two_tabs_and_grows_what_is_too_small(desk: Desk) -> None:
    rows = [RowChange(Tab.METADATA, number, event(SECOND)) for number in (3, 4, 7)]
    desk.book.apply(change(desk, RowChange(Tab.OPERACIONES, 3, {"version": SECOND}), *rows))
    table = desk.table("Metadata")
    ours = [SECOND, "21-01-2026 12:30:00", "", "", "0", "", "", "", "", "{}"]
    assert table == [METADATA[0], METADATA[1], ours, ours, [], [], ours]
    assert [number for number, _ in decoded(grids(desk, Ask(Tab.METADATA))[0])] == [2, 3, 4, 7]
    assert decoded(grids(desk, Ask(Tab.OPERACIONES, ("version",)))[0]) == [(3, {"version": SECOND})]


def test_the_same_rows_written_again_replace_themselves(desk: Desk) -> None:
    again = change(desk, RowChange(Tab.METADATA, 3, event(SECOND)))
    desk.book.apply(again)
    table = desk.table("Metadata")
    desk.book.apply(change(desk, *again.rows))
    assert desk.table("Metadata") == table


def test_a_cell_is_put_back_as_it_was_read(desk: Desk) -> None:
    before = desk.table("Operaciones")
    grid = grids(desk, Ask(Tab.OPERACIONES, ("Fecha_Armado", "Armador")))[0]
    read = dict(zip(grid.names, grid.rows[0].cells, strict=True))
    desk.book.apply(change(desk, RowChange(Tab.OPERACIONES, 2, LIBERADO | {"version": None, "Estado_Detalle": None})))
    desk.book.apply(change(desk, RowChange(Tab.OPERACIONES, 2, {name: AsRead(raw) for name, raw in read.items()})))
    assert desk.table("Operaciones") == before


def test_text_that_looks_like_a_formula_stays_text(desk: Desk) -> None:
    for text in ("=1+1", "+56 9", "-", "'x", "007", "VERDADERO"):
        desk.book.apply(change(desk, RowChange(Tab.OPERACIONES, 5, {"Estado_Detalle": text})))
        (grid,) = grids(desk, Ask(Tab.OPERACIONES, ("Estado_Detalle",)))
        assert decoded(grid) == [(5, {"Estado_Detalle": text})]


def test_showing_dates_again_changes_no_value(desk: Desk) -> None:
    before = desk.table("Operaciones")
    desk.book.show_dates([grid.columns for grid in grids(desk, Ask(Tab.OPERACIONES), Ask(Tab.METADATA))])
    assert desk.table("Operaciones") == before
