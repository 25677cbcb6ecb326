"""What an administrator decides about the sheet, from the page to both ends: the sheet and the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from occupation.sheets.layout import Tab
from tests.office import OFFICE, hidden, logged_in, words

if TYPE_CHECKING:
    from django.test import Client

    from tests.mirror_office import AnyOffice

pytestmark = [OFFICE, pytest.mark.sheet]

CONFLICTOS = "/admin/occupation/conflicto/"
RETENIDAS = "/admin/occupation/retencion/"
PERMITIR, MIRAR = f"{RETENIDAS}permitir/", f"{RETENIDAS}mirar/"
ESPEJO = "/admin/occupation/mirror/"
CICLOS = "/admin/occupation/ciclohoja/"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[AnyOffice]:
    """The office at the tests' Google, which refuses what is protected."""
    from tests.mirror_trouble import troubled_office

    with troubled_office("google", tmp_path) as office:
        yield office


@pytest.fixture
def ana() -> Client:
    return logged_in("ana", "administradores")


def held() -> list[tuple[str, str, int, bool]]:
    """Each held tab: of which kind, how many things were shown, and whether they were allowed."""
    from occupation.models import Retencion

    return [(one.hoja, one.tipo, len(one.mostrado), one.permitida) for one in Retencion.objects.order_by("hoja")]


def asked(ana: Client) -> list[str]:
    """The hidden fields of the page on which everything that waits is to be allowed."""
    from occupation.models import Retencion

    return hidden(ana.get(PERMITIR, {"retencion": list(Retencion.objects.values_list("pk", flat=True))}), "retencion")


def dates(*numbers: int) -> list[date | None]:
    from occupation.queries import find_spool
    from tests.mirror_trouble import tag

    return [find_spool(tag(number)).fecha_armado for number in numbers]


def one_click(ana: Client, lado: str) -> str:
    """The address of the first button of that side on the list."""
    page = ana.get(CONFLICTOS, {"abierto": "si"}).content.decode()
    return next(part.partition('"')[0] for part in page.split('formaction="')[1:] if f"/{lado}/" in part)


def test_a_mass_edit_is_shown_cell_by_cell_and_done_in_both_places_once_it_is_allowed(
    office: AnyOffice, ana: Client
) -> None:
    from tests.mirror_trouble import many_edits, tag

    many_edits(office, range(11, 18))
    assert held() == [("Operaciones", "ediciones", 7, False)]
    page = ana.get(PERMITIR, {"retencion": asked(ana)[0].partition(":")[0]})
    assert f"{tag(17)} fila 18, Fecha_Armado: la hoja dice «15-01-2026», la app nada" in words(page)
    assert dates(11) == [None]
    done = words(ana.post(PERMITIR, {"retencion": asked(ana)}, follow=True))
    assert "Operaciones: permitido. Se hace en la próxima lectura de la hoja." in done
    assert office.sync().adopted == 7
    assert (dates(11, 17), held()) == ([date(2026, 1, 15)] * 2, [])
    assert office.row(tag(11))["Estado_Detalle"] == "Disponible - ARM completado, SOLD pendiente"
    assert [row["evento_tipo"] for row in office.rows(Tab.METADATA)] == ["COMPLETAR_ARM"] * 7


def test_more_edits_than_were_allowed_wait_again(office: AnyOffice, ana: Client) -> None:
    from tests.mirror_trouble import many_edits

    many_edits(office, range(11, 18))
    ana.post(PERMITIR, {"retencion": asked(ana)})
    many_edits(office, range(11, 26))
    assert (held(), dates(11, 25)) == ([("Operaciones", "ediciones", 15, False)], [None, None])


def test_other_edits_than_those_that_were_shown_wait_however_many_were_allowed(office: AnyOffice, ana: Client) -> None:
    from tests.mirror_trouble import many_edits

    before = office.rows()
    many_edits(office, range(11, 18))
    shown = asked(ana)
    office.save(before)
    many_edits(office, range(18, 25))
    ana.post(PERMITIR, {"retencion": shown})
    assert (office.sync().adopted, held()) == (0, [("Operaciones", "ediciones", 7, False)])
    assert "cambió mientras lo miraba" in words(ana.post(PERMITIR, {"retencion": shown}, follow=True))
    assert (office.sync().adopted, dates(11, 18)) == (0, [None, None])
    ana.post(PERMITIR, {"retencion": asked(ana)})
    office.save(office.rows()[::-1])
    assert (office.sync().adopted, dates(11, 18)) == (7, [None, date(2026, 1, 15)])


