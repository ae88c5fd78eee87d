"""The counters of several workers: as exact as those of one, and what an ended worker held is given back."""

import multiprocessing
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passenger.quota import shared_counters
from passenger.quota.counters import CountersError, Hold, Take, TakeRefusal
from passenger.quota.counting_workers import CountingWorkers, remove_counters
from passenger.quota.local_counters import LocalCounters
from passenger.quota.shared_counters import SharedCounters
from tests.quota.test_local_counters import held, money, refused

RPM = Take("rpm", "rate", 1, 1)


class TwoWorkers:
    """The counters of two workers on one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.workers = CountingWorkers(2)
        self.one, self.two = self.enter(0), self.enter(1)

    def enter(self, number: int) -> SharedCounters:
        return SharedCounters(self.path, self.workers.enter(number))

    def reserved(self, counter: str = "all") -> int:
        with closing(sqlite3.connect(self.path)) as database:
            found = database.execute("SELECT reserved FROM sum WHERE counter = ?", (counter,)).fetchone()
        return int(found[0])


@pytest.fixture
def both(tmp_path: Path) -> Iterator[TwoWorkers]:
    made = TwoWorkers(tmp_path / "state" / "counters.db")
    yield made
    made.one.close()
    made.two.close()
    made.workers.close()


def test_what_one_holds_the_other_cannot_have(both: TwoWorkers) -> None:
    hold = held(both.one.take([money(60)], 0.0))
    refusal = refused(both.two.take([money(60)], 0.0))
    assert (refusal.spent, refusal.reserved) == (0, 60)
    both.one.settle(hold, [10], 1.0)
    held(both.two.take([money(90)], 0.0))
    assert refused(both.one.take([money(1)], 0.0)).spent == 10


def test_a_refusal_of_one_takes_from_none(both: TwoWorkers) -> None:
    both.one.begin("all", 0)
    refused(both.one.take([RPM, money(200)], 5.0))
    assert both.one.standing(RPM, 5.0).remaining == 1
    assert both.reserved() == 0
    held(both.two.take([RPM, money(100)], 5.0))
    assert refused(both.one.take([RPM, money(0)], 5.0)).wait == 60
    assert both.reserved() == 100


def test_a_rate_is_corrected_by_what_it_has_really_been(both: TwoWorkers) -> None:
    tokens = Take("tokens", "rate", 10, 100)
    hold = held(both.one.take([tokens], 0.0))
    both.one.settle(hold, [100], 0.0)
    assert refused(both.two.take([tokens], 0.0)).wait == pytest.approx(6.0)
    assert both.two.standing(tokens, 0.0).remaining == 0


def test_a_sum_begins_once(both: TwoWorkers) -> None:
    both.one.begin("all", 40)
    both.two.begin("all", 70)
    assert both.two.has("all")
    assert refused(both.one.take([money(61)], 0.0)).spent == 40
    assert both.one.spent("all") == 40


def test_what_only_warns_is_counted_all_the_same(both: TwoWorkers) -> None:
    hold = held(both.one.take([money(500, refuses=False)], 0.0))
    both.one.settle(hold, [400], 0.0)
    assert refused(both.two.take([money(0)], 0.0)).spent == 400


def test_two_budgets_of_one_counter_are_given_back_both(both: TwoWorkers) -> None:
    hold = held(both.one.take([money(50), money(20, refuses=False)], 0.0))
    assert both.reserved() == 70
    both.one.settle(hold, [1, 1], 0.0)
    assert both.reserved() == 0


def test_what_a_replaced_worker_held_is_given_back(both: TwoWorkers) -> None:
    held(both.one.take([money(60), money(5, counter="mine")], 0.0))
    held(both.two.take([money(40)], 0.0))
    assert refused(both.two.take([money(60)], 0.0)).reserved == 100
    both.one.close()
    replacing = both.enter(0)
    held(both.two.take([money(60)], 0.0))
    assert both.reserved("mine") == 0
    assert refused(replacing.take([money(1)], 0.0)).reserved == 100
    replacing.close()


def _hold_and_die(path: Path, workers: CountingWorkers) -> None:
    SharedCounters(path, workers.enter(0)).take([money(60)], 0.0)
    os._exit(9)


def test_what_a_killed_process_held_is_given_back_before_it_is_replaced(both: TwoWorkers) -> None:
    both.two.begin("all", 0)
    both.two.close()
    child = multiprocessing.get_context("fork").Process(target=_hold_and_die, args=(both.path, both.workers))
    child.start()
    child.join()
    assert child.exitcode == 9
    assert both.reserved() == 60
    held(both.two.take([money(60)], 0.0))
    assert both.reserved() == 60


def test_one_that_is_refused_by_what_others_hold_is_woken_when_they_settle(both: TwoWorkers) -> None:
    hold = held(both.one.take([money(60)], 0.0))
    reading = both.workers.clear(1)
    refused(both.two.take([money(200)], 0.0))
    both.one.settle(hold, [0], 0.0)
    assert os.read(reading, 9) == b"w"
    both.workers.clear(1)
    hold = held(both.one.take([money(60)], 0.0))
    both.one.settle(hold, [0], 0.0)
    with pytest.raises(BlockingIOError):
        os.read(reading, 9)


def test_a_locked_file_is_an_error_and_works_again_with_all_holds(both: TwoWorkers) -> None:
    hold = held(both.one.take([money(60)], 0.0))
    with closing(sqlite3.connect(both.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CountersError, match="locked"):
            both.one.take([money(1)], 0.0)
        with pytest.raises(CountersError, match="locked"):
            both.one.settle(hold, [5], 0.0)
        other.execute("ROLLBACK")
    assert both.reserved() == 60
    both.one.settle(hold, [5], 0.0)
    assert both.reserved() == 0
    assert refused(both.two.take([money(100)], 0.0)).spent == 5


def test_what_was_spent_without_them_is_added(both: TwoWorkers) -> None:
    both.one.begin("all", 10)
    both.one.add("all", 15)
    both.one.add("nothing", 15)
    assert refused(both.two.take([money(100)], 0.0)).spent == 25
    assert not both.two.has("nothing")


def test_amounts_without_end_are_no_error(both: TwoWorkers) -> None:
    hold = held(both.one.take([money(10**30, refuses=False)], 0.0))
    both.one.settle(hold, [10**30], 0.0)
    assert both.reserved() == 0
    assert refused(both.one.take([money(0)], 0.0)).spent == 10**18


def test_sums_and_rates_are_bounded(both: TwoWorkers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_counters, "MOST_SUMS", 3)
    monkeypatch.setattr(shared_counters, "MOST_RATES", 3)
    held(both.one.take([money(1, counter="held")], 0.0))
    for number in range(10):
        both.one.begin(f"sum {number}", 1)
        held(both.one.take([Take(f"rate {number}", "rate", 1, 1), money(0, counter=f"sum {number}")], number * 100.0))
    with closing(sqlite3.connect(both.path)) as database:
        names = [row[0] for row in database.execute("SELECT counter FROM sum")]
        (rates,) = database.execute("SELECT count(*) FROM rate").fetchone()
    assert "held" in names
    assert "sum 9" in names
    assert len(names) == 3
    assert rates <= 4
    assert len(both.one.seen) <= 3


_STEP = st.tuples(
    st.integers(0, 1),
    st.lists(
        st.builds(
            Take,
            st.sampled_from(["a", "b"]),
            st.just("sum"),
            st.integers(0, 60),
            st.integers(0, 100),
            st.booleans(),
        )
        | st.builds(Take, st.sampled_from(["r", "s"]), st.just("rate"), st.integers(0, 3), st.integers(1, 5)),
        max_size=3,
        unique_by=lambda one: one.counter,
    ),
    st.integers(0, 70),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_STEP, max_size=20), order=st.randoms(use_true_random=False))
def test_two_workers_count_as_one_would(
    both: TwoWorkers, steps: list[tuple[int, list[Take], int]], order: object
) -> None:
    del order
    both.one.close()
    both.two.close()
    remove_counters(both.path)
    both.one.seen.clear()
    both.two.seen.clear()
    model, sides, open_holds = LocalCounters(), (both.one, both.two), list[tuple[SharedCounters, Hold, Hold]]()
    for number, (side, takes, actual) in enumerate(steps):
        now, shared = number * 5.0, sides[side]
        found, wanted = shared.take(takes, now), model.take(takes, now)
        assert type(found) is type(wanted)
        if isinstance(found, TakeRefusal):
            assert found == wanted
        elif isinstance(wanted, Hold):
            open_holds.append((shared, found, wanted))
        if actual % 2 and open_holds:
            where, mine, its = open_holds.pop(0)
            amounts = [actual] * len(mine.takes)
            where.settle(mine, amounts, now)
            model.settle(its, amounts, now)
    for where, mine, its in open_holds:
        where.settle(mine, [0] * len(mine.takes), 0.0)
        model.settle(its, [0] * len(its.takes), 0.0)
    for counter in ("a", "b"):
        if model.has(counter):
            assert both.reserved(counter) == 0
