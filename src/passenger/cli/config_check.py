"""`passenger config check`: whether the settings can be served with, and all that is wrong or odd about them."""

import json as json_text
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from passenger.cli.config import json_origin
from passenger.cli.exits import OK, USAGE
from passenger.cli.invocation import Invocation
from passenger.cli.networking import network_of
from passenger.cli.servable import no_workers, open_to_all, same_ports
from passenger.config import ConfigError, Loaded, Problem
from passenger.log import Redactor, one_line


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found: no settings where the files could not be read."""

    loaded: Loaded | None
    problems: Sequence[Problem]


def check(invocation: Invocation, *, json: bool) -> int:
    """Say what is wrong on stderr, or that nothing is; exit 2 where the settings cannot be used."""
    checked = look(invocation)
    if json:
        click.echo(json_text.dumps(as_json(checked), indent=2))
    else:
        for line in complaints(checked):
            click.echo(line, err=True)
        if not checked.problems:
            click.echo(verdict(checked))
    return USAGE if checked.problems else OK


def look(invocation: Invocation) -> Checked:
    """Load the settings as a server would, up to where it would listen."""
    try:
        loaded = invocation.load()
    except ConfigError as error:
        return Checked(None, error.problems)
    return Checked(loaded, list(_unservable(loaded, invocation.environ)))


def _unservable(loaded: Loaded, environ: Mapping[str, str]) -> Iterator[Problem]:
    try:
        network_of(loaded, environ, Redactor())
    except ConfigError as error:
        yield from error.problems
    try:
        yield from filter(None, (no_workers(loaded), open_to_all(loaded), same_ports(loaded)))
    except OSError as error:
        host = loaded.config.server.host
        yield Problem(loaded.origins["server.host"], f"[server] host: {host}: {error.strerror or error}")


def as_json(checked: Checked) -> Mapping[str, object]:
    """The same for programs: `problems` each with `origin` and `message`."""
    loaded = checked.loaded
    return {
        "ok": not checked.problems,
        "problems": [{"origin": json_origin(one.origin), "message": one.what} for one in checked.problems],
        "warnings": list(loaded.warnings) if loaded else [],
        "files": [{"path": file.path, "state": file.state} for file in loaded.files] if loaded else [],
    }


def complaints(checked: Checked) -> Iterator[str]:
    """A line for each problem, and for each oddity."""
    yield from map(str, checked.problems)
    if checked.loaded:
        yield from (f"warning: {warning}" for warning in checked.loaded.warnings)


def verdict(checked: Checked) -> str:
    """That all is well, and which files were read."""
    read = [one_line(file.path) for file in checked.loaded.files if file.state == "read"] if checked.loaded else []
    return f"The settings can be used. Files read: {', '.join(read) or 'none'}."
