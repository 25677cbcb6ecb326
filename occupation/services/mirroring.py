"""What the mirror remembers of its writes: what it meant to write, what was proved, what was refused.

Each step is its own transaction, so that a relay that dies between any two finds out what it has to look at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from occupation.models import CicloHoja, EstadoHoja, Mirror, VersionMostrada
from occupation.services._transaction import verb_transaction
from occupation.services.importing import locked_spools
from occupation.sheets.identity import version_of
from occupation.vocabulary import TipoErrorHoja

KEPT = timedelta(days=60)
"""How long a version that stood in the sheet is known: a file left open for longer is nobody's."""

_BATCH = 200
CYCLES_KEPT = 200
"""How many of the last cycles that did something are kept for people to read."""

_ALTERNATING = 4
"""Among so many of the last cycles one that says the same again is looked for."""

_SHOWN = 500
_LINES = 100


class RowWritten(NamedTuple):
    """One row of a write: the spool and its version as written, the texts of the cells, and all that is known then."""

    spool_id: int
    version: UUID
    cells: Mapping[str, str]
    base: Mapping[str, str]


def intend(rows: Sequence[RowWritten], escrituras: str | None, reserva: Mapping[str, Any] | None) -> None:
    """Remember what is about to be written, before it is: where to, and the events of Metadata with their rows.

    None is for a tab that nothing is written to: what is remembered of it stays.
    """
    with verb_transaction():
        ahora = timezone.now()
        mirrors = Mirror.objects.in_bulk([row.spool_id for row in rows])
        for row in rows:
            mirrors[row.spool_id].intent = dict(row.cells)
        Mirror.objects.bulk_update(mirrors.values(), ["intent"], batch_size=_BATCH)
        shown = [*_shown_before(mirrors), *((row.version, row.spool_id, dict(row.cells)) for row in rows)]
        _remember_shown(shown, ahora)
        told = {"escrituras": escrituras, "reserva": reserva}
        keep(**{name: value for name, value in told.items() if value is not None})


def _shown_before(mirrors: Mapping[int, Mirror]) -> list[tuple[UUID, int, dict[str, str]]]:
    versions = {id: version_of(mirror.base.get("version", "")) for id, mirror in mirrors.items()}
    return [(UUID(text), id, {}) for id, text in versions.items() if text]


def _remember_shown(shown: Sequence[tuple[UUID, int, dict[str, str]]], ahora: datetime) -> None:
    """Add these cells to those written under the same version before: a write that restores one brings only that."""
    told = VersionMostrada.objects.in_bulk([version for version, _, _ in shown])
    for version, id, cells in shown:
        one = told.setdefault(version, VersionMostrada(version=version, spool_id=id))
        one.celdas, one.instante = one.celdas | cells, ahora
    VersionMostrada.objects.bulk_create(
        told.values(),
        update_conflicts=True,
        unique_fields=["version"],
        update_fields=["celdas", "instante"],
        batch_size=_BATCH,
    )


def rebase(bases: Mapping[int, Mapping[str, str]], behind: Collection[int] = ()) -> None:
    """The program itself made the rows of these spools say this: no edit of anybody's. At most 200 at a time.

    Those `behind` are owed the app's state from now on. A file that is open somewhere may still bring back the
    version that stood there until now.
    """
    with verb_transaction():
        ahora = timezone.now()
        mirrors = Mirror.objects.in_bulk(list(bases))
        _remember_shown(_shown_before(mirrors), ahora)
        for id, mirror in mirrors.items():
            mirror.base, mirror.intent, mirror.row_hash = dict(bases[id]), {}, ""
            if id in behind:
                mirror.behind_since = mirror.behind_since or ahora
        fields = ["base", "intent", "row_hash", "behind_since"]
        Mirror.objects.bulk_update(mirrors.values(), fields, batch_size=_BATCH)


def settle(rows: Sequence[RowWritten], began: datetime, escrituras: str | None = None) -> None:
    """The sheet was seen to hold these rows: a new base, and the debt is paid where nothing happened since.

    Where something did, it happened after `began`, when the spools had not been read yet: the sheet is behind since.
    `escrituras` are the writes that may still arrive, if that is known now.
    """
    with verb_transaction():
        if escrituras is not None:
            keep(escrituras=escrituras)
        spools = locked_spools(pk__in=[row.spool_id for row in rows])
        mirrors = Mirror.objects.in_bulk([row.spool_id for row in rows])
        for row in rows:
            mirror = mirrors[row.spool_id]
            mirror.base, mirror.intent, mirror.row_hash = dict(row.base), {}, ""
            if spools[row.spool_id].version == row.version:
                mirror.behind_since, mirror.left = None, _still_left(mirror)
            elif mirror.behind_since:
                mirror.behind_since = max(mirror.behind_since, began)
        fields = ["base", "intent", "row_hash", "behind_since", "left"]
        Mirror.objects.bulk_update(mirrors.values(), fields, batch_size=_BATCH)


