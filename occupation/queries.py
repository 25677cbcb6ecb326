"""The read side of every screen and of the API: a bounded number of SQL queries each."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Case, Count, Exists, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Value, When

from occupation.eligibility import eligible, listed, narrowed, why_not
from occupation.models import CeldaDudosa, Device, Evento, FilaDuplicada, Mirror, Pin, Spool, Trabajador
from occupation.models.spool import BUSQUEDA_MAXIMA
from occupation.refusals import Refused, SolicitudInvalida, SpoolNoEncontrado
from occupation.tags import canonical_tag, search_key, storable
from occupation.vocabulary import AVANCES_DE, DEL_PISO, TAG_MAXIMO, Accion, ActorTipo, Avance, Operacion

PAGE = 50
PAGE_MAXIMUM = 200
CURSOR_MAXIMO = 2000
"""Longest cursor that is looked at, in characters: one of ours is far shorter."""

RECENT_WORKERS = 5
RECENT_EVENTS = 200
_NOTHING_YET = (0, UUID(int=0))


def worker_names() -> dict[int, str]:
    """Everybody whom the shop knows, as it shows them: 93 → `MR(93)`."""
    return {one.id: one.worker_nombre for one in Trabajador.objects.all()}


def find_spool(tag: str, *, lock: bool = False) -> Spool:
    """The living spool of any spelling of `tag`, locked until the transaction ends if asked.

    Raises SpoolNoEncontrado, saying whether it left the sheet or what it is called now.
    """
    spool = find_any_spool(tag, lock=lock)
    if spool.tag != canonical_tag(tag):
        raise SpoolNoEncontrado(tag, archivado=True, ahora=spool.tag_hoja)
    if spool.archivado_en is not None:
        raise SpoolNoEncontrado(spool.tag_hoja, archivado=True)
    return spool


def find_any_spool(tag: str, *, lock: bool = False) -> Spool:
    """The spool of a tag, also if it left the sheet or was renamed since. Raises SpoolNoEncontrado."""
    canonical = canonical_tag(tag)
    if len(canonical) > TAG_MAXIMO or not storable(canonical):
        raise SpoolNoEncontrado(canonical[:TAG_MAXIMO])
    # The holder is all a verb asks about; a screen that names the others reads them when it does.
    spools = Spool.objects.select_related("ocupado_por")
    if lock and connection.vendor == "postgresql":
        # no_key: the journal's foreign keys to this row must not wait for us. No joins: after waiting, PostgreSQL
        # reads this row anew but not the joined ones, and would show a new holder's number without the holder.
        spools = Spool.objects.select_for_update(no_key=True)
    found = list(spools.filter(tag=canonical)) or _renamed(canonical)
    if not found:
        raise SpoolNoEncontrado(canonical)
    return found[0]


def _renamed(canonical: str) -> list[Spool]:
    return list(Spool.objects.con_gente().filter(tags_anteriores__tag=canonical))


@dataclass(frozen=True, slots=True)
class Fila:
    """One spool of a list; `refused` says why the action asked for is not possible, None if it is."""

    spool: Spool
    refused: Refused | None

    @property
    def elegible(self) -> bool:
        """Whether the action is possible now."""
        return self.refused is None


@dataclass(frozen=True, slots=True)
class Pagina:
    """One page of a list; `siguiente` is the cursor of the next, None on the last."""

    filas: list[Fila]
    siguiente: str | None


@dataclass(frozen=True, slots=True)
class Recorte:
    """What narrows a list: to the spools of one NV, to those that are so far."""

    nv: str = ""
    avance: Avance | None = None


ENTERA = Recorte()
"""The whole list."""


def list_spools(
    *,
    operacion: Operacion,
    accion: Accion = Accion.TOMAR,
    worker_id: int | None = None,
    q: str = "",
    recorte: Recorte = ENTERA,
    limit: int = PAGE,
    cursor: str | None = None,
    con_ocupados: bool = False,
) -> Pagina:
    """The spools on which the action is possible; a search also finds those on which it is not, and says why.

    `con_ocupados` also lists, among what can be started, what would be there if nobody held it.
    `q` looks into tag and NV, ignoring case, accents, blanks and dashes: exact before prefix before contained.
    A search narrowed to an `avance` finds only spools of the list: what is not on it is not so far at all.
    """
    key = search_key(q)
    if not _can_be_found(key, recorte.nv):
        return Pagina([], None)
    wanted = listed(operacion) if con_ocupados else eligible(accion, operacion, worker_id)
    spools = _searched(key, wanted, operacion, recorte)
    if cursor:
        rank, tag = _read_cursor(cursor)
        spools = spools.filter(Q(rank__gt=rank) | Q(rank=rank, tag__gt=tag))
    found = list(spools.order_by("rank", "tag")[: limit + 1])
    filas = [Fila(spool, why_not(spool, accion, operacion, worker_id)) for spool in found[:limit]]
    return Pagina(filas, _cursor(found[limit - 1]) if len(found) > limit else None)


def count_by_nv(
    *,
    operacion: Operacion,
    q: str = "",
    avance: Avance | None = None,
    limit: int = PAGE,
) -> list[tuple[str, int]]:
    """The NVs of a tablet's list (`list_spools` with `con_ocupados`), by name, each with how many spools it has."""
    key = search_key(q)
    if not _can_be_found(key):
        return []
    spools = _searched(key, listed(operacion), operacion, Recorte(avance=avance)).exclude(nv="")
    return list(spools.order_by("nv").values_list("nv").annotate(Count("pk"))[:limit])


