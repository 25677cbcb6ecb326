"""A book of v2.1 becomes one of v3.0 and back, on both kinds of book."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from pytest_django import Settings

from occupation.models import BookUpgrade, Spool
from occupation.sheets.layout import Tab
from occupation.sheets.upgrade_plan import NEW_HEADERS
from tests.contracts.desks import Table
from tests.upgrade_office import NOTES, V21_HEADERS, V21Office, v21_office

pytestmark = [pytest.mark.django_db(transaction=True, available_apps=["occupation"]), pytest.mark.sheet]


@pytest.fixture(params=["local", "google"])
def office(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> Iterator[V21Office]:
    settings.TALLER_VAR = tmp_path
    with v21_office(request.param, tmp_path / "libro") as office:
        yield office


def test_a_v21_book_is_held_until_it_is_upgraded(office: V21Office) -> None:
    report = office.sync()
    assert not report.complete
    assert Spool.objects.count() == 0
    assert "falta el encabezado «Ocupado_Por»" in report.imported.lines[0]  # type: ignore[union-attr]
    office.upgrade()
    assert office.sync().complete
    assert set(Spool.objects.values_list("tag", flat=True)) == {"MK-1", "MK-2", "MK-3", "MK-4", "MK-5"}


def test_upgrading_adds_the_four_headers_after_the_last_column_in_use_and_touches_nothing_else(
    office: V21Office,
) -> None:
    seen = office.as_people_see_it()
    name = office.upgrade()
    after = office.as_people_see_it()
    header = after[Tab.OPERACIONES][0]
    assert header == [*V21_HEADERS, "", "", *NEW_HEADERS]
    width = len(V21_HEADERS) + 2
    assert [trimmed(row[:width]) for row in after[Tab.OPERACIONES]] == [trimmed(row) for row in seen[Tab.OPERACIONES]]
    assert {tab: after[tab] for tab in after if tab != Tab.OPERACIONES} == {
        tab: seen[tab] for tab in seen if tab != Tab.OPERACIONES
    }
    assert office.backups() == office.before
    assert f"Respaldo: {name}" in office.said


def trimmed(row: list[str]) -> list[str]:
    while row and row[-1] == "":
        row = row[:-1]
    return row


def test_each_used_row_gets_a_version_and_says_what_it_means_and_the_others_nothing(office: V21Office) -> None:
    office.upgrade()
    rows = office.rows()
    assert [(row["TAG_SPOOL"], row["Estado_Detalle"]) for row in rows] == [
        ("MK-1", "Disponible - ARM completado, SOLD pendiente"),
        ("MK-2", "Disponible - ARM parcial (pausado), SOLD pendiente"),
        ("mk-2", ""),
        ("MK-3", "Disponible - ARM completado, SOLD completado, METROLOGIA APROBADO ✓"),
        ("", ""),
        ("MK-4", "Disponible - ARM parcial (pausado), SOLD pendiente"),
        ("MK-5", "Disponible - ARM pendiente, SOLD pendiente"),
    ]
    versions = [row["version"] for row in rows if row["version"]]
    assert [bool(row["version"]) for row in rows] == [bool(row["Estado_Detalle"]) for row in rows]
    assert len({UUID(version).version for version in versions}) == 1
    assert len(set(versions)) == 5
    assert {(row["Ocupado_Por"], row["Fecha_Ocupacion"]) for row in rows} == {("", "")}


def test_the_first_synchronisation_after_an_upgrade_writes_nothing(office: V21Office) -> None:
    office.upgrade()
    after = dict(office.desk.stored())
    assert office.sync().rows == 0
    assert dict(office.desk.stored()) == after
    versions = {row["TAG_SPOOL"]: row["version"] for row in office.rows() if row["version"]}
    assert versions == {spool.tag: str(spool.version) for spool in Spool.objects.all()}


def test_upgrading_twice_is_upgrading_once(office: V21Office) -> None:
    name = office.upgrade()
    after = dict(office.desk.stored())
    office.said.clear()
    assert office.upgrade() == name
    assert dict(office.desk.stored()) == after
    assert office.said == ["El libro ya es v3.0: no hay nada que hacer.", f"Respaldo: {name}"]
    assert BookUpgrade.objects.count() == 1


def test_going_back_leaves_every_tab_as_it_was_byte_for_byte(office: V21Office) -> None:
    office.go_back(office.upgrade())
    assert office.originals() == office.before
    assert office.backups() == office.before
    assert not office.sync().complete


def test_the_offices_own_tab_is_copied_and_never_put_back(office: V21Office) -> None:
    name = office.upgrade()
    mine: Table = [["Nota", "Total"], ["dos", "=2+2"]]
    office.desk.retype(NOTES, mine)
    office.go_back(name)
    assert office.desk.table(NOTES) == mine
    assert {tab: cells for tab, cells in office.originals().items() if tab != NOTES} == {
        tab: cells for tab, cells in office.before.items() if tab != NOTES
    }
