"""What a row means the first time it is seen: the states of its machines and who holds it. Pure.

The dates decide before the people, and both before the text; what contradicts itself is kept as it stands when a
spool can be like that, and is doubtful when it cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from occupation.estado_detalle import Lectura, Situacion, build, parse
from occupation.sheets.plan import Doubt
from occupation.sheets.rows import Reading
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion

WITHOUT_DATE: Final = "dice aprobado, pero no tiene Fecha_QC_Metrología: queda pendiente de inspección"
WITHOUT_HOLDER: Final = "dice en reparación, pero Ocupado_Por no nombra a nadie que exista: queda pausada"
NOTHING_LEFT: Final = "no queda operación que pueda tener tomada: el spool queda libre"
IN_THE_FUTURE: Final = "está en el futuro: se usa la hora de la importación"

FIRST_SIGHT_ONLY: Final = frozenset({WITHOUT_DATE, WITHOUT_HOLDER, NOTHING_LEFT, IN_THE_FUTURE})
"""Doubts that a row known already cannot show again: they last while the cell stays as it was."""

KNOWN_TOO_LATE: Final = "el trabajador no existía cuando entró la fila, y la app ya no lo toma de aquí"

_UNKNOWN: Final = "no hay un trabajador con el número "

WORKER_HEADERS: Final = ("Armador", "Soldador", "Ocupado_Por")

Workers = Mapping[int, str]
"""Every worker the shop knows, number → `MR(93)`."""

_RESPONSIBLE: Final = {Operacion.ARM: "armador_id", Operacion.SOLD: "soldador_id"}
_STATE: Final = {Operacion.ARM: "arm_state", Operacion.SOLD: "sold_state", Operacion.REPARACION: "calidad_state"}


def unknown_workers(row: Reading, workers: Workers) -> list[Doubt]:
    """The cells that name a worker whom the shop does not know."""
    named = {header: row.said(header, int) for header in WORKER_HEADERS}
    return [
        row.doubt(header, f"{_UNKNOWN}{number}")
        for header, number in named.items()
        if number is not None and number not in workers
    ]


def of_unknown_worker(doubt: Doubt) -> bool:
    """Whether a doubt is about one of our cells that named a worker whom the shop did not know."""
    return doubt.header in WORKER_HEADERS and (doubt.why == KNOWN_TOO_LATE or doubt.why.startswith(_UNKNOWN))


@dataclass(slots=True)
class FirstSight:
    """The spool's columns that a row gives at first sight, and the cells that could not be believed."""

    columns: dict[str, Any] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)


def first_sight(
    row: Reading, workers: Workers, ahora: datetime, *, version: UUID | None = None, free: bool = False
) -> FirstSight:
    """Read a row that the app has never seen. `version` is its own if it may keep it; `free` ignores the holder.

    The columns satisfy every constraint of the spool's table, whatever the row says.
    """
    seen = FirstSight(doubts=[*row.unreadable(), *unknown_workers(row, workers)])
    seen.columns.update(row.office())
    seen.columns.update(_worked(row, workers, "arm", "Fecha_Armado", "Armador", "fecha_armado"))
    seen.columns.update(_worked(row, workers, "sold", "Fecha_Soldadura", "Soldador", "fecha_soldadura"))
    lectura = parse(row.said("Estado_Detalle", str) or "")
    _inspect(row, lectura, seen)
    holder = None if free else _known(row, "Ocupado_Por", workers)
    if holder is not None:
        _hold(row, lectura, seen, holder, ahora)
    if seen.columns["calidad_state"] == EstadoCalidad.EN_REPARACION and "ocupado_por_id" not in seen.columns:
        _pause_repair(row, seen, copied=free)
    seen.columns["version"] = version or uuid4()
    seen.columns["estado_detalle"] = _text(seen.columns, workers)
    return seen


def _known(row: Reading, header: str, workers: Workers) -> int | None:
    number = row.said(header, int)
    return number if number is not None and number in workers else None


