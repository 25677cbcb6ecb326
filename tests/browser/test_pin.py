"""The pad for a PIN: big enough for gloves at every size, with scripts and without."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.floor import SIZES, Stand, open_shop, stand
from tests.browser.test_fit import check
from tests.conftest import StartTaller
from tests.live import LiveTaller
from tests.live_shop import shell

pytestmark = pytest.mark.process

_SET = """
from occupation.models import Trabajador
from occupation.services import SISTEMA
from occupation.services.pins import set_pin
set_pin(trabajador=Trabajador.objects.get(id=93), pin="4831", actor=SISTEMA)
"""


_PLACES = "keys => keys.map(key => [key.value, key.getBoundingClientRect().top])"


@pytest.fixture
def taller(start_taller: StartTaller, tmp_path: Path) -> LiveTaller:
    live = start_taller(PIN_TRABAJADORES="1")
    open_shop(live, tmp_path / "libro")
    shell(live, _SET)
    return live


def choose(tablet: Stand, number: int = 93) -> Page:
    page = tablet.open("/")
    tablet.tap(tablet.tile(number))
    expect(page.get_by_role("heading", name="PIN de")).to_be_visible()
    expect(page.locator(".htmx-added")).to_have_count(0)  # only then a key goes through htmx, twenty milliseconds later
    return page


def test_the_pad_fits_takes_taps_and_keys_and_needs_no_scripts(
    taller: LiveTaller, chromium: Browser, *, long_profile: bool
) -> None:
    wrong = {}
    for size in SIZES if long_profile else ["teléfono"]:
        with stand(chromium, taller, size=size) as tablet:
            wrong[size] = check(choose(tablet.pair()))
    assert {size: found for size, found in wrong.items() if any(found.values())} == {}
    for script in (True, False):
        with stand(chromium, taller, size="apaisada", script=script) as tablet:
            tap_it_in(tablet.pair())
    with stand(chromium, taller, size="apaisada") as tablet:
        page = choose(tablet.pair(), 94)
        expect(page.get_by_role("alert").filter(has_text="JP(94) todavía no tiene PIN")).to_be_visible()
        assert page.locator(".tecla").count() == 0
        page = choose(tablet)
        lose_it(tablet)
        for key in "4831":
            page.keyboard.press(key)
        expect(page.get_by_role("link", name="CAMBIAR")).to_be_visible()


def lose_it(tablet: Stand) -> None:
    """Four digits that nobody answers: whoever taps next cannot send them again."""
    tablet.page.route("**/entrar/pin/", lambda route: route.abort())
    for key in "4831":
        tablet.page.keyboard.press(key)
    expect(tablet.banner()).to_contain_text("Lo escrito se borró: escríbalo otra vez.")
    assert tablet.banner().get_by_role("button").all_inner_texts() == ["Cerrar"]
    assert tablet.page.locator("#pin [name=escrito]").input_value() == ""
    tablet.page.unroute_all()


def tap_it_in(tablet: Stand) -> None:
    """A wrong one first, which moves no key, then a slip of the finger, then the right one."""
    page = choose(tablet)
    keys = page.locator(".tecla")
    stood = keys.evaluate_all(_PLACES)
    for digit in "4830":
        tablet.tap(page.get_by_role("button", name=digit, exact=True))
    expect(page.get_by_role("alert").filter(has_text="Ese no es su PIN")).to_be_visible()
    assert keys.evaluate_all(_PLACES) == stood
    for key in ("4", "7", "Borrar el último dígito", "8", "3", "1"):
        tablet.tap(page.get_by_role("button", name=key, exact=True))
    expect(page.get_by_role("link", name="CAMBIAR")).to_be_visible()
