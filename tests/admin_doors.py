"""The doors of the admin: its own pages, and what Django gives every model."""

from __future__ import annotations

from collections.abc import Iterable

from tests.doors import (
    FORBIDDEN,
    IN,
    LOGIN,
    OK,
    SCREENS,
    STAFF,
    TO_ADMIN_LOGIN,
    TO_SUPERVISION_LOGIN,
    Answer,
    Door,
    Fields,
    Row,
    door,
    get,
    post,
)
from tests.office import LISTS

AT_THE_SHOP = (*SCREENS, "worker's page elsewhere")
SUPERVISED = ("supervisor", "administrator", "superuser")
ADMINISTERED = ("administrator", "superuser")
VIEWERS = dict.fromkeys(LISTS, SUPERVISED) | dict.fromkeys(("device", "trabajador"), ADMINISTERED)
"""Who may look at each list of the shop's. What may be added or changed on such a page is told below."""

WORKER = {"nombre": "Carla", "apellido": "Araya", "activo": "on", "roles": "Armador"}
PASSWORD: Fields = {"usable_password": "true", "password1": "otra-clave-larga", "password2": "otra-clave-larga"}
USER = {"username": "otro", "date_joined_0": "2026-01-12", "date_joined_1": "08:00:00"}


def office(refused: Answer, *others: tuple[Iterable[str], Answer]) -> Door:
    """A door of the admin, which on the shop's own devices is behind supervision's login, whatever was logged in."""
    return door(refused, *others, (AT_THE_SHOP, TO_SUPERVISION_LOGIN))


def staff_only(*who: str, others: Answer = FORBIDDEN) -> Door:
    """A page of the admin: other staff hears `others`."""
    return office(TO_ADMIN_LOGIN, (STAFF, others), (who, IN))


OF_STAFF = staff_only(*STAFF)
OF_SUPERVISORS = staff_only(*SUPERVISED)
OF_ADMINISTRATORS = staff_only(*ADMINISTERED)
OF_SUPERUSERS = staff_only("superuser")
OF_NOBODY = staff_only()


def generic(app: str, model: str, viewers: tuple[str, ...]) -> dict[str, list[Row]]:
    """The routes that every model has; nobody adds, changes or deletes unless a row below says otherwise."""
    home, one = f"admin/{app}/{model}/", f"/admin/{app}/{model}/{{{model}}}/"
    look = staff_only(*viewers)
    return {
        home: [get(look)],
        f"{home}add/": [get(OF_NOBODY), post(OF_NOBODY, OK)],
        f"{home}<path:object_id>/history/": [get(look, f"{one}history/")],
        f"{home}<path:object_id>/delete/": [
            get(OF_NOBODY, f"{one}delete/"),
            post(OF_NOBODY, OK, f"{one}delete/", post="yes"),
        ],
        f"{home}<path:object_id>/change/": [
            get(look, f"{one}change/"),
            post(OF_NOBODY, OK, f"{one}change/", nombre="Otra", tag_hoja="OTRO"),
        ],
        f"{home}<path:object_id>/": [get(OF_STAFF, one, (302, f"{one}change/"))],
    }


def owned(
    app: str, model: str, owners: Door, *, new: Fields, changed: Fields, after_new: str = ""
) -> dict[str, list[Row]]:
    """What its owners may add and change as Django does it."""
    home, one = f"admin/{app}/{model}/", f"/admin/{app}/{model}/{{{model}}}/"
    return {
        f"{home}add/": [get(owners), post(owners, (302, after_new or f"/{home}"), **new)],
        f"{home}<path:object_id>/change/": [
            get(owners, f"{one}change/"),
            post(owners, (302, f"/{home}"), f"{one}change/", **changed),
        ],
    }


def deleted(app: str, model: str) -> dict[str, list[Row]]:
    """What superusers may delete as Django does it."""
    home, one = f"admin/{app}/{model}/", f"/admin/{app}/{model}/{{{model}}}/"
    return {
        f"{home}<path:object_id>/delete/": [
            get(OF_SUPERUSERS, f"{one}delete/"),
            post(OF_SUPERUSERS, (302, f"/{home}"), f"{one}delete/", post="yes"),
        ]
    }


def listed(model: str) -> Answer:
    """Back to the list, which tells what was done."""
    return 302, f"/admin/occupation/{model}/"


def decision(model: str, action: str) -> Row:
    """An action of a list: who may look and not decide is shown the list, and nothing was done."""
    decided: Fields = {"action": action, "_selected_action": f"{{{model}}}"}
    return post(OF_ADMINISTRATORS | {"supervisor": OK}, listed(model), **decided)


def asked(path: str, form: Door, spool: str) -> list[Row]:
    """A page of ours that asks why, and its form."""
    return [get(form, f"{path}?spool={spool}"), post(form, OK, path, spool=spool, motivo="se fue", clave="k")]