def test_as_many_other_rows_that_are_gone_are_not_those_that_were_shown(office: AnyOffice, ana: Client) -> None:
    rows = office.rows()
    office.save([*rows[:13], *rows[20:]])
    office.sync()
    shown = asked(ana)
    office.save([*rows[:20], *rows[27:]])
    office.sync()
    assert held() == [("Operaciones", "encogida", 7, False)]
    assert rows[20]["TAG_SPOOL"] in words(ana.get(PERMITIR, {"retencion": shown[0].partition(":")[0]}))
    assert "cambió mientras lo miraba" in words(ana.post(PERMITIR, {"retencion": shown}, follow=True))
    assert held() == [("Operaciones", "encogida", 7, False)]


def test_whoever_undid_a_mass_edit_has_the_sheet_looked_at_again(office: AnyOffice, ana: Client) -> None:
    from tests.mirror_trouble import many_edits

    before = office.rows()
    many_edits(office, range(11, 18))
    page = ana.get(PERMITIR, {"retencion": asked(ana)[0].partition(":")[0]})
    assert f'formaction="{MIRAR}"' in page.content.decode()
    fields = {"retencion": hidden(page, "retencion")}
    assert "se mira de nuevo en el próximo ciclo" in words(ana.post(MIRAR, fields, follow=True))
    office.sync()
    assert held() == [("Operaciones", "ediciones", 7, False)]
    office.save(before)
    ana.post(MIRAR, {"retencion": asked(ana)})
    assert (office.sync().adopted, held(), dates(11)) == (0, [], [None])
    assert "ya no está retenido" in words(ana.post(PERMITIR, fields, follow=True))


@pytest.mark.parametrize(
    ("tab", "keep", "gone"),
    [
        (Tab.OPERACIONES, 12, "MK-1335-CW-25238-030"),
        (Tab.TRABAJADORES, 4, "52 · Ana Soto 52"),
        (Tab.ROLES, 4, "52: Armador"),
        (Tab.METADATA, 1, ""),
    ],
)
def test_a_real_deletion_is_named_and_accepted_for_its_own_tab_and_no_more_of_it(
    office: AnyOffice, ana: Client, tab: Tab, keep: int, gone: str
) -> None:
    from tests.mirror_trouble import deleted, take

    take(1, 2, 3, 5, 6, 7, 8, 9)
    office.sync()
    deleted(office, tab, keep)
    assert [one[:2] for one in held()] == [(tab, "encogida")]
    fields = {"retencion": asked(ana)}
    assert gone in words(ana.get(PERMITIR, {"retencion": fields["retencion"][0].partition(":")[0]}))
    deleted(office, tab, keep - 1)
    assert "cambió mientras lo miraba" in words(ana.post(PERMITIR, fields, follow=True))
    assert [(one[0], one[3]) for one in held()] == [(tab, False)]
    ana.post(PERMITIR, {"retencion": asked(ana)})
    office.sync()
    assert held() == []
    office.sync()
    assert (held(), len(office.rows(tab))) == ([], keep - 1)


@pytest.mark.parametrize("tab", [Tab.OPERACIONES, Tab.TRABAJADORES, Tab.ROLES, Tab.METADATA])
def test_what_is_gone_when_it_is_done_has_to_be_among_what_was_allowed(
    office: AnyOffice, ana: Client, tab: Tab
) -> None:
    from occupation.models import Spool, Trabajador, TrabajadorRol
    from tests.mirror_trouble import take

    def counted() -> list[int]:
        active = Spool.objects.vivos(), Trabajador.objects.filter(activo=True), TrabajadorRol.objects
        return [some.count() for some in active]

    take(*range(5, 13))
    office.sync()
    whole, before = office.desk.table(tab), counted()
    office.desk.retype(tab, [*whole[:1], *whole[8:]])
    office.sync()
    ana.post(PERMITIR, {"retencion": asked(ana)})
    ((_, _, shown, permitted),) = held()
    assert permitted
    other = whole[:1] if tab == Tab.METADATA else [*whole[:2], *whole[9:]]
    office.desk.retype(tab, other)
    office.sync()
    assert (held(), counted()) == ([(tab, "encogida", shown, False)], before)
    assert [list(row) for row in office.desk.table(tab)] == [list(row) for row in other]


@pytest.mark.parametrize("tab", [Tab.OPERACIONES, Tab.TRABAJADORES, Tab.ROLES])
def test_rows_that_came_back_after_the_rest_was_allowed_do_not_ask_again(
    office: AnyOffice, ana: Client, tab: Tab
) -> None:
    from tests.mirror_trouble import deleted

    whole = office.desk.table(tab)
    deleted(office, tab, 4)
    ana.post(PERMITIR, {"retencion": asked(ana)})
    office.desk.retype(tab, whole[:7])
    report = office.sync()
    assert (report.complete, report.effective, held()) == (True, True, [])


