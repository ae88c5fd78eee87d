"""`passenger status`: whether the user's server runs, since when, for whom, and what it has done."""

import time

import click

from passenger.cli import reach
from passenger.cli.exits import FAILED, OK
from passenger.cli.given_flags import with_flags
from passenger.cli.invocation import Invocation
from passenger.cli.login_hint import login_hint
from passenger.cli.status_facts import facts
from passenger.cli.table import print_facts
from passenger.control.client import Found
from passenger.control.status import Status


def run(invocation: Invocation, *, as_json: bool) -> int:
    """Tell of the server at the address of the settings; exit 1 where it is not the user's own, or none."""
    found = reach.look(*reach.begin(invocation)[:2])
    status = reach.ask(found.server.status) if found.state == "ours" else None
    if as_json:
        reach.write_json(as_document(found, status))
    elif status is None:
        click.echo(f"passenger: {reach.stranger(found) or _not_running(invocation, found)}", err=True)
    else:
        print_facts(facts(status, found.server.url, time.time(), login_hint(invocation)))
    return FAILED if status is None else OK


def _not_running(invocation: Invocation, found: Found) -> str:
    return f"no server runs at {found.server.url}; `{with_flags(invocation, 'passenger')}` starts one"


def as_document(found: Found, status: Status | None) -> dict[str, object]:
    """The same for programs, whether or not there is a server."""
    return {
        "running": status is not None,
        "state": found.state,
        "url": found.server.url,
        "holder": found.holder,
        "server": status,
    }
