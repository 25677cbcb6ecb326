"""The work page's filters: what the list divides into, the NVs to choose from, and how they stay."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import connection
from django.test.utils import CaptureQueriesContext

from occupation.models import Spool
from occupation.vocabulary import EstadoTrabajo, Rol
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.office import hidden, words
from tests.tablet import FLOOR, Tablet, plain, takeable

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

pytestmark = FLOOR

NOON = datetime(2026, 5, 14, 16, 0, tzinfo=UTC)
PROGRESS, DONE = EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO
SCRIPT = {"HX-Request": "true", "HX-Target": "lista"}


def at_work(*roles: Rol) -> Tablet:
    """Miguel, with these roles, at a tablet."""
    given = list(roles) or [Rol.ARMADOR, Rol.SOLDADOR]
    return Tablet().step_up(TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=given))


def chips(page: Page) -> list[tuple[str, bool]]:
    """What the filters say, and whether each is on."""
    return [(plain(text), "aria-current" in rest) for _, rest, text in _links(page, "filtros")]


def way(page: Page, name: str) -> str:
    """The address behind a filter, or behind an NV that can be chosen."""
    found = [
        href for part in ("filtros", "nvs", "salida") for href, _, text in _links(page, part) if plain(text) == name
    ]
    return found[0]


def _links(page: Page, part: str) -> list[tuple[str, str, str]]:
    body = re.search(rf'class="{part}".*?</(nav|ul|p)>', page.content.decode(), flags=re.DOTALL)
    found = re.findall(r'<a[^>]*href="([^"]*)"([^>]*)>(.*?)</a>', body[0] if body else "", flags=re.DOTALL)
    return [(href.replace("&amp;", "&"), rest, text) for href, rest, text in found]


def two_orders() -> None:
    holder = TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez")
    SpoolFactory(tag_hoja="A-1", nv="NV1")
    SpoolFactory(tag_hoja="A-2", nv="NV1", arm_state=PROGRESS, armador=holder)
    SpoolFactory(tag_hoja="A-3", nv="NV1", ocupado_por=holder)
    SpoolFactory(tag_hoja="B-1", nv="NV 2/Ñ")


def tags(page: Page) -> list[str]:
    return [fila.spool.tag for fila in page.context["pantalla"].filas]


def test_one_tap_narrows_the_list_to_a_part_of_it_and_one_shows_it_whole() -> None:
    two_orders()
    tablet = at_work()
    page = tablet.get("/trabajo/?op=ARM")
    assert [name for name, _ in chips(page)] == ["Todos", "Sin empezar", "En pausa", "Ocupados", "NV: todas ▾"]
    found = {name: tags(tablet.get(way(page, name))) for name, _ in chips(page)[:4]}
    assert found == {
        "Todos": ["A-1", "A-2", "A-3", "B-1"],
        "Sin empezar": ["A-1", "B-1"],
        "En pausa": ["A-2"],
        "Ocupados": ["A-3"],
    }
    paused = tablet.get(way(page, "En pausa"))
    assert [name for name, on in chips(paused) if on] == ["En pausa"]
    assert tags(tablet.get(way(paused, "Todos"))) == ["A-1", "A-2", "A-3", "B-1"]


def test_the_inspection_queue_divides_into_first_inspections_and_repaired_ones() -> None:
    SpoolFactory(tag_hoja="A-6", nv="NV1", arm_state=DONE, sold_state=DONE)
    SpoolFactory(tag_hoja="A-8", nv="NV2", arm_state=DONE, sold_state=DONE)
    SpoolFactory(tag_hoja="A-7", nv="NV1", arm_state=DONE, sold_state=DONE, ciclo=1)
    tablet = at_work(Rol.METROLOGIA)
    page = tablet.get("/trabajo/")
    assert [name for name, _ in chips(page)] == [
        "Todos 3",
        "Primera inspección 2",
        "Reparados 1",
        "NV: todas ▾",
    ]
    assert tags(tablet.get(way(page, "Primera inspección 2"))) == ["A-6", "A-8"]
    assert tags(tablet.get(way(page, "Reparados 1"))) == ["A-7"]
    assert chips(tablet.get("/trabajo/", nv="NV1"))[0] == ("Todos 2", True)
    assert chips(tablet.get("/trabajo/", q="A"))[0] == ("Todos", True)
    assert "Toque en la lista el spool que va a inspeccionar." in words(page)


def test_an_nv_is_chosen_from_those_of_the_list_with_how_many_spools_each_has() -> None:
    two_orders()
    tablet = at_work()
    choosing = tablet.get(way(tablet.get("/trabajo/?op=ARM"), "NV: todas ▾"))
    assert [plain(text) for _, _, text in _links(choosing, "nvs")] == ["NV 2/Ñ 1", "NV1 3"]
    chosen = tablet.get(way(choosing, "NV 2/Ñ 1"))
    assert (tags(chosen), chips(chosen)[-1]) == (["B-1"], ("NV: NV 2/Ñ ▾", True))
    narrowed = tablet.get(way(tablet.get(way(chosen, "NV: NV 2/Ñ ▾")), "Todas"))
    assert (tags(narrowed), chips(narrowed)[-1]) == (["A-1", "A-2", "A-3", "B-1"], ("NV: todas ▾", False))
    paused = tablet.get(way(tablet.get("/trabajo/?op=ARM&avance=en-pausa"), "NV: todas ▾"))
    assert [plain(text) for _, _, text in _links(paused, "nvs")] == ["NV1 1"]


def test_a_narrowed_list_without_spools_says_so_and_leads_out() -> None:
    two_orders()
    tablet = at_work()
    page = tablet.get("/trabajo/", op="ARM", nv="NV9", avance="ocupado", q="zz")
    assert "Nada en esta lista con «zz» · NV9 · Ocupados" in words(page)
    assert way(page, "QUITAR FILTROS") == "/trabajo/?op=ARM&q=zz"
    assert "Ningún spool de esta lista tiene NV" in words(tablet.get("/trabajo/", op="ARM", elegir="nv", q="zz"))
    nonsense = tablet.get("/trabajo/", op="ARM", nv="N\x00V", avance="reparado", elegir="todo")
    assert "Nada en esta lista con N\x00V" in words(nonsense)


def test_a_search_keeps_what_the_list_is_narrowed_to_and_the_address_says_it() -> None:
    two_orders()
    tablet = at_work()
    page = tablet.get("/trabajo/", op="ARM", nv="NV1", avance="en-pausa")
    # One pair belongs to the search box, the other to TOMAR, which comes back to the same list.
    assert [hidden(page, name) for name in ("nv", "avance")] == [["NV1"] * 2, ["en-pausa"] * 2]
    assert page.content.decode().count('form="buscar"') == 2
    part = tablet.client.get("/trabajo/", {"op": "ARM", "nv": "NV1", "avance": "", "q": "a 2"}, headers=SCRIPT)
    assert (takeable(part), part["HX-Replace-Url"]) == (["A-2"], "/trabajo/?op=ARM&q=a+2&nv=NV1")
    more = tablet.client.get("/trabajo/", {"op": "ARM"}, headers=SCRIPT | {"HX-Target": "mas"})
    assert "HX-Replace-Url" not in more


def test_the_next_page_of_a_narrowed_list_stays_narrowed() -> None:
    for number in range(130):
        SpoolFactory(nv="NV1" if number % 2 else "NV2")
    tablet = at_work()
    page = tablet.get("/trabajo/", op="ARM", nv="NV1", avance="sin-empezar")
    rest = tablet.get(page.context["pantalla"].siguiente)
    assert (len(takeable(page)), len(takeable(rest))) == (60, 5)
    assert {spool.nv for spool in Spool.objects.filter(tag__in=takeable(page) + takeable(rest))} == {"NV1"}


def test_a_tap_comes_back_to_the_list_as_it_was_narrowed() -> None:
    SpoolFactory(tag_hoja="A-1", nv="NV1")
    SpoolFactory(tag_hoja="A-6", nv="NV1", arm_state=DONE, sold_state=DONE)
    tablet = at_work(Rol.ARMADOR, Rol.METROLOGIA)
    taken = tablet.tap("/trabajo/tomar/", tag="A-1", operacion="ARM", nv="NV1", avance="sin-empezar")
    assert taken["Location"].startswith("/trabajo/?op=ARM&nv=NV1&avance=sin-empezar&hecho=")
    queue = tablet.get("/trabajo/", op="METROLOGIA", nv="NV1")
    assert "/trabajo/metrologia/?tag=A-6&amp;nv=NV1" in queue.content.decode()
    asked = tablet.get("/trabajo/metrologia/", tag="A-6", resultado="APROBADO", nv="NV1")
    done = tablet.tap("/trabajo/metrologia/", tag="A-6", resultado="APROBADO", nv=hidden(asked, "nv")[0])
    assert done["Location"].startswith("/trabajo/?op=METROLOGIA&nv=NV1&hecho=")


def test_a_narrowed_page_costs_eight_queries_and_sixty_kilobytes_at_most_with_5000_spools() -> None:
    many = SpoolFactory.build_batch(5000)
    for number, spool in enumerate(many):
        spool.nv = f"NV{number % 400:04}"
        spool.busqueda = spool.texto_de_busqueda()
    Spool.objects.bulk_create(many)
    tablet = at_work()
    costs = {}
    for name in ("nv=NV0001", "avance=sin-empezar", "elegir=nv", "elegir=nv&q=mk", "avance=sin-empezar&q=mk"):
        with CaptureQueriesContext(connection) as queries:
            page = tablet.get(f"/trabajo/?op=ARM&{name}")
        costs[name] = (page.status_code, len(queries) <= 8, len(page.content) <= 60 * 1024)
    assert set(costs.values()) == {(200, True, True)}
    assert "Hay más: escriba la NV en la búsqueda." in words(tablet.get("/trabajo/?op=ARM&elegir=nv"))