def _still_left(mirror: Mirror) -> dict[str, str]:
    return {header: text for header, text in mirror.left.items() if mirror.base.get(header, "") != text}


def park(spool_id: int, error: str) -> None:
    """Take a row that the book refuses out of the way, until a verb on it or an admin tries again."""
    with verb_transaction():
        Mirror.objects.filter(pk=spool_id).update(error=error[:300], error_en=timezone.now(), intent={})


def requeue(spool_ids: Sequence[int]) -> int:
    """Try parked rows again; how many there were."""
    with verb_transaction():
        return Mirror.objects.filter(pk__in=spool_ids).exclude(error="").update(error="", error_en=None)


def keep(**columns: Any) -> None:
    """Change what the relay keeps across restarts, inside a transaction."""
    if not EstadoHoja.objects.filter(pk=1).update(**columns):
        EstadoHoja.objects.create(pk=1, **columns)


def remember(**columns: Any) -> None:
    """Change what the relay keeps across restarts."""
    with verb_transaction():
        keep(**columns)


def reached(resumen: str = "", lineas: Sequence[str] = (), *, complete: bool = True) -> None:
    """A cycle came to its end: what kept the book from being reached before is over.

    With a `resumen` it did something that people may want to read later, `complete` or not.
    """
    with verb_transaction():
        keep(sincronizada_en=timezone.now(), error="", error_tipo="", error_desde=None, esperar_hasta=None)
        if resumen:
            _note_cycle(resumen, lineas, complete=complete)


def unfinished(resumen: str, lineas: Sequence[str] = ()) -> None:
    """A cycle was given up before it wrote all: people may want to read that. Nothing else is over."""
    with verb_transaction():
        _note_cycle(resumen, lineas, complete=False)


def _note_cycle(resumen: str, lineas: Sequence[str], *, complete: bool) -> None:
    """Keep what a cycle did, inside a transaction; one that says what one of the last said is counted there.

    Not only the very last: a tab that is held makes the readings of all of the book and those of ours alone alternate.
    """
    ahora, newest = timezone.now(), CicloHoja.objects.order_by("-hasta", "-id")
    said = {"resumen": resumen[:_SHOWN], "lineas": list(lineas[:_LINES]), "completo": complete}
    for row in newest[:_ALTERNATING]:
        if said == {name: getattr(row, name) for name in said}:
            CicloHoja.objects.filter(pk=row.pk).update(hasta=ahora, veces=F("veces") + 1)
            return
    CicloHoja.objects.create(desde=ahora, hasta=ahora, **said)
    CicloHoja.objects.exclude(pk__in=list(newest.values_list("pk", flat=True)[:CYCLES_KEPT])).delete()


def not_reached(kind: TipoErrorHoja, sentence: str, wait: float | None = None) -> bool:
    """Keep why the book was not reached and since when it is not; whether the reason is news.

    With `wait` it is left alone for so many seconds, whichever process comes next.
    """
    state = EstadoHoja.objects.filter(pk=1).defer("escrituras").first() or EstadoHoja()
    now = timezone.now()
    until = {} if wait is None else {"esperar_hasta": now + timedelta(seconds=wait)}
    shown = sentence[:_SHOWN]
    with verb_transaction():
        keep(error=shown, error_tipo=kind, error_desde=state.error_desde or now, **until)
        _note_cycle(shown, (), complete=False)
    return state.error != shown


def forget_old_versions() -> int:
    """Forget versions that stood in the sheet long ago; how many."""
    with verb_transaction():
        return VersionMostrada.objects.filter(instante__lt=timezone.now() - KEPT).delete()[0]


def settle_audit(*, hasta: int, desde: int, last_row: int) -> None:
    """Metadata was seen to hold every event up to this id but those that were deleted for good, and where it ends."""
    with verb_transaction():
        keep(metadata_hasta=hasta, metadata_desde=desde, metadata_fila=last_row, reserva={})
