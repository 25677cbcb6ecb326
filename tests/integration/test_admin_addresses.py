"""Addresses of the admin's lists as somebody types them by hand: whatever they ask for, the office gets an answer."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.urls import reverse

from tests.office import OFFICE, logged_in, words
from tests.visitors import shop

pytestmark = OFFICE

HOSTILE = {
    "": ("9999-99-99", "9999-12-31 23:59:59-03:00", "\0", "9" * 5000),
    "__gte": ("9999-99-99", "0001-01-01 00:00:00+14:00"),
    "__exact": ("\0", "9" * 23),
    "__in": ("9" * 23,),
    "__range": ("", "x", "1,2,3"),
    "__regex": ("[",),
    "__year": ("99999",),
    "__isnull": ("x",),
    "__nada": ("1",),
}
"""What no filter offers, by the lookup it is written after."""

HOSTILE_TO_THE_LIST = {
    "p": ("0", "-1", "x", "9" * 5000),
    "o": ("99", "-99.x", "9" * 5000, "\0"),
    "q": ("\0", "x" * 10_000, "%"),
    "e": ("x",),
    "all": ("x",),
    "_to_field": ("x",),
    "_popup": ("x",),
}


def addresses(model: type[Model], shown: ModelAdmin[Model]) -> Iterator[str]:
    names = [each if isinstance(each, str) else getattr(each, "parameter_name", "") for each in shown.list_filter]
    tried = {f"{name}{lookup}": values for name in [*names, "pk"] for lookup, values in HOSTILE.items()}
    home = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for name, values in (tried | HOSTILE_TO_THE_LIST).items():
        yield from (f"{home}?{urlencode({name: value})}" for value in values)


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.model_name)
def test_no_address_of_a_list_is_an_error_of_ours(model: type[Model]) -> None:
    shop()
    client = logged_in("ana", superuser=True)
    client.raise_request_exception = False
    answers = {address: client.get(address).status_code for address in addresses(model, admin.site._registry[model])}
    assert set(answers.values()) <= {200, 302, 400}, {at: status for at, status in answers.items() if status >= 500}


@pytest.mark.parametrize("asked", ["instante__gte=9999-99-99", "pk__range=", "tipo__range=x"])
def test_an_impossible_filter_is_answered_with_the_whole_list_and_a_sentence(asked: str) -> None:
    shop()
    client = logged_in("ana", superuser=True)
    answer = client.get(f"/admin/occupation/evento/?{asked}", follow=True)
    assert answer.redirect_chain == [("/admin/occupation/evento/?e=1", 302)]
    assert "No se entendió el filtro de la dirección: se muestra la lista entera." in words(answer)
    assert len(answer.context["cl"].result_list) == 1


def test_a_list_without_a_filter_hides_no_error() -> None:
    from django.db import connection

    shop()
    client = logged_in("ana", superuser=True)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE occupation_ciclohoja RENAME TO elsewhere")
    try:
        with pytest.raises(Exception, match="occupation_ciclohoja"):
            client.get("/admin/occupation/ciclohoja/")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE elsewhere RENAME TO occupation_ciclohoja")
