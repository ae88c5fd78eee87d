"""The flags and help of `passenger login`."""

import click

from passenger.cli.command import ACCOUNT, command, start
from passenger.cli.invocation import Invocation


@command(
    "login",
    ("passenger login", "show a code to enter on github.com"),
    ("passenger login --token-stdin < token.txt", "take a GitHub token that exists already"),
    meant=ACCOUNT,
)
@click.option("--no-browser", is_flag=True, help="Never open a browser.")
@click.option("--token-stdin", is_flag=True, help="Read a GitHub token from stdin.")
def login(invocation: Invocation, *, no_browser: bool, token_stdin: bool) -> int:
    """Log in to GitHub and get a first Copilot token."""
    return start("passenger.cli.login:run", invocation, browser=not no_browser, token_stdin=token_stdin)
