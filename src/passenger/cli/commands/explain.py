"""The flags and help of `passenger explain`."""

import click

from passenger.cli.command import ACCOUNT, PLACE, command, start
from passenger.cli.invocation import Invocation


@command(
    "explain",
    ("passenger explain", "list the last requests"),
    ("passenger explain 96bb7a9e", "what became of one; the beginning of its id is enough"),
    meant=(*ACCOUNT, *PLACE),
)
@click.argument("request", metavar="REQUEST-ID", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def explain(invocation: Invocation, *, request: str | None, as_json: bool) -> int:
    """List the last requests, or tell what became of one."""
    return start("passenger.cli.explain:run", invocation, request=request, as_json=as_json)
