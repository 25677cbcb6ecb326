"""Who works in the sample shop. All names are invented; the first twelve already cover every role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from occupation.vocabulary import Rol

A, S, Y, M = Rol.ARMADOR, Rol.SOLDADOR, Rol.AYUDANTE, Rol.METROLOGIA

FEWEST: Final = 12
MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Persona:
    """One row of Trabajadores and its rows of Roles."""

    id: int
    nombre: str
    apellido: str
    roles: tuple[Rol, ...]
    activo: bool = True

    @property
    def worker_nombre(self) -> str:
        """As the sheet names the worker: `MR(93)`."""
        return f"{self.nombre[0]}{self.apellido[0]}({self.id})".upper()


_FIXED: Final = (
    Persona(93, "Miguel", "Rojas", (A,)),
    Persona(95, "Carolina", "Pizarro", (S,)),
    Persona(96, "Ana", "de la Fuente", (M,)),
    Persona(94, "Joaquín", "Painemal", (A, Y)),
    Persona(97, "Óscar", "Ñancupil", (S, A)),
    Persona(98, "Rosa", "Íñiguez", (Y,)),
    Persona(99, "Héctor", "Alvial", (Rol.REVESTIMIENTO, Rol.PINTURA)),
    Persona(101, "Patricio", "Zúñiga", (Rol.DESPACHO,)),
    Persona(102, "Luis", "Quezada", (A,), activo=False),
    Persona(103, "Marcela", "Toledo", ()),
    Persona(104, "Iván", "Cárcamo", (S,)),
    Persona(105, "Berta", "Huenchul", (A,)),
    Persona(107, "Esteban", "Riffo", (M, Rol.DESPACHO)),
    Persona(108, "Maximiliano Bernardo", "Fuenzalida Urrutia", (A, S)),
    Persona(109, "Sandra", "Leiva", (S, Y)),
    Persona(110, "Claudio", "Meza", (A,)),
    Persona(111, "Nelson", "Vidal", (S,)),
    Persona(112, "Ximena", "Oyarzo", (A, Y)),
    Persona(114, "Raúl", "Saavedra", (Y,)),
    Persona(115, "Felipe", "Ñiripil", (S, A)),
    Persona(116, "Gladys", "Bórquez", (A,)),
    Persona(118, "Tomás", "Erices", (Rol.PINTURA, Y)),
)
_NOMBRES: Final = (
    *("Andrea", "Bastián", "Cecilia", "Diego", "Elena", "Fabián", "Gloria", "Hugo", "Ingrid", "Javier", "Karen"),
    *("Leonel", "Mónica", "Nicolás", "Olga", "Pablo", "Ruth", "Sergio", "Úrsula", "Víctor", "Wilma", "Yasna"),
)
_APELLIDOS: Final = (
    *("Acuña", "Barría", "Catalán", "Donoso", "Espíndola", "Farías", "Gajardo", "Henríquez", "Inostroza", "Jara"),
    *("Llanquín", "Millar", "Neira", "Ojeda", "Poblete", "Quilodrán", "Retamal", "Sanhueza", "Troncoso", "Uribe"),
)
_MIX: Final = ((A,), (S,), (Y,), (A, S), (S, Y), (A, Y), (S,), (A,), (M,), (Y,))


def make_roster(workers: int, rng: Random) -> list[Persona]:
    """The first `workers` people of the shop, between FEWEST and MOST, in the order the book lists them."""
    more = [_stranger(position, rng) for position in range(workers - len(_FIXED))]
    return [*_FIXED[:workers], *more]


def _stranger(position: int, rng: Random) -> Persona:
    nombre, apellido = rng.choice(_NOMBRES), rng.choice(_APELLIDOS)
    return Persona(120 + position, nombre, apellido, _MIX[position % len(_MIX)])


def with_role(roster: Sequence[Persona], *roles: Rol) -> list[Persona]:
    """The active people who have one of the roles."""
    return [persona for persona in roster if persona.activo and not set(roles).isdisjoint(persona.roles)]
