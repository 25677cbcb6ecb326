"""The journey of a spool that is rejected three times: two tablets, the wall, the sheet and a supervisor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from occupation.sheets.layout import Tab
from tests.books import fila
from tests.browser.floor import DONE, Stand, stand
from tests.conftest import StartTaller
from tests.live import LiveTaller
from tests.live_shop import inside, rows, shell
from tests.mirror_office import Office
from tests.private_valkey import BreakableValkey

pytestmark = [pytest.mark.process, pytest.mark.both_databases]

TAG = "MK-1335-CW-25238-011"
MIGUEL, JUAN, CARLA = 93, 94, 95
PASSWORD = "una-clave-larga"
MARTA = f"""
from django.contrib.auth.models import Group, User
marta = User.objects.create_user("marta", password="{PASSWORD}", is_staff=True)
marta.groups.add(Group.objects.get(name="supervisores"))
"""


@dataclass
class Walk:
    """Carla's tablet, at the inspection queue; the tablet of those who repair; the wall; the office's book."""

    live: LiveTaller
    carla: Stand
    repairs: Stand
    wall: Stand
    office: Office

    def queue(self) -> Locator:
        return self.carla.page.locator("#lista .fila")

    def to_repair(self) -> Locator:
        return self.repairs.page.locator("#lista .fila")

    def count_of(self, stage: str) -> Locator:
        return self.wall.page.locator("#franja li", has_text=stage).locator("b")

    def sync(self) -> None:
        """One cycle of the relay."""
        with inside(self.live):
            self.office.sync()

    def repairer(self, number: int) -> None:
        """Somebody steps up to the second tablet, at what there is to repair."""
        self.repairs.step_up(number)
        self.repairs.page.goto(f"{self.live.base_url}/trabajo/?op=REPARACION")

    def inspect(self, resultado: str, says: str, then: str) -> None:
        """Three taps from the queue, and what the page says before and after the last."""
        self.carla.taps = 0
        self.carla.tap(self.carla.page.locator("a.entera", has_text=TAG[-3:]))
        self.carla.tap(self.carla.page.get_by_role("link", name=resultado, exact=True))
        expect(self.carla.page.locator(".tag.enorme")).to_have_text(TAG)
        expect(self.carla.page.get_by_text(says)).to_be_visible()
        self.carla.tap(self.carla.page.get_by_role("button", name=f"CONFIRMAR {resultado}"))
        expect(self.carla.notice()).to_contain_text(then)
        assert self.carla.taps == 3
        expect(self.queue()).to_have_count(0)

    def take(self, cycle: str) -> None:
        """Tick and tap; the wall says who has it, for which repair."""
        self.repairs.row(TAG).click()
        self.repairs.take_button().click()
        expect(self.repairs.card(TAG)).to_contain_text(f"REPARACIÓN · ciclo {cycle}")
        expect(self.wall.page.locator(".tarjeta")).to_contain_text(f"REPARACIÓN {cycle}")
        self.not_in_the_queue()

    def complete(self, cycle: str) -> None:
        """Two taps; the queue has it at once, with its cycle."""
        self.repairs.taps = 0
        self.repairs.tap(self.repairs.card(TAG).get_by_role("link", name="COMPLETAR"))
        self.repairs.tap(self.repairs.page.get_by_role("button", name="COMPLETAR"))
        expect(self.repairs.notice()).to_contain_text("Sigue METROLOGÍA.")
        assert self.repairs.taps == 2
        expect(self.queue()).to_contain_text(f"Reparado · ciclo {cycle}")
        expect(self.carla.page.locator("#avance-1")).to_have_text("Todos 1")
        expect(self.wall.page.locator(".tarjeta")).to_have_count(0)
        expect(self.count_of("METROLOGÍA")).to_have_text("1")

    def not_in_the_queue(self) -> None:
        """Neither on the inspector's page nor where it is read anew."""
        expect(self.queue()).to_have_count(0)
        other = self.carla.context.new_page()
        other.goto(f"{self.live.base_url}/trabajo/?op=METROLOGIA")
        expect(other.get_by_text("Nada espera inspección")).to_be_visible()
        other.close()

    def titles(self) -> list[str]:
        """The spool's history, oldest first."""
        return self.carla.sessions(TAG)[::-1]

    def states(self) -> tuple[str, int]:
        return rows(self.live, "SELECT calidad_state, ciclo FROM occupation_spool")[0]

    def journal(self) -> list[str]:
        query = "SELECT tipo FROM occupation_evento WHERE tipo NOT IN ('STATE_CHANGE', 'IMPORTACION') ORDER BY id"
        return [str(tipo) for (tipo,) in rows(self.live, query)]


