"""The flags and help of `passenger setup`."""

from typing import Any, NamedTuple

import click

from passenger.cli.command import ACCOUNT, PLACE, command, start
from passenger.cli.completing import complete_model
from passenger.cli.invocation import Invocation


class Flags(NamedTuple):
    """What the user asks of a setup."""

    client: str | None
    action: str
    """One of ACTIONS."""
    default: bool
    yes: bool
    model: str | None
    small_model: str | None
    as_json: bool


ACTIONS = ("write", "undo", "status", "dry_run")


@command(
    "setup",
    ("passenger setup claude", "show what would change, ask, write it, and prove it"),
    ("passenger setup claude --undo", "put back what was there"),
    ("passenger setup codex --default --yes", "so that plain `codex` uses it; without a question"),
    meant=(*ACCOUNT, *PLACE),
)
@click.argument("client", required=False)
@click.option("--write", is_flag=True, help="Write it, once you have said yes.  [default]")
@click.option("--undo", is_flag=True, help="Put back what was there, value by value.")
@click.option("--status", is_flag=True, help="Say what has been written, and whether it still stands.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--default", is_flag=True, help="Codex and pi: plain `codex` or `pi` uses it, not only when told to.")
@click.option("--yes", is_flag=True, help="Ask nothing; what is not safe is refused.")
@click.option("-m", "--model", metavar="MODEL", shell_complete=complete_model, help="The model to talk to.")
@click.option(
    "--small-model",
    metavar="MODEL",
    shell_complete=complete_model,
    help="The model for titles and other small jobs, and for the proof.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs; it asks nothing.")
def setup(invocation: Invocation, **given: Any) -> int:
    """Write Passenger into a client's own settings, or undo that."""
    chosen = [name for name in ACTIONS if given.pop(name)]
    if len(chosen) > 1:
        raise click.UsageError("--write, --undo, --status and --dry-run exclude each other.")
    return start("passenger.cli.setup:run", invocation, flags=Flags(action=(*chosen, "write")[0], **given))