def count_by_avance(*, operacion: Operacion, nv: str = "") -> dict[Avance | None, int]:
    """How many spools of a tablet's list (`list_spools` with `con_ocupados`) are so far; all of them under None."""
    if not _can_be_found("", nv):
        return {}
    so_far = {avance.name: Count("pk", filter=narrowed(avance, operacion)) for avance in AVANCES_DE[operacion]}
    found = _searched("", listed(operacion), operacion, Recorte(nv)).aggregate(Count("pk"), **so_far)
    return {None: found["pk__count"], **{avance: found[avance.name] for avance in AVANCES_DE[operacion]}}


def _can_be_found(key: str, nv: str = "") -> bool:
    return len(key) <= BUSQUEDA_MAXIMA and storable(key) and storable(nv)


def _searched(key: str, wanted: Q, operacion: Operacion, recorte: Recorte) -> QuerySet[Any]:
    spools = _ranked(key) if key else _unranked()
    if recorte.nv:
        spools = spools.filter(nv=recorte.nv)
    if recorte.avance:
        spools = spools.filter(narrowed(recorte.avance, operacion))
    return spools if key and not recorte.avance else spools.filter(wanted)


def _unranked() -> QuerySet[Any]:
    return Spool.objects.vivos().con_gente().annotate(rank=Value(0, output_field=IntegerField()))


def _ranked(key: str) -> QuerySet[Any]:
    """The search column is `TAG NV` with one blank, so each side of the blank is the edge of a word."""
    exact = Q(busqueda__startswith=f"{key} ") | Q(busqueda__endswith=f" {key}")
    prefix = Q(busqueda__startswith=key) | Q(busqueda__contains=f" {key}")
    rank = Case(When(exact, then=0), When(prefix, then=1), default=2, output_field=IntegerField())
    return Spool.objects.vivos().con_gente().filter(busqueda__contains=key).annotate(rank=rank)


def _cursor(spool: Spool) -> str:
    place = [getattr(spool, "rank", 0), spool.tag]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[int, str]:
    if len(cursor) > CURSOR_MAXIMO:
        raise SolicitudInvalida({"cursor": "no es un cursor de esta lista"})
    try:
        rank, tag = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise SolicitudInvalida({"cursor": "no es un cursor de esta lista"}) from None
    if not isinstance(rank, int) or not isinstance(tag, str) or not storable(tag) or not 0 <= rank <= 2:
        raise SolicitudInvalida({"cursor": "no es un cursor de esta lista"})
    return rank, tag


def occupied() -> list[Spool]:
    """Who has what right now, newest first."""
    return list(Spool.objects.ocupados().con_gente().order_by("-ocupado_desde", "-id"))


def held_by(trabajador: Trabajador) -> list[Spool]:
    """What one worker holds, longest first."""
    return list(Spool.objects.filter(ocupado_por=trabajador).con_gente().order_by("ocupado_desde", "id"))


def active_workers(operacion: Operacion | None = None) -> list[Trabajador]:
    """The workers who may start something (of one operation), by number."""
    workers = Trabajador.objects.activos().prefetch_related("roles").order_by("id")
    return list(workers.de_operacion(operacion) if operacion else workers)


