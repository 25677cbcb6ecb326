"""The project around the shop: settings, processes and composition. No rule of the shop lives here."""

import re
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def version_in(changelog: str) -> str:
    """The newest released version that a changelog names, or 0.1.0.dev0 before the first release."""
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    return newest.group(1) if newest else "0.1.0.dev0"


VERSION = version_in(CHANGELOG.read_text(encoding="utf-8"))
