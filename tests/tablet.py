"""A tablet on its stand, without scripts: pages fetched and forms posted as a browser does it."""

from __future__ import annotations

import html
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from tests.office import OFFICE

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

    from occupation.models import Device, Trabajador

FLOOR = OFFICE
"""Marks tests whose taps commit: the pages need the same applications as the office's."""


class Tablet:
    """A paired browser. `worker` is who the pages show; `key` is the next tap's."""

    def __init__(self, device: Device | None = None, **columns: Any) -> None:
        from django.test import Client

        from tests.factories import DeviceFactory

        self.device = device or DeviceFactory(**columns)
        self.client = Client()
        self.client.cookies["taller_device"] = vars(self.device)["raw_token"]
        self.worker: Trabajador | None = None
        self.key = 0

    def step_up(self, worker: Trabajador) -> Tablet:
        """Somebody taps their tile."""
        self.client.post("/entrar/", {"trabajador": worker.id})
        self.worker = worker
        return self

    def get(self, path: str, **query: str) -> Page:
        return self.client.get(path, query)

    def part(self, path: str, **query: str) -> Page:
        """The same as the page's script asks for it."""
        return self.client.get(path, query, headers={"HX-Request": "true"})

    def tap(self, path: str, *, key: str | None = None, **fields: object) -> Page:
        """Post a form of the page: the worker it shows and a key of its own, or `key`; the answer itself."""
        self.key += 1
        posted = {"trabajador": self.worker.id if self.worker else 0, "clave": key or f"toque-{self.key}"} | fields
        return self.client.post(path, posted)

    def follow(self, path: str, *, key: str | None = None, **fields: object) -> Page:
        """The same, and the page that the answer leads to."""
        answer = self.tap(path, key=key, **fields)
        assert answer.status_code == 302, plain(answer.content.decode())
        return self.get(answer["Location"])


def notice(response: Page) -> str:
    """What the green notice on top of the work page says; empty without one."""
    return _part(response, r'<div class="aviso hecho".*?</div>\s*<div class="botones">.*?</div>\s*</div>')


def rows(response: Page) -> list[str]:
    """The rows of the page's list, in words."""
    body = response.content.decode()
    return [plain(row) for row in re.findall(r'<li class="fila.*?</li>', body, flags=re.DOTALL)]


def takeable(response: Page) -> list[str]:
    """The tags of the list that can be ticked."""
    return re.findall(r'<input type="checkbox"[^>]* name="tag" value="([^"]*)">', response.content.decode())


def mine(response: Page) -> list[str]:
    """The cards of Mis spools, in words and without their buttons."""
    body = response.content.decode()
    return [
        plain(card) for card in re.findall(r'<li class="ficha mio"[^>]*>\s*<div>(.*?)</div>', body, flags=re.DOTALL)
    ]


def tabs(response: Page) -> list[str]:
    """The tabs of the work page."""
    return re.findall(r"#disponibles\"[^>]*>([^<]*)</a>", _raw(response, r'<nav class="pestanas".*?</nav>'))


def title(response: Page) -> str:
    """The page's first heading."""
    return _part(response, r"<h1.*?</h1>")


def zone(response: Page) -> str:
    """The fixed zone at the bottom, in words."""
    return plain(response.content.decode().split('aria-label="Acciones">')[1])


def said(response: Page) -> str:
    """What the red box of a refusal says."""
    return _part(response, r'<div class="aviso fallo".*?</div></div>')


def today() -> date:
    """The shop's day."""
    from django.utils import timezone

    return timezone.localdate()


def _part(response: Page, pattern: str) -> str:
    return plain(_raw(response, pattern))


def _raw(response: Page, pattern: str) -> str:
    found = re.search(pattern, response.content.decode(), flags=re.DOTALL)
    return found[0] if found else ""


def plain(markup: str) -> str:
    """A piece of a page in words, with single blanks."""
    bare = re.sub(r"<(script|style|svg).*?</\1>|<[^>]*>", " ", markup, flags=re.DOTALL)
    return " ".join(html.unescape(bare).split())
