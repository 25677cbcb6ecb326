"""Runs the suite twice at once, on SQLite and on PostgreSQL, and shows both reports one after the other.

What follows the module's name goes to both runs of pytest. The exit code is 0 only if both passed.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COVERAGE = ROOT / "var" / "coverage"
LOG = ROOT / "var" / "test-postgres.log"

# pytest's code for "no tests ran", which is what a selection that concerns one database gives on the other.
NOTHING_RAN = 5


def command(database: str, arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", f"--database={database}", *arguments]


def environment(database: str) -> dict[str, str]:
    """Coverage data of the two runs must not overwrite each other before they are combined."""
    return os.environ | {"COVERAGE_FILE": str(COVERAGE / f".coverage.{database}")}


def main(arguments: list[str]) -> int:
    COVERAGE.mkdir(parents=True, exist_ok=True)
    with LOG.open("wb") as log:
        postgres = subprocess.Popen(
            command("postgres", arguments), cwd=ROOT, env=environment("postgres"), stdout=log, stderr=log
        )
        try:
            sqlite = subprocess.run(command("sqlite", arguments), cwd=ROOT, env=environment("sqlite"), check=False)
        finally:
            # On Ctrl-C it heard the same signal, and has a server to stop before it ends.
            postgres.wait()
    print(LOG.read_text(encoding="utf-8", errors="replace"), flush=True)
    return next((code for code in (sqlite.returncode, postgres.returncode) if code not in {0, NOTHING_RAN}), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
