"""The relay as a process of its own, on the tests' Google; and a floor that works on whatever happens to it."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from occupation import services
from occupation.refusals import Refused
from occupation.services.mirroring import remember
from occupation.sheets.cycle import Cycle
from occupation.vocabulary import Operacion, Resultado
from tests.books import fila
from tests.contracts.desks import GoogleDesk
from tests.live import ROOT, LiveTaller
from tests.mirror_office import tabs_of
from tests.ports import patient
from tests.sheet_truth import differences, up_to_date
from tests.sheets_server.loading import book_of_rows
from tests.sheets_server.quota import Clock
from tests.sheets_server.server import BOOK_ID, SheetsServer
from tests.shop import SUPERVISOR, TABLET

LARGE_BUDGET = {"SHEETS_READS_PER_MINUTE": "300", "SHEETS_WRITES_PER_MINUTE": "300"}
"""Enough for some seconds of cycle after cycle, so that something is on its way to the sheet at every moment."""

INTERVAL = "0.1"


def server_of(tags: Sequence[str], latency: float = 0.0, clock: Clock | None = None) -> SheetsServer:
    """A spreadsheet of these spools, each of its answers so many seconds away, without quotas."""
    filas = [fila(tag, NV=f"NV{number % 7:04}", Peso_Kg=f"{number},5") for number, tag in enumerate(tags)]
    book = book_of_rows(BOOK_ID, tabs_of(filas))
    return SheetsServer(book, latency=latency, reads=None, writes=None, clock=clock)


def see_once(server: SheetsServer) -> None:
    """Make the sheet's spools and workers the shop's, and write back what a first cycle does."""
    Cycle(GoogleDesk(server).opened()).run()


def equal(server: SheetsServer) -> bool:
    """Whether nothing is left to do between app and sheet."""
    return up_to_date() and not differences(server.office.records)


class LiveRelay:
    """`manage.py sync_sheets` on a database and on the server's book. An `account` tells its requests in the log."""

    def __init__(self, folder: Path, database_url: str, server: SheetsServer, account: str = "") -> None:
        signer = json.dumps(server.account_of(account)) if account else ""
        self.shop = LiveTaller(
            folder,
            {
                "DATABASE_URL": database_url,
                "SHEETS_BACKEND": "google",
                "SHEETS_API_URL": server.url,
                "GOOGLE_SHEET_ID": server.spreadsheet_id,
                "GOOGLE_APPLICATION_CREDENTIALS_JSON": signer,
                **LARGE_BUDGET,
            },
        )
        (folder / "var").mkdir(exist_ok=True)
        self.log_path = folder / f"relay-{account}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return at once."""
        command = [sys.executable, "manage.py", "sync_sheets", "--interval", INTERVAL]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.shop.environment, stdout=log, stderr=log)

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def strike(self) -> None:
        """kill -9, without waiting until it is dead."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)

    def kill(self) -> None:
        """kill -9, whether it still runs or not."""
        self.strike()
        if self.process is not None:
            self.process.wait(timeout=patient(15))
            self.process = None

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")


class Floor:
    """Workers 93 and 94, an inspector and a supervisor who do anything to any spool. `done` counts what was allowed."""

    def __init__(self, tags: list[str], chance: random.Random) -> None:
        self._tags, self._chance = tags, chance
        self.done = 0

    def work_until(self, over: Callable[[], bool], most_seconds: float) -> None:
        """Go on until it is over, or for that long."""
        deadline = time.monotonic() + most_seconds
        while not over() and time.monotonic() < deadline:
            self.act()
            time.sleep(self._chance.uniform(0, 0.04))

    def act(self) -> None:
        """Try one verb; a refusal is no news."""
        tag, worker = self._chance.choice(self._tags), self._chance.choice((93, 94))
        try:
            self._do(self._chance.choice(_VERBS), tag, worker)
        except Refused:
            return
        self.done += 1

    def _do(self, verb: str, tag: str, worker: int) -> None:
        if verb == "tomar":
            operacion = self._chance.choice([Operacion.ARM, Operacion.SOLD, Operacion.REPARACION])
            services.tomar(tag=tag, trabajador_id=worker, operacion=operacion, actor=TABLET)
        elif verb == "inspeccionar":
            resultado = self._chance.choice([Resultado.RECHAZADO, Resultado.APROBADO])
            services.inspeccionar(tag=tag, trabajador_id=95, resultado=resultado, actor=TABLET)
        elif verb == "supervisar":
            supervise = self._chance.choice([services.liberar, services.desbloquear])
            supervise(tag=tag, motivo="prueba", actor=SUPERVISOR)
        else:
            {"pausar": services.pausar, "completar": services.completar, "cancelar": services.cancelar}[verb](
                tag=tag, trabajador_id=worker, actor=TABLET
            )


# What ends a spool's work is seldom: the floor has to find something to do until the end.
_VERBS = (*["tomar"] * 6, *["pausar"] * 4, *["cancelar"] * 2, "completar", "inspeccionar", "supervisar")


def wait_no_longer() -> None:
    """The next relay asks the book at once, whatever the last one spent or was told to wait for."""
    remember(esperar_hasta=None, cubetas={})
