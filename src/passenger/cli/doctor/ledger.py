"""The check of the ledger: whether it can be used, what is missing in it, and whether GitHub has counted as much."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from shlex import quote

from passenger.cli.doctor.facts import Facts, in_thread
from passenger.cli.doctor.findings import Finding, fail, ok, skip, warn
from passenger.ledger.database import open_to_read
from passenger.ledger.reconciliations import drift_text, read_reconciliations
from passenger.ledger.schema import NoLedgerError
from passenger.ledger.trouble import trouble_of
from passenger.ledger.version import NewerSchemaError
from passenger.ledger.writers import gaps

LEDGER = "ledger"
RECENT = 7 * 86_400.0
"""Seconds for which a gap is told of."""


async def check_ledger(facts: Facts) -> Sequence[Finding]:
    """Look into the file, and change nothing."""
    if not facts.loaded.config.ledger.enabled:
        return [skip(LEDGER, "[ledger] enabled is false: what answers cost is not kept")]
    return await in_thread(lambda: _look(facts.ledger, facts.clock()))


def _look(path: Path, now: float) -> Sequence[Finding]:
    if not path.exists():
        return [ok(LEDGER, f"none yet at {path}")]
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return [fail(LEDGER, f"{path} cannot be written", f"chmod u+rwX {quote(str(path.parent))} {quote(str(path))}")]
    try:
        with closing(open_to_read(path)) as database:
            (requests,) = database.execute("SELECT coalesce(sum(requests), 0) FROM usage_day").fetchone()
            missing = gaps(database, round((now - RECENT) * 1000))
            drifts = [text for one in read_reconciliations(database, round(now * 1000)) if (text := drift_text(one))]
    except (OSError, NewerSchemaError, NoLedgerError, sqlite3.Error) as error:
        trouble = trouble_of(error, path)
        return [fail(LEDGER, trouble.why, trouble.fix)]
    if warnings := [*map(str, missing), *drifts]:
        return [warn(LEDGER, text, "passenger usage") for text in warnings]
    return [ok(LEDGER, f"{requests:,} requests in {path}")]
