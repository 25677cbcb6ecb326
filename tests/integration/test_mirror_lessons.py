"""What broke the predecessors of the mirror, on the tests' Google, so that none of it comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from time_machine import travel

from occupation import services
from occupation.models import CeldaDudosa, FilaDuplicada, Mirror, Retencion, Spool
from occupation.queries import find_spool
from occupation.sheets.book import BookBusy
from occupation.sheets.cycle import Cycle
from occupation.sheets.flush import Memory
from occupation.sheets.layout import Tab
from tests.books import fila
from tests.contracts.desks import GoogleDesk
from tests.mirror_office import AnyOffice, at_office, nothing_left, ours, take
from tests.sheets_server.server import SheetsServer
from tests.shop import TABLET

NOW = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)

pytestmark = [pytest.mark.django_db(transaction=True, available_apps=["occupation"]), pytest.mark.sheet]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[AnyOffice]:
    """Twelve spools that the app knows, mirrored once."""
    filas = [fila(f"MK-{n}") for n in range(12)]
    with travel(NOW, tick=False), at_office("google", tmp_path, filas) as office:
        office.sync()
        yield office


@pytest.fixture
def server(office: AnyOffice) -> SheetsServer:
    assert isinstance(office.desk, GoogleDesk)
    return office.desk.server


def held() -> list[str]:
    return sorted(Spool.objects.ocupados().filter(archivado_en=None).values_list("tag", flat=True))


@pytest.mark.parametrize("kind", ["NUMBER", "TEXT", "DATE", "AUTOMATIC"])
def test_lesson_4_a_moment_under_any_format_is_the_same_moment(
    office: AnyOffice, server: SheetsServer, kind: str
) -> None:
    take(1)
    office.sync()
    server.office.flip_format("Operaciones", "Fecha_Ocupacion", kind)
    assert nothing_left(office)
    services.pausar(tag="MK-1", trabajador_id=94, actor=TABLET)
    take(1)
    office.sync()
    assert office.row("MK-1")["Fecha_Ocupacion"] == "03-03-2026 11:00:00"
    assert held() == ["MK-1"]


def test_lesson_4_what_cannot_be_read_is_never_taken_for_absent(office: AnyOffice, server: SheetsServer) -> None:
    take(1)
    office.sync()
    server.office.edit("Operaciones", "MK-1", "Fecha_Ocupacion", "46155.4818 aprox.")
    server.office.edit("Operaciones", "MK-1", "Fecha_Materiales", "la semana pasada")
    office.sync()
    office.sync()
    assert [(one.spool and one.spool.tag, one.encabezado) for one in CeldaDudosa.objects.all()] == [
        ("MK-1", "Fecha_Materiales")
    ]
    assert (held(), office.row("MK-1")["Fecha_Ocupacion"]) == (["MK-1"], "03-03-2026 11:00:00")
    services.completar(tag="MK-1", trabajador_id=94, actor=TABLET)


def test_lesson_5_a_number_in_a_column_of_dates_stays_a_number_and_our_dates_show_as_dates(
    office: AnyOffice, server: SheetsServer
) -> None:
    for header in ("worker_id", "timestamp", "fecha_operacion"):
        server.office.flip_format("Metadata", header, "DATE" if header == "worker_id" else "NUMBER")
    server.office.flip_format("Operaciones", "Fecha_Armado", "NUMBER")
    server.office.flip_format("Operaciones", "Armador", "DATE")
    take(1)
    services.completar(tag="MK-1", trabajador_id=94, actor=TABLET)
    office.sync()
    event = office.rows(Tab.METADATA)[-1]
    assert (event["worker_id"], event["timestamp"], event["fecha_operacion"]) == (
        "94",
        "03-03-2026 11:00:00",
        "03-03-2026",
    )
    assert (office.row("MK-1")["Fecha_Armado"], office.row("MK-1")["Armador"]) == ("03-03-2026", "JP(94)")


def test_lesson_6_columns_inserted_moved_and_respelt_are_no_event(office: AnyOffice, server: SheetsServer) -> None:
    take(1)
    office.sync()
    server.office.insert_column("Operaciones", "NV", "Nueva")
    server.office.move_column("Operaciones", "Ocupado_Por", "NV")
    server.office.rename_column("Operaciones", "Fecha_QC_Metrología", "FECHA QC METROLOGIA")
    assert nothing_left(office)
    assert held() == ["MK-1"]
    services.pausar(tag="MK-1", trabajador_id=94, actor=TABLET)
    office.sync()
    assert (office.row("MK-1")["Ocupado_Por"], office.row("MK-1")["Nueva"]) == ("", "")
    assert nothing_left(office)


def test_lesson_6_a_renamed_header_holds_the_tab_and_says_which(office: AnyOffice, server: SheetsServer) -> None:
    take(1)
    server.office.rename_column("Operaciones", "Ocupado_Por", "Quién lo tiene")
    before = server.office.cells("Operaciones")
    office.sync()
    assert [(one.hoja, one.encabezado) for one in Retencion.objects.all()] == [("Operaciones", "Ocupado_Por")]
    assert (server.office.cells("Operaciones"), held()) == (before, ["MK-1"])
    server.office.rename_column("Operaciones", "Quién lo tiene", "Ocupado_Por")
    office.sync()
    assert office.row("MK-1")["Ocupado_Por"] == "JP(94)"


def test_lesson_7_a_row_is_found_by_its_tag_and_never_by_its_number(office: AnyOffice, server: SheetsServer) -> None:
    memory, book = Memory(), office.desk.opened()
    for number in (0, 1):
        take(number)
        server.office.sort("Operaciones", "TAG_SPOOL", descending=number == 0)
        Cycle(book, memory, office=False).run()
    assert {tag: office.row(tag)["Ocupado_Por"] for tag in ("MK-0", "MK-1", "MK-10", "MK-11")} == {
        "MK-0": "JP(94)",
        "MK-1": "JP(94)",
        "MK-10": "",
        "MK-11": "",
    }
    assert nothing_left(office)


@pytest.mark.parametrize("fault", ["empty", "half"])
def test_lesson_8_a_read_that_lost_its_rows_changes_nothing_and_is_not_remembered(
    office: AnyOffice, server: SheetsServer, fault: str
) -> None:
    take(1)
    spools = list(Spool.objects.order_by("pk").values())
    book, memory, cells = office.desk.opened(), Memory(), server.office.cells("Operaciones")
    getattr(server.faults, fault)(on="spreadsheets.values.batchGet")
    report = Cycle(book, memory).run()
    assert (report.complete, server.office.cells("Operaciones")) == (False, cells)
    assert list(Spool.objects.order_by("pk").values()) == spools
    assert Cycle(book, memory).run().complete
    assert (office.row("MK-1")["Ocupado_Por"], Spool.objects.exclude(archivado_en=None).count()) == ("JP(94)", 0)


def test_lesson_9_a_tag_that_stands_twice_is_one_spool_wherever_it_is_looked_at(
    office: AnyOffice, server: SheetsServer
) -> None:
    number = server.office.append_row("Operaciones", {"TAG_SPOOL": "mk-1 ", "NV": "NV9999"})
    take(1)
    office.sync()
    assert [(one.tag, one.fila) for one in FilaDuplicada.objects.all()] == [("MK-1", number)]
    assert (find_spool("MK-1").nv, office.row("MK-1")["Ocupado_Por"]) == ("NV0650", "JP(94)")
    twin = office.rows()[number - 2]
    assert {name: text for name, text in twin.items() if text} == {"TAG_SPOOL": "mk-1 ", "NV": "NV9999"}
    server.office.sort("Operaciones", "NV", descending=True)
    services.pausar(tag="MK-1", trabajador_id=94, actor=TABLET)
    office.sync()
    assert (find_spool("MK-1").nv, ours(office, "mk-1 ")) == ("NV0650", {"TAG_SPOOL": "mk-1 ", "NV": "NV9999"})
    assert nothing_left(office)


def test_lesson_10_a_shifts_end_is_one_read_one_write_and_one_proof_and_no_verb_asks_google(
    office: AnyOffice, server: SheetsServer
) -> None:
    memory, book = Memory(), office.desk.opened()
    take(0)
    Cycle(book, memory).run()
    server.log.clear()
    for number in range(1, 12):
        take(number)
        services.pausar(tag=f"MK-{number}", trabajador_id=94, actor=TABLET)
    assert server.log.entries() == []
    report = Cycle(book, memory, office=False).run()
    assert (report.rows, report.events, server.log.counts()["read"], server.log.counts()["write"]) == (11, 22, 2, 1)


def test_lesson_10_out_of_quota_the_floor_goes_on_and_every_mark_is_kept(
    office: AnyOffice, server: SheetsServer
) -> None:
    server.faults.too_many(times=None)
    take(1)
    with pytest.raises(BookBusy):
        office.sync()
    services.completar(tag="MK-1", trabajador_id=94, actor=TABLET)
    assert Mirror.objects.exclude(behind_since=None).count() == 1
    server.faults.clear()
    office.sync()
    assert (office.row("MK-1")["Fecha_Armado"], len(office.rows(Tab.METADATA))) == ("03-03-2026", 2)
