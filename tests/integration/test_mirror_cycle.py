"""One cycle of the mirror on each kind of book: what people and the app change meets in both places."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from occupation import services
from occupation.models import Conflicto, EdicionDevuelta, EstadoHoja, Evento, Mirror, Retencion
from occupation.queries import find_spool
from occupation.services.holds import permit
from occupation.sheets.cycle import Cycle
from occupation.sheets.cycle_report import CycleReport
from occupation.sheets.flush import Memory
from occupation.sheets.layout import Tab
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, TipoRetencion
from tests.books import NOW, Fila, fila
from tests.mirror_office import AnyOffice, Office, at_office, last_event, mirrored_office, nothing_left, ours, told
from tests.shop import SUPERVISOR, TABLET, journal, refusal

QC = "Fecha_QC_Metrología"

pytestmark = [pytest.mark.django_db(transaction=True, available_apps=["occupation"]), pytest.mark.usefixtures("clock")]


def shop_floor() -> list[Fila]:
    """Ten spools, one of them begun."""
    filas = [fila(f"MK-{n}") for n in range(10)]
    filas[1] |= {"Armador": "MR(93)"}
    return filas


@pytest.fixture(params=["local", "google"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyOffice]:
    """Ten spools that the app knows, mirrored once."""
    with mirrored_office(request.param, tmp_path, shop_floor()) as office:
        yield office


def test_a_first_import_writes_back_only_version_and_text(office: AnyOffice) -> None:
    for n in range(10):
        spool = find_spool(f"MK-{n}")
        beyond = {"TAG_SPOOL": f"MK-{n}", "NV": "NV0650", "Fecha_Materiales": "05-01-2026"}
        if n == 1:
            beyond["Armador"] = "MR(93)"
        written = {"version": str(spool.version), "Estado_Detalle": spool.estado_detalle}
        assert ours(office, f"MK-{n}") == beyond | written
    assert Mirror.objects.filter(behind_since__isnull=False).count() == 0
    assert nothing_left(office)


def test_a_correction_and_a_reopening_reach_the_sheet_and_its_audit(office: AnyOffice) -> None:
    services.tomar(tag="MK-2", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    services.completar(tag="MK-2", trabajador_id=94, actor=TABLET)
    office.sync()
    why: dict[str, Any] = {"tag": "MK-2", "operacion": Operacion.ARM, "actor": SUPERVISOR}
    services.corregir(**why, motivo="lo hizo él", trabajador_id=93, fecha=date(2026, 3, 1))
    office.sync()
    assert (office.row("MK-2")["Armador"], office.row("MK-2")["Fecha_Armado"]) == ("MR(93)", "01-03-2026")
    services.reabrir(**why, motivo="falta un punto")
    office.sync()
    row = office.row("MK-2")
    assert (row["Armador"], row["Fecha_Armado"]) == ("MR(93)", "")
    assert row["Estado_Detalle"] == "Disponible - ARM parcial (pausado), SOLD pendiente"
    audit = [(one["evento_tipo"], json.loads(one["metadata_json"])) for one in office.rows(Tab.METADATA)[2:]]
    corrected = {"antes": "JP(94) · 03-03-2026", "despues": "MR(93) · 01-03-2026", "motivo": "lo hizo él"}
    assert audit == [
        ("CORREGIR_ARM", {"actor": "marta"} | corrected),
        ("REABRIR_ARM", {"actor": "marta", "motivo": "falta un punto"}),
    ]
    assert nothing_left(office)


def test_a_take_and_a_completion_reach_the_sheet_and_the_audit(office: AnyOffice) -> None:
    services.tomar(tag="MK-2", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    report = office.sync()
    assert (report.rows, report.events) == (1, 1)
    row = office.row("MK-2")
    assert (row["Ocupado_Por"], row["Armador"], row["Fecha_Ocupacion"]) == ("JP(94)", "JP(94)", "03-03-2026 11:00:00")
    assert row["Estado_Detalle"] == "JP(94) trabajando ARM (ARM en progreso, SOLD pendiente)"
    services.completar(tag="MK-2", trabajador_id=94, actor=TABLET, fecha=date(2026, 3, 2))
    office.sync()
    row = office.row("MK-2")
    assert (row["Ocupado_Por"], row["Fecha_Ocupacion"], row["Fecha_Armado"]) == ("", "", "02-03-2026")
    assert row["version"] == str(find_spool("MK-2").version)
    events = [one for one in journal() if one.accion]
    assert [
        (one["id"], one["evento_tipo"], one["worker_id"], one["worker_nombre"]) for one in office.rows(Tab.METADATA)
    ] == [(str(one.uuid), str(one.tipo), "94", "JP(94)") for one in events]
    assert office.rows(Tab.METADATA)[1]["fecha_operacion"] == "02-03-2026"
    assert json.loads(office.rows(Tab.METADATA)[1]["metadata_json"]) == {"actor": "Tablet 1"}
    assert nothing_left(office)


def test_many_verbs_on_a_spool_are_one_write_of_the_state_they_left(office: AnyOffice) -> None:
    for _ in range(3):
        services.tomar(tag="MK-2", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
        services.cancelar(tag="MK-2", trabajador_id=94, actor=TABLET)
    before = ours(office, "MK-2")
    assert (office.sync().rows, len(office.rows(Tab.METADATA))) == (1, 6)
    assert ours(office, "MK-2") == before | {"version": str(find_spool("MK-2").version)}
    assert nothing_left(office)


def test_a_corrected_date_and_worker_are_adopted(office: AnyOffice) -> None:
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    services.completar(tag="MK-1", trabajador_id=93, actor=TABLET)
    office.sync()
    before = last_event()
    office.edit("MK-1", Fecha_Armado="1/3/2026", Armador="Pérez(94)")
    assert office.sync().adopted == 2
    spool = find_spool("MK-1")
    assert (spool.fecha_armado, spool.armador_id, spool.arm_state) == (date(2026, 3, 1), 94, EstadoTrabajo.COMPLETADO)
    assert told(before) == [("EDICION_HOJA", "hoja", 94), ("EDICION_HOJA", "hoja", None)]
    assert [row.detalle for row in journal(before)] == [
        {"encabezado": "Armador", "antes": "MR(93)", "despues": "JP(94)"},
        {"encabezado": "Fecha_Armado", "antes": "03-03-2026", "despues": "01-03-2026"},
    ]
    assert office.row("MK-1")["version"] == str(spool.version)
    assert len(office.rows(Tab.METADATA)) == 4
    assert nothing_left(office)


def test_a_date_on_paused_work_completes_it_and_unbegun_work_needs_its_worker_beside(office: AnyOffice) -> None:
    before = last_event()
    office.edit("MK-1", Fecha_Armado="02-03-2026")
    office.edit("MK-2", Fecha_Armado="02-03-2026", Armador="JP(94)")
    office.edit("MK-3", Fecha_Armado="02-03-2026")
    report = office.sync()
    assert (report.adopted, report.put_back) == (2, 1)
    assert told(before) == [("COMPLETAR_ARM", "hoja", 93), ("COMPLETAR_ARM", "hoja", 94)]
    assert [find_spool(f"MK-{n}").arm_state for n in (1, 2, 3)] == ["completado", "completado", "pendiente"]
    assert find_spool("MK-2").armador_id == 94
    assert office.row("MK-3")["Fecha_Armado"] == ""
    assert [(one.encabezado, one.valor_hoja) for one in EdicionDevuelta.objects.all()] == [
        ("Fecha_Armado", "02-03-2026")
    ]
    assert nothing_left(office)


def test_one_sitting_at_the_sheet_finishes_and_approves_a_piece(office: AnyOffice) -> None:
    before = last_event()
    days = {"Fecha_Armado": "01-03-2026", "Fecha_Soldadura": "02-03-2026", QC: "03-03-2026"}
    office.edit("MK-5", days | {"Armador": "MR(93)", "Soldador": "JP(94)"})
    assert office.sync().adopted == 3
    spool = find_spool("MK-5")
    assert (spool.calidad_state, spool.fecha_qc, spool.soldador_id) == (EstadoCalidad.APROBADO, date(2026, 3, 3), 94)
    assert told(before) == [
        ("COMPLETAR_ARM", "hoja", 93),
        ("COMPLETAR_SOLD", "hoja", 94),
        ("COMPLETAR_METROLOGIA", "hoja", None),
    ]
    assert office.row("MK-5")["Estado_Detalle"] == "Disponible - ARM completado, SOLD completado, METROLOGIA APROBADO ✓"
    assert nothing_left(office)


def test_an_emptied_holder_frees_the_spool_and_says_so(office: AnyOffice) -> None:
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    office.sync()
    before = last_event()
    office.edit("MK-1", Ocupado_Por="", Fecha_Ocupacion="")
    assert (office.sync().adopted, find_spool("MK-1").ocupado) == (1, False)
    assert told(before) == [("LIBERAR_ARM", "hoja", 93)]
    assert journal(before)[0].detalle == {"motivo": "celda vaciada en la hoja"}
    assert office.row("MK-1")["Estado_Detalle"] == "Disponible - ARM parcial (pausado), SOLD pendiente"
    assert nothing_left(office)


@pytest.mark.parametrize("kind", ["local", "google"])
def test_a_block_lifted_in_the_sheet_is_an_override(tmp_path: Path, kind: str) -> None:
    done = {"Fecha_Armado": "01-02-2026", "Armador": "MR(93)", "Fecha_Soldadura": "02-02-2026", "Soldador": "JP(94)"}
    with at_office(kind, tmp_path, [fila("MK-1", done, Estado_Detalle="BLOQUEADO - Contactar supervisor")]) as office:
        office.sync()
        before = last_event()
        office.edit("MK-1", Estado_Detalle="RECHAZADO")
        assert office.sync().adopted == 1
        spool = find_spool("MK-1")
        assert (spool.calidad_state, spool.ciclo) == (EstadoCalidad.RECHAZADO, 2)
        assert told(before) == [("SUPERVISOR_OVERRIDE", "hoja", 94)]
        assert office.row("MK-1")["Estado_Detalle"] == spool.estado_detalle
        assert nothing_left(office)


@pytest.mark.parametrize(
    ("header", "typed"),
    [
        ("Ocupado_Por", "JP(94)"),
        ("Fecha_Ocupacion", "03-03-2026 10:00:00"),
        ("version", "33333333-3333-4333-8333-333333333333"),
        ("Estado_Detalle", "listo"),
        ("Armador", ""),
        ("Armador", "XX(500)"),
        ("Armador", "Juan"),
        ("Fecha_Armado", "03-04-2026"),
        ("Fecha_Armado", "ayer"),
        (QC, "02-03-2026"),
    ],
)
def test_anything_else_is_put_back_and_listed_once(office: AnyOffice, header: str, typed: str) -> None:
    before, cells = last_event(), ours(office, "MK-1")
    office.edit("MK-1", {header: typed})
    report = office.sync()
    assert (report.adopted, report.put_back, report.rows) == (0, 1, 1)
    assert (ours(office, "MK-1"), told(before)) == (cells, [])
    assert [(one.encabezado, one.fila) for one in EdicionDevuelta.objects.all()] == [(header, 3)]
    assert nothing_left(office)


def test_a_cell_that_both_changed_becomes_a_conflict_that_an_admin_decides(office: AnyOffice) -> None:
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    services.completar(tag="MK-1", trabajador_id=93, actor=TABLET)
    office.edit("MK-1", Fecha_Armado="01-03-2026")
    report = office.sync()
    assert (report.conflicts, office.row("MK-1")["Fecha_Armado"]) == (1, "03-03-2026")
    conflicto = Conflicto.objects.get()
    assert (conflicto.encabezado, conflicto.fila) == ("Fecha_Armado", 3)
    assert (conflicto.valor_hoja, conflicto.valor_app) == ("01-03-2026", "03-03-2026")
    assert (conflicto.hoja_en, conflicto.app_en) == (NOW, NOW)
    assert nothing_left(office)
    before = last_event()
    services.resolver(conflicto_id=conflicto.pk, tomar="hoja", actor=SUPERVISOR)
    assert find_spool("MK-1").fecha_armado == date(2026, 3, 1)
    assert told(before) == [("EDICION_HOJA", "marta", None)]
    office.sync()
    assert office.row("MK-1")["Fecha_Armado"] == "01-03-2026"
    conflicto.refresh_from_db()
    assert (conflicto.tomado, conflicto.resuelto_por) == ("hoja", "marta")
    assert nothing_left(office)


def test_a_date_typed_on_a_held_spool_is_a_conflict_whose_sheet_side_ends_the_work(office: AnyOffice) -> None:
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    office.sync()
    office.edit("MK-1", Fecha_Armado="02-03-2026")
    assert office.sync().conflicts == 1
    assert find_spool("MK-1").ocupado
    services.resolver(conflicto_id=Conflicto.objects.get().pk, tomar="hoja", actor=SUPERVISOR)
    spool = find_spool("MK-1")
    assert (spool.ocupado, spool.fecha_armado) == (False, date(2026, 3, 2))


def test_a_conflict_decided_for_the_app_changes_nothing(office: AnyOffice) -> None:
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    office.sync()
    office.edit("MK-1", Fecha_Armado="02-03-2026")
    office.sync()
    before = last_event()
    conflicto = services.resolver(conflicto_id=Conflicto.objects.get().pk, tomar="app", actor=SUPERVISOR)
    assert (conflicto.tomado, told(before), find_spool("MK-1").ocupado) == ("app", [], True)
    assert nothing_left(office)


def test_a_conflict_that_cannot_be_taken_from_the_sheet_stays_open_and_says_why(office: AnyOffice) -> None:
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    office.edit("MK-1", Ocupado_Por="JP(94)")
    office.sync()
    conflicto = Conflicto.objects.get(encabezado="Ocupado_Por")
    code, _ = refusal(lambda: services.resolver(conflicto_id=conflicto.pk, tomar="hoja", actor=SUPERVISOR))
    conflicto.refresh_from_db()
    assert (code, conflicto.tomado) == ("OPERACION_NO_DISPONIBLE", "")


def test_a_copy_left_open_in_a_program_is_put_back_whole(office: AnyOffice) -> None:
    old = office.rows()
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    office.sync()
    cells, before = ours(office, "MK-1"), last_event()
    office.save(old)
    assert office.sync().adopted == 0
    assert (ours(office, "MK-1"), told(before), find_spool("MK-1").ocupado) == (cells, [], True)
    assert nothing_left(office)


def test_more_than_five_adoptions_wait_for_an_admin_and_hold_only_that_tab(office: AnyOffice) -> None:
    for n in range(2, 8):
        office.edit(f"MK-{n}", Fecha_Armado="02-03-2026", Armador="JP(94)")
    before, rows = last_event(), office.stored(Tab.OPERACIONES)
    assert (office.sync().complete, told(before)) == (False, [])
    services.tomar(tag="MK-9", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    assert office.sync().complete is False
    assert office.stored(Tab.OPERACIONES) == rows
    assert [row["evento_tipo"] for row in office.rows(Tab.METADATA)] == ["TOMAR_ARM"]
    assert [(one.hoja, one.tipo) for one in Retencion.objects.all()] == [("Operaciones", "ediciones")]
    permit(Tab.OPERACIONES, TipoRetencion.EDICIONES)
    report = office.sync()
    assert (report.adopted, report.complete, Retencion.objects.count()) == (6, True, 0)
    assert office.row("MK-9")["Ocupado_Por"] == "MR(93)"
    assert nothing_left(office)


def test_rows_sorted_and_inserted_are_written_where_their_tag_is(office: AnyOffice) -> None:
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    rows = office.rows()[::-1]
    office.save([rows[0], dict.fromkeys(rows[0], ""), *rows[1:]])
    office.sync()
    assert {tag: office.row(tag)["Ocupado_Por"] for tag in ("MK-0", "MK-1", "MK-2")} == {
        "MK-0": "",
        "MK-1": "MR(93)",
        "MK-2": "",
    }
    assert nothing_left(office)


def test_a_renamed_header_holds_the_tab_until_it_is_back(office: AnyOffice) -> None:
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    office.rename("Ocupado_Por", "Quien")
    held = office.stored(Tab.OPERACIONES)
    report = office.sync()
    assert (report.complete, office.stored(Tab.OPERACIONES)) == (False, held)
    assert [(one.hoja, one.encabezado) for one in Retencion.objects.all()] == [("Operaciones", "Ocupado_Por")]
    assert len(office.rows(Tab.METADATA)) == 1
    office.rename("Quien", "Ocupado_Por")
    assert (office.sync().complete, Retencion.objects.count()) == (True, 0)
    assert office.row("MK-1")["Ocupado_Por"] == "MR(93)"


def test_audit_rows_written_by_hand_stay_and_ours_go_after_them(office: AnyOffice) -> None:
    office.append(Tab.METADATA, "anotado a mano")
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    office.sync()
    assert [row["evento_tipo"] or row["id"] for row in office.rows(Tab.METADATA)] == ["anotado a mano", "TOMAR_ARM"]
    assert nothing_left(office)


def test_an_emptied_audit_is_not_written_again(office: AnyOffice) -> None:
    for n in range(2, 9):
        services.tomar(tag=f"MK-{n}", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    office.sync()
    office.empty(Tab.METADATA)
    services.pausar(tag="MK-2", trabajador_id=93, actor=TABLET)
    report = office.sync()
    assert (report.complete, office.rows(Tab.METADATA)) == (False, [])
    assert office.row("MK-2")["Ocupado_Por"] == ""
    assert office.sync(accept_shrink=True).complete
    assert [row["evento_tipo"] for row in office.rows(Tab.METADATA)] == ["PAUSAR_ARM"]


def test_a_dry_run_tells_and_changes_nothing(office: AnyOffice) -> None:
    services.tomar(tag="MK-1", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    office.edit("MK-2", Fecha_Armado="02-03-2026", Armador="JP(94)")
    book = office.stored()
    tables = [list(table.objects.order_by("pk").values()) for table in (Mirror, Evento, EstadoHoja)]
    report = office.sync(dry_run=True)
    assert (report.rows, report.events, report.adopted) == (2, 1, 1)
    assert office.stored() == book
    assert tables == [list(table.objects.order_by("pk").values()) for table in (Mirror, Evento, EstadoHoja)]


def test_cycles_that_read_only_our_columns_adopt_and_write_and_leave_the_rest_to_the_next(office: AnyOffice) -> None:
    memory, book = Memory(), office.desk.opened()

    def ours_only() -> CycleReport:
        return Cycle(book, memory, office=False).run()

    assert not ours_only().effective
    office.edit("MK-1", Fecha_Armado="02-03-2026", Notas="urgente")
    services.tomar(tag="MK-2", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    report = ours_only()
    assert (report.adopted, report.rows, report.events) == (1, 2, 2)
    assert (find_spool("MK-1").arm_state, find_spool("MK-1").notas) == (EstadoTrabajo.COMPLETADO, "")
    assert not ours_only().effective
    office.sync()
    assert find_spool("MK-1").notas == "urgente"
    assert nothing_left(office)


@pytest.fixture
def folder(tmp_path: Path) -> Office:
    """The same, in a book that can tell that nobody changed it."""
    office = Office(tmp_path / "libro", shop_floor())
    office.sync()
    return office


def test_a_folder_that_did_not_change_is_not_compared_again_until_somebody_acts(folder: Office) -> None:
    memory, book = Memory(), folder.desk.opened()
    for _ in range(2):
        assert Cycle(book, memory).run().imported is not None or memory.quiet
    assert Cycle(book, memory).run().imported is None
    services.tomar(tag="MK-2", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    assert Cycle(book, memory).run().rows == 1
    folder.edit("MK-3", Notas="urgente")
    assert Cycle(book, memory).run().imported is not None
    assert find_spool("MK-3").notas == "urgente"


def test_what_left_the_sheet_and_what_the_book_refused_do_not_have_it_compared_again(folder: Office) -> None:
    folder.save([row for row in folder.rows() if row["TAG_SPOOL"] != "MK-9"])
    folder.sync()
    Mirror.objects.filter(spool__tag="MK-9", spool__archivado_en=NOW).update(behind_since=NOW)
    Mirror.objects.filter(spool__tag="MK-8").update(behind_since=NOW, error="la celda está protegida")
    memory, book = Memory(), folder.desk.opened()
    assert [Cycle(book, memory).run().imported is None for _ in range(2)] == [False, True]
    assert Mirror.objects.exclude(behind_since=None).count() == 2
    Mirror.objects.filter(spool__tag="MK-8").update(error="")
    assert Cycle(book, memory).run().imported is not None
