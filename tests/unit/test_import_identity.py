"""Which row is which spool: duplicates, renames, copies, and tags nobody can use."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from occupation.sheets.identity import UNPRINTABLE, Identity, Stored, identify
from occupation.sheets.layout import Tab
from tests.books import TypedBook, typed_rows

V1 = UUID("11111111-1111-4111-8111-111111111111")
V2 = UUID("22222222-2222-4222-8222-222222222222")
V3 = UUID("33333333-3333-4333-8333-333333333333")


def stored(spool_id: int, tag: str, version: UUID, *, archived: bool = False, held: bool = False) -> Stored:
    return Stored(spool_id, tag, version, archived, held, "")


def found(*rows: Mapping[str, object], known: tuple[Stored, ...] = ()) -> Identity:
    grid = TypedBook({Tab.OPERACIONES: typed_rows(*rows)}).read(Tab.OPERACIONES)
    by_tag = {one.tag: one for one in known}
    return identify(grid, by_tag, lambda _: {str(one.version): one for one in known})


def outcome(identity: Identity) -> list[tuple[str, int | None, bool, str, UUID | None]]:
    return [
        (one.tag, one.stored.spool_id if one.stored else None, one.renamed, one.copied_of, one.version)
        for one in identity.rows
    ]


def test_the_canonical_tag_finds_the_spool() -> None:
    identity = found({"TAG_SPOOL": " mk-1  a "}, known=(stored(7, "MK-1 A", V1),))
    assert outcome(identity) == [("MK-1 A", 7, False, "", None)]
    assert identity.rows[0].tag_hoja == "mk-1 a"


def test_lesson_9_the_duplicate_with_more_of_our_cells_is_the_one_used() -> None:
    identity = found(
        {"TAG_SPOOL": "A", "NV": "NV1", "Notas": "larga", "Cliente": "x"},
        {"TAG_SPOOL": "a", "Armador": "MR(93)"},
        {"TAG_SPOOL": "A ", "Armador": "MR(93)", "Fecha_Armado": "12-01-2026"},
        {"TAG_SPOOL": "B"},
    )
    assert [(one.tag, one.row.number) for one in identity.rows] == [("A", 4), ("B", 5)]
    assert sorted(identity.duplicates) == [("A", 2, 4), ("A", 3, 4)]


def test_of_duplicates_the_one_that_shows_the_spools_version_is_used_however_much_the_others_say() -> None:
    full = {"Armador": "MR(93)", "Fecha_Armado": "12-01-2026", "Soldador": "MR(93)"}
    identity = found(
        {"TAG_SPOOL": "A", **full},
        {"TAG_SPOOL": "A", "version": str(V1)},
        {"TAG_SPOOL": "A", **full},
        known=(stored(7, "A", V1),),
    )
    assert [one.row.number for one in identity.rows] == [3]
    assert sorted(identity.duplicates) == [("A", 2, 3), ("A", 4, 3)]


def test_of_equal_duplicates_the_first_is_used() -> None:
    identity = found({"TAG_SPOOL": "A", "Notas": "1"}, {"TAG_SPOOL": "A", "Notas": "2"})
    assert [one.row.number for one in identity.rows] == [2]
    assert identity.duplicates == [("A", 3, 2)]


def test_a_new_tag_with_the_version_of_a_missing_spool_is_that_spool_renamed() -> None:
    identity = found({"TAG_SPOOL": "B", "version": str(V1).upper()}, known=(stored(7, "A", V1),))
    assert outcome(identity) == [("B", 7, True, "", None)]
    assert identity.missing == []


def test_a_new_tag_with_the_version_of_a_spool_still_there_is_a_copy() -> None:
    row = {"version": str(V1)}
    identity = found({"TAG_SPOOL": "A", **row}, {"TAG_SPOOL": "B", **row}, known=(stored(7, "A", V1),))
    assert outcome(identity) == [("A", 7, False, "", None), ("B", None, False, "A", None)]


def test_of_two_new_rows_with_the_version_of_a_missing_spool_the_first_is_the_rename() -> None:
    row = {"version": str(V1)}
    identity = found({"TAG_SPOOL": "B", **row}, {"TAG_SPOOL": "C", **row}, known=(stored(7, "A", V1),))
    assert outcome(identity) == [("B", 7, True, "", None), ("C", None, False, "B", None)]


def test_a_version_nobody_has_belongs_to_the_new_spool() -> None:
    identity = found(
        {"TAG_SPOOL": "A", "version": str(V1)},
        {"TAG_SPOOL": "B", "version": str(V1)},
        {"TAG_SPOOL": "C", "version": "3"},
        {"TAG_SPOOL": "D", "version": f"{{{V3}}}"},
    )
    assert outcome(identity) == [
        ("A", None, False, "", V1),
        ("B", None, False, "A", None),
        ("C", None, False, "", None),
        ("D", None, False, "", None),
    ]


def test_a_spool_renamed_after_it_left_the_sheet_comes_back_with_its_new_name() -> None:
    identity = found({"TAG_SPOOL": "B", "version": str(V1)}, known=(stored(7, "A", V1, archived=True),))
    assert outcome(identity) == [("B", 7, True, "", None)]


def test_a_tag_that_left_is_missing_unless_it_already_was() -> None:
    identity = found(
        {"TAG_SPOOL": "A"}, known=(stored(7, "A", V1), stored(8, "B", V2), stored(9, "C", V3, archived=True))
    )
    assert [one.tag for one in identity.missing] == ["B"]


def test_blank_tags_are_skipped_and_unusable_ones_are_doubtful() -> None:
    identity = found(
        {"TAG_SPOOL": "", "NV": "NV1"},
        {"TAG_SPOOL": "-", "NV": "NV1"},
        {"TAG_SPOOL": "X" * 101},
        {"TAG_SPOOL": "MK\u200b1"},
        {"TAG_SPOOL": "MK\x001"},
        {"TAG_SPOOL": "#N/A"},
        {"TAG_SPOOL": "\ud800"},
        {"TAG_SPOOL": float("nan")},
        {"TAG_SPOOL": 25238},
    )
    assert [one.tag for one in identity.rows] == ["25238"]
    assert [doubt.number for doubt in identity.doubts] == [4, 5, 6, 7, 8, 9]
    assert identity.doubts[1].why == UNPRINTABLE


def test_a_spool_whose_row_lost_its_tag_is_not_missing_when_the_version_says_so() -> None:
    known = (stored(7, "A", V1), stored(8, "B", V2))
    told = found({"TAG_SPOOL": "#REF!", "version": str(V1)}, {"TAG_SPOOL": "B"}, known=known)
    assert (told.missing, told.unclear) == ([], False)
    untold = found({"TAG_SPOOL": "#REF!"}, {"TAG_SPOOL": "B"}, known=known)
    assert ([one.tag for one in untold.missing], untold.unclear) == (["A"], True)
