"""The way of a command to the user's own server, where one runs at the address that the settings have."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import click
import msgspec

from passenger.cli.outcome import complain
from passenger.config.invocation import DEFAULT_PORT, Invocation
from passenger.config.loading import Loaded
from passenger.config.login_files import find_team_file
from passenger.config.problems import ConfigError, Problem, SettingOrigin
from passenger.errors import Failure, Kind
from passenger.observe.redaction import Redactor
from passenger.private_file import StoreError
from passenger.secret import Secret
from passenger.server.control.client import Found, RunningServer, ServerError, find_server, reachable
from passenger.server.control.handshake import read_or_make_secret

KEY_VARIABLE = "PASSENGER_KEY"
"""The API key that our own commands show a server of the user's; without it, the first key of the settings."""

KEY_REMEDY = f". Put one of its API keys into {KEY_VARIABLE}, or name its settings with -c"
"""What to do about a server that does not take the key."""

WRONG_KEY = "invalid_api_key"
"""The code of a server that wants another key."""

LOGIN_REQUIRED = "login_required"
"""The code of a server that waits for somebody to log in."""

T = TypeVar("T")


def begin(invocation: Invocation) -> tuple[Invocation, Loaded, Redactor]:
    """Load the settings for a command that answers a person. Their warnings are logged; errors are left to the end.

    Raises:
        ConfigError: they cannot be used.
    """
    quiet = replace(invocation, quiet=not invocation.verbosity)
    loaded, redactor = quiet.begin()
    if quiet.quiet:
        logging.getLogger("passenger").setLevel(logging.ERROR)  # a failure is said when the command ends
    return quiet, loaded, redactor


def look(invocation: Invocation, loaded: Loaded) -> Found:
    """Who listens where a server with these settings would."""
    server = loaded.config.server
    if server.port == 0:
        return Found("nothing", RunningServer(server.host, 0))
    return find_server(server.host, server.port, secret_of(invocation), key_for(invocation, loaded))


def usual_url(loaded: Loaded) -> str:
    """Where this machine reaches a server of these settings, without `/v1`; the usual port stands for port 0."""
    server = loaded.config.server
    return RunningServer(reachable(server.host), server.port or DEFAULT_PORT).url


def secret_of(invocation: Invocation) -> bytes | None:
    """The secret that the user's own server signs with; None where it can be neither read nor made."""
    try:
        return read_or_make_secret(invocation.login_state_dir)
    except (StoreError, OSError):
        return None


def key_for(invocation: Invocation, loaded: Loaded, *, may_make: bool = True) -> Secret | None:
    """The API key to show: the one that is named, else one that commands on this machine have for a team.

    Where they have none, one is made, if that is allowed.

    Raises:
        ConfigError: as `key_of`.
    """
    key, team = key_of(loaded, invocation.environ), find_team_file(invocation, loaded)
    if key is not None or not team.exists():
        return key
    from passenger.cli.team.own_key import command_key  # noqa: PLC0415 - few have a team

    return command_key(team, may_make=may_make)


def key_of(loaded: Loaded, environ: Mapping[str, str]) -> Secret | None:
    """The API key to show.

    Raises:
        ConfigError: what is named is none that a request could carry.
    """
    if named := environ.get(KEY_VARIABLE):
        if not (named.isascii() and named.isprintable()):
            raise ConfigError([Problem(SettingOrigin("environment", KEY_VARIABLE), "must be a key: plain ASCII")])
        return Secret(named)
    return next(iter(loaded.api_keys), None)


def ask(question: Callable[[], T]) -> T:
    """The answer of a server.

    Raises:
        Failure: it gave none; the message says what to do.
    """
    try:
        return question()
    except ServerError as error:
        if error.code == WRONG_KEY:
            raise Failure(Kind.UPSTREAM, f"{error}{KEY_REMEDY}", code=WRONG_KEY) from error
        lacks_login = error.status == 401 or error.code == LOGIN_REQUIRED
        raise Failure(Kind.LOGIN if lacks_login else Kind.UPSTREAM, str(error)) from error


def stranger(found: Found) -> str | None:
    """A sentence about a stranger at the server's address; None if it is free or the user's own server."""
    where = f"listens at {found.server.url}; it was given nothing"
    match found.state:
        case "other_program":
            return f"another program{f' ({found.holder})' if found.holder else ''} {where}"
        case "other_passenger":
            who = "a Passenger that is not yours or serves another profile"
            return f"{who}{f', {found.holder},' if found.holder else ''} {where}"
        case _:
            return None


def warn_of_stranger(found: Found) -> None:
    """Say on stderr whom we have met."""
    if said := stranger(found):
        complain(said)


def write_json(document: object) -> None:
    """Print what a program asked for."""
    click.echo(json.dumps(msgspec.to_builtins(document), indent=2, ensure_ascii=False))
