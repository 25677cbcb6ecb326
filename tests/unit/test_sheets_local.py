"""The folder of CSV files: what people's programs write, what is kept, and what is refused in a sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occupation.sheets.book import USUAL_NAMES, Book, BookUnreadable, BookUnwritable, Grid, Row
from occupation.sheets.cells import TEXT
from occupation.sheets.csv_files import Dialect, parse, write_table
from occupation.sheets.layout import Hold, Tab
from occupation.sheets.local import LocalBook

ROLES = ["Id", "Rol", "Activo"]


def book_with(folder: Path, data: bytes, tab: Tab = Tab.ROLES) -> LocalBook:
    (folder / f"{tab}.csv").write_bytes(data)
    return LocalBook(folder)


def grid_of(book: Book, tab: Tab = Tab.ROLES) -> Grid:
    grid = book.read(tab)
    assert isinstance(grid, Grid)
    return grid


def decoded(book: Book, tab: Tab = Tab.ROLES) -> list[dict[str, Any]]:
    grid = grid_of(book, tab)
    return [grid.decode(row) for row in grid.rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_dialect_is_read_and_kept_when_written_back(
    tmp_path: Path, delimiter: str, encoding: str, newline: str
) -> None:
    lines = [delimiter.join(ROLES), delimiter.join(["93", '"Metrología\n(y, más; cosas\t)"', "SI"]), ""]
    data = newline.join(lines).encode(encoding)
    book = book_with(tmp_path, data)
    assert decoded(book) == [{"Id": 93, "Rol": "Metrología\n(y, más; cosas\t)", "Activo": True}]
    assert book.dialect(Tab.ROLES) == Dialect(delimiter, encoding, newline)
    book.write(Tab.ROLES, ROLES, [["93", "Metrología\n(y, más; cosas\t)", "SI"]])
    assert (tmp_path / "Roles.csv").read_bytes() == data


def test_rows_keep_their_sheet_numbers_past_blank_lines_short_rows_and_quoted_newlines(tmp_path: Path) -> None:
    data = b'Id,Rol,Activo\n1,"a\nb",SI\n\n,,\n2\n3,c,NO,sobra,sobra\n,,,solo de otra columna\n\n\n'
    grid = grid_of(book_with(tmp_path, data))
    assert grid.rows == [Row(2, ("1", "a\nb", "SI")), Row(5, ("2", None, None)), Row(6, ("3", "c", "NO"))]
    assert grid.last_row == 7


def test_a_tab_may_have_another_name_and_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    names = {**USUAL_NAMES, Tab.ROLES: "Roles 2026"}
    (tmp_path / "Roles 2026.csv").write_text("Activo;Extra;Rol;Id\nSI;x;Armador;7\n")
    grid = LocalBook(tmp_path, names).read(Tab.ROLES, ["Id", "Rol"])
    assert isinstance(grid, Grid)
    assert grid.names == ("Id", "Rol")
    assert grid.rows == [Row(2, ("7", "Armador"))]
    assert dict(grid.columns.positions) == {"Id": 3, "Rol": 2, "Activo": 0}


def test_a_missing_file_is_a_missing_tab_and_a_missing_header_holds_it(tmp_path: Path) -> None:
    assert LocalBook(tmp_path).read(Tab.ROLES) == Hold(
        Tab.ROLES, None, "el libro no tiene la hoja «Roles»: devuélvala o corrija su nombre"
    )
    held = book_with(tmp_path, b"Id,Activo\n1,SI\n").read(Tab.ROLES)
    assert isinstance(held, Hold)
    assert held.encabezado == "Rol"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "el archivo está vacío"),
        (b" \r\n\n", "el archivo está vacío"),
        (b"PK\x03\x04\x00\x00", "no es un CSV de texto (tiene bytes nulos); guárdelo como «CSV UTF-8»"),
        ("Id,Rol".encode("utf-16"), "no es un CSV de texto (tiene bytes nulos); guárdelo como «CSV UTF-8»"),
        (b"Id,Rol\n1,\x81\xff\n", "no está en UTF-8 ni en Windows-1252; guárdelo como «CSV UTF-8»"),
        (
            b'Id,Rol,Activo\n1,"a,SI\n2,b,SI\n',
            "la línea 3 tiene comillas sin cerrar o mal puestas, o una celda enorme",
        ),
        (
            b"Id,Rol,Activo\n1," + b"x" * 200_000 + b",SI\n",
            "la línea 2 tiene comillas sin cerrar o mal puestas, o una celda enorme",
        ),
    ],
    ids=["empty", "blank", "binary", "utf-16", "no encoding", "open quote", "huge cell"],
)
def test_what_is_no_csv_is_refused_in_a_sentence_that_names_the_file(
    tmp_path: Path, data: bytes, sentence: str
) -> None:
    with pytest.raises(BookUnreadable) as refusal:
        book_with(tmp_path, data).read(Tab.ROLES)
    assert str(refusal.value) == f"No se puede leer {tmp_path / 'Roles.csv'}: {sentence}."


def test_a_missing_folder_a_folder_in_place_of_a_file_and_a_loop_are_refused(tmp_path: Path) -> None:
    gone = tmp_path / "no"
    (tmp_path / "Roles.csv").mkdir()
    (tmp_path / "Metadata.csv").symlink_to("Metadata.csv")
    cases = [
        (LocalBook(gone), Tab.ROLES, f"No existe la carpeta del libro: {gone}."),
        (LocalBook(tmp_path), Tab.ROLES, f"No se puede leer {tmp_path / 'Roles.csv'}: no es un archivo."),
        (LocalBook(tmp_path), Tab.METADATA, f"No se puede leer {tmp_path / 'Metadata.csv'}: el sistema responde"),
        (LocalBook(tmp_path, {Tab.ROLES: "../x"}), Tab.ROLES, "El nombre de hoja «../x» no sirve como nombre"),
    ]
    for book, tab, sentence in cases:
        with pytest.raises(BookUnreadable) as refusal:
            book.read(tab)
        assert str(refusal.value)[: len(sentence)] == sentence


def test_an_enormous_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    with (tmp_path / "Roles.csv").open("wb") as file:
        file.truncate(10**12)  # a hole: it takes no disk
    with pytest.raises(BookUnreadable) as refusal:
        LocalBook(tmp_path).read(Tab.ROLES)
    assert str(refusal.value) == f"No se puede leer {tmp_path / 'Roles.csv'}: pesa más de 100 MB."


@contextmanager
def ordinary_person() -> Iterator[None]:
    """Root may read and write everything: be nobody meanwhile."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_file_or_folder_without_permission_is_refused(tmp_path: Path) -> None:
    book = book_with(tmp_path, b"Id,Rol,Activo\n")
    (tmp_path / "Roles.csv").chmod(0)
    tmp_path.chmod(0o500)
    with ordinary_person():
        with pytest.raises(BookUnreadable) as unreadable:
            book.read(Tab.ROLES)
        with pytest.raises(BookUnwritable) as unwritable:
            book.write(Tab.ROLES, ROLES, [])
    tmp_path.chmod(0o700)
    path = tmp_path / "Roles.csv"
    assert str(unreadable.value) == f"No se puede leer {path}: el sistema no da permiso."
    assert str(unwritable.value) == f"No se puede escribir {path}: el sistema no da permiso."


