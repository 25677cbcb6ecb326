"""The journal as a file, and QR codes by the hundred: what is in them, what they cost, and who may have them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from occupation.admin._export import ROWS, journal_csv, neutral
from occupation.admin.spool import LABELS
from occupation.models import Evento, Spool
from occupation.services import Actor, desbloquear, tomar
from occupation.vocabulary import ActorTipo, EstadoCalidad, Operacion, TipoEvento
from tests.factories import SpoolFactory, TrabajadorFactory
from tests.office import OFFICE, logged_in, words

if TYPE_CHECKING:
    from django.test import Client
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

pytestmark = OFFICE

NOW = datetime(2026, 4, 5, 3, 30, tzinfo=UTC)
"""Half past eleven at night in Chile, for the second time."""

BITACORA = "/admin/occupation/evento/"
EXPORT = f"{BITACORA}exportar/"
SPOOLS = "/admin/occupation/spool/"


def table(parts: Iterable[bytes]) -> list[dict[str, str]]:
    """The rows of a file, by header."""
    text = b"".join(parts).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def exported(client: Client, **query: str) -> list[dict[str, str]]:
    answer: Any = client.get(EXPORT, query)
    assert answer.status_code == 200
    return table(answer.streaming_content)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+56 9", "'+56 9"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),
        ("a=1", "a=1"),
        ("", ""),
        ("MK-1", "MK-1"),
    ],
)
def test_a_cell_that_a_spreadsheet_would_compute_starts_with_an_apostrophe(text: str, cell: str) -> None:
    assert neutral(text) == cell


@time_machine.travel(NOW, tick=False)
def test_the_file_has_every_column_of_what_happened_and_no_formula() -> None:
    TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas")
    SpoolFactory(tag_hoja="=MK;1", nv="+NV")
    tablet = Actor(ActorTipo.DISPOSITIVO, '@nave "2"', 7)
    tomar(tag="=MK;1", trabajador_id=93, operacion=Operacion.ARM, actor=tablet)
    moved, taken = exported(logged_in("marta", "supervisores"))
    told = Evento.objects.get(tipo=TipoEvento.TOMAR_ARM)
    assert taken == {
        "id": str(told.pk),
        "instante": "2026-04-04 23:30:00",
        "instante_utc": "2026-04-05T03:30:00Z",
        "tipo": "TOMAR_ARM",
        "tag_spool": "'=MK;1",
        "nv": "'+NV",
        "worker_id": "93",
        "trabajador": "MR(93)",
        "operacion": "ARM",
        "accion": "TOMAR",
        "dia": "2026-04-04",
        "actor_tipo": "dispositivo",
        "actor": '\'@nave "2"',
        "detalle": "",
        "estado_detalle": "MR(93) trabajando ARM (ARM en progreso, SOLD pendiente)",
        "uuid": str(told.uuid),
    }
    assert (moved["tipo"], moved["detalle"]) == (
        "STATE_CHANGE",
        '{"desde": "pendiente", "hasta": "en_progreso", "maquina": "ARM"}',
    )


def test_the_file_has_what_the_list_shows_under_the_same_search_and_filters() -> None:
    TrabajadorFactory(id=93)
    for tag in ("MK-1", "QC-2"):
        SpoolFactory(tag_hoja=tag, calidad_state=EstadoCalidad.BLOQUEADO)
        desbloquear(tag=tag, motivo="=1+1", actor=Actor(ActorTipo.SUPERVISOR, "marta", 1))
    client = logged_in("marta", "supervisores")
    found = exported(client, q="QC", tipo__exact="DESBLOQUEAR_REPARACION")
    assert [(row["tag_spool"], row["detalle"]) for row in found] == [("QC-2", '{"ciclo": 2, "motivo": "=1+1"}')]
    listed = client.get(BITACORA, {"q": "QC", "tipo__exact": "DESBLOQUEAR_REPARACION"})
    assert f'href="{EXPORT}?q=QC&amp;tipo__exact=DESBLOQUEAR_REPARACION"' in listed.content.decode()
    assert client.get(EXPORT, {"id__exact": "nada"})["Location"] == f"{BITACORA}?e=1"


def test_the_file_is_read_and_sent_a_few_hundred_rows_at_a_time() -> None:
    spool = SpoolFactory(tag_hoja="MK-1")
    some = {"instante": NOW, "tipo": TipoEvento.EDICION_HOJA, "actor_tipo": ActorTipo.HOJA, "actor_nombre": "hoja"}
    Evento.objects.bulk_create(Evento(spool=spool, **some) for _ in range(3 * ROWS))
    parts = journal_csv(Evento.objects.all())
    with CaptureQueriesContext(
        connection,
    ) as queries:
        sizes = [part.count(b"\r\n") for part in parts]
    assert sizes == [1, ROWS, ROWS, ROWS]
    assert len(queries) == 4
    assert all(f"LIMIT {ROWS}" in query["sql"] for query in queries)


def printed(client: Client, spools: Sequence[Spool], **more: str) -> Page:
    chosen = {"action": "imprimir_qr", "_selected_action": [str(spool.pk) for spool in spools]}
    return client.post(SPOOLS, chosen | more, follow=True)


def test_the_codes_of_many_tags_are_one_page_to_print() -> None:
    spools = [SpoolFactory(tag_hoja=f"MK-1-{number:03}", nv="NV0650") for number in (2, 1, 3)]
    page = printed(logged_in("marta", "supervisores"), spools[:2])
    assert "2 códigos en hojas A4 o carta" in words(page)
    assert re.findall(r'aria-label="Código QR de ([^"]*)"><svg', page.content.decode()) == ["MK-1-001", "MK-1-002"]
    assert "style=" not in page.content.decode().split('class="etiquetas"')[1]


def test_more_codes_than_a_browser_prints_are_refused_in_words() -> None:
    some = SpoolFactory(tag_hoja="MK-0")
    Spool.objects.bulk_create(Spool.nuevo(f"MK-{number}") for number in range(1, LABELS + 1))
    client = logged_in("marta", "supervisores")
    said = words(printed(client, [some], select_across="1"))
    assert f"Imprima a lo más {LABELS} códigos a la vez" in said
    assert logged_in("luis").post(SPOOLS, {"action": "imprimir_qr"}).status_code == 403
