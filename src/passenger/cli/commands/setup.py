"""The flags and help of `passenger setup`."""

import click

from passenger.cli.command import ACCOUNT, PLACE, command, start
from passenger.cli.completing import complete_model
from passenger.cli.invocation import Invocation

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
def setup(
    invocation: Invocation,
    *,
    client: str | None,
    default: bool,
    yes: bool,
    model: str | None,
    small_model: str | None,
    as_json: bool,
    **actions: bool,
) -> int:
    """Write Passenger into a client's own settings, so that it can be undone."""
    chosen = [name for name in ACTIONS if actions[name]]
    if len(chosen) > 1:
        raise click.UsageError("--write, --undo, --status and --dry-run exclude each other.")
    return start(
        "passenger.cli.setup:run",
        invocation,
        client=client,
        action=chosen[0] if chosen else "write",
        default=default,
        yes=yes,
        model=model,
        small_model=small_model,
        as_json=as_json,
    )
