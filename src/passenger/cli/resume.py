"""`passenger resume`: lets a session go on that the breaker has paused."""

import click

from passenger.cli import reach
from passenger.cli.outcome import complain
from passenger.config.invocation import Invocation
from passenger.errors import Failure
from passenger.server.process.exit_codes import FAILED, OK


def run(invocation: Invocation, *, session: str) -> int:
    """Let the session go on, in all workers; exit 1 if no server of the user's runs, or it is not paused."""
    found = reach.look(*reach.begin(invocation)[:2])
    if found.state != "ours":
        complain(reach.stranger(found) or f"no server runs at {found.server.url}, so no session is paused")
        return FAILED
    try:
        resumed = reach.ask(lambda: found.server.resume(session))
    except Failure as failure:
        complain(failure.message)
        return FAILED
    for one in resumed:
        click.echo(f"session {one} goes on.")
    return OK
