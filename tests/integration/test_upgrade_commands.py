"""`sheets_plan`, `sheets_upgrade` and `sheets_rollback` as an office uses them, and what each refuses."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from pytest_django import Settings
from time_machine import travel

from occupation import services
from occupation.models import BookUpgrade, EstadoHoja
from occupation.services.mirroring import remember
from occupation.sheets import shop
from occupation.sheets.layout import Tab
from occupation.sheets.leader import make_leader
from occupation.vocabulary import Operacion
from tests.contracts.desks import GoogleDesk, LocalDesk
from tests.shop import TABLET
from tests.upgrade_office import Died, DyingBook, V21Office, v21_office

NOW = datetime(2026, 3, 3, 21, 30, tzinfo=UTC)
NAME = "2026-03-03_18-30-00"

pytestmark = [pytest.mark.django_db(transaction=True, available_apps=["occupation"]), pytest.mark.sheet]


@pytest.fixture(params=["local", "google"])
def office(
    request: pytest.FixtureRequest, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[V21Office]:
    monkeypatch.setattr(shop, "PATIENCE_SECONDS", 0.0)  # by a clock that stands, no file is ever old enough
    settings.TALLER_VAR = tmp_path
    settings.SHEETS_READS_PER_MINUTE = settings.SHEETS_WRITES_PER_MINUTE = 10_000
    with v21_office(request.param, tmp_path / "libro") as office, travel(NOW, tick=False):
        settings.SHEETS_BACKEND = request.param
        settings.LOCAL_WORKBOOK = tmp_path / "libro"
        if isinstance(office.desk, GoogleDesk):
            settings.SHEETS_API_URL = office.desk.server.url
            settings.GOOGLE_SHEET_ID = office.desk.server.spreadsheet_id
        yield office


def run(*command: str) -> list[str]:
    said = io.StringIO()
    call_command(*command, stdout=said)
    return said.getvalue().splitlines()


def everything() -> dict[str, list[dict[str, object]]]:
    """Every row of the shop."""
    models = apps.get_app_config("occupation").get_models()
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in models}


def refused(*command: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as error:
        run(*command)
    return error.value.returncode, str(error.value)


def test_the_plan_says_tab_by_tab_what_is_missing_and_what_would_be_written(office: V21Office) -> None:
    assert run("sheets_plan") == [
        "Operaciones: 7 filas",
        "Operaciones: falta «Ocupado_Por», obligatorio",
        "Operaciones: falta «Fecha_Ocupacion», obligatorio",
        "Operaciones: falta «version», obligatorio",
        "Operaciones: falta «Estado_Detalle», obligatorio",
        "Operaciones: se agregaría «Ocupado_Por» en la columna BV",
        "Operaciones: se agregaría «Fecha_Ocupacion» en la columna BW",
        "Operaciones: se agregaría «version» en la columna BX",
        "Operaciones: se agregaría «Estado_Detalle» en la columna BY",
        "Trabajadores: 3 filas",
        "Trabajadores: falta «Rol», opcional: no hace falta",
        "Roles: 4 filas; no falta ningún encabezado",
        "Metadata: 0 filas; no falta ningún encabezado",
        "Se duplicarían 5 hojas: " + ", ".join(office.desk.opened().titles()),
        "Operaciones: al inicializar, «version» en 5 filas",
        "Operaciones: al inicializar, «Estado_Detalle» en 5 filas",
        "Operaciones: 2 filas repetidas o sin tag quedan como están",
    ]


def test_plan_and_dry_run_leave_no_trace(office: V21Office, tmp_path: Path) -> None:
    tables, files = everything(), sorted(tmp_path.rglob("*"))
    assert run("sheets_upgrade", "--dry-run") == ["Simulación, nada cambia:", *run("sheets_plan")]
    assert (everything(), dict(office.desk.stored()), sorted(tmp_path.rglob("*"))) == (tables, office.before, files)
    if isinstance(office.desk, GoogleDesk):
        assert office.desk.server.log.counts()["write"] == 0


def test_an_upgrade_tells_its_steps_and_the_backups_name_alone_on_a_line(office: V21Office) -> None:
    said = run("sheets_upgrade")
    assert said[:4] == ["respaldado", f"Respaldo: {NAME}", "encabezados agregados", "encabezados verificados"]
    assert said[-1] == "El libro es v3.0"
    assert {title for title in office.desk.stored() if title.endswith(NAME)} == {
        f"{title} {NAME}" for title in office.before
    }
    assert run("sheets_plan")[-1] == "El libro ya es v3.0: no hay nada que hacer."
    assert run("sheets_upgrade") == ["El libro ya es v3.0: no hay nada que hacer.", f"Respaldo: {NAME}"]


def test_going_back_by_command_is_going_back(office: V21Office) -> None:
    run("sheets_upgrade")
    remember(escrituras="[]")
    said = run("sheets_rollback", NAME)
    assert EstadoHoja.objects.get().escrituras == ""
    assert said[-1] == f"El libro está como en el respaldo {NAME}. Queda retenido hasta que se mejore otra vez."
    assert office.originals() == office.before
    assert "falta «version», obligatorio" in "\n".join(run("sheets_plan"))
    again = run("sheets_rollback", NAME)
    assert (again, office.originals()) == (said[-1:], office.before)


def test_nothing_is_written_while_the_relay_leads(office: V21Office) -> None:
    leader = make_leader()
    assert leader.leads()
    assert refused("sheets_upgrade")[0] == 4
    assert refused("sheets_rollback", NAME)[0] == 4
    assert run("sheets_plan")
    leader.resign()
    assert (dict(office.desk.stored()), BookUpgrade.objects.count()) == (office.before, 0)


def test_a_header_that_v21_had_is_never_added_as_a_blank_column(office: V21Office) -> None:
    office.rename("Fecha_Armado", "Fecha de armado")
    before = dict(office.desk.stored())
    code, sentence = refused("sheets_upgrade")
    assert (code, "«Fecha_Armado»" in sentence) == (3, True)
    assert refused("sheets_plan")[0] == 3
    assert (dict(office.desk.stored()), BookUpgrade.objects.count()) == (before, 0)


@pytest.mark.parametrize("tab", [Tab.METADATA, Tab.OPERACIONES])
def test_a_tab_that_is_gone_is_named_and_nothing_is_done(office: V21Office, tab: Tab) -> None:
    office.desk.delete(tab)
    before = dict(office.desk.stored())
    code, sentence = refused("sheets_upgrade")
    assert (code, f"no tiene la hoja «{tab}»" in sentence) == (3, True)
    assert dict(office.desk.stored()) == before


def test_a_backup_that_nobody_made_is_refused_with_the_names_there_are(office: V21Office) -> None:
    assert refused("sheets_rollback", NAME) == (3, f"No hay un respaldo «{NAME}». Los que hay: ninguno.")
    run("sheets_upgrade")
    assert refused("sheets_rollback", "ayer") == (3, f"No hay un respaldo «ayer». Los que hay: {NAME}.")


def test_a_backup_older_than_a_week_is_not_put_back_even_by_force(office: V21Office) -> None:
    run("sheets_upgrade")
    after = dict(office.desk.stored())
    with travel(NOW + timedelta(days=7, seconds=1), tick=False):
        for force in ([], ["--force"]):
            code, sentence = refused("sheets_rollback", NAME, *force)
            assert (code, "más de 7 días" in sentence) == (3, True)
    assert dict(office.desk.stored()) == after
    with travel(NOW + timedelta(days=7), tick=False):
        run("sheets_rollback", NAME)
    assert office.originals() == office.before


def test_half_a_backup_is_not_put_back(office: V21Office) -> None:
    run("sheets_upgrade")
    office.desk.delete(f"Roles {NAME}")
    after = dict(office.desk.stored())
    code, sentence = refused("sheets_rollback", NAME, "--force")
    assert (code, f"Roles {NAME}" in sentence) == (3, True)
    assert dict(office.desk.stored()) == after


def test_what_the_floor_did_since_is_not_lost_without_force(office: V21Office) -> None:
    run("sheets_upgrade")
    office.sync()
    services.tomar(tag="MK-5", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    code, sentence = refused("sheets_rollback", NAME)
    assert (code, "1 evento del taller" in sentence) == (3, True)
    office.sync()
    after = dict(office.desk.stored())
    code, sentence = refused("sheets_rollback", NAME)
    assert "1 evento del taller, 1 fila de Operaciones, 1 fila de Metadata" in sentence
    assert dict(office.desk.stored()) == after
    run("sheets_rollback", NAME, "--force")
    assert office.originals() == office.before


def test_what_the_office_typed_since_is_not_lost_without_force(office: V21Office) -> None:
    run("sheets_upgrade")
    office.edit("MK-5", Notas="urgente")
    code, sentence = refused("sheets_rollback", NAME)
    assert (code, "1 fila de Operaciones" in sentence) == (3, True)
    run("sheets_rollback", NAME, "--force")
    assert office.originals() == office.before


def test_what_the_office_typed_while_a_way_back_lay_half_done_is_not_lost_without_force(office: V21Office) -> None:
    run("sheets_upgrade")
    with pytest.raises(Died):
        office.go_back(NAME, DyingBook(office.desk.opened(), "restore_tabs"))
    office.edit("MK-5", Notas="urgente")
    typed = dict(office.desk.stored())
    sentence = (
        f"Desde que empezó la vuelta al respaldo {NAME} alguien escribió en Operaciones, y se perdería. "
        "Cópielo a otra hoja, o deshágalo, y repita; para volver igual, repita con --force."
    )
    assert refused("sheets_rollback", NAME) == (3, sentence)
    assert dict(office.desk.stored()) == typed
    with pytest.raises(Died):
        office.go_back(NAME, DyingBook(office.desk.opened(), "restore_tabs"), force=True)
    run("sheets_rollback", NAME)  # what --force was told to lose is not asked about again
    assert office.originals() == office.before


def test_what_the_office_types_into_a_tab_that_is_already_back_is_not_lost_either(office: V21Office) -> None:
    run("sheets_upgrade")
    with pytest.raises(Died):
        office.go_back(NAME, DyingBook(office.desk.opened(), "restore_tabs", after=True))
    office.desk.retype(Tab.ROLES, [*office.desk.table(Tab.ROLES), ["95", "Soldador", "TRUE"]])
    assert "alguien escribió en Roles, y se perdería" in refused("sheets_rollback", NAME)[1]
    run("sheets_rollback", NAME, "--force")
    assert office.originals() == office.before


def test_a_way_back_that_is_half_done_keeps_everybody_else_away(office: V21Office) -> None:
    run("sheets_upgrade")
    office.edit("MK-5", Notas="urgente")
    with pytest.raises(Died):
        office.go_back(NAME, DyingBook(office.desk.opened(), "restore_tabs"), force=True)
    assert f"sheets_rollback {NAME}" in refused("sheets_upgrade")[1]
    assert not office.sync().complete
    run("sheets_rollback", NAME)
    assert office.originals() == office.before


def test_a_book_that_cannot_be_reached_ends_with_its_own_code(office: V21Office) -> None:
    if isinstance(office.desk, LocalDesk):
        office.desk.folder.rename(office.desk.folder.with_name("otro"))
    else:
        assert isinstance(office.desk, GoogleDesk)
        office.desk.server.share(shared=False)
    for command in (["sheets_plan"], ["sheets_upgrade"], ["sheets_upgrade", "--dry-run"]):
        assert refused(*command)[0] == 5


@pytest.mark.parametrize("command", ["sheets_plan", "sheets_upgrade", "sheets_rollback"])
def test_each_command_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command(command, "--help")
    assert f"Ejemplo: manage.py {command}" in capsys.readouterr().out
