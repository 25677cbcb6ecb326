"""Opens a workbook by its path, with the tab names of this shop's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from django.conf import settings

from occupation.sheets.book import Book, BookUnreadable, LiveBook, Meter, TabNames
from occupation.sheets.layout import Tab
from occupation.sheets.local import LocalBook
from occupation.sheets.xlsx import XlsxBook

PATIENCE_SECONDS: Final = 1.0
"""How long a file of the folder has to stay as it is before the mirror believes it: programs take a while to save."""


def tab_names() -> TabNames:
    """What this shop calls its tabs."""
    return {
        Tab.OPERACIONES: settings.HOJA_OPERACIONES,
        Tab.TRABAJADORES: settings.HOJA_TRABAJADORES,
        Tab.ROLES: settings.HOJA_ROLES,
        Tab.METADATA: settings.HOJA_METADATA,
    }


def book_at(path: Path) -> Book:
    """The folder of CSV files or the `.xlsx` at `path`. Raises `BookUnreadable` for anything else."""
    if path.is_dir():
        return LocalBook(path, tab_names())
    if not path.exists():
        raise BookUnreadable(f"No existe {path}: escriba la ruta de un .xlsx o de una carpeta con los CSV del libro.")
    if path.suffix.lower() != ".xlsx":
        raise BookUnreadable(f"{path} no es un .xlsx ni una carpeta: descargue el libro como .xlsx.")
    return XlsxBook(path, tab_names())


def live_book(meter: Meter) -> LiveBook:
    """The book of this shop's settings, which the mirror keeps; not contacted yet. Google counts its requests."""
    if settings.SHEETS_BACKEND == "local":
        return LocalBook(settings.LOCAL_WORKBOOK, tab_names(), PATIENCE_SECONDS)
    # Nothing of Google is loaded in a shop that does not use it.
    from occupation.sheets.google import opened  # noqa: PLC0415

    return opened(
        spreadsheet_id=settings.GOOGLE_SHEET_ID,
        names=tab_names(),
        origin=settings.SHEETS_API_URL,
        credentials_file=settings.GOOGLE_APPLICATION_CREDENTIALS,
        credentials_json=settings.GOOGLE_APPLICATION_CREDENTIALS_JSON,
        meter=meter,
    )
