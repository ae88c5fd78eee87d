"""Workers that count together: who lives, and who is woken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from passenger.quota.counting_workers import CountingWorkerId, CountingWorkers, remove_counters


def test_only_those_are_woken_that_wait() -> None:
    workers = CountingWorkers(3)
    one, two = workers.enter(0), workers.enter(1)
    workers.enter(2)
    two.wait()
    one.wake_others()
    reading = workers._pipes[1][0]
    assert os.read(reading, 9) == b"w"
    with pytest.raises(BlockingIOError):
        os.read(workers._pipes[2][0], 1)
    two.clear()
    one.wake_others()
    with pytest.raises(BlockingIOError):
        os.read(reading, 1)
    workers.close()


def test_one_wakes_not_itself() -> None:
    workers = CountingWorkers(2)
    one = workers.enter(0)
    one.wait()
    one.wake_others()
    with pytest.raises(BlockingIOError):
        os.read(workers._pipes[0][0], 1)
    workers.close()


def test_a_full_pipe_stops_nobody() -> None:
    workers = CountingWorkers(2)
    one, two = workers.enter(0), workers.enter(1)
    two.wait()
    for _ in range(200_000):
        one.wake_others()
    assert len(os.read(workers._pipes[1][0], 1 << 20)) < 200_000
    workers.close()


def test_a_worker_that_was_replaced_does_not_live_and_those_who_wait_are_woken() -> None:
    workers = CountingWorkers(2)
    before, waiting = workers.enter(0), workers.enter(1)
    waiting.wait()
    assert waiting.lives(before.id)
    after = workers.enter(0)
    assert not waiting.lives(before.id)
    assert waiting.lives(after.id)
    assert waiting.lives(waiting.id)
    assert os.read(workers._pipes[1][0], 9) == b"w"
    workers.close()


def test_a_worker_whose_process_has_ended_does_not_live() -> None:
    workers = CountingWorkers(1)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    me = workers.enter(0)
    assert not me.lives(CountingWorkerId(workers.run, 0, 1, ended.pid))
    assert not me.lives(CountingWorkerId("another", 0, 7, ended.pid))
    assert me.lives(CountingWorkerId("another", 0, 7, os.getpid()))
    workers.close()


def test_who_has_the_file_is_known_to_the_others() -> None:
    workers = CountingWorkers(2)
    one, two = workers.enter(0), workers.enter(1)
    one.work(is_at_work=True)
    assert (one.others_work(), two.others_work()) == (False, True)
    workers.enter(0)
    assert not two.others_work()
    workers.close()


def test_the_counters_of_before_are_removed_with_what_is_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "counters.db"
    remove_counters(path)
    for end in ("", "-wal", "-shm"):
        (tmp_path / f"counters.db{end}").touch()
    (tmp_path / "ledger.sqlite").touch()
    remove_counters(path)
    assert [one.name for one in tmp_path.iterdir()] == ["ledger.sqlite"]
