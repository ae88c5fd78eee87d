"""Warns in the log where the ledger has more than GitHub has counted, once for each seat and period."""

import logging
import sqlite3

from passenger.ledger.database import recall, remember
from passenger.ledger.reconcile import Reconciliation
from passenger.ledger.reconciliations import drift_text, read_reconciliations
from passenger.ledger.rows import DAY_MS

log = logging.getLogger(__name__)

EVERY = 3600.0
"""Seconds between two looks."""

_SAME_PERIOD = 20 * DAY_MS
"""Two periods end further apart."""


class DriftWatch:
    """Looks now and then, for one writer; what was told is noted in the ledger, for all of them."""

    def __init__(self) -> None:
        self._next = float("-inf")

    def look(self, database: sqlite3.Connection, wall: float, now: float) -> None:
        """Warn, if it is time to look. `wall` is the Unix time, `now` a clock that never jumps."""
        if now < self._next:
            return
        self._next = now + EVERY
        moment = round(wall * 1000)
        for found in read_reconciliations(database, moment):
            if found.drift and _is_news(database, found, moment):
                log.warning("%s", drift_text(found))


def _is_news(database: sqlite3.Connection, found: Reconciliation, now: int) -> bool:
    """Whether nobody has told of it in this period; from now on somebody has."""
    key, period = f"drift of {found.seat}", found.resets_at or now
    database.execute("BEGIN IMMEDIATE")
    try:
        told = recall(database, key)
        remember(database, key, period)
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise
    return told is None or abs(period - told) >= _SAME_PERIOD
