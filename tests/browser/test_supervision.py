"""Supervision on a phone and on tablets: nothing for axe, everything big enough, and it brings itself up to date."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.floor import LONGEST, Stand, in_ms, open_shop, stand
from tests.browser.test_fit import check
from tests.live import LiveTaller
from tests.live_shop import shell

pytestmark = pytest.mark.process

FORGOTTEN, DONE = "MK-1335-CW-25238-001", "QC-77-001"
LONGEST_TAG = "LARGO-" + "W" * 90 + "-009"

_SUPERVISORS = """
from datetime import timedelta
from django.contrib.auth.models import Group, User
from django.utils import timezone
from occupation import services
from occupation.models import Spool, Trabajador
from occupation.services import SISTEMA
from occupation.vocabulary import Operacion, Resultado
from tests.factories import DeviceFactory
marta = User.objects.create_user("marta", password="una-clave-larga")
marta.groups.set(Group.objects.filter(name="supervisores"))
User.objects.create_user("pedro", password="una-clave-larga")
Trabajador.objects.filter(pk=100).update(activo=True)
ago = timezone.now() - timedelta(hours=26)
take = dict(operacion=Operacion.ARM, actor=SISTEMA)
services.tomar(tag="{forgotten}", trabajador_id=93, instante=ago, **take)
services.tomar(tag="{longest_tag}", trabajador_id={longest}, **take)
services.tomar(tag="MK-1335-CW-25238-002", trabajador_id=94, **take)
Trabajador.objects.filter(pk={longest}).update(activo=False)
for _ in range(2):
    services.inspeccionar(tag="QC-77-002", trabajador_id=93, resultado=Resultado.RECHAZADO, actor=SISTEMA)
    services.tomar(tag="QC-77-002", trabajador_id=93, operacion=Operacion.REPARACION, actor=SISTEMA)
    services.completar(tag="QC-77-002", trabajador_id=93, actor=SISTEMA)
