"""A shop of sixty workers and a hundred spools, and a person with gloves who taps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

from tests.live import LiveTaller
from tests.live_shop import command
from tests.ports import patient

_PAIRED: dict[tuple[str, str], str] = {}
SIZES = {"vertical": (800, 1280), "apaisada": (1280, 800), "chica": (768, 1024), "teléfono": (360, 740)}
LONGEST = ("100", "Maximiliano Bernardo", "Fernández-Undurraga Goycoolea de la Huerta", "TRUE")
DONE = {"Fecha_Armado": "06-01-2026", "Armador": "MR(93)", "Fecha_Soldadura": "07-01-2026", "Soldador": "MR(93)"}


def open_shop(live: LiveTaller, folder: Path) -> None:
    """Import a workbook: 60 workers from 41 to 100, all Ayudante; Miguel Rojas, 93, may do everything.

    A hundred spools to take: up to number 60 they are of NV0650, the rest of NV0700. Five wait for their first
    inspection; of four that were rejected one waits for repair, one's repair is paused, one is blocked, one repaired.
    """
    # Not above: the bench taps these screens in a process that knows no models.
    from tests.books import BookFolder, fila

    numbers = [str(number) for number in range(41, 100)]
    names = {"93": ("Miguel", "Rojas"), "94": ("Juan", "Pérez")}
    people = [(number, *names.get(number, ("Ana", f"Soto {number}")), "TRUE") for number in numbers]
    roles = [(number, "Ayudante", "TRUE") for number in [*numbers, "100"]]
    roles += [("93", role, "TRUE") for role in ("Armador", "Soldador", "Metrologia")]
    filas = [
        fila(f"MK-1335-CW-25238-{number:03}", NV="NV0650" if number <= 60 else "NV0700") for number in range(1, 101)
    ]
    filas += [fila(f"QC-77-{number:03}", DONE) for number in range(1, 6)]
    repair = {
        "RECHAZADO (Ciclo 2/3) - Pendiente reparación": "RP-9-001",
        "REPARACION_PAUSADA (Ciclo 1/3)": "RP-9-002",
        "BLOQUEADO - Contactar supervisor": "RP-9-003",
        "PENDIENTE_METROLOGIA (Ciclo 2/3)": "RP-9-004",
    }
    filas += [fila(tag, DONE, Estado_Detalle=text) for text, tag in repair.items()]
    filas += [fila("LARGO-" + "W" * 90 + "-009")]
    BookFolder(folder, filas, people=[*people, LONGEST], roles=roles).save()
    command(live, "import_workbook", str(folder))


def in_ms(seconds: float) -> float:
    """How long Playwright is to wait for what is promised within `seconds`."""
    return patient(seconds) * 1000


def pages(pdf: bytes) -> int:
    """How many sheets of paper a printed page takes."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def pairing_link(live: LiveTaller, name: str, kind: str = "tablet") -> str:
    """A link that makes whoever opens it a device."""
    return command(live, "pair_device", name, "--kind", kind)[-1]


class Stand:
    """One browser on a stand, and who taps it: `taps` counts."""

    def __init__(self, context: BrowserContext, live: LiveTaller) -> None:
        self.context, self.live = context, live
        self.page: Page = context.new_page()
        self.page.set_default_timeout(in_ms(8))
        self.taps = 0
        self.violations: list[str] = []
        self.page.on("console", lambda message: self._note(message.text))

    def _note(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.violations.append(text)

    def pair(self, kind: str = "tablet") -> Stand:
        """Become a device through the pairing page; later browsers of the same shop are given the same cookie."""
        home = f"{self.live.base_url}/{'tablero/' if kind == 'board' else ''}"
        if (home, kind) not in _PAIRED:
            self.page.goto(pairing_link(self.live, "Tablet", kind))
            self.page.get_by_role("button", name="VINCULAR").click()
            self.page.wait_for_url(home)
            _PAIRED[home, kind] = next(each for each in self.context.cookies() if each["name"] == "taller_device")[
                "value"
            ]
            return self
        self.context.add_cookies([{"name": "taller_device", "value": _PAIRED[home, kind], "url": home}])
        self.page.goto(home)
        return self

    @contextmanager
    def posts(self) -> Iterator[list[Request]]:
        """What is posted meanwhile."""
        seen: list[Request] = []

        def note(request: Request) -> None:
            if request.method == "POST":
                seen.append(request)

        self.page.on("request", note)
        yield seen
        self.page.remove_listener("request", note)

    def open(self, path: str) -> Page:
        self.page.goto(self.live.base_url + path)
        return self.page

    def tap(self, place: Locator) -> None:
        place.click()
        self.taps += 1

    def step_up(self, number: int = 93) -> Stand:
        """Tap the worker's tile and wait for the work page."""
        self.open("/")
        self.tap(self.tile(number))
        expect(self.page.get_by_role("link", name="CAMBIAR")).to_be_visible()
        return self

    def tile(self, number: int) -> Locator:
        return self.page.locator(f"button[name=trabajador][value='{number}']").last

    def row(self, tag: str) -> Locator:
        """The row of the list that can be ticked."""
        return self.page.locator(f"#lista label:has(input[value='{tag}'])")

    def take_button(self) -> Locator:
        return self.page.locator("[data-tomar]")

    def card(self, tag: str) -> Locator:
        """The card in Mis spools."""
        return self.page.locator("#mios li.mio").filter(has=self.page.locator(f"button[value='{tag}']"))

    def notice(self) -> Locator:
        return self.page.locator(".aviso.hecho")

    def banner(self) -> Locator:
        return self.page.locator("#red")

    def take(self, tag: str) -> None:
        """Search for a spool and take it."""
        self.page.goto(f"{self.live.base_url}/trabajo/?op=ARM&q={tag}")
        self.tap(self.row(tag))
        self.tap(self.take_button())
        expect(self.card(tag)).to_be_visible()

    def sessions(self, tag: str) -> list[str]:
        """The titles of the spool's history, latest first."""
        other = self.context.new_page()
        other.goto(f"{self.live.base_url}/spool/{tag}/")
        found = other.locator(".historia li p:first-child").all_inner_texts()
        other.close()
        return found


@contextmanager
def stand(browser: Browser, live: LiveTaller, *, size: str = "vertical", script: bool = True) -> Iterator[Stand]:
    """A clean browser of one of the four sizes; it must not break the pages' security policy."""
    width, height = SIZES.get(size, (1920, 1080))
    context = browser.new_context(
        viewport={"width": width, "height": height},
        java_script_enabled=script,
        locale="es-CL",
        timezone_id="America/Santiago",
        has_touch=True,
    )
    opened = Stand(context, live)
    yield opened
    context.close()
    assert opened.violations == []
