"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.server.pages import figures


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "-"),
        (0, "0"),
        (999, "999"),
        (1_000, "1 k"),
        (12_345, "12.3 k"),
        (128_000, "128 k"),
        (999_499, "999 k"),
        (999_500, "1 M"),
        (1_240_000, "1.24 M"),
        (999_999_999, "1 G"),
    ],
)
def test_tokens_have_three_digits(number: int | None, text: str) -> None:
    assert figures.tokens(number) == text


@given(st.integers(0, 10**12 - 10**9))
def test_no_count_is_longer_than_six_characters(number: int) -> None:
    assert len(figures.tokens(number)) <= 6


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3.0, "0 s"),
        (59.9, "59 s"),
        (60.0, "1 min"),
        (3_725.0, "1 h 2 min"),
        (3_600.0, "1 h"),
        (86_400.0 * 3 + 60, "3 d"),
        (86_400.0 * 3 + 4 * 3_600, "3 d 4 h"),
    ],
)
def test_a_time_has_its_two_greatest_units(seconds: float, text: str) -> None:
    assert figures.lasting(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "just now"), (-5.0, "just now"), (2.0, "2 s ago"), (61.0, "1 min ago"), (7_300.0, "2 h ago")],
)
def test_a_moment_has_its_greatest_unit(seconds: float, text: str) -> None:
    assert figures.ago(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (0.34, "340 ms"), (0.9996, "1.0 s"), (12.345, "12.3 s")])
def test_what_took_less_than_a_second_is_told_in_milliseconds(seconds: float | None, text: str) -> None:
    assert figures.took(seconds) == text


@pytest.mark.parametrize(
    ("spent", "text"),
    [(None, "-"), (125.0, "$1.25"), (17.5, "$0.175"), (12.5, "$0.125"), (0.5, "$0.0050"), (0.0, "$0.00")],
)
def test_a_price_is_in_dollars(spent: float | None, text: str) -> None:
    assert figures.price(spent) == text


@pytest.mark.parametrize(("factor", "text"), [(0.0, "included"), (1.0, "1x"), (0.33, "0.33x")])
def test_a_multiplier_of_nothing_is_included(factor: float, text: str) -> None:
    assert figures.multiplier(factor) == text


@pytest.mark.parametrize(("part", "whole", "text"), [(0, 0, "0 %"), (91, 100, "91 %"), (1, 1, "100 %")])
def test_a_share_of_nothing_is_nothing(part: int, whole: int, text: str) -> None:
    assert figures.percent(part, whole) == text
