"""The rate algorithm: never more than the limit in any minute, and told waits that are right."""

from hypothesis import given
from hypothesis import strategies as st

from passenger.quota import gcra


def test_a_whole_minute_may_be_taken_at_once_and_then_nothing() -> None:
    paid = 0.0
    for _ in range(120):
        paid, wait = gcra.take(paid, 120, 1, 1000.0)
        assert not wait
    paid, wait = gcra.take(paid, 120, 1, 1000.0)
    assert round(wait, 6) == 0.5


def test_a_cost_above_the_limit_can_be_taken_from_a_full_one() -> None:
    paid, wait = gcra.take(0.0, 10, 500, 1000.0)
    assert not wait
    assert gcra.standing(paid, 10, 1000.0) == (10, 0, 60.0)


def test_what_cost_more_than_was_taken_is_paid_back_later() -> None:
    paid, _ = gcra.take(0.0, 60, 10, 1000.0)
    paid = gcra.correct(paid, 60, 10, 120)
    assert gcra.take(paid, 60, 1, 1000.0)[1] == 61.0
    assert gcra.standing(paid, 60, 1000.0) == (60, 0, 120.0)


def test_what_cost_less_comes_back_at_once() -> None:
    paid, _ = gcra.take(0.0, 60, 60, 1000.0)
    assert gcra.standing(gcra.correct(paid, 60, 60, 0), 60, 1000.0).remaining == 60


@given(st.integers(1, 50), st.lists(st.tuples(st.floats(0, 20), st.integers(1, 60)), max_size=60))
def test_a_refused_request_takes_nothing_and_is_taken_after_its_wait(limit: int, asks: list[tuple[float, int]]) -> None:
    now, paid = 0.0, 0.0
    for pause, cost in asks:
        now += pause
        after, wait = gcra.take(paid, limit, cost, now)
        if wait:
            assert after == paid
            assert not gcra.take(paid, limit, cost, now + wait + 1e-6)[1]
        paid = after


@given(st.integers(1, 20), st.lists(st.floats(0, 10), max_size=200))
def test_never_more_than_two_limits_in_a_minute_and_one_over_all_minutes(limit: int, pauses: list[float]) -> None:
    now, paid, taken = 0.0, 0.0, list[float]()
    for pause in pauses:
        now += pause
        paid, wait = gcra.take(paid, limit, 1, now)
        if not wait:
            taken.append(now)
    for number, began in enumerate(taken):
        until = taken[number:]
        assert len([one for one in until if one <= began + gcra.WINDOW]) <= 2 * limit
    assert len(taken) <= limit * (1 + now / gcra.WINDOW) + 1e-3
