"""What waits to be written into the ledger: both the event loop and the thread that writes hold it."""

import os
import threading
import time
from collections import deque
from typing import NamedTuple

from passenger.exchange import Exchange
from passenger.ledger.quota_samples import QuotaSample
from passenger.ledger.rows import Row


class Gap(NamedTuple):
    """A time whose rows may be missing, in Unix milliseconds."""

    since: int
    until: int
    pid: int
    lost: int | None
    """How many rows; None if nobody knows, as a process was killed: those of its last second."""
    why: str

    def __str__(self) -> str:
        since, until = map(_local_time, (self.since, self.until))
        if self.lost is None:
            who = f"{self.why} (process {self.pid})"
            return f"{who} between {since} and {until}: the requests of its last second are missing"
        return f"{self.lost:,} requests from {since} to {until} are missing: {self.why}"


def _local_time(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at / 1000))


class Backlog:
    """Finished exchanges, rows that could not be written yet, what was lost of them, and samples of quotas."""

    def __init__(self) -> None:
        self.fresh: deque[Exchange] = deque()
        self.rows: deque[Row] = deque()
        self.samples: deque[QuotaSample] = deque()
        self.lost = Lost()
        self.is_awake = False
        """Whether the thread will look for fresh ones without being woken."""
        self.wake, self.closing = threading.Event(), threading.Event()
        self.trouble: str | None = None
        """Why the file cannot be used, and what to type."""

    def __len__(self) -> int:
        return len(self.fresh) + len(self.rows)


class Lost:
    """What could not be kept: how many, and from when to when. Both threads add to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0
        self._since, self._until = float("inf"), 0.0

    def add(self, at: float) -> None:
        """One more, of a Unix time."""
        with self._lock:
            self.count += 1
            self._since, self._until = min(self._since, at), max(self._until, at)

    def take(self, why: str) -> Gap | None:
        """The time in which they were, None if there are none; none is left."""
        with self._lock:
            if not self.count:
                return None
            gap = Gap(round(self._since * 1000), round(self._until * 1000), os.getpid(), self.count, why)
            self.count, self._since, self._until = 0, float("inf"), 0.0
            return gap