@pytest.fixture
def walk(
    chromium: Browser, start_taller: StartTaller, valkey_server: BreakableValkey, tmp_path: Path
) -> Iterator[Walk]:
    valkey_server.make_fresh()
    live = start_taller(REDIS_URL=valkey_server.url)
    office = Office(tmp_path / "libro", [fila(TAG, DONE)])
    shell(live, MARTA)
    with (
        stand(chromium, live) as carla,
        stand(chromium, live) as repairs,
        stand(chromium, live, size="muro") as wall,
    ):
        opened = Walk(live, carla, repairs, wall, office)
        opened.sync()
        wall.pair("board")
        carla.pair().step_up(CARLA)
        repairs.pair()
        yield opened


def test_three_rejections_block_a_spool_until_somebody_unlocks_it(walk: Walk) -> None:
    expect(walk.queue()).to_contain_text("Primera inspección")
    walk.repairer(MIGUEL)
    expect(walk.repairs.page.get_by_text("No queda nada por tomar en REPARACIÓN")).to_be_visible()

    walk.inspect("RECHAZADO", "Es el rechazo 1/3: el spool pasa a REPARACIÓN.", "RECHAZADO (Ciclo 1/3)")
    expect(walk.to_repair()).to_contain_text("Rechazado · ciclo 1/3")
    expect(walk.repairs.page.locator("#avance-1")).to_have_text("Todos 1")
    expect(walk.count_of("REPARACIÓN")).to_have_text("1")
    paused_and_resumed(walk)
    walk.inspect("RECHAZADO", "Es el rechazo 2/3: el spool pasa a REPARACIÓN.", "RECHAZADO (Ciclo 2/3)")
    repaired(walk, MIGUEL, "2/3")
    blocked(walk)

    unlocked_in_the_sheet(walk)
    repaired(walk, JUAN, "2/3")
    blocked(walk)

    unlocked_by_a_supervisor(walk)
    repaired(walk, MIGUEL, "2/3")
    walk.inspect("APROBADO", "El spool queda aprobado con fecha de hoy.", "APROBADO")
    expect(walk.count_of("APROBADO HOY")).to_have_text("1")
    assert walk.states() == ("aprobado", 0)
    walk.sync()
    told = walk.office.row(TAG)
    assert told["Estado_Detalle"] == "Disponible - ARM completado, SOLD completado, METROLOGIA APROBADO ✓"
    assert re.fullmatch(r"\d\d-\d\d-\d{4}", told["Fecha_QC_Metrología"])
    everything_is_told(walk)


def paused_and_resumed(walk: Walk) -> None:
    """Miguel repairs and pauses; Juan resumes it on the same tablet, completes, and it waits for inspection again."""
    walk.take("1/3")
    walk.repairs.card(TAG).get_by_role("button", name="PAUSAR").click()
    expect(walk.repairs.notice()).to_contain_text(f"Trabajo pausado en {TAG}")
    expect(walk.to_repair()).to_contain_text("Reparación pausada · ciclo 1/3")
    expect(walk.wall.page.locator(".tarjeta")).to_have_count(0)
    assert walk.states() == ("reparacion_pausada", 1)
    walk.not_in_the_queue()
    walk.repairer(JUAN)
    walk.take("1/3")
    walk.complete("1/3")


def repaired(walk: Walk, number: int, cycle: str) -> None:
    walk.repairer(number)
    expect(walk.to_repair()).to_contain_text(f"Rechazado · ciclo {cycle}")
    walk.take(cycle)
    walk.complete(cycle)


