"""The real product as separate processes, on a database and in a folder of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.ports import answers, free_port, patient, wait_until

ROOT = Path(__file__).resolve().parent.parent

# A process that compiles Django anew takes two seconds longer to start, and the tests start two hundred.
KEPT_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(ROOT / ".venv" / "bytecode")}


def clean_environment(**settings: str) -> dict[str, str]:
    """This process' environment with every setting of the product emptied but those given.

    An empty setting means its default and hides what a developer's `.env` says.
    """
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    names = [line.lstrip("# ").split("=")[0] for line in example.splitlines() if "=" in line]
    unset = dict.fromkeys((name for name in names if name.isupper()), "")
    return os.environ | unset | KEPT_BYTECODE | settings


class LiveTaller:
    """One web process that runs the product, and its manage.py.

    `settings` are the product's settings as environment variables. `base_url` answers after `start`.
    """

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log_path = folder / f"web-{self.port}.log"
        own = {"TALLER_VAR": str(folder / "var"), "PORT": str(self.port), "PUBLIC_URL": self.base_url}
        self.environment = clean_environment(**(own | settings))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the web process and return when it takes connections."""
        command = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(self.port)]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "taller.asgi:application"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        wait_until(self._is_up_or_dead, "web")
        if self.process.poll() is not None:
            raise RuntimeError(f"the web process died while starting:\n{self.log()}")

    def kill(self) -> None:
        """kill -9, as a power cut would: nothing gets to finish."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        return self._end(signal.SIGTERM)

    def restart(self) -> None:
        self.kill()
        self.start()

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a manage.py command in the same settings. The caller judges its exit code."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=600
        )

    def client(self, **options: object) -> httpx.Client:
        """An HTTP client for this process; the caller closes it."""
        return httpx.Client(base_url=self.base_url, timeout=patient(30), **options)  # type: ignore[arg-type]  # handed on

    def _is_up_or_dead(self) -> bool:
        return self.process is None or self.process.poll() is not None or answers(self.port)

    def _end(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(number)
        code = self.process.wait(timeout=patient(15))
        self.process = None
        return code
