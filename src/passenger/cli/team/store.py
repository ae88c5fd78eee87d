"""The team's file, as a command on this machine finds it: who may write it needs no key."""

import getpass
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from passenger.config.invocation import Invocation
from passenger.config.login_files import find_team_file
from passenger.team.audit import Author, local_author
from passenger.team.team_file import change, change_existing, look_up

T = TypeVar("T")


def find_file(invocation: Invocation) -> Path:
    """Where the team's file is, or would be."""
    loaded, _ = invocation.begin()
    return find_team_file(invocation, loaded)


def read_team(invocation: Invocation, job: Callable[[sqlite3.Connection], T]) -> T:
    """What a job reads.

    Raises:
        Failure: there is no team, or the job's own.
    """
    return look_up(find_file(invocation), job)


def change_team(invocation: Invocation, job: Callable[[sqlite3.Connection, Author], T], *, begins: bool = False) -> T:
    """What a job gives that changes the team, in the name of who types; only one that `begins` a team makes its file.

    Raises:
        Failure: there is no team, or the job's own.
    """
    by, make = local_author(_login()), change if begins else change_existing
    return make(find_file(invocation), lambda database: job(database, by))


def print_json(value: object) -> None:
    """Print a value for programs."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user, as in some containers
        return str(os.getuid()) if hasattr(os, "getuid") else "?"
