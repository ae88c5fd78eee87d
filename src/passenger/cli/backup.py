"""`passenger backup` and `passenger restore`: a copy of the ledger, and the ledger put back from one."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import click

from passenger.cli import reach
from passenger.cli.outcome import complain
from passenger.config.invocation import Invocation
from passenger.config.login_files import find_ledger
from passenger.ledger.backup import InUseError, back_up, restore
from passenger.ledger.schema import NoLedgerError
from passenger.ledger.trouble import trouble_of
from passenger.ledger.version import NewerSchemaError
from passenger.server.process.exit_codes import FAILED, OK, USAGE


def run_backup(invocation: Invocation, *, file: Path) -> int:
    """Copy the ledger into a file; exit 1 where that cannot be done, 2 where it is of a newer Passenger."""
    _, loaded, _ = reach.begin(invocation)
    path = find_ledger(invocation, loaded)
    try:
        rows = back_up(path, file)
    except NewerSchemaError as error:
        return complain(str(trouble_of(error, path)), USAGE)
    except NoLedgerError as error:
        return complain(f"{file} is left as it is: {error}")
    except sqlite3.Error as error:
        return complain(str(trouble_of(error, path)))
    click.echo(f"{file}: {rows:,} requests of {path}")
    return OK


def run_restore(invocation: Invocation, *, file: Path) -> int:
    """Put a copy in the place of the ledger; exit 1 where a server runs on it, 2 where the copy cannot be used."""
    invocation, loaded, _ = reach.begin(invocation)
    path = find_ledger(invocation, loaded)
    found = reach.look(invocation, loaded)
    if found.hello is not None and found.state == "ours":
        return _stop_first([found.hello.pid])
    try:
        rows, aside = restore(path, file, datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"))
    except InUseError as error:
        return _stop_first(error.processes)
    except NewerSchemaError as error:
        return complain(f"{file} cannot be used: {error}", USAGE)
    except (NoLedgerError, sqlite3.Error) as error:
        return complain(f"{file} is no copy of a ledger: {error}", USAGE)
    click.echo(f"{path}: {rows:,} requests of {file}")
    if aside is not None:
        click.echo(f"What was there is kept as {aside}")
    return OK


def _stop_first(processes: list[int]) -> int:
    stop = f"kill {' '.join(map(str, processes))}"
    return complain(f"a server runs on the ledger; stop it first: {stop}", FAILED)
