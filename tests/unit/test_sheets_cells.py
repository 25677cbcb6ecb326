"""One table of examples per codec, and what holds for every codec and any raw value."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occupation.sheets.cells import (
    BOOLEAN,
    DATE,
    DATETIME,
    NUMBER,
    TAG,
    TEXT,
    WHOLE,
    WORKER,
    Codec,
    TextCodec,
    Unreadable,
    WholeCodec,
    shielded,
    text_of,
)

naive = datetime.fromisoformat
ALL: list[Codec[Any]] = [DATE, DATETIME, NUMBER, WHOLE, WholeCodec(0), BOOLEAN, TEXT, TextCodec(100), TAG, WORKER]
ANY_TEXT = st.text(st.characters())  # lone surrogates too
CELL_TEXT = ANY_TEXT | st.text("0123456789-/.,: '()=+@#\"TZMR\r\n\t", max_size=30)
RAW = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**5000), 10**5000)
    | st.floats()
    | st.floats(30_000, 80_000)
    | CELL_TEXT
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


def test_unreadable_is_kept_apart_from_blank_for_every_codec_but_text() -> None:
    for codec in ALL:
        for blank in (None, "", "  ", "\t\n", "'", "' "):
            assert codec.decode(blank) is None
        hostile: list[object] = [
            "#REF!",
            "#N/A",
            "#¡DIV/0!",
            "\x01",
            "x\x00y",
            "\ud800",
            [1],
            {},
            float("nan"),
            float("inf"),
        ]
        for broken in hostile:
            assert isinstance(codec.decode(broken), Unreadable)


@given(RAW)
def test_no_raw_value_makes_any_codec_raise(raw: object) -> None:
    for codec in ALL:
        read = codec.decode(raw)
        if isinstance(read, Unreadable):
            assert len(read.shown) <= 200
            assert read.shown.encode() is not None


@given(RAW)
def test_whatever_a_codec_reads_survives_both_writings(raw: object) -> None:
    for codec in ALL:
        read = codec.decode(raw)
        if not isinstance(read, Unreadable):
            assert codec.canonical(read) == read
            assert codec.decode(codec.encode(read)) == read
            assert codec.decode(codec.encode_text(read)) == read


@given(CELL_TEXT)
def test_no_text_written_to_a_csv_file_starts_a_formula(text: str) -> None:
    assert not TEXT.encode_text(text).startswith(tuple("=+-@"))


def test_a_formula_error_says_so() -> None:
    assert DATE.decode(" #REF! ") == Unreadable(" #REF! ", "la fórmula de la celda da un error (#REF!)")
    assert TEXT.decode("#SIN CALCULAR!") == Unreadable(
        "#SIN CALCULAR!", "la fórmula de la celda da un error (#SIN CALCULAR!)"
    )
    assert TEXT.decode("#3 de la línea") == "#3 de la línea"


def test_an_unreadable_cell_is_shown_short_and_without_control_characters() -> None:
    assert Unreadable("a\x00b\ud800", "").shown == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
    assert Unreadable("x" * 10_000, "").shown == "x" * 199 + "…"
    assert Unreadable(10**5000, "").shown == "(un número enorme)"
    assert Unreadable(7.5, "").shown == "7.5"
    assert Unreadable(raw=True, why="").shown == "True"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (2, "2"),
        (2.5, "2.5"),
        (0.1 + 0.2, "0.3"),
        (-3, "-3"),
        ("2.5", "2.5"),
        ("2,5", "2.5"),
        ("1 1/2", "1.5"),
        ("1-1/2", "1.5"),
        ("1  3/4", "1.75"),
        ("1/2", "0.5"),
        ("-1/2", "-0.5"),
        ('2"', "2"),
        ('1 1/2"', "1.5"),
        ("1.234", "1.234"),
        ("1,234", "1.234"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1.234.567", "1234567"),
        ("1,234,567.25", "1234567.25"),
        (",5", "0.5"),
        ("+7", "7"),
        ("'-7", "-7"),
        ("0", "0"),
        ("1/3", "0.333333"),
    ],
)
def test_a_number_is_read_however_it_is_written(raw: object, value: str) -> None:
    assert NUMBER.decode(raw) == Decimal(value)


NO_NUMBERS = [
    *("dos", "1/0", "2.5.1", "1,2,3", "1e400", "1e5", "inf", "nan", "0x10", "2 5", "٣", "5%", "9" * 41, "1/2/3"),
    *(True, False, 10**9, -(10**9), 10**400, 1e300, float("nan"), float("inf"), date(2026, 1, 1)),
]


@pytest.mark.parametrize("raw", NO_NUMBERS, ids=lambda raw: ascii(raw)[:30])
def test_what_is_no_number_is_unreadable(raw: object) -> None:
    read = NUMBER.decode(raw)
    assert isinstance(read, Unreadable)
    assert read.raw is raw
    assert read.why == "no es un número"


def test_a_dash_is_a_blank_number_and_numbers_are_written_plainly() -> None:
    assert NUMBER.decode("-") is None
    assert [NUMBER.encode(Decimal(text)) for text in ("2", "2.50", "1E+2", "0.1")] == [2, 2.5, 100, 0.1]
    assert [NUMBER.encode_text(Decimal(text)) for text in ("2", "2.50", "1E+2", "-1")] == ["2", "2.5", "100", "'-1"]
    assert isinstance(NUMBER.encode(Decimal("2.0")), int)


@given(st.decimals(-(10**9) + 1, 10**9 - 1, places=6))
def test_any_number_survives_both_writings_and_is_its_own_canonical(value: Decimal) -> None:
    assert NUMBER.decode(NUMBER.encode(value)) == value
    assert NUMBER.decode(NUMBER.encode_text(value)) == value
    assert NUMBER.canonical(value) == value


@pytest.mark.parametrize("raw", [93, 93.0, "93", " 93 ", "'93", "93,0", "93.0"])
def test_a_whole_number_is_read_however_it_is_written(raw: object) -> None:
    assert WHOLE.decode(raw) == 93


def test_what_identifies_nobody_is_unreadable() -> None:
    for raw in (0, -1, 93.5, "93.5", "noventa", True, 10**9):
        assert WHOLE.decode(raw) == Unreadable(raw, "no es un número entero de 1 en adelante")
    assert WholeCodec(0).decode(0) == 0
    assert WHOLE.decode("-") is None
    assert (WHOLE.encode(93), WHOLE.encode_text(93)) == (93, "93")


def test_booleans_are_read_in_words_and_numbers() -> None:
    for yes in (True, 1, 1.0, "TRUE", "true", "Verdadero", "SI", "sí", "Si\N{COMBINING ACUTE ACCENT}", " 1 "):
        assert BOOLEAN.decode(yes) is True
    for no in (False, 0, 0.0, "FALSE", "falso", "No", "0"):
        assert BOOLEAN.decode(no) is False
    for neither in ("quizás", "2", 2, 0.5, "x", "T" * 10_000, date(2026, 1, 1)):
        assert BOOLEAN.decode(neither) == Unreadable(neither, "no es VERDADERO ni FALSO")
    assert [BOOLEAN.encode(value) for value in (True, False, None)] == [True, False, ""]
    assert [BOOLEAN.encode_text(value) for value in (True, False, None)] == ["TRUE", "FALSE", ""]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("  revisar  ", "revisar"),
        ("-", "-"),
        ("=SUMA(A1)", "=SUMA(A1)"),
        ("'=SUMA(A1)", "=SUMA(A1)"),
        ("''cita''", "'cita''"),
        ("línea 1\r\nlínea 2", "línea 1\nlínea 2"),
        ("can\N{COMBINING TILDE}ería", "cañería"),
        (650, "650"),
        (650.0, "650"),
        (2.5, "2.5"),
        (True, "TRUE"),
        (date(2026, 1, 21), "21-01-2026"),
        (naive("2026-01-21T07:05"), "21-01-2026 07:05:00"),
        ("x" * 10_000, "x" * 10_000),
    ],
)
def test_text_is_trimmed_and_normalised_and_formulas_stay_text(raw: object, value: str) -> None:
    assert TEXT.decode(raw) == value


def test_text_is_shielded_in_csv_files_and_not_for_google() -> None:
    for text in ("=1+1", "+56 9", "-", "@aqui"):
        assert TEXT.encode_text(text) == shielded(text) == "'" + text
        assert TEXT.encode(text) == text
        assert TEXT.decode("'" + text) == text
    assert (TEXT.encode("'cita'"), TEXT.encode_text("'cita'")) == ("''cita'", "''cita'")
    assert (TEXT.encode("  "), TEXT.canonical("  "), TEXT.encode_text(None)) == ("", None, "")


def test_text_longer_than_its_column_is_unreadable() -> None:
    assert TextCodec(100).decode("x" * 100) == "x" * 100
    assert TextCodec(100).decode("x" * 101) == Unreadable("x" * 101, "no es un texto de 100 caracteres o menos")
    assert TEXT.decode(10**20) == Unreadable(10**20, "no es un texto de 50000 caracteres o menos")


def test_tags_keep_their_spelling_with_one_blank_between_words() -> None:
    assert TAG.decode(" mk-1335  cw\n011 ") == "mk-1335 cw 011"
    assert TAG.decode(1335) == TAG.decode(1335.0) == "1335"
    assert TAG.decode("-") is None
    assert TAG.decode("x" * 100) == "x" * 100
    for raw in ("x" * 101, "ß" * 100, True, date(2026, 1, 21)):
        assert TAG.decode(raw) == Unreadable(raw, "no es un texto de 100 caracteres o menos")
    assert TAG.canonical(unicodedata.normalize("NFD", " caña  1 ")) == "caña 1"


@pytest.mark.parametrize("raw", ["MR(93)", "Rojas(93)", "W(93)", "mr (93)", "MR( 93 )", "(93)", "'MR(93)", "ÑÁ(0093)"])
def test_only_the_number_in_parentheses_names_a_worker(raw: str) -> None:
    assert WORKER.decode(raw) == 93


@pytest.mark.parametrize(
    "raw", ["MR", "93", 93, 93.0, "MR(0)", "MR()", "MR(9x)", "A(1) B(2)", "MR((93))", "MR(93) x", True]
)
def test_a_worker_without_one_number_in_parentheses_is_unreadable(raw: object) -> None:
    assert WORKER.decode(raw) == Unreadable(raw, "no es un trabajador (se espera INICIALES(NÚMERO), como MR(93))")


def test_a_worker_is_written_by_the_shown_name_and_compared_by_number() -> None:
    assert (WORKER.encode("MR(93)"), WORKER.encode_text("MR(93)")) == ("MR(93)", "MR(93)")
    assert (WORKER.encode(93), WORKER.encode_text(93)) == ("W(93)", "W(93)")
    assert (WORKER.encode(None), WORKER.encode_text(None), WORKER.encode("")) == ("", "", "")
    assert WORKER.canonical("MR(93)") == WORKER.canonical(93) == WORKER.decode("Rojas(93)") == 93
    assert WORKER.decode("-") is None


def test_plain_values_without_a_column_of_ours_are_written_by_their_type() -> None:
    values = [None, True, 2, 2.5, Decimal("1.50"), date(2026, 1, 21), naive("2026-01-21T07:05"), "=x", "cañería"]
    written = ["", "TRUE", "2", "2.5", "1.5", "21-01-2026", "21-01-2026 07:05:00", "'=x", "cañería"]
    assert [text_of(value) for value in values] == written
