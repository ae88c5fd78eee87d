"""The days that a text means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.ledger.period import Period, PeriodError, date_of, day_of, month_of, parse_since
from tests.fakes import NOON

NOW = 1_796_036_400.0
"""2026-11-30 11:00 UTC."""
TODAY = day_of(NOW)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("month", "2026-11-01"),
        ("7d", "2026-11-24"),
        ("1d", "2026-11-30"),
        ("11h", "2026-11-30"),
        ("12h", "2026-11-29"),
        ("24h", "2026-11-29"),
        (" 24H ", "2026-11-29"),
        ("2026-11-30", "2026-11-30"),
        ("2020-02-29", "2020-02-29"),
        ("1969-12-31", "1969-12-31"),
    ],
)
def test_a_period_ends_today(text: str, first: str) -> None:
    since, until = parse_since(text, NOW)
    assert (date_of(since), until) == (first, TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "d",
        "0d",
        "-1d",
        "7w",
        "1e3d",
        "\N{ARABIC-INDIC DIGIT SEVEN}d",
        "99999d",
        "999999h",
        "2026-02-30",
        "20261101",
        "yesterday",
        "7d\n7d",
    ],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(PeriodError, match="write 7d, 24h, 2026-11-01 or month"):
        parse_since(text, NOW)


def test_a_day_to_come_is_refused() -> None:
    with pytest.raises(PeriodError, match="2026-12-01 is after today, 2026-11-30 in UTC"):
        parse_since("2026-12-01", NOW)


@given(st.integers(0, 2_000_000))
def test_a_month_has_its_days_and_the_next_begins_after_it(day: int) -> None:
    since, until = month_of(day)
    assert since <= day <= until
    assert 27 <= until - since <= 30
    assert date_of(since).endswith("-01")
    assert date_of(until + 1).endswith("-01")
    assert month_of(until + 1).since == until + 1


@given(st.floats(0, 2e11))
def test_each_moment_is_in_its_day(moment: float) -> None:
    assert day_of(moment) * 86_400 <= moment < (day_of(moment) + 1) * 86_400


def test_a_day_that_no_calendar_has_is_its_number() -> None:
    assert date_of(1 << 40) == str(1 << 40)
    assert parse_since("month", NOON) == Period(month_of(day_of(NOON)).since, day_of(NOON))
