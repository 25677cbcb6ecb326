"""The admin's page of the book's upgrades: which one stands, how far it got, and what the office may do next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from time_machine import Traveller, travel

from tests.office import OFFICE, logged_in, words

if TYPE_CHECKING:
    from tests.upgrade_office import V21Office

pytestmark = [OFFICE, pytest.mark.sheet]

NOW = datetime(2026, 3, 3, 21, 30, tzinfo=UTC)
NAME = "2026-03-03_18-30-00"
NOBODY = "Hasta entonces nadie toca el libro."
MEJORAS = "/admin/occupation/bookupgrade/"


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def office(tmp_path: Path, clock: Traveller) -> Iterator[V21Office]:
    from tests.upgrade_office import v21_office

    with v21_office("google", tmp_path) as office:
        yield office


def told(state: str, what: str) -> None:
    """What the list says of the only upgrade, and its page too."""
    from django.contrib.auth.models import User

    from occupation.models import BookUpgrade

    User.objects.all().delete()
    ana = logged_in("ana", "supervisores")
    assert f"{NAME} {state} 03-03-2026 18:30 {what}" in words(ana.get(MEJORAS))
    page = words(ana.get(f"{MEJORAS}{BookUpgrade.objects.get().pk}/change/"))
    assert (f"Estado: {state}" in page, f"Qué hacer: {what}" in page) == (True, True)


def test_an_upgrade_says_until_when_the_book_can_be_as_before(office: V21Office, clock: Traveller) -> None:
    office.upgrade()
    way_back = f"Hasta el 10-03-2026 18:30 se puede volver al libro de antes: manage.py sheets_rollback {NAME}."
    told("vigente: el libro es v3.0", f"Nada. {way_back}")
    clock.shift(timedelta(days=8))
    told("vigente: el libro es v3.0", "Nada. Las hojas del respaldo pueden borrarse del libro.")


@pytest.mark.parametrize(
    ("call", "step", "what"),
    [
        ("copy_tabs", "anunciada", "Empezarla otra vez: manage.py sheets_upgrade. El libro todavía está como antes."),
        (
            "apply",
            "verificada",
            f"Terminarla: manage.py sheets_upgrade, o volver atrás: manage.py sheets_rollback {NAME}. {NOBODY}",
        ),
    ],
)
def test_an_upgrade_that_stopped_halfway_says_how_far_it_got(
    office: V21Office, call: str, step: str, what: str
) -> None:
    from tests.upgrade_office import Died, DyingBook

    with pytest.raises(Died):
        office.upgrade(DyingBook(office.desk.opened(), call))
    told(f"a medias: {step}", what)


def test_a_way_back_says_that_it_is_half_done_and_then_that_it_is_done(office: V21Office) -> None:
    from tests.upgrade_office import Died, DyingBook

    office.upgrade()
    with pytest.raises(Died):
        office.go_back(NAME, DyingBook(office.desk.opened(), "restore_tabs"))
    finish = f"Terminarla: manage.py sheets_rollback {NAME}. {NOBODY}"
    told("la vuelta al respaldo quedó a medias", finish)
    office.go_back(NAME)
    again = "Nada. Para mejorar el libro otra vez: manage.py sheets_upgrade."
    told("deshecha: el libro volvió a este respaldo", again)
