"""Runs the suite on SQLite and on PostgreSQL at once, and shows the reports one after the other.

On SQLite the tests that start processes, which mostly wait for them, run beside the others. What follows the module's
name goes to every run of pytest. The exit code is 0 only if all passed.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
COVERAGE = VAR / "coverage"

RUNS = {
    "sqlite": ["--database=sqlite", "--processes=without"],
    "sqlite-processes": ["--database=sqlite", "--processes=only"],
    "postgres": ["--database=postgres"],
}

# pytest's code for "no tests ran", which is what a selection that concerns one of the runs gives in the others.
NOTHING_RAN = 5


def log_of(run: str) -> Path:
    return VAR / f"test-{run}.log"


def start(run: str, arguments: list[str], log: BinaryIO | None = None) -> subprocess.Popen[bytes]:
    """Start one of the runs, which reports to the terminal unless to a log.

    Coverage data of two must not overwrite each other before they are combined.
    """
    command = [sys.executable, "-m", "pytest", *RUNS[run], *arguments]
    environment = os.environ | {"COVERAGE_FILE": str(COVERAGE / f".coverage.{run}")}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)


def start_aside(run: str, arguments: list[str]) -> subprocess.Popen[bytes]:
    with log_of(run).open("wb") as log:
        return start(run, arguments, log)


def main(arguments: list[str]) -> int:
    """The first run is followed as it goes, the others' reports come after it."""
    COVERAGE.mkdir(parents=True, exist_ok=True)
    first, *others = RUNS
    aside = {run: start_aside(run, arguments) for run in others}
    codes = []
    try:
        codes.append(start(first, arguments).wait())
    finally:
        # On Ctrl-C they heard the same signal, and have servers to stop before they end.
        codes += [process.wait() for process in aside.values()]
    for run in others:
        print(log_of(run).read_text(encoding="utf-8", errors="replace"), flush=True)
    return next((code for code in codes if code not in {0, NOTHING_RAN}), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
