"""A ledger in which answers cost twice what GitHub has counted."""

import sqlite3

from passenger.chat.cost import NANO, Cost
from passenger.ledger.database import insert
from passenger.ledger.quota_samples import QuotaSample, insert_samples
from passenger.ledger.rows import row_of
from tests.ledger.exchanges import finished

MINUTES = 5


def drift(database: sqlite3.Connection, now: float, resets_in: float = 1e6) -> float:
    """Three answers of ten credits, and the four samples around them, of which the last is of a moment ago.

    It gives what that says is used.
    """
    resets_at, used = round((now + resets_in) * 1000), 50.0
    for number in range(4):
        at, used = now - 60 * MINUTES * (3 - number) - 1, 50.0 + 5 * number
        insert_samples(
            database, [QuotaSample("own", "github", round(at * 1000), "credits", 7000, None, used, resets_at)]
        )
        if number:
            insert(database, [row_of(finished(at - 120, cost=Cost("upstream", 10 * NANO)))], "w", 0)
    return used
