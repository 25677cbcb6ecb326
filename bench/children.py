"""The bench's child programs: each prints one JSON document, so that what is measured stands alone in its process."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from tests.live import ROOT

CHILD_SECONDS = 4_500


def run_child(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Run a child to its end and return what it printed. Raises RuntimeError with its complaint."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=CHILD_SECONDS
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def start(out: IO[bytes], module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start another child, which prints into `out`."""
    return subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=out)


def said(out: IO[bytes]) -> dict[str, Any]:
    """What a child that has ended printed."""
    out.seek(0)
    found: dict[str, Any] = json.loads(out.read())
    return found


def open_django() -> None:
    """For a child that works inside the product."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taller.settings")
    django.setup()


@dataclass(slots=True)
class Spent:
    """Wall and processor seconds since it was made, and the most memory this process ever had, in MB."""

    began: float
    cpu_began: float

    @classmethod
    def start(cls) -> Spent:
        """Begin now."""
        return cls(time.perf_counter(), time.process_time())

    def so_far(self) -> dict[str, float]:
        """What was spent."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {
            "seconds": time.perf_counter() - self.began,
            "cpu": time.process_time() - self.cpu_began,
            "peak_mb": peak,
        }


def say(document: Mapping[str, object]) -> None:
    """Print the answer of a child."""
    print(json.dumps(document))
