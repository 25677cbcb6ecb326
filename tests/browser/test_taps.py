"""What scripts add to the pages: harmless double taps, words when nobody answers, the scanner, the idle minute."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.floor import Stand, in_ms, open_shop, stand
from tests.live import LiveTaller
from tests.live_shop import shell

pytestmark = pytest.mark.process


@pytest.fixture(scope="module", autouse=True)
def _opened(shared_taller: LiveTaller, tmp_path_factory: pytest.TempPathFactory) -> None:
    open_shop(shared_taller, tmp_path_factory.mktemp("libro") / "libro")


@pytest.fixture(scope="module")
def _paired(chromium: Browser, shared_taller: LiveTaller) -> Iterator[Stand]:
    with stand(chromium, shared_taller) as opened:
        yield opened.pair()


@pytest.fixture
def tablet(_paired: Stand) -> Iterator[Stand]:
    _paired.context.set_offline(False)
    yield _paired
    _paired.context.set_offline(False)
    _paired.page.unroute_all()


VISITORS = """
from tests.factories import DeviceFactory
DeviceFactory(kind="tablet", scope="read", token="visitas", nombre="Tableta de visitas")
"""


def tag_of(number: int) -> str:
    return f"MK-1335-CW-25238-{number:03}"


def test_a_double_tap_takes_once(tablet: Stand) -> None:
    tablet.step_up()
    tablet.row(tag_of(1)).click()
    with tablet.posts() as posts:
        tablet.take_button().evaluate("boton => { boton.click(); boton.click(); boton.click(); }")
        expect(tablet.notice()).to_contain_text(f"Spool {tag_of(1)} tomado")
    assert [request.url.removeprefix(tablet.live.base_url) for request in posts] == ["/trabajo/tomar/"]
    assert tablet.sessions(tag_of(1)) == ["MR(93) · ARMADO · 0m"]


def test_the_button_is_busy_at_once_and_in_place(tablet: Stand) -> None:
    tablet.step_up()
    waiting: list[Route] = []
    tablet.page.route("**/trabajo/tomar/", lambda route: waiting.append(route))  # noqa: PLW0108 - Playwright wants a function of its own
    tablet.row(tag_of(2)).click()
    busy = tablet.take_button().evaluate(
        "boton => { const desde = performance.now(); boton.click();"
        " return [boton.getAttribute('aria-busy'), performance.now() - desde < 100]; }"
    )
    assert busy == ["true", True]
    expect(tablet.page.locator("form#tomar[data-en-curso]")).to_be_attached()
    waiting[0].continue_()
    expect(tablet.card(tag_of(2))).to_be_visible()


def test_a_late_heartbeat_does_not_make_a_browser_without_a_line_send_a_tap(tablet: Stand) -> None:
    tablet.step_up()
    tablet.row(tag_of(4)).click()
    tablet.context.set_offline(True)
    tablet.page.evaluate("document.dispatchEvent(new CustomEvent('vivo:latido'))")
    with tablet.posts() as posts:
        tablet.take_button().click()
        expect(tablet.banner()).to_contain_text("No se envió ni se guardó nada")
    assert posts == []


def test_a_tap_without_network_is_refused_in_words_and_done_once_when_it_returns(tablet: Stand) -> None:
    tablet.step_up()
    tablet.take(tag_of(3))
    tablet.context.set_offline(True)
    with tablet.posts() as posts:
        tablet.card(tag_of(3)).get_by_role("button", name="PAUSAR").click()
        # True as well when the line is back and the banner still waits for an answer.
        expect(tablet.banner()).to_contain_text(
            re.compile(r"No se envió ni se guardó nada: a las \d\d:\d\d no había conexión con el taller\.")
        )
    assert posts == []
    expect(tablet.page.locator("#pulso")).to_contain_text("Sin conexión desde")
    tablet.context.set_offline(False)
    expect(tablet.page.locator("#pulso")).to_have_text("Conectado")
    tablet.banner().get_by_role("button", name="REINTENTAR").click()
    expect(tablet.notice()).to_contain_text(f"Trabajo pausado en {tag_of(3)}")
    expect(tablet.banner()).to_have_text("")


def test_a_password_that_could_not_be_sent_waits_for_nobody(tablet: Stand) -> None:
    page = tablet.open("/supervision/entrar/")
    page.get_by_label("Usuario").fill("marta")
    page.get_by_label("Clave").fill("una-clave-larga")
    tablet.context.set_offline(True)
    with tablet.posts() as posts:
        page.get_by_role("button", name="ENTRAR").click()
        expect(tablet.banner()).to_contain_text("Lo escrito se borró: escríbalo otra vez.")
    assert posts == []
    assert tablet.banner().get_by_role("button").all_inner_texts() == ["Cerrar"]
    assert page.get_by_label("Clave").input_value() == ""


@pytest.mark.parametrize("again", ["REINTENTAR", "the same button"])
def test_an_answer_lost_on_the_way_is_repeated_under_the_same_key(tablet: Stand, again: str) -> None:
    tablet.step_up()
    tag = tag_of(4 if again == "REINTENTAR" else 5)
    tablet.take(tag)
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append((route.request.post_data_json or {})["clave"])
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    tablet.page.route("**/trabajo/pausar/", lose)
    pause = tablet.card(tag).get_by_role("button", name="PAUSAR")
    pause.click()
    expect(tablet.banner()).to_contain_text("Repetir no lo hace dos veces")
    (tablet.banner().get_by_role("button", name="REINTENTAR") if again == "REINTENTAR" else pause).click()
    expect(tablet.notice()).to_contain_text(f"Trabajo pausado en {tag}")
    assert (len(keys), len(set(keys))) == (2, 1)
    assert len(tablet.sessions(tag)) == 1


def test_two_taps_meant_as_two_have_two_keys(tablet: Stand) -> None:
    tablet.step_up()
    with tablet.posts() as posts:
        tablet.take(tag_of(6))
        tablet.card(tag_of(6)).get_by_role("button", name="PAUSAR").click()
        tablet.notice().get_by_role("button", name="TOMAR DE NUEVO").click()
        expect(tablet.notice()).to_contain_text("tomado")
    keys = [request.post_data_json["clave"] for request in posts if request.post_data_json]
    assert (len(keys), len(set(keys)), {len(key) for key in keys}) == (3, 3, {32})


def test_a_broken_answer_is_told_and_leaves_the_page(tablet: Stand) -> None:
    tablet.step_up()
    tablet.take(tag_of(7))
    tablet.page.route("**/trabajo/pausar/", lambda route: route.fulfill(status=500, body="<h1>mal</h1>"))
    tablet.card(tag_of(7)).get_by_role("button", name="PAUSAR").click()
    expect(tablet.banner()).to_contain_text("El taller falló y lo dejó anotado.")
    expect(tablet.card(tag_of(7))).to_be_visible()
    tablet.page.unroute_all()
    tablet.banner().get_by_role("button", name="Cerrar").click()
    expect(tablet.banner()).to_have_text("")


def test_a_failure_that_brings_its_own_page_is_shown_as_it_is(tablet: Stand) -> None:
    tablet.step_up()
    tablet.take(tag_of(8))
    page = "<main id='contenido' tabindex='0'><h1>No se pudo pausar</h1><p>El sistema está muy ocupado.</p></main>"
    answer = f'<!doctype html><html><body><div id="pantalla">{page}</div></body></html>'
    tablet.page.route("**/trabajo/pausar/", lambda route: route.fulfill(status=503, body=answer))
    tablet.card(tag_of(8)).get_by_role("button", name="PAUSAR").click()
    expect(tablet.page.locator("#pantalla h1")).to_have_text("No se pudo pausar")
    expect(tablet.banner()).to_have_text("")


def test_a_tablet_that_only_looks_says_so_and_still_tells_when_the_line_is_lost(
    chromium: Browser, shared_taller: LiveTaller
) -> None:
    shell(shared_taller, VISITORS)
    with stand(chromium, shared_taller) as visitors:
        visitors.context.add_cookies([{"name": "taller_device", "value": "visitas", "url": shared_taller.base_url}])
        visitors.open("/")
        visitors.tap(visitors.tile(93))
        expect(visitors.page.locator("#pantalla h1")).to_have_text("Este dispositivo solo mira")
        visitors.context.set_offline(True)
        expect(visitors.banner()).to_contain_text("Sin conexión con el taller desde las", timeout=in_ms(5))


def test_a_search_that_fails_is_not_an_empty_list(tablet: Stand) -> None:
    tablet.step_up()
    tablet.page.route("**/trabajo/?*q=*", lambda route: route.abort())
    tablet.page.get_by_placeholder("Tag, NV o una parte").fill("25238")
    expect(tablet.page.locator("#lista")).to_contain_text("No se pudo cargar la lista")
    tablet.page.unroute_all()
    tablet.page.locator("#lista").get_by_role("button", name="REINTENTAR").click()
    expect(tablet.row(tag_of(50))).to_be_visible()


def test_the_network_is_missed_within_five_seconds_on_a_page_without_a_stream(tablet: Stand) -> None:
    tablet.open("/")
    tablet.page.route("**/pulso/", lambda route: route.abort())
    expect(tablet.banner()).to_contain_text("Sin conexión con el taller desde las", timeout=in_ms(5))
    tablet.page.unroute_all()
    expect(tablet.banner()).to_have_text("", timeout=in_ms(5))


def test_what_was_ticked_survives_a_search_and_more_pages(tablet: Stand) -> None:
    tablet.step_up(70)
    tablet.page.get_by_role("link", name="VER MÁS").click()
    tablet.row(tag_of(99)).click()
    box = tablet.page.get_by_placeholder("Tag, NV o una parte")
    box.fill("25238 060")
    expect(tablet.row(tag_of(99))).to_have_count(0)
    tablet.row(tag_of(60)).click()
    expect(tablet.take_button()).to_have_text("TOMAR (2)")
    expect(tablet.page.locator("[data-soltar]")).to_have_text("Quitar todo (1 fuera de la lista)")
    tablet.take_button().click()
    expect(tablet.notice()).to_contain_text("2 spools tomados por AS(70)")


# What a scanner does, all at once: over the test's own wire a key takes longer than from a scanner's cable.
SCAN = """(text) => {
  for (const key of [...text, "Enter"]) {
    const target = document.activeElement || document.body;
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
}"""


def test_a_scanner_anywhere_opens_the_spool(tablet: Stand) -> None:
    tablet.step_up()
    tablet.page.evaluate(SCAN, tag_of(80))
    tablet.page.wait_for_url(f"**/spool/{tag_of(80)}/")
    tablet.page.evaluate(SCAN, f"http://otra-maquina:8000/spool/{tag_of(81)}/")
    tablet.page.wait_for_url(f"**/spool/{tag_of(81)}/")
    tablet.open("/trabajo/?op=ARM")
    tablet.page.get_by_placeholder("Tag, NV o una parte").focus()
    tablet.page.evaluate(SCAN, tag_of(82))
    tablet.page.wait_for_url(f"**/spool/{tag_of(82)}/")
    for place in ("/", "/trabajo/metrologia/?tag=QC-77-001", f"/viajera/{tag_of(80)}/"):
        tablet.open(place)
        tablet.page.evaluate(SCAN, tag_of(83))
        tablet.page.wait_for_url(f"**/spool/{tag_of(83)}/")
    tablet.page.evaluate(SCAN, "NO-EXISTE-1")
    expect(tablet.page.locator(".aviso.fallo")).to_contain_text("No existe el spool NO-EXISTE-1")


def test_a_scan_while_the_day_has_the_focus_opens_the_spool_and_completes_nothing(tablet: Stand) -> None:
    tablet.step_up()
    tablet.take(tag_of(9))
    tablet.card(tag_of(9)).get_by_role("link", name="COMPLETAR").click()
    tablet.page.get_by_label("Fecha en que se terminó").focus()
    with tablet.posts() as posts:
        tablet.page.evaluate(SCAN, tag_of(84))
        tablet.page.wait_for_url(f"**/spool/{tag_of(84)}/")
    assert posts == []
    assert tablet.sessions(tag_of(9)) == ["MR(93) · ARMADO · 0m"]


def test_ninety_seconds_without_a_tap_ask_who_it_is(chromium: Browser, shared_taller: LiveTaller) -> None:
    with stand(chromium, shared_taller) as tablet:
        tablet.page.clock.install()
        tablet.pair().step_up()
        tablet.page.clock.run_for(80_000)
        assert tablet.page.url.endswith("/trabajo/")
        tablet.page.clock.run_for(12_000)
        expect(tablet.page.get_by_role("heading", name="¿Quién eres?")).to_be_visible()
        tablet.open("/supervision/entrar/")
        tablet.page.clock.run_for(92_000)
        expect(tablet.page.get_by_role("heading", name="¿Quién eres?")).to_be_visible()


def test_a_tablet_of_an_old_build_is_told_to_reload(tablet: Stand) -> None:
    tablet.step_up()
    tablet.page.evaluate("document.documentElement.dataset.version = 'vieja'; dispatchEvent(new Event('online'))")
    expect(tablet.banner()).to_contain_text("Hay una versión nueva del taller.")
    tablet.banner().get_by_role("button", name="RECARGAR").click()
    expect(tablet.banner()).to_have_text("")


def test_the_running_time_runs_by_the_shops_clock_whatever_the_tablet_thinks(
    chromium: Browser, shared_taller: LiveTaller
) -> None:
    with stand(chromium, shared_taller) as tablet:
        tablet.page.clock.set_system_time("2001-01-01T00:00:00")
        tablet.pair().step_up(71)
        tablet.take(tag_of(90))
        clock = tablet.card(tag_of(90)).locator(".corre")
        expect(clock).to_have_text("0m")
        clock.evaluate("lugar => { lugar.dataset.corre -= 61; }")
        expect(clock).to_have_text("1m", timeout=in_ms(8))
