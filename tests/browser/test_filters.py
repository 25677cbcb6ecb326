"""Narrowing the list by touch: nothing that was ticked or typed is lost on the way."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.floor import Stand, open_shop, stand
from tests.live import LiveTaller

pytestmark = pytest.mark.process


@pytest.fixture(scope="module", autouse=True)
def _opened(shared_taller: LiveTaller, tmp_path_factory: pytest.TempPathFactory) -> None:
    open_shop(shared_taller, tmp_path_factory.mktemp("libro") / "libro")


def tag_of(number: int) -> str:
    return f"MK-1335-CW-25238-{number:03}"


def filter_named(tablet: Stand, name: str) -> None:
    tablet.tap(tablet.page.locator(".filtros").get_by_role("link", name=name))


def list_nvs(tablet: Stand) -> None:
    filter_named(tablet, "NV: todas")


def choose(tablet: Stand, nv: str) -> None:
    tablet.tap(tablet.page.locator(".nvs").get_by_role("link", name=nv))


def narrow_to(tablet: Stand, nv: str) -> None:
    list_nvs(tablet)
    choose(tablet, nv)


def test_what_is_ticked_outlives_every_filter_and_comes_back_ticked(
    chromium: Browser, shared_taller: LiveTaller
) -> None:
    with stand(chromium, shared_taller) as tablet:
        tablet.pair().step_up(80)
        page = tablet.page
        tablet.row(tag_of(1)).click()
        list_nvs(tablet)
        expect(page.locator(".nvs a")).to_have_text(["NV0650 61", "NV0700 40"])
        expect(tablet.take_button()).to_have_text("TOMAR (1)")
        choose(tablet, "NV0700")
        expect(page.locator("#lista .fila")).to_have_count(40)
        tablet.row(tag_of(61)).click()
        filter_named(tablet, "En pausa")
        expect(page.locator("#lista")).to_contain_text("Nada en esta lista con NV0700 · En pausa")
        expect(tablet.take_button()).to_have_text("TOMAR (2)")
        page.get_by_role("link", name="QUITAR FILTROS").click()
        expect(tablet.row(tag_of(1)).locator("input")).to_be_checked()
        assert tablet.taps == 4  # who it is, two for an NV, one for a part of the list
        narrow_to(tablet, "NV0700")
        expect(page.locator("#lista .fila")).to_have_count(40)
        tablet.take_button().click()
        expect(tablet.notice()).to_contain_text("2 spools tomados por AS(80)")
        assert page.url.startswith(f"{shared_taller.base_url}/trabajo/?op=ARM&nv=NV0700&hecho=")
        expect(page.locator(".nv-elegida")).to_have_attribute("aria-current", "true")
        page.get_by_role("button", name="PAUSAR TODOS").click()
        expect(tablet.notice()).to_contain_text("2 spools pausados")


def test_the_search_and_a_reload_stay_inside_the_nv_that_was_chosen(
    chromium: Browser, shared_taller: LiveTaller
) -> None:
    with stand(chromium, shared_taller) as tablet:
        tablet.pair().step_up(81)
        page = tablet.page
        narrow_to(tablet, "NV0700")
        expect(page).to_have_url(f"{shared_taller.base_url}/trabajo/?op=ARM&nv=NV0700")
        page.locator("#q").press_sequentially("05")
        expect(page).to_have_url(f"{shared_taller.base_url}/trabajo/?op=ARM&q=05&nv=NV0700")
        expect(page.locator("#lista")).to_contain_text("Nada en esta lista con «05» · NV0700")
        expect(page.locator("#q")).to_be_focused()
        page.locator("#q").fill("9")
        expect(page.locator("#lista .fila")).to_have_count(13)
        page.reload()
        expect(page.locator("#q")).to_have_value("9")
        expect(page.locator("#lista .fila")).to_have_count(13)


def test_a_list_that_could_not_be_fetched_asks_again_for_the_same_nv(
    chromium: Browser, shared_taller: LiveTaller
) -> None:
    with stand(chromium, shared_taller) as tablet:
        tablet.pair().step_up(82)
        page = tablet.page
        page.goto(f"{shared_taller.base_url}/trabajo/?op=ARM&nv=NV0700")
        tablet.context.set_offline(True)
        page.locator("#q").press_sequentially("10")
        expect(page.get_by_text("No se pudo cargar la lista")).to_be_visible()
        tablet.context.set_offline(False)
        page.locator(".cuadro.fallo").get_by_role("button", name="REINTENTAR").click()
        expect(page.locator("#lista .fila")).to_have_count(1)
        expect(page.locator(".nv-elegida")).to_contain_text("NV0700")


@pytest.mark.parametrize("op", ["METROLOGIA", "REPARACION"])
def test_counts_of_three_digits_fit_into_their_filters_on_a_phone(
    chromium: Browser, shared_taller: LiveTaller, op: str
) -> None:
    with stand(chromium, shared_taller, size="teléfono") as tablet:
        page = tablet.pair().step_up(93).open(f"/trabajo/?op={op}")
        page.locator(".chip b").evaluate_all("counts => counts.forEach(count => count.textContent = '1208')")
        too_wide = "chips => chips.filter(chip => chip.scrollWidth > chip.clientWidth).map(chip => chip.innerText)"
        assert page.locator(".chip").count() > 3
        assert page.locator(".chip").evaluate_all(too_wide) == []


def test_a_date_is_not_broken_in_a_narrow_card(chromium: Browser, shared_taller: LiveTaller) -> None:
    with stand(chromium, shared_taller) as tablet:
        page = tablet.pair().step_up(93).open("/spool/QC-77-001/")
        lines = "spans => spans.map(span => [span.innerText, span.getClientRects().length])"
        told = page.locator(".etapa .junto").evaluate_all(lines)
        assert ["06-01-2026", 1] in told
        assert {count for _, count in told} == {1}


def test_the_filters_work_without_scripts(chromium: Browser, shared_taller: LiveTaller) -> None:
    with stand(chromium, shared_taller, script=False) as tablet:
        tablet.pair()
        tablet.open("/")
        tablet.tap(tablet.tile(83))
        narrow_to(tablet, "NV0700")
        filter_named(tablet, "Sin empezar")
        assert tablet.page.locator("#lista .fila").count() in (39, 40)
        tablet.page.locator("#q").fill("064")
        tablet.page.get_by_role("button", name="Buscar").click()
        assert tablet.page.locator("#lista .fila").count() == 1
        assert "nv=NV0700" in tablet.page.url
