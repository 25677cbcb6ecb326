"""The shapes a verb passes around: who asks, what is asked, what happened, what is answered."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, NotRequired, Required, Self, TypedDict, Unpack
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from occupation.models import Device, Trabajador
from occupation.refusals import Refused
from occupation.tags import canonical_tag
from occupation.vocabulary import Accion, ActorTipo, Operacion, Resultado, TipoEvento


@dataclass(frozen=True, slots=True)
class Actor:
    """Who causes a change: a device, a supervisor, the sheet or the system. Never the worker."""

    tipo: ActorTipo
    nombre: str
    id: int | None = None

    @classmethod
    def de(cls, device: Device) -> Self:
        """The actor a paired device is."""
        return cls(ActorTipo.DISPOSITIVO, device.nombre, device.pk)

    @property
    def ambito(self) -> str:
        """The scope of this actor's idempotency keys."""
        return f"{self.tipo}:{self.id or self.nombre}"[:40]


HOJA = Actor(ActorTipo.HOJA, "hoja")
SISTEMA = Actor(ActorTipo.SISTEMA, "sistema")


class Pedido(TypedDict):
    """What whoever asks for a verb says, in every case; `instante` is only given by who tells of the past."""

    tag: str
    actor: Actor
    clave: NotRequired[str | None]
    version: NotRequired[UUID | None]
    instante: NotRequired[datetime | None]


class PedidoDeTrabajador(Pedido):
    """The same of what a worker does."""

    trabajador_id: int


class PedidoDeTitular(PedidoDeTrabajador):
    """The same of who holds the spool, for `operacion` if one is named."""

    operacion: NotRequired[Operacion | None]


class _PedidoDeVerbo(TypedDict, total=False):
    actor: Required[Actor]
    trabajador_id: int | None
    operacion: Operacion | None
    version: UUID | None
    dia: date | None
    resultado: Resultado | None
    motivo: str
    clave: str | None
    de_lote: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Orden:
    """One verb as asked. `tag` is canonical; `instante` is the verb's only clock reading.

    An edit of a cell in the sheet is no action of the floor's: its `accion` is None.
    """

    accion: Accion | None
    tag: str
    actor: Actor
    instante: datetime
    trabajador_id: int | None = None
    operacion: Operacion | None = None
    version: UUID | None = None
    dia: date | None = None
    resultado: Resultado | None = None
    motivo: str = ""
    clave: str | None = None
    de_lote: bool = False

    @classmethod
    def de(
        cls, accion: Accion | None, *, tag: str, instante: datetime | None = None, **pedido: Unpack[_PedidoDeVerbo]
    ) -> Self:
        """An order for the spool of any spelling of `tag`, now unless it tells of the past."""
        return cls(accion=accion, tag=canonical_tag(tag), instante=instante or timezone.now(), **pedido)

    @property
    def clave_tag(self) -> str:
        """Under which tag the answer is kept: a batch keeps one per tag."""
        return self.tag if self.de_lote else ""

    def huella(self) -> str:
        """Fingerprint of the request, the same for any spelling of it. A batch's leaves the tag out."""
        body = {
            "accion": self.accion,
            "tag": None if self.de_lote else self.tag,
            "trabajador": self.trabajador_id,
            "operacion": self.operacion,
            "version": self.version,
            "dia": self.dia,
            "resultado": self.resultado,
            "motivo": self.motivo,
        }
        return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hecho:
    """What a verb did to a spool, as the journal tells it."""

    tipo: TipoEvento
    accion: Accion | None
    operacion: Operacion
    trabajador: Trabajador | None
    actor: Actor
    instante: datetime
    dia: date
    detalle: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Respuesta:
    """What a verb answers. `resultado` and `ciclo` only speak of inspections."""

    tag_spool: str
    message: str
    estado_detalle: str
    version: str
    resultado: str | None = None
    ciclo: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The answer as stored with an idempotency key."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Desenlace:
    """What became of one spool of many: an answer or a refusal."""

    tag: str
    respuesta: Respuesta | None
    refused: Refused | None


def chile_day(instante: datetime) -> date:
    """The shop's calendar day of an instant."""
    return instante.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
