"""`make run`: the whole product in the foreground of one terminal, until Ctrl-C.

Honcho's Manager would do most of this, but it ends with code 130 on Ctrl-C, answers in English and knows nothing
of Valkey's socket or of printing links once the web answers; what is left of it is the loop in `watch`.
"""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from taller.env import Environment, load
from taller.limits import raise_file_limit
from taller.private_valkey import NoValkeyError, PrivateValkey
from taller.reader import BadEnvironmentError

ROOT = Path(__file__).resolve().parent.parent

# The web gets this long to finish what it is answering; with Valkey's end everything is over within 5 s.
DRAIN_SECONDS = 3.0
START_SECONDS = 30.0

# A cycle of the relay that is cut short is finished by the next one, so nobody waits long for it.
RELAY_SECONDS = 1.0

# A Valkey that will not start is tried again after these seconds, twice as many each time.
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


RELAY = [sys.executable, "manage.py", "sync_sheets"]


class Interruption:
    """What Ctrl-C and SIGTERM do: KeyboardInterrupt, once. A second one must not cut the closing short."""

    def __init__(self) -> None:
        self._held = False
        self._came = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._came = True
        if not self._held:
            raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raise it at the end instead: a process that was started, but is not known yet, would be left behind."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._came:
            raise KeyboardInterrupt


interruption = Interruption()


class StoppedError(Exception):
    """The product cannot start or go on. Its text is a sentence for the person at the terminal."""


def main() -> int:
    signal.signal(signal.SIGINT, interruption)
    signal.signal(signal.SIGTERM, interruption)
    try:
        run(load(ROOT))
    except KeyboardInterrupt:
        print("\nTaller cerrado.", flush=True)
        return 0
    except (BadEnvironmentError, StoppedError) as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def run(environment: Environment) -> None:
    """Start everything, print the links and watch until interrupted; then stop everything."""
    if environment.redis_url:
        print("Redis: el de REDIS_URL.", flush=True)
    check_port(environment.bind, environment.port)
    raise_file_limit()
    with redis_service(environment) as valkey:
        step("taller.preparation", "No se pudo preparar el taller. Arriba dice por qué.")
        with child(web_command(environment)) as web:
            wait_for_web(web, environment)
            print(f"\nTaller abierto en {environment.public_url}\n", flush=True)
            step("taller.links", "No se pudieron crear los enlaces. Arriba dice por qué.")
            warn_about_address(environment)
            with relay_kept() as relay:
                print("\nCtrl-C lo cierra.", flush=True)
                watch(web, valkey, relay)


def check_port(bind: str, port: int) -> None:
    """StoppedError unless the web will be able to listen there."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            raise StoppedError(_port_sentence(error, bind, port)) from None


def _port_sentence(error: OSError, bind: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"El puerto {port} ya está en uso. Cierre el otro programa o elija otro: make run PORT={port + 1}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"BIND: {bind} no es una dirección de esta máquina. Para toda la red del taller: make run BIND=0.0.0.0"
    if error.errno == errno.EACCES:
        return f"El puerto {port} necesita permisos de administrador. Elija otro: make run PORT=8000"
    return f"No se puede escuchar en {bind}:{port}: {error.strerror}"


@contextmanager
def redis_service(environment: Environment) -> Iterator[PrivateValkey | None]:
    """A Valkey of our own, named in REDIS_URL for the processes started from here, unless one is configured."""
    with ExitStack() as closing:
        yield None if environment.redis_url else own_valkey(environment.var / "valkey", closing)


def own_valkey(folder: Path, closing: ExitStack) -> PrivateValkey | None:
    """A started Valkey, or None after saying why there is none: the shop works without it."""
    try:
        valkey = PrivateValkey(folder)
        closing.callback(valkey.stop)
        valkey.start(interruption.held())
    except NoValkeyError as error:
        print(f"Redis: ninguno, porque {error}. El taller funciona igual.", flush=True)
        return None
    os.environ["REDIS_URL"] = valkey.url
    print(f"Redis: un Valkey propio, en {valkey.url}", flush=True)
    return valkey


def step(module: str, failure: str) -> None:
    """Run one of our modules as its own process, so that this one stays small; StoppedError if it fails."""
    with child([sys.executable, "-m", module]) as process:
        if process.wait() != 0:
            raise StoppedError(failure)


def web_command(environment: Environment) -> list[str]:
    daphne = [sys.executable, "-m", "daphne", "-v", "0", "--no-server-name"]
    return [*daphne, "-b", environment.bind, "-p", str(environment.port), "taller.asgi:application"]


@contextmanager
def child(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own: the terminal's Ctrl-C reaches only us, and we let it finish its answers."""
    process: subprocess.Popen[bytes] | None = None
    try:
        with interruption.held():
            process = _started(command)
        yield process
    finally:
        if process is not None:
            _end(process)


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True)


