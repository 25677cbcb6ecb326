"""Every page at every size: nothing for axe, nothing covered, everything big enough to hit with a glove."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.floor import Stand, open_shop, pages, stand
from tests.live import LiveTaller

pytestmark = pytest.mark.process

HELD = "MK-1335-CW-25238-001"
PAGES = [
    "/vincular/",
    "/vincular/?codigo=abc",
    "/trabajo/?op=ARM",
    "/trabajo/?op=ARM&q=25238",
    "/trabajo/?op=ARM&q=nada-asi",
    "/trabajo/?op=ARM&avance=sin-empezar",
    "/trabajo/?op=ARM&avance=en-pausa&nv=NV9",
    "/trabajo/?op=ARM&elegir=nv",
    "/trabajo/?op=REPARACION",
    "/trabajo/?op=METROLOGIA",
    f"/trabajo/completar/?tag={HELD}",
    f"/trabajo/cancelar/?tag={HELD}",
    "/trabajo/completar/?tag=QC-77-001",
    "/trabajo/metrologia/?tag=RP-9-004",
    "/spool/RP-9-003/",
    f"/viajera/{HELD}/",
    "/viajera/NO-HAY/",
    "/trabajo/metrologia/?tag=QC-77-001",
    "/trabajo/metrologia/?tag=QC-77-001&resultado=RECHAZADO",
    f"/spool/{HELD}/",
    "/mi-registro/",
    "/spool/NO-HAY/",
    "/tablero/",
    "/nada/",
    "/",
]

SMALL = """() => [...document.querySelectorAll('a.boton, button, summary, .pestanas a, .fila label, .fila .ver')]
  .map(lugar => ({lugar, caja: lugar.getBoundingClientRect(), alto: lugar.classList.contains('verbo') ? 64 : 48}))
  .filter(({lugar}) => lugar.checkVisibility({visibilityProperty: true}))
  .filter(({caja, alto}) => caja.height < alto - 0.5 || caja.width < 48)
  .map(({lugar, caja}) => `${lugar.innerText.slice(0, 30)}: ${caja.width}x${caja.height}`)"""

COVERED = """() => {
  const cubiertos = [], tocables = 'a.boton, button, summary, .fila label, .fila .ver, input[type=search]';
  for (const lugar of document.querySelectorAll(tocables)) {
    if (!lugar.checkVisibility({visibilityProperty: true}) || lugar.disabled) continue;
    lugar.scrollIntoView({block: 'center', inline: 'center'});
    const caja = lugar.getBoundingClientRect();
    const encima = document.elementFromPoint(caja.left + caja.width / 2, caja.top + caja.height / 2);
    // The band that tells of a lost line lies over the head of the page for as long as there is none.
    if (encima && encima.closest('#red') && !lugar.closest('#red')) continue;
    if (!encima || !(lugar.contains(encima) || encima.contains(lugar))) cubiertos.push(lugar.innerText.slice(0, 30));
  }
  return cubiertos;
}"""

SCROLLS = """() => {
  if (document.querySelector('#tablero') || document.documentElement.scrollHeight <= innerHeight) return [];
  return [`${document.documentElement.scrollHeight} of ${innerHeight}`];
}"""

SMALL_TEXT = """() => {
  const textos = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), chicos = [];
  while (textos.nextNode()) {
    const lugar = textos.currentNode.parentElement;
    if (!textos.currentNode.data.trim() || !lugar.checkVisibility({visibilityProperty: true})) continue;
    if (lugar.closest('svg, noscript, .oculto')) continue;
    if (parseFloat(getComputedStyle(lugar).fontSize) < 18) chicos.push(textos.currentNode.data.trim());
  }
  return chicos;
}"""


@pytest.fixture(scope="module", autouse=True)
def _opened(shared_taller: LiveTaller, tmp_path_factory: pytest.TempPathFactory) -> None:
    open_shop(shared_taller, tmp_path_factory.mktemp("libro") / "libro")


@pytest.fixture(
    scope="module",
    params=["apaisada", "teléfono", *(pytest.param(size, marks=pytest.mark.long) for size in ("vertical", "chica"))],
)
def tablet(request: pytest.FixtureRequest, chromium: Browser, shared_taller: LiveTaller) -> Iterator[Stand]:
    with stand(chromium, shared_taller, size=request.param) as opened:
        opened.pair().step_up()
        if not opened.page.locator("#mios li.mio").count():
            opened.take(HELD)
        yield opened


def check(page: Page) -> dict[str, list[str]]:
    """Everything wrong with how a page fits, by kind."""
    found = Axe().run(page).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return {
        "axe": [f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}" for each in found],
        "small": page.evaluate(SMALL),
        "covered": page.evaluate(COVERED),
        "small text": page.evaluate(SMALL_TEXT),
        "wider than the screen": ["yes"] if wide else [],
        "scrolls as a whole": page.evaluate(SCROLLS),
    }


def test_every_page_fits(tablet: Stand) -> None:
    wrong = {}
    for path in PAGES:
        found = check(tablet.open(path))
        if any(found.values()):
            wrong[path] = found
    assert wrong == {}


def test_the_pages_that_only_a_tap_opens_fit_too(tablet: Stand) -> None:
    tablet.step_up()
    page = tablet.page
    page.locator("#mios").get_by_text("más", exact=True).first.click()
    wrong = {"más": check(page)}
    page.goto(f"{tablet.live.base_url}/trabajo/?op=ARM&q=25238-05")
    for number in (50, 51):
        tablet.row(f"MK-1335-CW-25238-{number:03}").click()
    wrong["elegidos"] = check(page)
    page.locator("#tomar").evaluate(
        "form => form.insertAdjacentHTML('beforeend', '<input type=hidden name=tag value=NO-HAY>')"
    )
    tablet.take_button().click()
    expect(page.get_by_role("heading", name="de 3 tomados")).to_be_visible()
    wrong["resultado"] = check(page)
    page.goto(f"{tablet.live.base_url}/trabajo/")
    page.get_by_role("button", name="PAUSAR TODOS").click()
    expect(tablet.notice()).to_be_visible()
    wrong["aviso"] = check(page)
    tablet.take(HELD)
    tablet.context.set_offline(True)
    tablet.card(HELD).get_by_role("button", name="PAUSAR").click()
    expect(tablet.banner()).to_contain_text("No se envió ni se guardó nada")
    wrong["sin red"] = check(page)
    tablet.context.set_offline(False)
    assert {name: found for name, found in wrong.items() if any(found.values())} == {}


def test_the_traveller_prints_on_one_sheet_without_head_and_buttons(tablet: Stand) -> None:
    page = tablet.open(f"/viajera/{HELD}/")
    page.emulate_media(media="print")
    for place in (page.locator(".cabecera"), page.get_by_role("button", name="IMPRIMIR"), page.locator(".pie")):
        expect(place).to_be_hidden()
    expect(page.get_by_role("img", name=f"Código QR de {HELD}")).to_be_visible()
    assert [pages(page.pdf(format=paper)) for paper in ("A4", "Letter")] == [1, 1]
    page.emulate_media(media="screen")


def test_the_last_of_sixty_workers_can_be_tapped(tablet: Stand) -> None:
    page = tablet.open("/")
    last = page.locator("button[name=trabajador]").last
    last.scroll_into_view_if_needed()
    name = last.inner_text()
    last.click()
    expect(page.get_by_role("link", name="CAMBIAR")).to_be_visible()
    assert page.locator(".quien b").inner_text() in name


def test_the_search_of_workers_narrows_while_typing(tablet: Stand) -> None:
    page = tablet.open("/")
    page.get_by_placeholder("Número, iniciales o nombre").press_sequentially("undurraga")
    expect(page.locator("button[name=trabajador]")).to_have_count(1)
    expect(page.locator("button[name=trabajador]")).to_contain_text("MF(100)")


def test_the_keyboard_alone_takes_a_spool(tablet: Stand) -> None:
    tablet.step_up(80)
    page = tablet.page
    page.goto(f"{tablet.live.base_url}/trabajo/?op=ARM&q=QC")
    page.goto(f"{tablet.live.base_url}/trabajo/?op=ARM&q=25238-09")
    page.locator("#lista input[type=checkbox]").first.focus()
    page.keyboard.press("Space")
    expect(tablet.take_button()).to_have_text("TOMAR (1)")
    tablet.take_button().focus()
    page.keyboard.press("Enter")
    expect(tablet.notice()).to_contain_text("tomado por AS(80)")
    page.get_by_role("button", name="PAUSAR MK").first.click()
    expect(tablet.notice()).to_contain_text("Trabajo pausado")


def test_the_wall_has_no_scroll_and_nothing_for_axe(chromium: Browser, shared_taller: LiveTaller) -> None:
    with stand(chromium, shared_taller, size="muro") as wall:
        wall.pair("board")
        page = wall.page
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight") is True
        assert [each["id"] for each in Axe().run(page).response["violations"]] == []
        assert page.evaluate("document.querySelectorAll('a, button, input').length") == 0


SPILLED = """() => {
  const altas = [...document.querySelectorAll('.tarjeta')].filter(caja => caja.scrollHeight > caja.clientHeight + 1);
  const anchas = [...document.querySelectorAll('.tarjeta, .tarjeta .quien')]
    .filter(caja => caja.scrollWidth > caja.clientWidth + 1);
  return [...altas, ...anchas].map(caja => `${caja.className} ${caja.innerText.slice(0, 40)}`);
}"""

EMPTY = """() => {
  const zona = document.querySelector('.manos').getBoundingClientRect();
  const area = lugar => { const caja = lugar.getBoundingClientRect(); return caja.width * caja.height; };
  return 1 - [...document.querySelectorAll('.tarjeta')].map(area).reduce((a, b) => a + b) / (zona.width * zona.height);
}"""

SMALLEST = """() => Math.min(...[...document.querySelectorAll('.tarjeta p, .tarjeta b, .tarjeta span')]
  .map(lugar => parseFloat(getComputedStyle(lugar).fontSize)))"""


def test_the_wall_is_filled_by_what_is_held_whether_one_spool_or_sixteen(
    chromium: Browser, shared_taller: LiveTaller
) -> None:
    """Cards of a usual tag, one of them of a job that was forgotten for days."""
    cards = [
        f"<li class='tarjeta{' revisar' if not n else ''}'><p class=que><span class=tag>MK-1335-CW-25238<b>-0{n:02}</b>"
        f"</span></p><p class=quien><b>MF({100 + n})</b> <span>SOLDADURA</span></p><p class=cuanto><span>"
        f"{'2d 23h 59m' if not n else '3h 45m'}</span>{' <strong>REVISAR</strong>' if not n else ''}</p></li>"
        for n in range(16)
    ]
    with stand(chromium, shared_taller, size="muro") as wall:
        wall.pair("board")
        wall.context.set_offline(True)
        wrong, sizes = {}, []
        for held in range(16, 0, -1):
            wall.page.locator(".manos").evaluate(
                "(lugar, html) => { lugar.children[1].outerHTML = `<ol class='tarjetas'>${html}</ol>` }",
                "".join(cards[:held]),
            )
            spilled, empty = wall.page.evaluate(SPILLED), wall.page.evaluate(EMPTY)
            sizes.append(wall.page.evaluate(SMALLEST))
            half_a_row = 0.5 / -(-held // 2) if held > 4 and held % 2 else 0
            if spilled or empty > 0.16 + half_a_row:
                wrong[held] = (spilled, round(empty, 2))
        assert wrong == {}
        assert sizes == sorted(sizes)
        assert sizes[0] >= 26
        wall.context.set_offline(False)
