"""One row of Operaciones for a spool at each point of its life, as the office and the app would have left it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Final

from occupation.demo.catalogue import Pieza
from occupation.demo.roster import Persona, with_role
from occupation.estado_detalle import Situacion, build
from occupation.sheets.layout import OPERACIONES_HEADERS
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Rol

Cell = str | int | float | date | datetime | None
Fila = dict[str, Cell]
"""One row by header: days, instants and numbers are typed, text is what the cell says. None is a blank."""


class Etapa(StrEnum):
    """Where in the shop a spool is when the sample begins."""

    SIN_MATERIALES = "sin materiales"
    LISTO = "listo"
    ARM_PAUSADO = "armado pausado"
    ARMADO = "armado"
    SOLD_PAUSADA = "soldadura pausada"
    POR_INSPECCIONAR = "por inspeccionar"
    APROBADO = "aprobado"
    DESPACHADO = "despachado"
    RECHAZADO = "rechazado una vez"
    RECHAZADO_OTRA_VEZ = "rechazado dos veces"
    REPARADO = "reparado tras un rechazo"
    REPARADO_OTRA_VEZ = "reparado tras dos rechazos"
    REPARACION_PAUSADA = "reparación pausada"
    BLOQUEADO = "bloqueado"


SHARE: Final[dict[Etapa, int]] = {
    Etapa.SIN_MATERIALES: 15,
    Etapa.LISTO: 34,
    Etapa.ARM_PAUSADO: 6,
    Etapa.ARMADO: 16,
    Etapa.SOLD_PAUSADA: 5,
    Etapa.POR_INSPECCIONAR: 5,
    Etapa.APROBADO: 8,
    Etapa.DESPACHADO: 5,
    Etapa.RECHAZADO: 2,
    Etapa.RECHAZADO_OTRA_VEZ: 1,
    Etapa.REPARADO: 1,
    Etapa.REPARADO_OTRA_VEZ: 1,
    Etapa.REPARACION_PAUSADA: 1,
}
"""How common each stage is among the spools that the sample's workers may work on."""

_P, _E, _C = EstadoTrabajo.PENDIENTE, EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO
_DONE: Final = Situacion(arm=_C, sold=_C)
_SITUACION: Final = {
    Etapa.SIN_MATERIALES: Situacion(),
    Etapa.LISTO: Situacion(),
    Etapa.ARM_PAUSADO: Situacion(arm=_E),
    Etapa.ARMADO: Situacion(arm=_C),
    Etapa.SOLD_PAUSADA: Situacion(arm=_C, sold=_E),
    Etapa.POR_INSPECCIONAR: _DONE,
    Etapa.APROBADO: replace(_DONE, calidad=EstadoCalidad.APROBADO),
    Etapa.DESPACHADO: replace(_DONE, calidad=EstadoCalidad.APROBADO),
    Etapa.RECHAZADO: replace(_DONE, calidad=EstadoCalidad.RECHAZADO, ciclo=1),
    Etapa.RECHAZADO_OTRA_VEZ: replace(_DONE, calidad=EstadoCalidad.RECHAZADO, ciclo=2),
    Etapa.REPARADO: replace(_DONE, ciclo=1),
    Etapa.REPARADO_OTRA_VEZ: replace(_DONE, ciclo=2),
    Etapa.REPARACION_PAUSADA: replace(_DONE, calidad=EstadoCalidad.REPARACION_PAUSADA, ciclo=1),
    Etapa.BLOQUEADO: replace(_DONE, calidad=EstadoCalidad.BLOQUEADO, ciclo=3),
}


