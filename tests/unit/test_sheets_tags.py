"""The identity of a tag, and what a search compares."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occupation.tags import canonical_tag, search_key

ANY_TEXT = st.text(st.characters())  # lone surrogates too


@pytest.mark.parametrize(
    ("spelled", "canonical"),
    [
        ("MK-1335-CW-25238-011", "MK-1335-CW-25238-011"),
        ("  mk-1335-cw-25238-011\n", "MK-1335-CW-25238-011"),
        ("MK  1335\t\tCW", "MK 1335 CW"),
        ("MK\N{NO-BREAK SPACE}1335", "MK 1335"),
        ("can\N{COMBINING TILDE}eria 1", "CAÑERIA 1"),
        ("cañeria 1", "CAÑERIA 1"),
        ("straße", "STRASSE"),
        ("", ""),
        (" \t ", ""),
    ],
)
def test_spellings_of_a_tag_share_one_canonical_form(spelled: str, canonical: str) -> None:
    assert canonical_tag(spelled) == canonical


@given(ANY_TEXT)
def test_canonical_tag_is_idempotent_for_any_text(text: str) -> None:
    once = canonical_tag(text)
    assert canonical_tag(once) == once
    assert once == unicodedata.normalize("NFC", once)


def test_canonical_tag_is_idempotent_for_every_letter_that_changes_alone_and_accented() -> None:
    marks = "\N{COMBINING GREEK YPOGEGRAMMENI}\N{COMBINING ACUTE ACCENT}"
    odd = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if (letter := chr(code)).upper() != letter or unicodedata.decomposition(letter)
        for text in (letter, letter + marks)
        if canonical_tag(once := canonical_tag(text)) != once
    ]
    assert odd == []


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("MK-1335-CW-25238-011", "mk1335cw25238011"),
        ("mk 1335_cw", "mk1335cw"),
        ("Ubicación – Ñuñoa", "ubicacionnunoa"),
        ("NV0650", "nv0650"),
        (" - _ ", ""),
        ("2/3", "2/3"),
    ],
)
def test_a_search_ignores_case_accents_blanks_and_dashes(typed: str, key: str) -> None:
    assert search_key(typed) == key


@given(ANY_TEXT)
def test_search_key_is_idempotent_and_the_same_for_a_text_and_its_canonical_form(text: str) -> None:
    assert search_key(search_key(text)) == search_key(text)
    assert search_key(unicodedata.normalize("NFD", text)) == search_key(unicodedata.normalize("NFC", text))
