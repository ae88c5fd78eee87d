"""Counters of several workers that cannot be used for a while: each goes on with its share, and nothing is lost."""

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from passenger.errors import Failure
from passenger.quota.counters import Take
from passenger.quota.counting_workers import CountingWorkers
from passenger.quota.guarded_counters import PAUSE, GuardedCounters
from passenger.quota.shared_counters import SharedCounters
from tests.quota.test_local_counters import held, money, refused


class Lock:
    """Guarded counters of the first of two workers, and a lock on their file."""

    def __init__(self, path: Path) -> None:
        self.path, self.now = path, 0.0
        self.workers = CountingWorkers(2)
        self.worker = self.workers.enter(0)
        self.other = SharedCounters(path, self.workers.enter(1))
        self.counters = self.guard()
        self._lock: sqlite3.Connection | None = None

    def guard(self, *, refuses: bool = False) -> GuardedCounters:
        return GuardedCounters(lambda: SharedCounters(self.path, self.worker), 2, lambda: self.now, refuses=refuses)

    def lock(self) -> None:
        self.other.has("all")
        self._lock = sqlite3.connect(self.path, isolation_level=None)
        self._lock.execute("BEGIN IMMEDIATE")

    def unlock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Lock]:
    made = Lock(tmp_path / "counters.db")
    yield made
    made.unlock()
    made.counters.close()
    made.other.close()
    made.workers.close()


def test_it_counts_with_the_others(it: Lock) -> None:
    it.counters.begin("all", 10)
    hold = held(it.counters.take([money(60)], 0.0))
    assert refused(it.other.take([money(60)], 0.0)).reserved == 60
    assert it.counters.settle(hold, [20], 0.0)
    assert not it.counters.settle(hold, [20], 0.0)
    assert refused(it.other.take([money(100)], 0.0)).spent == 30
    assert it.counters.has("all")
    assert (it.counters.is_degraded, it.counters.trouble(), len(it.counters)) == (False, None, 0)


def test_one_that_takes_nothing_needs_no_file(it: Lock) -> None:
    assert it.counters.settle(held(it.counters.take([], 0.0)), [], 0.0)
    assert not it.path.exists()


def test_a_worker_goes_on_with_its_share_of_what_was_left(it: Lock, caplog: pytest.LogCaptureFixture) -> None:
    it.counters.begin("all", 20)
    before = held(it.counters.take([money(30)], 0.0))
    it.lock()
    half = held(it.counters.take([money(25)], 0.0))
    assert it.counters.is_degraded
    refusal = refused(it.counters.take([over := money(1)], 0.0))
    assert refusal.take is over
    assert (refusal.reserved, refusal.spent) == (25, 20)
    assert it.counters.settle(half, [5], 0.0)
    assert it.counters.spent("all") == 25
    assert it.counters.settle(before, [30], 0.0)
    assert len(it.counters) == 0
    it.counters.take([money(20)], 0.0)
    warned = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warned) == 1
    assert "locked" in warned[0]


def test_rates_are_shared_out(it: Lock) -> None:
    it.lock()
    rate = Take("rpm", "rate", 1, 4)
    held(it.counters.take([rate], 0.0))
    held(it.counters.take([rate], 0.0))
    refusal = refused(it.counters.take([rate], 0.0))
    assert refusal.take is rate
    assert refusal.wait == pytest.approx(30)
    assert it.counters.standing(rate, 0.0).remaining == 0


def test_it_looks_again_after_a_pause_and_what_was_spent_meanwhile_is_added(it: Lock) -> None:
    it.counters.begin("all", 20)
    before = held(it.counters.take([money(30)], 0.0))
    it.lock()
    own = held(it.counters.take([money(25)], 0.0))
    late = held(it.counters.take([money(0)], 0.0))
    it.counters.settle(own, [5], 0.0)
    it.counters.settle(before, [10], 0.0)
    it.unlock()
    assert it.counters.trouble() is not None
    it.now = PAUSE
    assert it.counters.trouble() is None
    assert not it.counters.is_degraded
    assert refused(it.other.take([money(100)], 0.0)).spent == 35
    it.counters.settle(late, [2], 0.0)
    refusal = refused(it.other.take([money(100)], 0.0))
    assert (refusal.spent, refusal.reserved) == (37, 0)


def test_a_sum_that_begins_meanwhile_is_known(it: Lock) -> None:
    it.lock()
    assert not it.counters.has("all")
    it.counters.begin("all", 80)
    assert it.counters.has("all")
    held(it.counters.take([money(10)], 0.0))
    refused(it.counters.take([money(1)], 0.0))


def test_it_may_refuse_instead(it: Lock) -> None:
    it.counters = it.guard(refuses=True)
    hold = held(it.counters.take([money(10)], 0.0))
    it.lock()
    with pytest.raises(Failure) as raised:
        it.counters.take([money(1)], 0.0)
    assert (raised.value.code, raised.value.status, raised.value.retry_after) == ("limits_unavailable", 503, "2")
    assert it.counters.settle(hold, [3], 0.0)
    it.unlock()
    it.now = PAUSE
    held(it.counters.take([money(1)], 0.0))
    assert refused(it.other.take([money(100)], 0.0)).spent == 3