services.inspeccionar(tag="QC-77-002", trabajador_id=93, resultado=Resultado.RECHAZADO, actor=SISTEMA)
DeviceFactory(nombre="Tableta del portón", visto_en=ago)
"""

PAGES = [
    "/supervision/",
    f"/supervision/liberar/?tag={FORGOTTEN}",
    "/supervision/desbloquear/?tag=QC-77-002",
    f"/supervision/liberar/?tag={DONE}",
    "/supervision/corregir/",
    "/supervision/corregir/?q=25238",
    "/supervision/corregir/?q=nada-asi",
    f"/supervision/corregir/spool/?tag={DONE}",
    "/supervision/corregir/spool/?tag=QC-77-002",
    f"/supervision/corregir/operacion/?tag={DONE}&operacion=ARM",
    f"/supervision/reabrir/?tag={DONE}&operacion=SOLD",
    "/supervision/pines/",
    "/supervision/pines/?q=undurraga",
    "/supervision/pines/?q=nadie-asi",
    "/supervision/pines/poner/?trabajador=100",
]


@pytest.fixture(scope="module", autouse=True)
def _opened(shared_taller: LiveTaller, tmp_path_factory: pytest.TempPathFactory) -> None:
    open_shop(shared_taller, tmp_path_factory.mktemp("libro") / "libro")
    names = {"forgotten": FORGOTTEN, "longest_tag": LONGEST_TAG, "longest": LONGEST[0]}
    shell(shared_taller, _SUPERVISORS.format(**names))


@pytest.fixture(
    scope="module",
    params=["teléfono", *(pytest.param(size, marks=pytest.mark.long) for size in ("apaisada", "vertical", "chica"))],
)
def marta(request: pytest.FixtureRequest, chromium: Browser, shared_taller: LiveTaller) -> Iterator[Stand]:
    with stand(chromium, shared_taller, size=request.param) as opened:
        enter(opened)
        yield opened


def enter(opened: Stand, user: str = "marta") -> Page:
    page = opened.open("/supervision/")
    page.get_by_label("Usuario").fill(user)
    page.get_by_label("Clave").fill("una-clave-larga")
    page.get_by_role("button", name="ENTRAR").click()
    page.wait_for_url(f"{opened.live.base_url}/supervision/")
    return page


def test_every_page_of_supervision_fits(marta: Stand) -> None:
    wrong = {}
    for path in PAGES:
        found = check(marta.open(path))
        if any(found.values()):
            wrong[path] = found
    assert wrong == {}


def test_the_pages_before_the_door_fit(chromium: Browser, shared_taller: LiveTaller) -> None:
    with stand(chromium, shared_taller, size="teléfono") as stranger:
        wrong = {"entrar": check(stranger.open("/supervision/"))}
        enter(stranger, "pedro")
        wrong["sin permiso"] = check(stranger.page)
    assert {name: found for name, found in wrong.items() if any(found.values())} == {}


def test_a_release_is_one_tap_and_its_reason_another(chromium: Browser, shared_taller: LiveTaller) -> None:
    tag = "MK-1335-CW-25238-002"
    with stand(chromium, shared_taller, size="teléfono") as phone:
        page = enter(phone)
        phone.tap(page.get_by_role("link", name=f"LIBERAR {tag}"))
        phone.tap(page.get_by_role("button", name="Se fue sin pausar"))
        expect(page.locator(".aviso.hecho")).to_have_text(f"Spool {tag} liberado: queda pausado y disponible")
        assert phone.taps == 2
        assert page.get_by_role("link", name=f"LIBERAR {tag}").count() == 0


def juan_takes(live: LiveTaller, tag: str) -> None:
    who = "trabajador_id=94, operacion='ARM', actor=services.SISTEMA"
    shell(live, f"from occupation import services; services.tomar(tag='{tag}', {who})")


def test_what_happens_on_the_floor_shows_by_itself(chromium: Browser, shared_taller: LiveTaller) -> None:
    tag = "MK-1335-CW-25238-003"
    with stand(chromium, shared_taller, size="teléfono") as phone:
        page = enter(phone)
        juan_takes(shared_taller, tag)
        expect(page.get_by_role("link", name=f"LIBERAR {tag}")).to_be_visible(timeout=in_ms(9))


def test_without_scripts_a_block_is_lifted_and_a_worker_is_corrected(
    chromium: Browser, shared_taller: LiveTaller
) -> None:
    with stand(chromium, shared_taller, size="teléfono", script=False) as phone:
        page = enter(phone)
        page.get_by_role("link", name="DESBLOQUEAR QC-77-002").click()
        page.get_by_label("Otro motivo").fill("se acepta reparar")
        page.get_by_role("button", name="DESBLOQUEAR").click()
        expect(page.locator(".aviso.hecho")).to_contain_text("desbloqueado")
        page.get_by_role("link", name="CORREGIR").click()
        page.get_by_placeholder("Tag, NV o una parte").fill("QC-77-003")
        page.get_by_role("button", name="Buscar").click()
        page.locator("a.entera").click()
        page.get_by_role("link", name="CORREGIR ARMADO").click()
        page.get_by_label("¿Quién la hizo?").select_option("94")
        page.get_by_label("¿Por qué?").fill("se anotó mal")
        page.get_by_role("button", name="CORREGIR").click()
        expect(page.locator(".aviso.hecho")).to_contain_text("corregido: ARMADO JP(94)")


def test_a_supervisors_computer_shows_the_wall_and_says_that_it_only_reads(
    chromium: Browser, shared_taller: LiveTaller
) -> None:
    tag = "MK-1335-CW-25238-005"
    with stand(chromium, shared_taller, size="apaisada") as computer:
        enter(computer)
        page = computer.open("/tablero/")
        state = page.locator("[data-estado]")
        expect(state).to_have_text("CADA 5 SEGUNDOS")
        juan_takes(shared_taller, tag)
        expect(page.locator("#tarjetas")).to_contain_text("-005", timeout=in_ms(8))
        expect(state).to_have_text("CADA 5 SEGUNDOS")
        computer.context.set_offline(True)
        expect(state).to_contain_text("SIN CONEXIÓN desde", timeout=in_ms(12))
