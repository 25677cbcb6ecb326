"""Who comes to the shop's doors: devices, programs and people, with one row of everything to ask for."""

from __future__ import annotations

from copy import copy

from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from occupation.access import COOKIE
from occupation.models import (
    BookUpgrade,
    CeldaDudosa,
    CicloHoja,
    Conflicto,
    Device,
    EdicionDevuelta,
    EstadoHoja,
    Evento,
    FilaDuplicada,
    Mirror,
    Retencion,
    Spool,
)
from occupation.services import invite
from occupation.views import chosen
from occupation.vocabulary import DeviceKind, DeviceScope, EstadoCalidad, EstadoTrabajo, Rol, TipoRetencion
from tests.factories import DeviceFactory, SpoolFactory, TrabajadorFactory
from tests.office import logged_in

NOW = timezone.now()


def shop() -> dict[str, str]:
    """One row of everything: its number by name, and the secret of an invitation."""
    miguel = TrabajadorFactory(id=93, nombre="Miguel", apellido="Rojas", roles=[Rol.ARMADOR, Rol.METROLOGIA])
    TrabajadorFactory(id=94, nombre="Juan", apellido="Pérez", roles=[Rol.ARMADOR])
    free = SpoolFactory(tag_hoja="MK-1")
    held = SpoolFactory(tag_hoja="MK-2", ocupado_por=miguel)
    blocked = SpoolFactory(tag_hoja="MK-3", calidad_state=EstadoCalidad.BLOQUEADO)
    done = SpoolFactory(
        tag_hoja="MK-4",
        arm_state=EstadoTrabajo.COMPLETADO,
        sold_state=EstadoTrabajo.COMPLETADO,
        armador=miguel,
        soldador=miguel,
    )
    numbers = {
        "spool": free.pk,
        "ocupacion": held.pk,
        "bloqueado": blocked.pk,
        "trabajador": 94,
        "device": DeviceFactory().pk,
        "user": User.objects.create_user("somebody").pk,
        "group": Group.objects.create(name="otro grupo").pk,
    }
    return {name: str(pk) for name, pk in (numbers | sheet_rows(done)).items()} | {
        "secreto": invite(nombre="Nueva", kind=DeviceKind.TABLET).secreto
    }


def sheet_rows(spool: Spool) -> dict[str, int]:
    """One of everything that the sheet's office leaves behind."""
    cell = {"encabezado": "NV", "fila": 7, "motivo": "no se entiende", "visto_en": NOW}
    seen = {"valor_hoja": "10-01-2026", "valor_app": "12-01-2026"}
    return {
        "bookupgrade": BookUpgrade.objects.create(name="Respaldo", begun_at=NOW).pk,
        "celdadudosa": CeldaDudosa.objects.create(spool=spool, hoja="Operaciones", **cell).pk,
        "ciclohoja": CicloHoja.objects.create(desde=NOW, hasta=NOW, resumen="nada").pk,
        "conflicto": Conflicto.objects.create(spool=spool, encabezado="Fecha_Armado", fila=7, hoja_en=NOW, **seen).pk,
        "ediciondevuelta": EdicionDevuelta.objects.create(spool=spool, **cell, **seen).pk,
        "estadohoja": EstadoHoja.objects.get_or_create(pk=1)[0].pk,
        "evento": Evento.objects.get().pk,
        "filaduplicada": FilaDuplicada.objects.create(tag="MK-4", fila=9, fila_usada=7, visto_en=NOW).pk,
        "mirror": Mirror.objects.create(spool=spool, behind_since=NOW, error="protegida", error_en=NOW).pk,
        "retencion": Retencion.objects.create(
            hoja="Operaciones", tipo=TipoRetencion.EDICIONES, motivo="60 ediciones", desde=NOW
        ).pk,
    }


def people() -> dict[str, Client]:
    """Browsers of the office, by who is logged in."""
    clients = {
        "clerk": logged_in("clerk"),
        "foreman": logged_in("foreman", "supervisores", staff=False),
        "supervisor": logged_in("supervisor", "supervisores"),
        "supervisor at a tablet": logged_in("visitor", "supervisores"),
        "deactivated supervisor": logged_in("gone", "supervisores"),
        "administrator": logged_in("administrator", "administradores"),
        "superuser": logged_in("superuser", superuser=True),
    }
    User.objects.filter(username="gone").update(is_active=False)
    clients["supervisor at a tablet"].cookies[COOKIE] = token()
    clients["administrator's page elsewhere"] = elsewhere(clients["administrator"])
    return clients


def devices() -> dict[str, Client]:
    """Browsers and programs, by the device whose token they have and how they show it."""
    clients = {name: Client(headers=headers) for name, headers in credentials().items()}
    return clients | {"worker's page elsewhere": elsewhere(clients["worker"])}


def credentials() -> dict[str, dict[str, str]]:
    """The headers in which devices show who they are."""
    read, board, program = DeviceScope.READ, DeviceKind.BOARD, DeviceKind.API
    return {
        "nobody": {},
        "wrong bearer": bearer("nada"),
        "revoked bearer": bearer(token(revocado_en=NOW)),
        "revoked cookie": cookie(token(revocado_en=NOW)),
        "board's token as bearer": bearer(token(kind=board)),
        "program's token as cookie": cookie(token(kind=program)),
        "tablet's bearer": bearer(token()),
        "reading tablet's bearer": bearer(token(scope=read)),
        "program": bearer(token(kind=program)),
        "reading program": bearer(token(kind=program, scope=read)),
        "tablet": cookie(token()),
        "reading tablet": cookie(token(scope=read)),
        "board": cookie(token(kind=board)),
        "worker": at_work(),
    }


def token(**columns: object) -> str:
    """The secret of a new device, which was just seen: being seen is nothing that changes."""
    return str(vars(DeviceFactory(visto_en=timezone.now(), **columns))["raw_token"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={token}"}


def at_work() -> dict[str, str]:
    """A tablet at which worker 93 stands."""
    tablet: Device = DeviceFactory(visto_en=timezone.now())
    chosen.choose(answer := HttpResponse(), tablet, 93, "")
    kept = answer.cookies[chosen.COOKIE].OutputString().partition(";")[0]
    return {"Cookie": f"{COOKIE}={vars(tablet)['raw_token']}; {kept}"}


def elsewhere(client: Client) -> Client:
    """The same browser on a page of another site, which sends the cookies and knows no token."""
    other = Client(enforce_csrf_checks=True)
    other.defaults, other.cookies = client.defaults, copy(client.cookies)
    return other
