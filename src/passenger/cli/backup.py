"""`passenger backup` and `passenger restore`: copies of the ledger and of the team's file, and both put back."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import click

from passenger.cli import reach
from passenger.cli.outcome import complain
from passenger.config.invocation import Invocation
from passenger.config.login_files import find_ledger, find_team_file
from passenger.ledger.backup import InUseError, back_up, restore
from passenger.ledger.schema import NoLedgerError
from passenger.ledger.trouble import trouble_of
from passenger.ledger.version import NewerSchemaError
from passenger.server.process.exit_codes import FAILED, OK, USAGE
from passenger.team.backup import back_up_team, check_team_copy, restore_team
from passenger.team.version import ForeignTeamFileError


def run_backup(invocation: Invocation, *, file: Path) -> int:
    """Copy the ledger into a file, and the file of a team beside it.

    Exits with 1 where that cannot be done, with 2 where one of the files is not ours to read or to replace.
    """
    _, loaded, _ = reach.begin(invocation)
    path, team = find_ledger(invocation, loaded), find_team_file(invocation, loaded)
    if not team.exists():
        return _back_up_ledger(path, file)
    code = _back_up_team(team, _team_copy(file))
    return _back_up_ledger(path, file) if code == OK and path.exists() else code


def _team_copy(file: Path) -> Path:
    """Where the copy of a team's file is, beside that of the ledger."""
    return file.with_name(f"{file.stem}.team{file.suffix}")


def _back_up_team(path: Path, file: Path) -> int:
    try:
        people = back_up_team(path, file)
    except (ForeignTeamFileError, OSError, sqlite3.Error) as error:
        code = USAGE if isinstance(error, ForeignTeamFileError) else FAILED
        return complain(f"the team's file {path} was not copied to {file}: {error}", code)
    click.echo(f"{file}: {people:,} {_people(people)} of {path}")
    return OK


def _people(count: int) -> str:
    return "person" if count == 1 else "people"


def _back_up_ledger(path: Path, file: Path) -> int:
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
    """Put a copy in the place of the ledger, and one of the team's file that is beside it in the place of that.

    Exits with 1 where a server runs on them, with 2 where a copy cannot be used; then neither is replaced.
    """
    invocation, loaded, _ = reach.begin(invocation)
    path, team, team_copy = find_ledger(invocation, loaded), find_team_file(invocation, loaded), _team_copy(file)
    found = reach.look(invocation, loaded)
    if found.hello is not None and found.state == "ours":
        return _stop_first([found.hello.pid])
    if not team_copy.exists():
        return _restore_ledger(path, file)
    try:
        check_team_copy(team, team_copy)
    except (ForeignTeamFileError, OSError, sqlite3.Error) as error:
        return complain(f"{team_copy} cannot be used: {error}", USAGE)
    code = _restore_ledger(path, file) if file.exists() else OK
    return code or _restore_team(team, team_copy)


def _restore_team(path: Path, file: Path) -> int:
    people, aside = restore_team(path, file, _moment())
    click.echo(f"{path}: {people:,} {_people(people)} of {file}")
    click.echo("Keys that were revoked after that copy was made open again: see `passenger keys list`", err=True)
    _say_where(aside)
    return OK


def _moment() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def _say_where(aside: Path | None) -> None:
    if aside is not None:
        click.echo(f"What was there is kept as {aside}")


def _restore_ledger(path: Path, file: Path) -> int:
    try:
        rows, aside = restore(path, file, _moment())
    except InUseError as error:
        return _stop_first(error.processes)
    except NewerSchemaError as error:
        return complain(f"{file} cannot be used: {error}", USAGE)
    except (NoLedgerError, sqlite3.Error) as error:
        return complain(f"{file} is no copy of a ledger: {error}", USAGE)
    click.echo(f"{path}: {rows:,} requests of {file}")
    _say_where(aside)
    return OK


def _stop_first(processes: list[int]) -> int:
    stop = f"kill {' '.join(map(str, processes))}"
    return complain(f"a server runs on the ledger; stop it first: {stop}", FAILED)