@pytest.mark.parametrize("trouble", ["429", "lost", "late", "protected"])
def test_a_shorter_audit_that_was_allowed_stays_allowed_whatever_becomes_of_the_next_write(
    office: AnyOffice, ana: Client, trouble: str
) -> None:
    from occupation.sheets.book import BookBusy, WriteUnknown
    from tests.mirror_office import server_of
    from tests.mirror_trouble import deleted, tag, take

    server = server_of(office)
    # A relay's first write is of the dates' format.
    happens = {
        "429": lambda: server.faults.too_many(on="write", skip=1),
        "lost": lambda: server.faults.cut(applied=True, on="write", skip=1),
        "late": lambda: server.faults.late(60, on="write", skip=1),
        "protected": lambda: office.desk.protect(Tab.METADATA),
    }
    take(1, 2, 3, 5, 6, 7, 8, 9)
    office.sync()
    deleted(office, Tab.METADATA, 1)
    ana.post(PERMITIR, {"retencion": asked(ana)})
    take(11)
    happens[trouble]()
    with suppress(BookBusy, WriteUnknown):
        office.sync()
    assert server.faults.waiting == []
    office.sync()
    assert "encogida" not in [tipo for _, tipo, *_ in held()]
    office.desk.unprotect(Tab.METADATA)
    server.clock.advance(60)
    server.google.settle()
    office.sync()
    assert held() == []
    assert [row["tag_spool"] for row in office.rows(Tab.METADATA)] == [tag(1), tag(11)]


def test_more_spools_than_can_be_named_are_all_remembered_until_they_are_allowed(
    office: AnyOffice, ana: Client
) -> None:
    from occupation.models import Retencion, Spool

    rows = office.rows()
    office.save([*rows, *(rows[0] | {"TAG_SPOOL": f"OTRO-{n}", "version": ""} for n in range(250))])
    office.sync()
    office.save(rows)
    office.sync()
    one = Retencion.objects.get()
    assert (len(one.detalle), len(one.mostrado)) == (200, 250)
    assert "(las primeras 200 de 250)" in words(ana.get(PERMITIR, {"retencion": one.pk}))
    ana.post(PERMITIR, {"retencion": asked(ana)})
    office.sync()
    assert (held(), Spool.objects.vivos().count()) == ([], 30)


def test_a_conflict_taken_from_the_sheet_stands_in_sheet_database_and_audit(office: AnyOffice, ana: Client) -> None:
    from occupation.models import Conflicto
    from tests.mirror_trouble import conflicts, tag

    conflicts(office)
    number = 7 if "007" in str(Conflicto.objects.order_by("-id")[0]) else 0
    said = words(ana.post(one_click(ana, "hoja"), follow=True))
    assert f"{tag(number)} Fecha_Armado: se tomó el de la hoja, «14-01-2026» (ana," in said
    office.sync()
    assert (dates(7), office.row(tag(7))["Fecha_Armado"]) == ([date(2026, 1, 14)], "14-01-2026")
    assert office.rows(Tab.METADATA)[-1]["evento_tipo"] == "EDICION_HOJA"


def test_a_conflict_left_to_the_app_changes_neither_end(office: AnyOffice, ana: Client) -> None:
    from tests.mirror_trouble import conflicts, tag

    conflicts(office)
    before, shown = dates(7), office.row(tag(7))
    assert "Fecha_Armado: se tomó el de la app" in words(ana.post(one_click(ana, "app"), follow=True))
    assert (office.sync().effective, dates(7), office.row(tag(7))) == (False, before, shown)


def test_a_click_on_a_page_that_shows_the_past_decides_nothing(office: AnyOffice, ana: Client) -> None:
    from occupation.models import Conflicto, Spool
    from tests.mirror_trouble import conflicts, tag

    conflicts(office)
    button, before = one_click(ana, "hoja"), dates(7)
    office.edit(tag(7), Fecha_Armado="09-01-2026")
    office.sync()
    said = words(ana.post(button, follow=True))
    assert f"no se hizo. El spool {tag(7)} cambió mientras lo miraba. Mírelo de nuevo y repita." in said
    assert (dates(7), Conflicto.objects.filter(tomado="").count()) == ([date(2026, 1, 9)], 3)
    assert dates(7) != before
    assert "09-01-2026" in words(ana.get(f"{CONFLICTOS}{Conflicto.objects.get(spool__tag=tag(7)).pk}/change/"))
    Spool.objects.update(notas="")
    assert "se tomó el de la hoja" in words(ana.post(one_click(ana, "hoja"), follow=True))


