"""What makes two spellings the same spool, and what a search ignores."""

from __future__ import annotations

import re
import unicodedata

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> bool:
    """Whether a database can hold the text: no NUL, no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None


def canonical_tag(text: str) -> str:
    """Return the identity of a spool's tag: NFC, trimmed, inner blanks collapsed, upper case.

    Uniqueness and look-ups use this form; screens show the sheet's own spelling. Applying it twice changes
    nothing, for any text: upper casing can take a text out of NFC, so it is normalised again after it.
    """
    if text.isascii():
        return " ".join(text.upper().split())
    upper = unicodedata.normalize("NFC", text).upper()
    return " ".join(unicodedata.normalize("NFC", upper).split())


def search_key(text: str) -> str:
    """Return what a search compares: no case, no accents, no blanks, dashes or underscores.

    `mk 1335 cw` finds `MK-1335-CW-25238-011`, and `ubicacion` finds `Ubicación`. Applying it twice changes
    nothing; folding comes between two strippings because some letters fold into others with marks.
    """
    return _stripped(_stripped(text).casefold())


def _stripped(text: str) -> str:
    return "".join(filter(_is_searched, unicodedata.normalize("NFD", text)))


def _is_searched(letter: str) -> bool:
    if letter.isascii():
        return not letter.isspace() and letter not in "-_"
    return not letter.isspace() and unicodedata.category(letter) not in {"Mn", "Pd", "Pc"}
