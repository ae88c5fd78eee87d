"""The flags and help of `passenger ask`."""

import click

from passenger.cli.command import ACCOUNT, PLACE, command, start
from passenger.cli.completing import complete_model
from passenger.cli.invocation import Invocation


@command(
    "ask",
    ('passenger ask "What is a monad?"', "of the model that Copilot begins with"),
    ('git diff | passenger ask -m gpt-5.5 "Review this"', "... of another, about what comes in"),
    meant=(*ACCOUNT, *PLACE),
)
@click.argument("question", nargs=-1)
@click.option(
    "-m",
    "--model",
    metavar="MODEL",
    shell_complete=complete_model,
    help="Ask this model; `passenger models` lists them.",
)
def ask(invocation: Invocation, *, question: tuple[str, ...], model: str | None) -> int:
    """Ask a model a question, which may come from stdin."""
    return start("passenger.cli.ask:run", invocation, question=" ".join(question), model=model)
