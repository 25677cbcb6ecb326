"""Finding the columns of a tab by name, and holding the tab when a required one cannot be found for sure."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occupation.sheets.book import choose, gather, pick
from occupation.sheets.cells import DATE, DATETIME, WORKER
from occupation.sheets.layout import (
    COLUMNS,
    OPERACIONES_HEADERS,
    Columns,
    Hold,
    Owner,
    Tab,
    column,
    headers,
    letters,
    locate,
    missing,
    normalised,
)
from occupation.tags import canonical_tag

APP_COLUMNS = (
    *("Fecha_Armado", "Armador", "Fecha_Soldadura", "Soldador", "Fecha_QC_Metrología"),
    *("Ocupado_Por", "Fecha_Ocupacion", "version", "Estado_Detalle"),
)


def test_the_real_book_has_75_headers_and_all_stay_distinct_when_normalised() -> None:
    assert len(OPERACIONES_HEADERS) == 75
    assert len({normalised(header) for header in OPERACIONES_HEADERS}) == 75
    assert set(headers(Tab.OPERACIONES)) <= set(OPERACIONES_HEADERS)


def test_the_real_headers_locate_every_known_column_where_it_stands() -> None:
    located = locate(Tab.OPERACIONES, OPERACIONES_HEADERS)
    assert located == Columns(
        Tab.OPERACIONES, {header: OPERACIONES_HEADERS.index(header) for header in headers(Tab.OPERACIONES)}
    )


@pytest.mark.parametrize("tab", Tab)
def test_every_tab_is_located_by_its_own_canonical_headers_in_any_order(tab: Tab) -> None:
    shuffled = list(headers(tab))
    random.Random(7).shuffle(shuffled)
    assert locate(tab, shuffled) == Columns(tab, {header: shuffled.index(header) for header in headers(tab)})


def test_the_catalogue_says_who_owns_and_what_is_required() -> None:
    assert headers(Tab.OPERACIONES, Owner.APP) == APP_COLUMNS
    required = [known.header for known in COLUMNS[Tab.OPERACIONES] if known.required]
    assert required == ["TAG_SPOOL", "Fecha_Materiales", *APP_COLUMNS]
    assert [known.header for known in COLUMNS[Tab.TRABAJADORES] if not known.required] == ["Rol"]
    assert all(known.required for tab in (Tab.ROLES, Tab.METADATA) for known in COLUMNS[tab])
    assert headers(Tab.METADATA, Owner.OFICINA) == ()
    assert column(Tab.OPERACIONES, "Fecha_Armado").codec is DATE
    assert column(Tab.OPERACIONES, "Fecha_Ocupacion").codec is DATETIME
    assert column(Tab.OPERACIONES, "Soldador").codec is WORKER
    with pytest.raises(KeyError):
        column(Tab.OPERACIONES, "Fecha_NDT")


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("TAG_SPOOL / CODIGO BARRA", "tagspool"),
        ("Tag Spool", "tagspool"),
        (" tag_spool\n", "tagspool"),
        ("FECHA QC METROLOGIA", "fechaqcmetrologia"),
        (unicodedata.normalize("NFD", "Fecha_QC_Metrología"), "fechaqcmetrologia"),
        ("N°_Informe_UT_ RX", "ninformeutrx"),
        ("Rev.", "rev"),
        ("OK NDT si/no/Rep", "okndtsi"),
        ("NV\N{ZERO WIDTH SPACE}", "nv"),
        ("/solo", ""),
        (None, ""),
        (2026, "2026"),
        ("#REF!", ""),
        ([], ""),
        (float("nan"), ""),
        ("\ud800", ""),
    ],
    ids=ascii,
)
def test_headers_are_compared_without_case_accents_blanks_and_signs(header: object, key: str) -> None:
    assert normalised(header) == key


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="'#")))
def test_normalising_a_header_twice_changes_nothing(header: str) -> None:
    assert normalised(normalised(header)) == normalised(header)


def test_lesson_6_an_inserted_column_shifts_nothing() -> None:
    inserted = ["Comentario de Juan", *OPERACIONES_HEADERS[:36], "", *OPERACIONES_HEADERS[36:]]
    located = locate(Tab.OPERACIONES, inserted)
    assert isinstance(located, Columns)
    assert [inserted[place] for place in located.positions.values()] == list(headers(Tab.OPERACIONES))


def test_lesson_6_a_header_renamed_with_an_accent_is_still_found() -> None:
    renamed = [header.replace("Ocupacion", "Ocupación").replace("TAG_SPOOL", "TAG_SPOOL / CODIGO BARRA")
               for header in OPERACIONES_HEADERS]  # fmt: skip
    located = locate(Tab.OPERACIONES, renamed)
    assert isinstance(located, Columns)
    assert located.positions == {header: OPERACIONES_HEADERS.index(header) for header in headers(Tab.OPERACIONES)}


@pytest.mark.parametrize("header", ["TAG_SPOOL", "Fecha_Materiales", *APP_COLUMNS])
def test_lesson_6_a_missing_required_header_holds_the_tab_and_says_which(header: str) -> None:
    renamed = [f"{name} 2" if name == header else name for name in OPERACIONES_HEADERS]
    assert locate(Tab.OPERACIONES, renamed) == Hold(
        Tab.OPERACIONES, header, f"falta el encabezado «{header}»: devuélvalo a la primera fila de la hoja"
    )


def test_a_book_of_the_older_version_is_held_and_all_it_lacks_is_named() -> None:
    older = [header for header in OPERACIONES_HEADERS if header not in APP_COLUMNS[5:]]
    assert missing(Tab.OPERACIONES, older) == ("Ocupado_Por", "Fecha_Ocupacion", "version", "Estado_Detalle")
    assert locate(Tab.OPERACIONES, older) == Hold(
        Tab.OPERACIONES,
        "Ocupado_Por",
        "falta el encabezado «Ocupado_Por» (también faltan «Fecha_Ocupacion», «version», «Estado_Detalle»): "
        "devuélvalo a la primera fila de la hoja",
    )
    assert missing(Tab.OPERACIONES, OPERACIONES_HEADERS) == ()


def test_a_required_header_that_stands_twice_holds_the_tab() -> None:
    assert locate(Tab.ROLES, ["Id", "Rol", "Activo", "Rol"]) == Hold(
        Tab.ROLES, "Rol", "el encabezado «Rol» está repetido en las columnas B y D: deje uno solo"
    )


def test_two_spellings_of_a_required_header_are_ambiguous_and_hold_the_tab() -> None:
    assert locate(Tab.OPERACIONES, [*OPERACIONES_HEADERS, "Tag spool / viejo"]) == Hold(
        Tab.OPERACIONES,
        "TAG_SPOOL",
        "el encabezado «TAG_SPOOL» es ambiguo: «TAG_SPOOL», «Tag spool / viejo» (columnas G y BX) se leen igual: "
        "deje uno solo",
    )


def test_an_optional_header_that_stands_twice_is_not_read_and_noted() -> None:
    located = locate(Tab.TRABAJADORES, ["Id", "Nombre", "Apellido", "Rol", "Activo", "Rol"])
    assert located == Columns(
        Tab.TRABAJADORES,
        {"Id": 0, "Nombre": 1, "Apellido": 2, "Activo": 4},
        ("el encabezado «Rol» está repetido en las columnas D y F; la columna no se lee",),
    )


def test_unknown_repeated_and_blank_headers_are_no_event() -> None:
    row = ["", None, "X", "X", "Id", "Nombre", "Apellido", "Activo", "#REF!", 7, ""]
    assert locate(Tab.TRABAJADORES, row) == Columns(
        Tab.TRABAJADORES, {"Id": 4, "Nombre": 5, "Apellido": 6, "Activo": 7}
    )


def test_an_empty_first_row_holds_the_tab() -> None:
    for row in ([], ["", None], [None] * 100):
        held = locate(Tab.ROLES, row)
        assert isinstance(held, Hold)
        assert held.encabezado == "Id"


def test_columns_have_the_letters_a_spreadsheet_gives_them() -> None:
    assert [letters(place) for place in (0, 25, 26, 74, 701, 702, 16_383)] == ["A", "Z", "AA", "BW", "ZZ", "AAA", "XFD"]


def test_lesson_9_duplicate_tags_stay_two_rows_with_their_own_numbers_and_one_identity() -> None:
    picked = pick(Tab.OPERACIONES, OPERACIONES_HEADERS, ["TAG_SPOOL", "NV"])
    assert not isinstance(picked, Hold)
    place = OPERACIONES_HEADERS.index("TAG_SPOOL")
    rows = [["", "NV1", *[""] * (place - 2), tag] for tag in ("mk-1", "MK-2", " MK-1 ", "Mk-1")]
    grid = gather(picked, ((number, True, choose(picked, row)) for number, row in enumerate(rows, 2)))
    tags = [(row.number, canonical_tag(grid.decode(row)["TAG_SPOOL"])) for row in grid.rows]
    assert tags == [(2, "MK-1"), (3, "MK-2"), (4, "MK-1"), (5, "MK-1")]
    assert [grid.decode(row)["NV"] for row in grid.rows] == ["NV1"] * 4


def test_only_the_columns_asked_for_are_kept_in_the_order_asked() -> None:
    picked = pick(Tab.TRABAJADORES, ["Activo", "Apellido", "Nombre", "Id"], ["Id", "Rol", "Activo"])
    assert not isinstance(picked, Hold)
    assert picked.names == ("Id", "Activo")
    assert choose(picked, ["SI", "Rojas", "Miguel", 93]) == (93, "SI")
    assert choose(picked, ["SI"]) == (None, "SI")
    with pytest.raises(KeyError):
        pick(Tab.TRABAJADORES, ["Id", "Nombre", "Apellido", "Activo"], ["Sueldo"])
