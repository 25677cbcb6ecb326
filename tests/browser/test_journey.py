"""The whole journey of a shift on real pages: with scripts and without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.floor import Stand, open_shop, stand
from tests.live import LiveTaller

pytestmark = pytest.mark.process


@pytest.fixture(scope="module", autouse=True)
def _opened(shared_taller: LiveTaller, tmp_path_factory: pytest.TempPathFactory) -> None:
    open_shop(shared_taller, tmp_path_factory.mktemp("libro") / "libro")


@pytest.fixture(params=["with scripts", "without scripts"])
def tablet(request: pytest.FixtureRequest, chromium: Browser, shared_taller: LiveTaller) -> Iterator[Stand]:
    with stand(chromium, shared_taller, script=request.param == "with scripts") as opened:
        yield opened.pair()


@pytest.fixture
def wall(chromium: Browser, shared_taller: LiveTaller) -> Iterator[Stand]:
    with stand(chromium, shared_taller, size="muro") as opened:
        yield opened.pair("board")


def test_a_shift_takes_three_taps_one_two_and_two_again_and_the_wall_shows_it(tablet: Stand, wall: Stand) -> None:
    script = tablet.page.evaluate("1") == 1 if tablet.page.locator("html.js").count() else False
    tag = "MK-1335-CW-25238-001" if script else "MK-1335-CW-25238-002"
    card = wall.page.locator(".tarjeta", has_text=tag[-3:])

    tablet.tap(tablet.tile(93))
    tablet.tap(tablet.row(tag))
    tablet.tap(tablet.take_button())
    expect(tablet.notice()).to_contain_text(f"Spool {tag} tomado por MR(93)")
    assert tablet.taps == 3
    wall.page.reload()
    expect(card).to_contain_text("MR(93) ARMADO")

    tablet.taps = 0
    tablet.tap(tablet.card(tag).get_by_role("button", name="PAUSAR"))
    expect(tablet.notice()).to_contain_text(f"Trabajo pausado en {tag}")
    assert tablet.taps == 1
    wall.page.reload()
    expect(card).to_have_count(0)

    tablet.tap(tablet.notice().get_by_role("button", name="TOMAR DE NUEVO"))
    expect(tablet.card(tag)).to_be_visible()
    tablet.taps = 0
    tablet.tap(tablet.card(tag).get_by_role("link", name="COMPLETAR"))
    tablet.tap(tablet.page.get_by_role("button", name="COMPLETAR"))
    expect(tablet.notice()).to_contain_text("Sigue SOLDADURA.")
    assert tablet.taps == 2
    assert tablet.sessions(tag) == ["MR(93) · ARMADO · 0m", "MR(93) · ARMADO · 0m"]

    tablet.taps, other = 0, f"{tag[:-1]}{int(tag[-1]) + 2}"
    tablet.tap(tablet.row(other))
    tablet.tap(tablet.take_button())
    expect(tablet.card(other)).to_be_visible()
    assert tablet.taps == 2


def test_many_are_taken_at_once_and_paused_at_once(tablet: Stand) -> None:
    tablet.step_up(50)
    first = 10 if tablet.page.locator("html.js").count() else 20
    tags = [f"MK-1335-CW-25238-{first + step:03}" for step in range(3)]
    for tag in tags:
        tablet.tap(tablet.row(tag))
    tablet.tap(tablet.take_button())
    expect(tablet.notice()).to_contain_text("3 spools tomados por AS(50)")
    tablet.tap(tablet.page.get_by_role("button", name="PAUSAR TODOS"))
    expect(tablet.notice()).to_contain_text("3 spools pausados por AS(50)")


def test_an_inspection_takes_three_taps_is_asked_twice_and_told(tablet: Stand) -> None:
    tablet.step_up(93)
    tag = "QC-77-001" if tablet.page.locator("html.js").count() else "QC-77-002"
    tablet.tap(tablet.page.get_by_role("link", name="METROLOGÍA"))
    tablet.taps = 0
    tablet.tap(tablet.page.locator("a.entera", has_text=tag[-3:]))
    tablet.tap(tablet.page.get_by_role("link", name="RECHAZADO"))
    expect(tablet.page.get_by_text("Es el rechazo 1/3: el spool pasa a REPARACIÓN.")).to_be_visible()
    tablet.tap(tablet.page.get_by_role("button", name="CONFIRMAR RECHAZADO"))
    expect(tablet.notice()).to_contain_text(f"Metrología: {tag} RECHAZADO (Ciclo 1/3)")
    assert tablet.taps == 3


def test_cancelling_hides_behind_mas_and_asks(tablet: Stand) -> None:
    tablet.step_up(60)
    tag = "MK-1335-CW-25238-030" if tablet.page.locator("html.js").count() else "MK-1335-CW-25238-031"
    tablet.take(tag)
    tablet.tap(tablet.card(tag).get_by_text("más", exact=True))
    tablet.tap(tablet.card(tag).get_by_role("link", name="CANCELAR"))
    tablet.tap(tablet.page.get_by_role("button", name="CANCELAR TOMA"))
    expect(tablet.notice()).to_contain_text(f"Operación cancelada en {tag}")


def test_a_spool_taken_meanwhile_is_refused_on_a_page_that_stays(tablet: Stand) -> None:
    # What is taken elsewhere cannot be ticked any more once it is heard of; here it is not heard.
    tablet.page.route("**/en-vivo/**", lambda route: route.abort())
    tablet.step_up(61)
    tag = "MK-1335-CW-25238-040" if tablet.page.locator("html.js").count() else "MK-1335-CW-25238-041"
    other = tablet.context.browser
    assert other
    with stand(other, tablet.live) as juan:
        juan.pair().step_up(94).take(tag)
        tablet.tap(tablet.row(tag))
        tablet.tap(tablet.take_button())
        refused = tablet.page.locator(".aviso.fallo")
        expect(refused).to_contain_text(f"JP(94) tiene el spool {tag} en ARMADO")
        juan.tap(juan.card(tag).get_by_role("button", name="PAUSAR"))
        expect(juan.notice()).to_contain_text("Trabajo pausado")
    tablet.tap(tablet.page.get_by_role("button", name="REINTENTAR"))
    expect(tablet.card(tag)).to_be_visible()