def test_a_parked_row_is_tried_again_and_written_once_the_office_lets_it(office: AnyOffice, ana: Client) -> None:
    from occupation.models import Mirror
    from tests.mirror_trouble import parked, tag

    parked(office)
    listed = ana.get(ESPEJO, {"atraso": "estacionada"})
    rows = [one.pk for one in listed.context["cl"].result_list]
    assert [one.spool.tag for one in Mirror.objects.filter(pk__in=rows).order_by("pk")] == [tag(8), tag(9)]
    again = {"action": "volver_a_intentar", "_selected_action": rows}
    assert "2 filas: se intentará de nuevo" in words(ana.post(ESPEJO, again, follow=True))
    assert office.sync().parked == 2
    office.desk.unprotect(Tab.OPERACIONES)
    ana.post(ESPEJO, again)
    assert office.sync().rows == 2
    assert (office.row(tag(9))["Ocupado_Por"], Mirror.objects.parked().count()) == ("MR(93)", 0)


def test_each_spools_row_tells_cell_by_cell_what_the_sheet_shows_and_the_app_says(
    office: AnyOffice, ana: Client
) -> None:
    from occupation.queries import find_spool
    from tests.mirror_trouble import parked, tag

    parked(office)
    said = words(ana.get(f"{ESPEJO}{find_spool(tag(8)).pk}/change/"))
    assert "estacionada: la hoja no la deja escribir" in said
    assert "Ocupado_Por MR(93) por escribir" in said
    assert "Soldador Fecha_QC_Metrología" in said


def test_the_last_cycles_tell_what_they_did_and_one_that_repeats_itself_is_one_line(
    office: AnyOffice, ana: Client
) -> None:
    from occupation.models import CicloHoja
    from tests.mirror_trouble import many_edits, put_back, tag

    put_back(office)
    many_edits(office, range(11, 18))
    for _ in range(3):
        office.sync()
    said = words(ana.get(CICLOS))
    assert "retenidas: 1" in said
    repeated, last = CicloHoja.objects.order_by("-id")[:2]
    assert (repeated.veces, repeated.completo, last.veces, last.completo) == (3, False, 1, False)
    first = CicloHoja.objects.get(resumen__contains="ediciones devueltas: 3")
    assert f"devuelta: {tag(5)} fila 6, Ocupado_Por: «JP(94)»" in words(ana.get(f"{CICLOS}{first.pk}/change/"))


def test_cycles_that_take_turns_while_a_tab_is_held_are_a_line_each(office: AnyOffice, ana: Client) -> None:
    from occupation.models import CicloHoja

    office.rename("Rol", "Oficio", Tab.ROLES)
    office.rename("Estado_Detalle", "Estado")
    for _ in range(3):
        office.sync()
        office.sync(office=False)
    told = ana.get(CICLOS, {"completo__exact": "0"}).context["cl"].result_list
    assert [(cycle.veces, cycle.completo) for cycle in told] == [(3, False), (3, False)]
    assert told[0].hasta > told[1].hasta > told[0].desde
    assert CicloHoja.objects.filter(resumen=told[0].resumen, lineas=told[0].lineas).count() == 1


def test_a_book_that_is_not_reached_is_a_line_too_and_only_the_last_cycles_are_kept(office: AnyOffice) -> None:
    from occupation.models import CicloHoja
    from occupation.services.mirroring import CYCLES_KEPT, not_reached, reached
    from occupation.vocabulary import TipoErrorHoja

    for number in range(CYCLES_KEPT + 5):
        reached(f"filas escritas: {number}")
    for _ in range(2):
        not_reached(TipoErrorHoja.PERMISO, "Google no deja entrar al libro.")
    newest = CicloHoja.objects.order_by("-id")[0]
    assert (newest.resumen, newest.veces, newest.completo) == ("Google no deja entrar al libro.", 2, False)
    assert CicloHoja.objects.count() == CYCLES_KEPT


def test_supervisors_see_all_of_it_and_decide_none(office: AnyOffice) -> None:
    from tests.mirror_trouble import conflicts, many_edits, parked, put_back

    for trouble in (conflicts, put_back, parked):
        trouble(office)
    many_edits(office, range(11, 18))
    marta = logged_in("marta", "supervisores")
    before = held()
    pages = [
        CONFLICTOS,
        RETENIDAS,
        ESPEJO,
        CICLOS,
        "/admin/occupation/ediciondevuelta/",
        "/admin/occupation/estadohoja/",
    ]
    assert [marta.get(page).status_code for page in pages] == [200] * len(pages)
    for page in (PERMITIR, MIRAR):
        assert marta.post(page, {"retencion": "1:7"}).status_code == 403
    assert held() == before
