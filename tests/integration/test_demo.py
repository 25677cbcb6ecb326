"""The sample shop, opened by its command in a real database."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.management import call_command
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from occupation.demo.defects import DEFECTS
from occupation.history import events_of, sessions_of
from occupation.models import CeldaDudosa, Evento, FilaDuplicada, Mirror, Spool
from occupation.sheets.layout import Owner, Tab, headers
from occupation.sheets.local import LocalBook
from occupation.sheets.pull import import_book
from occupation.sheets.xlsx import XlsxBook
from occupation.vocabulary import Accion, ActorTipo, EstadoCalidad, EstadoTrabajo, Operacion
from tests.demo import holdings, open_demo

AHORA = datetime(2026, 5, 14, 15, 10, tzinfo=UTC)
SPOOLS = 100
WORKERS = 16


@pytest.fixture(scope="module")
def libro(
    request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The folder of a sample shop that is in the database for all the tests of this file that only look."""
    request.getfixturevalue("django_db_setup")
    folder = tmp_path_factory.mktemp("demo") / "libro"
    with django_db_blocker.unblock(), time_machine.travel(AHORA, tick=False):
        open_demo(folder, spools=SPOOLS, workers=WORKERS)
        yield folder
        call_command("flush", interactive=False, verbosity=0)


def changes(report_of: LocalBook | XlsxBook) -> tuple[int, int, int, list[str]]:
    report = import_book(report_of)
    return report.changes, report.unadopted, report.unchanged, [line for line in report.lines if "retenida" in line]


@pytest.mark.usefixtures("libro")
def test_the_shop_has_spools_in_every_state() -> None:
    work = set(Spool.objects.values_list("arm_state", "sold_state"))
    quality = set(Spool.objects.values_list("calidad_state", "ciclo"))
    no, begun, done = EstadoTrabajo.PENDIENTE, EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO
    assert work >= {(no, no), (begun, no), (done, no), (done, begun), (done, done), (no, done)}
    assert quality >= {
        (EstadoCalidad.PENDIENTE, 0),
        (EstadoCalidad.PENDIENTE, 1),
        (EstadoCalidad.PENDIENTE, 2),
        (EstadoCalidad.APROBADO, 0),
        (EstadoCalidad.RECHAZADO, 1),
        (EstadoCalidad.RECHAZADO, 2),
        (EstadoCalidad.REPARACION_PAUSADA, 1),
        (EstadoCalidad.BLOQUEADO, 3),
    }
    assert Spool.objects.count() == SPOOLS
    assert Spool.objects.filter(fecha_materiales=None, arm_state=no).exists()
    assert Spool.objects.filter(fecha_materiales__isnull=False, arm_state=no, ocupado_por=None).exists()


@pytest.mark.usefixtures("libro")
def test_a_third_of_the_workers_hold_something_of_each_operation_and_one_for_too_long() -> None:
    held = Spool.objects.ocupados()
    limit = timezone.now() - timedelta(hours=django_settings.OCUPACION_LARGA_HORAS)
    assert set(held.values_list("ocupado_operacion", flat=True)) == {
        Operacion.ARM,
        Operacion.SOLD,
        Operacion.REPARACION,
    }
    assert abs(len(set(held.values_list("ocupado_por", flat=True))) - WORKERS / 3) <= 1
    assert held.filter(ocupado_desde__lt=limit).count() == 1


@pytest.mark.usefixtures("libro")
def test_the_import_lists_every_defect_that_it_cannot_use() -> None:
    listed = Counter(CeldaDudosa.objects.values_list("encabezado", flat=True))
    expected = Counter(defect.listed for defect in DEFECTS.values() if defect.listed)
    assert listed == expected + Counter(["Rol"])
    assert FilaDuplicada.objects.count() == 4


def test_the_defects_that_can_be_read_are_still_in_the_book_and_in_use(libro: Path) -> None:
    text = (libro / "Operaciones.csv").read_text(encoding="utf-8-sig")
    held = Spool.objects.get(ocupado_desde__lt=AHORA - timedelta(days=1))
    assert ",Rojas(93)," in text
    assert f",{held.ocupado_por.worker_nombre if held.ocupado_por else None},461" in text
    assert Spool.objects.filter(diam="2.5").exists()
    assert Spool.objects.filter(diam="1.5").exists()
    assert [spool.tag for spool in Spool.objects.all() if spool.tag_hoja == spool.tag.lower()] != []


def test_importing_the_book_again_changes_nothing(libro: Path) -> None:
    before = holdings(), Evento.objects.count()
    assert changes(LocalBook(libro)) == (0, 0, SPOOLS, [])
    assert changes(XlsxBook(libro.with_name("libro.xlsx"))) == (0, 0, SPOOLS, [])
    assert (holdings(), Evento.objects.count()) == before
    unusable = CeldaDudosa.objects.filter(encabezado__in=headers(Tab.OPERACIONES, Owner.APP))
    behind = Mirror.objects.filter(behind_since__isnull=False)
    assert set(behind.values_list("spool", flat=True)) == set(unusable.values_list("spool", flat=True))


@pytest.mark.usefixtures("libro")
def test_the_journal_runs_forward_and_never_ahead_of_the_clock() -> None:
    told = Evento.objects.exclude(actor_tipo=ActorTipo.HOJA).order_by("id")
    instants = list(told.values_list("instante", flat=True))
    imported = Evento.objects.filter(actor_tipo=ActorTipo.HOJA, accion=Accion.TOMAR)
    assert instants == sorted(instants)
    assert instants[-1] < AHORA
    assert max(imported.values_list("instante", flat=True)) < instants[0]


@pytest.mark.usefixtures("libro")
def test_every_verb_was_said_and_by_no_paired_device() -> None:
    said = set(Evento.objects.exclude(accion="").values_list("accion", flat=True))
    assert said == {str(accion) for accion in Accion}
    assert Evento.objects.exclude(actor_id=None).count() == 0


@pytest.mark.usefixtures("libro")
def test_a_spool_has_one_open_session_when_it_is_held_and_else_none() -> None:
    opened, longest = {}, 0
    for spool in Spool.objects.all():
        sesiones = sessions_of(events_of(spool), AHORA)
        opened[spool.tag] = sum(sesion.cierre is None for sesion in sesiones)
        longest = max(
            [longest, *(sesion.segundos for sesion in sesiones if sesion.cierre in (Accion.PAUSAR, Accion.COMPLETAR))]
        )
    assert opened == {spool.tag: int(spool.ocupado) for spool in Spool.objects.all()}
    assert longest < 6 * 3600
