"""`passenger cache`: what the cache did and saved, as the ledger tells, and throwing away what it keeps."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing

import click

from passenger.cache.clearing import order_clearing
from passenger.chat.cost import NANO
from passenger.cli import reach
from passenger.cli.outcome import complain
from passenger.cli.table import Column, print_table
from passenger.config.invocation import Invocation
from passenger.config.login_files import find_ledger, find_state_dir
from passenger.ledger.cache_report import CacheSums, read_cache_sums
from passenger.ledger.database import open_to_read
from passenger.ledger.period import Period, PeriodError, date_of, parse_since
from passenger.ledger.schema import NoLedgerError
from passenger.ledger.trouble import trouble_of
from passenger.ledger.version import NewerSchemaError
from passenger.observe.amounts import amount
from passenger.private_file import StoreError
from passenger.server.process.exit_codes import FAILED, OK, USAGE

_COLUMNS = (
    Column("model"),
    *(Column(title, is_number=True) for title in ("hit", "joined", "stored", "miss", "saved credits")),
)


def show_stats(invocation: Invocation, *, since: str, json: bool) -> int:
    """Show what the cache did; exit 1 where the ledger cannot be read, 2 where it is of a newer Passenger."""
    try:
        period = parse_since(since, time.time())
    except PeriodError as error:
        raise click.BadParameter(f"{error}.", param_hint="--since") from error
    invocation, loaded, _ = reach.begin(invocation)
    path = find_ledger(invocation, loaded)
    try:
        with closing(open_to_read(path)) as database:
            found = read_cache_sums(database, period)
    except FileNotFoundError:
        found = []
    except (OSError, NewerSchemaError, NoLedgerError, sqlite3.Error) as error:
        return complain(str(trouble_of(error, path)), USAGE if isinstance(error, NewerSchemaError) else FAILED)
    _show(period, found, json=json)
    return OK


def _show(period: Period, found: Sequence[CacheSums], *, json: bool) -> None:
    since, until = map(date_of, period)
    if json:
        reach.write_json({"since": since, "until": until, "models": found})
    elif not found:
        click.echo(f"The cache had no part in any request from {since} to {until}.")
    else:
        print_table(_COLUMNS, [_row(sums) for sums in found])
        click.echo(f"It saved {amount(sum(one.saved_nano_credits for one in found) / NANO)}.")


def _row(sums: CacheSums) -> tuple[str, ...]:
    counts = (sums.hit, sums.joined, sums.stored, sums.miss)
    return (sums.model, *(f"{count:,}" for count in counts), f"{sums.saved_nano_credits / NANO:.4f}")


def clear(invocation: Invocation) -> int:
    """Have running servers throw away what they keep; exit 1 where they cannot be told."""
    invocation, loaded, _ = reach.begin(invocation)
    try:
        order_clearing(find_state_dir(invocation, loaded))
    except StoreError as error:
        return complain(str(error))
    click.echo("Nothing that was kept until now is given again.")
    return OK
