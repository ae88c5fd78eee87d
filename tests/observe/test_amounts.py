"""Numbers and spans of time as people read them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.observe.amounts import amount, decimal, elapsed, join_names, span, tokens

SIGNS = {"": 1, "k": 1_000, "M": 1_000_000}


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (812, "812"),
        (999, "999"),
        (1000, "1k"),
        (4096, "4.1k"),
        (16384, "16.4k"),
        (128_000, "128k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (1_050_000, "1.05M"),
        (12_400_000, "12.4M"),
    ],
)
def test_tokens(count: int, text: str) -> None:
    assert tokens(count) == text


@given(st.integers(0, 10**12))
def test_tokens_are_told_to_three_digits(count: int) -> None:
    number, sign = re.fullmatch(r"([\d.]+)([kM]?)", tokens(count)).groups()  # type: ignore[union-attr]  # fails if None
    assert abs(float(number) * SIGNS[sign] - count) <= count * 0.0051 + 0.5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (12_060, "3 h 21 min"),
        (86_400, "1 d"),
        (187_300, "2 d 4 h"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0004, "0 ms"), (0.391, "391 ms"), (0.9999, "1.0 s"), (1.24, "1.2 s"), (75.2, "75 s")]
)
def test_elapsed(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text


@pytest.mark.parametrize(
    ("names", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a, b"), (["a", "b", "c"], "a, b and 1 more")],
)
def test_names_in_a_row(names: list[str], text: str) -> None:
    assert join_names(names, 2) == text


@pytest.mark.parametrize(
    ("spent", "text"),
    [
        (0, "0.00 credits ($0.00)"),
        (12.7635, "12.76 credits ($0.13)"),
        (0.0231, "0.0231 credits ($0.0002)"),
        (31.2, "31.20 credits ($0.31)"),
        (1234.5, "1,234.50 credits ($12.35)"),
    ],
)
def test_an_amount(spent: float, text: str) -> None:
    assert amount(spent) == text


@given(st.integers(0, 2**62))
def test_a_decimal_is_exact(nano: int) -> None:
    whole, _, part = decimal(nano, 9).partition(".")
    assert int(whole + part.ljust(9, "0")) == nano
    assert not part.endswith("0")
