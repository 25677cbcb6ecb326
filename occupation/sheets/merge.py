"""What becomes of each of our cells when a row is read: a three-way merge between what the mirror last knew of it
(*base*), what the sheet says now and what the app says. Pure.

A person's edit is noticed, merged and shown: adopted where the shop's rules allow it, put back and listed where they
do not, and a conflict where the app changed the same cell meanwhile. Edits of one row count together: a row may be
freed, fitted up, welded and approved by one sitting at the sheet, in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from occupation.estado_detalle import parse
from occupation.sheets.codec import Unreadable
from occupation.sheets.identity import version_of
from occupation.sheets.rows import Reading
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo

MANY_EDITS: Final = 5
"""More adoptions than this in one cycle hold the tab: somebody may be sorting one column, or pasting over many."""

STALE: Final = "la fila es una copia antigua, de un programa que la tenía abierta"
SHOVED: Final = "movieron columnas mientras la app escribía en esta fila"
APP_ONLY: Final = "esta columna la escribe solo la app"
ERASED: Final = "la app no borra lo que ya está hecho"
UNKNOWN_WORKER: Final = "no es un trabajador que la app conozca"
IN_THE_FUTURE: Final = "la fecha está en el futuro"
NOT_BEGUN: Final = "el trabajo no está iniciado y al lado no dice quién lo hizo"
WITHOUT_ARM: Final = "falta el armado"
NOT_INSPECTABLE: Final = "el spool no espera una inspección"
NO_HOLDER: Final = "quién tiene un spool se dice en la tableta"
ONLY_UNLOCK: Final = "este texto lo escribe la app; solo se puede desbloquear, escribiendo un rechazo"
FOREIGN: Final = "la celda trae lo que la app escribió en otro spool"


class Effect(StrEnum):
    """What is done about one cell."""

    NOTHING = "nothing"
    PUSH = "push"
    EDIT = "edit"
    COMPLETE = "complete"
    APPROVE = "approve"
    OVERRIDE = "override"
    RELEASE = "release"
    RESTORE = "restore"
    HEAL = "heal"
    CONFLICT = "conflict"


ADOPTIONS: Final = frozenset({Effect.EDIT, Effect.COMPLETE, Effect.APPROVE, Effect.OVERRIDE, Effect.RELEASE})


class Decision(NamedTuple):
    """What becomes of one cell. `value` is the day or the worker adopted; `worker` who did what nobody had begun."""

    header: str
    effect: Effect
    value: date | int | None = None
    worker: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Sides:
    """The canonical texts of one row's cells, by header.

    `left` holds what the app said where the first import left a different value in the sheet; `intent` what a write
    that is not proved yet wanted to leave; `foreign` what the app wrote on another spool's row, when that row's
    version stands in this one. `stale` tells that the version in the sheet is an older one of this spool.
    """

    base: Mapping[str, str]
    app: Mapping[str, str]
    sheet: Mapping[str, str]
    intent: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    foreign: Mapping[str, str] = field(default_factory=dict)
    stale: bool = False

    @property
    def shoved(self) -> bool:
        """Whether a version stands in another of our columns: a write came after they moved, and nobody edited it."""
        return any(version_of(text) for header, text in self.sheet.items() if header != "version")

    def settled(self, header: str) -> Effect | None:
        """What nobody's edit asks for; None when a person edited the cell."""
        sheet, app = self.sheet[header], self.app[header]
        if sheet == app:
            return Effect.NOTHING
        if sheet not in (self.base.get(header, ""), self.intent.get(header)):
            return None
        return Effect.NOTHING if self.left.get(header) == app else Effect.PUSH

    def app_changed(self, header: str) -> bool:
        """Whether the app says something else than when the sheet was last known."""
        return self.app[header] != self.left.get(header, self.base.get(header, ""))


@dataclass(slots=True)
class Piece:
    """The state of the spool that the edits are judged by. `arm_enough` are the states of ARM that let SOLD begin."""

    arm: str
    sold: str
    calidad: str
    held: bool
    arm_enough: Container[str]


def merge(row: Reading, sides: Sides, piece: Piece, workers: Container[int], hoy: date) -> list[Decision]:
    """Decide each of our nine cells, in the order in which adoptions are to be carried out."""
    judge = _Judge(row, sides, replace(piece), workers, hoy)
    decided = {header: judge.decide(header) for header in _TABLE}
    return [decided[header] for header in _CARRIED_OUT]


@dataclass(slots=True)
class _Judge:
    """Judges the cells of one row; `piece` moves as its edits would move the spool."""

    row: Reading
    sides: Sides
    piece: Piece
    workers: Container[int]
    hoy: date
    begun: set[str] = field(default_factory=set)

    def decide(self, header: str) -> Decision:
        settled = self.sides.settled(header)
        if settled is not None:
            return Decision(header, settled)
        return self._by_version(header) or self._edited(header)

    def _by_version(self, header: str) -> Decision | None:
        """What the version in the row says of its cells."""
        if self.sides.stale:
            return Decision(header, Effect.RESTORE, why=STALE)
        if self.sides.shoved:
            return Decision(header, Effect.RESTORE, why=SHOVED)
        if self.sides.foreign.get(header) == self.sides.sheet[header]:
            return Decision(header, Effect.HEAL, why=FOREIGN)
        return Decision(header, Effect.RESTORE, why=APP_ONLY) if header == "version" else None

    def _edited(self, header: str) -> Decision:
        if self.sides.app_changed(header):
            return Decision(header, Effect.CONFLICT)
        value = self.row.values[header]
        if isinstance(value, Unreadable):
            return Decision(header, Effect.RESTORE, why=value.why)
        return _TABLE[header](self, header)

    def known_worker(self, header: str) -> int | None:
        number = self.row.said(header, int)
        return number if number in self.workers else None

    def stood(self, header: str) -> bool:
        """Whether the app has a value where the person wrote another."""
        return self.sides.app[header] != ""