def blocked(walk: Walk) -> None:
    """The last rejection: nobody can repair it, the wall counts it, and the sheet says so."""
    says = "Es el rechazo 3/3: el spool queda BLOQUEADO hasta que un supervisor decida."
    walk.inspect("RECHAZADO", says, "Contacte al supervisor.")
    expect(walk.to_repair()).to_have_count(0)
    expect(walk.count_of("BLOQUEADO")).to_have_text("1")
    expect(walk.wall.page.locator(".eventos li").first).to_contain_text("BLOQUEADO")
    assert walk.states() == ("bloqueado", 3)
    walk.repairs.page.get_by_placeholder("Tag, NV o una parte").fill(TAG[-3:])
    expect(walk.to_repair()).to_contain_text("Bloqueado: contacte al supervisor")
    walk.repairs.page.get_by_placeholder("Tag, NV o una parte").fill("")
    expect(walk.to_repair()).to_have_count(0)
    walk.sync()
    assert walk.office.row(TAG)["Estado_Detalle"] == "BLOQUEADO - Contactar supervisor"


def unlocked_in_the_sheet(walk: Walk) -> None:
    walk.office.edit(TAG, Estado_Detalle="RECHAZADO")
    walk.sync()
    expect(walk.to_repair()).to_contain_text("Rechazado · ciclo 2/3")
    expect(walk.count_of("BLOQUEADO")).to_have_text("0")
    expect(walk.wall.page.locator(".eventos li").first).to_contain_text("la hoja (oficina) desbloqueó")
    said = "Disponible - ARM completado, SOLD completado, RECHAZADO (Ciclo 2/3) - Pendiente reparación"
    assert walk.office.row(TAG)["Estado_Detalle"] == said
    assert (walk.states(), walk.journal()[-1]) == (("rechazado", 2), "SUPERVISOR_OVERRIDE")


def unlocked_by_a_supervisor(walk: Walk) -> None:
    context = walk.carla.context.browser
    assert context
    page = context.new_page(locale="es-CL")
    page.goto(f"{walk.live.base_url}/admin/occupation/bloqueado/")
    page.get_by_label("Nombre de usuario").fill("marta")
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Iniciar sesión").click()
    unlock(page)
    page.close()
    expect(walk.to_repair()).to_contain_text("Rechazado · ciclo 2/3")
    expect(walk.count_of("BLOQUEADO")).to_have_text("0")
    assert (walk.states(), walk.journal()[-1]) == (("rechazado", 2), "DESBLOQUEAR_REPARACION")


def unlock(page: Page) -> None:
    page.get_by_role("row", name=TAG).get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("DESBLOQUEAR los elegidos")
    page.get_by_role("button", name="Ir").click()
    page.get_by_label("Motivo").fill("se acepta otra reparación")
    page.get_by_role("button", name="DESBLOQUEAR").click()
    expect(page.get_by_role("row", name=TAG)).to_contain_text("✓ Hecho")


REPAIR = ["TOMAR_REPARACION", "COMPLETAR_REPARACION"]


def everything_is_told(walk: Walk) -> None:
    """By the journal, the spool's page, and the sheet's audit."""
    inspection = "COMPLETAR_METROLOGIA"
    happened = [inspection, "TOMAR_REPARACION", "PAUSAR_REPARACION", *REPAIR, inspection, *REPAIR, inspection]
    happened += ["SUPERVISOR_OVERRIDE", *REPAIR, inspection, "DESBLOQUEAR_REPARACION", *REPAIR, inspection]
    assert walk.journal() == happened
    assert [each["evento_tipo"] for each in walk.office.rows(Tab.METADATA)] == happened
    assert walk.titles() == [
        "CP(95) · METROLOGÍA · RECHAZADO (ciclo 1/3)",
        "MR(93) · REPARACIÓN · ciclo 1/3 · 0m",
        "JP(94) · REPARACIÓN · ciclo 1/3 · 0m",
        "CP(95) · METROLOGÍA · RECHAZADO (ciclo 2/3)",
        "MR(93) · REPARACIÓN · ciclo 2/3 · 0m",
        "CP(95) · METROLOGÍA · RECHAZADO (ciclo 3/3)",
        "la hoja (oficina) lo desbloqueó: «texto cambiado en la hoja»",
        "JP(94) · REPARACIÓN · ciclo 2/3 · 0m",
        "CP(95) · METROLOGÍA · RECHAZADO (ciclo 3/3)",
        "marta lo desbloqueó: «se acepta otra reparación»",
        "MR(93) · REPARACIÓN · ciclo 2/3 · 0m",
        "CP(95) · METROLOGÍA · APROBADO",
    ]