HOME = (302, "/admin/")
AT_HOME = office(IN, (STAFF, HOME))
OWN: dict[str, list[Row]] = {
    "admin/": [get(OF_STAFF)],
    "admin/login/": [get(AT_HOME), post(office(IN), HOME, **LOGIN, next="/admin/")],
    "admin/logout/": [post(office(HOME, (STAFF, IN)), OK, deed=False)],
    "admin/password_change/": [get(OF_STAFF), post(OF_STAFF, OK, deed=False)],
    "admin/password_change/done/": [get(OF_STAFF)],
    "admin/autocomplete/": [get(OF_NOBODY)],
    "admin/jsi18n/": [get(OF_STAFF)],
    "admin/r/<path:content_type_id>/<path:object_id>/": [get(OF_STAFF, "/admin/r/1/1/", (404, "404.html"))],
    "admin/^(?P<app_label>occupation|auth)/$": [
        get(staff_only(*SUPERVISED, others=(404, "404.html")), "/admin/occupation/"),
        get(staff_only("superuser", others=(404, "404.html")), "/admin/auth/"),
    ],
    "admin/(?P<url>.*)$": [get(OF_STAFF, "/admin/nada", (404, "404.html"))],
    "admin/auth/user/<id>/password/": [
        get(OF_SUPERUSERS, "/admin/auth/user/{user}/password/"),
        post(
            OF_SUPERUSERS,
            (302, "/admin/auth/user/{user}/change/"),
            "/admin/auth/user/{user}/password/",
            **PASSWORD,
        ),
    ],
    "admin/occupation/conflicto/": [get(OF_SUPERVISORS), decision("conflicto", "tomar_hoja")],
    "admin/occupation/mirror/": [get(OF_SUPERVISORS), decision("mirror", "volver_a_intentar")],
    "admin/occupation/conflicto/<int:pk>/tomar/<str:lado>/": [
        get(OF_ADMINISTRATORS, "/admin/occupation/conflicto/{conflicto}/tomar/hoja/", (405, "")),
        post(OF_ADMINISTRATORS, listed("conflicto"), "/admin/occupation/conflicto/{conflicto}/tomar/hoja/"),
    ],
    "admin/occupation/retencion/permitir/": [
        get(OF_ADMINISTRATORS, "/admin/occupation/retencion/permitir/?retencion={retencion}"),
        post(OF_ADMINISTRATORS, listed("retencion"), retencion="{retencion}"),
    ],
    "admin/occupation/retencion/mirar/": [
        get(OF_ADMINISTRATORS, answer=listed("retencion")),
        post(OF_ADMINISTRATORS, listed("retencion"), retencion="{retencion}"),
    ],
    "admin/occupation/ocupacion/liberar/": asked("/admin/occupation/ocupacion/liberar/", OF_SUPERVISORS, "{ocupacion}"),
    "admin/occupation/bloqueado/desbloquear/": asked(
        "/admin/occupation/bloqueado/desbloquear/", OF_SUPERVISORS, "{bloqueado}"
    ),
    "admin/occupation/evento/exportar/": [get(OF_SUPERVISORS)],
    "admin/occupation/device/add/": [
        get(OF_ADMINISTRATORS),
        post(OF_ADMINISTRATORS, OK, nombre="Nueva", kind="tablet", scope="act"),
    ],
    "admin/occupation/device/revocar/": [
        get(OF_ADMINISTRATORS, "/admin/occupation/device/revocar/?dispositivo={device}"),
        post(OF_ADMINISTRATORS, listed("device"), dispositivo="{device}"),
    ],
    "admin/occupation/device/<int:pk>/nombre/": [
        get(OF_ADMINISTRATORS, "/admin/occupation/device/{device}/nombre/"),
        post(
            OF_ADMINISTRATORS,
            (302, "/admin/occupation/device/{device}/change/"),
            "/admin/occupation/device/{device}/nombre/",
            nombre="Otra",
        ),
    ],
    "admin/occupation/device/<int:pk>/vincular/": [
        get(OF_ADMINISTRATORS, "/admin/occupation/device/{device}/vincular/"),
        post(OF_ADMINISTRATORS, OK, "/admin/occupation/device/{device}/vincular/"),
    ],
}

ADMIN: dict[str, list[Row]] = {}
for _model, _viewers in VIEWERS.items():
    ADMIN |= generic("occupation", _model, _viewers)
for _model in ("user", "group"):
    ADMIN |= generic("auth", _model, ("superuser",)) | deleted("auth", _model)
ADMIN |= owned("occupation", "trabajador", OF_ADMINISTRATORS, new={"id": 95} | WORKER, changed=WORKER)
ADMIN |= owned("auth", "group", OF_SUPERUSERS, new={"name": "otros"}, changed={"name": "otros"})
ADMIN |= owned(
    "auth",
    "user",
    OF_SUPERUSERS,
    new={"username": "nueva"} | PASSWORD,
    changed=USER,
    after_new="/admin/auth/user/#/change/",
)
ADMIN |= OWN
