"""The flags and help of `passenger status`."""

import click

from passenger.cli.command import ACCOUNT, PLACE, command, start
from passenger.cli.invocation import Invocation


@command("status", ("passenger status", "exit code 1 where no server of yours runs"), meant=(*ACCOUNT, *PLACE))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(invocation: Invocation, *, as_json: bool) -> int:
    """Tell whether your server runs, for whom, and what is left."""
    return start("passenger.cli.status:run", invocation, as_json=as_json)
