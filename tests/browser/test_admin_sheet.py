"""The admin's pages about the sheet in Chromium, in a shop whose sheet really has one of each thing they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from occupation.sheets.layout import Tab
from tests.live import LiveTaller
from tests.live_shop import inside, rows
from tests.mirror_office import AnyOffice
from tests.mirror_trouble import conflicts, deleted, many_edits, parked, put_back, tag, troubled_office

pytestmark = [pytest.mark.process, pytest.mark.sqlite]

PASSWORD = "una-clave-larga"
KEYS = {
    "conflicto": "id",
    "retencion": "id",
    "mirror": "spool_id",
    "ciclohoja": "id",
    "celdadudosa": "id",
    "filaduplicada": "id",
    "ediciondevuelta": "id",
    "estadohoja": "id",
    "bookupgrade": "id",
}
"""Each list about the sheet, and what its rows are told apart by."""

HIDDEN_BUTTONS = """(() => {
  const right = each => each.getBoundingClientRect().right, box = document.querySelector('#changelist .results');
  const buttons = [...document.querySelectorAll('.field-decision .button')];
  return buttons.filter(each => box && right(each) > right(box)).length;
})()"""


@pytest.fixture(scope="module")
def office(shared_taller: LiveTaller, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnyOffice]:
    """Conflicts, edits put back, parked rows, a lost header, a deletion and a mass edit, each by people's hands."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from occupation.models import BookUpgrade

    with ExitStack() as stack:
        with inside(shared_taller):
            troubled = stack.enter_context(troubled_office("google", tmp_path_factory.mktemp("libro")))
            for trouble in (conflicts, put_back, parked):
                trouble(troubled)
            deleted(troubled, Tab.TRABAJADORES, 5)
            troubled.rename("Rol", "Oficio", Tab.ROLES)
            many_edits(troubled, range(15, 24))
            User.objects.create_superuser("ana", "", PASSWORD)
            BookUpgrade.objects.create(name="2026-03-03_18-30-00", begun_at=timezone.now(), tabs=list(Tab), open=False)
        yield troubled


@pytest.fixture
def ana(office: AnyOffice, shared_taller: LiveTaller, new_context: Callable[..., BrowserContext]) -> Page:
    """An administrator at the office's computer."""
    page = new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"{shared_taller.base_url}/admin/")
    page.get_by_label("Nombre de usuario").fill("ana")
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Iniciar sesión").click()
    return page


def pages(live: LiveTaller) -> list[str]:
    """Each list, a page of each, and the page that asks before something is allowed."""
    held = "&".join(f"retencion={pk}" for (pk,) in rows(live, "SELECT id FROM occupation_retencion"))
    found = ["", f"occupation/retencion/permitir/?{held}"]
    for model, key in KEYS.items():
        ((first,),) = rows(live, f"SELECT MIN({key}) FROM occupation_{model}")  # noqa: S608 - names of our own
        found += [f"occupation/{model}/", f"occupation/{model}/{first}/change/"]
    return found


def test_every_page_fits_an_office_screen_and_a_tablet_and_keeps_the_security_policy(
    ana: Page, shared_taller: LiveTaller
) -> None:
    complaints: list[str] = []
    ana.on("console", lambda message: complaints.append(f"{ana.url} {message.type} {message.text}"))
    wrong = []
    for width, height in ((1280, 800), (800, 1280)):
        ana.set_viewport_size({"width": width, "height": height})
        for page in pages(shared_taller):
            answer = ana.goto(f"{shared_taller.base_url}/admin/{page}")
            if not answer or answer.status != 200 or ana.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wrong.append((width, page))
            if ana.evaluate(HIDDEN_BUTTONS):
                wrong.append((width, f"{page}: a button is cut off"))
    assert (wrong, [told for told in complaints if " verbose " not in told and " info " not in told]) == ([], [])


def test_an_administrator_decides_from_the_home_page_on(
    ana: Page, office: AnyOffice, shared_taller: LiveTaller
) -> None:
    ana.get_by_role("link", name="Conflictos entre la hoja y la app").click()
    row = ana.get_by_role("row", name=f"{tag(7)} Fecha_Armado")
    row.get_by_role("button", name="Tomar el de la hoja").click()
    expect(ana.locator(".messagelist")).to_contain_text(f"{tag(7)} Fecha_Armado: se tomó el de la hoja, «14-01-2026»")
    ana.get_by_role("link", name="Inicio").click()
    ana.get_by_role("link", name="Hojas retenidas").first.click()
    ana.get_by_role("row", name="muchas ediciones").get_by_role("checkbox").check()
    ana.locator("select[name=action]").select_option("PERMITIR en las elegidas")
    ana.get_by_role("button", name="Ir").click()
    expect(ana.get_by_text(f"{tag(15)} fila 16, Fecha_Armado: la hoja dice «15-01-2026», la app nada")).to_be_visible()
    ana.get_by_role("button", name="PERMITIR").click()
    expect(ana.locator(".messagelist")).to_contain_text("Operaciones: permitido.")
    with inside(shared_taller):
        assert office.sync().adopted == 9
    assert office.row(tag(7))["Fecha_Armado"] == "14-01-2026"
    ana.goto(f"{shared_taller.base_url}/admin/occupation/ciclohoja/")
    expect(ana.locator("#result_list")).to_contain_text("adoptadas: 9")
