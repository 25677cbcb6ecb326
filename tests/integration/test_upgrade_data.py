"""What a v2.1 book says reaches the app without loss, and a book put back and upgraded again finds the app as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from occupation import services
from occupation.models import Conflicto, EdicionDevuelta, Evento, FilaDuplicada, Mirror, Spool, Trabajador
from occupation.sheets.book import Ask, Grid
from occupation.sheets.codec import Unreadable
from occupation.sheets.layout import Tab
from occupation.sheets.upgrade_plan import NEW_HEADERS
from occupation.tags import canonical_tag
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion
from tests.contracts.desks import Table
from tests.mirror_office import last_event, told
from tests.shop import TABLET
from tests.upgrade_office import V21Office, demo_tabs, small_tabs, v21_office

pytestmark = [pytest.mark.django_db(transaction=True, available_apps=["occupation"]), pytest.mark.sheet]

FIELDS = {
    "NV": "nv",
    "OT": "ot",
    "Cliente": "cliente",
    "Prioridad": "prioridad",
    "Ubicación": "ubicacion",
    "STATUS_NV": "status_nv",
    "Notas": "notas",
    "Fecha_Materiales": "fecha_materiales",
    "Fecha_Compromiso": "fecha_compromiso",
    "Fecha_Armado": "fecha_armado",
    "Armador": "armador_id",
    "Fecha_Soldadura": "fecha_soldadura",
    "Soldador": "soldador_id",
    "Fecha_QC_Metrología": "fecha_qc",
}
"""Every header of v2.1 that the app reads, but for DIAM, which it spells its own way."""


@pytest.fixture(params=["local", "google"])
def office(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    settings: Settings,
    long_profile: bool,  # noqa: FBT001  a fixture
) -> Iterator[V21Office]:
    settings.TALLER_VAR = tmp_path
    tabs: dict[str, Table] = demo_tabs(tmp_path / "demo", 1500 if long_profile else 60)
    with v21_office(request.param, tmp_path / "libro", tabs) as office:
        yield office


def grid_of(office: V21Office) -> Grid:
    (grid,) = office.desk.opened().read_many([Ask(Tab.OPERACIONES)])
    assert isinstance(grid, Grid)
    return grid


def state_of(cells: dict[str, Any], day: str, who: str) -> str:
    if cells[day] is not None and not isinstance(cells[day], Unreadable):
        return str(EstadoTrabajo.COMPLETADO)
    return str(EstadoTrabajo.PENDIENTE if cells[who] is None else EstadoTrabajo.EN_PROGRESO)


def expected(cells: dict[str, Any], workers: set[int]) -> dict[str, Any]:
    """What a row of v2.1 says, column by column; cells that cannot be read say nothing."""
    said = {FIELDS[name]: None if isinstance(cells[name], Unreadable) else cells[name] for name in FIELDS}
    texts = ("nv", "ot", "cliente", "prioridad", "ubicacion", "status_nv", "notas")
    said |= {field: said[field] or "" for field in texts}
    said |= {field: said[field] if said[field] in workers else None for field in ("armador_id", "soldador_id")}
    return said | {
        "arm_state": state_of(cells, "Fecha_Armado", "Armador"),
        "sold_state": state_of(cells, "Fecha_Soldadura", "Soldador"),
        "calidad_state": str(EstadoCalidad.APROBADO if said["fecha_qc"] else EstadoCalidad.PENDIENTE),
        "ocupado_por_id": None,
    }


def compared(before: list[list[str]], after: list[list[str]]) -> list[str]:
    """A line per row: its number, and what is not the same."""
    lines = []
    for number in range(max(len(before), len(after))):
        old, new = (table[number] if number < len(table) else ["(falta)"] for table in (before, after))
        lines.append(f"fila {number + 1}: {'igual' if old == new else f'{old} -> {new}'}")
    return lines


def test_every_row_of_v21_reaches_the_app_without_loss(office: V21Office) -> None:
    office.upgrade()
    office.sync()
    workers = set(Trabajador.objects.values_list("id", flat=True))
    ignored = set(FilaDuplicada.objects.values_list("fila", flat=True))
    spools = {spool.tag: spool for spool in Spool.objects.all()}
    grid, rows = grid_of(office), 0
    for row in grid.rows:
        cells = grid.decode(row)
        if row.number in ignored or not isinstance(cells["TAG_SPOOL"], str):
            continue
        spool = spools[canonical_tag(cells["TAG_SPOOL"])]
        wanted = expected(cells, workers)
        found = {field: getattr(spool, field) for field in wanted}
        assert (row.number, found) == (row.number, wanted)
        assert (cells["version"], cells["Estado_Detalle"]) == (str(spool.version), spool.estado_detalle)
        rows += 1
    assert rows == len(spools) > 50


def test_the_book_comes_back_row_by_row(office: V21Office, long_profile: bool) -> None:  # noqa: FBT001  a fixture
    seen = office.as_people_see_it()
    name = office.upgrade()
    upgraded = office.as_people_see_it()
    office.sync()
    office.go_back(name)
    back = office.as_people_see_it()
    for tab in seen:
        lines = compared(seen[tab], back[tab])
        if long_profile:
            added = sum(old != new for old, new in zip(seen[tab], upgraded[tab], strict=True))
            print(f"{tab}: {len(lines)} filas, {added} con algo agregado mientras fue v3.0", *lines, sep="\n  ")
        assert [line for line in lines if not line.endswith("igual")] == []
    assert office.originals() == office.before


@pytest.fixture(params=["local", "google"])
def small(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> Iterator[V21Office]:
    settings.TALLER_VAR = tmp_path
    with v21_office(request.param, tmp_path / "libro", small_tabs()) as office:
        yield office


def test_a_book_put_back_and_upgraded_again_shows_what_the_floor_did_meanwhile(small: V21Office) -> None:
    name = small.upgrade()
    small.sync()
    services.tomar(tag="MK-2", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    services.completar(tag="MK-2", trabajador_id=93, actor=TABLET)
    services.tomar(tag="MK-5", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    small.sync()
    small.go_back(name, force=True)
    services.tomar(tag="MK-1", trabajador_id=94, operacion=Operacion.SOLD, actor=TABLET)
    small.sync()
    before = last_event()
    second = small.upgrade()
    assert second != name
    assert small.sync().complete
    small.sync()
    row = small.row("MK-2")
    assert (row["Fecha_Armado"] != "", row["Armador"], row["Ocupado_Por"]) == (True, "MR(93)", "")
    assert (small.row("MK-5")["Ocupado_Por"], small.row("MK-1")["Ocupado_Por"]) == ("JP(94)", "JP(94)")
    versions = {row["TAG_SPOOL"]: row["version"] for row in small.rows() if row["version"]}
    assert versions == {spool.tag: str(spool.version) for spool in Spool.objects.all()}
    assert (told(before), Conflicto.objects.count(), EdicionDevuelta.objects.count()) == ([], 0, 0)
    assert Mirror.objects.filter(behind_since__isnull=False).count() == 0


def test_after_a_way_back_each_event_still_reaches_the_audit_once(small: V21Office) -> None:
    name = small.upgrade()
    small.sync()
    services.tomar(tag="MK-5", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    small.sync()
    small.go_back(name, force=True)
    assert small.rows(Tab.METADATA) == []
    services.pausar(tag="MK-5", trabajador_id=93, actor=TABLET)
    for _ in range(2):
        small.sync()
    assert [row["evento_tipo"] for row in small.rows(Tab.METADATA)] == ["TOMAR_ARM", "PAUSAR_ARM"]
    assert Evento.objects.filter(accion="TOMAR").count() == 1


def test_what_the_office_typed_into_a_book_of_v21_is_judged_as_its_edit(small: V21Office) -> None:
    name = small.upgrade()
    small.sync()
    small.go_back(name)
    small.edit("MK-1", {"Fecha_Armado": "20-01-2026"})
    small.upgrade()
    before = last_event()
    small.sync()
    assert [tipo for tipo, *_ in told(before)] == ["EDICION_HOJA"]
    assert str(Spool.objects.get(tag="MK-1").fecha_armado) == "2026-01-20"


def test_the_relay_goes_on_beside_old_backups_and_never_touches_them(small: V21Office) -> None:
    small.upgrade()
    backups = small.backups()
    small.sync()
    services.tomar(tag="MK-5", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    assert small.sync().rows == 1
    assert small.backups() == backups


def test_a_holder_named_only_in_the_text_gets_the_cell_that_is_missing(tmp_path: Path, settings: Settings) -> None:
    settings.TALLER_VAR = tmp_path
    tabs = small_tabs()
    header, *rows = tabs[Tab.OPERACIONES]
    texts = ["", "JP(94) trabajando ARM (ARM en progreso, SOLD pendiente)", *[""] * 5]
    wide = [[*row, *[""] * (len(header) + 2 - len(row))] for row in rows]
    tabs[Tab.OPERACIONES] = [
        [*header, "", "", "Estado_Detalle"],
        *([*row, text] for row, text in zip(wide, texts, strict=True)),
    ]
    with v21_office("local", tmp_path / "libro", tabs) as office:
        office.upgrade()
        assert office.row("MK-2")["Ocupado_Por"] == "JP(94)"
        assert [name for name in NEW_HEADERS if office.desk.table(Tab.OPERACIONES)[0].count(name) != 1] == []
        office.sync()
        spool = Spool.objects.get(tag="MK-2")
        assert (spool.ocupado_por_id, spool.ocupado_operacion) == (94, "ARM")
