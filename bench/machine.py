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
from tests.postgres import postgres_binaries


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
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _postgres() -> str:
    binaries = postgres_binaries()
    if binaries is None:
        return "not installed: its rows are left out"
    done = subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=True)
    return f"{done.stdout.split()[-1]}, fsync and synchronous_commit on"
