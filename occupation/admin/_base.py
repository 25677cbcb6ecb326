"""What the pages of this admin share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from urllib.parse import quote

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.db.models import BigIntegerField, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from occupation.models import Trabajador
from occupation.tags import search_key

M = TypeVar("M", bound=Model)

if TYPE_CHECKING:
    TypedModelAdmin = admin.ModelAdmin
    _QuerySetPaginator = Paginator[Model]
else:
    # Django's ModelAdmin takes no type argument at run time.
    class TypedModelAdmin(admin.ModelAdmin, Generic[M]):
        pass

    _QuerySetPaginator = Paginator


IMPOSSIBLE = (ArithmeticError, DatabaseError, LookupError, TypeError, ValidationError, ValueError)
"""What Django and its databases raise of values that cannot be compared; nothing tells that beforehand."""


class AskedList(ChangeList):
    """What an address asks to see: one written by hand may ask for what no database can compare."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet[Any]:
        with self._impossible():
            return super().get_queryset(request, exclude_parameters)

    def get_results(self, request: HttpRequest) -> None:
        with self._impossible():
            super().get_results(request)
            # Read here: while the page is drawn it would be too late to answer anything else.
            len(self.result_list)

    @contextmanager
    def _impossible(self) -> Iterator[None]:
        try:
            yield
        except IMPOSSIBLE as problem:
            if not self.params:
                raise
            raise IncorrectLookupParameters(problem) from problem


class AskedListAdmin(TypedModelAdmin[M]):
    """Lists that answer an impossible filter with the whole list, and say so."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[AskedList]:
        return AskedList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if ERROR_FLAG in request.GET:
            messages.warning(request, "No se entendió el filtro de la dirección: se muestra la lista entera.")
        return super().changelist_view(request, extra_context)

    def whole_list(self) -> HttpResponse:
        """To the list without its filter, as Django goes there from one it cannot read."""
        return redirect(f"{reverse(f'admin:{self.opts.app_label}_{self.opts.model_name}_changelist')}?{ERROR_FLAG}=1")


class ReadOnlyAdmin(AskedListAdmin[M]):
    """A list and a page per row that nobody edits by hand; extra views change things through services."""

    list_per_page = 100
    list_max_show_all = 500
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if ACTION_CHECKBOX_NAME in request.POST:
            _forget_impossible_rows(request)
        title = str(self.opts.verbose_name_plural).capitalize()
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def page_context(self, request: HttpRequest, titulo: str, **context: Any) -> dict[str, Any]:
        """What a page of our own needs to look like the rest."""
        return {**self.admin_site.each_context(request), "opts": self.opts, "title": titulo, **context}

    def own_view(self, route: str, view: Callable[..., Any], name: str) -> URLPattern:
        """A page under this model's address, for people who are logged in; not inside a transaction."""
        full = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return path(route, self.admin_site.admin_view(view), name=full)


class DecisionAdmin(ReadOnlyAdmin[M]):
    """A list whose rows wait for a decision of an administrator's, carried out by a service."""

    def may(self, request: HttpRequest) -> bool:
        """Whether this person may decide. Everybody else who may look only looks."""
        return request.user.has_perm(f"occupation.change_{self.opts.model_name}")

    def has_decidir_permission(self, request: HttpRequest) -> bool:
        return self.may(request)

    def back(self) -> HttpResponse:
        """To the list, which tells what happened."""
        return redirect(f"admin:occupation_{self.opts.model_name}_changelist")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"puede": self.may(request), **(extra_context or {})})


def _forget_impossible_rows(request: HttpRequest) -> None:
    """Leave out chosen numbers that no row has: Django hands them to the database as they come."""
    sent = request.POST.copy()
    sent.setlist(ACTION_CHECKBOX_NAME, [text for text in sent.getlist(ACTION_CHECKBOX_NAME) if row_number(text)])
    request.POST = sent  # type: ignore[assignment]  # the copy can be changed, which nobody minds


class WordsFilter(admin.SimpleListFilter):
    """A filter whose choices are words of ours; each is a label and the condition it stands for."""

    choices_in_words: ClassVar[dict[str, tuple[str, Callable[[], Q]]]]

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(value, label) for value, (label, _) in self.choices_in_words.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> QuerySet[M]:
        chosen = self.choices_in_words.get(self.value() or "")
        return queryset.filter(chosen[1]()) if chosen else queryset


class CappedPaginator(_QuerySetPaginator):
    """Counts no further than it shows: a full count of a million rows takes seconds on every page."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return rows.order_by()[: self.MOST].count()


def row_number(text: str) -> int | None:
    """The number of a row as a browser sent it; None for anything that no row can have."""
    try:
        number = int(text)
    except ValueError:
        return None
    return number if 0 < number <= BigIntegerField.MAX_BIGINT else None


def spool_page(tag: str) -> str:
    """The address of a spool's own page, for any tag."""
    return f"/spool/{quote(tag)}/"


def workers_matching(term: str) -> list[int]:
    """The numbers of the workers a search means: by number, by `MR(93)` or by any part of the name."""
    key = search_key(term)
    return [
        worker.pk
        for worker in Trabajador.objects.all()
        if key and (key == str(worker.pk) or key in search_key(f"{worker.worker_nombre} {worker.nombre_completo}"))
    ]


def pretty(value: dict[str, Any]) -> SafeString:
    """A JSON column for people to read."""
    return format_html("<pre>{}</pre>", json.dumps(value, ensure_ascii=False, indent=2))
