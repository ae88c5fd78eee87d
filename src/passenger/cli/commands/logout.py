"""The flags and help of `passenger logout`."""

import click

from passenger.cli.command import ACCOUNT, command, start
from passenger.cli.invocation import Invocation


@command(
    "logout",
    ("passenger logout", "ask, then remove the saved login and its token"),
    ("passenger logout --profile work --yes", "remove those of one profile without asking"),
    meant=ACCOUNT,
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def logout(invocation: Invocation, *, yes: bool) -> int:
    """Remove the saved login and its Copilot token."""
    return start("passenger.cli.logout:run", invocation, yes=yes)