def every_worker() -> list[Trabajador]:
    """Everybody the shop knows, also who left, by name."""
    return list(Trabajador.objects.order_by("nombre", "apellido", "id"))


def workers_to_choose() -> list[Trabajador]:
    """Who may step up to a tablet: the active workers, and whoever still holds something, by name."""
    return list(Trabajador.objects.presentes().prefetch_related("roles").order_by("nombre", "apellido", "id"))


def workers_like(trabajadores: list[Trabajador], q: str) -> list[Trabajador]:
    """Those whose number, initials, name or role contain what was typed; the exact number or initials first."""
    key = search_key(q)
    if not key:
        return trabajadores
    found = [each for each in trabajadores if key in _words_of(each)]
    return sorted(found, key=lambda each: key not in (str(each.id), search_key(each.worker_nombre).split("(")[0]))


def _words_of(trabajador: Trabajador) -> str:
    return search_key(f"{trabajador.worker_nombre}/{trabajador.nombre_completo}/{trabajador.nombres_de_roles()}")


def find_worker(worker_id: int) -> Trabajador | None:
    """One worker, active or not, with the roles."""
    return Trabajador.objects.prefetch_related("roles").filter(pk=worker_id).first()


def pin_version(worker_id: int) -> str:
    """Which of their PINs a worker has; empty without one."""
    version = Pin.objects.filter(trabajador=worker_id).values_list("version", flat=True).first()
    return str(version or "")


def recent_worker_ids(device: Device) -> list[int]:
    """The last few workers who used a device, latest first."""
    latest = (
        Evento.objects.filter(actor_tipo=ActorTipo.DISPOSITIVO, actor_id=device.pk, trabajador__isnull=False)
        .order_by("-id")
        .values_list("trabajador_id", flat=True)[:RECENT_EVENTS]
    )
    return list(dict.fromkeys(latest))[:RECENT_WORKERS]


def journal_id() -> int:
    """The id of the newest journal row; 0 when nothing happened yet."""
    return Evento.objects.order_by("-id").values_list("id", flat=True).first() or 0


def newest_mark() -> str:
    """What names the newest row among those of every journal that ever took this one's place."""
    return _mark(*Evento.objects.order_by("-id").values_list("id", "uuid").first() or _NOTHING_YET)


def _mark(id: int, uuid: UUID) -> str:
    return f"{id}-{uuid.hex[:8]}"


def journal_and_mirror() -> tuple[int, str, datetime | None]:
    """The id and the mark of the newest journal row, and since when the oldest spool waits that the sheet lacks."""
    oldest = Subquery(Mirror.objects.behind().order_by("behind_since").values("behind_since")[:1])
    newest = Evento.objects.order_by("-id").values_list("id", "uuid", oldest).first()
    id, uuid, waits = newest or (*_NOTHING_YET, None)
    return id, _mark(id, uuid), waits


def released_from(trabajador: Trabajador, since: datetime) -> list[Evento]:
    """What a supervisor took from a worker since then, and nobody has worked on or inspected afterwards; latest first.

    What the office writes into the sheet or puts right meanwhile does not tell the worker who released it and why.
    """
    later = Evento.objects.filter(spool=OuterRef("spool"), id__gt=OuterRef("id"), accion__in=DEL_PISO)
    released = Evento.objects.filter(trabajador=trabajador, accion=Accion.LIBERAR, instante__gte=since)
    return list(released.filter(~Exists(later)).select_related("spool").order_by("-id"))


def there_are_spools() -> bool:
    """Whether the shop has any spool at all."""
    return Spool.objects.vivos().exists()


def duplicated(tags: Iterable[str]) -> set[str]:
    """Which of these canonical tags stand in more than one row of the sheet."""
    return set(FilaDuplicada.objects.filter(tag__in=list(tags)).values_list("tag", flat=True))


def doubts_of(spool: Spool) -> tuple[list[CeldaDudosa], list[FilaDuplicada]]:
    """What the sheet says of one spool that could not be used: cells, and rows with the same tag."""
    return list(spool.celdas_dudosas.order_by("fila", "id")), list(
        FilaDuplicada.objects.filter(tag=spool.tag).order_by("fila")
    )


def mirror_behind() -> tuple[int, datetime | None]:
    """How many spools the sheet does not show as they are, and since when the oldest of them waits."""
    found = Mirror.objects.behind().aggregate(Count("pk"), Min("behind_since"))
    return found["pk__count"], found["behind_since__min"]
