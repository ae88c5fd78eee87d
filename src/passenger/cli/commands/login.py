"""The flags and help of `passenger login`."""

import click

from passenger.cli.command import ACCOUNT, command, start
from passenger.cli.invocation import Invocation


@command(
    "login",
    ("passenger login", "show a code to enter on github.com"),
    ("passenger login --token-stdin < token.txt", "take a GitHub token that exists already"),
    ("passenger login --profile work", "keep a second login, under a name"),
    ("passenger login --simulated", "see it without an account, in a profile of its own"),
    meant=ACCOUNT,
)
@click.option("--no-browser", is_flag=True, help="Never open a browser.")
@click.option("--token-stdin", is_flag=True, help="Read a GitHub token from stdin.")
@click.option("--simulated", is_flag=True, help="Log in at a simulated GitHub.")
def login(invocation: Invocation, *, no_browser: bool, token_stdin: bool, simulated: bool) -> int:
    """Log in to GitHub and get a first Copilot token."""
    return start(
        "passenger.cli.login:run", invocation, browser=not no_browser, token_stdin=token_stdin, simulated=simulated
    )
