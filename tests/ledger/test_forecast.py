"""Laws of the forecast."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.ledger.forecast import WINDOW, DailyCosts, Forecast, forecast, runs_out_on

AMOUNTS = st.integers(0, 10**15)
HISTORIES = st.lists(AMOUNTS, min_size=1, max_size=40)
TODAY = 20_787


def made(history: list[int], spent_today: int = 0, spent: int = 0, days: int = 10, seed: int = 0) -> Forecast:
    found = forecast(DailyCosts(history, TODAY, spent_today), spent, TODAY + days, Random(seed))
    assert found is not None
    return found


@given(HISTORIES, AMOUNTS, AMOUNTS, st.integers(0, 31), st.integers())
def test_the_band_holds_what_is_expected_and_is_never_below_what_was_spent(
    history: list[int], spent_today: int, spent: int, days: int, seed: int
) -> None:
    found = made(history, spent_today, spent, days, seed)
    assert spent <= found.low <= found.expected <= found.high
    assert found.days_known == min(len(history), WINDOW)


@given(HISTORIES, st.data())
def test_who_has_spent_more_on_any_day_is_expected_to_spend_no_less(history: list[int], data: st.DataObject) -> None:
    more = [amount + data.draw(AMOUNTS) for amount in history]
    assert made(more).expected >= made(history).expected


@given(HISTORIES, AMOUNTS, AMOUNTS, st.integers(0, 30))
def test_what_was_spent_today_never_lessens_it(history: list[int], spent_today: int, more: int, days: int) -> None:
    before = made(history, spent_today, spent_today, days)
    after = made(history, spent_today + more, spent_today + more, days)
    assert after.expected >= before.expected


@given(HISTORIES, st.integers(0, 30))
def test_a_longer_period_costs_no_less(history: list[int], days: int) -> None:
    assert made(history, days=days + 1).expected >= made(history, days=days).expected


@given(AMOUNTS, st.integers(1, 40), st.integers(0, 30))
def test_days_that_are_all_alike_go_on_so(amount: int, known: int, days: int) -> None:
    found = made([amount] * known, days=days)
    whole = amount * (days + 1)
    for each in (found.expected, found.low, found.high):
        assert each == pytest.approx(whole, rel=1e-9)


@given(HISTORIES)
def test_the_same_chance_gives_the_same(history: list[int]) -> None:
    assert made(history) == made(history)


def test_weekdays_count_for_themselves_once_a_week_is_known() -> None:
    week = [700, 0, 0, 0, 0, 0, 0]
    assert made(week * 3, days=0).expected == 700
    assert made(week * 3, days=6).expected == 700
    assert made(week * 3, days=5).expected == 700
    assert made([0, *week * 3], days=5).expected == 700
    assert made([*week, 1400, 0, 0, 0, 0, 0, 0], days=0).expected == 1050


def test_less_than_a_week_gives_a_plain_mean() -> None:
    assert made([600, 0, 0], days=2).expected == 600
    assert made([600, 0, 0], spent_today=150, spent=150, days=0).expected == 200
    assert made([600, 0, 0], spent_today=900, spent=900, days=0).expected == 900


def test_only_four_weeks_count() -> None:
    assert made([10**12] * 7 + [1] * 28, days=6).expected == 7


def test_days_that_differ_make_a_band() -> None:
    found = made([100, 300, 200, 50, 400, 150, 250] * 2 + [300, 100, 250, 90, 350, 120, 310], days=20)
    assert found.low < found.expected < found.high


def test_a_single_week_is_not_taken_for_certain() -> None:
    found = made([100, 300, 200, 50, 400, 150, 250], days=20)
    assert found.low < found.expected < found.high


def test_without_a_whole_day_there_is_none() -> None:
    assert forecast(DailyCosts([], TODAY, 5), 5, TODAY + 3, Random(0)) is None
    assert runs_out_on(100, DailyCosts([], TODAY, 5), TODAY + 3) is None


def test_a_period_that_is_over_costs_what_it_has_cost() -> None:
    assert made([100] * 9, spent=700, days=-1) == Forecast(700, 700, 700, 9)


def test_the_day_on_which_it_runs_out() -> None:
    costs = DailyCosts([100] * 10, TODAY, 40)
    assert runs_out_on(0, costs, TODAY + 9) == TODAY
    assert runs_out_on(-5, costs, TODAY + 9) == TODAY
    assert runs_out_on(60, costs, TODAY + 9) == TODAY
    assert runs_out_on(61, costs, TODAY + 9) == TODAY + 1
    assert runs_out_on(960, costs, TODAY + 9) == TODAY + 9
    assert runs_out_on(961, costs, TODAY + 9) is None


@given(HISTORIES, AMOUNTS, AMOUNTS)
def test_with_more_left_it_does_not_run_out_earlier(history: list[int], left: int, more: int) -> None:
    costs = DailyCosts(history, TODAY, 0)
    earlier, later = (runs_out_on(each, costs, TODAY + 30) for each in (left, left + more))
    assert later is None or (earlier is not None and earlier <= later)
