"""What the database itself refuses to hold, each attacked past every rule of the code."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from occupation.models import ClaveIdempotencia, Device, Evento, Spool, TagAnterior, Trabajador, TrabajadorRol
from occupation.models.spool import OCUPACION
from occupation.vocabulary import EstadoCalidad, EstadoTrabajo, Operacion, TipoEvento
from tests.factories import DESDE, HECHO, DeviceFactory, SpoolFactory, TrabajadorFactory
from tests.shop import COMMITS

pytestmark = COMMITS

Q = EstadoCalidad
EN, C = EstadoTrabajo.EN_PROGRESO, EstadoTrabajo.COMPLETADO
REPARACION = Operacion.REPARACION


def refused(columns: dict[str, Any], constraint: str) -> None:
    """Write the columns straight into the only spool and expect the database to name the constraint."""
    before = Spool.objects.values().get()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Spool.objects.update(**columns)
    assert Spool.objects.values().get() == before


@pytest.mark.parametrize("column", OCUPACION)
@pytest.mark.parametrize("held", [True, False])
def test_an_occupation_is_whole_or_not_there(column: str, *, held: bool) -> None:
    worker = TrabajadorFactory()
    SpoolFactory(ocupado_por=worker if held else None, arm_state=EN)
    alone: dict[str, Any] = {
        "ocupado_por": worker.id,
        "ocupado_operacion": "ARM",
        "ocupado_desde": DESDE,
        "ocupacion_token": uuid.uuid4(),
        "previo": {"estado": "pendiente"},
    }
    refused({column: None if held else alone[column]}, "spool_ocupacion_entera")


@pytest.mark.parametrize("column", ["arm_state", "sold_state", "calidad_state"])
def test_a_state_is_one_of_the_machines(column: str) -> None:
    SpoolFactory()
    refused({column: "pausado"}, "spool_estados_conocidos")


@pytest.mark.parametrize(
    ("start", "columns", "constraint"),
    [
        ({"arm_state": EN}, {"arm_state": C}, "spool_armado_con_fecha"),
        ({}, {"fecha_armado": HECHO}, "spool_armado_con_fecha"),
        ({"arm_state": C}, {"fecha_armado": None}, "spool_armado_con_fecha"),
        ({"sold_state": EN}, {"sold_state": C}, "spool_soldadura_con_fecha"),
        ({}, {"fecha_soldadura": HECHO}, "spool_soldadura_con_fecha"),
        ({"sold_state": C}, {"fecha_soldadura": None}, "spool_soldadura_con_fecha"),
        ({}, {"calidad_state": Q.APROBADO}, "spool_aprobado_con_fecha"),
        ({}, {"fecha_qc": HECHO}, "spool_aprobado_con_fecha"),
        ({"calidad_state": Q.APROBADO}, {"ciclo": 1}, "spool_aprobado_con_fecha"),
        ({}, {"calidad_state": Q.BLOQUEADO}, "spool_bloqueado_tras_tres"),
        ({}, {"ciclo": 3}, "spool_bloqueado_tras_tres"),
        ({"calidad_state": Q.BLOQUEADO}, {"ciclo": 2}, "spool_bloqueado_tras_tres"),
        ({"calidad_state": Q.BLOQUEADO}, {"ciclo": 4}, "spool_bloqueado_tras_tres"),
        ({}, {"calidad_state": Q.RECHAZADO}, "spool_rechazo_con_ciclo"),
        ({}, {"calidad_state": Q.REPARACION_PAUSADA}, "spool_rechazo_con_ciclo"),
        ({}, {"calidad_state": Q.EN_REPARACION, "ciclo": 1}, "spool_reparacion_tomada"),
        ({}, {"tag": ""}, "spool_tag_no_vacio"),
    ],
)
def test_states_dates_and_cycle_agree(start: dict[str, Any], columns: dict[str, Any], constraint: str) -> None:
    SpoolFactory(**start)
    refused(columns, constraint)


@pytest.mark.parametrize(
    ("held", "columns", "constraint"),
    [
        (Operacion.ARM, {"arm_state": "pendiente"}, "spool_tomado_en_progreso"),
        (Operacion.ARM, {"arm_state": C, "fecha_armado": HECHO}, "spool_tomado_en_progreso"),
        (Operacion.SOLD, {"sold_state": "pendiente"}, "spool_tomado_en_progreso"),
        (REPARACION, {"calidad_state": Q.RECHAZADO}, "spool_reparacion_tomada"),
        (Operacion.ARM, {"calidad_state": Q.EN_REPARACION, "ciclo": 1}, "spool_reparacion_tomada"),
        (Operacion.ARM, {"ocupado_operacion": REPARACION}, "spool_reparacion_tomada"),
        (Operacion.ARM, {"ocupado_operacion": "METROLOGIA"}, "spool_operacion_tomable"),
        (Operacion.ARM, {"ocupado_operacion": "PINTURA"}, "spool_operacion_tomable"),
        (Operacion.ARM, {"archivado_en": DESDE}, "spool_archivado_libre"),
    ],
)
def test_what_is_held_is_in_progress(held: Operacion, columns: dict[str, Any], constraint: str) -> None:
    SpoolFactory(ocupado_por=TrabajadorFactory(), ocupado_operacion=held)
    refused(columns, constraint)


def test_a_tag_is_there_once() -> None:
    first = SpoolFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        SpoolFactory(tag_hoja=first.tag_hoja.lower())
    TagAnterior.objects.create(tag="MK-VIEJO", spool=first, instante=DESDE)
    with pytest.raises(IntegrityError), transaction.atomic():
        TagAnterior.objects.create(tag="MK-VIEJO", spool=first, instante=DESDE)
    assert (Spool.objects.count(), TagAnterior.objects.count()) == (1, 1)


def test_a_worker_has_a_positive_number_and_each_role_once() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Trabajador.objects.create(id=0, nombre="Nadie")
    worker = TrabajadorFactory(roles=["Armador"])
    with pytest.raises(IntegrityError), transaction.atomic():
        TrabajadorRol.objects.create(trabajador=worker, rol="Armador")
    with pytest.raises(IntegrityError, match="trabajador_rol_conocido"), transaction.atomic():
        TrabajadorRol.objects.create(trabajador=worker, rol="Gerente")
    assert worker.nombres_de_roles() == ["Armador"]


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"kind": "nevera"}, "device_kind_conocido"),
        ({"scope": "todo"}, "device_scope_conocido"),
        ({"kind": "board", "scope": "act"}, "device_tablero_solo_lee"),
    ],
)
def test_a_device_is_of_a_known_kind_and_a_board_only_reads(columns: dict[str, str], constraint: str) -> None:
    DeviceFactory()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Device.objects.update(**columns)


def test_two_devices_never_share_a_token() -> None:
    DeviceFactory(token="uno")
    with pytest.raises(IntegrityError), transaction.atomic():
        DeviceFactory(token="uno")
    assert Device.objects.count() == 1


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"tipo": "TOMAR_PINTURA"}, "evento_tipo_conocido"),
        ({"tipo": "TOMAR_METROLOGIA"}, "evento_tipo_conocido"),
        ({"actor_tipo": "fantasma"}, "evento_actor_conocido"),
        ({"spool": None}, "evento_con_spool"),
        ({"tipo": TipoEvento.IMPORTACION}, "evento_con_spool"),
    ],
)
def test_the_journal_only_knows_its_own_words(columns: dict[str, Any], constraint: str) -> None:
    row = {
        "tipo": TipoEvento.TOMAR_ARM,
        "spool": SpoolFactory(),
        "actor_tipo": "sistema",
        "actor_nombre": "sistema",
        "instante": DESDE,
        "dia": date(2026, 1, 1),
    }
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Evento.objects.create(**(row | columns))
    assert Evento.objects.count() == 0


def test_one_uuid_is_one_journal_row() -> None:
    spool: Spool = SpoolFactory(ocupado_por=TrabajadorFactory())
    first = Evento.objects.get(spool=spool)
    columns = {field.attname: getattr(first, field.attname) for field in Evento._meta.concrete_fields}
    del columns["id"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Evento.objects.create(**columns)
    assert Evento.objects.get() == first


def test_a_key_is_there_once_per_device_and_tag() -> None:
    row = {"ambito": "dispositivo:1", "clave": "k", "solicitud": "h", "instante": datetime(2026, 1, 1, tzinfo=UTC)}
    ClaveIdempotencia.objects.create(**row)
    ClaveIdempotencia.objects.create(**row, tag="MK-1")
    with pytest.raises(IntegrityError), transaction.atomic():
        ClaveIdempotencia.objects.create(**row)
    assert ClaveIdempotencia.objects.count() == 2


@pytest.mark.postgres
def test_the_longest_texts_of_the_sheet_fit() -> None:
    """A letter that folds into three must not break the search column of the stricter database."""
    SpoolFactory(tag_hoja="M" * 100, nv="ﬃ" * 100)
    assert len(Spool.objects.get().busqueda) == 250


def test_the_search_column_follows_the_tag_and_the_nv() -> None:
    spool: Spool = SpoolFactory(tag_hoja="Mk-1335 CW", nv="NV-0650")
    assert spool.busqueda == "mk1335cw nv0650"
    spool.nv = "NV 0651"
    spool.save()
    assert Spool.objects.get().busqueda == "mk1335cw nv0651"