def test_writing_replaces_the_file_whole_keeps_its_permissions_and_leaves_nothing_else(tmp_path: Path) -> None:
    book = book_with(tmp_path, b"Id;Rol;Activo\n1;a;SI\n")
    (tmp_path / "Roles.csv").chmod(0o640)
    opened = (tmp_path / "Roles.csv").open("rb")
    book.read(Tab.ROLES)
    book.write(Tab.ROLES, ROLES, [["2", 'dice "hola"', "NO"], ["3", "a\r\nb\rc", ""]])
    with opened:
        assert opened.read() == b"Id;Rol;Activo\n1;a;SI\n"  # who was reading keeps the old one
    assert (tmp_path / "Roles.csv").read_bytes() == b'Id;Rol;Activo\n2;"dice ""hola""";NO\n3;"a\nb\nc";\n'
    assert (tmp_path / "Roles.csv").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["Roles.csv"]


def test_a_new_book_is_written_in_a_new_folder_as_spreadsheet_programs_like_it(tmp_path: Path) -> None:
    book = LocalBook(tmp_path / "libro")
    book.write(Tab.ROLES, ROLES, [["1", "Metrologia", "SI"]])
    assert (tmp_path / "libro" / "Roles.csv").read_bytes() == (b"\xef\xbb\xbfId,Rol,Activo\r\n1,Metrologia,SI\r\n")
    assert decoded(book) == [{"Id": 1, "Rol": "Metrologia", "Activo": True}]


def test_a_text_that_cp1252_lacks_makes_the_file_utf8_with_a_mark(tmp_path: Path) -> None:
    book = book_with(tmp_path, "Id;Rol;Activo\n1;Metrología;SI\n".encode("cp1252"))
    assert book.read(Tab.ROLES) is not None
    book.write(Tab.ROLES, ROLES, [["1", "APROBADO ✓", "SI"]])
    assert book.dialect(Tab.ROLES) == Dialect(";", "utf-8-sig", "\n")
    assert (tmp_path / "Roles.csv").read_text("utf-8-sig") == "Id;Rol;Activo\n1;APROBADO ✓;SI\n"


def test_a_refused_write_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    book = book_with(tmp_path, b"Id,Rol,Activo\n")
    with pytest.raises(BookUnwritable) as refusal:
        book.write(Tab.ROLES, ROLES, [["1", "\ud800", "SI"]])
    assert str(refusal.value) == (f"No se puede escribir {tmp_path / 'Roles.csv'}: hay un texto con caracteres rotos.")
    assert [path.name for path in tmp_path.iterdir()] == ["Roles.csv"]
    assert (tmp_path / "Roles.csv").read_bytes() == b"Id,Rol,Activo\n"


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")).map(TEXT.encode_text)


@given(
    st.lists(st.lists(TEXTS, min_size=3, max_size=3), max_size=5),
    st.sampled_from(",;\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_texts_survive_a_file_of_any_dialect(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str, encoding: str, newline: str
) -> None:
    path = tmp_path_factory.mktemp("libro") / "x.csv"
    written = write_table(path, [ROLES, *rows], Dialect(delimiter, encoding, newline))
    found, records = parse(path.read_bytes())
    assert list(records) == [ROLES, *rows]
    assert (found.delimiter, found.newline) == (delimiter, newline)
    assert found.encoding == written.encoding or path.read_bytes().isascii()
