"""When the sample shop opens, when it does not, and what its books are worth afterwards."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from occupation.models import Spool, Trabajador
from occupation.sheets.local import LocalBook
from occupation.sheets.pull import import_book
from occupation.sheets.xlsx import XlsxBook
from tests.demo import holdings, open_demo


@pytest.mark.django_db(transaction=True)
def test_a_demo_made_at_night_still_has_people_at_work(tmp_path: Path) -> None:
    with time_machine.travel(datetime(2026, 5, 14, 6, 40, tzinfo=UTC), tick=False):
        said = open_demo(tmp_path / "libro")
        night = timezone.now() - timedelta(hours=5), timezone.now()
    assert Spool.objects.filter(ocupado_desde__range=night).count() >= 3
    assert "Importado otra vez: 0 cambios" in said


@pytest.mark.django_db(transaction=True)
def test_the_books_it_wrote_give_the_same_shop_in_an_empty_database(tmp_path: Path) -> None:
    open_demo(tmp_path / "libro")
    expected = holdings()
    for book in (XlsxBook(tmp_path / "libro.xlsx"), LocalBook(tmp_path / "libro")):
        call_command("flush", interactive=False, verbosity=0)
        import_book(book)
        assert holdings() == expected


@pytest.mark.django_db(transaction=True)
def test_the_demo_refuses_a_database_in_use(tmp_path: Path) -> None:
    Trabajador.objects.create(id=93, nombre="Miguel", apellido="Rojas")
    with pytest.raises(CommandError) as refused:
        open_demo(tmp_path / "libro")
    assert str(refused.value).startswith("La base de datos ya tiene spools o trabajadores")
    assert (Spool.objects.count(), (tmp_path / "libro").exists()) == (0, False)


@pytest.mark.django_db(transaction=True)
def test_the_demo_refuses_a_folder_with_somebody_elses_files(tmp_path: Path) -> None:
    folder = tmp_path / "libro"
    folder.mkdir()
    (folder / "Trabajadores.csv").write_text("míos")
    with pytest.raises(CommandError) as refused:
        open_demo(folder)
    assert str(refused.value) == f"{folder} ya existe y no está vacía: nombre otra carpeta en LOCAL_WORKBOOK."
    assert [path.read_text() for path in tmp_path.rglob("*.csv")] == ["míos"]
    assert Spool.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_demo_refuses_to_replace_an_xlsx(tmp_path: Path) -> None:
    (tmp_path / "libro.xlsx").write_bytes(b"el libro de la oficina")
    with pytest.raises(CommandError) as refused:
        open_demo(tmp_path / "libro")
    assert str(refused.value).startswith(f"Ya existe {tmp_path / 'libro.xlsx'}")
    assert ((tmp_path / "libro.xlsx").read_bytes(), Spool.objects.count()) == (b"el libro de la oficina", 0)


@pytest.mark.django_db(transaction=True)
def test_the_demo_refuses_a_shop_on_google(tmp_path: Path, settings: Settings) -> None:
    settings.SHEETS_BACKEND = "google"
    with pytest.raises(CommandError) as refused:
        open_demo(tmp_path / "libro")
    assert str(refused.value).startswith("El taller de demostración es solo para SHEETS_BACKEND=local")
    assert (Spool.objects.count(), (tmp_path / "libro").exists()) == (0, False)


@pytest.mark.django_db(transaction=True)
def test_a_book_that_is_there_already_is_imported_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "libro"
    open_demo(folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    shop = holdings()
    call_command("flush", interactive=False, verbosity=0)
    said = open_demo(folder, spools=80)
    assert said.splitlines()[0] == f"Ya hay un libro en {folder}: se importa ese y no se inventa otro."
    assert holdings() == shop
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


@pytest.mark.django_db(transaction=True)
def test_a_book_that_cannot_be_imported_whole_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "libro"
    folder.mkdir()
    (folder / "Operaciones.csv").write_text("TAG_SPOOL,NV\nMK-1,NV0650\n")
    with pytest.raises(CommandError) as refused:
        open_demo(folder)
    assert "la hoja Operaciones no se importa: falta el encabezado «Fecha_Materiales»" in str(refused.value)


@pytest.mark.parametrize("option", ["--spools=59", "--workers=11", "--spools=50001", "--spools=doce"])
def test_the_demo_refuses_impossible_sizes(option: str) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("demo", option)
    assert "debe ser un número entre" in str(refused.value)
