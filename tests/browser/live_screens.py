"""Two tablets and a wall over one shop whose doorbell rings: what each shows, and what the database says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser.floor import Stand, stand
from tests.live import LiveTaller
from tests.live_shop import rows
from tests.ports import wait_until

MIGUEL, JUAN, ROSA = 93, 94, 101
Held = set[tuple[str, int]]

SHOWN_ROWS = (
    "[...document.querySelectorAll('#lista .fila')].map(fila => [fila.dataset.tag, Number(fila.dataset.de || 0)])"
)
MINE = "[...document.querySelectorAll('#mios .mio [name=todos]')].map(campo => campo.value)"
CARDS = """[...document.querySelectorAll('#tarjetas > li')]
  .map(carta => [carta.querySelector('.tag').innerText, carta.querySelector('.quien b').innerText])"""
VISIBILITY = """escondida => {
  Object.defineProperty(document, 'hidden', {value: escondida, configurable: true});
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def tag_of(number: int) -> str:
    return f"MK-1335-CW-25238-{number:03}"


@dataclass
class Screens:
    """Miguel's tablet, Juan's tablet and the wall."""

    live: LiveTaller
    miguel: Stand
    juan: Stand
    wall: Stand

    def held(self) -> Held:
        """Who holds what, as the database has it."""
        query = "SELECT tag_hoja, ocupado_por_id FROM occupation_spool WHERE ocupado_por_id IS NOT NULL"
        return {(tag, int(worker)) for tag, worker in rows(self.live, query)}

    def wrong(self) -> list[str]:
        """What any screen shows that the database does not say, or the other way round."""
        held = self.held()
        names = {MIGUEL: f"MR({MIGUEL})", JUAN: f"JP({JUAN})", ROSA: f"RL({ROSA})"}
        wrong = [] if cards(self.wall.page) == {(tag, names[who]) for tag, who in held} else ["the wall"]
        for tablet, worker in ((self.miguel, MIGUEL), (self.juan, JUAN)):
            listed = dict(tablet.page.evaluate(SHOWN_ROWS))
            if {(tag, who) for tag, who in listed.items() if who} != {each for each in held if each[0] in listed}:
                wrong.append(f"the list of {worker}")
            if set(tablet.page.evaluate(MINE)) != {tag for tag, who in held if who == worker}:
                wrong.append(f"what {worker} holds")
        return wrong

    def agree(self, seconds: float) -> None:
        """Return once all three show what the database says."""
        try:
            wait_until(lambda: self.wrong() == [], "the screens agree with the database", seconds)
        except TimeoutError:
            raise AssertionError(f"after {seconds} s: {self.wrong()}, {self.held()}") from None

    def streams(self) -> int:
        """How many streams the web process has open."""
        with self.live.client() as client:
            return int(client.get("/api/health").json()["streams"])

    def free_all(self) -> None:
        """Everybody puts down what they hold."""
        for tablet in (self.miguel, self.juan):
            for tag in tablet.page.evaluate(MINE):
                pause(tablet, tag)


def cards(page: Page) -> set[tuple[str, str]]:
    return {(tag, who) for tag, who in page.evaluate(CARDS)}


def start_taking(tablet: Stand, tag: str) -> None:
    """Tick and tap, without waiting for what comes of it."""
    tablet.row(tag).click()
    tablet.take_button().click()


def start_pausing(tablet: Stand, tag: str) -> None:
    tablet.page.locator(f"#mios button[name=tag][value='{tag}']").click()


def take(tablet: Stand, tag: str) -> None:
    start_taking(tablet, tag)
    expect(tablet.card(tag)).to_be_visible()


def pause(tablet: Stand, tag: str) -> None:
    start_pausing(tablet, tag)
    expect(tablet.card(tag)).to_have_count(0)


@contextmanager
def hidden(page: Page) -> Iterator[None]:
    """The page is not looked at meanwhile, as behind another tab."""
    page.evaluate(VISIBILITY, True)  # noqa: FBT003 - Playwright hands it to the page
    yield
    page.evaluate(VISIBILITY, False)  # noqa: FBT003


@contextmanager
def asked(page: Page) -> Iterator[list[str]]:
    """The addresses the page asks for meanwhile."""
    seen: list[str] = []

    def note(request: Any) -> None:  # noqa: ANN401 - Playwright's
        seen.append(request.url)

    page.on("request", note)
    yield seen
    page.remove_listener("request", note)


@contextmanager
def screens(browser: Browser, live: LiveTaller) -> Iterator[Screens]:
    """The three, at work in ARMADO and live."""
    with stand(browser, live) as miguel, stand(browser, live) as juan, stand(browser, live, size="muro") as wall:
        wall.pair("board")
        miguel.pair().step_up(MIGUEL)
        juan.pair().step_up(JUAN)
        expect(wall.page.locator("[data-estado]")).to_have_text("EN VIVO")
        opened = Screens(live, miguel, juan, wall)
        wait_until(lambda: opened.streams() == 3, "three streams", 5)
        yield opened


class Weight:
    """What a page keeps in memory."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")

    def now(self) -> dict[str, int]:
        """Bytes of the heap, nodes and listeners; the least of a few looks, as garbage takes more than one to go."""
        looks = [self._look() for _ in range(4)]
        return {name: min(look[name] for look in looks) for name in looks[0]}

    def _look(self) -> dict[str, int]:
        self._session.send("HeapProfiler.collectGarbage")
        found = {each["name"]: each["value"] for each in self._session.send("Performance.getMetrics")["metrics"]}
        return {name: int(found[name]) for name in ("JSHeapUsedSize", "Nodes", "JSEventListeners")}


def grown(before: dict[str, int], after: dict[str, int]) -> str:
    """What grew, in words; empty if nothing did."""
    allowed = {"JSHeapUsedSize": 600_000, "Nodes": 400, "JSEventListeners": 20}
    more = {name: after[name] - before[name] for name in before if after[name] - before[name] > allowed[name]}
    return json.dumps(more) if more else ""
