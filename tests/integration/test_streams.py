"""The streams of a real web process: what is told, replayed, refused and ended."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.doors import API_READ, IN, NO_VINCULADO, OK, PAGE_STREAM, Answer, Door
from tests.live import LiveTaller
from tests.live_shop import program, rows, seed, shell
from tests.ports import patient, wait_until
from tests.sse import Heard, Stream, page_stream, program_stream

pytestmark = pytest.mark.process

DEVICES = """
from tests.factories import DeviceFactory
for kind, scope in (("tablet", "act"), ("board", "read"), ("api", "read")):
    DeviceFactory(kind=kind, scope=scope, token=f"{kind}-{scope}", nombre=f"{kind} {scope}")
"""


@pytest.fixture(scope="module")
def shop(shared_taller: LiveTaller) -> list[str]:
    """Tags of free spools; `101` may take any of them."""
    shell(shared_taller, DEVICES)
    return seed(shared_taller, workers=2, spools=60)


@pytest.fixture
def api(shared_taller: LiveTaller, shop: list[str]) -> Iterator[httpx.Client]:
    with program(shared_taller) as client:
        yield client


def take(api: httpx.Client, tag: str) -> None:
    answer = api.post("/api/occupation/tomar", json={"tag_spool": tag, "worker_id": 101, "operacion": "ARM"})
    assert answer.status_code == 200, answer.text


def pause(api: httpx.Client, tag: str) -> None:
    answer = api.post("/api/occupation/pausar", json={"tag_spool": tag, "worker_id": 101})
    assert answer.status_code == 200, answer.text


def journal(live: LiveTaller, after: int = 0) -> list[int]:
    return [id for (id,) in rows(live, "SELECT id FROM occupation_evento ORDER BY id") if id > after]


def newest(live: LiveTaller) -> int:
    return int(rows(live, "SELECT coalesce(max(id), 0) FROM occupation_evento")[0][0])


def told(stream: Stream, count: int) -> list[tuple[str, int]]:
    return [(one.id, one.json["evento_id"]) for one in stream.named("spool_update", count)]


def test_a_take_is_told_whole_to_whoever_listens(shared_taller: LiveTaller, api: httpx.Client, shop: list[str]) -> None:
    with program_stream(shared_taller).opened() as stream:
        assert (stream.response.status, stream.response.headers["Content-Type"]) == (200, "text/event-stream")
        assert stream.response.headers["Cache-Control"] == "no-cache, no-transform"
        assert stream.response.headers["X-Accel-Buffering"] == "no"
        assert stream.response.headers["X-Content-Type-Options"] == "nosniff"
        before = newest(shared_taller)
        take(api, shop[0])
        took, moved = stream.named("spool_update", 2)
        status = api.get(f"/api/occupation/status/{shop[0]}").json()
    state = {name: status[name] for name in ("tag_spool", "estado_detalle", "version", "arm_state", "ocupado")}
    assert (took.id, moved.id) == (f"spools:{before + 1}", f"spools:{before + 2}")
    assert {name: took.json[name] for name in state} == state
    assert (took.json["event_type"], took.json["worker_nombre"]) == ("TOMAR", "MR(101)")
    assert (moved.json["event_type"], moved.json["hasta"]) == ("STATE_CHANGE", "en_progreso")


def test_the_heartbeat_comes_every_five_seconds_at_most_with_the_newest_id(
    shared_taller: LiveTaller, api: httpx.Client
) -> None:
    with program_stream(shared_taller) as stream:
        first, second = stream.named("latido", 2, seconds=5)[:2]
    assert first.json["revision"] == second.json["revision"] == newest(shared_taller)
    assert second.json["hora"] > first.json["hora"]
    assert (first.id, second.id) == ("", "")


def test_a_client_that_comes_back_hears_what_it_missed_once_and_in_order(
    shared_taller: LiveTaller, api: httpx.Client, shop: list[str]
) -> None:
    with program_stream(shared_taller).opened() as stream:
        take(api, shop[1])
        last = stream.named("spool_update", 2)[1].id
    for tag in shop[2:32]:
        take(api, tag)
    with program_stream(shared_taller, last=last) as stream:
        pause(api, shop[1])
        missed = journal(shared_taller, int(last.removeprefix("spools:")))
        assert len(missed) == 61
        assert told(stream, 61) == [(f"spools:{id}", id) for id in missed]
        assert "stream-reset" not in [one.event for one in stream.heard]


def health(live: LiveTaller) -> dict[str, Any]:
    with live.client() as client:
        found: dict[str, Any] = client.get("/api/health").json()
        return found


def caught_up(live: LiveTaller) -> None:
    """Return when this process has told the whole journal: without Redis that takes up to two seconds."""
    wait_until(lambda: health(live)["seguidor"]["revision"] == newest(live), "the follower", 3)


def replayed(live: LiveTaller, path: str = "/api/sse/stream", last: str | None = None) -> tuple[list[int], list[Heard]]:
    """The ids told before the first heartbeat, and the resets."""
    with program_stream(live, path, last) as stream:
        heard = stream.wait_for(lambda heard: any(one.event == "latido" for one in heard))
    ids = [one.json["evento_id"] for one in heard if one.event == "spool_update"]
    return ids, [one for one in heard if one.event == "stream-reset"]


def test_what_is_replayed_depends_on_the_id_alone(
    shared_taller: LiveTaller, api: httpx.Client, shop: list[str]
) -> None:
    take(api, shop[32])
    caught_up(shared_taller)
    all_of_them = journal(shared_taller)
    old, end = all_of_them[-3], all_of_them[-1]
    for said in (f"spools:{old}", str(old)):
        assert replayed(shared_taller, last=said) == (all_of_them[-2:], [])
        assert replayed(shared_taller, f"/api/sse/stream?desde={said}") == (all_of_them[-2:], [])
    assert replayed(shared_taller, f"/api/sse/stream?desde={old}", last=str(end)) == ([], [])
    assert replayed(shared_taller) == replayed(shared_taller, last=f"spools:{end}") == ([], [])
    assert replayed(shared_taller, last="0") == (all_of_them, [])


@pytest.mark.parametrize(
    "last", ["spools:999999999", "basura", "spools:", "-1", "spools:1:2", "1e3", "9" * 40, "%00", "spools:١", "error"]
)
def test_an_id_of_the_future_or_no_id_at_all_resets(shared_taller: LiveTaller, shop: list[str], last: str) -> None:
    ids, [reset] = replayed(shared_taller, last=last.encode().decode("latin-1"))
    assert (ids, reset.id, reset.json) == ([], f"spools:{newest(shared_taller)}", {"channels": ["spools"]})


EDITED_BY_HAND = """
from occupation.services.workers import save_worker
from occupation.vocabulary import Rol
from tests.shop import SUPERVISOR
save_worker(id=102, nombre="Marcos", apellido="Rojas", activo=True, roles=[Rol.ARMADOR], actor=SUPERVISOR)
"""


def test_a_row_that_tells_programs_nothing_leaves_no_stream_behind(
    shared_taller: LiveTaller, api: httpx.Client, shop: list[str]
) -> None:
    caught_up(shared_taller)
    before = newest(shared_taller)
    with program_stream(shared_taller).opened() as open_all_along:
        shell(shared_taller, EDITED_BY_HAND)
        caught_up(shared_taller)
        with program_stream(shared_taller, last=f"spools:{before}").opened() as back:
            assert back.heard[0].json["revision"] == before + 1
            take(api, shop[34])
            missed = [(f"spools:{id}", id) for id in journal(shared_taller, before + 1)]
            assert told(open_all_along, 2) == told(back, 2) == missed


def test_a_commit_between_the_page_and_its_stream_is_not_lost(
    shared_taller: LiveTaller, api: httpx.Client, shop: list[str]
) -> None:
    seen = newest(shared_taller)
    take(api, shop[33])
    # The newest row is further than this process may have told yet: it looks before it answers.
    with program_stream(shared_taller, f"/api/sse/stream?desde={seen}") as stream:
        assert stream.ids(2) == [seen + 1, seen + 2]
        assert "stream-reset" not in [one.event for one in stream.heard]


def heard(live: LiveTaller, path: str, headers: dict[str, str]) -> Answer:
    with live.client(headers=headers) as client, client.stream("GET", path) as answer:
        if answer.status_code == 200:
            return OK if answer.headers["Content-Type"] == "text/event-stream" else (200, "no stream")
        return answer.status_code, json.loads(answer.read())["error"]


@pytest.mark.parametrize(("path", "door"), [("/api/sse/stream", API_READ), ("/en-vivo/", PAGE_STREAM)])
def test_a_stream_opens_to_whom_its_view_admits(
    shared_taller: LiveTaller, shop: list[str], path: str, door: Door
) -> None:
    [said] = shell(
        shared_taller, "import json; from tests.visitors import credentials; print(json.dumps(credentials()))"
    )
    sent = json.loads(said)
    opened = {name: heard(shared_taller, path, headers) for name, headers in sent.items()}
    assert opened == {name: OK if door[name] == IN else door[name] for name in sent}


@pytest.mark.parametrize(
    ("path", "headers", "answer"),
    [
        ("/api/sse/stream", {"Authorization": "Bearer x", "Cookie": "taller_device=tablet-act"}, NO_VINCULADO),
        ("/api/sse/stream", {"Authorization": "Bearer api-read", "Host": "otro.example"}, (422, "SOLICITUD_INVALIDA")),
        ("/api/sse/stream/", {"Authorization": "Bearer api-read"}, (404, "RUTA_NO_ENCONTRADA")),
        ("/en-vivo/?vista=tablero&vista=ARM", {"Cookie": "taller_device=board-read"}, OK),
        ("/en-vivo/?vista=otra", {"Cookie": "taller_device=board-read"}, (422, "SOLICITUD_INVALIDA")),
    ],
)
def test_what_else_a_stream_answers(
    shared_taller: LiveTaller, shop: list[str], path: str, headers: dict[str, str], answer: Answer
) -> None:
    assert heard(shared_taller, path, headers) == answer


def test_a_stream_is_only_for_get(shared_taller: LiveTaller, api: httpx.Client) -> None:
    answers = [api.request(method, "/api/sse/stream") for method in ("POST", "PUT", "DELETE")]
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [(405, "METODO_NO_PERMITIDO")] * 3
    head = api.head("/api/sse/stream")
    assert (head.status_code, head.headers["Content-Type"], head.content) == (200, "text/event-stream", b"")


def test_revoking_a_device_ends_its_streams_and_no_others(shared_taller: LiveTaller, shop: list[str]) -> None:
    shell(shared_taller, "from tests.factories import DeviceFactory; DeviceFactory(kind='tablet', token='se-va')")
    with (
        page_stream(shared_taller, "se-va").opened() as going,
        page_stream(shared_taller, "se-va").opened() as too,
        program_stream(shared_taller).opened() as staying,
    ):
        assert health(shared_taller)["streams"] == 3
        shell(
            shared_taller,
            "from occupation.models import Device; from occupation.services import revoke; "
            "revoke(device=Device.objects.con_token('se-va').get())",
        )
        assert going.ended.wait(patient(5))
        assert too.ended.wait(patient(1))
        assert not staying.ended.is_set()
        assert health(shared_taller)["streams"] == 1
    wait_until(lambda: health(shared_taller)["streams"] == 0, "the closed stream is forgotten", 2)


def test_a_page_is_told_the_row_and_the_wall_drawn_for_everybody(
    shared_taller: LiveTaller, api: httpx.Client, shop: list[str]
) -> None:
    with (
        page_stream(shared_taller, "board-read", "/en-vivo/?vista=tablero").opened() as board,
        page_stream(shared_taller, "tablet-act", "/en-vivo/?vista=ARM&vista=SOLD").opened() as tablet,
    ):
        take(api, shop[40])
        [wall], [arm], [sold] = board.named("tablero"), tablet.named("ARM"), tablet.named("SOLD")
        pause(api, shop[40])
        freed = board.named("tablero", 2)[1]
    pk = dict(rows(shared_taller, "SELECT tag, id FROM occupation_spool"))[shop[40]]
    assert f'<li class="tarjeta revisar" id="tarjeta-{pk}"' not in wall.data
    assert f'<li class="tarjeta" id="tarjeta-{pk}"' in wall.data
    assert [f'id="{part}" hx-swap-oob="true"' in wall.data for part in ("franja", "tomados", "novedades")] == [True] * 3
    assert re.search(
        rf'<li class="fila ocupada" id="fila-ARM-{pk}"[^>]* hx-swap-oob="true"[^>]* data-listada', arm.data
    )
    assert f'id="fila-SOLD-{pk}"' in sold.data
    assert f'<li id="tarjeta-{pk}" hx-swap-oob="delete"></li>' in freed.data
    assert [word in wall.data + arm.data for word in ("<form", "clave", "csrf", "token")] == [False] * 4
    assert board.named("tablero", 2)[1].id == f"tablero:{newest(shared_taller)}"
