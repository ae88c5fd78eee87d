"""What a scope of limits has spent since a moment: with this, budgets begin after a restart."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from passenger.ledger.database import open_to_read
from passenger.ledger.period import day_of
from passenger.ledger.rows import first_id
from passenger.ledger.schema import NoLedgerError, version_of
from passenger.ledger.version import NewerSchemaError

log = logging.getLogger(__name__)


def read_scope_spent(path: Path, scope: str, since: float) -> int:
    """Nano-credits of a scope (`key:ID`, `user:ID`, `all`) since Unix seconds; 0 where no ledger can be read.

    The day of that moment is counted by its rows, every later one by its sums.
    """
    kind, _, identity = scope.partition(":")
    try:
        with closing(open_to_read(path)) as database:
            if not version_of(database):
                return 0
            database.execute("BEGIN")
            return _sum(database, kind, identity, since)
    except FileNotFoundError:
        return 0
    except (OSError, NewerSchemaError, NoLedgerError, sqlite3.Error) as error:
        log.warning("budgets begin at 0, as the ledger cannot be read: %s", error)
        return 0


def _sum(database: sqlite3.Connection, kind: str, identity: str, since: float) -> int:
    day = day_of(since) + 1 if since > 0 else 0
    table, where = ("usage_day", "1") if kind == "all" else ("usage_user", f"{_COLUMNS[kind]} = :id")
    values = {"id": identity, "day": day, "from": first_id(round(since * 1000)), "to": first_id(day * 86_400_000)}
    sums = f"SELECT coalesce(sum(nano), 0) FROM {table} WHERE day >= :day AND {where}"  # noqa: S608 - our own names
    rows = f"SELECT coalesce(sum(nano), 0) FROM ledger WHERE id >= :from AND id < :to AND {where}"  # noqa: S608
    return sum(database.execute(query, values).fetchone()[0] for query in (sums, rows))


_COLUMNS = {"key": '"key"', "user": '"user"'}
