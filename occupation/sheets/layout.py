"""Which tabs and columns the shop's workbook has, who owns each, and how to find them by name.

Headers are looked up in the very answer they head, every time: people insert, move and respell columns. A
required header that is missing, duplicated or ambiguous holds its tab; everything else is no event. The four
tabs' real names are settings; `Tab` is what the code calls them.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from occupation.sheets.cells import (
    BOOLEAN,
    DATE,
    DATETIME,
    NUMBER,
    TAG,
    TEXT,
    WHOLE,
    WORKER,
    Codec,
    TextCodec,
    WholeCodec,
)


class Tab(StrEnum):
    """The four tabs, by the names they have unless a setting says otherwise."""

    OPERACIONES = "Operaciones"
    TRABAJADORES = "Trabajadores"
    ROLES = "Roles"
    METADATA = "Metadata"


class Owner(StrEnum):
    """Who writes a column. The other side only reads it."""

    OFICINA = "oficina"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Column:
    """One column the app knows. `header` is its canonical spelling."""

    header: str
    codec: Codec[Any]
    owner: Owner
    required: bool = True


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a tab's known columns stand, 0-based, by canonical header. `notes` tells what was passed over."""

    tab: Tab
    positions: Mapping[str, int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a tab is neither read nor written. `encabezado` is canonical, `None` when the tab itself is gone."""

    tab: Tab
    encabezado: str | None
    motivo: str


_NAME: Final = TextCodec(100)
_LABEL: Final = TextCodec(200)


def _office(header: str, codec: Codec[Any], *, required: bool = False) -> Column:
    return Column(header, codec, Owner.OFICINA, required)


def _app(header: str, codec: Codec[Any]) -> Column:
    return Column(header, codec, Owner.APP)


COLUMNS: Final[Mapping[Tab, tuple[Column, ...]]] = {
    Tab.OPERACIONES: (
        _office("TAG_SPOOL", TAG, required=True),
        _office("NV", _NAME),
        _office("OT", _NAME),
        _office("Cliente", _LABEL),
        _office("Prioridad", _NAME),
        _office("Ubicación", _LABEL),
        _office("DIAM", NUMBER),
        _office("Fecha_Materiales", DATE, required=True),
        _office("Fecha_Compromiso", DATE),
        _office("STATUS_NV", _NAME),
        _office("Notas", TEXT),
        _app("Fecha_Armado", DATE),
        _app("Armador", WORKER),
        _app("Fecha_Soldadura", DATE),
        _app("Soldador", WORKER),
        _app("Fecha_QC_Metrología", DATE),
        _app("Ocupado_Por", WORKER),
        _app("Fecha_Ocupacion", DATETIME),
        _app("version", _NAME),
        _app("Estado_Detalle", TEXT),
    ),
    Tab.TRABAJADORES: (
        _office("Id", WHOLE, required=True),
        _office("Nombre", _NAME, required=True),
        _office("Apellido", _NAME, required=True),
        _office("Rol", _NAME),
        _office("Activo", BOOLEAN, required=True),
    ),
    Tab.ROLES: (
        _office("Id", WHOLE, required=True),
        _office("Rol", _NAME, required=True),
        _office("Activo", BOOLEAN, required=True),
    ),
    Tab.METADATA: (
        _app("id", _NAME),
        _app("timestamp", DATETIME),
        _app("evento_tipo", _NAME),
        _app("tag_spool", TAG),
        _app("worker_id", WholeCodec(0)),
        _app("worker_nombre", _NAME),
        _app("operacion", _NAME),
        _app("accion", _NAME),
        _app("fecha_operacion", DATE),
        _app("metadata_json", TEXT),
    ),
}
"""Every column the app reads or writes. All others of a tab belong to the office and are never touched."""

OPERACIONES_HEADERS: Final = (
    *(
        "id",
        "NV",
        "OT",
        "CT",
        "ITEM",
        "SPLIT",
        "TAG_SPOOL",
        "STATUS_NV",
        "Status_Spool",
        "Ubicación",
        "Cliente",
    ),
    *("OC", "Item_OC", "PLANO_KRONOS N°", "Rev.", "Plano_Referencia", "Marca_Placa", "Prioridad", "Notas"),
    *(
        "Fecha_Compromiso",
        "Fecha_Estimada_Entrega",
        "DIAM",
        "PD_Soldadura",
        "PD_Ranurado",
        "PD_Hilo",
        "Peso_Kg",
    ),
    *("Area_m2", "Tipo Armado", "Tipo_NDT", "Tipo_PH", "Tipo_Revestimiento", "Tipo_Pintura", "Tipo_Embalaje"),
    *("Fecha_Ingenieria", "Fecha_Materiales", "Fecha_Armado", "Armador", "Fecha_Soldadura", "Soldador"),
    *(
        "Fecha_QC_Metrología",
        "Fecha_NDT",
        "OK NDT si/no/Rep",
        "N°_nforme_PT",
        "N°_Informe_UT_ RX",
        "Fecha_PH",
    ),
    *("N°_Informe_PH", "Fecha_Revestimiento", "Fecha_QC_Revestimiento", "Fecha_Envio_Pintura"),
    *("GD_envio_Pintura", "Fecha_Pintura", "Taller_Pintura", "Informe_Pintura", "Fecha_QC_Pintura"),
    *("Fecha_Liberación", "N°_Acta_Libración", "Packing_list", "Fecha_GD", "Guia_Despacho"),
    *(
        "Precio Fabricación",
        "Precio Revestimiento",
        "Precio Pintura",
        "Precio Embalaje",
        "Precio Total",
        "FLAG",
    ),
    *("MatSys", "Ocupado_Por", "Fecha_Ocupacion", "version", "Estado_Detalle", "Total_Uniones"),
    *("Uniones_ARM_Completadas", "Uniones_SOLD_Completadas", "Pulgadas_ARM", "Pulgadas_SOLD"),
)
"""The 75 headers of a real book's `Operaciones`, in order, with the typos they really have."""


def column(tab: Tab, header: str) -> Column:
    """Return the known column of `tab` with this canonical header. Raises `KeyError` for any other."""
    return _BY_HEADER[tab][header]


def headers(tab: Tab, owner: Owner | None = None) -> tuple[str, ...]:
    """Return the canonical headers of `tab` in catalogue order, all or those of one owner."""
    return tuple(known.header for known in COLUMNS[tab] if owner in (None, known.owner))


def is_ours(tab: Tab, header: str) -> bool:
    """Whether the app writes the column with this canonical header; never one that the catalogue does not know."""
    return header in _BY_HEADER[tab] and column(tab, header).owner is Owner.APP


def normalised(header: object) -> str:
    """Return what identifies a header: no case, accents, blanks, `_`, `°` or `.`, nothing from a `/` on.

    `TAG_SPOOL / CODIGO BARRA` and `Tag Spool` are both `tagspool`. A cell that is no text or number is blank.
    """
    text = TEXT.decode(header)
    if not isinstance(text, str):
        return ""
    return _stripped(_stripped(text.partition("/")[0]).casefold())


def _stripped(text: str) -> str:
    return "".join(filter(_counts, unicodedata.normalize("NFD", text)))


def _counts(letter: str) -> bool:
    return not letter.isspace() and letter not in "_°." and unicodedata.category(letter) not in {"Mn", "Cf"}


_BY_HEADER: Final = {tab: {known.header: known for known in known_ones} for tab, known_ones in COLUMNS.items()}
_KEYS: Final = {tab: {header: normalised(header) for header in known} for tab, known in _BY_HEADER.items()}


def locate(tab: Tab, header_row: Sequence[object]) -> Columns | Hold:
    """Find every known column of `tab` in its header row, or say which required header holds the tab.

    An optional header that stands twice is left unread, with a note. The hold names the first offending header
    in catalogue order; its sentence names the others that are missing too.
    """
    found = _positions(header_row)
    positions: dict[str, int] = {}
    notes: list[str] = []
    for known in COLUMNS[tab]:
        places = found.get(_KEYS[tab][known.header], [])
        if len(places) == 1:
            positions[known.header] = places[0]
        elif known.required:
            return Hold(tab, known.header, _why_held(tab, known.header, header_row, places))
        elif places:
            notes.append(f"{_duplicated(known.header, header_row, places)}; la columna no se lee")
    return Columns(tab, positions, tuple(notes))


def missing(tab: Tab, header_row: Sequence[object]) -> tuple[str, ...]:
    """Return the required canonical headers that do not stand in the header row at all, in catalogue order."""
    return tuple(header for header in absent(tab, header_row) if column(tab, header).required)


def absent(tab: Tab, header_row: Sequence[object]) -> tuple[str, ...]:
    """Return every known canonical header that does not stand in the header row, in catalogue order."""
    found = _positions(header_row)
    return tuple(known.header for known in COLUMNS[tab] if _KEYS[tab][known.header] not in found)


def repeated(tab: Tab, header_row: Sequence[object]) -> tuple[str, ...]:
    """Say, in a sentence each, which known headers stand in more than one column."""
    found = _positions(header_row)
    places = {known.header: found.get(_KEYS[tab][known.header], []) for known in COLUMNS[tab]}
    return tuple(_duplicated(header, header_row, many) for header, many in places.items() if len(many) > 1)


def letters(position: int) -> str:
    """Return the spreadsheet's letters of a 0-based column position: 0 is `A`, 26 is `AA`."""
    name = ""
    while position >= 0:
        position, rest = position // 26 - 1, position % 26
        name = chr(ord("A") + rest) + name
    return name


def _positions(header_row: Sequence[object]) -> Mapping[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for position, raw in enumerate(header_row):
        if key := normalised(raw):
            found[key].append(position)
    return found


def _why_held(tab: Tab, header: str, header_row: Sequence[object], places: list[int]) -> str:
    if places:
        return f"{_duplicated(header, header_row, places)}: deje uno solo"
    others = [f"«{other}»" for other in missing(tab, header_row) if other != header]
    too = f" (también faltan {', '.join(others)})" if others else ""
    return f"falta el encabezado «{header}»{too}: devuélvalo a la primera fila de la hoja"


def _duplicated(header: str, header_row: Sequence[object], places: list[int]) -> str:
    spellings = {str(header_row[place]).strip() for place in places}
    where = " y ".join(letters(place) for place in places)
    if len(spellings) == 1:
        return f"el encabezado «{header}» está repetido en las columnas {where}"
    shown = ", ".join(f"«{str(header_row[place]).strip()}»" for place in places)
    return f"el encabezado «{header}» es ambiguo: {shown} (columnas {where}) se leen igual"
