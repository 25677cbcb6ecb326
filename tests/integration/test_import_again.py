"""The same book again, changed or not: what flows in, what stays, and what is only listed."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from time_machine import Traveller

from occupation import services
from occupation.models import CeldaDudosa, Evento, FilaDuplicada, Mirror, Spool, TagAnterior, Trabajador
from occupation.queries import find_any_spool, find_spool
from occupation.refusals import SpoolNoEncontrado
from occupation.sheets.book import Book
from occupation.sheets.csv_files import Dialect
from occupation.sheets.guard import any_loss
from occupation.sheets.layout import OPERACIONES_HEADERS
from occupation.sheets.pull import import_book
from occupation.sheets.report import ImportReport
from occupation.vocabulary import Operacion
from tests.books import NOW, PEOPLE, ROLES, BookFolder, Fila, fila
from tests.shop import TABLET, Shop, empty_shop, refusal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


@pytest.fixture
def book(tmp_path: Path) -> BookFolder:
    """Ten spools; MK-0 is begun, MK-1 held, MK-2 has a doubtful date and MK-3 a twin."""
    filas = [fila(f"MK-{n}") for n in range(10)]
    filas[0] |= {"Armador": "MR(93)"}
    filas[1] |= {"Armador": "MR(93)", "Ocupado_Por": "MR(93)", "Fecha_Ocupacion": "02-03-2026 08:30:00"}
    filas[2] |= {"Fecha_Compromiso": "pronto"}
    return BookFolder(tmp_path, [*filas, fila("MK-3", NV="NV9999")])


def everything() -> dict[str, list[dict[str, Any]]]:
    tables = (Spool, Mirror, Trabajador, Evento, CeldaDudosa, FilaDuplicada, TagAnterior)
    return {table.__name__: [dict(row) for row in table.objects.order_by("pk").values()] for table in tables}


def changed(report: ImportReport) -> dict[str, int]:
    quiet = ("unchanged", "doubtful", "duplicate")
    return {name: count for name, count in report.counts().items() if count and name not in quiet}


def again(book: Book) -> dict[str, int]:
    return changed(import_book(book))


def last_told() -> dict[str, Any]:
    evento = Evento.objects.order_by("-id").first()
    assert evento is not None
    return dict(evento.detalle)


def test_the_same_book_twice_changes_and_writes_nothing(book: BookFolder) -> None:
    import_book(book.save())
    before = everything()
    report = import_book(book.save())
    assert (changed(report), report.unchanged, report.doubtful, report.duplicate) == ({}, 10, 1, 1)
    assert everything() == before


def test_lesson_7_a_sorted_sheet_is_the_same_sheet(book: BookFolder) -> None:
    import_book(book.save())
    before = everything()
    book.filas.reverse()
    book.filas.append(book.filas.pop(0))
    assert again(book.save()) == {}
    assert everything()["Spool"] == before["Spool"]
    assert everything()["Evento"] == before["Evento"]
    assert list(CeldaDudosa.objects.values_list("spool__tag", "fila")) == [("MK-2", 9)]


def test_office_cells_flow_in_and_leave_the_version_alone(book: BookFolder) -> None:
    import_book(book.save())
    version = find_spool("MK-1").version
    book.filas[1] |= {"NV": "NV0700", "Ubicación": "Patio 9", "Fecha_Materiales": "", "DIAM": "3"}
    assert again(book.save()) == {"changed": 1}
    spool = find_spool("MK-1")
    assert (spool.nv, spool.ubicacion, spool.fecha_materiales, spool.diam) == ("NV0700", "Patio 9", None, "3")
    assert (spool.busqueda, spool.version, spool.ocupado_por_id) == ("mk1 nv0700", version, 93)
    assert last_told() == {"cambiadas": 1, "tags": ["MK-1"]}


def test_a_new_spelling_of_a_tag_is_shown_and_is_the_same_spool(book: BookFolder) -> None:
    import_book(book.save())
    book.filas[5]["TAG_SPOOL"] = " mk-5"
    assert again(book.save()) == {"changed": 1}
    assert find_spool("MK-5").tag_hoja == "mk-5"


def test_an_unreadable_office_cell_keeps_the_last_good_value_until_it_is_mended(book: BookFolder) -> None:
    import_book(book.save())
    book.filas[4]["Fecha_Materiales"] = "#REF!"
    report = import_book(book.save())
    assert (changed(report), report.doubtful) == ({}, 2)
    assert find_spool("MK-4").fecha_materiales == date(2026, 1, 5)
    assert CeldaDudosa.objects.filter(spool__tag="MK-4").count() == 1
    book.filas[4]["Fecha_Materiales"] = "06-01-2026"
    book.filas[2]["Fecha_Compromiso"] = "06-01-2026"
    report = import_book(book.save())
    assert (changed(report), report.doubtful) == ({"changed": 2}, 0)
    assert CeldaDudosa.objects.count() == 0


def test_a_doubt_keeps_since_when_it_is_seen(book: BookFolder, clock: Traveller) -> None:
    import_book(book.save())
    clock.shift(3600)
    book.filas[2]["Fecha_Materiales"] = "#N/A"
    import_book(book.save())
    seen = dict(CeldaDudosa.objects.values_list("encabezado", "visto_en"))
    assert (seen["Fecha_Compromiso"], seen["Fecha_Materiales"]) == (NOW, NOW.replace(hour=15))


def test_a_doubt_of_the_first_sight_lasts_while_its_cell_stays(book: BookFolder) -> None:
    book.filas[6] |= {"Estado_Detalle": "METROLOGIA APROBADO ✓", "Armador": "W(500)"}
    import_book(book.save())
    assert import_book(book.save()).doubtful == 3
    book.people = [*PEOPLE, ("500", "Pía", "Soto", "TRUE")]
    report = import_book(book.save())
    assert (changed(report), report.doubtful) == ({"changed": 1, "workers": 1}, 2)
    book.filas[6]["Estado_Detalle"] = ""
    report = import_book(book.save())
    assert (changed(report), report.doubtful) == ({"unadopted": 1}, 1)


def test_a_cell_of_ours_edited_in_the_sheet_is_listed_and_not_adopted(book: BookFolder) -> None:
    import_book(book.save())
    before = everything()
    book.filas[0]["Fecha_Armado"] = "12-02-2026"
    book.filas[1]["Ocupado_Por"] = ""
    report = import_book(book.save())
    assert changed(report) == {"unadopted": 2}
    assert [line for line in report.lines if "no adoptada" in line] == [
        f"celda nuestra editada en la hoja, no adoptada: {told}"
        for told in (
            "MK-0 fila 2, Fecha_Armado: la hoja dice «12-02-2026», la app «»",
            "MK-1 fila 3, Ocupado_Por: la hoja dice «», la app «W(93)»",
        )
    ]
    assert everything()["Spool"] == before["Spool"]
    assert everything()["Evento"] == before["Evento"]
    assert import_book(book.save()).unadopted == 2
    assert find_spool("MK-0").mirror.base["Fecha_Armado"] == ""


def test_a_sheet_that_lags_behind_the_app_is_no_edit(book: BookFolder) -> None:
    import_book(book.save())
    services.completar(tag="MK-1", trabajador_id=93, actor=TABLET)
    state = find_spool("MK-1").estado_detalle
    assert again(book.save()) == {}
    spool = find_spool("MK-1")
    assert (spool.estado_detalle, spool.ocupado, spool.mirror.behind_since) == (state, False, NOW)


def test_a_sheet_that_caught_up_with_the_app_pays_the_debt(book: BookFolder) -> None:
    import_book(book.save())
    services.completar(tag="MK-1", trabajador_id=93, actor=TABLET, fecha=date(2026, 3, 2))
    spool = find_spool("MK-1")
    book.filas[1] |= {
        "Fecha_Armado": "02-03-2026",
        "Ocupado_Por": "",
        "Fecha_Ocupacion": "",
        "version": str(spool.version),
        "Estado_Detalle": spool.estado_detalle,
    }
    assert again(book.save()) == {}
    mirror = Mirror.objects.get(spool=spool)
    assert (mirror.behind_since, mirror.base["Fecha_Armado"], mirror.base["version"]) == (
        None,
        "02-03-2026",
        str(spool.version),
    )


def plain(book: BookFolder) -> dict[str, Any]:
    """What an import of the book leaves in an empty shop, without what is drawn at random."""
    empty_shop()
    report = import_book(book.save())
    drawn = {"id", "version", "ocupacion_token"}
    rows = Spool.objects.order_by("tag").values()
    spools = [{name: value for name, value in row.items() if name not in drawn} for row in rows]
    doubts = sorted(CeldaDudosa.objects.values_list("spool__tag", "encabezado", "valor", "motivo"))
    return {"spools": spools, "doubts": doubts, "new": report.new, "complete": report.complete}


def without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def test_shuffled_columns_lost_accents_duplicates_semicolons_and_cp1252_give_the_same_shop(tmp_path: Path) -> None:
    filas = [fila(f"MK-{n}", {"Ubicación": f"Patio {n % 4} ñandú"}) for n in range(120)]
    filas[7] |= {"Armador": "MR(93)", "Ocupado_Por": "MR(93)", "Fecha_Ocupacion": "02-03-2026 08:30:00"}
    filas[8] |= {"Fecha_QC_Metrología": "02-03-2026", "Fecha_Armado": "01-02-2026", "Fecha_Soldadura": "02-02-2026"}
    filas[9] |= {"Fecha_Compromiso": "pronto"}
    original = plain(BookFolder(tmp_path / "original", filas))
    random = Random(7)
    headers = [*OPERACIONES_HEADERS, "Columna nueva"]
    random.shuffle(headers)
    bare = {header: without_accents(header) for header in headers}
    copies = [{"TAG_SPOOL": f"mk-{n}", "NV": "NV9999"} for n in range(20, 70)]
    rows: list[Fila] = [{bare[header]: cell for header, cell in one.items()} for one in (*filas, *copies)]
    disguised = BookFolder(
        tmp_path / "disguised", rows, headers=list(bare.values()), dialect=Dialect(";", "cp1252", "\r\n")
    )
    assert plain(disguised) == original
    assert FilaDuplicada.objects.count() == 50
    assert again(disguised.save()) == {}


def test_a_renamed_spool_keeps_its_history_its_holder_and_its_claim(shop: Shop, book: BookFolder) -> None:
    import_book(book.save())
    spool = find_spool("MK-1")
    book.filas[1] |= {"TAG_SPOOL": "MK-1-R1", "version": str(spool.version)}
    shop.listener.heard()
    assert again(book.save()) == {"renamed": 1}
    renamed = find_spool("mk-1-r1")
    assert (renamed.pk, renamed.tag_hoja, renamed.ocupado_por_id) == (spool.pk, "MK-1-R1", 93)
    assert (renamed.version, renamed.busqueda) == (spool.version, "mk1r1 nv0650")
    assert shop.claims() == {"spool_lock:MK-1-R1": f"93:{spool.ocupacion_token}"}
    assert refusal(lambda: find_spool("MK-1")) == (
        "SPOOL_NO_ENCONTRADO",
        {"tag_spool": "MK-1", "archivado": True, "ahora": "MK-1-R1"},
    )
    assert [told["tag_spool"] for told in shop.listener.heard()] == ["MK-1-R1"]
    services.pausar(tag="MK-1-R1", trabajador_id=93, actor=TABLET)
    assert shop.claims() == {}


def test_a_name_given_back_and_a_name_used_again_follow_the_sheet(book: BookFolder) -> None:
    import_book(book.save())
    first = find_spool("MK-5")
    book.filas[5] |= {"TAG_SPOOL": "MK-5-R1", "version": str(first.version)}
    import_book(book.save())
    book.filas[5]["TAG_SPOOL"] = "MK-5"
    assert again(book.save()) == {"renamed": 1}
    assert find_any_spool("MK-5-R1").pk == find_spool("MK-5").pk == first.pk
    book.filas[5]["TAG_SPOOL"] = "MK-5-R2"
    import_book(book.save())
    book.filas.append(fila("MK-5"))
    assert again(book.save()) == {"new": 1}
    assert find_spool("MK-5").pk != first.pk
    assert set(TagAnterior.objects.values_list("tag", "spool__tag")) == {("MK-5-R1", "MK-5-R2")}


def test_a_row_that_lags_behind_is_renamed_by_the_version_it_shows(book: BookFolder) -> None:
    book.filas[1]["version"] = "11111111-1111-4111-8111-111111111111"
    import_book(book.save())
    services.pausar(tag="MK-1", trabajador_id=93, actor=TABLET)
    book.filas[1]["TAG_SPOOL"] = "MK-1-R1"
    assert again(book.save()) == {"renamed": 1}
    assert find_spool("MK-1-R1").ocupado is False


def test_a_copied_row_of_a_known_spool_comes_in_free(book: BookFolder) -> None:
    import_book(book.save())
    version = str(find_spool("MK-1").version)
    book.filas[1]["version"] = version
    book.filas.append(book.filas[1] | {"TAG_SPOOL": "MK-1-COPIA"})
    assert again(book.save()) == {"copied": 1}
    copy = find_spool("MK-1-COPIA")
    assert (copy.ocupado, copy.armador_id, str(copy.version) == version) == (False, 93, False)
    assert Evento.objects.filter(spool=copy).count() == 0


def test_a_tag_that_left_is_archived_and_comes_back_with_its_history(book: BookFolder) -> None:
    import_book(book.save())
    spool = find_spool("MK-2")
    gone = book.filas.pop(2)
    report = import_book(book.save())
    assert (changed(report), last_told()) == ({"archived": 1}, {"archivadas": 1, "tags": ["MK-2"]})
    assert "archivada: MK-2 ya no está en la hoja" in report.lines
    with pytest.raises(SpoolNoEncontrado):
        find_spool("MK-2")
    assert find_any_spool("MK-2").archivado_en == NOW
    assert CeldaDudosa.objects.count() == 0
    assert again(book.save()) == {}
    book.filas.append(gone)
    report = import_book(book.save())
    assert (changed(report), report.doubtful) == ({"restored": 1}, 1)
    assert last_told() == {"vueltas a la hoja": 1, "tags": ["MK-2"]}
    assert (find_spool("MK-2").pk, find_spool("MK-2").version) == (spool.pk, spool.version)
    assert again(book.save()) == {}


def test_a_held_spool_that_left_the_sheet_stays_until_it_is_free(book: BookFolder) -> None:
    import_book(book.save())
    book.filas.pop(1)
    report = import_book(book.save())
    assert changed(report) == {}
    kept = "sigue en el taller: MK-1 ya no está en la hoja, pero alguien lo tiene tomado; no se archiva"
    assert kept in report.lines
    assert import_book(book.save(), dry_run=True).archived == 0
    services.pausar(tag="MK-1", trabajador_id=93, actor=TABLET)
    assert again(book.save()) == {"archived": 1}


def test_nothing_is_archived_while_a_tag_cannot_be_read(book: BookFolder) -> None:
    import_book(book.save())
    book.filas[4]["TAG_SPOOL"] = "#REF!"
    report = import_book(book.save())
    assert changed(report) == {}
    assert "no se archiva: MK-4 no está en la hoja, pero hay tags que no se pueden leer" in report.lines
    book.filas[4]["TAG_SPOOL"] = "MK-4"
    assert again(book.save()) == {}
    assert CeldaDudosa.objects.filter(spool=None).count() == 0


@pytest.mark.parametrize(("kept", "refused"), [(0, True), (53, True), (54, False), (55, False)])
def test_lesson_8_a_read_that_lost_too_many_tags_is_refused_whole(tmp_path: Path, kept: int, *, refused: bool) -> None:
    book = BookFolder(tmp_path, [fila(f"MK-{n}") for n in range(60)])
    import_book(book.save())
    before = everything()
    book.filas = [fila(f"MK-{n}", NV="NV0001") for n in range(kept)]
    book.people = [("93", "Otro", "Nombre", "TRUE")]
    report = import_book(book.save())
    if refused:
        assert (report.refused, report.changes, report.complete) == (1, 0, False)
        found = f"rechazada: la hoja Operaciones trae {kept} de 60 tags activos (faltan {60 - kept})."
        assert [line[: len(found)] for line in report.lines] == [found]
        assert everything() == before
        report = import_book(book.save(), accepts=any_loss)
    assert (report.refused, report.archived, report.changed) == (0, 60 - kept, kept)


def test_the_guard_counts_neither_what_was_believed_to_be_gone_nor_lets_more_through_because_of_it(
    tmp_path: Path,
) -> None:
    held = {"Armador": "MR(93)", "Ocupado_Por": "MR(93)", "Fecha_Ocupacion": "02-03-2026 08:30:00"}
    taken, free = [fila(f"MK-{n}", held) for n in range(8)], [fila(f"MK-{n}") for n in range(8, 66)]
    book = BookFolder(tmp_path, [*taken, *free])
    import_book(book.save())
    book.filas = free
    assert import_book(book.save()).refused == 1
    assert changed(import_book(book.save(), accepts=any_loss)) == {}
    before = everything()
    assert (again(book.save()), everything()) == ({}, before)
    book.filas = free[6:]
    report = import_book(book.save())
    assert (report.refused, report.losses[0].lost) == (1, [(f"MK-{n}",) for n in range(8, 14)])
    assert report.losses[0].motivo.startswith("rechazada: la hoja Operaciones trae 52 de 58 tags activos (faltan 6).")
    book.filas = [*taken, *free]
    assert again(book.save()) == {}
    assert Mirror.objects.gone().count() == 0
    book.filas = free
    assert import_book(book.save()).refused == 1


def test_an_accepted_deletion_of_all_that_nobody_holds_leaves_an_empty_sheet_in_peace(tmp_path: Path) -> None:
    held = {"Armador": "MR(93)", "Ocupado_Por": "MR(93)", "Fecha_Ocupacion": "02-03-2026 08:30:00"}
    book = BookFolder(tmp_path, [fila("MK-0", held), *(fila(f"MK-{n}") for n in range(1, 9))])
    import_book(book.save())
    book.filas = []
    assert import_book(book.save()).refused == 1
    assert changed(import_book(book.save(), accepts=any_loss)) == {"archived": 8}
    assert again(book.save()) == {}
    services.pausar(tag="MK-0", trabajador_id=93, actor=TABLET)
    assert again(book.save()) == {"archived": 1}


def test_a_held_spool_whose_row_came_back_under_another_name_is_not_gone(book: BookFolder) -> None:
    import_book(book.save())
    gone = book.filas.pop(1)
    import_book(book.save())
    assert find_spool("MK-1").mirror.gone_since == NOW
    book.filas.append(gone | {"TAG_SPOOL": "MK-1-R1", "version": str(find_spool("MK-1").version)})
    assert again(book.save()) == {"renamed": 1}
    assert find_spool("MK-1-R1").mirror.gone_since is None


def test_renamed_spools_are_not_lost_ones(book: BookFolder) -> None:
    import_book(book.save())
    for one in book.filas[:10]:
        spool = find_spool(one["TAG_SPOOL"])
        one |= {"TAG_SPOOL": f"{one['TAG_SPOOL']}-R1", "version": str(spool.version)}
    book.filas.pop()
    assert again(book.save()) == {"renamed": 10}


def test_workers_change_leave_and_come_back(book: BookFolder) -> None:
    import_book(book.save())
    book.people = [("93", "Miguel", "Rojas", "TRUE"), ("95", "Carla", "Pizarro", "NO"), ("96", "Ana", "Soto", "")]
    book.roles = [*ROLES[:1], ("96", "Ayudante", "TRUE"), ("93", "Soldador", "TRUE")]
    assert again(book.save()) == {"workers": 4}
    assert list(Trabajador.objects.order_by("id").values_list("id", "activo")) == [
        (93, True),
        (94, False),
        (95, False),
        (96, True),
    ]
    assert [one.nombres_de_roles() for one in Trabajador.objects.order_by("id")] == [
        ["Armador", "Soldador"],
        ["Armador", "Soldador"],
        [],
        ["Ayudante"],
    ]
    book.people, book.roles = PEOPLE, ROLES
    assert again(book.save()) == {"workers": 4}
    assert Trabajador.objects.get(id=94).activo is True


def test_a_worker_with_other_initials_is_shown_so_on_what_they_hold(book: BookFolder) -> None:
    import_book(book.save())
    version = find_spool("MK-1").version
    book.people = [("93", "Miguel", "Soto", "TRUE"), *PEOPLE[1:]]
    assert again(book.save()) == {"workers": 1}
    spool = find_spool("MK-1")
    assert spool.estado_detalle == "MS(93) trabajando ARM (ARM en progreso, SOLD pendiente)"
    assert spool.version != version
    assert spool.mirror.behind_since == NOW
    assert again(book.save()) == {}


def test_an_empty_workers_tab_is_refused_and_the_spools_go_on(book: BookFolder) -> None:
    import_book(book.save())
    book.people = []
    book.filas.append(fila("MK-11"))
    report = import_book(book.save())
    assert (report.refused, report.new, report.workers, report.complete) == (1, 1, 0, False)
    assert Trabajador.objects.filter(activo=True).count() == 3


def test_roles_that_vanish_together_are_refused(book: BookFolder) -> None:
    book.people = [(str(n), "Ana", "Soto", "TRUE") for n in range(90, 100)]
    book.roles = [(str(n), "Armador", "TRUE") for n in range(90, 100)]
    import_book(book.save())
    book.roles = book.roles[:4]
    report = import_book(book.save())
    assert (report.refused, report.workers, report.complete) == (1, 0, False)
    assert report.lines[0].startswith("rechazada: la hoja Roles trae 4 de 10 roles de trabajadores (faltan 6).")
    book.roles = book.roles[:4] + [(str(n), "Soldador", "TRUE") for n in range(94, 98)]
    assert import_book(book.save(), accepts=any_loss).workers == 6


def test_an_optional_header_that_stands_twice_is_told_and_left_unread(book: BookFolder) -> None:
    import_book(book.save())
    book.headers = [*book.headers, "Notas"]
    report = import_book(book.save())
    told = "el encabezado «Notas» está repetido en las columnas S y BX; la columna no se lee"
    assert (changed(report), report.lines[0]) == ({}, f"aviso: en la hoja Operaciones, {told}")


def test_a_spool_known_before_any_book_is_compared_without_a_base(book: BookFolder) -> None:
    import_book(book.save())
    Mirror.objects.all().delete()
    services.tomar(tag="MK-7", trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)
    assert again(book.save()) == {}
    assert find_spool("MK-7").ocupado_por_id == 93
    assert Mirror.objects.count() == 10
