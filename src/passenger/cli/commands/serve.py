"""The flags and help of `passenger serve`."""

from dataclasses import replace

import click

from passenger.cli.command import command, start
from passenger.cli.invocation import Invocation


@command(
    "serve",
    ("passenger serve --port 9000", "listen on port 9000"),
    ("passenger serve --await-login", "listen before anybody is logged in"),
)
@click.option(
    "--await-login",
    is_flag=True,
    default=None,
    help="Listen without a login, too, and take up the first one that is made.",
)
def serve(invocation: Invocation, *, await_login: bool | None) -> int:
    """Serve your subscription until stopped."""
    return start("passenger.cli.serve:run", replace(invocation, await_login=await_login))
