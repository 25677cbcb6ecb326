"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import django

from taller import VERSION
from tests.conftest import CHROMIUM
from tests.postgres import postgres_binaries

NOT_INSTALLED = "not installed: its rows are left out"


def describe() -> dict[str, object]:
    """The facts that a reader needs to compare: processor, versions, how safe the databases are set."""
    return {
        "measured": datetime.now(UTC).isoformat(timespec="minutes"),
        "product": VERSION,
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "load before": f"{os.getloadavg()[0]:.1f} (others' work on the same machine makes every figure worse)",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_version()}, Django {django.get_version()}",
        "sqlite": f"{sqlite3.sqlite_version}, WAL, synchronous=FULL",
        "postgresql": _postgres(),
        "chromium": _version(CHROMIUM) if CHROMIUM.exists() else NOT_INSTALLED,
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _postgres() -> str:
    binaries = postgres_binaries()
    if binaries is None:
        return NOT_INSTALLED
    return f"{_version(binaries / 'postgres')}, fsync and synchronous_commit on"


def _version(program: Path) -> str:
    """The first number a program says when asked for its version."""
    done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True)
    return next(word for word in done.stdout.split() if word[0].isdigit())
