"""What people type for money and for times."""

import click
import pytest

from passenger.cli.team.amounts import date_text, money_text, read_moment, read_money, read_seconds

DOLLAR = 100 * 10**9


@pytest.mark.parametrize(
    ("text", "nano"),
    [
        ("50", 50 * DOLLAR),
        ("$50", 50 * DOLLAR),
        ("50.5 USD", 5050 * DOLLAR // 100),
        ("0", 0),
        ("1cr", 10**9),
        ("0.5 credits", 5 * 10**8),
        ("0.000000001cr", 1),
    ],
)
def test_money_is_dollars_or_credits(text: str, nano: int) -> None:
    assert read_money(text) == nano


@pytest.mark.parametrize("text", ["", "$", "-1", "1e9", "1,5", "50 EUR", "nan", "9" * 30, "\u0661"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError):
        read_money(text)


def test_times_are_durations_or_dates() -> None:
    assert [read_seconds(text) for text in ("0", "90s", "30m", "24h", "7d", "2w")] == [
        0,
        90,
        1800,
        86_400,
        604_800,
        1_209_600,
    ]
    assert read_moment("24h", 1000.5) == 87_400
    assert date_text(read_moment("2026-12-31", 0) - 1) == "2026-12-31 23:59"
    assert date_text(None) == "-"
    for text in ("", "1", "1y", "-1d", "2026-13-01", "d"):
        with pytest.raises(click.UsageError):
            read_moment(text, 0)


def test_money_is_told_in_dollars() -> None:
    assert money_text(1234567 * DOLLAR // 1000) == "$1,234.57"
