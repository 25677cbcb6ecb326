"""Servers and books for what every sheet has to promise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sheets_server.loading import book_of_rows
from tests.sheets_server.quota import Clock
from tests.sheets_server.server import BOOK_ID, SheetsServer

OPERACIONES = [
    ["NV", "TAG_SPOOL", "Fecha_Armado", "DIAM", "Doble", "Listo"],
    ["NV0650", "MK-1", "21-01-2026", "2,5", "=D2*2", "VERDADERO"],
    ["NV0651", "MK-2", "", "4", "=D3*2", ""],
    ["", "", "", "", "", ""],
    ["NV0652", "MK-3", "5/2/2026", "", "", "FALSO"],
]


@pytest.fixture
def server() -> Iterator[SheetsServer]:
    """A small book on a server whose clock stands until it is told to move."""
    book = book_of_rows(BOOK_ID, {"Operaciones": OPERACIONES, "Hoja de notas": [["Nota"], ["uno"]]}, spare=5)
    with SheetsServer(book, clock=Clock(frozen=True)) as running:
        yield running
