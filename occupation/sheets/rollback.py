"""The way back from an upgrade: the book's tabs become what their copies in the backup are, and stay who they are.

Only the four tabs that the app works with are put back. The others have copies too, but no program ever wrote them:
what the office did there since is the office's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from hashlib import blake2b
from typing import Final

from django.utils import timezone

from occupation.models import BookUpgrade
from occupation.services import upgrading
from occupation.services.mirroring import rebase
from occupation.sheets.audit import told_after
from occupation.sheets.book import Cells, Grid
from occupation.sheets.identity import Tagged
from occupation.sheets.layout import Tab
from occupation.sheets.pull_rows import identify_rows
from occupation.sheets.rows import Reading, app_cells_of, app_columns
from occupation.sheets.stored import known_spools, stored_spools
from occupation.sheets.upgrade_plan import NEW_HEADERS, Survey, copy_title
from occupation.sheets.upgrade_work import UpgradeRefused, Work, in_batches

KEPT: Final = timedelta(days=7)
"""How long after it was made a backup may be put back."""


def roll_back(work: Work, *, name: str, force: bool = False) -> None:
    """Put the book back as the backup of that name has it, and tell what was done.

    Raises `UpgradeRefused` for a backup that nobody knows, that is older than a week or not all there, and, unless
    `force`, when what happened since would be lost from the book; also for what was typed after that was judged, until
    now. `NotLeading`, and what a book may raise. Running it again goes on from where it stopped.
    """
    record = _known(name)
    resumed = record.going_back_since is not None
    if not resumed and timezone.now() - record.begun_at > KEPT:
        raise UpgradeRefused(
            f"El respaldo {name} tiene más de {KEPT.days} días: ya no se vuelve a él con este programa. "
            "Sus hojas siguen en el libro."
        )
    back = _Back(work, record)
    live, kept = back.read()
    if not (resumed or force):
        _refuse_losses(record, live, kept)
    if force or not resumed:
        upgrading.go_back(record, judged=_digests(live))
    work.until(back.put_back)
    back.remember()
    work.say(f"El libro está como en el respaldo {name}. Queda retenido hasta que se mejore otra vez.")


def _known(name: str) -> BookUpgrade:
    record = BookUpgrade.objects.filter(name=name).first()
    if record is None:
        names = BookUpgrade.objects.order_by("-begun_at").values_list("name", flat=True)
        raise UpgradeRefused(f"No hay un respaldo «{name}». Los que hay: {', '.join(names) or 'ninguno'}.")
    other = upgrading.half_done()
    if other is not None and other.pk != record.pk:
        raise UpgradeRefused(
            f"Otra mejora quedó a medias: termínela con sheets_upgrade, o sheets_rollback {other.name}."
        )
    return record


def _refuse_losses(record: BookUpgrade, live: Sequence[Cells], kept: Sequence[Cells]) -> None:
    """Refuse while the journal or the office went on after the backup was made."""
    events = told_after(record.last_event).count()
    lost = [_counted(events, "evento", "eventos", "del taller")] if events else []
    for tab, now, before in zip(Tab, live, kept, strict=True):
        changed = _rows_changed(now, before, record.headers.get("nuevos", ()) if tab == Tab.OPERACIONES else ())
        lost += [_counted(changed, "fila", "filas", f"de {tab}")] if changed else []
    if lost:
        raise UpgradeRefused(
            f"Desde el respaldo {record.name} hubo cambios que el libro perdería: {', '.join(lost)}. "
            "Lo del taller queda en la app. Para volver igual, repita con --force."
        )


def _counted(number: int, one: str, many: str, of: str) -> str:
    return f"{number} {one if number == 1 else many} {of}"


def _refuse_typed_since(record: BookUpgrade, live: Sequence[Cells], kept: Sequence[Cells]) -> None:
    """Refuse while a tab is neither what was judged when going back began nor what its copy is."""
    now = _digests(live)
    back = _digests(kept)
    typed = [tab for tab in now if now[tab] not in (record.judged.get(tab), back[tab])]
    if typed:
        raise UpgradeRefused(
            f"Desde que empezó la vuelta al respaldo {record.name} alguien escribió en {', '.join(typed)}, y se "
            "perdería. Cópielo a otra hoja, o deshágalo, y repita; para volver igual, repita con --force."
        )


def _digests(tabs: Sequence[Cells]) -> dict[str, str]:
    """What each tab says, by its name, in a few letters."""
    return {
        str(tab): blake2b(json.dumps(cells).encode(), digest_size=16).hexdigest()
        for tab, cells in zip(Tab, tabs, strict=True)
    }


def _rows_changed(now: Cells, before: Cells, added: Sequence[str]) -> int:
    """How many rows are not the same, but for the columns that the upgrade added."""
    ours = {at for at, text in enumerate(now[0] if now else ()) if text in added}
    left = [_without(row, ours) for row in now]
    return max((Counter(left) - Counter(before)).total(), (Counter(before) - Counter(left)).total())


def _without(row: Sequence[object], positions: set[int]) -> tuple[object, ...]:
    kept = [cell for at, cell in enumerate(row) if at not in positions]
    while kept and kept[-1] == "":
        kept.pop()
    return tuple(kept)


class _Back:
    """One way back."""

    def __init__(self, work: Work, record: BookUpgrade) -> None:
        self.work = work
        self.record = record
        names = work.book.names
        self.copies = {tab: copy_title(names[tab], record.name) for tab in Tab}
        self.titles = [names[tab] for tab in Tab]

    def read(self) -> tuple[list[Cells], list[Cells]]:
        """The tabs and their copies, formulas as such. Raises `UpgradeRefused` when one of them is gone."""
        titles = [*self.titles, *self.copies.values()]
        self.work.ask(self.work.book.titles)  # their sizes are as of now
        cells = self.work.ask(lambda: self.work.book.read_cells(titles, formulas=True))
        gone = [title for title, one in zip(titles, cells, strict=True) if one is None]
        if gone:
            raise UpgradeRefused(
                f"Faltan hojas para volver al respaldo {self.record.name}: {', '.join(gone)}. Devuélvalas y repita: "
                "el libro no se tocó."
            )
        whole = [one for one in cells if one is not None]
        return whole[: len(Tab)], whole[len(Tab) :]

    def put_back(self) -> bool:
        """Every tab is what its copy is. Raises `UpgradeRefused` for what nobody judged: people type meanwhile."""
        live, kept = self.read()
        if live == kept:
            return True
        _refuse_typed_since(self.record, live, kept)
        self.work.write(partial(self.work.book.restore_tabs, self.copies))
        self.work.say("hojas devueltas a su lugar")
        return False

    def remember(self) -> None:
        """What the rows say now is what the program itself put there; what they lack of the app is owed to them."""
        cells = self.work.ask(lambda: self.work.book.read_cells([self.titles[0]]))[0]
        grid = Survey(Tab.OPERACIONES, self.titles[0], cells).grid()
        if isinstance(grid, Grid):
            rows = [tagged for tagged in identify_rows(grid, stored_spools()).rows if tagged.stored]
            in_batches(rows, partial(_rebase, grid))
        upgrading.gone_back(self.record)


def _rebase(grid: Grid, rows: Sequence[Tagged]) -> None:
    stored = {tagged.stored.spool_id: tagged for tagged in rows if tagged.stored}
    known = known_spools(stored)
    bases = {id: Reading.of(grid, one.row, one.tag_hoja).app_cells() for id, one in stored.items()}
    apps = {id: app_cells_of(app_columns(one.spool)) for id, one in known.items()}
    owed = {id for id in known if _shown(bases[id]) != _shown(apps[id])}
    rebase({id: bases[id] for id in known}, owed)


def _shown(cells: dict[str, str]) -> dict[str, str]:
    """The cells that a book of v2.1 can show."""
    return {name: text for name, text in cells.items() if name not in NEW_HEADERS}
