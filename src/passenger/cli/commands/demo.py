"""The flags and help of `passenger demo`."""

import click

from passenger.cli.command import DEMO_PORT, LOGGING, PLACE, command, place, start
from passenger.cli.invocation import Invocation


@command("demo", ("passenger demo --port 9000", "listen on port 9000"), meant=(*PLACE, "ollama_port", *LOGGING))
@click.option(
    "--pace/--no-pace",
    default=None,
    help="Stream at a pace that a person can follow.  [where stdout is a terminal]",
)
def demo(invocation: Invocation, *, pace: bool | None) -> int:
    """Serve a simulated Copilot: no account, no network."""
    return start("passenger.cli.demo:run", invocation, pace=pace, **place(invocation, DEMO_PORT))
