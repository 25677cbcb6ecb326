"""Health: always an answer, soon, and a true one."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from occupation.models import Evento, Mirror
from taller import VERSION
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory
from tests.ports import patient
from tests.private_valkey import BreakableValkey

pytestmark = pytest.mark.django_db(transaction=True)


def get(path: str) -> tuple[int, dict[str, object]]:
    response = Client().get(f"/api/{path}")
    return response.status_code, response.json()


@time_machine.travel("2026-03-02T12:00:00Z", tick=False)
def test_a_healthy_shop_without_redis() -> None:
    SpoolFactory(tag_hoja="MK-1", ocupado_por=TrabajadorFactory())
    waiting = SpoolFactory(tag_hoja="MK-2")
    Mirror.objects.create(spool=waiting, behind_since=timezone.now() - timedelta(seconds=40, milliseconds=500))
    assert get("health") == (
        200,
        {
            "status": "healthy",
            "journal_id": Evento.objects.latest("id").pk,
            "version": VERSION,
            "base_de_datos": "ok",
            "redis": {"configurado": False, "alcanzable": False},
            "hoja": {"status": "healthy", "backend": "local", "atraso_filas": 1, "atraso_segundos": 40},
            "streams": 0,
            "seguidor": {"revision": 0, "segundos": None},
            "tls": "sin TLS",
        },
    )
    assert get("redis-health") == (
        200,
        {"status": "healthy", "configurado": False, "alcanzable": False, "milisegundos": None},
    )
    assert get("ready") == (200, {"status": "healthy"})


def test_https_is_told(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://taller.example"
    assert get("health")[1]["tls"] == "ok"


def test_redis_is_told_as_it_is(valkey: BreakableValkey) -> None:
    assert get("health")[1]["redis"] == {"configurado": True, "alcanzable": True}
    status, answer = get("redis-health")
    assert (status, answer["status"], answer["alcanzable"]) == (200, "healthy", True)
    valkey.kill()
    status, answer = get("health")
    assert (status, answer["status"], answer["redis"]) == (
        200,
        "degraded",
        {"configurado": True, "alcanzable": False},
    )
    assert get("redis-health") == (
        200,
        {"status": "degraded", "configurado": True, "alcanzable": False, "milisegundos": None},
    )
    assert get("ready") == (200, {"status": "healthy"})


def test_a_redis_that_stalls_delays_nobody(valkey: BreakableValkey) -> None:
    valkey.freeze()
    started = time.monotonic()
    assert get("health")[1]["status"] == "degraded"
    assert get("redis-health")[1]["status"] == "degraded"
    assert time.monotonic() - started < patient(3)


def test_without_its_database_the_product_is_down_and_says_so() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE occupation_evento RENAME TO fuera_de_alcance")
    try:
        status, answer = get("health")
        assert (status, answer["status"], answer["journal_id"], answer["base_de_datos"], answer["hoja"]) == (
            200,
            "down",
            None,
            "sin conexión",
            {"status": "down", "backend": "local", "atraso_filas": None, "atraso_segundos": None},
        )
        response = Client().get("/api/ready")
        assert (response.status_code, response["Retry-After"], response.json()) == (
            503,
            "2",
            {
                "success": False,
                "error": "OCUPADO",
                "message": "La base de datos no responde. No se hizo nada: repita en un momento.",
                "data": {},
            },
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE fuera_de_alcance RENAME TO occupation_evento")


def test_health_tells_no_secret(settings: Settings) -> None:
    token = DeviceFactory().raw_token
    said = Client().get("/api/health").content.decode()
    assert settings.SECRET_KEY not in said
    assert token not in said


def test_many_who_ask_at_once_all_hear_the_truth() -> None:
    with ThreadPoolExecutor(8) as askers:
        assert set(askers.map(lambda _: get("ready")[0], range(24))) == {200}
