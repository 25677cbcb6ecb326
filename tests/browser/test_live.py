"""The screens, live: two tablets and a wall that show what is, or say that they do not."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.floor import in_ms, open_shop
from tests.browser.live_screens import (
    CARDS,
    JUAN,
    MIGUEL,
    Screens,
    Weight,
    asked,
    grown,
    hidden,
    pause,
    screens,
    start_pausing,
    start_taking,
    tag_of,
    take,
)
from tests.conftest import copied_database, taller_starter
from tests.live import LiveTaller
from tests.live_shop import TOKEN, shell
from tests.ports import wait_until
from tests.private_valkey import BreakableValkey
from tests.streams_shop import Floor, floor, process

pytestmark = pytest.mark.process

MB = 1_000_000
AT_ONCE = 1.0
TRUE_AGAIN = 10.0


@pytest.fixture(scope="module")
def shop(
    pytestconfig: pytest.Config,
    migrated_database: str,
    static_files: object,
    tmp_path_factory: pytest.TempPathFactory,
    valkey_server: BreakableValkey,
) -> Iterator[LiveTaller]:
    """A web process with a doorbell."""
    valkey_server.make_fresh()
    folder = tmp_path_factory.mktemp("vivo")
    with (
        copied_database(pytestconfig, migrated_database, folder) as url,
        taller_starter(folder, static_files, url) as start,  # type: ignore[arg-type]  # a path
    ):
        live = start(REDIS_URL=valkey_server.url)
        open_shop(live, folder / "libro")
        yield live


@pytest.fixture(scope="module")
def _opened(chromium: Browser, shop: LiveTaller) -> Iterator[Screens]:
    with screens(chromium, shop) as opened:
        yield opened


@pytest.fixture
def three(_opened: Screens, valkey_server: BreakableValkey) -> Screens:
    """Two tablets and a wall, nothing held."""
    valkey_server.make_fresh()
    for tablet, worker in ((_opened.miguel, MIGUEL), (_opened.juan, JUAN)):
        tablet.page.unroute_all()
        if not tablet.page.locator(".quien b", has_text=f"({worker})").count():
            tablet.step_up(worker)
        elif "/trabajo/?op=ARM" not in tablet.page.url or "hecho" in tablet.page.url:
            tablet.open("/trabajo/?op=ARM")
    _opened.free_all()
    return _opened


BOX = f"""
from tests.factories import DeviceFactory
DeviceFactory(kind="api", token="{TOKEN}")
from occupation.models import Trabajador
Trabajador.objects.create(id=101, nombre="Rosa", apellido="Lagos").roles.create(rol="Armador")
"""


@pytest.fixture(scope="module")
def program_at_work(shop: LiveTaller) -> Iterator[Floor]:
    """A program that takes and pauses for Rosa Lagos, 101."""
    shell(shop, BOX)
    with floor(shop) as at_work:
        yield at_work


def work(three: Screens, verbs: int, first: int) -> None:
    """That many verbs from each tablet, both at once: two takes, a pause, and again."""
    hands: dict[int, list[str]] = {MIGUEL: [], JUAN: []}
    for step in range(verbs):
        for tablet, worker, offset in ((three.miguel, MIGUEL, 0), (three.juan, JUAN, 20)):
            if step % 3 == 2:
                start_pausing(tablet, hands[worker].pop())
            else:
                hands[worker].append(tag_of(first + offset + step))
                start_taking(tablet, hands[worker][-1])
        for tablet in (three.miguel, three.juan):
            expect(tablet.page.locator("form[data-en-curso]")).to_have_count(0)
        for tablet, worker in ((three.miguel, MIGUEL), (three.juan, JUAN)):
            expect(tablet.page.locator("#mios li.mio")).to_have_count(len(hands[worker]))


def test_two_tablets_and_a_wall_show_the_database_within_a_second(three: Screens, *, long_profile: bool) -> None:
    work(three, 10 if long_profile else 4, first=1)
    three.agree(AT_ONCE)
    assert len(three.held()) > 0
    assert three.wrong() == []


def test_without_the_doorbell_they_are_true_within_ten_seconds(
    three: Screens, valkey_server: BreakableValkey, *, long_profile: bool
) -> None:
    work(three, 3, first=11)
    valkey_server.kill()
    three.free_all()
    work(three, 10 if long_profile else 2, first=14)
    three.agree(TRUE_AGAIN)
    valkey_server.start()
    pause(three.miguel, next(tag for tag, worker in three.held() if worker == MIGUEL))
    three.agree(TRUE_AGAIN)


def test_a_ticked_spool_that_another_takes_says_who_and_is_let_go(three: Screens) -> None:
    miguel, page = three.miguel, three.miguel.page
    for number in (31, 32):
        miguel.row(tag_of(number)).click()
    page.locator("#contenido").evaluate("lugar => { lugar.scrollTop = 900; }")
    page.locator(f"#lista input[value='{tag_of(32)}']").focus()
    before = page.locator("#contenido").evaluate("lugar => lugar.scrollTop")
    take(three.juan, tag_of(31))
    expect(miguel.take_button()).to_have_text("TOMAR (1)", timeout=in_ms(1))
    expect(page.locator("[data-quitados]")).to_have_text(f"Ya no está elegido {tag_of(31)}: lo tiene JP(94)")
    row = page.locator(f"#lista .fila[data-tag='{tag_of(31)}']")
    expect(row).to_contain_text("Ocupado por JP(94) · 0m")
    expect(row).to_contain_text("Usted lo tenía elegido")
    assert page.evaluate("document.activeElement.value") == tag_of(32)
    assert page.locator("#contenido").evaluate("lugar => lugar.scrollTop") == before
    miguel.take_button().click()
    expect(miguel.notice()).to_contain_text(f"Spool {tag_of(32)} tomado por MR(93)")


def test_nothing_moves_while_a_finger_is_down(three: Screens) -> None:
    page = three.miguel.page
    row = page.locator(f"#lista .fila[data-tag='{tag_of(33)}']")
    row.locator("label").dispatch_event("pointerdown")
    take(three.juan, tag_of(33))
    page.wait_for_timeout(600)
    expect(row.locator("input")).to_have_count(1)
    row.locator("label").dispatch_event("pointerup")
    expect(row).to_contain_text("Ocupado por JP(94)")


def test_a_release_reaches_the_workers_tablet_with_its_reason(three: Screens) -> None:
    take(three.miguel, tag_of(34))
    done = three.live.manage("release_spool", tag_of(34), "--reason", "se fue sin pausar")
    assert done.returncode == 0, done.stderr
    expect(three.miguel.page.locator("#mios .liberado")).to_contain_text("«se fue sin pausar»", timeout=in_ms(2))
    expect(three.miguel.card(tag_of(34))).to_have_count(0)
    three.agree(AT_ONCE)


def test_a_list_is_read_anew_only_when_what_it_lists_may_have_changed(three: Screens) -> None:
    page = three.miguel.page
    with asked(page) as seen:
        take(three.juan, tag_of(35))
        expect(page.locator(f"#lista .fila[data-tag='{tag_of(35)}']")).to_contain_text("Ocupado")
        pause(three.juan, tag_of(35))
        expect(page.locator(f"#lista .fila[data-tag='{tag_of(35)}']")).to_contain_text("Pausado")
        assert [url for url in seen if "filas=" in url] == []
        take(three.juan, tag_of(35))
        three.juan.card(tag_of(35)).get_by_role("link", name="COMPLETAR").click()
        three.juan.page.get_by_role("button", name="COMPLETAR").click()
        expect(page.locator(f"#lista .fila[data-tag='{tag_of(35)}']")).to_have_count(0)
        assert len([url for url in seen if "filas=" in url]) == 1


def test_a_list_that_cannot_be_read_anew_stays_and_is_read_later(three: Screens) -> None:
    page = three.miguel.page
    rows_before = page.locator("#lista .fila").count()
    page.route("**/trabajo/?*filas=*", lambda route: route.fulfill(status=500, body="<div id='pantalla'>mal</div>"))
    take(three.juan, tag_of(41))
    with page.expect_response(lambda answer: "filas=" in answer.url):
        three.juan.card(tag_of(41)).get_by_role("link", name="COMPLETAR").click()
        three.juan.page.get_by_role("button", name="COMPLETAR").click()
    expect(page.locator(f"#lista .fila[data-tag='{tag_of(41)}']")).to_contain_text("Ya tiene completado ARMADO")
    assert (page.locator("#lista .fila").count(), three.miguel.banner().inner_text()) == (rows_before, "")
    page.unroute_all()
    expect(page.locator(f"#lista .fila[data-tag='{tag_of(41)}']")).to_have_count(0, timeout=in_ms(6))


def test_a_tab_behind_others_asks_for_nothing_and_is_true_when_looked_at(three: Screens) -> None:
    with hidden(three.miguel.page):
        wait_until(lambda: three.streams() == 2, "the hidden tab's stream is closed", 3)
        with asked(three.miguel.page) as seen:
            take(three.juan, tag_of(36))
            three.miguel.page.wait_for_timeout(2500)
        assert seen == []
        assert "the list of 93" in three.wrong()
    three.agree(2.0)


def test_two_tabs_share_one_stream_and_the_second_takes_it_over(three: Screens) -> None:
    other = three.miguel.context.new_page()
    other.goto(f"{three.live.base_url}/trabajo/?op=SOLD")
    row = other.locator(f"#lista .fila[data-tag='{tag_of(37)}']")
    take(three.juan, tag_of(37))
    expect(row).to_contain_text("Ocupado por JP(94) en ARMADO", timeout=in_ms(5))
    three.agree(2.0)
    assert three.streams() == 3
    three.miguel.page.goto("about:blank")
    pause(three.juan, tag_of(37))
    expect(row).to_contain_text("Sin empezar · ARMADO sin terminar", timeout=in_ms(5))
    assert three.streams() == 3
    other.close()
    three.miguel.open("/trabajo/?op=ARM")
    three.agree(2.0)


def test_a_web_that_stops_is_missed_and_its_return_heals_every_screen(three: Screens) -> None:
    state = three.wall.page.locator("[data-estado]")
    take(three.miguel, tag_of(38))
    process(three.live).suspend()
    try:
        began = time.monotonic()
        expect(three.miguel.banner()).to_contain_text("Sin conexión con el taller desde las", timeout=in_ms(5.5))
        expect(state).to_have_text("RECONECTANDO", timeout=in_ms(6))
        with three.miguel.posts() as posts:
            start_pausing(three.miguel, tag_of(38))
            expect(three.miguel.banner()).to_contain_text("No se envió ni se guardó nada")
        assert posts == []
        expect(state).to_contain_text("SIN CONEXIÓN desde", timeout=in_ms(8))
        # Ten seconds after the last heartbeat, which came up to four before the web stopped.
        assert time.monotonic() - began > 5.5
    finally:
        three.live.restart()
    expect(three.miguel.page.locator("#pulso")).to_have_text("Conectado", timeout=in_ms(TRUE_AGAIN))
    three.miguel.banner().get_by_role("button", name="REINTENTAR").click()
    expect(three.miguel.card(tag_of(38))).to_have_count(0)
    expect(three.juan.banner()).to_have_text("", timeout=in_ms(TRUE_AGAIN))
    expect(state).to_have_text("EN VIVO", timeout=in_ms(TRUE_AGAIN))
    three.agree(TRUE_AGAIN)


def test_a_stream_that_never_comes_is_told_and_the_page_is_true_all_the_same(three: Screens) -> None:
    miguel = three.miguel
    miguel.page.route("**/en-vivo/**", lambda route: route.abort())
    miguel.open("/trabajo/?op=ARM")
    expect(miguel.banner()).to_contain_text("no llega en vivo desde las", timeout=in_ms(6))
    take(three.juan, tag_of(39))
    three.agree(TRUE_AGAIN)
    take(miguel, tag_of(40))
    three.agree(TRUE_AGAIN)


def test_a_ticked_spool_that_another_takes_is_let_go_on_a_list_that_is_read_anew(three: Screens) -> None:
    miguel, page = three.miguel, three.miguel.page
    page.route("**/en-vivo/**", lambda route: route.abort())
    miguel.open("/trabajo/?op=ARM")
    for number in (42, 43):
        miguel.row(tag_of(number)).click()
    with hidden(page):
        take(three.juan, tag_of(42))
    expect(page.locator("[data-quitados]")).to_have_text(f"Ya no está elegido {tag_of(42)}: lo tiene JP(94)")
    expect(miguel.take_button()).to_have_text("TOMAR (1)")
    expect(page.locator(f"#lista .fila[data-tag='{tag_of(42)}']")).to_contain_text("Usted lo tenía elegido")
    miguel.take_button().click()
    expect(miguel.notice()).to_contain_text(f"Spool {tag_of(43)} tomado por MR(93)")


def test_a_wall_of_an_old_build_reloads_itself(three: Screens) -> None:
    page = three.wall.page
    page.evaluate("document.documentElement.dataset.version = 'vieja'; window.marca = 1")
    page.evaluate("document.dispatchEvent(new CustomEvent('vivo:abierta'))")
    expect(page.locator("html[data-version=vieja]")).to_have_count(0)
    expect(page.locator("[data-estado]")).to_have_text("EN VIVO")
    assert page.evaluate("window.marca") is None


@pytest.mark.long
def test_what_does_not_fit_the_wall_turns_its_pages_and_comes_back_to_one(
    three: Screens, program_at_work: Floor
) -> None:
    wall, tags = three.wall.page, [tag_of(number) for number in range(62, 80)]
    seen: set[str] = set()
    for tag in tags[:16]:
        program_at_work.take(tag)
    three.agree(AT_ONCE)
    assert [tag for tag, _ in wall.evaluate(CARDS)] == tags[:16]
    for tag in tags[16:]:
        program_at_work.take(tag)
    for page in (1, 2, 1):
        expect(wall.locator("#manos")).to_contain_text(f"página {page} de 2", timeout=in_ms(10))
        seen |= {tag for tag, _ in wall.evaluate(CARDS)}
    assert seen == set(tags)
    for tag in tags:
        program_at_work.pause(tag)
    expect(wall.locator(".quieto")).to_contain_text("Nadie está trabajando")


def test_a_shift_leaves_nothing_behind_in_the_pages(
    three: Screens, program_at_work: Floor, *, long_profile: bool
) -> None:
    tags = [tag_of(number) for number in range(51, 59)]
    weights = [Weight(page) for page in (three.wall.page, three.miguel.page)]

    def shift(events: int) -> list[dict[str, int]]:
        for place in range(events // 3):
            tag = tags[place % len(tags)]
            program_at_work.take(tag)
            program_at_work.pause(tag)
            if place % 100 == 0:
                # Somebody stands there: after ninety seconds alone it would ask who it is.
                three.miguel.page.evaluate("document.dispatchEvent(new Event('wheel'))")
        three.agree(TRUE_AGAIN)
        return [weight.now() for weight in weights]

    web = process(three.live)
    shift(90)
    # More than the ring of the last 5,000 events holds, where there is time for it.
    before, held = shift(6_000 if long_profile else 90), web.memory_info().rss
    after = shift(20_000 if long_profile else 270)
    more = web.memory_info().rss - held
    print(f"wall and tablet before {before}, after {after}; the web's memory {held / MB:.0f} MB, {more / MB:+.1f} MB")
    assert [grown(*pair) for pair in zip(before, after, strict=True)] == ["", ""]
    assert more < 8 * MB
