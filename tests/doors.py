"""Every door of the shop: who may stand before one, what each address is, and what everybody hears there.

An answer is the status and what says more: the code of an error, where a redirect leads, or the template of the page
that refuses. `IN` stands for whatever the address answers to those who may.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Answer = tuple[int, str]
Fields = dict[str, Any]
Door = dict[str, Answer]

IN: Answer = (0, "as the row says")
OK: Answer = (200, "")
CSRF: Answer = (403, "CSRF")
CSRF_PAGE: Answer = (403, "403_csrf.html")
FORBIDDEN: Answer = (403, "403.html")
NOBODY_CHOSEN: Answer = (302, "/")
NOT_A_SUPERVISOR: Answer = (403, "occupation/supervision/sin_permiso.html")
NO_VINCULADO: Answer = (401, "NO_VINCULADO")
ONLY_LOOKS: Answer = (403, "occupation/only_looks.html")
SIN_PERMISO: Answer = (403, "SIN_PERMISO")
SOMEBODY_ELSE: Answer = (409, "occupation/rechazo.html")
TO_ADMIN_LOGIN: Answer = (302, "/admin/login/")
TO_PAIRING: Answer = (302, "/vincular/")
TO_SUPERVISION_LOGIN: Answer = (302, "/supervision/entrar/")

NO_CSRF = ("worker's page elsewhere", "administrator's page elsewhere")
"""Browsers of people who may, sent here by another site: they bring their cookies and no token."""
STRANGERS = (
    "nobody",
    "wrong bearer",
    "revoked bearer",
    "revoked cookie",
    "board's token as bearer",
    "program's token as cookie",
    "deactivated supervisor",
)
BEARERS = ("tablet's bearer", "reading tablet's bearer", "program", "reading program")
FREE_TABLETS = ("tablet", "supervisor at a tablet")
SCREENS = (*FREE_TABLETS, "reading tablet", "board", "worker")
STAFF = ("clerk", "supervisor", "administrator", "superuser")
OFFICE = ("clerk", "foreman", "supervisor", "administrator", "superuser")
SUPERVISORS = ("foreman", "supervisor", "administrator", "superuser")
EVERYBODY = (*STRANGERS, *BEARERS, *SCREENS, *OFFICE, *NO_CSRF)
"""A clerk is staff of no group, a foreman a supervisor who is no staff."""

SHORT_ROUND = {
    "api": (*STRANGERS, *BEARERS, *SCREENS, "worker's page elsewhere"),
    "admin": ("nobody", "worker", *OFFICE, "administrator's page elsewhere"),
    "": ("nobody", "revoked cookie", "program's token as cookie", "program", *SCREENS, *OFFICE, *NO_CSRF),
}
"""Who stands before a route in the short profile, by how it begins; the long one leads everybody to all of them."""


def door(refused: Answer, *others: tuple[Iterable[str], Answer], csrf: Answer = CSRF_PAGE) -> Door:
    """What everybody hears: `refused`, and each group its own; the last that names somebody counts."""
    answers = dict.fromkeys(EVERYBODY, refused) | dict.fromkeys(NO_CSRF, csrf)
    for names, answer in others:
        answers |= dict.fromkeys(names, answer)
    return answers


def open_to_all(csrf: Answer = CSRF_PAGE) -> Door:
    return door(IN, csrf=csrf)


API_OPEN = open_to_all(csrf=IN)
API_READ = door(NO_VINCULADO, ([*BEARERS, *SCREENS, "worker's page elsewhere"], IN), csrf=NO_VINCULADO)
API_VERB = door(
    NO_VINCULADO,
    (["reading tablet's bearer", "reading program", "reading tablet", "board"], SIN_PERMISO),
    (["tablet's bearer", "program", "worker", *FREE_TABLETS], IN),
    (["worker's page elsewhere"], CSRF),
    csrf=NO_VINCULADO,
)
PAGE_STREAM = door(NO_VINCULADO, (SCREENS, IN))
LOOKER = door(TO_PAIRING, (SCREENS, IN), (SUPERVISORS, IN))
PICKER = door(TO_PAIRING, (SCREENS, IN), (["board"], (302, "/tablero/")))
TABLET = door(TO_PAIRING, (SCREENS, IN), (["board"], ONLY_LOOKS))
STEP_UP = door(TO_PAIRING, (SCREENS, IN), (["board", "reading tablet"], ONLY_LOOKS))
WORKER = door(TO_PAIRING, (SCREENS, NOBODY_CHOSEN), (["board"], ONLY_LOOKS), (["worker"], IN))
VERB = door(TO_PAIRING, (FREE_TABLETS, SOMEBODY_ELSE), (["board", "reading tablet"], ONLY_LOOKS), (["worker"], IN))
SUPERVISION = door(TO_SUPERVISION_LOGIN, (["clerk"], NOT_A_SUPERVISOR), (SUPERVISORS, IN))


WORK = "/trabajo/"


@dataclass(frozen=True)
class Row:
    """A request to a route, with everything right but perhaps the credential.

    `{name}` in the path and the body is the number of the shop's row of that name. `answer` is what those hear who
    get in, and `deed` whether it changes something.
    """

    door: Door
    path: str = ""
    body: Fields | None = None
    answer: Answer = OK
    deed: bool = False

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"


def get(door: Door, path: str = "", answer: Answer = OK) -> Row:
    return Row(door, path, None, answer)


def post(door: Door, answer: Answer, path: str = "", *, deed: bool = True, **body: Any) -> Row:
    return Row(door, path, body, answer, deed)


def verb(**body: Any) -> list[Row]:
    return [post(API_VERB, OK, **{"worker_id": 93, **body})]


def tap(**fields: Any) -> Row:
    """A worker's form: who the page showed, and the tap's key."""
    return post(VERB, (302, WORK), **{"trabajador": 93, "clave": "k", **fields})


def supervised(path: str, leads_to: str, **fields: Any) -> list[Row]:
    """The page that asks a supervisor why, and its form."""
    asked = "&".join(f"{name}={value}" for name, value in fields.items() if name in {"tag", "operacion", "trabajador"})
    reason = {"motivo": "se fue", "clave": "k"}
    return [get(SUPERVISION, f"{path}?{asked}"), post(SUPERVISION, (302, leads_to), path, **reason | fields)]


LOGIN: Fields = {"username": "supervisor", "password": "una-clave-larga"}

PAGES: dict[str, list[Row]] = {
    "": [get(PICKER)],
    "entrar/": [post(STEP_UP, (302, WORK), deed=False, trabajador=93)],
    "entrar/pin/": [
        get(TABLET, "/entrar/pin/?trabajador=93", NOBODY_CHOSEN),
        post(STEP_UP, NOBODY_CHOSEN, deed=False, trabajador=93),
    ],
    "vincular/": [get(open_to_all()), post(open_to_all(), (302, "/"), codigo="{secreto}")],
    "pulso/": [get(open_to_all())],
    "tablero/": [get(LOOKER)],
    "en-vivo/": [get(PAGE_STREAM)],
    "trabajo/": [get(WORKER)],
    "trabajo/mios/": [get(WORKER, answer=(302, WORK))],
    "trabajo/resultado/": [get(WORKER, answer=(302, WORK))],
    "trabajo/tomar/": [tap(tag="MK-1", operacion="ARM")],
    "trabajo/pausar/": [tap(tag="MK-2")],
    "trabajo/pausar-todos/": [tap(todos="MK-2")],
    "trabajo/completar/": [get(WORKER, "/trabajo/completar/?tag=MK-2"), tap(tag="MK-2", operacion="ARM")],
    "trabajo/cancelar/": [get(WORKER, "/trabajo/cancelar/?tag=MK-2"), tap(tag="MK-2", operacion="ARM")],
    "trabajo/metrologia/": [
        get(WORKER, "/trabajo/metrologia/?tag=MK-4"),
        tap(tag="MK-4", resultado="APROBADO"),
    ],
    "mi-registro/": [get(WORKER)],
    "spool/<path:tag>/": [get(LOOKER, "/spool/MK-1/")],
    "viajera/<path:tag>/": [get(LOOKER, "/viajera/MK-1/")],
    "supervision/": [get(SUPERVISION)],
    "supervision/ahora/": [get(SUPERVISION, answer=(302, "/supervision/"))],
    "supervision/entrar/": [get(open_to_all()), post(open_to_all(), (302, "/supervision/"), **LOGIN)],
    "supervision/salir/": [post(open_to_all(), TO_SUPERVISION_LOGIN, deed=False)],
    "supervision/liberar/": supervised("/supervision/liberar/", "/supervision/", tag="MK-2"),
    "supervision/desbloquear/": supervised("/supervision/desbloquear/", "/supervision/", tag="MK-3"),
    "supervision/pines/": [get(SUPERVISION)],
    "supervision/pines/poner/": supervised(
        "/supervision/pines/poner/", "/supervision/pines/", trabajador=93, pin="4831", repetido="4831"
    ),
    "supervision/corregir/": [get(SUPERVISION)],
    "supervision/corregir/spool/": [get(SUPERVISION, "/supervision/corregir/spool/?tag=MK-4")],
    "supervision/corregir/operacion/": supervised(
        "/supervision/corregir/operacion/", "/supervision/corregir/spool/", tag="MK-4", operacion="ARM", trabajador=94
    ),
    "supervision/reabrir/": supervised(
        "/supervision/reabrir/", "/supervision/corregir/spool/", tag="MK-4", operacion="SOLD"
    ),
}

API: dict[str, list[Row]] = {
    "api/": [get(API_READ, answer=(404, "RUTA_NO_ENCONTRADA"))],
    "api/docs": [get(API_READ)],
    "api/openapi.json": [get(API_READ)],
    "api/occupation/tomar": verb(tag_spool="MK-1", operacion="ARM"),
    "api/occupation/pausar": verb(tag_spool="MK-2"),
    "api/occupation/completar": verb(tag_spool="MK-2"),
    "api/occupation/cancelar": verb(tag_spool="MK-2"),
    "api/occupation/batch-tomar": verb(tag_spools=["MK-1"], operacion="ARM"),
    "api/occupation/batch-pausar": verb(tag_spools=["MK-2"]),
    "api/occupation/batch-completar": verb(tag_spools=["MK-2"]),
    "api/metrologia/completar": verb(tag_spool="MK-4", resultado="APROBADO"),
    "api/occupation/status/<path:tag>": [get(API_READ, "/api/occupation/status/MK-1")],
    "api/spools": [get(API_READ, "/api/spools?operacion=ARM")],
    "api/workers": [get(API_READ)],
    "api/dashboard/occupied": [get(API_READ)],
    "api/history/<path:tag>": [get(API_READ, "/api/history/MK-2")],
    "api/sse/stream": [get(API_READ)],
    "api/health": [get(API_OPEN)],
    "api/redis-health": [get(API_OPEN)],
    "api/sheets-health": [get(API_OPEN)],
    "api/ready": [get(API_OPEN)],
}