@dataclass(frozen=True, slots=True)
class Maker:
    """What every row is made with: the people, the day before the sample's first, and the dice."""

    roster: Sequence[Persona]
    ayer: date
    rng: Random

    def make(self, pieza: Pieza, etapa: Etapa) -> Fila:
        """The row of a spool that is free and at `etapa`. No date is later than `ayer`."""
        fila: Fila = dict.fromkeys(OPERACIONES_HEADERS)
        fila |= _engineering(pieza) | self._office(pieza, etapa)
        fila |= self._work(_SITUACION[etapa])
        if etapa == Etapa.DESPACHADO:
            fila |= self._dispatch(pieza)
        return fila

    def _office(self, pieza: Pieza, etapa: Etapa) -> Fila:
        dibujo = self.ayer - timedelta(days=self.rng.randint(50, 90))
        materiales = None if etapa == Etapa.SIN_MATERIALES else self.ayer - timedelta(days=self.rng.randint(16, 45))
        return {
            "Status_Spool": "DESPACHADO" if etapa == Etapa.DESPACHADO else "EN TALLER",
            "Ubicación": self.rng.choice(("Nave 1 mesón 3", "Nave 1 mesón 5", "Nave 2", "Patio A", "Patio B")),
            "Fecha_Ingenieria": dibujo,
            "Fecha_Materiales": materiales,
            "Fecha_Compromiso": pieza.venta.compromiso,
            "Fecha_Estimada_Entrega": pieza.venta.compromiso + timedelta(days=self.rng.randint(-3, 5)),
        }

    def _work(self, situacion: Situacion) -> Fila:
        """The app's columns; days follow each other: armed, welded, approved."""
        armado = self.ayer - timedelta(days=self.rng.randint(9, 15))
        soldado = self.ayer - timedelta(days=self.rng.randint(4, 8))
        aprobado = self.ayer - timedelta(days=self.rng.randint(1, 3))
        return {
            "Fecha_Armado": armado if situacion.arm == _C else None,
            "Armador": self._worker(Rol.ARMADOR, Rol.AYUDANTE) if situacion.arm != _P else None,
            "Fecha_Soldadura": soldado if situacion.sold == _C else None,
            "Soldador": self._worker(Rol.SOLDADOR, Rol.AYUDANTE) if situacion.sold != _P else None,
            "Fecha_QC_Metrología": aprobado if situacion.calidad == EstadoCalidad.APROBADO else None,
            "Estado_Detalle": build(situacion),
        }

    def _worker(self, *roles: Rol) -> str:
        """How the sheet names one of the people with these roles."""
        return self.rng.choice(with_role(self.roster, *roles)).worker_nombre

    def _dispatch(self, pieza: Pieza) -> Fila:
        """What the other areas of the plant fill in; the app never touches these columns."""
        guia = self.rng.randint(10_200, 19_800)
        return {
            "Fecha_NDT": self.ayer - timedelta(days=1),
            "OK NDT si/no/Rep": "si",
            "N°_nforme_PT": f"PT-{guia}",
            "Fecha_Liberación": self.ayer,
            "N°_Acta_Libración": f"AL-{guia % 1000:03d}",
            "Packing_list": f"PL-{pieza.venta.nv[2:]}",
            "Fecha_GD": self.ayer,
            "Guia_Despacho": guia,
        }


def _engineering(pieza: Pieza) -> Fila:
    venta = pieza.venta
    peso = round(pieza.diam * pieza.uniones * 4.7, 1)
    return {
        "id": pieza.item,
        "NV": venta.nv,
        "OT": venta.ot,
        "ITEM": pieza.item,
        "SPLIT": 1,
        "TAG_SPOOL": pieza.tag,
        "STATUS_NV": "ABIERTA",
        "Cliente": venta.cliente,
        "OC": venta.oc,
        "Item_OC": pieza.item * 10,
        "PLANO_KRONOS N°": pieza.plano,
        "Rev.": pieza.revision,
        "Marca_Placa": pieza.tag[-3:],
        "Prioridad": venta.prioridad,
        "Notas": pieza.notas or None,
        "DIAM": pieza.diam,
        "PD_Soldadura": pieza.pulgadas,
        "Peso_Kg": peso,
        "Area_m2": round(peso / 39, 2),
        "Tipo Armado": "SHOP",
        "Tipo_NDT": "VT + PT" if pieza.diam < 6 else "VT + RX 10%",
        "Tipo_PH": "TALLER" if pieza.diam >= 8 else "TERRENO",
        "Tipo_Revestimiento": venta.revestimiento or None,
        "Tipo_Pintura": venta.pintura,
        "Tipo_Embalaje": "PALLET",
        "Precio Fabricación": int(peso * 3900),
        "Total_Uniones": pieza.uniones,
    }


def spread(total: int, rng: Random) -> list[Etapa]:
    """`total` stages in random order, about as many of each as its share says."""
    return rng.choices(list(SHARE), weights=list(SHARE.values()), k=total)
