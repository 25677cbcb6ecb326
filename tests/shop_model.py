"""The shop as a few plain variables: what a spool is, who may do what to it, and what that does.

Written from the shop's rules and from nothing of the product's code, so that the two can disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

MAY_START = {
    "ARM": {"Armador", "Ayudante"},
    "SOLD": {"Soldador", "Ayudante"},
    "METROLOGIA": {"Metrologia"},
    "REPARACION": {"Armador", "Soldador"},
}

Told = tuple[str, int | None, dict[str, Any]]
"""A journal row: type, worker, detail."""


class No(Exception):  # noqa: N818 - it is what the shop answers
    """The model refuses, with the code it expects."""


@dataclass
class Worker:
    """Somebody of the shop, and how screens show them."""

    id: int
    roles: set[str]
    active: bool = True
    shown: str = ""


@dataclass
class Piece:
    """A spool as the model sees it. `found` is what the current take found: state and responsible worker."""

    tag: str
    materials: bool = True
    states: dict[str, str] = field(
        default_factory=lambda: {"ARM": "pendiente", "SOLD": "pendiente", "CALIDAD": "pendiente"}
    )
    cycle: int = 0
    days: dict[str, date | None] = field(default_factory=lambda: {"ARM": None, "SOLD": None, "QC": None})
    responsible: dict[str, int | None] = field(default_factory=lambda: {"ARM": None, "SOLD": None})
    holder: int | None = None
    operation: str | None = None
    found: tuple[str, int | None] | None = None
    version: str = ""
    sessions: list[list[Any]] = field(default_factory=list)
    journal: list[Told] = field(default_factory=list)
    behind: bool = False


@dataclass
class Model:
    """The whole shop and its two settings that matter."""

    workers: dict[int, Worker]
    pieces: dict[str, Piece]
    strict: bool = False
    today: date = date(2026, 3, 2)

    def starter(self, worker_id: int) -> Worker:
        worker = self.workers.get(worker_id)
        if worker is None or not worker.active:
            raise No("WORKER_NO_ENCONTRADO")
        return worker

    def piece(self, tag: str) -> Piece:
        if tag not in self.pieces:
            raise No("SPOOL_NO_ENCONTRADO")
        return self.pieces[tag]

    def may_take(self, tag: str, worker_id: int, operation: str, version: str | None = None) -> Piece:
        worker, piece = self.starter(worker_id), self.piece(tag)
        if not worker.roles & MAY_START[operation]:
            raise No("ROL_NO_AUTORIZADO")
        if piece.holder is not None:
            raise No("SPOOL_OCCUPIED")
        if operation == "METROLOGIA":
            raise No("OPERACION_NO_DISPONIBLE")
        self._may_begin(piece, operation)
        _same(piece, version)
        return piece

    def take(self, tag: str, worker_id: int, operation: str, version: str | None) -> Piece:
        piece = self.may_take(tag, worker_id, operation, version)
        machine = "CALIDAD" if operation == "REPARACION" else operation
        before = dict(piece.states)
        piece.found = (piece.states[machine], piece.responsible.get(operation))
        piece.states[machine] = "en_reparacion" if operation == "REPARACION" else "en_progreso"
        if operation in piece.responsible:
            piece.responsible[operation] = worker_id
        piece.holder, piece.operation = worker_id, operation
        piece.sessions.append([worker_id, operation, None])
        _tell(piece, f"TOMAR_{operation}", worker_id, {}, before)
        return piece

    def takeable(self) -> list[tuple[str, int, str]]:
        """Every take that would succeed now."""
        return [
            (tag, worker_id, operation)
            for tag in self.pieces
            for worker_id in self.workers
            for operation in ("ARM", "SOLD", "REPARACION")
            if self._would(tag, worker_id, operation)
        ]

    def _would(self, tag: str, worker_id: int, operation: str) -> bool:
        try:
            self.may_take(tag, worker_id, operation)
        except No:
            return False
        return True

    def _may_begin(self, piece: Piece, operation: str) -> None:
        quality = piece.states["CALIDAD"]
        if operation == "REPARACION":
            if quality == "bloqueado":
                raise No("SPOOL_BLOQUEADO")
            if quality not in {"rechazado", "reparacion_pausada"}:
                raise No("OPERACION_NO_DISPONIBLE")
            return
        if piece.states[operation] == "completado" or quality == "aprobado":
            raise No("OPERACION_YA_COMPLETADA")
        if not piece.materials:
            raise No("DEPENDENCIAS_NO_SATISFECHAS")
        enough = {"completado"} if self.strict else {"completado", "en_progreso"}
        if operation == "SOLD" and piece.states["ARM"] not in enough:
            raise No("DEPENDENCIAS_NO_SATISFECHAS")

    def end(  # as many arguments as the verb has
        self, verb: str, tag: str, worker_id: int, operation: str | None, version: str | None, day: date | None
    ) -> Piece:
        if worker_id not in self.workers:
            raise No("WORKER_NO_ENCONTRADO")
        piece = self.piece(tag)
        if piece.holder is None:
            raise No("OCUPACION_TERMINADA")
        if piece.holder != worker_id:
            raise No("NO_AUTORIZADO")
        if operation not in {None, piece.operation}:
            raise No("OPERACION_NO_DISPONIBLE")
        _same(piece, version)
        self._close(piece, verb, day or self.today, {})
        return piece

    def release(self, tag: str, reason: str) -> Piece:
        piece = self.piece(tag)
        if piece.holder is None:
            raise No("OCUPACION_TERMINADA")
        self._close(piece, "LIBERAR", self.today, {"motivo": reason})
        return piece

    def _close(self, piece: Piece, verb: str, day: date, detail: dict[str, Any]) -> None:
        assert piece.operation is not None
        assert piece.found is not None
        operation, worker_id, before = piece.operation, piece.holder, dict(piece.states)
        machine = "CALIDAD" if operation == "REPARACION" else operation
        if verb == "CANCELAR":
            piece.states[machine] = piece.found[0]
            if operation in piece.responsible:
                piece.responsible[operation] = piece.found[1]
        elif operation == "REPARACION":
            piece.states[machine] = "pendiente" if verb == "COMPLETAR" else "reparacion_pausada"
        elif verb == "COMPLETAR":
            piece.states[machine] = "completado"
            piece.days[operation] = day
        piece.holder = piece.operation = piece.found = None
        piece.sessions[-1][2] = verb
        _tell(piece, f"{verb}_{operation}", worker_id, detail, before)

    def inspect(self, tag: str, worker_id: int, verdict: str) -> Piece:
        worker, piece = self.starter(worker_id), self.piece(tag)
        if piece.states["ARM"] != "completado" or piece.states["SOLD"] != "completado":
            raise No("DEPENDENCIAS_NO_SATISFECHAS")
        quality = piece.states["CALIDAD"]
        if quality == "aprobado":
            raise No("OPERACION_YA_COMPLETADA")
        if piece.holder is not None:
            raise No("SPOOL_OCCUPIED")
        if quality == "bloqueado":
            raise No("SPOOL_BLOQUEADO")
        if quality != "pendiente":
            raise No("OPERACION_NO_DISPONIBLE")
        if "Metrologia" not in worker.roles:
            raise No("ROL_NO_AUTORIZADO")
        before = dict(piece.states)
        if verdict == "APROBADO":
            piece.cycle, piece.days["QC"], piece.states["CALIDAD"] = 0, self.today, "aprobado"
        else:
            piece.cycle += 1
            piece.states["CALIDAD"] = "bloqueado" if piece.cycle == 3 else "rechazado"
        _tell(piece, "COMPLETAR_METROLOGIA", worker_id, {"resultado": verdict, "ciclo": piece.cycle}, before)
        return piece

    def unblock(self, tag: str, reason: str) -> Piece:
        piece = self.piece(tag)
        if piece.states["CALIDAD"] != "bloqueado":
            raise No("OPERACION_NO_DISPONIBLE")
        repairs = [
            worker for worker, operation, end in piece.sessions if (operation, end) == ("REPARACION", "COMPLETAR")
        ]
        about = repairs[-1] if repairs else piece.responsible["SOLD"]
        before = dict(piece.states)
        piece.states["CALIDAD"], piece.cycle = "rechazado", 2
        _tell(piece, "DESBLOQUEAR_REPARACION", about, {"motivo": reason, "ciclo": 2}, before)
        return piece

    def correct(self, tag: str, operation: str, worker_id: int | None, day: date | None, reason: str) -> Piece:
        if worker_id is not None and worker_id not in self.workers:
            raise No("WORKER_NO_ENCONTRADO")
        piece = self.piece(tag)
        _completed(piece, operation)
        if worker_id is not None and operation == "METROLOGIA":
            raise No("SOLICITUD_INVALIDA")
        column, responsible = _day_of(operation), piece.responsible.get(operation)
        changed = []
        if worker_id not in {None, responsible}:
            changed.append((self._shown(responsible), self._shown(worker_id)))
            piece.responsible[operation] = worker_id
        stood = piece.days[column]
        if stood and day is not None and day != stood:
            changed.append((_written(stood), _written(day)))
            piece.days[column] = day
        if not changed:
            raise No("SOLICITUD_INVALIDA")
        before, after = (" · ".join(side) for side in zip(*changed, strict=True))
        detail = {"motivo": reason, "antes": before, "despues": after}
        _tell(piece, f"CORREGIR_{operation}", piece.responsible.get(operation), detail, dict(piece.states))
        return piece

    def _shown(self, worker_id: int | None) -> str:
        return self.workers[worker_id].shown if worker_id is not None else "nadie"

    def reopen(self, tag: str, operation: str, reason: str) -> Piece:
        piece = self.piece(tag)
        if piece.holder is not None:
            raise No("SPOOL_OCCUPIED")
        _completed(piece, operation)
        if piece.states["CALIDAD"] in {"reparacion_pausada", "bloqueado"}:
            raise No("OPERACION_NO_DISPONIBLE")
        before = dict(piece.states)
        if operation != "METROLOGIA":
            piece.states[operation], piece.days[operation] = "en_progreso", None
        piece.states["CALIDAD"], piece.days["QC"] = "pendiente", None
        _tell(piece, f"REABRIR_{operation}", piece.responsible.get(operation), {"motivo": reason}, before)
        return piece


def _written(day: date) -> str:
    return f"{day:%d-%m-%Y}"


def _day_of(operation: str) -> str:
    return "QC" if operation == "METROLOGIA" else operation


def _completed(piece: Piece, operation: str) -> None:
    if operation == "REPARACION" or piece.days[_day_of(operation)] is None:
        raise No("OPERACION_NO_DISPONIBLE")


def _same(piece: Piece, version: str | None) -> None:
    if version not in {None, piece.version}:
        raise No("VERSION_CONFLICT")


def _tell(piece: Piece, kind: str, worker_id: int | None, detail: dict[str, Any], before: dict[str, str]) -> None:
    piece.behind = True
    piece.journal.append((kind, worker_id, detail))
    for machine, state in piece.states.items():
        if state != before[machine]:
            moved = {"maquina": machine, "desde": before[machine], "hasta": state}
            piece.journal.append(("STATE_CHANGE", worker_id, moved))
