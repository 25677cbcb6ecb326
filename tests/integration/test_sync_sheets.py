"""`manage.py sync_sheets --once`: what it says, what it ends with, and when it ends."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from time_machine import Traveller

from occupation import services
from occupation.models import EstadoHoja
from occupation.queries import find_spool
from occupation.sheets import audit, flush
from occupation.sheets.cycle import Cycle
from occupation.sheets.leader import make_leader
from occupation.sheets.local import LocalBook
from occupation.vocabulary import Operacion
from taller.sheet_health import read_sheet
from tests.books import NOW
from tests.mirror_office import Office, take
from tests.shop import TABLET

pytestmark = pytest.mark.django_db(transaction=True, available_apps=["occupation"])


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code and last line of one cycle by hand."""
    try:
        call_command("sync_sheets", "--once", *arguments)
    except CommandError as error:
        return error.returncode, str(error)
    return 0, capsys.readouterr().out.splitlines()[-1]


def test_once_says_what_it_did_and_then_that_nothing_changed(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, "--dry-run") == (0, "Simulación, nada cambió: nuevas: 3, trabajadores: 3")
    assert told(capsys) == (0, "nuevas: 3, trabajadores: 3, filas escritas: 3")
    assert told(capsys) == (0, "sin cambios: 3")


def test_once_ends_with_the_code_of_what_kept_it(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    leader = make_leader()
    assert leader.leads()
    assert told(capsys)[0] == 4
    leader.resign()
    path = office.book.folder / "Roles.csv"
    good = path.read_bytes()
    path.write_bytes(good.replace(b"Rol", b"Oficio"))
    assert told(capsys)[0] == 3
    path.write_bytes(good)
    assert told(capsys)[0] == 0
    (office.book.folder / "Operaciones.csv").write_bytes(b"\0")
    assert told(capsys)[0] == 5


def test_a_cycle_by_hand_that_does_not_reach_the_book_shows_in_the_health_until_one_does(
    office: Office, capsys: pytest.CaptureFixture[str], clock: Traveller
) -> None:
    assert told(capsys)[0] == 0
    path = office.book.folder / "Operaciones.csv"
    good = path.read_bytes()
    path.write_bytes(b"\0")
    assert told(capsys, "--dry-run")[0] == 5
    assert EstadoHoja.objects.get().error == ""
    assert told(capsys)[0] == 5
    state = EstadoHoja.objects.get()
    assert (state.error_tipo, state.error_desde, state.esperar_hasta) == ("libro", NOW, None)
    assert state.error in str(told(capsys)[1])
    clock.shift(121)
    assert read_sheet().status == "degraded"
    path.write_bytes(good)
    assert told(capsys)[0] == 0
    assert (read_sheet().status, EstadoHoja.objects.get().error_desde) == ("healthy", None)


def test_a_cycle_by_hand_writes_all_that_waits(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flush, "ROWS_PER_WRITE", 2)
    assert told(capsys) == (0, "nuevas: 3, trabajadores: 3, filas escritas: 3")
    assert [row["version"] for row in office.rows()] == [str(find_spool(f"MK-{n}").version) for n in range(3)]


def test_a_cycle_by_hand_ends_when_what_was_owed_fits_exactly_into_one_request(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.sync()
    monkeypatch.setattr(audit, "EVENTS_PER_WRITE", 2)
    for number in range(2):
        services.tomar(tag=f"MK-{number}", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    cycle = Cycle(LocalBook(office.book.folder))
    assert [cycle.run().more, cycle.run().more] == [True, False]


def test_a_deletion_accepted_by_hand_is_accepted_for_every_cycle_after_it(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    first = office.rows()
    office.save([*first, *(first[0] | {"TAG_SPOOL": f"MK-{n}"} for n in range(3, 20))])
    told(capsys)
    take(*range(8))
    told(capsys)
    blank = dict.fromkeys(first[0], "")
    office.save([blank | {"TAG_SPOOL": f"OTRO-{n}"} for n in range(5)])
    assert told(capsys)[0] == 3
    assert told(capsys, "--accept-shrink", "--dry-run") == (
        0,
        "Simulación, nada cambió: nuevas: 5, archivadas: 12",
    )
    assert told(capsys, "--accept-shrink") == (0, "nuevas: 5, archivadas: 12, filas escritas: 5")
    assert told(capsys) == (0, "sin cambios: 5")


def test_options_that_make_no_sense_are_refused_in_a_sentence(office: Office) -> None:
    for options in (["--dry-run"], ["--accept-shrink"], ["--interval", "0"]):
        with pytest.raises(CommandError):
            call_command("sync_sheets", *options)
