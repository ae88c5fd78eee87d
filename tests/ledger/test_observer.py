"""The observer and its thread: all is written once, nothing waits for it, and what is wrong with the file is told."""

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from passenger.chat.cost import Cost
from passenger.exchange import Exchange
from passenger.ledger.database import open_to_read, open_to_write
from passenger.ledger.observer import QUEUE, SAMPLES, Ledger, log
from passenger.ledger.quota_samples import read_samples
from passenger.ledger.version import newest
from passenger.ledger.writer import WAITING
from passenger.ledger.writers import gaps
from passenger.quota.quota import Quota
from tests.fakes import NOON, Clock
from tests.ledger.exchanges import finished
from tests.ledger.looking import is_made, totals
from tests.proxy import PATIENCE

QUOTA = Quota("premium_interactions", entitlement=100, remaining=95, used=5, unit="credits")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite"


@contextmanager
def opened(path: Path, **options: float) -> Iterator[Ledger]:
    ledger = Ledger(path, 90, Clock(), **{"interval": 0.001, "retry": 0.001, **options})
    try:
        yield ledger
    finally:
        ledger.close()


def until(holds: Callable[[], object]) -> None:
    """Wait for the thread."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def quotas(path: Path) -> list[tuple[str, float]]:
    with closing(open_to_read(path)) as database:
        return [(sample.source, sample.used) for sample in read_samples(database, newest())]


def some(count: int) -> list[Exchange]:
    return [finished(NOON + number / 1000, cost=Cost("priced", 1)) for number in range(count)]


def test_all_that_was_told_is_there_at_the_end(path: Path) -> None:
    with opened(path, interval=60) as ledger:
        for exchange in some(2500):
            ledger(exchange)
    assert [file.name for file in path.parent.iterdir()] == ["ledger.sqlite"]
    assert totals(path) == (2500, 2500)


def test_what_was_told_is_there_a_moment_later(path: Path) -> None:
    with opened(path) as ledger:
        for count in range(1, 4):
            ledger(finished(cost=Cost("priced", 1)))
            until(lambda: is_made(path))
            until(lambda: totals(path) == (count, count))  # noqa: B023 - it is waited for here
        assert ledger.trouble() is None


def test_what_is_told_twice_is_there_once(path: Path) -> None:
    exchange = finished(cost=Cost("priced", 1))
    for _ in range(2):
        with opened(path) as ledger:
            ledger(exchange)
            ledger(exchange)
    assert totals(path) == (1, 1)


def test_nothing_is_made_until_there_is_something_to_keep(path: Path) -> None:
    with opened(path) as ledger:
        ledger.begin()
        ledger(Exchange("GET", "/v1/models"))
    assert not path.parent.exists()


def test_two_writers_of_one_ledger_lose_nothing(path: Path) -> None:
    with opened(path) as one, opened(path) as other:
        for exchange in some(500):
            one(exchange)
            other(finished(cost=Cost("priced", 1)))
    assert totals(path) == (1000, 1000)


def test_what_the_quota_was_is_there_once_rows_are(path: Path) -> None:
    clock = Clock()
    ledger = Ledger(path, 90, clock, interval=60)
    for used, source in ((1.0, "github"), (1.1, "headers"), (1.2, "headers"), (1.3, "github")):
        ledger.keep_quota("own", replace(QUOTA, used=used), source)  # type: ignore[arg-type]  # they are sources
        clock.now += 1
    ledger.keep_quota("own", replace(QUOTA, unit=None), "github")
    ledger.close()
    assert quotas(path) == [("github", 1.0), ("github", 1.3), ("headers", 1.1)]


def test_what_the_quota_was_waits_for_a_file_that_is_locked(path: Path) -> None:
    holder = open_to_write(path)
    holder.execute("BEGIN IMMEDIATE")
    with opened(path) as ledger:
        ledger.keep_quota("own", QUOTA, "github")
        until(ledger.trouble)
        holder.execute("ROLLBACK")
        until(lambda: ledger.trouble() is None)
    holder.close()
    assert quotas(path) == [("github", 5.0)]


def test_no_more_of_what_the_quota_was_waits_than_so_much(path: Path) -> None:
    with opened(path, interval=60) as ledger:
        ledger._backlog.is_awake = True
        for number in range(SAMPLES + 3):
            ledger.keep_quota(f"seat {number}", QUOTA, "github")
        ledger._start()
        until(lambda: not ledger._backlog.samples)
    assert len(quotas(path)) == SAMPLES


def test_a_clock_that_jumps_back_does_no_harm(path: Path) -> None:
    with opened(path) as ledger:
        for at in (NOON, NOON - 10**8, 0.0, -1e12, NOON + 10**8, 1e300):
            ledger(finished(at, cost=Cost("priced", 1)))
    assert totals(path) == (6, 6)


def test_a_row_that_the_file_refuses_is_lost_alone(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bad = finished()
    bad.status = "absurd"  # type: ignore[assignment]  # the file is to refuse it
    with opened(path, interval=60) as ledger:
        for exchange in (*some(10), bad, *some(10)):
            ledger(exchange)
    assert totals(path) == (20, 20)
    assert "a request cannot be written into the ledger" in caplog.text
    database = open_to_read(path)
    ((*_, lost, _),) = gaps(database)
    assert lost == 1
    database.close()


def test_a_file_that_is_locked_keeps_nobody_waiting_and_loses_nothing(path: Path) -> None:
    holder = open_to_write(path)
    holder.execute("BEGIN IMMEDIATE")
    with opened(path) as ledger:
        for exchange in some(5):
            ledger(exchange)
        trouble = f"{path} is locked by another program; fuser -v {path}"
        until(lambda: ledger.trouble() == f"5 requests wait to be written and 0 are lost: {trouble}")
        holder.execute("ROLLBACK")
        until(lambda: ledger.trouble() is None)
    holder.close()
    assert totals(path) == (5, 5)


def test_a_damaged_file_is_told_left_as_it_is_and_written_anew_once_it_is_gone(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    with opened(path) as ledger:
        ledger(finished(cost=Cost("priced", 1)))
        until(ledger.trouble)
        assert f"is damaged: file is not a database; mv {path} {path}.damaged" in str(ledger.trouble())
        assert path.read_bytes() == b"no database" * 1000
        path.rename(f"{path}.damaged")
        until(lambda: ledger.trouble() is None)
    assert totals(path) == (1, 1)
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len([line for line in told if "is damaged" in line]) == 1
    assert told[-1] == f"the ledger is written again: {path}"


def test_a_file_that_is_taken_away_is_begun_anew(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with opened(path) as ledger:
        ledger(finished(cost=Cost("priced", 1)))
        until(lambda: is_made(path) and totals(path) == (1, 1))
        for file in path.parent.glob("ledger.sqlite*"):
            file.unlink()
        ledger(finished(cost=Cost("priced", 7)))
    assert totals(path) == (1, 7)
    assert "the ledger was taken away" in caplog.text


def test_what_is_too_much_is_lost_from_its_old_end_and_counted(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.mkdir(parents=True)
    with opened(path) as ledger:
        for start in range(0, WAITING + 5, 5000):
            for exchange in some(min(5000, WAITING + 5 - start)):
                ledger(exchange)
            until(lambda: not ledger._backlog.fresh)
        until(lambda: f"{WAITING} requests wait to be written and 5 are lost" in str(ledger.trouble()))
        path.rmdir()
        until(lambda: ledger.trouble() is None)
    assert totals(path) == (WAITING, WAITING)
    assert "5 requests are missing in the ledger" in caplog.text
    database = open_to_read(path)
    ((since, until_, _, lost, why),) = gaps(database)
    assert (since, until_, lost) == (int(NOON * 1000), int(NOON * 1000) + 4, 5)
    assert "Is a directory" in why
    database.close()


def test_no_more_waits_for_the_thread_than_so_much(path: Path) -> None:
    with opened(path, interval=60) as ledger:
        ledger._backlog.is_awake = True
        for exchange in some(QUEUE + 3):
            ledger(exchange)
        ledger._backlog.is_awake = False
        ledger(finished(cost=Cost("priced", 1)))
        until(lambda: not len(ledger._backlog))
    assert totals(path) == (QUEUE, QUEUE)


def test_what_cannot_be_written_to_the_end_is_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.mkdir(parents=True)
    with opened(path) as ledger:
        ledger(finished())
    assert "1 requests are missing in the ledger" in caplog.text


def test_a_thread_that_fails_is_started_again_and_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = _Failing()
    ledger = Ledger(path, 90, clock, interval=0.001, retry=0.001)
    ledger(finished(cost=Cost("priced", 1)))
    until(lambda: "the writer of the ledger has failed and is started again" in caplog.text)
    clock.fails = False
    ledger.close()
    assert totals(path) == (1, 1)
    assert log.name in {record.name for record in caplog.records if record.exc_info}


class _Failing(Clock):
    fails = True

    def __call__(self) -> float:
        if self.fails:
            raise RuntimeError("a defect")
        return super().__call__()


def test_a_killed_writer_is_named_at_the_next_start(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    database = open_to_write(path)
    database.execute("INSERT INTO writer VALUES ('gone', 4711, 1000, 2000)")
    database.close()
    path.with_name("ledger.sqlite-gone.lock").touch()
    with opened(path) as ledger:
        ledger.begin()
    assert "process 4711 was killed: requests of its last second are missing in the ledger" in caplog.text
    caplog.clear()
    with opened(path) as ledger:
        ledger.begin()
        ledger(finished())
    assert "killed" not in caplog.text


def test_sqlite_is_not_loaded_before_there_is_a_row(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from passenger.ledger.observer import Ledger;"
        "ledger = Ledger(Path(sys.argv[1]), 90); ledger.begin(); ledger.close(); print('sqlite3' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script, tmp_path / "ledger.sqlite"], capture_output=True, check=True)
    assert ended.stdout == b"False\n"
