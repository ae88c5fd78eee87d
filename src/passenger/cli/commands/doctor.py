"""The flags and help of `passenger doctor`."""

import click

from passenger.cli.command import ACCOUNT, PLACE, command, start
from passenger.cli.invocation import Invocation


@command(
    "doctor",
    ("passenger doctor", "look at everything, and say what to type"),
    ("passenger doctor --client claude", "... of clients, at this one alone"),
    ("passenger doctor --report", "a text to paste where you ask for help"),
    meant=(*ACCOUNT, *PLACE),
)
@click.option("--client", metavar="NAME", help="Look at this client, and at no other.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--report", is_flag=True, help="A text to paste, with no secret in it.")
def doctor(invocation: Invocation, *, client: str | None, as_json: bool, report: bool) -> int:
    """Find out what is wrong, and what mends it."""
    return start("passenger.cli.doctor:run", invocation, client=client, json=as_json, report=report)
