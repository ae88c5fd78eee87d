"""`passenger completion`: the shell's own code that completes commands, flags and names of models."""

import click
from click.shell_completion import get_completion_class

from passenger.cli.exits import OK
from passenger.cli.invocation import Invocation

VARIABLE = "_PASSENGER_COMPLETE"


def run(_invocation: Invocation, *, shell: str) -> int:
    """Print it."""
    from passenger.cli.group import root  # noqa: PLC0415 - it is what imports this

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - one of those that the flag offers
    click.echo(kind(root, {}, "passenger", VARIABLE).source())
    return OK
