"""The flags and help of `passenger config`."""

import functools

import click

from passenger.cli.command import ExampledCommand, shared, start
from passenger.cli.invocation import Invocation


@click.group("config", cls=click.Group)
def config() -> None:
    """Look at the settings."""


@click.command("show", cls=ExampledCommand)
@functools.partial(shared, meant=("config_path",))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show(invocation: Invocation, *, as_json: bool) -> int:
    """Each setting, its value, and where that comes from."""
    return start("passenger.cli.config:show", invocation, json=as_json)


config.add_command(show)
