"""The command: what it prints, its exit codes, and books that are no books."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from occupation.models import Evento, Spool
from occupation.sheets.layout import OPERACIONES_HEADERS, Tab
from occupation.sheets.xlsx import write_workbook
from tests.books import PEOPLE, ROLES, BookFolder, fila

pytestmark = pytest.mark.django_db(transaction=True)

COUNTS = (
    "nuevas: {new}, cambiadas: 0, sin cambios: {unchanged}, dudosas: 0, duplicadas: {duplicate}, "
    "retenidas: {held}, rechazadas: {refused}, en espera: {waiting}, renombradas: 0, copiadas: 0, archivadas: 0, "
    "vueltas a la hoja: 0, no adoptadas: 0, trabajadores: {workers}"
)


def counts(**given: int) -> str:
    names = ("new", "unchanged", "duplicate", "held", "refused", "waiting", "workers")
    return COUNTS.format(**dict.fromkeys(names, 0) | given)


def run(book: Path, *options: str) -> tuple[int, list[str], str]:
    """The exit code, the lines on standard output and the sentence on standard error."""
    out = io.StringIO()
    try:
        call_command("import_workbook", str(book), *options, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue().splitlines(), str(error)
    return 0, out.getvalue().splitlines(), ""


def test_it_prints_a_line_per_item_and_the_counts(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila("MK-1"), fila("MK-1"), fila("MK-2")])
    book.save()
    listed = "duplicada: MK-1 (fila 3) se ignora; se usa la fila 2"
    assert run(tmp_path, "--dry-run") == (
        0,
        [listed, f"Simulación, nada cambió: {counts(new=2, duplicate=1, workers=3)}"],
        "",
    )
    assert Spool.objects.count() == 0
    assert run(tmp_path) == (0, [listed, counts(new=2, duplicate=1, workers=3)], "")
    assert run(tmp_path) == (0, [listed, counts(unchanged=2, duplicate=1)], "")


def test_an_xlsx_comes_in_like_its_folder(tmp_path: Path) -> None:
    BookFolder(tmp_path / "libro", [fila("MK-1", Fecha_Armado="12-01-2026")]).save()
    row = fila("MK-1", Fecha_Armado="12-01-2026")
    write_workbook(
        tmp_path / "libro.xlsx",
        {
            Tab.OPERACIONES: [OPERACIONES_HEADERS, [row.get(header, "") for header in OPERACIONES_HEADERS]],
            Tab.TRABAJADORES: [("Id", "Nombre", "Apellido", "Activo"), *PEOPLE],
            Tab.ROLES: [("Id", "Rol", "Activo"), *ROLES],
        },
    )
    assert run(tmp_path / "libro.xlsx") == (0, [counts(new=1, workers=3)], "")
    assert run(tmp_path / "libro") == (0, [counts(unchanged=1)], "")
    assert Evento.objects.count() == 2


def test_the_tabs_have_the_names_of_the_settings(tmp_path: Path, settings: Settings) -> None:
    settings.HOJA_OPERACIONES = "Control 2026"
    BookFolder(tmp_path, [fila("MK-1")]).save()
    (tmp_path / "Operaciones.csv").rename(tmp_path / "Control 2026.csv")
    assert run(tmp_path)[0] == 0
    assert Spool.objects.count() == 1


def test_a_held_tab_ends_with_code_three_and_the_rest_comes_in(tmp_path: Path) -> None:
    BookFolder(tmp_path, [fila("MK-1")], roles=None).save()
    assert run(tmp_path) == (
        3,
        [
            "retenida: la hoja Roles no se importa: el libro no tiene la hoja «Roles»: devuélvala o corrija su nombre",
            counts(new=1, held=1, workers=3),
        ],
        "El libro no se importó entero: vea arriba qué falta.",
    )


def test_a_refused_book_ends_with_code_three_and_changes_nothing(tmp_path: Path) -> None:
    book = BookFolder(tmp_path, [fila(f"MK-{n}") for n in range(8)])
    book.save()
    run(tmp_path)
    book.filas = []
    book.save()
    code, lines, _ = run(tmp_path)
    assert (code, lines[-1]) == (3, counts(refused=1))
    assert lines[0].startswith("rechazada: la hoja Operaciones trae 0 de 8 tags activos (faltan 8).")
    assert Spool.objects.vivos().count() == 8


@pytest.mark.sqlite
def test_a_full_disk_is_told_and_the_next_import_finishes(tmp_path: Path) -> None:
    BookFolder(tmp_path, [fila(f"MK-{n}") for n in range(600)]).save()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # pages that other tests left free would be room
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 30}")
        code, lines, said = run(tmp_path)
        cursor.execute("PRAGMA max_page_count = 1073741823")
    assert (code, lines) == (1, [])
    assert said == (
        "La base de datos no pudo seguir (database or disk is full). Lo importado hasta aquí quedó guardado: cuando "
        "esté resuelto, importe otra vez el mismo libro."
    )
    assert run(tmp_path)[0] == 0
    assert Spool.objects.count() == 600


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("libro.xlsx", b""),
        ("libro.xlsx", b"\x89PNG\r\n\x1a\n\x00\x00"),
        ("libro.pdf", b"%PDF-1.7"),
        ("libro.csv", b"a"),
    ],
)
def test_a_file_that_is_no_book_is_told_and_changes_nothing(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    code, lines, said = run(tmp_path / name)
    assert (code, lines) == (1, [])
    assert str(tmp_path / name) in said
    assert said.endswith("No se cambió nada.")


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    code, lines, said = run(tmp_path / "nada.xlsx")
    assert (code, lines) == (1, [])
    assert said.startswith(f"No existe {tmp_path / 'nada.xlsx'}")


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02 binario", b'Id,Rol,Activo\n"sin cerrar'])
def test_one_broken_file_of_a_folder_changes_nothing_at_all(tmp_path: Path, data: bytes) -> None:
    BookFolder(tmp_path, [fila("MK-1")]).save()
    (tmp_path / "Roles.csv").write_bytes(data)
    code, lines, said = run(tmp_path)
    assert (code, lines, Spool.objects.count()) == (1, [], 0)
    assert "Roles.csv" in said
