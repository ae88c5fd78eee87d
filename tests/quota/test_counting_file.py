"""The file of several workers: made by its first use, replaced where it is damaged, and an error where it is locked."""

import sqlite3
import time
from contextlib import closing

import pytest

from passenger.quota import counting_file
from passenger.quota.counters import CountersError
from passenger.quota.counting_workers import remove_counters
from tests.quota.test_local_counters import held, money, refused
from tests.quota.test_shared_counters import TwoWorkers, both

__all__ = ["both"]


def test_nothing_is_made_before_the_first_use(both: TwoWorkers) -> None:
    assert not both.path.exists()
    assert not both.one.has("all")
    assert both.path.stat().st_mode & 0o777 == 0o600
    assert {one.name for one in both.path.parent.iterdir()} <= {"counters.db", "counters.db-wal", "counters.db-shm"}


def test_a_worker_that_was_put_aside_gets_more_time(both: TwoWorkers, monkeypatch: pytest.MonkeyPatch) -> None:
    both.one.begin("all", 0)
    tries = 0
    with closing(sqlite3.connect(both.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        both.workers.work(1, is_at_work=True)

        def sleep(_seconds: float) -> None:
            nonlocal tries
            tries += 1
            if tries == counting_file.LOCKED * 2:
                other.execute("ROLLBACK")

        monkeypatch.setattr(time, "sleep", sleep)
        held(both.one.take([money(1)], 0.0))
        assert tries == counting_file.LOCKED * 2
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CountersError, match="locked"):
            both.one.take([money(1)], 0.0)
        assert tries == counting_file.LOCKED * 2 + counting_file.SLOW - 1
        both.workers.work(1, is_at_work=False)
        tries = 0
        with pytest.raises(CountersError, match="locked"):
            both.one.take([money(1)], 0.0)
        assert tries == counting_file.LOCKED - 1


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_file_is_an_error_once_and_made_anew(both: TwoWorkers, content: bytes) -> None:
    both.path.parent.mkdir()
    both.path.write_bytes(content)
    with pytest.raises(CountersError):
        both.one.take([money(1)], 0.0)
    held(both.two.take([money(60)], 0.0))
    assert refused(both.one.take([money(60)], 0.0)).reserved == 60


def test_a_file_of_other_tables_is_made_anew(both: TwoWorkers) -> None:
    both.path.parent.mkdir()
    with closing(sqlite3.connect(both.path)) as other:
        other.execute("CREATE TABLE something (id INTEGER)")
    with pytest.raises(CountersError, match="no such table"):
        both.one.has("all")
    assert not both.one.has("all")


def test_a_file_that_was_replaced_is_opened_anew_and_goes_on_with_what_was_seen(both: TwoWorkers) -> None:
    both.one.begin("all", 30)
    hold = held(both.one.take([money(60)], 0.0))
    remove_counters(both.path)
    assert not both.two.has("all")
    assert refused(both.one.take([money(71)], 0.0)).spent == 30
    both.one.settle(hold, [50], 0.0)
    assert refused(both.two.take([money(30)], 0.0)).spent == 80
    assert both.reserved() == 0


def test_a_directory_in_its_place_is_an_error(both: TwoWorkers) -> None:
    both.path.mkdir(parents=True)
    for _ in range(2):
        with pytest.raises(CountersError):
            both.one.take([money(1)], 0.0)
    assert both.path.is_dir()
