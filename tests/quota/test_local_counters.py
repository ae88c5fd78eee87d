"""The counters of one process: all or nothing, once, and never above a cap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.quota import local_counters
from passenger.quota.counters import Hold, Take, TakeRefusal
from passenger.quota.local_counters import LocalCounters


def money(amount: int, most: int = 100, counter: str = "all", *, refuses: bool = True) -> Take:
    return Take(counter, "sum", amount, most, refuses)


def held(found: Hold | TakeRefusal) -> Hold:
    assert isinstance(found, Hold)
    return found


def refused(found: Hold | TakeRefusal) -> TakeRefusal:
    assert isinstance(found, TakeRefusal)
    return found


def test_what_is_held_counts_until_it_is_settled() -> None:
    counters = LocalCounters()
    hold = held(counters.take([money(60)], 0.0))
    refusal = refused(counters.take([money(60)], 0.0))
    assert (refusal.spent, refusal.reserved) == (0, 60)
    assert counters.settle(hold, [10], 1.0)
    held(counters.take([money(90)], 0.0))
    assert refused(counters.take([money(1)], 0.0)).spent == 10


def test_a_refusal_of_one_takes_from_none() -> None:
    counters = LocalCounters()
    rate = Take("rpm", "rate", 1, 1)
    refused(counters.take([rate, money(200)], 5.0))
    assert counters.standing(rate, 5.0).remaining == 1
    held(counters.take([rate, money(100)], 5.0))
    assert refused(counters.take([rate, money(0)], 5.0)).wait == 60
    assert counters.reserved("all") == 100


def test_a_second_settlement_does_nothing() -> None:
    counters = LocalCounters()
    hold = held(counters.take([money(60)], 0.0))
    assert counters.settle(hold, [50], 0.0)
    assert not counters.settle(hold, [50], 0.0)
    assert (counters.spent("all"), counters.reserved("all")) == (50, 0)


def test_what_only_warns_is_counted_all_the_same() -> None:
    counters = LocalCounters()
    hold = held(counters.take([money(500, refuses=False)], 0.0))
    counters.settle(hold, [400], 0.0)
    assert counters.spent("all") == 400


def test_a_sum_begins_with_what_was_spent_before_once() -> None:
    counters = LocalCounters()
    assert not counters.has("all")
    counters.begin("all", 70)
    counters.begin("all", 5)
    assert counters.has("all")
    assert counters.spent("all") == 70


def test_tokens_are_corrected_when_they_are_known() -> None:
    counters, rate = LocalCounters(), Take("tpm", "rate", 10, 60)
    hold = held(counters.take([rate], 0.0))
    counters.settle(hold, [40], 0.0)
    assert counters.standing(rate, 0.0).remaining == 20


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_counters, "MOST_RATES", 2)
    monkeypatch.setattr(local_counters, "MOST_SUMS", 2)
    counters = LocalCounters()
    kept = held(counters.take([money(1, counter="held")], 0.0))
    for name in ("a", "b", "c"):
        counters.take([Take(name, "rate", 1, 1)], 0.0)
        counters.begin(name, 1)
    assert [name for name in ("held", "a", "b", "c") if counters.has(name)] == ["held", "c"]
    assert counters.standing(Take("a", "rate", 1, 1), 0.0).remaining == 1
    assert counters.standing(Take("c", "rate", 1, 1), 0.0).remaining == 0
    assert counters.settle(kept, [1], 0.0)


@given(st.data(), st.integers(0, 500))
def test_holds_sum_to_zero_and_a_cap_is_never_passed_where_the_worst_is_held(data: st.DataObject, cap: int) -> None:
    counters, open_holds = LocalCounters(), list[Hold]()
    amounts: list[int] = data.draw(st.lists(st.integers(0, 100), max_size=40))
    for amount in amounts:
        found = counters.take([money(amount, cap)], 0.0)
        if isinstance(found, Hold):
            open_holds.append(found)
        settles: bool = data.draw(st.booleans())
        if open_holds and settles:
            hold = open_holds.pop(data.draw(st.integers(0, len(open_holds) - 1)))
            counters.settle(hold, [data.draw(st.integers(0, hold.takes[0].amount))], 0.0)
        assert counters.spent("all") + counters.reserved("all") <= cap
        assert counters.reserved("all") == sum(hold.takes[0].amount for hold in open_holds)
    for hold in open_holds:
        assert counters.settle(hold, [hold.takes[0].amount], 0.0)
    assert counters.reserved("all") == 0
    assert len(counters) == 0
    assert counters.spent("all") <= cap
