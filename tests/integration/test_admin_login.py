"""The admin's door: closed for a while to a user and address that fail too often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from tests.office import OFFICE, words

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

pytestmark = OFFICE

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
LOGIN = "/admin/login/"


@pytest.fixture(autouse=True)
def _marta(transactional_db: None) -> None:
    from django.contrib.auth.models import User

    for name in ("marta", "ana"):
        User.objects.create_user(name, password="una-clave-larga", is_staff=True)


def enter(password: str, user: str = "marta", address: str = "10.0.0.7") -> Page:
    from django.test import Client

    fields = {"username": user, "password": password, "next": "/admin/"}
    return Client(REMOTE_ADDR=address).post(LOGIN, fields)


def test_five_failures_close_the_door_to_that_user_from_that_address() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        assert [enter("no es esta").status_code for _ in range(4)] == [200] * 4
        assert "Demasiados intentos" in words(enter("no es esta"))
        closed = enter("una-clave-larga")
        assert closed.status_code == 429
        assert "La clave de marta se escribió mal 5 veces desde este equipo." in words(closed)
        assert "Espere 15 minutos y vuelva a entrar." in words(closed)
        assert enter("una-clave-larga", user="ana").status_code == 302
        assert enter("una-clave-larga", address="10.0.0.8").status_code == 302
        clock.shift(timedelta(minutes=15, seconds=1))
        assert enter("una-clave-larga").headers["Location"] == "/admin/"


def test_a_right_password_forgets_the_failures_before_it() -> None:
    for _ in range(3):
        assert [enter("no es esta").status_code for _ in range(4)] == [200] * 4
        assert enter("una-clave-larga").status_code == 302


def test_passwords_are_kept_nowhere_when_they_are_wrong() -> None:
    from axes.models import AccessAttempt

    enter("mi-otra-clave")
    assert "mi-otra-clave" not in str(AccessAttempt.objects.values().get())
