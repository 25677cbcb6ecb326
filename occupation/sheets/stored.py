"""What the app already has, read for an import in as few queries as the book has batches. Nothing is locked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from django.db.models.fields.json import KeyTextTransform

from occupation.models import CeldaDudosa, Evento, FilaDuplicada, Mirror, Spool, Trabajador, VersionMostrada
from occupation.sheets.diff import Known
from occupation.sheets.hydrate import of_unknown_worker
from occupation.sheets.identity import Stored, version_of
from occupation.sheets.layout import Tab
from occupation.sheets.plan import Doubt, Duplicate, Worker
from occupation.vocabulary import Accion, ActorTipo

_BATCH = 2000


def stored_spools() -> dict[str, Stored]:
    """Every spool by tag, archived ones included: what finding its row needs, and no more."""
    columns = ("id", "tag", "version", "archivado_en", "ocupado_por_id", "mirror__row_hash", "mirror__gone_since")
    rows = Spool.objects.order_by("id").values_list(*columns).iterator(_BATCH)
    return {
        tag: Stored(id, tag, version, archivado is not None, titular is not None, row_hash or "", gone is not None)
        for id, tag, version, archivado, titular, row_hash, gone in rows
    }


def versions_of(stored: Iterable[Stored], asked: Collection[str]) -> dict[str, Stored]:
    """The spool of each of these versions, if one has or had it, and those that rows lagging behind still show."""
    by_id = {one.spool_id: one for one in stored}
    lagging = (
        # Also of spools that left the sheet: their row may come back as it was.
        Mirror.objects.filter(behind_since__isnull=False)
        .values_list("spool_id", KeyTextTransform("version", "base"))
        .iterator(_BATCH)
    )
    versions = {version: by_id[id] for version, id in _shown(sorted(asked)) if id in by_id}
    versions.update({version_of(text): by_id[id] for id, text in lagging if version_of(text) and id in by_id})
    versions.update({str(one.version): one for one in by_id.values()})
    return versions


def _shown(versions: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Which of these versions stood in the sheet once, or were on their way there, and whose they are."""
    for start in range(0, len(versions), _BATCH):
        shown = VersionMostrada.objects.filter(version__in=versions[start : start + _BATCH])
        yield from ((str(version), id) for version, id in shown.values_list("version", "spool_id"))


def known_spools(ids: Iterable[int]) -> dict[int, Known]:
    """These spools with the memory of their rows."""
    wanted = list(ids)
    doubts: defaultdict[int | None, list[Doubt]] = defaultdict(list)
    for cell in CeldaDudosa.objects.filter(spool_id__in=wanted):
        doubts[cell.spool_id].append(_doubt(cell))
    mirrors = Mirror.objects.in_bulk(wanted)
    spools = Spool.objects.in_bulk(wanted)
    unsure = {id for id, spool in spools.items() if spool.archivado_en or any(map(of_unknown_worker, doubts[id]))}
    untouched = unsure - touched(unsure)
    return {
        id: Known(spool, mirrors.get(id) or Mirror(spool=spool), doubts[id], untouched=id in untouched)
        for id, spool in spools.items()
    }


def touched(ids: Collection[int]) -> set[int | None]:
    """Those of these spools to which anything happened since they were imported."""
    if not ids:
        return set()
    events = Evento.objects.filter(spool_id__in=ids).exclude(actor_tipo=ActorTipo.HOJA, accion=Accion.TOMAR)
    return set(events.values_list("spool_id", flat=True))


def stored_workers() -> dict[int, Worker]:
    """Every worker with their roles."""
    return {
        one.id: Worker(one.nombre, one.apellido, one.activo, frozenset(row.rol for row in one.roles.all()))
        for one in Trabajador.objects.prefetch_related("roles").order_by("id")
    }


def stored_doubts(tabs: Iterable[Tab]) -> dict[int, Doubt]:
    """The doubtful cells of these tabs that belong to no spool, by row id."""
    cells = CeldaDudosa.objects.filter(spool__isnull=True, hoja__in=list(tabs))
    return {cell.pk: _doubt(cell) for cell in cells.iterator(_BATCH)}


def stored_duplicates() -> dict[int, Duplicate]:
    """The duplicated rows listed now, by row id."""
    rows: Iterator[FilaDuplicada] = FilaDuplicada.objects.iterator(_BATCH)
    return {row.pk: Duplicate(row.tag, row.fila, row.fila_usada) for row in rows}


def _doubt(cell: CeldaDudosa) -> Doubt:
    return Doubt(Tab(cell.hoja), cell.fila, cell.encabezado, cell.valor, cell.motivo)
