"""The `.xlsx` workbook: what Google and Excel save, what the demo writes, and files that mean harm."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from datetime import date, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import openpyxl
import pytest

from occupation.sheets.book import USUAL_NAMES, BookUnreadable, BookUnwritable, Grid, Picked, Row, gather, pick
from occupation.sheets.cells import DATETIME, SANTIAGO, Unreadable
from occupation.sheets.layout import OPERACIONES_HEADERS, Hold, Tab
from occupation.sheets.xlsx import XlsxBook, write_workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = "xl/worksheets/sheet1.xml"
WORKBOOK = (
    f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
    '<sheet name="Roles" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>'
)
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
MANIFEST = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{KIND}.sharedStrings+xml"/></Types>'
)
HEADER = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>'
STRINGS = f'<sst xmlns="{MAIN}"><si><t>Id</t></si><si><t>Rol</t></si><si><t>Activo</t></si>%s</sst>'


def package(path: Path, rows: str, *, strings: str = "", parts: dict[str, str] | None = None) -> XlsxBook:
    """Write an `.xlsx` by hand, as Google does it (shared strings, no dimension), and open it."""
    whole = {
        "[Content_Types].xml": MANIFEST,
        "xl/workbook.xml": WORKBOOK,
        "xl/_rels/workbook.xml.rels": RELATIONS,
        "xl/sharedStrings.xml": STRINGS % strings,
        SHEET: f'<worksheet xmlns="{MAIN}"><sheetData>{HEADER}{rows}</sheetData></worksheet>',
    } | (parts or {})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in whole.items():
            archive.writestr(name, text)
    return XlsxBook(path)


def rows_of(book: XlsxBook, tab: Tab = Tab.ROLES) -> list[Row]:
    grid = book.read(tab)
    assert isinstance(grid, Grid)
    return list(grid.rows)


def refusal_of(book: XlsxBook) -> str:
    with pytest.raises(BookUnreadable) as refusal:
        book.read(Tab.ROLES)
    start = f"No se puede leer {book.path}: "
    assert str(refusal.value).startswith(start)
    return str(refusal.value).removeprefix(start)


def test_what_the_demo_writes_is_read_back_with_its_meaning(tmp_path: Path) -> None:
    header = list(OPERACIONES_HEADERS)
    values: dict[str, object] = {
        "TAG_SPOOL": "MK-1",
        "DIAM": Decimal("2.5"),
        "Fecha_Materiales": date(2026, 1, 21),
        "Armador": "MR(93)",
        "Fecha_Ocupacion": datetime(2026, 1, 21, 7, 5, 9, 999_999, tzinfo=SANTIAGO),
        "Notas": "=no es fórmula",
        "Cliente": "#3 cañería",
        "FLAG": True,
    }
    write_workbook(tmp_path / "x.xlsx", {"Operaciones": [header, [values.get(name) for name in header]]})
    grid = XlsxBook(tmp_path / "x.xlsx").read(Tab.OPERACIONES)
    assert isinstance(grid, Grid)
    read = {name: value for name, value in grid.decode(grid.rows[0]).items() if value is not None}
    assert read == {
        **{name: value for name, value in values.items() if name != "FLAG"},
        "Armador": 93,
        "Fecha_Ocupacion": DATETIME.canonical(datetime(2026, 1, 21, 7, 5, 9, tzinfo=SANTIAGO)),
    }


def test_people_see_day_first_dates_and_literal_text_in_what_the_demo_writes(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 21, 7, 5, 9, tzinfo=SANTIAGO)
    write_workbook(tmp_path / "x.xlsx", {"Roles": [["a"], [date(2026, 1, 21), moment, "=1+1", "a\x01b"]]})
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["Roles"]
    assert [(cell.value, cell.number_format, cell.data_type) for cell in sheet[2]] == [
        (datetime.fromisoformat("2026-01-21"), "DD-MM-YYYY", "d"),
        (datetime.fromisoformat("2026-01-21T07:05:09"), "DD-MM-YYYY HH:MM:SS", "d"),
        ("=1+1", "General", "s"),
        ("ab", "General", "s"),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["x.xlsx"]


def test_a_workbook_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").mkdir()
    with pytest.raises(BookUnwritable) as refusal:
        write_workbook(tmp_path / "x.xlsx", {"Roles": [["Id"]]})
    assert str(refusal.value).startswith(f"No se puede escribir {tmp_path / 'x.xlsx'}: el sistema responde")
    assert [path.name for path in tmp_path.iterdir()] == ["x.xlsx"]


def test_a_file_saved_by_another_program_is_read(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("Roles")
    sheet.append(["Id", "Rol", "Activo"])
    sheet.append([93, "Metrología", True])
    sheet.append([94.5, datetime.fromisoformat("2026-01-21T12:00"), "SI"])
    workbook.save(tmp_path / "x.xlsx")
    assert rows_of(XlsxBook(tmp_path / "x.xlsx")) == [Row(2, (93, "Metrología", True)), Row(3, (94.5, 46043.5, "SI"))]


def test_every_kind_of_cell_is_read_as_its_raw_value(tmp_path: Path) -> None:
    aid = '<rPh sb="0" eb="1"><t>kana</t></rPh>'
    strings = f"<si><r><t>Arma</t></r><r><t>dor</t></r>{aid}</si><si><t>a_x000A_b &amp; c</t></si><si/>"
    cells = [
        ('<c r="B{n}"><v>46155.4818</v></c>', 46155.4818),
        ('<c r="B{n}" s="4"><v>46155</v></c>', 46155),
        ('<c r="B{n}"><v>-1E3</v></c>', -1000.0),
        ('<c r="B{n}" t="b"><v>1</v></c>', True),
        ('<c r="B{n}" t="b"><v>0</v></c>', False),
        ('<c r="B{n}" t="e"><v>#REF!</v></c>', "#REF!"),
        ('<c r="B{n}" t="d"><v>2026-01-21</v></c>', date(2026, 1, 21)),
        ('<c r="B{n}" t="s"><v>3</v></c>', "Armador"),
        ('<c r="B{n}" t="s"><v>4</v></c>', "a\nb & c"),
        ('<c r="B{n}" t="s"><v>5</v></c>', ""),
        ('<c r="B{n}" t="inlineStr"><is><r><t>Sol</t></r><r><t>dador</t></r></is></c>', "Soldador"),
        ('<c r="B{n}" t="str"><f>A1</f><v>texto</v></c>', "texto"),
        ('<c r="B{n}"><f>1+1</f><v>2</v></c>', 2),
        ('<c r="B{n}" t="str"><f>""</f><v></v></c>', None),
        ('<c r="B{n}" s="4"/>', None),
        ('<c r="XFD{n}"><v>1</v></c>', None),
    ]
    rows = "".join(
        f'<row r="{number}"><c r="A{number}"><v>1</v></c>{cell.format(n=number)}</row>'
        for number, (cell, _) in enumerate(cells, 2)
    )
    read = rows_of(package(tmp_path / "x.xlsx", rows, strings=strings))
    assert read == [Row(number, (1, raw, None)) for number, (_, raw) in enumerate(cells, 2)]


def test_a_formula_without_a_stored_result_is_unreadable_and_never_blank(tmp_path: Path) -> None:
    book = package(tmp_path / "x.xlsx", '<row r="2"><c r="A2"><f>B2+1</f></c><c r="B2"><f>C2</f><v></v></c></row>')
    grid = book.read(Tab.ROLES)
    assert isinstance(grid, Grid)
    why = "la fórmula de la celda da un error (#SIN CALCULAR!)"
    broken = Unreadable("#SIN CALCULAR!", why)
    assert [grid.decode(row) for row in grid.rows] == [{"Id": broken, "Rol": broken, "Activo": None}]


def test_a_formula_that_another_program_wrote_and_never_calculated_is_unreadable(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("Roles")
    sheet.append(["Id", "Rol", "Activo"])
    sheet.append(["=1+1", "Armador", True])
    workbook.save(tmp_path / "x.xlsx")
    assert rows_of(XlsxBook(tmp_path / "x.xlsx")) == [Row(2, ("#SIN CALCULAR!", "Armador", True))]


def test_a_number_in_a_cell_dressed_as_a_date_stays_the_number(tmp_path: Path) -> None:
    numbers = [46155.4818, 46155, 7, 2.5, 0.5, 0, -3, 20260121, 4.5e15]
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("Roles")
    sheet.append(["Id", "Rol", "Activo"])
    for row, (number, shown) in enumerate(product(numbers, ("DD-MM-YYYY", "D/M/YY H:MM", "H:MM", "[H]:MM")), 2):
        sheet.cell(row, 1, number).number_format = shown
    workbook.save(tmp_path / "x.xlsx")
    read = rows_of(XlsxBook(tmp_path / "x.xlsx"))
    assert [row.cells for row in read] == [(number, None, None) for number in numbers for _ in range(4)]


def test_a_date_column_reads_serials_and_refuses_what_is_no_day_of_a_shop(tmp_path: Path) -> None:
    name = "Fecha_Materiales"
    header = list(OPERACIONES_HEADERS)
    serials = [46155.4818, 7, -3, 20260121, 4.5e15]
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("Operaciones")
    sheet.append(header)
    for row, serial in enumerate(serials, 2):
        sheet.cell(row, header.index(name) + 1, serial).number_format = "DD-MM-YYYY"
    workbook.save(tmp_path / "x.xlsx")
    grid = XlsxBook(tmp_path / "x.xlsx").read(Tab.OPERACIONES, [name])
    assert isinstance(grid, Grid)
    why = "no es una fecha (se espera DD-MM-AAAA)"
    assert [grid.decode(row)[name] for row in grid.rows] == [
        date(2026, 5, 13),
        *(Unreadable(serial, why) for serial in serials[1:]),
    ]


def test_what_stands_beside_the_rows_of_a_sheet_is_passed_over_in_silence(tmp_path: Path) -> None:
    beside = (
        '<sheetViews><sheetView odd="1"/></sheetViews><sheetData>%s<row r="2"><c r="A2"><v>1</v></c></row></sheetData>'
    )
    after = '<conditionalFormatting odd="1"/><extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"/></extLst>'
    sheet = f'<worksheet xmlns="{MAIN}">{beside % HEADER}{after}</worksheet>'
    book = package(tmp_path / "x.xlsx", "", parts={SHEET: sheet, "xl/styles.xml": "<no-styles-at-all>"})
    assert rows_of(book) == [Row(2, (1, None, None))]


def test_rows_and_cells_out_of_order_are_all_read(tmp_path: Path) -> None:
    rows = '<row r="9"><c r="C9" t="b"><v>1</v></c><c r="A9"><v>9</v></c></row><row r="4"><c r="A4"><v>4</v></c></row>'
    assert rows_of(package(tmp_path / "x.xlsx", rows)) == [Row(9, (9, None, True)), Row(4, (4, None, None))]


def test_rows_keep_their_numbers_and_trailing_blank_ones_are_trimmed(tmp_path: Path) -> None:
    blank = "".join(f'<row r="{number}"><c r="A{number}" s="1"/></row>' for number in range(9, 900))
    rows = '<row r="5"><c r="A5"><v>1</v></c></row><row><c><v>2</v></c><c/><c t="b"><v>1</v></c></row>'
    beyond = '<row r="8"><c r="Z8"><v>1</v></c></row>'
    grid = package(tmp_path / "x.xlsx", rows + beyond + blank).read(Tab.ROLES)
    assert isinstance(grid, Grid)
    assert grid.rows == [Row(5, (1, None, None)), Row(6, (2, None, True))]
    assert grid.last_row == 8


def test_prefixed_names_and_dimensions_that_lie_change_nothing(tmp_path: Path) -> None:
    sheet = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:dimension ref="A1:A1"/><x:sheetData>'
        '<x:row r="1"><x:c r="A1" t="s"><x:v>0</x:v></x:c><x:c r="B1" t="s"><x:v>1</x:v></x:c>'
        '<x:c r="C1" t="s"><x:v>2</x:v></x:c></x:row>'
        '<x:row r="2"><x:c r="B2" t="inlineStr"><x:is><x:t>Armador</x:t></x:is></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    book = package(tmp_path / "x.xlsx", "", parts={SHEET: sheet})
    assert rows_of(book) == [Row(2, (None, "Armador", None))]


def test_a_missing_tab_and_a_missing_header_are_holds(tmp_path: Path) -> None:
    book = package(tmp_path / "x.xlsx", "")
    assert book.read(Tab.METADATA) == Hold(
        Tab.METADATA, None, "el libro no tiene la hoja «Metadata»: devuélvala o corrija su nombre"
    )
    named = XlsxBook(tmp_path / "x.xlsx", {**USUAL_NAMES, Tab.TRABAJADORES: "Roles"})
    held = named.read(Tab.TRABAJADORES)
    assert isinstance(held, Hold)
    assert held.encabezado == "Nombre"
    empty = package(tmp_path / "y.xlsx", "", parts={SHEET: f'<worksheet xmlns="{MAIN}"/>'})
    assert isinstance(empty.read(Tab.ROLES), Hold)


def test_what_is_no_workbook_is_refused_in_a_sentence_that_names_the_file(tmp_path: Path) -> None:
    whole = package(tmp_path / "x.xlsx", "<row/>" * 1000).path.read_bytes()
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("content.xml", "")
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    incomplete = "no es un libro .xlsx, o llegó incompleto: descárguelo de nuevo."
    cases = [
        (b"", "el archivo está vacío."),
        (b"TAG_SPOOL,NV\n", incomplete),
        (whole[: len(whole) // 2], incomplete),
        (other.getvalue(), "es un archivo comprimido, pero no un libro .xlsx."),
        (ole + "EncryptedPackage".encode("utf-16-le"), "está protegido con contraseña: guárdelo sin ella."),
        (ole, "es un .xls antiguo: guárdelo como .xlsx."),
    ]
    for data, sentence in cases:
        (tmp_path / "y.xlsx").write_bytes(data)
        assert refusal_of(XlsxBook(tmp_path / "y.xlsx")) == sentence
    assert refusal_of(XlsxBook(tmp_path / "no.xlsx")) == "el archivo no existe."
    assert refusal_of(XlsxBook(tmp_path)) == "no es un archivo."


def test_every_truncation_and_every_flipped_byte_is_read_whole_or_refused(tmp_path: Path) -> None:
    whole = package(tmp_path / "x.xlsx", '<row r="2"><c r="A2"><v>1</v></c></row>').path.read_bytes()
    right = rows_of(XlsxBook(tmp_path / "x.xlsx"))
    broken = [whole[:end] for end in range(0, len(whole), 7)]
    broken += [whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :] for at in range(0, len(whole), 3)]
    for data in broken:
        (tmp_path / "y.xlsx").write_bytes(data)
        try:
            grid = XlsxBook(tmp_path / "y.xlsx").read(Tab.ROLES)
        except BookUnreadable:
            continue
        assert isinstance(grid, Hold) or grid.rows == right


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ('<row r="2"><c r="A2"><v>1</v>', "está dañado o incompleto: descárguelo de nuevo."),
        ('<row r="dos"/>', "está dañado o incompleto: descárguelo de nuevo."),
        ('<row r="2"><c r="A2"><v>uno</v></c></row>', "está dañado o incompleto: descárguelo de nuevo."),
        ('<row r="2"><c r="ZZZZ2"><v>1</v></c></row>', "está dañado o incompleto: descárguelo de nuevo."),
        ('<row r="2"><c r="A2" t="s"><v>99</v></c></row>', "está dañado o incompleto: descárguelo de nuevo."),
        (f'<row r="2"><c r="A2" t="str"><v>{"x" * 5_000_000}</v></c></row>', "tiene una fila enorme."),
    ],
    ids=["open", "row number", "number", "column", "shared string", "huge cell"],
)
def test_a_sheet_that_makes_no_sense_is_refused(tmp_path: Path, rows: str, sentence: str) -> None:
    assert refusal_of(package(tmp_path / "x.xlsx", rows)) == sentence


def test_entities_are_refused_before_they_can_grow(tmp_path: Path) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ja"><!ENTITY b "&a;&a;&a;&a;">]>'
    sheet = f'{laughs}<worksheet xmlns="{MAIN}"><sheetData>{HEADER}</sheetData></worksheet>'
    parts = {SHEET: sheet, "xl/sharedStrings.xml": laughs + STRINGS % "", "xl/workbook.xml": laughs + WORKBOOK}
    for part, text in parts.items():
        book = package(tmp_path / "x.xlsx", "", parts={part: text})
        assert refusal_of(book) == "declara entidades de XML, que un libro .xlsx no lleva."


def test_a_part_is_refused_by_its_size_before_it_is_unpacked_and_a_false_size_is_found_out(tmp_path: Path) -> None:
    path = package(tmp_path / "x.xlsx", "<row/>" * 10_000).path
    with zipfile.ZipFile(path) as archive:
        real = archive.getinfo(SHEET).file_size
    whole = path.read_bytes()
    for claimed, sentence in (
        (700_000_000, "descomprimido pasa de 600 MB."),
        (10, "está dañado o incompleto: descárguelo de nuevo."),
    ):
        path.write_bytes(whole.replace(struct.pack("<I", real), struct.pack("<I", claimed)))
        assert refusal_of(XlsxBook(path)) == sentence


def test_a_book_that_counts_from_1904_is_refused_rather_than_read_four_years_off(tmp_path: Path) -> None:
    mac = WORKBOOK.replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    book = package(tmp_path / "x.xlsx", "", parts={"xl/workbook.xml": mac})
    assert refusal_of(book) == "cuenta los días desde 1904: guárdelo con el sistema de fechas de 1900."


def test_a_book_whose_sheets_cannot_be_reached_is_refused(tmp_path: Path) -> None:
    strict = WORKBOOK.replace(OFFICE, "http://purl.oclc.org/ooxml/officeDocument/relationships")
    for parts, sentence in (
        ({"xl/workbook.xml": strict}, "no tiene hojas que se puedan leer: guárdelo como «Libro de Excel (.xlsx)»."),
        ({"[Content_Types].xml": "<Types/>"}, "es un archivo comprimido, pero no un libro .xlsx."),
        ({"xl/_rels/workbook.xml.rels": "<Relationships/>"}, "está dañado o incompleto: descárguelo de nuevo."),
        ({"xl/_rels/workbook.xml.rels": "<x><y/></x>"}, "está dañado o incompleto: descárguelo de nuevo."),
    ):
        assert refusal_of(package(tmp_path / "x.xlsx", "", parts=parts)) == sentence


def test_a_package_with_a_password_on_its_parts_is_refused(tmp_path: Path) -> None:
    path = package(tmp_path / "x.xlsx", "").path
    whole = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = whole.find(mark)
        while at >= 0:
            whole[at + flags] |= 1
            at = whole.find(mark, at + 1)
    path.write_bytes(whole)
    assert refusal_of(XlsxBook(path)) == "está protegido con contraseña o comprimido de un modo desconocido."


def test_an_absurd_number_of_rows_is_refused() -> None:
    picked = pick(Tab.ROLES, ["Id", "Rol", "Activo"])
    assert isinstance(picked, Picked)
    with pytest.raises(BookUnreadable) as refusal:
        gather(picked, ((number, True, (1, None, None)) for number in range(2, 200_003)))
    assert str(refusal.value) == "La hoja Roles tiene más de 200000 filas con datos."


def test_memory_grows_with_what_is_kept_not_with_the_sheet(tmp_path: Path) -> None:
    wide = "".join(f'<c t="str"><v>celda {place} que nadie pidió</v></c>' for place in range(72))
    row = f'<row><c><v>1</v></c><c t="str"><v>Armador</v></c><c t="b"><v>1</v></c>{wide}</row>'
    book = package(tmp_path / "x.xlsx", row * 500)
    tracemalloc.start()
    assert len(rows_of(book)) == 500
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()
