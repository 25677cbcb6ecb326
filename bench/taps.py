"""B5: from a tap on one tablet until another screen has painted what came of it, both in one Chromium."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.figures import Figure, Limits
from bench.load import Api
from bench.places import Place, token
from tests.browser.conftest import QUIET
from tests.browser.floor import Stand, stand
from tests.conftest import CHROMIUM
from tests.live import LiveTaller

WARM_UP = 6
TAGS = 5
LIMITS = Limits(p95=250)

# Both pages read the machine's clock, in milliseconds.
_NOTE_TAPS = "addEventListener('click', () => { window.tapped = Date.now(); }, true)"
_WATCH = """([selector, there]) => {
  window.painted = new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if ((document.querySelector(selector) !== null) !== there) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(Date.now())));
    });
    observer.observe(document.body, { subtree: true, childList: true, attributes: true });
  });
}"""
_SOMEBODY_IS_HERE = "document.dispatchEvent(new Event('wheel'))"
_TAKEABLE = "rows => rows.map(row => [row.dataset.tag, row.id.split('-').pop()])"


@dataclass(frozen=True, slots=True)
class Screen:
    """Where what comes of a tap is looked at. `held` selects the place of a held spool by its number."""

    what: str
    kind: str
    size: str
    held: str


TABLET = Screen("row repainted on a second tablet", "tablet", "vertical", "#fila-ARM-{}[data-de]")
WALL = Screen("card repainted on the wall", "board", "muro", "#tarjeta-{}")


def b5(place: Place, taps: int) -> list[Figure]:
    """TOMAR and PAUSAR in turn, told to a second tablet, then to a wall. Nothing without Chromium."""
    if not CHROMIUM.exists():
        return []
    with place.webs(1) as [web], sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        people = Api(web.base_url, token(place, "bench B5")).get("/api/workers?operacion=ARM")["workers"]
        first, second = (person["id"] for person in people[:2])
        found = []
        for screen in (TABLET, WALL):
            with _at(place, web, browser, TABLET, first) as hand, _at(place, web, browser, screen, second) as eyes:
                times = _times(hand, eyes.page, screen, taps)
            found.append(Figure("B5", f"tap → {screen.what}", place.name, "ms", times, LIMITS))
        return found


@contextmanager
def _at(place: Place, web: LiveTaller, browser: Browser, screen: Screen, worker: int) -> Iterator[Stand]:
    """A paired screen that shows what is live; at a tablet stands this worker."""
    name, _, secret = place.measure("bench.pair_child", screen.kind)["cookie"].partition("=")
    with stand(browser, web, size=screen.size) as opened:
        opened.context.add_cookies([{"name": name, "value": secret, "url": web.base_url}])
        if screen is WALL:
            opened.open("/tablero/")
            expect(opened.page.locator("[data-estado]")).to_have_text("EN VIVO")
        else:
            opened.step_up(worker).open("/trabajo/?op=ARM")
            expect(opened.page.locator("#pulso")).to_have_text("Conectado")
        yield opened


def _times(hand: Stand, eyes: Page, screen: Screen, taps: int) -> list[float]:
    """Milliseconds of each tap once the pages are warm. One spool stays taken: a wall is seldom empty."""
    hand.page.evaluate(_NOTE_TAPS)
    [kept, *others] = hand.page.locator("#lista .fila:has(input)").evaluate_all(_TAKEABLE)[: TAGS + 1]
    _tap(hand, kept[0], take=True)
    times = []
    for place, (tag, number) in enumerate(itertools.islice(itertools.cycle(others), (WARM_UP + taps) // 2)):
        for take in (True, False):
            eyes.evaluate(_SOMEBODY_IS_HERE)
            eyes.evaluate(_WATCH, [screen.held.format(number), take])
            _tap(hand, tag, take=take)
            took = eyes.evaluate("window.painted") - hand.page.evaluate("window.tapped")
            times += [took] if place >= WARM_UP // 2 else []
    _tap(hand, kept[0], take=False)
    return times


def _tap(hand: Stand, tag: str, *, take: bool) -> None:
    """Take or pause a spool, and wait until one's own page says so."""
    if take:
        hand.row(tag).click()
        hand.take_button().click()
    else:
        hand.page.locator(f"#mios button[name=tag][value='{tag}']").click()
    expect(hand.card(tag)).to_have_count(1 if take else 0)