def _holder(judge: _Judge, header: str) -> Decision:
    if judge.row.values[header] is not None or not judge.piece.held:
        return Decision(header, Effect.RESTORE, why=NO_HOLDER)
    judge.piece.held = False
    return Decision(header, Effect.RELEASE)


def _responsible(judge: _Judge, header: str) -> Decision:
    number = judge.row.said(header, int)
    if number is None:
        return Decision(header, Effect.RESTORE, why=ERASED)
    if judge.known_worker(header) is None:
        return Decision(header, Effect.RESTORE, why=UNKNOWN_WORKER)
    if judge.stood(header):
        return Decision(header, Effect.EDIT, number)
    if header in judge.begun:  # whoever did the work enters with the date beside
        return Decision(header, Effect.NOTHING)
    return Decision(header, Effect.RESTORE, why=NO_HOLDER)


def _day(judge: _Judge, header: str) -> date | Decision:
    """The day typed, or why it cannot be taken."""
    day = judge.row.said(header, date)
    if day is None:
        return Decision(header, Effect.RESTORE, why=ERASED)
    return Decision(header, Effect.RESTORE, why=IN_THE_FUTURE) if day > judge.hoy else day


def _armado(judge: _Judge, header: str) -> Decision:
    decision = _work(judge, header, judge.piece.arm, "Armador")
    if decision.effect == Effect.COMPLETE:
        judge.piece.arm = EstadoTrabajo.COMPLETADO
    return decision


def _soldadura(judge: _Judge, header: str) -> Decision:
    missing = "" if judge.piece.arm in judge.piece.arm_enough else WITHOUT_ARM
    decision = _work(judge, header, judge.piece.sold, "Soldador", missing)
    if decision.effect == Effect.COMPLETE:
        judge.piece.sold = EstadoTrabajo.COMPLETADO
    return decision


def _work(judge: _Judge, header: str, state: str, who: str, missing: str = "") -> Decision:
    """A date of ARM or SOLD: another one where one stood, or the end of work that nobody holds."""
    day = _day(judge, header)
    if isinstance(day, Decision):
        return day
    if judge.stood(header):
        return Decision(header, Effect.EDIT, day)
    if judge.piece.held:
        return Decision(header, Effect.CONFLICT)
    if state == EstadoTrabajo.EN_PROGRESO:
        return Decision(header, Effect.COMPLETE, day)
    worker = judge.known_worker(who)
    if worker is None or missing:
        return Decision(header, Effect.RESTORE, why=NOT_BEGUN if worker is None else missing)
    judge.begun.add(who)
    return Decision(header, Effect.COMPLETE, day, worker)


def _approval(judge: _Judge, header: str) -> Decision:
    day = _day(judge, header)
    if isinstance(day, Decision):
        return day
    if judge.stood(header):
        return Decision(header, Effect.EDIT, day)
    piece = judge.piece
    done = piece.arm == piece.sold == EstadoTrabajo.COMPLETADO
    if not done or piece.held or piece.calidad != EstadoCalidad.PENDIENTE:
        return Decision(header, Effect.RESTORE, why=NOT_INSPECTABLE)
    piece.calidad = EstadoCalidad.APROBADO
    return Decision(header, Effect.APPROVE, day)


def _text(judge: _Judge, header: str) -> Decision:
    said = parse(judge.row.said(header, str) or "").calidad
    blocked = judge.piece.calidad == EstadoCalidad.BLOQUEADO and not judge.piece.held
    if blocked and said == EstadoCalidad.RECHAZADO:
        return Decision(header, Effect.OVERRIDE)
    return Decision(header, Effect.RESTORE, why=ONLY_UNLOCK)


def _never(judge: _Judge, header: str) -> Decision:
    del judge
    return Decision(header, Effect.RESTORE, why=APP_ONLY)


_TABLE: Final[Mapping[str, Callable[[_Judge, str], Decision]]] = {
    "Ocupado_Por": _holder,
    "Fecha_Armado": _armado,
    "Armador": _responsible,
    "Fecha_Soldadura": _soldadura,
    "Soldador": _responsible,
    "Fecha_QC_Metrología": _approval,
    "Estado_Detalle": _text,
    "Fecha_Ocupacion": _never,
    "version": _never,
}


_CARRIED_OUT: Final = ("Ocupado_Por", "Armador", "Fecha_Armado", "Soldador", "Fecha_Soldadura", *[*_TABLE][5:])
"""Whoever is named beside a date is put right before the work ends."""
