"""The shop's words are those of its own tables: a word added on one side only is found here."""

from __future__ import annotations

from django.db.models import Field

from occupation import refusals
from occupation.models import Evento, Spool
from occupation.updates import _EVENT_TYPES
from occupation.vocabulary import (
    Accion,
    EstadoCalidad,
    EstadoTrabajo,
    Operacion,
    Rol,
    TipoEvento,
)


def test_operations_and_their_screen_labels() -> None:
    assert {op.value: op.label for op in Operacion} == {
        "ARM": "ARMADO",
        "SOLD": "SOLDADURA",
        "METROLOGIA": "METROLOGÍA",
        "REPARACION": "REPARACIÓN",
    }


def test_roles() -> None:
    names = "Armador Soldador Ayudante Metrologia Revestimiento Pintura Despacho"
    assert list(Rol.values) == names.split()


def test_twelve_states() -> None:
    assert list(EstadoTrabajo.values) == ["pendiente", "en_progreso", "completado"]
    quality = "pendiente aprobado rechazado en_reparacion reparacion_pausada bloqueado"
    assert list(EstadoCalidad.values) == quality.split()


def test_every_journal_type_and_no_other() -> None:
    verbs = {
        f"{accion}_{op}"
        for accion in ("TOMAR", "PAUSAR", "COMPLETAR", "CANCELAR", "LIBERAR")
        for op in ("ARM", "SOLD", "REPARACION")
    }
    verbs |= {f"{accion}_{op}" for accion in ("CORREGIR", "REABRIR") for op in ("ARM", "SOLD", "METROLOGIA")}
    others = {
        "COMPLETAR_METROLOGIA",
        "DESBLOQUEAR_REPARACION",
        "SUPERVISOR_OVERRIDE",
        "EDICION_HOJA",
        "IMPORTACION",
        "STATE_CHANGE",
    }
    assert set(TipoEvento.values) == verbs | others


def test_every_journal_type_has_its_event_type_on_the_channel() -> None:
    told = {tipo: _EVENT_TYPES.get(tipo, str(tipo)) for tipo in TipoEvento}
    plain = {TipoEvento(f"{accion}_{op}"): str(accion) for accion in list(Accion)[:5] for op in ("ARM", "SOLD")}
    same = {tipo: str(tipo) for tipo in TipoEvento if tipo.endswith("_REPARACION")}
    corrected = {tipo: "SPOOL" for tipo in TipoEvento if tipo.startswith(("CORREGIR_", "REABRIR_"))}
    assert told == {
        **plain,
        **same,
        **corrected,
        TipoEvento.COMPLETAR_METROLOGIA: "COMPLETAR_METROLOGIA",
        TipoEvento.STATE_CHANGE: "STATE_CHANGE",
        TipoEvento.DESBLOQUEAR_REPARACION: "DESBLOQUEAR",
        TipoEvento.SUPERVISOR_OVERRIDE: "DESBLOQUEAR",
        TipoEvento.EDICION_HOJA: "SPOOL",
        TipoEvento.IMPORTACION: "IMPORTACION",
    }


def test_every_word_fits_its_column() -> None:
    columns = {
        (Evento, "tipo"): TipoEvento.values,
        (Evento, "operacion"): Operacion.values,
        (Evento, "accion"): Accion.values,
        (Spool, "arm_state"): EstadoTrabajo.values,
        (Spool, "calidad_state"): EstadoCalidad.values,
        (Spool, "ocupado_operacion"): Operacion.values,
    }
    for (model, name), words in columns.items():
        field = model._meta.get_field(name)
        assert isinstance(field, Field)
        assert [word for word in words if len(word) > (field.max_length or 0)] == []


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [
        kind.codigo for kind in vars(refusals).values()
        if isinstance(kind, type) and issubclass(kind, refusals.Refused) and kind is not refusals.Refused
    ]  # fmt: skip
    assert sorted(codes) == sorted(set(codes))
    domain = {
        "SPOOL_NO_ENCONTRADO",
        "WORKER_NO_ENCONTRADO",
        "ROL_NO_AUTORIZADO",
        "NO_AUTORIZADO",
        "SPOOL_BLOQUEADO",
        "SPOOL_OCCUPIED",
        "VERSION_CONFLICT",
        "OCUPACION_TERMINADA",
        "OPERACION_YA_COMPLETADA",
        "OPERACION_NO_DISPONIBLE",
        "DEPENDENCIAS_NO_SATISFECHAS",
        "SOLICITUD_INVALIDA",
        "CLAVE_REUTILIZADA",
        "OCUPADO",
    }
    assert domain - set(codes) == set()
