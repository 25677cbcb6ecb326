"""Days and instants in cells: what is read, what is written, and the two clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occupation.sheets.cells import DATE, DATETIME, SANTIAGO, Unreadable

naive = datetime.fromisoformat
DAY = date(2026, 1, 21)
DAYS = st.dates(date(1990, 1, 1), date(2099, 12, 31))
INSTANTS = st.datetimes(naive("1990-01-02"), naive("2099-12-30"), timezones=st.just(UTC))


def wall(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=SANTIAGO, fold=fold)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    "raw",
    [
        46043,
        46043.0,
        46043.4818,
        46042.9999999999,
        "21-01-2026",
        "21/1/2026",
        "21.01.2026",
        "2026-01-21",
        "2026/1/21",
        "'21-01-2026",
        " 21-01-2026 ",
        "21-01-2026 14:05:06",
        "2026-01-21T14:05:06.123",
        "46043",
        "46043,4818",
        DAY,
        naive("2026-01-21T14:05"),
        datetime(2026, 1, 22, 2, 30, tzinfo=UTC),
    ],
    ids=ascii,
)
def test_a_day_is_read_however_it_is_written(raw: object) -> None:
    assert DATE.decode(raw) == DAY


@pytest.mark.parametrize("raw", [None, "", " ", "-", " - ", "--", "–", "'", "'-", "\N{NO-BREAK SPACE}"], ids=ascii)
def test_a_blank_or_a_dash_is_no_day(raw: object) -> None:
    assert DATE.decode(raw) is None
    assert DATETIME.decode(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        "31-02-2026",
        "29-02-2025",
        "01/21/2026",
        "21-01-26",
        "21-01/2026",
        "2026-13-01",
        "21-01-2026 24:00",
        "21-01-2026 10:60",
        "21 de enero",
        "hoy",
        "2026",
        "20260121",
        "99999",
        "21-01-1889",
        "21-01-2100",
        "٢١-٠١-٢٠٢٦",
        "#REF!",
        "#N/A",
        "#¡VALOR!",
        "\x00",
        "21-01-2026\x00",
        "\ud800",
        "9" * 10_000,
        True,
        False,
        0,
        7,
        -1,
        2026,
        20260121,
        1e400,
        float("nan"),
        float("-inf"),
        10**400,
        date(1900, 1, 6),
        naive("9999-12-31T23:59:59.999999"),
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        timedelta(hours=1),
        [46043],
        {"v": 46043},
        b"21-01-2026",
    ],
    ids=lambda raw: ascii(raw)[:30],
)
def test_what_is_no_day_is_unreadable_and_never_blank(raw: object) -> None:
    for codec in (DATE, DATETIME):
        read = codec.decode(raw)
        assert isinstance(read, Unreadable)
        assert read.raw is raw
        assert read.why


def test_lesson_4_a_datetime_that_came_back_as_a_float_is_read_and_never_absent() -> None:
    assert DATETIME.decode(46155.4818) == wall(2026, 5, 13, 11, 33, 48)
    assert DATETIME.decode("46155.4818") == wall(2026, 5, 13, 11, 33, 48)
    assert DATETIME.decode("46155,4818") == wall(2026, 5, 13, 11, 33, 48)
    assert DATE.decode(46155.4818) == date(2026, 5, 13)
    read = DATETIME.decode("46155.4818 aprox.")
    assert read == Unreadable("46155.4818 aprox.", "no es una fecha y hora (se espera DD-MM-AAAA HH:MM:SS)")


def test_lesson_5_a_count_in_a_date_column_is_unreadable_not_a_day_of_1900() -> None:
    for raw in (7, 7.0, "7", date(1900, 1, 6), naive("1900-01-06"), "06-01-1900"):
        assert DATE.decode(raw) == Unreadable(raw, "no es una fecha (se espera DD-MM-AAAA)")
    assert DATE.encode(DAY) == 46043
    assert isinstance(DATE.encode(DAY), int)
    assert DATETIME.encode(wall(2026, 1, 21, 12)) == 46043.5


def test_days_and_instants_are_written_day_first() -> None:
    assert DATE.encode_text(DAY) == "21-01-2026"
    assert DATE.encode_text(date(2026, 3, 1)) == "01-03-2026"
    assert DATETIME.encode_text(wall(2026, 3, 1, 7, 5, 9)) == "01-03-2026 07:05:09"
    assert (DATE.encode(None), DATE.encode_text(None)) == ("", "")
    assert (DATETIME.encode(None), DATETIME.encode_text(None)) == ("", "")


def test_the_day_of_an_instant_is_the_day_in_santiago() -> None:
    late = datetime(2026, 1, 22, 2, 30, tzinfo=UTC)
    assert DATE.canonical(late) == DAY
    assert DATE.encode(late) == 46043
    assert DATE.encode_text(late) == "21-01-2026"


@pytest.mark.parametrize(
    ("raw", "hour"),
    [
        ("21-01-2026 7:05", (7, 5, 0)),
        ("21-01-2026 07:05:09", (7, 5, 9)),
        ("2026-01-21T07:05:09", (7, 5, 9)),
        ("21/01/2026  23:59:59,9", (23, 59, 59)),
        ("21-01-2026", (0, 0, 0)),
        (46043, (0, 0, 0)),
        (46043.5, (12, 0, 0)),
        (naive("2026-01-21T07:05:08.999996"), (7, 5, 9)),
        (datetime(2026, 1, 21, 10, 5, 9, tzinfo=UTC), (7, 5, 9)),
        (DAY, (0, 0, 0)),
    ],
)
def test_an_instant_is_read_as_wall_time_of_santiago(raw: object, hour: tuple[int, int, int]) -> None:
    read = DATETIME.decode(raw)
    assert read == wall(2026, 1, 21, *hour)
    assert isinstance(read, datetime)
    assert read.tzinfo is SANTIAGO


def test_the_hour_that_autumn_repeats_is_read_as_its_first_pass() -> None:
    first = datetime(2026, 4, 5, 2, 30, tzinfo=UTC)
    second = datetime(2026, 4, 5, 3, 30, tzinfo=UTC)
    assert DATETIME.encode_text(first) == DATETIME.encode_text(second) == "04-04-2026 23:30:00"
    assert DATETIME.encode(first) == DATETIME.encode(second)
    read = DATETIME.decode("04-04-2026 23:30:00")
    assert isinstance(read, datetime)
    assert read.astimezone(UTC) == first
    assert DATETIME.canonical(second) == read  # the cell says the same, so nobody edited it


def test_the_hour_that_spring_skips_is_read_one_hour_later() -> None:
    read = DATETIME.decode("06-09-2026 00:30:00")
    assert isinstance(read, datetime)
    assert read.astimezone(UTC) == datetime(2026, 9, 6, 4, 30, tzinfo=UTC)
    assert DATETIME.encode_text(read) == "06-09-2026 01:30:00"
    assert DATETIME.decode("06-09-2026") == wall(2026, 9, 6, 1)


def test_the_second_before_and_after_each_clock_change_survives() -> None:
    for change in (datetime(2026, 4, 5, 3, tzinfo=UTC), datetime(2026, 9, 6, 4, tzinfo=UTC)):
        for instant in (change - timedelta(hours=1, seconds=1), change + timedelta(hours=1)):
            for read in (DATETIME.decode(DATETIME.encode(instant)), DATETIME.decode(DATETIME.encode_text(instant))):
                assert isinstance(read, datetime)
                assert read.astimezone(UTC) == instant


@given(DAYS)
def test_any_day_survives_both_writings(day: date) -> None:
    assert DATE.decode(DATE.encode(day)) == day
    assert DATE.decode(DATE.encode_text(day)) == day
    assert DATE.canonical(day) == day


@given(INSTANTS)
def test_any_instant_survives_both_writings_to_the_wall_clock_second(instant: datetime) -> None:
    canonical = DATETIME.canonical(instant)
    assert DATETIME.decode(DATETIME.encode(instant)) == canonical
    assert DATETIME.decode(DATETIME.encode_text(instant)) == canonical
    assert DATETIME.canonical(canonical) == canonical
    assert canonical is not None
    assert abs(instant - canonical) < timedelta(hours=1, seconds=1)  # the repeated hour is the only loss
