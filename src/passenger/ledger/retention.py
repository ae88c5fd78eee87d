"""Deletes rows that are older than they are to be kept, a slice at a time; the sums of days stay for ever."""

import sqlite3

from passenger.ledger.database import delete_before, recall, remember
from passenger.ledger.rows import DAY_MS

EVERY = 3600.0
"""Seconds between two looks."""

STEP = 2 * DAY_MS
"""Milliseconds of rows that one look may delete: a clock that is a year ahead for a moment takes no more with it."""

_KEPT_SINCE = "kept_since"


class Retention:
    """What to delete and when, for one writer."""

    def __init__(self, keep_days: int) -> None:
        self._keep = keep_days * DAY_MS
        self._next = float("-inf")

    def rest(self, now: float) -> float:
        """Seconds until the next look, by a clock that never jumps."""
        return max(0.0, self._next - now)

    def tidy(self, database: sqlite3.Connection, wall: float, now: float) -> None:
        """Delete a slice, if it is time to look. `wall` is the Unix time."""
        if now < self._next:
            return
        until = round(wall * 1000) - self._keep
        before = recall(database, _KEPT_SINCE)
        until = until if before is None else min(until, before + STEP)
        if delete_before(database, until):
            return
        if until != before:
            remember(database, _KEPT_SINCE, until)
        self._next = now + EVERY
