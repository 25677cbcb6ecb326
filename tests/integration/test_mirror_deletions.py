"""What the office really deleted while it cannot all leave yet: said once, and done as each piece can."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from time_machine import Traveller

from occupation import services
from occupation.models import Mirror, Retencion, Spool
from occupation.queries import mirror_behind
from occupation.services.holds import permit
from occupation.sheets.cycle import Cycle
from occupation.sheets.flush import Memory
from occupation.sheets.layout import Tab
from occupation.sheets.leader import make_leader
from occupation.sheets.relay import OFFICE_SECONDS, Relay
from occupation.vocabulary import Operacion, TipoRetencion
from taller.sheet_health import read_sheet
from tests.books import NOW, fila
from tests.mirror_office import AnyOffice, mirrored_office, nothing_left, take
from tests.shop import TABLET

pytestmark = [
    pytest.mark.django_db(transaction=True, available_apps=["occupation"]),
    pytest.mark.usefixtures("clock"),
    pytest.mark.sheet,
]

SPOOLS, HELD, NEW = 30, range(8), 12


@pytest.fixture(params=["local", "google"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyOffice]:
    """Thirty spools that the app knows, mirrored once; eight of them are held."""
    with mirrored_office(request.param, tmp_path, [fila(f"MK-{n}") for n in range(SPOOLS)]) as office:
        take(*HELD)
        office.sync()
        yield office


def replace(office: AnyOffice) -> None:
    """The office puts other spools in the place of all there are."""
    blank = dict.fromkeys(office.rows()[0], "")
    office.save([blank | fila(f"NUEVO-{n}") for n in range(NEW)])


def say_yes(office: AnyOffice, *, by_click: bool = True) -> None:
    """The deletion is refused once, and then believed."""
    assert not office.sync().complete
    if by_click:
        permit(Tab.OPERACIONES, TipoRetencion.ENCOGIDA)
    assert office.sync(accept_shrink=not by_click).complete


def gone() -> list[str]:
    return sorted(Mirror.objects.gone().values_list("spool__tag", flat=True))


def alive() -> int:
    return Spool.objects.vivos().count()


def free(number: int) -> None:
    services.pausar(tag=f"MK-{number}", trabajador_id=94, actor=TABLET)


@pytest.mark.parametrize("by_click", [True, False])
def test_a_deletion_that_was_accepted_is_not_refused_again_while_pieces_of_it_are_held(
    office: AnyOffice, *, by_click: bool
) -> None:
    replace(office)
    say_yes(office, by_click=by_click)
    assert (alive(), gone()) == (NEW + len(HELD), [f"MK-{n}" for n in HELD])
    for _ in range(2):
        assert nothing_left(office)
    assert not Retencion.objects.exists()


def test_a_held_piece_of_an_accepted_deletion_leaves_when_it_is_free_and_nobody_is_asked_again(
    office: AnyOffice,
) -> None:
    replace(office)
    say_yes(office)
    for number in HELD:
        free(number)
        report = office.sync()
        assert report.complete
        assert report.imported
        assert report.imported.archived == 1
    assert (alive(), gone(), nothing_left(office)) == (NEW, [], True)


def test_other_rows_that_go_meanwhile_are_a_loss_of_their_own(office: AnyOffice) -> None:
    replace(office)
    say_yes(office)
    free(0)
    left = office.rows()[6:]
    office.save(left)
    report = office.sync()
    assert not report.complete
    one = Retencion.objects.get()
    assert (one.detalle, one.mostrado) == ([f"NUEVO-{n}" for n in range(6)], [[f"NUEVO-{n}"] for n in range(6)])
    assert (alive(), office.rows()) == (NEW + len(HELD), left)
    permit(Tab.OPERACIONES, TipoRetencion.ENCOGIDA)
    assert office.sync().complete
    assert (alive(), gone()) == (NEW - 6 + len(HELD) - 1, [f"MK-{n}" for n in HELD if n])
    assert nothing_left(office)


def test_rows_of_held_pieces_that_come_back_are_written_again_and_may_not_go_again_unasked(
    office: AnyOffice, clock: Traveller
) -> None:
    before = {row["TAG_SPOOL"]: row for row in office.rows()}
    replace(office)
    say_yes(office)
    new = office.rows()
    office.save([*new, *(before[f"MK-{n}"] for n in HELD)])
    clock.shift(60)
    services.completar(tag="MK-7", trabajador_id=94, actor=TABLET)
    assert office.sync().complete
    assert (gone(), alive(), office.row("MK-7")["Ocupado_Por"]) == ([], NEW + len(HELD), "")
    assert office.row("MK-0")["Ocupado_Por"] == "JP(94)"
    assert nothing_left(office)
    office.save(new)
    assert not office.sync().complete
    assert alive() == NEW + len(HELD)


def test_since_when_a_held_piece_has_no_row_is_written_once(office: AnyOffice, clock: Traveller) -> None:
    office.save([row for row in office.rows() if row["TAG_SPOOL"] != "MK-3"])
    assert office.sync().complete
    clock.shift(60)
    with CaptureQueriesContext(connection) as asked:
        assert not office.sync().effective
    written = [one["sql"] for one in asked if not one["sql"].startswith("SELECT")]
    assert [sql for sql in written if "occupation_mirror" in sql or "occupation_spool" in sql] == []
    assert list(Mirror.objects.gone().values_list("spool__tag", "gone_since")) == [("MK-3", NOW)]


def test_what_has_no_row_any_more_waits_for_no_sheet(office: AnyOffice, clock: Traveller) -> None:
    rows = office.rows()
    take(20)
    office.save([row for row in rows if row["TAG_SPOOL"] != "MK-20"])
    office.sync()
    clock.shift(timedelta(minutes=5))
    office.sync()
    assert (gone(), mirror_behind()[0], read_sheet().atraso_filas) == (["MK-20"], 0, 0)
    office.save(rows)
    office.sync()
    assert (gone(), office.row("MK-20")["Ocupado_Por"]) == ([], "JP(94)")
    assert nothing_left(office)


def unreadable(row: dict[str, str]) -> dict[str, str]:
    return row | {"TAG_SPOOL": "#REF!", "version": ""}


def test_a_deletion_that_was_accepted_while_a_tag_cannot_be_read_is_done_once_all_can(office: AnyOffice) -> None:
    rows = office.rows()
    left = [*rows[:5], *rows[15:29]]
    office.save([*left, unreadable(rows[29])])
    say_yes(office)
    assert (alive(), gone()) == (SPOOLS, sorted(f"MK-{n}" for n in (*range(5, 15), 29)))
    for _ in range(2):
        assert nothing_left(office)
    assert not Retencion.objects.exists()
    office.save([*left, rows[29]])
    assert office.sync().complete
    assert (alive(), gone()) == (SPOOLS - 7, ["MK-5", "MK-6", "MK-7"])
    assert nothing_left(office)


def test_spools_whose_tags_break_bit_by_bit_after_an_accepted_deletion_do_not_leave_unasked(
    office: AnyOffice,
) -> None:
    rows = office.rows()
    left = [*rows[:8], *rows[18:]]
    office.save([*left, unreadable(rows[8])])
    say_yes(office)
    for number in range(13, 18):
        left[number] = unreadable(left[number])
        office.save(left)
        assert office.sync().complete
    left[12] = unreadable(left[12])
    for shown in (left, [*left[:12], *left[18:]]):
        office.save(shown)
        assert not office.sync().complete
        assert Retencion.objects.get().mostrado == [[f"MK-{n}"] for n in range(22, 28)]
    assert alive() == SPOOLS


def test_cycles_that_read_only_our_columns_go_on_writing_after_an_accepted_deletion(office: AnyOffice) -> None:
    replace(office)
    say_yes(office)
    memory, book = Memory(), office.desk.opened()
    services.tomar(tag="NUEVO-1", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    assert Cycle(book, memory, office=False).run().rows == 1
    assert office.row("NUEVO-1")["Ocupado_Por"] == "JP(94)"
    office.save(office.rows()[6:])
    services.tomar(tag="NUEVO-9", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)
    assert Cycle(book, memory, office=False).run().rows == 0


def test_a_relay_at_work_is_asked_once_however_long_the_pieces_are_held(office: AnyOffice, clock: Traveller) -> None:
    replace(office)
    seconds = 0.0
    relay = Relay(office.desk.opened(), make_leader(), 5, clock=lambda: seconds)

    def turns(long: float) -> None:
        nonlocal seconds
        end = seconds + long
        while seconds < end:
            rest = max(relay.turn(), 1)
            seconds += rest
            clock.shift(rest)

    turns(OFFICE_SECONDS + 5)
    assert [one.tipo for one in Retencion.objects.all()] == ["encogida"]
    permit(Tab.OPERACIONES, TipoRetencion.ENCOGIDA)
    turns(5 * OFFICE_SECONDS)
    assert (Retencion.objects.count(), alive(), len(gone())) == (0, NEW + len(HELD), len(HELD))
    free(0)
    turns(2 * OFFICE_SECONDS)
    assert (Retencion.objects.count(), alive(), len(gone())) == (0, NEW + len(HELD) - 1, len(HELD) - 1)
    relay.leader.resign()
