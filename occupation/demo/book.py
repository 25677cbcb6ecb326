"""The sample shop's workbook before its two days of work: who works there, every row, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from occupation.demo.catalogue import make_piezas
from occupation.demo.defects import DEFECTS, Change, forgotten
from occupation.demo.roster import Persona, make_roster
from occupation.demo.rows import Cell, Etapa, Fila, Maker, spread
from occupation.sheets.cells import SANTIAGO
from occupation.sheets.layout import OPERACIONES_HEADERS, Owner, Tab, headers
from occupation.tags import canonical_tag
from occupation.vocabulary import Accion, Operacion, Rol

FEWEST_SPOOLS: Final = 60
MOST_SPOOLS: Final = 50_000
SHIFT_DAYS: Final = 2
"""Whole days of work that the sample tells before today's."""

Table = list[list[Cell]]

_RESERVED: Final = {
    Operacion.ARM: (Etapa.LISTO, 4),
    Operacion.SOLD: (Etapa.ARMADO, 4),
    Operacion.REPARACION: (Etapa.RECHAZADO, 3),
}


@dataclass(frozen=True, slots=True)
class Papel:
    """What a spool is for: its stage, what is wrong with its row, and what the shift's script needs it for."""

    etapa: Etapa
    change: Change | None = None
    quieto: bool = False
    repetido: bool = False
    operacion: Operacion | None = None
    accion: Accion | None = None


@dataclass(slots=True)
class DemoBook:
    """The rows of Operaciones in order, the people, and which spools (canonical tags) the shift may not touch.

    `reservados` are kept for those who still hold something at the end, `guion` for a supervisor's acts.
    """

    hoy: date
    roster: list[Persona]
    filas: list[Fila] = field(default_factory=list)
    quietos: set[str] = field(default_factory=set)
    reservados: dict[Operacion, list[str]] = field(default_factory=lambda: {op: [] for op in _RESERVED})
    guion: dict[Accion, str] = field(default_factory=dict)

    def tables(self) -> dict[Tab, Table]:
        """Every tab with its header row first."""
        return {
            Tab.OPERACIONES: [list(OPERACIONES_HEADERS), *([*fila.values()] for fila in self.filas)],
            Tab.TRABAJADORES: [["Id", "Nombre", "Apellido", "Activo"], *_people(self.roster)],
            Tab.ROLES: [["Id", "Rol", "Activo"], *_roles(self.roster)],
            Tab.METADATA: [list(headers(Tab.METADATA)), *_old_audit(self.hoy)],
        }


def make_book(*, spools: int, workers: int, seed: int, hoy: date) -> DemoBook:
    """The same book for the same numbers and day. Its last entry is of the day before the shift's first."""
    rng = Random(f"{seed} {hoy}")  # noqa: S311  a sample has to be repeatable, not secret
    book = DemoBook(hoy, make_roster(workers, rng))
    maker = Maker(book.roster, hoy - timedelta(days=SHIFT_DAYS + 1), rng)
    papeles = _papeles(spools, rng)
    repetidas = []
    for pieza, papel in zip(make_piezas(spools, hoy, rng), papeles, strict=True):
        fila = maker.make(pieza, papel.etapa)
        if papel.change:
            fila |= papel.change(fila, maker)
        book.filas.append(fila)
        _cast(book, papel, pieza.tag)
        if papel.repetido:
            repetidas.append(fila)
    _repeat(book.filas, repetidas, rng)
    _leave_blanks(book.filas, rng)
    return book


def _papeles(spools: int, rng: Random) -> list[Papel]:
    papeles = [
        *(Papel(etapa, quieto=True) for etapa in Etapa),
        *(Papel(defect.etapa, defect.change, quieto=True) for defect in DEFECTS.values()),
        *(Papel(etapa, operacion=op) for op, (etapa, many) in _RESERVED.items() for _ in range(many)),
        *(Papel(Etapa.ARMADO, quieto=True, repetido=True) for _ in range(max(4, spools // 50))),
        Papel(Etapa.BLOQUEADO, accion=Accion.DESBLOQUEAR),
        Papel(Etapa.REPARADO_OTRA_VEZ, accion=Accion.INSPECCIONAR),
        Papel(Etapa.SOLD_PAUSADA, _left_held, accion=Accion.LIBERAR),
        Papel(Etapa.ARMADO, accion=Accion.CORREGIR),
        Papel(Etapa.POR_INSPECCIONAR, accion=Accion.REABRIR),
    ]
    papeles += [Papel(etapa) for etapa in spread(spools - len(papeles), rng)]
    rng.shuffle(papeles)
    return papeles


def _left_held(_fila: Fila, maker: Maker) -> Fila:
    """Somebody went home without pausing."""
    persona, desde, texto = forgotten(maker, Operacion.SOLD, Rol.SOLDADOR)
    return {"Soldador": persona, "Ocupado_Por": persona, "Fecha_Ocupacion": desde, "Estado_Detalle": texto}


def _cast(book: DemoBook, papel: Papel, tag: str) -> None:
    if papel.quieto:
        book.quietos.add(canonical_tag(tag))
    if papel.operacion:
        book.reservados[papel.operacion].append(canonical_tag(tag))
    if papel.accion:
        book.guion[papel.accion] = canonical_tag(tag)


def _repeat(filas: list[Fila], repetidas: list[Fila], rng: Random) -> None:
    """Write some tags twice: below, in lower case; or above, as somebody had begun the row. The fuller row counts."""
    for position, fila in enumerate(repetidas):
        where = next(index for index, other in enumerate(filas) if other is fila)
        if position % 2:
            begun = fila | dict.fromkeys(headers(Tab.OPERACIONES, Owner.APP))
            filas.insert(rng.randint(0, where), begun)
        else:
            again = fila | {"TAG_SPOOL": str(fila["TAG_SPOOL"]).lower(), "Notas": "fila repetida?"}
            filas.insert(rng.randint(where + 1, len(filas)), again)


def _leave_blanks(filas: list[Fila], rng: Random) -> None:
    """A row between two orders, and one that somebody filled in before engineering gave it a tag."""
    blank: Fila = dict.fromkeys(OPERACIONES_HEADERS)
    untagged = blank | {"NV": "NV0999", "Cliente": "por asignar", "TAG_SPOOL": "   "}
    for fila in (blank, untagged):
        filas.insert(rng.randint(1, len(filas)), fila)


def _people(roster: list[Persona]) -> Iterator[list[Cell]]:
    for persona in roster:
        yield [persona.id, persona.nombre, persona.apellido, persona.activo]


def _roles(roster: list[Persona]) -> Iterator[list[Cell]]:
    for persona in roster:
        for rol in persona.roles:
            yield [persona.id, str(rol), True]
    # A role somebody lost, and one that this shop does not know.
    yield [roster[0].id, str(Rol.PINTURA), False]
    yield [roster[1].id, "Calderero", True]


def _old_audit(hoy: date) -> Iterator[list[Cell]]:
    """What the sheet's audit already held, from the days of another program."""
    for days, accion in ((30, "TOMAR"), (30, "PAUSAR"), (29, "COMPLETAR")):
        dia = hoy - timedelta(days=days)
        instante = datetime.combine(dia, time(11, days), SANTIAGO)
        ident = f"00000000-0000-4000-8000-{days:06d}{len(accion):06d}"
        quien: list[Cell] = [93, "MR(93)", "ARM", accion, dia, "{}"]
        yield [ident, instante, f"{accion}_ARM", "MK-1335-CW-25231-001", *quien]
