"""A shop whose sheet has one of each thing that a person may have to look at, made by people at both ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from occupation import services
from occupation.sheets.layout import Tab
from occupation.vocabulary import Operacion
from tests.books import Fila, fila
from tests.mirror_office import AnyOffice, at_office
from tests.shop import TABLET

CREW = [[str(number), "Ana", f"Soto {number}", "TRUE"] for number in range(41, 53)]
PEOPLE = [
    ["Id", "Nombre", "Apellido", "Activo"],
    ["93", "Miguel", "Rojas", "TRUE"],
    ["94", "Juan", "Pérez", "TRUE"],
    *CREW,
]
ROLES = [["Id", "Rol", "Activo"], *([row[0], "Armador", "TRUE"] for row in PEOPLE[1:])]


def tag(number: int) -> str:
    return f"MK-1335-CW-25238-{number:03}"


def rows() -> list[Fila]:
    """Thirty spools; 3 stands twice, and two cells of 4 cannot be read."""
    filas = [fila(tag(number), Cliente="Minera Sur") for number in range(1, 31)]
    filas[3] |= {"Fecha_Materiales": "cuando lleguen", "DIAM": "ancho"}
    return [*filas, fila(tag(3), NV="NV0999")]


@contextmanager
def troubled_office(kind: str, folder: Path) -> Iterator[AnyOffice]:
    """The office with that book and fourteen workers, mirrored once."""
    with at_office(kind, folder, rows()) as office:
        office.desk.retype(Tab.TRABAJADORES, PEOPLE)
        office.desk.retype(Tab.ROLES, ROLES)
        office.sync()
        yield office


def take(*numbers: int) -> None:
    for number in numbers:
        services.tomar(tag=tag(number), trabajador_id=93, operacion=Operacion.ARM, actor=TABLET)


def conflicts(office: AnyOffice) -> None:
    """The floor completes 1, 2 and 7 while the office writes other days there."""
    take(1, 2, 7)
    for number, day in ((1, "12-01-2026"), (2, "13-01-2026"), (7, "14-01-2026")):
        services.completar(tag=tag(number), trabajador_id=93, actor=TABLET)
        office.edit(tag(number), Fecha_Armado=day)
    office.sync()


def put_back(office: AnyOffice) -> None:
    """The office writes what only the floor may say."""
    office.edit(tag(5), Ocupado_Por="JP(94)")
    office.edit(tag(6), Estado_Detalle="listo", Fecha_Armado="01-01-2030")
    office.sync()


def parked(office: AnyOffice) -> None:
    """The floor takes 8 and 9, whose rows the office protected."""
    for number in (8, 9):
        office.desk.protect(Tab.OPERACIONES, tag(number))
    take(8, 9)
    office.sync()


def many_edits(office: AnyOffice, numbers: range) -> None:
    """The office fills a column down."""
    filled = office.rows()
    for row in filled:
        if row["TAG_SPOOL"] in {tag(number) for number in numbers}:
            row |= {"Fecha_Armado": "15-01-2026", "Armador": "JP(94)"}
    office.save(filled)
    office.sync()


def deleted(office: AnyOffice, tab: Tab, keep: int) -> None:
    """The office deletes all rows of a tab but the first few."""
    office.desk.retype(tab, office.desk.table(tab)[: keep + 1])
    office.sync()
