"""The flags and help of `passenger completion`."""

import click

from passenger.cli.command import command, start
from passenger.cli.invocation import Invocation

SHELLS = ("bash", "zsh", "fish")


@command(
    "completion",
    ('eval "$(passenger completion bash)"', "into ~/.bashrc"),
    ('eval "$(passenger completion zsh)"', "into ~/.zshrc, after compinit"),
    ("passenger completion fish | source", "into ~/.config/fish/config.fish"),
    meant=(),
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(invocation: Invocation, *, shell: str) -> int:
    """Print what completes commands, flags and models in a shell."""
    return start("passenger.cli.completion:run", invocation, shell=shell)
