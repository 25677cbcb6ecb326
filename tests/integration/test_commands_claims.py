"""`manage.py rebuild_claims`, and what every command of the shop promises."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command, load_command_class

from occupation.models import Spool
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.private_valkey import BreakableValkey

pytestmark = pytest.mark.django_db(transaction=True)


def run() -> list[str]:
    said = io.StringIO()
    call_command("rebuild_claims", stdout=said)
    return said.getvalue().splitlines()


def held(tag: str) -> Spool:
    spool: Spool = SpoolFactory(tag_hoja=tag, ocupado_por=TrabajadorFactory())
    return spool


def test_a_wiped_redis_gets_every_claim_back(valkey: BreakableValkey) -> None:
    spools = [held("MK-1"), held("MK-2")]
    SpoolFactory(tag_hoja="MK-3")
    assert run() == ["Repuesto: MK-1", "Repuesto: MK-2", "Ocupados: 2. Repuestos: 2. Borrados: 0."]
    client = valkey.client()
    kept = {key: client.get(key) for key in client.keys("*")}
    client.close()
    assert kept == {f"spool_lock:{s.tag}": f"{s.ocupado_por_id}:{s.ocupacion_token}" for s in spools}


def test_a_claim_that_no_row_backs_is_named(valkey: BreakableValkey) -> None:
    client = valkey.client()
    client.set("spool_lock:MK-9", "93:nada", ex=60)
    assert run() == [
        "Borrado: MK-9",
        "Ocupados: 0. Repuestos: 0. Borrados: 1.",
    ]
    assert client.get("spool_lock:MK-9") is None
    client.close()


def test_a_claim_that_may_belong_to_a_verb_in_flight_is_left_and_counted(valkey: BreakableValkey) -> None:
    client = valkey.client()
    client.set("spool_lock:MK-9", "93:nada", ex=3600)
    assert run() == [
        "Se dejaron 1 de menos de 10 s: pueden ser de alguien que está tomando ahora. Repita en un momento.",
        "Ocupados: 0. Repuestos: 0. Borrados: 0.",
    ]
    assert client.get("spool_lock:MK-9") == "93:nada"
    client.close()


def test_without_redis_there_is_nothing_to_rebuild() -> None:
    with pytest.raises(CommandError) as failed:
        run()
    assert str(failed.value) == "No hay Redis que reconstruir: REDIS_URL está vacío. El taller funciona igual."


def test_a_redis_that_is_away_is_said(valkey: BreakableValkey) -> None:
    valkey.kill()
    with pytest.raises(CommandError) as failed:
        run()
    assert str(failed.value) == "Redis no responde. El taller funciona sin él; repita cuando vuelva."


@pytest.mark.parametrize("name", ["pair_device", "release_spool", "unlock_spool", "rebuild_claims"])
def test_help_shows_an_example(name: str) -> None:
    parser = load_command_class("occupation", name).create_parser("manage.py", name)
    assert f"Ejemplo: manage.py {name}" in " ".join(parser.format_help().split())
