"""What the mirror does when the office swaps a tab for a copy of it: the name stays, and another tab has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from occupation import services
from occupation.models import Retencion
from occupation.sheets.cycle import Cycle
from occupation.sheets.flush import Memory
from occupation.sheets.layout import Tab
from occupation.vocabulary import Operacion
from tests.books import fila
from tests.contracts.desks import GoogleDesk
from tests.mirror_office import AnyOffice, mirrored_office
from tests.shop import TABLET

OLD = "Operaciones vieja"

pytestmark = [
    pytest.mark.django_db(transaction=True, available_apps=["occupation"]),
    pytest.mark.usefixtures("clock"),
    pytest.mark.sheet,
]


@pytest.fixture
def sheet(tmp_path: Path) -> Iterator[AnyOffice]:
    with mirrored_office("google", tmp_path, [fila(f"MK-{n}") for n in range(3)]) as office:
        yield office


def take(number: int) -> None:
    services.tomar(tag=f"MK-{number}", trabajador_id=94, operacion=Operacion.ARM, actor=TABLET)


def test_a_tab_swapped_for_its_copy_between_two_cycles_is_the_one_that_is_written(sheet: AnyOffice) -> None:
    assert isinstance(sheet.desk, GoogleDesk)
    office, book, memory = sheet.desk.server.office, sheet.shared(), Memory()
    for _ in range(2):
        take(0)
        Cycle(book, memory).run()
        services.cancelar(tag="MK-0", trabajador_id=94, actor=TABLET)
    office.swap_for_copy(Tab.OPERACIONES, OLD)
    take(1)
    assert Cycle(book, memory).run().complete
    take(2)
    old = office.table(OLD)
    Cycle(book, memory).run()
    assert [sheet.row(f"MK-{n}")["Ocupado_Por"] for n in range(3)] == ["", "JP(94)", "JP(94)"]
    assert office.table(OLD) == old


def test_a_tab_swapped_for_its_copy_while_it_was_held_is_written_and_the_old_one_never(sheet: AnyOffice) -> None:
    assert isinstance(sheet.desk, GoogleDesk)
    office, book, memory = sheet.desk.server.office, sheet.shared(), Memory()
    Cycle(book, memory).run()
    sheet.rename("Armador", "Quien arma")
    take(1)
    Cycle(book, memory).run()
    assert Retencion.objects.count() == 1
    office.swap_for_copy(Tab.OPERACIONES, OLD)
    sheet.rename("Quien arma", "Armador")
    old = office.table(OLD)
    assert Cycle(book, memory).run().complete
    assert (sheet.row("MK-1")["Ocupado_Por"], office.table(OLD)) == ("JP(94)", old)
