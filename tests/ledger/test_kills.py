"""A process that is killed while it writes: no row is there twice, none half, and the next one names it."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from passenger.ledger.database import open_to_read
from passenger.ledger.writers import gaps
from tests.ledger.looking import totals

ROOT = Path(__file__).parents[2]
ROUNDS = 12

WRITES = """
import sys
from pathlib import Path
from passenger.chat.cost import Cost
from passenger.ledger.observer import Ledger
from tests.ledger.exchanges import finished
from tests.ledger.looking import is_made, totals

path = Path(sys.argv[1])
ledger = Ledger(path, 90, interval=0.0, retry=0.0)
before = totals(path) if is_made(path) else (0, 0)
while True:
    for number in range(50):
        ledger(finished(cost=Cost("upstream", 1)))
    if is_made(path) and (found := totals(path)) != before:
        before = found
        print(found[0], flush=True)
"""


@pytest.mark.proves("promise 9")
def test_a_storm_of_kills_loses_nothing_that_was_written_and_breaks_nothing(tmp_path: Path) -> None:
    path, chance, seen = tmp_path / "ledger.sqlite", random.Random(19), 0
    pids = list[int]()
    for _ in range(ROUNDS):
        process = subprocess.Popen([sys.executable, "-c", WRITES, path], cwd=ROOT, stdout=subprocess.PIPE)
        pids.append(process.pid)
        assert process.stdout is not None
        with process.stdout:
            for _ in range(chance.randrange(1, 6)):
                seen = max(seen, json.loads(process.stdout.readline()))
            process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        requests, cost = totals(path)
        assert requests == cost >= seen
    with closing(open_to_read(path)) as database:
        assert [gap.pid for gap in gaps(database)] == pids[:-1]
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert _wholes(database) == totals(path)[0]


def _wholes(database: sqlite3.Connection) -> int:
    """The rows that have all that they should have."""
    found = database.execute(
        "SELECT count(*) FROM ledger WHERE model = 'gpt-4o' AND fresh = 300 AND output = 70 AND nano = 1 AND ms = 2000"
    )
    return int(found.fetchone()[0])
