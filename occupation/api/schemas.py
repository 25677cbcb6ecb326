"""What the API takes and answers, field by field. These classes are also its OpenAPI document."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from occupation.api.envelope import CODES
from occupation.api.fields import Fecha, Instante, Search, Tag, Version, WorkerId
from occupation.queries import CURSOR_MAXIMO, PAGE, PAGE_MAXIMUM
from occupation.vocabulary import (
    CIERRES,
    TAGS_POR_LOTE,
    WORKER_ID_MAXIMO,
    Accion,
    EstadoCalidad,
    EstadoTrabajo,
    Operacion,
    Resultado,
    Rol,
    TipoEvento,
)


class _Pedido(Schema):
    """A body: no field but its own, and a worker's name, which is accepted and ignored."""

    model_config = ConfigDict(extra="forbid")

    worker_id: WorkerId
    worker_nombre: Annotated[Any, Field(description="Se ignora: el nombre lo pone el servidor.")] = None


class Tomar(_Pedido):
    """Body of TOMAR."""

    tag_spool: Tag
    operacion: Operacion
    version: Version | None = None


class Soltar(_Pedido):
    """Body of PAUSAR and CANCELAR."""

    tag_spool: Tag
    operacion: Operacion | None = None
    version: Version | None = None


class Completar(Soltar):
    """Body of COMPLETAR."""

    fecha_operacion: Fecha | None = None


class _Lote(_Pedido):
    tag_spools: Annotated[
        list[Tag],
        Field(min_length=1, max_length=TAGS_POR_LOTE, json_schema_extra={"uniqueItems": True}),
    ]


class TomarVarios(_Lote):
    """Body of a batch of TOMAR."""

    operacion: Operacion


class PausarVarios(_Lote):
    """Body of a batch of PAUSAR."""

    operacion: Operacion | None = None


class CompletarVarios(PausarVarios):
    """Body of a batch of COMPLETAR."""

    fecha_operacion: Fecha | None = None


class Inspeccionar(_Pedido):
    """Body of an inspection."""

    tag_spool: Tag
    resultado: Resultado


class AccionListable(StrEnum):
    """What a list of spools can be asked for."""

    TOMAR = "tomar"
    PAUSAR = "pausar"
    COMPLETAR = "completar"
    INSPECCIONAR = "inspeccionar"

    @property
    def accion(self) -> Accion:
        """The verb it names."""
        return Accion(self.value.upper())


class Filtro(Schema):
    """Query of the list of spools."""

    operacion: Operacion
    accion: AccionListable = AccionListable.TOMAR
    worker_id: Annotated[int, Field(ge=1, le=WORKER_ID_MAXIMO)] | None = None
    q: Search = ""
    limit: Annotated[int, Field(ge=1, le=PAGE_MAXIMUM)] = PAGE
    cursor: Annotated[str, Field(max_length=CURSOR_MAXIMO)] = ""


class FiltroTrabajadores(Schema):
    """Query of the list of workers."""

    operacion: Operacion | None = None


Codigo = Annotated[str, Field(json_schema_extra={"enum": CODES})]


class Error(Schema):
    """Everything that is not a success has this shape."""

    success: Literal[False]
    error: Codigo
    message: Annotated[str, Field(description="Qué pasó y qué hacer, para mostrar tal cual.")]
    data: Annotated[dict[str, Any], Field(description="Lo necesario para actuar; depende de `error`.")]


class Hecho(Schema):
    """Answer of a verb."""

    success: Literal[True]
    tag_spool: str
    message: str
    estado_detalle: str
    version: str


class Inspeccionado(Hecho):
    """Answer of an inspection."""

    resultado: Resultado
    ciclo: int


class Detalle(Schema):
    """What became of one tag of a batch: `version` after a success, `error` after a refusal."""

    success: bool
    tag_spool: str
    message: str
    error: Codigo | None = None
    version: str | None = None


class Lote(Schema):
    """Answer of a batch, in the order of the request. Partial success is success."""

    total: int
    succeeded: int
    failed: int
    details: list[Detalle]


class Estado(Schema):
    """One spool as it is now."""

    tag_spool: str
    nv: str
    ocupado: bool
    ocupado_por: str | None
    worker_id: int | None
    operacion: Operacion | None
    fecha_ocupacion: Instante | None
    estado_detalle: str
    arm_state: EstadoTrabajo
    sold_state: EstadoTrabajo
    calidad_state: EstadoCalidad
    ciclo: int
    armador: str | None
    soldador: str | None
    fecha_materiales: date | None
    fecha_armado: date | None
    fecha_soldadura: date | None
    fecha_qc: date | None
    version: str


class SpoolListado(Schema):
    """One spool of a list; `motivo` and `mensaje` say why the action is not possible."""

    tag_spool: str
    nv: str
    estado_detalle: str
    arm_state: EstadoTrabajo
    sold_state: EstadoTrabajo
    calidad_state: EstadoCalidad
    ciclo: int
    ocupado_por: str | None
    elegible: bool
    motivo: Codigo | None
    mensaje: str | None


class Spools(Schema):
    """One page of spools; `next_cursor` is null on the last."""

    spools: list[SpoolListado]
    next_cursor: str | None


class Worker(Schema):
    """One worker."""

    id: int
    nombre: str
    apellido: str
    nombre_completo: str
    worker_nombre: str
    roles: list[Rol]
    activo: bool


class Workers(Schema):
    """The active workers."""

    workers: list[Worker]
    total: int


class Ocupacion(Schema):
    """Who has a spool right now, and for how long."""

    tag_spool: str
    worker_nombre: str
    estado_detalle: str
    fecha_ocupacion: Instante
    operacion: Operacion
    segundos: int


class Sesion(Schema):
    """One occupation; `end_time` and `cierre` are null while it is open."""

    worker_nombre: str | None
    worker_id: int | None
    operacion: Operacion
    start_time: Instante
    end_time: Instante | None
    duration: str
    segundos: int
    cierre: Annotated[str, Field(json_schema_extra={"enum": [str(cierre) for cierre in CIERRES]})] | None


class EventoListado(Schema):
    """One row of the journal."""

    id: int
    tipo: TipoEvento
    instante: Instante
    worker_nombre: str | None
    actor: str
    operacion: Operacion | None
    detalle: dict[str, Any]


class Historia(Schema):
    """What happened to a spool: sessions of work, and every event."""

    tag_spool: str
    sessions: list[Sesion]
    eventos: list[EventoListado]
