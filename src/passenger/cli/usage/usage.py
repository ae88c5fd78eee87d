"""`passenger usage`: reads the ledger itself, whether a server runs or not, and asks a running one for the quota."""

import sqlite3
import time
from pathlib import Path
from random import Random

import click
from msgspec.structs import replace

from passenger.cli import reach
from passenger.cli.outcome import complain
from passenger.cli.table import terminal_width
from passenger.cli.usage.spreadsheet import as_csv
from passenger.cli.usage.text import print_report
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import find_ledger, find_team_file
from passenger.errors import Failure
from passenger.ledger.period import Period, PeriodError, date_of, parse_since
from passenger.ledger.report import Grouping, UsageSums
from passenger.ledger.schema import NoLedgerError
from passenger.ledger.trouble import trouble_of
from passenger.ledger.usage_report import UsageReport, read_report
from passenger.ledger.version import NewerSchemaError
from passenger.quota.quota import Quota, main_quota
from passenger.server.process.exit_codes import OK, USAGE
from passenger.team.names import read_names

EVERY = 2.0
"""Seconds between two looks with --watch."""

_SEED = 0
"""What the draws of the forecast begin with, so that the same ledger always gives the same."""


def run(invocation: Invocation, *, by: Grouping, since: str, form: str) -> int:
    """Show what was used, as `text`, `json` or `csv`, or again and again on a terminal (`watch`).

    The exit code is 1 where the ledger cannot be read, and 2 where it is of a newer Passenger.
    """
    _period(since)
    if form == "watch" and terminal_width() is None:
        return complain("--watch draws on a terminal, and stdout is none", USAGE)
    invocation, loaded, _ = reach.begin(invocation)
    path = find_ledger(invocation, loaded)
    while True:
        try:
            quota, random = _quota(invocation, loaded), Random(_SEED)  # noqa: S311 - no secret
            report = read_report(path, _period(since), by, quota, random, now=time.time())
            report = _named(report, find_team_file(invocation, loaded))
        except FileNotFoundError:
            report = _nothing(_period(since), by)
        except (OSError, NewerSchemaError, NoLedgerError, sqlite3.Error) as error:
            return complain(str(trouble_of(error, path)), USAGE if isinstance(error, NewerSchemaError) else 1)
        _show(report, form, _why_empty(path, loaded))
        if form != "watch":
            return OK
        time.sleep(EVERY)


def _named(report: UsageReport, team: Path) -> UsageReport:
    """The report with the names of people and the shown forms of keys in place of their ids."""
    if report.by not in {"user", "key"}:
        return report
    names = read_names(team)
    rows = [
        replace(row, user=names.users.get(str(row.user), row.user), key=names.keys.get(str(row.key), row.key))
        for row in report.rows
    ]
    return replace(report, rows=rows)


def _show(report: UsageReport, form: str, empty: str) -> None:
    match form:
        case "json":
            reach.write_json(report)
        case "csv":
            click.echo(as_csv(report).encode(), nl=False)
        case _:
            if form == "watch":
                click.clear()
            print_report(report, empty)


def _period(since: str) -> Period:
    """The period that is meant, by the day that it is now."""
    try:
        return parse_since(since, time.time())
    except PeriodError as error:
        raise click.BadParameter(f"{error}.", param_hint="--since") from error


def _nothing(period: Period, by: Grouping) -> UsageReport:
    since, until = map(date_of, period)
    return UsageReport(by=by, since=since, until=until, total=UsageSums(), rows=())


def _why_empty(path: Path, loaded: Loaded) -> str:
    """What to say where there is no ledger."""
    if not loaded.config.ledger.enabled:
        return "[ledger] enabled is false: what answers cost is not kept."
    return f"There is no ledger yet at {path}: no request has reached a model."


def _quota(invocation: Invocation, loaded: Loaded) -> Quota | None:
    """The quota that chats are counted by, as a running server of the user's knows it; None if none tells."""
    found = reach.look(invocation, loaded)
    if found.state != "ours":
        return None
    try:
        account = reach.ask(found.server.status).account
    except Failure:
        return None
    return main_quota(account.quotas, is_free=account.plan == "free") if account else None
