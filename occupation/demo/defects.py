"""What is wrong with the sample's workbook: the mistakes that real ones are known to hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from occupation.demo.roster import with_role
from occupation.demo.rows import Etapa, Fila, Maker
from occupation.estado_detalle import Situacion, build
from occupation.sheets.cells import DATETIME, SANTIAGO
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, Rol

Change = Callable[[Fila, Maker], Fila]
_E, _C = EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO


@dataclass(frozen=True, slots=True)
class Defect:
    """One mistake: the row it befalls, the cells it leaves, and the header of the cell an import has to list.

    `listed` is None where the import understands the cell all the same.
    """

    etapa: Etapa
    change: Change
    listed: str | None = None


def _cell(header: str, value: str | float) -> Change:
    return lambda _fila, _maker: {header: value}


def forgotten(maker: Maker, operacion: Operacion, *roles: Rol) -> tuple[str, datetime, str]:
    """Who holds a spool since the afternoon before the sample's first day: worker, instant and the row's text."""
    persona = with_role(maker.roster, *roles)[-1].worker_nombre
    desde = datetime.combine(maker.ayer, time(16, 20, 24), SANTIAGO)
    armado = Situacion(arm=_E) if operacion == Operacion.ARM else Situacion(arm=_C, sold=_E)
    situacion = Situacion(armado.arm, armado.sold, ocupado_por=persona, operacion=operacion)
    return persona, desde, build(situacion)


def _instant_as_number(_fila: Fila, maker: Maker) -> Fila:
    persona, desde, texto = forgotten(maker, Operacion.ARM, Rol.ARMADOR)
    serial = round(float(DATETIME.encode(desde)), 4)
    return {"Armador": persona, "Ocupado_Por": persona, "Fecha_Ocupacion": serial, "Estado_Detalle": texto}


def _held_by_nobody_known(_fila: Fila, maker: Maker) -> Fila:
    return {"Ocupado_Por": "ZZ(998)", "Fecha_Ocupacion": datetime.combine(maker.ayer, time(9, 5), SANTIAGO)}


def _untidy_tag(fila: Fila, _maker: Maker) -> Fila:
    return {"TAG_SPOOL": f" {str(fila['TAG_SPOOL']).lower()}  "}


def _slashes(header: str) -> Change:
    return lambda _fila, maker: {header: f"{maker.ayer.day}/{maker.ayer.month}/{maker.ayer.year}"}


def _welded_before_fitted(_fila: Fila, maker: Maker) -> Fila:
    soldador = with_role(maker.roster, Rol.SOLDADOR)[0].worker_nombre
    return {"Fecha_Soldadura": maker.ayer - timedelta(days=2), "Soldador": soldador}


_APROBADO: Final = build(Situacion(_C, _C, EstadoCalidad.APROBADO))

DEFECTS: Final[dict[str, Defect]] = {
    "día que nadie puede leer": Defect(
        Etapa.LISTO, _cell("Fecha_Materiales", "por confirmar"), listed="Fecha_Materiales"
    ),
    "día que no existe": Defect(Etapa.LISTO, _cell("Fecha_Compromiso", "31-02-2026"), listed="Fecha_Compromiso"),
    "fórmula rota": Defect(Etapa.LISTO, _cell("Fecha_Compromiso", "#REF!"), listed="Fecha_Compromiso"),
    "un 7 en una fecha": Defect(Etapa.ARMADO, _cell("Fecha_Armado", 7), listed="Fecha_Armado"),
    "instante como número": Defect(Etapa.ARM_PAUSADO, _instant_as_number),
    "guion como fecha": Defect(Etapa.SIN_MATERIALES, _cell("Fecha_Materiales", "-")),
    "fecha con barras": Defect(Etapa.LISTO, _slashes("Fecha_Materiales")),
    "coma decimal": Defect(Etapa.LISTO, _cell("DIAM", "2,5")),
    "fracción de pulgada": Defect(Etapa.LISTO, _cell("DIAM", "1 1/2")),
    "diámetro ilegible": Defect(Etapa.LISTO, _cell("DIAM", "2x4"), listed="DIAM"),
    "nombre a la antigua": Defect(Etapa.ARMADO, _cell("Armador", "Rojas(93)")),
    "armador desconocido": Defect(Etapa.ARM_PAUSADO, _cell("Armador", "XX(999)"), listed="Armador"),
    "ocupado por un desconocido": Defect(Etapa.LISTO, _held_by_nobody_known, listed="Ocupado_Por"),
    "tag desordenado": Defect(Etapa.LISTO, _untidy_tag),
    "aprobado sin fecha": Defect(Etapa.POR_INSPECCIONAR, _cell("Estado_Detalle", _APROBADO), listed="Estado_Detalle"),
    "reparación sin dueño": Defect(
        Etapa.RECHAZADO, _cell("Estado_Detalle", "EN_REPARACION (Ciclo 1/3)"), listed="Estado_Detalle"
    ),
    "texto de antes": Defect(Etapa.APROBADO, _cell("Estado_Detalle", "METROLOGIA_APROBADO ✓")),
    "soldado antes de armado": Defect(Etapa.LISTO, _welded_before_fitted),
    "texto con forma de fórmula": Defect(Etapa.LISTO, _cell("Notas", "=SUMA(B2:B9) no va, ver plano")),
}
"""The mistakes of single rows, by what a person would call them."""
