"""People at the office's computer, in front of the admin."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

OFFICE = pytest.mark.django_db(
    transaction=True,
    available_apps=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "axes",
        "occupation",
    ],
)
"""Marks tests whose verbs commit while somebody is logged in."""

LISTS = [
    "ocupacion",
    "bloqueado",
    "spool",
    "evento",
    "celdadudosa",
    "filaduplicada",
    "mirror",
    "conflicto",
    "ediciondevuelta",
    "retencion",
    "estadohoja",
    "ciclohoja",
    "bookupgrade",
    "device",
    "trabajador",
]
"""Every list of the shop's in the admin, as its address names it."""


def logged_in(username: str, *groups: str, superuser: bool = False, staff: bool = True) -> Client:
    """A browser in which a person of these groups is logged in."""
    from django.contrib.auth.models import Group, User
    from django.test import Client

    user = User.objects.create_user(username, password="una-clave-larga", is_staff=staff, is_superuser=superuser)
    user.groups.set(Group.objects.filter(name__in=groups))
    client = Client()
    client.force_login(user)
    return client


def words(response: Page) -> str:
    """What a page says, without its markup and with single blanks."""
    body = re.sub(r"<(script|style|svg).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def hidden(response: Page, name: str) -> list[str]:
    """The values of a page's hidden fields of that name."""
    return re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)"', response.content.decode())
