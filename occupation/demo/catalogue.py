"""What the sample shop builds: sales orders of invented clients, and the spools of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

_CLIENTES: Final = (
    ("Minera Cerro Lucero", "MK", "1335", "CW"),
    ("Desaladora Caleta Norte", "DC", "0210", "SW"),
    ("Celulosa Río Hondo", "RH", "4410", "LP"),
    ("Energía Valle Pardo", "VP", "0072", "ST"),
    ("Concentradora Los Quiscos", "LQ", "3120", "SL"),
    ("Refinería Punta Alcatraz", "PA", "0815", "HC"),
    ("Agroindustrial Tres Esteros", "TE", "0051", "AI"),
)
_NOTAS: Final = (
    *("Revisar isométrico Rev. B antes de armar", "Flange sin taladrar, avisar a ingeniería", "Urge para montaje"),
    *("Cortar 3 mm de más según terreno", "Material con certificado pendiente", "Soldar con TIG la raíz"),
    *("Codo reemplazado, ver guía de bodega", "Cliente pide fotos del biselado", "Va con embalaje de madera"),
)
DIAMETROS: Final = (0.75, 1, 1.5, 2, 2.5, 3, 4, 6, 8, 10, 12, 16, 20, 24)
_FIRST_NV: Final = 650
_FIRST_ISOMETRIC: Final = 25238
_LONGEST_RUN: Final = 14


@dataclass(frozen=True, slots=True)
class Venta:
    """One NV: everything its spools share."""

    nv: str
    ot: str
    cliente: str
    oc: str
    prefijo: str
    prioridad: str
    compromiso: date
    revestimiento: str
    pintura: str


@dataclass(frozen=True, slots=True)
class Pieza:
    """One spool as engineering drew it."""

    venta: Venta
    tag: str
    item: int
    plano: str
    revision: str
    diam: float
    uniones: int
    notas: str

    @property
    def pulgadas(self) -> float:
        """Diameter inches of welding, the shop's measure of work."""
        return round(self.diam * self.uniones, 2)


def make_piezas(spools: int, hoy: date, rng: Random) -> list[Pieza]:
    """Exactly `spools` pieces with distinct tags, order by order. The first is of line MK-1335-CW-25238."""
    piezas: list[Pieza] = []
    for venta in _ventas(hoy, rng):
        items = iter(range(1, 10_000))
        for _ in range(rng.randint(2, 4)):
            isometric = _FIRST_ISOMETRIC + 7 * len(piezas)
            run = _LONGEST_RUN if not piezas else rng.randint(3, _LONGEST_RUN)
            piezas += [_pieza(venta, isometric, seq, next(items), rng) for seq in range(1, run + 1)]
            if len(piezas) >= spools:
                return piezas[:spools]
    raise AssertionError("the orders never end")


def _ventas(hoy: date, rng: Random) -> Iterator[Venta]:
    number = 0
    while True:
        cliente, area, planta, servicio = _CLIENTES[number % len(_CLIENTES)]
        yield Venta(
            nv=f"NV{_FIRST_NV + number:04d}",
            ot=f"OT-{4500 + 3 * number}",
            cliente=cliente,
            oc=str(4_500_011_200 + 17 * number),
            prefijo=f"{area}-{planta}-{servicio}",
            prioridad=rng.choice(("URGENTE", "ALTA", "ALTA", "MEDIA", "MEDIA", "BAJA")),
            compromiso=hoy + timedelta(days=rng.randint(-6, 60)),
            revestimiento=rng.choice(("", "", "Goma natural 6 mm", "HDPE")),
            pintura=rng.choice(("Epóxica 2 manos", "Galvanizado", "Sin pintura")),
        )
        number += 1


def _pieza(venta: Venta, isometric: int, seq: int, item: int, rng: Random) -> Pieza:
    return Pieza(
        venta=venta,
        tag=f"{venta.prefijo}-{isometric}-{seq:03d}",
        item=item,
        plano=f"PK-{isometric}",
        revision=rng.choice(("0", "0", "1", "2", "B")),
        diam=rng.choice(DIAMETROS),
        uniones=rng.randint(2, 9),
        notas=rng.choice(_NOTAS) if rng.random() < 0.12 else "",
    )
