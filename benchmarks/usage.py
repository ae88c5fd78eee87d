"""`python -m benchmarks.usage`: the CPU time of `passenger usage` on a ledger of millions of rows. Linux alone.

The ledger is made first, in a directory that is removed: what 20 people ask in 90 days, written as a server writes it.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.process import ROOT
from passenger.ledger.database import insert, open_to_write
from passenger.ledger.rows import DAY_MS, Row

PEOPLE, DAYS, REQUESTS = 20, 90, 1500
"""Each of them asks so many times a day."""

SESSIONS = 15
"""Sessions of a person on a day."""

CLIENTS = ("claude-cli", "codex", "opencode", "gemini-cli", "copilot-cli", "aider", "qwen-code", "python-openai")
MODELS = 12
BATCH = 1000
RUNS = 7
AT_MOST = 0.300
"""Seconds of CPU."""

ASKED = (
    ("usage",),
    ("usage", "--by", "session"),
    ("usage", "--by", "day", "--since", "90d"),
    ("usage", "--by", "session", "--since", "90d", "--csv"),
    ("--help",),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; exit 1 where the first figure is not reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.usage", description=__doc__)
    parser.add_argument("--rows", type=int, default=PEOPLE * DAYS * REQUESTS, help="Rows of the ledger.  [2700000]")
    rows = parser.parse_args(arguments).rows
    with tempfile.TemporaryDirectory(prefix="ledger-") as place:
        path = Path(place) / "ledger.sqlite"
        sums = make_ledger(path, rows, int(time.time()) // 86_400)
        print(f"{rows:,} rows and {sums:,} sums of days, {path.stat().st_size / 1e6:,.0f} MB\n")
        print("| command | ms CPU | at most |\n|---|---:|---:|")
        taken = [median(cpu_of(asked, place, path) for _ in range(RUNS)) for asked in ASKED]
    for asked, seconds in zip(ASKED, taken, strict=True):
        most = f"{AT_MOST * 1000:.0f}" if asked == ASKED[0] else ""
        print(f"| `passenger {' '.join(asked)}` | {seconds * 1000:.0f} | {most} |")
    return int(taken[0] > AT_MOST)


def make_ledger(path: Path, rows: int, today: int) -> int:
    """Write a ledger whose rows are spread over the days up to today; how many sums of days it has."""
    made = make_rows(rows, today, Random(1))
    with closing(open_to_write(path)) as database:
        while batch := list(islice(made, BATCH)):
            insert(database, batch, "benchmark", 0)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(database.execute("SELECT count(*) FROM usage_day").fetchone()[0])


def make_rows(count: int, today: int, random: Random) -> Iterator[Row]:
    """Rows in the order of their time."""
    begin = (today - DAYS + 1) * DAY_MS
    for number in range(count):
        yield _row(begin + number * DAYS * DAY_MS // count, random)


def _row(at: int, random: Random) -> Row:
    person, model = random.randrange(PEOPLE), min(int(random.expovariate(0.5)), MODELS - 1)
    read, output = random.randrange(200_000), random.randrange(2_000)
    return Row(
        id=bytearray(at.to_bytes(6, "big") + random.randbytes(10)),
        at=at,
        seat="own",
        session=f"{at // DAY_MS}-{person}-{random.randrange(SESSIONS)}",
        client=CLIENTS[person % len(CLIENTS)],
        dialect="messages",
        model=f"model-{model}",
        upstream_dialect="messages",
        mode="relayed",
        status=200,
        outcome="ok",
        code="",
        fresh=4_000,
        cache_read=read,
        cache_write=2_000,
        output=output,
        reasoning=output // 4,
        nano=read * 30_000 + output * 1_500_000,
        premium_thousandths=None,
        cost_source="upstream",
        ttfb_ms=900,
        ms=4_000,
        overhead_us=900,
        user="",
        key="",
    )


def cpu_of(arguments: Sequence[str], home: str, path: Path) -> float:
    """Seconds of CPU of a command, from its start to its end."""
    env = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PASSENGER_LEDGER_PATH": str(path)}
    command = [sys.executable, "-m", "passenger", *arguments]
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(sys.executable, command, {**env, "PYTHONPATH": str(ROOT / "src")}, file_actions=nowhere)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} has failed")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