def wait_for_web(web: subprocess.Popen[bytes], environment: Environment) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(environment):
        if web.poll() is not None or time.monotonic() > deadline:
            raise StoppedError("El servidor web no pudo iniciarse. Arriba dice por qué.")
        time.sleep(0.05)


def _answers(environment: Environment) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(environment.bind, environment.bind)  # noqa: S104  where to knock
    try:
        socket.create_connection((host, environment.port), timeout=1).close()
    except OSError:
        return False
    return True


def warn_about_address(environment: Environment) -> None:
    if environment.bind not in {"127.0.0.1", "::1"} and environment.public_host in {"127.0.0.1", "localhost"}:
        print(
            "\nAviso: las tabletas de la red no podrán entrar, pues PUBLIC_URL nombra solo esta máquina.\n"
            f"Use: make run BIND={environment.bind} PUBLIC_URL=http://<ip de esta máquina>:{environment.port}",
            flush=True,
        )


def watch(web: subprocess.Popen[bytes], valkey: PrivateValkey | None, relay: "RelayKeeper") -> None:
    """Return never: KeyboardInterrupt on Ctrl-C or SIGTERM, StoppedError when the web dies.

    Valkey and the sheet's relay are brought back instead. The shop works without them: claims are made anew from the
    database, and what the sheet lacks waits there.
    """
    keeper = ValkeyKeeper(valkey) if valkey else None
    while True:
        time.sleep(0.2)
        if web.poll() is not None:
            raise StoppedError(f"El servidor web se detuvo solo (código {web.returncode}). Vuelva a abrir: make run")
        if keeper:
            keeper.look()
        relay.look()


@contextmanager
def relay_kept() -> Iterator["RelayKeeper"]:
    """The relay between app and sheet, for as long as the shop is open."""
    keeper = RelayKeeper()
    try:
        keeper.start()
        yield keeper
    finally:
        keeper.end()


class RelayKeeper:
    """Starts a relay that died again, after a pause that grows while it keeps dying."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = FIRST_PAUSE_SECONDS
        self._not_before = 0.0

    def start(self) -> None:
        with interruption.held():
            self._process = _started(RELAY)

    def look(self) -> None:
        """Start it again if it died and the pause is over."""
        now = time.monotonic()
        if self._process is None or self._process.poll() is None or now < self._not_before:
            return
        if now > self._not_before + LONGEST_PAUSE_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        _warn(f"El proceso que lleva la hoja se detuvo (código {self._process.returncode}); se inicia de nuevo.")
        self.start()
        self._not_before = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    def end(self) -> None:
        """Stop it."""
        if self._process:
            _end(self._process, RELAY_SECONDS)


class ValkeyKeeper:
    """Starts a Valkey that died again, for as long as it takes; what fails meanwhile is said once and stops nothing."""

    def __init__(self, valkey: PrivateValkey) -> None:
        self._valkey = valkey
        self._pause = FIRST_PAUSE_SECONDS
        self._not_before = 0.0
        self._is_out = False

    def look(self) -> None:
        """Try again, unless it lives or was tried a short while ago."""
        now = time.monotonic()
        if self._valkey.is_alive or now < self._not_before:
            return
        if now > self._not_before + LONGEST_PAUSE_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        if not self._is_out:
            _warn("Valkey se detuvo; se inicia de nuevo.")
        self._start()
        self._not_before = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    def _start(self) -> None:
        try:
            self._valkey.start(interruption.held())
        except NoValkeyError as error:
            if not self._is_out:
                _warn(f"Valkey no vuelve: {error}. El taller sigue sin él y lo intenta cada cierto rato.")
            self._is_out = True
        else:
            if self._is_out:
                _warn("Valkey volvió.")
            self._is_out = False


def _warn(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _end(process: subprocess.Popen[bytes], seconds: float = DRAIN_SECONDS) -> None:
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
