"""The flags and help of `passenger launch`."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from passenger.cli.command import ACCOUNT, DEMO_PORT, PLACE, command, start
from passenger.cli.completing import complete_model
from passenger.cli.invocation import Invocation


class Flags(NamedTuple):
    """What the user asks of a launch."""

    client: str | None
    arguments: Sequence[str]
    model: str | None
    small_model: str | None
    only_print: bool
    as_json: bool
    no_check: bool
    demo: bool

    @property
    def is_shown(self) -> bool:
        """Whether the run is only shown."""
        return self.only_print or self.as_json


@command(
    "launch",
    ("passenger launch claude", "run Claude Code on your subscription"),
    ("passenger launch codex --model gpt-5.5", "... Codex, with this model"),
    ('passenger launch claude -- -p "Who are you?"', "... with arguments of its own"),
    ("passenger launch claude --demo", "... on a simulated Copilot, offline"),
    meant=(*ACCOUNT, *PLACE),
    port=DEMO_PORT,
)
@click.argument("client", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS]")
@click.option("-m", "--model", metavar="MODEL", shell_complete=complete_model, help="The model to talk to.")
@click.option(
    "--small-model",
    metavar="MODEL",
    shell_complete=complete_model,
    help="The model for titles and other small jobs.",
)
@click.option("--print", "only_print", is_flag=True, help="Show what would be run, and run nothing.")
@click.option("--json", "as_json", is_flag=True, help="The same for programs; without a client: the list.")
@click.option("--no-check", is_flag=True, help="Send no request to see whether the model answers.")
@click.option("--demo", is_flag=True, help="Use a simulated Copilot: no account, no network.")
def launch(invocation: Invocation, **given: Any) -> int:
    """Run a client wired to Passenger, this once; edits nothing."""
    return start("passenger.cli.launch:run", invocation, flags=Flags(**given))
