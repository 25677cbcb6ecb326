"""What a person hears: a whole Spanish sentence each, a code, and data that other programs can read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from occupation.refusals import (
    OTRO_SPOOL,
    PARA_SEGUIR,
    ClaveReutilizada,
    DependenciasNoSatisfechas,
    NoAutorizado,
    OcupacionTerminada,
    Ocupado,
    OperacionNoDisponible,
    OperacionYaCompletada,
    Refused,
    RolNoAutorizado,
    SolicitudInvalida,
    SpoolBloqueado,
    SpoolNoEncontrado,
    SpoolOccupied,
    VersionConflict,
    WorkerNoEncontrado,
)
from occupation.vocabulary import Accion, Falta, Operacion

# 2026-03-02 09:15 in Chile, which is three hours behind UTC in summer.
DESDE = datetime(2026, 3, 2, 12, 15, tzinfo=UTC)
DESDE_ISO = "2026-03-02T09:15:00-03:00"
NEVER_HELD = {"fin": None, "por": None, "motivo": None, "cuando": None}

HEARD: list[tuple[Refused, str, str, dict[str, Any]]] = [
    (
        SpoolNoEncontrado("MK-1"),
        "SPOOL_NO_ENCONTRADO",
        "No existe el spool MK-1. Revise el tag pintado o avise a la oficina.",
        {"tag_spool": "MK-1"},
    ),
    (
        SpoolNoEncontrado("MK-1", archivado=True),
        "SPOOL_NO_ENCONTRADO",
        "El spool MK-1 ya no está en la hoja. Avise a la oficina si debe seguir en el taller.",
        {"tag_spool": "MK-1", "archivado": True},
    ),
    (
        SpoolNoEncontrado("MK-1", archivado=True, ahora="MK-2"),
        "SPOOL_NO_ENCONTRADO",
        "El spool MK-1 ahora se llama MK-2. Búsquelo con ese tag.",
        {"tag_spool": "MK-1", "archivado": True, "ahora": "MK-2"},
    ),
    (
        WorkerNoEncontrado(7),
        "WORKER_NO_ENCONTRADO",
        "El trabajador 7 no existe. Elija otro nombre o avise al supervisor.",
        {"worker_id": 7},
    ),
    (
        WorkerNoEncontrado(7, inactivo=True),
        "WORKER_NO_ENCONTRADO",
        "El trabajador 7 está inactivo. Elija otro nombre o avise al supervisor.",
        {"worker_id": 7},
    ),
    (
        RolNoAutorizado("MR(93)", Operacion.SOLD, ["Pintura", "Armador"], ["Soldador", "Ayudante"]),
        "ROL_NO_AUTORIZADO",
        (
            "MR(93) no puede hacer SOLDADURA: necesita el rol Soldador o Ayudante. "
            "Si corresponde, pida a la oficina que lo agregue."
        ),
        {"roles": ["Armador", "Pintura"], "necesita": ["Soldador", "Ayudante"]},
    ),
    (
        NoAutorizado("MK-1", 94, "JP(94)", DESDE),
        "NO_AUTORIZADO",
        (
            "El spool MK-1 lo tiene JP(94) desde el 02-03 09:15. "
            "Solo esa persona puede pausarlo, completarlo o cancelarlo; si no está, avise al supervisor."
        ),
        {"owner_id": 94, "owner_name": "JP(94)", "desde": DESDE_ISO},
    ),
    (
        SpoolBloqueado("MK-1"),
        "SPOOL_BLOQUEADO",
        "El spool MK-1 está bloqueado tras tres rechazos. Contacte al supervisor.",
        {},
    ),
    (
        SpoolOccupied("MK-1", 94, "JP(94)", DESDE, "SOLD"),
        "SPOOL_OCCUPIED",
        "JP(94) tiene el spool MK-1 en SOLDADURA desde el 02-03 09:15. Elija otro spool o espere a que lo pause.",
        {"owner_id": 94, "owner_name": "JP(94)", "desde": DESDE_ISO, "operacion": "SOLD"},
    ),
    (
        SpoolOccupied("MK-1", 94, "JP(94)", DESDE, "SOLD", propio=True),
        "SPOOL_OCCUPIED",
        "Usted ya tiene el spool MK-1 en SOLDADURA desde el 02-03 09:15. Está en Mis spools.",
        {"owner_id": 94, "owner_name": "JP(94)", "desde": DESDE_ISO, "operacion": "SOLD"},
    ),
    (
        SpoolOccupied("MK-1", 94, "JP(94)", DESDE, "SOLD", liberable=True),
        "SPOOL_OCCUPIED",
        "JP(94) tiene el spool MK-1 en SOLDADURA desde el 02-03 09:15. Libérelo antes con LIBERAR.",
        {"owner_id": 94, "owner_name": "JP(94)", "desde": DESDE_ISO, "operacion": "SOLD"},
    ),
    (
        VersionConflict("MK-1", "0b6c"),
        "VERSION_CONFLICT",
        "El spool MK-1 cambió mientras lo miraba. Mírelo de nuevo y repita.",
        {"version": "0b6c"},
    ),
    (
        OcupacionTerminada("MK-1"),
        "OCUPACION_TERMINADA",
        "Nadie tiene el spool MK-1. Para trabajar en él, tómelo.",
        NEVER_HELD,
    ),
    (
        OcupacionTerminada(
            "MK-1", fin=Accion.COMPLETAR, por="MR(93)", cuando=DESDE, operacion=Operacion.ARM, despues=OTRO_SPOOL
        ),
        "OCUPACION_TERMINADA",
        "Nadie tiene el spool MK-1: MR(93) lo completó en ARMADO el 02-03 09:15. Elija otro spool.",
        {"fin": "COMPLETAR", "por": "MR(93)", "motivo": None, "cuando": DESDE_ISO},
    ),
    (
        OcupacionTerminada(
            "MK-1", fin=Accion.LIBERAR, por="marta", motivo="se fue a casa", cuando=DESDE, despues=PARA_SEGUIR
        ),
        "OCUPACION_TERMINADA",
        "Nadie tiene el spool MK-1: marta lo liberó el 02-03 09:15 (se fue a casa). Para seguir, tómelo de nuevo.",
        {"fin": "LIBERAR", "por": "marta", "motivo": "se fue a casa", "cuando": DESDE_ISO},
    ),
    (
        OperacionYaCompletada("MK-1", Operacion.ARM),
        "OPERACION_YA_COMPLETADA",
        "El spool MK-1 ya tiene completado ARMADO. Elija otro spool.",
        {"operacion": "ARM"},
    ),
    (
        OperacionYaCompletada("MK-1", Operacion.METROLOGIA),
        "OPERACION_YA_COMPLETADA",
        "El spool MK-1 ya está aprobado en METROLOGÍA. Elija otro spool.",
        {"operacion": "METROLOGIA"},
    ),
    (
        OperacionNoDisponible("MK-1", Operacion.SOLD, "todavía no se ha completado."),
        "OPERACION_NO_DISPONIBLE",
        "SOLDADURA no está disponible para MK-1: todavía no se ha completado.",
        {"operacion": "SOLD"},
    ),
    (
        OperacionNoDisponible("MK-1", Operacion.REPARACION, "no está bloqueado."),
        "OPERACION_NO_DISPONIBLE",
        "REPARACIÓN no está disponible para MK-1: no está bloqueado.",
        {"operacion": "REPARACION"},
    ),
    (
        DependenciasNoSatisfechas("MK-1", Falta.FECHA_MATERIALES),
        "DEPENDENCIAS_NO_SATISFECHAS",
        "El spool MK-1 no está listo: falta Fecha_Materiales. Avise a la oficina cuando lleguen los materiales.",
        {"falta": "Fecha_Materiales"},
    ),
    (
        DependenciasNoSatisfechas("MK-1", Falta.ARM),
        "DEPENDENCIAS_NO_SATISFECHAS",
        "El spool MK-1 no está listo: falta ARMADO. Primero debe completarse el armado.",
        {"falta": "ARM"},
    ),
    (
        DependenciasNoSatisfechas("MK-1", Falta.ARM, basta_iniciar=True),
        "DEPENDENCIAS_NO_SATISFECHAS",
        "El spool MK-1 no está listo: falta ARMADO. Primero debe comenzar el armado.",
        {"falta": "ARM"},
    ),
    (
        DependenciasNoSatisfechas("MK-1", Falta.SOLD),
        "DEPENDENCIAS_NO_SATISFECHAS",
        "El spool MK-1 no está listo: falta SOLDADURA. Primero debe completarse la soldadura.",
        {"falta": "SOLD"},
    ),
    (
        SolicitudInvalida({"motivo": "escriba por qué", "tag": "falta"}),
        "SOLICITUD_INVALIDA",
        "La solicitud no es válida. motivo: escriba por qué; tag: falta",
        {"campos": {"motivo": "escriba por qué", "tag": "falta"}},
    ),
    (
        ClaveReutilizada(),
        "CLAVE_REUTILIZADA",
        "La clave de esta solicitud ya se usó para otra distinta. Recargue la página y repita.",
        {},
    ),
    (
        Ocupado(),
        "OCUPADO",
        "El sistema está muy ocupado y no alcanzó a guardar. No se hizo nada: repita en un momento.",
        {},
    ),
]


@pytest.mark.parametrize(("refused", "codigo", "mensaje", "datos"), HEARD)
def test_each_refusal_says_what_happened_and_what_to_do(
    refused: Refused, codigo: str, mensaje: str, datos: dict[str, Any]
) -> None:
    assert (refused.codigo, refused.mensaje, refused.datos) == (codigo, mensaje, datos)
    assert json.loads(json.dumps(refused.datos)) == datos
    assert str(refused) == mensaje


def test_a_page_says_what_to_do_and_names_no_field() -> None:
    refused = SolicitudInvalida({"motivo": "escriba por qué", "fecha": "Introduzca una fecha válida."})
    assert refused.frase == "Escriba por qué. Introduzca una fecha válida."
    assert SolicitudInvalida({"clave": "recargue y repita", "operacion": "recargue y repita"}).frase == (
        "Recargue y repita."
    )
    assert Ocupado().frase == Ocupado().mensaje


@pytest.mark.parametrize(
    ("fin", "verb"),
    [
        (Accion.PAUSAR, "lo pausó"),
        (Accion.COMPLETAR, "lo completó"),
        (Accion.CANCELAR, "lo canceló"),
        (Accion.LIBERAR, "lo liberó"),
    ],
)
def test_each_way_an_occupation_ends_has_its_words(fin: Accion, verb: str) -> None:
    refused = OcupacionTerminada("MK-1", fin=fin, por="MR(93)", cuando=DESDE)
    assert f"MR(93) {verb} el 02-03 09:15" in refused.mensaje
    assert refused.datos["fin"] == fin.value
