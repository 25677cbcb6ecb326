"""Rows that name a worker whom the shop does not know yet: they wait, or are listed until app and sheet agree."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from occupation import services
from occupation.history import events_of, sessions_of
from occupation.models import CeldaDudosa, Evento, Spool
from occupation.queries import find_spool
from occupation.sheets.hydrate import KNOWN_TOO_LATE
from occupation.sheets.pull import import_book
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion
from tests.books import NOW, PEOPLE, BookFolder, fila
from tests.shop import TABLET, Shop

SINCE = datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
V1 = "11111111-1111-4111-8111-111111111111"
HELD = {"Armador": "MR(93)", "Ocupado_Por": "MR(93)", "Fecha_Ocupacion": "02-03-2026 08:30:00"}
WITHOUT_MIGUEL = PEOPLE[1:]
PIA = ("500", "Pía", "Soto", "TRUE")
PIA_HAS_IT = {"Armador": "PS(500)", "Ocupado_Por": "PS(500)"}

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def listed() -> list[tuple[str, str, str]]:
    return list(CeldaDudosa.objects.order_by("encabezado").values_list("encabezado", "valor", "motivo"))


@pytest.mark.parametrize("absent", [True, False])
def test_a_new_row_waits_for_the_workers_tab_that_names_its_worker(tmp_path: Path, *, absent: bool) -> None:
    book = BookFolder(tmp_path, [fila("MK-1", HELD), fila("MK-2")], people=None)
    saved = book.save()
    if not absent:
        (tmp_path / "Trabajadores.csv").write_text("Idd,Nombre,Apellido,Activo\n93,Miguel,Rojas,TRUE\n")
    report = import_book(saved)
    assert (report.held, report.waiting, report.new, report.complete) == (1, 1, 1, False)
    assert "en espera: MK-1 (fila 2): espera la hoja Trabajadores" in report.lines
    assert "en espera: 1" in report.summary()
    assert list(Spool.objects.values_list("tag", flat=True)) == ["MK-2"]
    book.people = PEOPLE
    report = import_book(book.save())
    assert (report.waiting, report.new, report.doubtful, report.complete) == (0, 1, 0, True)
    spool = find_spool("MK-1")
    assert (spool.armador_id, spool.ocupado_por_id, spool.ocupado_desde) == (93, 93, SINCE)


def test_a_held_workers_tab_does_not_stop_rows_of_workers_the_shop_knows(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1")])
    import_book(book.save())
    book.filas += [fila("MK-2", HELD), fila("MK-3", Soldador="W(500)")]
    book.people = None
    report = import_book(book.save())
    assert (report.held, report.new, report.waiting) == (1, 1, 1)
    assert find_spool("MK-2").ocupado_por_id == 93


def test_a_refused_workers_tab_makes_new_rows_wait_too(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1")])
    import_book(book.save())
    book.filas.append(fila("MK-2", Armador="W(500)"))
    book.people = []
    report = import_book(book.save())
    assert (report.refused, report.waiting, report.new) == (1, 1, 0)


def test_a_worker_who_appears_later_gets_what_an_untouched_row_says(shop: Shop, tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1", HELD | PIA_HAS_IT, version=V1)])
    assert (import_book(book.save()).doubtful, find_spool("MK-1").ocupado) == (2, False)
    assert [header for header, *_ in listed()] == ["Armador", "Ocupado_Por"]
    book.people = [*PEOPLE, PIA]
    dry = import_book(book.save(), dry_run=True)
    report = import_book(book.save())
    assert (report.changed, report.doubtful, report.unadopted) == (1, 0, 0)
    assert (dry.counts(), dry.lines) == (report.counts(), report.lines)
    spool = find_spool("MK-1")
    assert (spool.armador_id, spool.ocupado_por_id, spool.ocupado_operacion) == (500, 500, Operacion.ARM)
    assert (spool.ocupado_desde, spool.previo) == (SINCE, {"estado": "en_progreso", "responsable": 500})
    assert spool.estado_detalle == "PS(500) trabajando ARM (ARM en progreso, SOLD pendiente)"
    assert (str(spool.version) == V1, spool.mirror.behind_since) == (False, NOW)
    take = Evento.objects.get(spool=spool)
    assert (take.tipo, take.instante, take.trabajador_id, take.actor_nombre) == ("TOMAR_ARM", SINCE, 500, "hoja")
    assert [one.cierre for one in sessions_of(events_of(spool), NOW)] == [None]
    assert shop.claims() == {"spool_lock:MK-1": f"500:{spool.ocupacion_token}"}
    assert listed() == []
    repeated = import_book(book.save())
    assert (repeated.changes, repeated.unchanged, repeated.doubtful, repeated.unadopted) == (0, 1, 0, 0)
    services.cancelar(tag="MK-1", trabajador_id=500, actor=TABLET)
    assert (find_spool("MK-1").arm_state, find_spool("MK-1").armador_id) == (EstadoTrabajo.EN_PROGRESO, 500)


def test_a_late_responsible_joins_the_session_that_the_row_opened(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1", HELD, Ocupado_Por="JP(94)")], people=WITHOUT_MIGUEL, roles=[])
    import_book(book.save())
    before = find_spool("MK-1")
    assert (before.armador_id, before.ocupado_por_id) == (94, 94)
    book.people = PEOPLE
    assert import_book(book.save()).changed == 1
    spool = find_spool("MK-1")
    assert (spool.armador_id, spool.ocupado_por_id, spool.ocupacion_token) == (93, 94, before.ocupacion_token)
    assert spool.previo == {"estado": "en_progreso", "responsable": 93}
    assert Evento.objects.filter(spool=spool).count() == 1


def test_a_repair_whose_holder_appears_later_is_held(tmp_path: Path) -> None:
    done = {"Fecha_Armado": "12-01-2026", "Fecha_Soldadura": "15-01-2026", "Ocupado_Por": "MR(93)"}
    text = "EN_REPARACION (Ciclo 2/3) - Ocupado: MR(93)"
    book = BookFolder(tmp_path, [fila("MK-1", done, Estado_Detalle=text)], people=WITHOUT_MIGUEL, roles=[])
    assert import_book(book.save()).doubtful == 2
    assert find_spool("MK-1").calidad_state == EstadoCalidad.REPARACION_PAUSADA
    book.people = PEOPLE
    assert import_book(book.save()).doubtful == 0
    spool = find_spool("MK-1")
    assert (spool.calidad_state, spool.ciclo, spool.ocupado_por_id) == (EstadoCalidad.EN_REPARACION, 2, 93)


def test_a_spool_somebody_worked_on_keeps_its_own_and_the_cell_stays_listed(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1", HELD)], people=WITHOUT_MIGUEL, roles=[("94", "Armador", "TRUE")])
    import_book(book.save())
    services.tomar(tag="MK-1", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    book.people = PEOPLE
    late = [("Armador", "MR(93)", KNOWN_TOO_LATE), ("Ocupado_Por", "MR(93)", KNOWN_TOO_LATE)]
    for _ in range(3):
        report = import_book(book.save())
        assert (report.changed, report.unchanged, report.doubtful) == (0, 1, 2)
        assert listed() == late
    assert find_spool("MK-1").ocupado_por_id == 94
    book.filas[0] |= {"Armador": "JP(94)", "Ocupado_Por": "JP(94)"}
    import_book(book.save())
    assert listed() == []


def test_a_cell_edited_after_it_was_doubtful_is_listed_and_not_adopted(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1", Armador="MR(93)")], people=WITHOUT_MIGUEL, roles=[])
    import_book(book.save())
    book.people = PEOPLE
    book.filas[0]["Armador"] = "JP(94)"
    for _ in range(2):
        assert import_book(book.save()).unadopted == 1
        assert find_spool("MK-1").armador is None


def test_a_copied_row_gets_its_late_workers_and_stays_free(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1", HELD, version=V1)], people=WITHOUT_MIGUEL, roles=[])
    book.filas.append(fila("MK-2", HELD, version=V1))
    import_book(book.save())
    book.people = PEOPLE
    assert import_book(book.save()).changed == 2
    original, copy = find_spool("MK-1"), find_spool("MK-2")
    assert (original.ocupado_por_id, copy.ocupado, copy.armador_id) == (93, False, 93)
    assert listed() == [("Ocupado_Por", "MR(93)", KNOWN_TOO_LATE)]


def test_a_row_that_left_and_came_back_gets_its_late_workers(tmp_path: Path) -> None:
    filas = [fila(f"MK-{n}", Fecha_Armado="12-01-2026") for n in range(3)]
    filas[0] |= HELD
    book = BookFolder(tmp_path, filas[:], people=WITHOUT_MIGUEL, roles=[])
    import_book(book.save())
    book.filas, book.people = filas[1:], PEOPLE
    assert import_book(book.save()).archived == 1
    book.filas = filas
    report = import_book(book.save())
    assert (report.restored, report.doubtful) == (1, 0)
    spool = find_spool("MK-0")
    assert (spool.fecha_armado, spool.armador_id, spool.ocupado_por_id) == (date(2026, 1, 12), 93, 93)
    assert spool.ocupado_operacion == Operacion.SOLD
