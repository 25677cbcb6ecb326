"""What tests on a real database and a real Valkey share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from time_machine import Traveller, travel

from tests.private_valkey import BreakableValkey

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

    from tests.mirror_office import Office
    from tests.shop import Shop


@pytest.fixture(autouse=True)
def _redis_is_asked_again() -> Iterator[None]:
    """A Redis that one test broke is not left alone in the next."""
    from occupation.gateways import connection

    connection._closed_until["monotonic"] = 0.0
    yield
    connection._closed_until["monotonic"] = 0.0


@pytest.fixture
def clock() -> Iterator[Traveller]:
    """Time stands still at the instant at which the tests' books are read."""
    from tests.books import NOW

    with travel(NOW, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def office(tmp_path: Path, settings: Settings) -> Office:
    """People at the shop's book, a folder of CSV files with MK-0, MK-1 and MK-2."""
    from tests.books import fila
    from tests.mirror_office import Office

    settings.TALLER_VAR = tmp_path
    settings.LOCAL_WORKBOOK = tmp_path / "libro"
    return Office(tmp_path / "libro", [fila(f"MK-{n}") for n in range(3)])


@pytest.fixture
def shop(transactional_db: None, valkey: BreakableValkey) -> Iterator[Shop]:
    from tests.shop import Listener, Shop

    client = valkey.client()
    listener = Listener(client)
    yield Shop(valkey, client, listener)
    listener.close()
    client.close()
