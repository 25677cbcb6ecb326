"""What a page asks of who wants to see it, and where a stranger is sent. Every page: test_doors.py."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from pytest_django import Settings

from occupation.access import DeviceRequest, OpenPage, device_required, remember, safe_next, tablet_required
from occupation.vocabulary import DeviceKind
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db


@device_required
def any_page(request: DeviceRequest) -> HttpResponse:
    return HttpResponse(f"hola {request.device.nombre}")


@tablet_required
def tablet_page(request: DeviceRequest) -> HttpResponse:
    return HttpResponse(f"hola {request.device.nombre}")


def visit(
    page: OpenPage[[]], token: str = "", method: str = "get", path: str = "/trabajo/?q=1", **headers: str
) -> HttpResponseBase:
    request = getattr(RequestFactory(), method)(path, headers=headers)
    if token:
        request.COOKIES["taller_device"] = token
    return page(request)


def text(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def test_a_paired_browser_sees_the_page_as_its_device() -> None:
    response = visit(any_page, DeviceFactory(nombre="Tablet 1").raw_token)
    assert (response.status_code, text(response), response["Vary"]) == (200, "hola Tablet 1", "Cookie")


@pytest.mark.parametrize("page", [any_page, tablet_page])
def test_a_stranger_is_sent_to_pair_and_comes_back_to_what_it_asked_for(page: OpenPage[[]]) -> None:
    response = visit(page)
    assert (response.status_code, response["Location"]) == (302, "/vincular/?siguiente=%2Ftrabajo%2F%3Fq%3D1")


def test_what_a_stranger_posted_is_not_repeated_after_pairing() -> None:
    response = visit(any_page, method="post")
    assert (response.status_code, response["Location"]) == (302, "/vincular/")


def test_a_fragment_a_stranger_asked_for_takes_the_whole_page_to_pair() -> None:
    response = visit(any_page, **{"HX-Request": "true"})
    assert (response.status_code, response["HX-Redirect"]) == (200, "/vincular/")


def test_seeing_a_page_starts_the_year_of_the_cookie_again() -> None:
    token = DeviceFactory().raw_token
    cookie = visit(any_page, token).cookies["taller_device"]
    assert (cookie.value, cookie["max-age"], cookie["httponly"], cookie["samesite"], cookie["secure"]) == (
        token,
        365 * 24 * 3600,
        True,
        "Lax",
        "",
    )
    assert not visit(any_page, token, **{"HX-Request": "true"}).cookies


def test_the_cookie_is_secure_under_https(settings: Settings) -> None:
    settings.SESSION_COOKIE_SECURE = True
    response = HttpResponse()
    remember(response, "x")
    assert response.cookies["taller_device"]["secure"] is True


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/trabajo/?q=1", "/trabajo/?q=1"),
        ("", "/"),
        ("trabajo/", "/"),
        ("//otro.example/", "/"),
        ("https://otro.example/", "/"),
        ("/\\otro.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/vincular/?codigo=1", "/"),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_after_pairing_only_a_page_of_this_shop_is_opened(method: str, wanted: str, goes: str) -> None:
    request = getattr(RequestFactory(), method)("/vincular/", {"siguiente": wanted})
    assert safe_next(request) == goes


def test_a_page_asks_for_the_cookie_and_no_other_proof() -> None:
    token = DeviceFactory(kind=DeviceKind.API).raw_token
    assert visit(any_page, Authorization=f"Bearer {token}").status_code == 302
