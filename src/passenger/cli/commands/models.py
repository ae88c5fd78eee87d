"""The flags and help of `passenger models`."""

import click

from passenger.cli.command import ACCOUNT, PLACE, command, start
from passenger.cli.completing import complete_model
from passenger.cli.invocation import Invocation


@command(
    "models",
    ("passenger models", "those to choose from"),
    ("passenger models gpt-5.5", "all there is to know of one"),
    ("passenger models --all --json", "every one, for programs"),
    meant=(*ACCOUNT, *PLACE),
)
@click.argument("name", required=False, shell_complete=complete_model)
@click.option("--all", "every", is_flag=True, help="Those that are hidden or no chat models, too.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def models(invocation: Invocation, *, name: str | None, every: bool, as_json: bool) -> int:
    """The models of your account: sizes, abilities, prices."""
    return start("passenger.cli.models:run", invocation, name=name, every=every, as_json=as_json)
