"""The wall's HTML, painted once per process for everybody who asks for the same page of the same moment.

After a `repintar` every board asks at once. What they get holds nothing of who asks; it is as old as the newest journal
row and the minute, which is what its clock and its running times show.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils import timezone

from dashboard.board import board
from occupation.queries import newest_mark

KEPT_SECONDS = 60

_one_painter = threading.Lock()


def moment(pagina: int) -> str:
    """What a painted page depends on: the same text, the same picture. One query."""
    return f"tablero-{pagina}-{newest_mark()}-{timezone.now():%d%H%M}"


def wall(pagina: int, of: str) -> str:
    """The HTML of a page of the wall, which is at least as new as the moment `of`."""
    # Whoever comes while it is painted waits for it: a second painter would only make both slower.
    with _one_painter:
        return _kept(of, lambda: render_to_string("dashboard/_tablero.html", {"tablero": board(pagina)}))


def _kept(key: str, paint: Callable[[], str]) -> str:
    html: str | None = cache.get(key)
    if html is None:
        html = paint()
        cache.set(key, html, KEPT_SECONDS)
    return html
