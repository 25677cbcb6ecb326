"""Imports while the floor works, two imports at once, and imports killed in the middle."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from occupation import services
from occupation.models import Evento, Mirror, Spool, Trabajador
from occupation.queries import find_spool
from occupation.services.importing import archive, import_rows
from occupation.services.importing_people import import_workers
from occupation.sheets.book import Grid
from occupation.sheets.diff import compare
from occupation.sheets.layout import Tab
from occupation.sheets.plan import KnownSpool, Missing, WorkerPlan
from occupation.sheets.pull import import_book
from occupation.sheets.pull_rows import identify_rows
from occupation.sheets.rows import Reading
from occupation.sheets.stored import known_spools, stored_spools, stored_workers
from occupation.vocabulary import Operacion, TipoEvento
from tests.books import BookFolder, fila
from tests.live import ROOT, LiveTaller
from tests.ports import patient, wait_until
from tests.shop import TABLET

T = TypeVar("T")


def in_a_thread(work: Callable[[], T]) -> Callable[[], T]:
    def run() -> T:
        try:
            return work()
        finally:
            connection.close()

    return run


def planned(book: BookFolder, tag: str) -> KnownSpool:
    """What an import of the book would do to one spool now."""
    grid = book.save().read(Tab.OPERACIONES)
    assert isinstance(grid, Grid)
    tagged = next(one for one in identify_rows(grid, stored_spools()).rows if one.tag == tag)
    assert tagged.stored is not None
    known = known_spools([tagged.stored.spool_id])[tagged.stored.spool_id]
    return compare(tagged, Reading.of(grid, tagged.row, tagged.tag_hoja), known, {93: "MR(93)"}, timezone.now())


def take(tag: str) -> None:
    services.tomar(tag=tag, trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)


def imported() -> Counter[str]:
    """What the journal says that imports changed, added up."""
    total: Counter[str] = Counter()
    for evento in Evento.objects.filter(tipo=TipoEvento.IMPORTACION):
        total.update({name: count for name, count in evento.detalle.items() if name != "tags"})
    return total


@pytest.mark.usefixtures("transactional_db")
def test_a_spool_taken_since_the_plan_is_left_alone_and_planned_again(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1"), fila("MK-2")])
    import_book(book.save())
    book.filas[0]["NV"] = "NV0700"
    plan = planned(book, "MK-1")
    take("MK-1")
    assert import_rows((), [plan]) == {2}
    assert find_spool("MK-1").nv == "NV0650"
    assert import_book(book.save()).changed == 1
    spool = find_spool("MK-1")
    assert (spool.nv, spool.ocupado_por_id) == ("NV0700", 93)


@pytest.mark.usefixtures("transactional_db")
def test_a_plan_that_another_import_carried_out_is_stale(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1"), fila("MK-2")])
    import_book(book.save())
    version = find_spool("MK-1").version
    book.filas[0] |= {"TAG_SPOOL": "MK-1-R1", "version": str(version)}
    plan = planned(book, "MK-1-R1")
    assert import_rows((), [plan]) == frozenset()
    assert import_rows((), [plan]) == {2}
    assert imported()["renombradas"] == 1


@pytest.mark.usefixtures("transactional_db")
def test_a_rename_to_a_tag_that_another_spool_got_meanwhile_is_stale(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1"), fila("MK-2")])
    import_book(book.save())
    book.filas[0] |= {"TAG_SPOOL": "MK-3", "version": str(find_spool("MK-1").version)}
    plan = planned(book, "MK-3")
    Spool.nuevo("MK-3").save()
    assert import_rows((), [plan]) == {2}


@pytest.mark.usefixtures("transactional_db")
def test_a_spool_taken_since_it_left_the_sheet_is_not_archived(tmp_path: Path) -> None:
    import_book(BookFolder(tmp_path, [fila("MK-1"), fila("MK-2")]).save())
    ids = dict(Spool.objects.values_list("tag", "id"))
    take("MK-1")
    gone = [Missing(ids["MK-1"], "MK-1"), Missing(ids["MK-2"], "MK-2")]
    assert archive(gone) == gone[1:]
    assert archive(gone) == []
    assert imported()["archivadas"] == 1
    assert list(Mirror.objects.gone().values_list("spool__tag", flat=True)) == ["MK-1"]


@pytest.mark.usefixtures("transactional_db")
def test_a_worker_changed_since_the_plan_is_left_alone(tmp_path: Path) -> None:
    import_book(BookFolder(tmp_path, []).save())
    before = stored_workers()[93]
    plan = WorkerPlan(93, before, before._replace(apellido="Soto"))
    Trabajador.objects.filter(id=93).update(activo=False)
    assert import_workers([plan]) == []
    assert Trabajador.objects.get(id=93).apellido == "Rojas"


@pytest.mark.usefixtures("transactional_db")
def test_the_floor_works_while_a_book_comes_in(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila(f"MK-{n:04}") for n in range(600)])
    import_book(book.save())
    for one in book.filas:
        one["NV"] = "NV0700"
    book.filas += [fila(f"NUEVO-{n:04}") for n in range(300)]
    saved = book.save()
    done: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(in_a_thread(lambda: import_book(saved)))
        n = 0
        while not coming.done() and n < 600:
            take(f"MK-{n:04}")
            done.append(f"MK-{n:04}")
            n += 1
        report = coming.result()
    assert (report.new, report.changed, report.complete) == (300, 600, True)
    assert len(done) > 0
    assert set(Spool.objects.filter(ocupado_por=93).values_list("tag", flat=True)) == set(done)
    assert set(Spool.objects.values_list("nv", flat=True)) == {"NV0700", "NV0650"}
    assert Spool.objects.filter(nv="NV0700").count() == 600
    assert Evento.objects.filter(tipo=TipoEvento.TOMAR_ARM).count() == len(done)
    assert import_book(saved).changes == 0


@pytest.mark.usefixtures("transactional_db")
def test_two_imports_at_once_leave_one_shop_and_no_event_twice(tmp_path: Path) -> None:
    filas = [fila(f"MK-{n:04}") for n in range(400)]
    for n in range(0, 400, 40):
        filas[n] |= {"Ocupado_Por": "MR(93)", "Fecha_Compromiso": "pronto"}
    book = BookFolder(tmp_path, [*filas, fila("MK-0001"), fila("X" * 101)]).save()
    together = threading.Barrier(2)

    def run() -> int:
        together.wait(timeout=patient(30))
        return import_book(book).new

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(in_a_thread(run)) for _ in range(2)]
        assert sum(one.result() for one in both) == 400
    assert imported() == {"trabajadores": 3, "nuevas": 400}
    assert (Spool.objects.count(), Mirror.objects.count()) == (400, 400)
    held = [f"MK-{n:04}" for n in range(0, 400, 40)]
    takes = Evento.objects.filter(tipo=TipoEvento.TOMAR_ARM).order_by("spool__tag")
    assert list(takes.values_list("spool__tag", flat=True)) == held
    assert list(Spool.objects.ocupados().order_by("tag").values_list("tag", flat=True)) == held
    last = import_book(book)
    assert (last.changes, last.doubtful, last.duplicate) == (0, 11, 1)


def count(url: str, table: str) -> int:
    query = f"SELECT count(*) FROM {table}"  # noqa: S608 - a name of ours
    if url.startswith("sqlite:///"):
        with sqlite3.connect(url.removeprefix("sqlite:///"), timeout=10) as rows:
            return int(rows.execute(query).fetchone()[0])
    with psycopg.connect(url) as server:
        found = server.execute(query.encode()).fetchone()
        return int(found[0]) if found else 0


@pytest.mark.process
def test_an_import_killed_in_the_middle_is_finished_by_the_next(fresh_database_url: str, tmp_path: Path) -> None:
    filas = [fila(f"MK-{n:04}") for n in range(900)]
    for n in range(0, 900, 30):
        filas[n] |= {"Ocupado_Por": "MR(93)", "Fecha_Compromiso": "pronto"}
    BookFolder(tmp_path / "libro", [*filas, fila("MK-0001")]).save()
    (tmp_path / "var").mkdir()
    live = LiveTaller(tmp_path, {"DATABASE_URL": fresh_database_url})
    command = [sys.executable, "manage.py", "import_workbook", str(tmp_path / "libro")]
    for reached in (1, 400):
        process = subprocess.Popen(command, cwd=ROOT, env=live.environment, stdout=subprocess.DEVNULL)
        wait_until(lambda r=reached: count(fresh_database_url, "occupation_spool") >= r, "import")  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=patient(10))
    finished = live.manage("import_workbook", str(tmp_path / "libro"))
    assert finished.returncode == 0, finished.stderr
    assert "dudosas: 30, duplicadas: 1, retenidas: 0" in finished.stdout.splitlines()[-1]
    tables = ("spool", "mirror", "celdadudosa", "filaduplicada")
    assert [count(fresh_database_url, f"occupation_{name}") for name in tables] == [900, 900, 30, 1]
    held = "occupation_evento WHERE tipo = 'TOMAR_ARM'"
    occupied = "occupation_spool WHERE ocupado_por_id IS NOT NULL"
    assert [count(fresh_database_url, held), count(fresh_database_url, occupied)] == [30, 30]
