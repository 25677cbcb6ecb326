"""The sample shop's book and hours, before any database."""

from datetime import UTC, date, datetime, timedelta

import pytest

from occupation.demo.book import DemoBook, make_book
from occupation.demo.defects import DEFECTS
from occupation.demo.hours import tramos_until
from occupation.demo.roster import with_role
from occupation.sheets.layout import OPERACIONES_HEADERS, Tab
from occupation.tags import canonical_tag
from occupation.vocabulary import Rol

HOY = date(2026, 5, 14)


def book_of(seed: int = 1, spools: int = 300, workers: int = 22, hoy: date = HOY) -> DemoBook:
    return make_book(spools=spools, workers=workers, seed=seed, hoy=hoy)


def test_the_same_seed_and_day_give_the_same_book() -> None:
    assert book_of().tables() == book_of().tables()


@pytest.mark.parametrize("other", [book_of(seed=2), book_of(hoy=HOY + timedelta(days=1))])
def test_another_seed_or_day_gives_another_book(other: DemoBook) -> None:
    assert other.tables()[Tab.OPERACIONES] != book_of().tables()[Tab.OPERACIONES]


def test_the_book_has_the_real_headers_in_their_order() -> None:
    header, *rows = book_of().tables()[Tab.OPERACIONES]
    assert (tuple(header), {len(row) for row in rows}) == (OPERACIONES_HEADERS, {75})


@pytest.mark.parametrize(("spools", "workers"), [(60, 12), (300, 22), (1000, 80)])
def test_the_book_has_as_many_spools_and_workers_as_asked(spools: int, workers: int) -> None:
    book = book_of(spools=spools, workers=workers)
    tags = {canonical_tag(str(fila["TAG_SPOOL"] or "")) for fila in book.filas} - {""}
    ids = {persona.id for persona in book.roster}
    assert (len(tags), len(ids)) == (spools, workers)


@pytest.mark.parametrize("workers", [12, 22])
def test_somebody_active_has_each_role_and_somebody_is_inactive_and_somebody_has_none(workers: int) -> None:
    roster = book_of(workers=workers).roster
    assert {rol: bool(with_role(roster, rol)) for rol in Rol} == dict.fromkeys(Rol, True)
    assert [persona.activo for persona in roster].count(False) == 1
    assert [persona.roles for persona in roster].count(()) == 1


def test_every_defect_and_a_copy_of_some_rows_is_in_the_book() -> None:
    book = book_of()
    tags = [canonical_tag(str(fila["TAG_SPOOL"] or "")) for fila in book.filas]
    repeated = {tag for tag in tags if tag and tags.count(tag) > 1}
    cells = {str(cell) for fila in book.filas for cell in fila.values()}
    texts = {"por confirmar", "31-02-2026", "#REF!", "7", "-", "2,5", "1 1/2", "2x4", "Rojas(93)", "XX(999)", "ZZ(998)"}
    assert (len(repeated), tags.count("")) == (6, 2)
    assert texts - cells == set()
    assert len(DEFECTS) >= 12


@pytest.mark.parametrize("hora", [(3, 0), (7, 30), (7, 31), (10, 40), (12, 45), (13, 10), (17, 30), (23, 59)])
def test_the_last_stretch_of_work_ends_now_at_any_hour(hora: tuple[int, int]) -> None:
    chile = timedelta(hours=4)
    ahora = datetime(2026, 5, 14, *hora, tzinfo=UTC) + chile
    tramos = tramos_until(ahora)
    edges = [edge for tramo in tramos for edge in (tramo.desde, tramo.hasta)]
    assert edges == sorted(edges)
    assert all(tramo.desde < tramo.hasta for tramo in tramos)
    assert tramos[-1].hasta == ahora
    assert len({tramo.desde.date() for tramo in tramos}) >= 2
