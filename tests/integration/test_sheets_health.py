"""The sheet's health: what is late, held, refused or parked, from whom, and when that is a problem."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from occupation.attention import needs_a_person
from occupation.models import CeldaDudosa, Conflicto, EstadoHoja, FilaDuplicada, Mirror, Retencion, Spool
from occupation.services.holds import hold, permit, release
from occupation.services.mirroring import park, remember, requeue
from occupation.sheets.book import Ask, Grid, PermissionLost, Request
from occupation.sheets.budget import Budget
from occupation.sheets.layout import Hold, Tab
from occupation.vocabulary import TipoErrorHoja, TipoRetencion
from taller.sheet_health import read_sheet
from tests.books import NOW, fila
from tests.factories import SpoolFactory
from tests.mirror_office import Office

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def sheet() -> dict[str, Any]:
    response = Client().get("/api/sheets-health")
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def behind(tag: str, **waited: int) -> Spool:
    spool = SpoolFactory(tag_hoja=tag)
    Mirror.objects.create(spool=spool, behind_since=NOW - timedelta(**waited))
    return spool


def told() -> tuple[str, str, str]:
    """The state of the sheet, of the sheet as a part of the whole, and of the whole."""
    whole = Client().get("/api/health").json()
    return sheet()["status"], whole["hoja"]["status"], whole["status"]


def test_nobody_who_asks_for_health_waits_for_what_only_the_relay_reads() -> None:
    remember(escrituras="x" * 1_000)
    hold(Tab.METADATA, TipoRetencion.ENCOGIDA, "faltan filas", mostrado=[(9, 1)])
    with CaptureQueriesContext(connection) as asked:
        assert read_sheet().rechazos != []
        assert len(needs_a_person()) == 1
    read = " ".join(query["sql"] for query in asked)
    assert [column for column in ("escrituras", "mostrado", "detalle") if f'"{column}"' in read] == []


def test_a_shop_that_never_synchronised_and_owes_nothing_is_healthy() -> None:
    assert sheet() == {
        "status": "healthy",
        "backend": "local",
        "ultima_sincronizacion": None,
        "atraso_filas": 0,
        "atraso_segundos": 0,
        "retenidas": [],
        "rechazos": [],
        "estacionadas": [],
        "conflictos": 0,
        "dudosos": 0,
        "duplicados": 0,
        "cuota": {
            "lecturas": 10,
            "escrituras": 7,
            "limite_lecturas": 40,
            "limite_escrituras": 30,
            "esperar_hasta": None,
        },
        "lider": None,
    }


def test_a_cycle_is_told_with_its_moment(tmp_path: Path) -> None:
    Office(tmp_path / "libro", [fila("MK-1")]).sync()
    answer = sheet()
    assert (answer["status"], answer["ultima_sincronizacion"], answer["atraso_filas"]) == (
        "healthy",
        "2026-03-03T11:00:00-03:00",
        0,
    )


def leading(**silent: int) -> str | None:
    """What is told of a leader that took over two hours ago and was last heard of then."""
    remember(
        lider="servidor-de-la-oficina:77",
        lider_desde=NOW - timedelta(hours=2),
        sincronizada_en=NOW - timedelta(**silent),
    )
    assert "servidor-de-la-oficina" not in Client().get("/api/sheets-health").content.decode()
    told: str | None = sheet()["lider"]
    return told


def test_since_when_somebody_leads_is_told_and_never_where() -> None:
    assert leading(seconds=95) == "2026-03-03T09:00:00-03:00"
    remember(lider="", lider_desde=None)
    assert sheet()["lider"] is None


def test_a_leader_nobody_heard_of_lately_leads_no_more_unless_it_said_that_it_waits() -> None:
    assert leading(seconds=96) is None
    remember(esperar_hasta=NOW + timedelta(seconds=40))
    assert sheet()["lider"] == "2026-03-03T09:00:00-03:00"


@pytest.mark.parametrize(("seconds", "status"), [(120, "healthy"), (121, "degraded")])
def test_a_sheet_that_nobody_looks_after_is_a_problem_though_nothing_waits(seconds: int, status: str) -> None:
    remember(sincronizada_en=NOW - timedelta(seconds=seconds))
    assert told() == (status, status, status)
    motivo = "Ningún proceso lleva la hoja: hay que arrancar el que la sincroniza (sync_sheets)."
    assert sheet()["rechazos"] == ([] if status == "healthy" else [{"hoja": None, "motivo": motivo}])
    remember(lider="taller:77", lider_desde=NOW - timedelta(seconds=10))
    assert told() == ("healthy", "healthy", "healthy")


@pytest.mark.parametrize(("seconds", "status"), [(120, "healthy"), (121, "degraded")])
def test_what_waits_for_more_than_two_minutes_is_a_problem(seconds: int, status: str) -> None:
    behind("MK-1", seconds=seconds)
    behind("MK-2", seconds=3)
    answer = sheet()
    assert (answer["atraso_filas"], answer["atraso_segundos"]) == (2, seconds)
    assert told() == (status, status, status)


def test_what_left_the_sheet_waits_for_nothing() -> None:
    spool = behind("MK-1", hours=5)
    Spool.objects.filter(pk=spool.pk).update(archivado_en=NOW)
    assert (sheet()["atraso_filas"], told()) == (0, ("healthy", "healthy", "healthy"))


def test_a_held_tab_names_the_exact_header_until_it_is_mended() -> None:
    hold(Tab.OPERACIONES, TipoRetencion.ENCABEZADO, "Falta el encabezado Estado_Detalle.", "Estado_Detalle")
    hold(Tab.METADATA, TipoRetencion.ENCABEZADO, "No existe la hoja Metadata.")
    assert sheet()["retenidas"] == [
        {"hoja": "Metadata", "encabezado": None, "motivo": "No existe la hoja Metadata."},
        {"hoja": "Operaciones", "encabezado": "Estado_Detalle", "motivo": "Falta el encabezado Estado_Detalle."},
    ]
    assert told() == ("degraded", "degraded", "degraded")
    for tab in (Tab.OPERACIONES, Tab.METADATA):
        release(tab, TipoRetencion.ENCABEZADO)
    assert told() == ("healthy", "healthy", "healthy")


def test_a_book_without_a_required_header_is_held_by_the_cycle_that_sees_it(tmp_path: Path) -> None:
    office = Office(tmp_path / "libro", [fila("MK-1")])
    rows = office.rows()
    office.save([{name: text for name, text in row.items() if name != "Estado_Detalle"} for row in rows])
    office.sync()
    (held,) = sheet()["retenidas"]
    assert (held["hoja"], held["encabezado"]) == ("Operaciones", "Estado_Detalle")


def test_many_edits_at_once_hold_the_tab_and_a_shrunken_read_is_a_refusal() -> None:
    hold(Tab.OPERACIONES, TipoRetencion.EDICIONES, "9 celdas fueron editadas de una vez")
    hold(Tab.OPERACIONES, TipoRetencion.ENCOGIDA, "Faltan 30 de 100 tags.")
    answer = sheet()
    assert answer["retenidas"] == [
        {"hoja": "Operaciones", "encabezado": None, "motivo": "9 celdas fueron editadas de una vez"}
    ]
    assert answer["rechazos"] == [{"hoja": "Operaciones", "motivo": "Faltan 30 de 100 tags."}]
    Retencion.objects.filter(tipo=TipoRetencion.EDICIONES).delete()
    assert told() == ("degraded", "degraded", "degraded")


@pytest.mark.parametrize("tipo", [TipoRetencion.ENCABEZADO, TipoRetencion.ESCRITURA])
def test_what_has_to_be_mended_in_the_sheet_can_be_allowed_by_nobody(tipo: TipoRetencion) -> None:
    hold(Tab.OPERACIONES, tipo, "Falta el encabezado version.", "version")
    with pytest.raises(ValueError, match=tipo):
        permit(Tab.OPERACIONES, tipo)
    assert not Retencion.objects.get().permitida


def test_a_parked_row_is_named_until_it_is_tried_again() -> None:
    spool = behind("MK-1-011", seconds=1)
    park(spool.pk, "la celda está protegida")
    assert sheet()["estacionadas"] == [{"tag": "MK-1-011", "error": "la celda está protegida"}]
    assert told() == ("degraded", "degraded", "degraded")
    requeue([spool.pk])
    assert (sheet()["estacionadas"], told()) == ([], ("healthy", "healthy", "healthy"))


def test_conflicts_doubts_and_duplicates_are_counted_and_no_problem_of_the_mirrors() -> None:
    spool = SpoolFactory(tag_hoja="MK-1")
    cell: dict[str, Any] = {"spool": spool, "encabezado": "Armador", "fila": 3}
    Conflicto.objects.create(**cell, valor_hoja="JP(94)", valor_app="MR(93)", hoja_en=NOW)
    Conflicto.objects.create(**cell, valor_hoja="LV(95)", valor_app="MR(93)", hoja_en=NOW, tomado="app")
    CeldaDudosa.objects.create(spool=spool, hoja="Operaciones", fila=3, encabezado="DIAM", visto_en=NOW)
    FilaDuplicada.objects.create(tag="MK-1", fila=9, fila_usada=3, visto_en=NOW)
    answer = sheet()
    assert (answer["conflictos"], answer["dudosos"], answer["duplicados"]) == (1, 1, 1)
    assert told() == ("healthy", "healthy", "healthy")


def failing(tipo: TipoErrorHoja, sentence: str, *, synchronised: bool = False, **since: int) -> None:
    remember(
        error=sentence,
        error_tipo=tipo,
        error_desde=NOW - timedelta(**since),
        sincronizada_en=NOW - timedelta(hours=1) if synchronised else None,
        lider_desde=NOW - timedelta(hours=2) if synchronised else None,
    )


def test_a_lost_permission_is_a_problem_at_once() -> None:
    failing(TipoErrorHoja.PERMISO, "Google no deja entrar al libro.", seconds=0)
    assert sheet()["rechazos"] == [{"hoja": None, "motivo": "Google no deja entrar al libro."}]
    assert told() == ("degraded", "degraded", "degraded")


def test_a_spent_quota_is_a_problem_only_once_something_has_waited_for_two_minutes() -> None:
    failing(TipoErrorHoja.CUOTA, "Google pide esperar.", synchronised=True, minutes=30)
    remember(esperar_hasta=NOW + timedelta(seconds=40))
    answer = sheet()
    assert (answer["rechazos"], answer["cuota"]["esperar_hasta"]) == ([], "2026-03-03T11:00:40-03:00")
    assert told() == ("healthy", "healthy", "healthy")
    behind("MK-1", seconds=121)
    assert told() == ("degraded", "degraded", "degraded")


@pytest.mark.parametrize(
    ("synchronised", "owes", "seconds", "status"),
    [
        (False, False, 600, "healthy"),
        (True, False, 600, "degraded"),
        (False, True, 600, "degraded"),
        (True, True, 60, "healthy"),
    ],
)
def test_an_unreadable_book_is_a_problem_when_it_lasts_and_somebody_misses_it(
    synchronised: bool,  # noqa: FBT001  a case of the table
    owes: bool,  # noqa: FBT001  a case of the table
    seconds: int,
    status: str,
) -> None:
    failing(TipoErrorHoja.LIBRO, "No existe /srv/taller/libro.", synchronised=synchronised, seconds=seconds)
    if owes:
        behind("MK-1", seconds=5)
    assert told() == (status, status, status)
    assert "/srv/taller" not in Client().get("/api/sheets-health").content.decode()


def test_spent_requests_are_told(settings: Settings) -> None:
    settings.SHEETS_READS_PER_MINUTE = 60
    budget = Budget()
    for _ in range(3):
        budget.spend(Request.READ)
    budget.spend(Request.WRITE)
    cuota = sheet()["cuota"]
    assert (cuota["lecturas"], cuota["escrituras"], cuota["limite_lecturas"], cuota["limite_escrituras"]) == (
        12,
        6,
        60,
        30,
    )


def test_without_its_database_nothing_is_known_and_that_is_said() -> None:
    remember(lider="taller:77", lider_desde=NOW)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE occupation_evento RENAME TO fuera_de_alcance")
    try:
        answer = sheet()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE fuera_de_alcance RENAME TO occupation_evento")
    assert (answer["status"], answer["backend"], answer["atraso_filas"], answer["cuota"], answer["lider"]) == (
        "down",
        "local",
        None,
        None,
        None,
    )


def test_what_the_relay_remembers_of_a_failure_is_what_health_reads(tmp_path: Path) -> None:
    from occupation.sheets.local import LocalBook
    from occupation.sheets.relay import Relay

    class Closed(LocalBook):
        def read_many(self, asks: Sequence[Ask]) -> list[Grid | Hold]:
            del asks
            raise PermissionLost("Google no deja entrar al libro.")

    class Alone:
        def leads(self) -> bool:
            return True

        def resign(self) -> None: ...

    Relay(Closed(tmp_path), Alone(), 1.0).turn()
    assert EstadoHoja.objects.get().error_tipo == TipoErrorHoja.PERMISO
    assert sheet()["status"] == "degraded"