def _worked(row: Reading, workers: Workers, machine: str, day: str, who: str, day_field: str) -> dict[str, Any]:
    """ARM or SOLD: the date says completed, else anybody named says begun."""
    fecha = row.said(day, date)
    if fecha is not None:
        state = EstadoTrabajo.COMPLETADO
    else:
        state = EstadoTrabajo.EN_PROGRESO if row.filled(who) else EstadoTrabajo.PENDIENTE
    return {f"{machine}_state": state, day_field: fecha, f"{who.lower()}_id": _known(row, who, workers)}


def _inspect(row: Reading, lectura: Lectura, seen: FirstSight) -> None:
    """CALIDAD: the date of approval wins over the text."""
    fecha = row.said("Fecha_QC_Metrología", date)
    state, ciclo = lectura.calidad or EstadoCalidad.PENDIENTE, lectura.ciclo or 0
    if fecha is not None:
        state, ciclo = EstadoCalidad.APROBADO, 0
    elif state == EstadoCalidad.APROBADO:
        state = EstadoCalidad.PENDIENTE
        seen.doubts.append(row.doubt("Estado_Detalle", WITHOUT_DATE))
    seen.columns.update(calidad_state=state, ciclo=ciclo, fecha_qc=fecha)


def _hold(row: Reading, lectura: Lectura, seen: FirstSight, holder: int, ahora: datetime) -> None:
    """Give the spool to its holder, as a TOMAR whose CANCELAR brings back what the row says without it."""
    columns = seen.columns
    named = _named(columns, lectura)
    operacion = named or _left(columns)
    if operacion is None:
        seen.doubts.append(row.doubt("Ocupado_Por", NOTHING_LEFT))
        return
    responsible = _RESPONSIBLE.get(operacion)
    found = EstadoCalidad.REPARACION_PAUSADA if responsible is None else columns[_STATE[operacion]]
    columns["previo"] = {"estado": str(found), "responsable": columns[responsible] if responsible else None}
    if responsible is not None:
        columns[_STATE[operacion]] = EstadoTrabajo.EN_PROGRESO
        columns[responsible] = holder if named is None else columns[responsible] or holder
    columns.update(
        ocupado_por_id=holder,
        ocupado_operacion=operacion,
        ocupado_desde=_since(row, seen, ahora),
        ocupacion_token=uuid4(),
    )


def _named(columns: Mapping[str, Any], lectura: Lectura) -> Operacion | None:
    """The work in progress that the text names, else the only one there is."""
    if columns["calidad_state"] == EstadoCalidad.EN_REPARACION:
        return Operacion.REPARACION
    begun = [work for work in _RESPONSIBLE if columns[_STATE[work]] == EstadoTrabajo.EN_PROGRESO]
    if lectura.operacion in begun:
        return lectura.operacion
    return begun[0] if len(begun) == 1 else None


def _left(columns: Mapping[str, Any]) -> Operacion | None:
    """The first work that is not completed."""
    pending = [work for work in _RESPONSIBLE if columns[_STATE[work]] != EstadoTrabajo.COMPLETADO]
    return pending[0] if pending else None


def _since(row: Reading, seen: FirstSight, ahora: datetime) -> datetime:
    desde = row.said("Fecha_Ocupacion", datetime)
    if desde is None:
        return ahora
    if desde > ahora:
        seen.doubts.append(row.doubt("Fecha_Ocupacion", IN_THE_FUTURE))
        return ahora
    return desde


def _pause_repair(row: Reading, seen: FirstSight, *, copied: bool) -> None:
    seen.columns["calidad_state"] = EstadoCalidad.REPARACION_PAUSADA
    if not copied:
        seen.doubts.append(row.doubt("Estado_Detalle", WITHOUT_HOLDER))


def _text(columns: Mapping[str, Any], workers: Workers) -> str:
    holder = columns.get("ocupado_por_id")
    return build(
        Situacion(
            arm=columns["arm_state"],
            sold=columns["sold_state"],
            calidad=columns["calidad_state"],
            ciclo=columns["ciclo"],
            ocupado_por=workers[holder] if holder is not None else None,
            operacion=columns.get("ocupado_operacion"),
        )
    )
