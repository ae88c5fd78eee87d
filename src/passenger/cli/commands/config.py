"""The flags and help of `passenger config`."""

import functools
from collections.abc import Callable

import click

from passenger.cli.command import ExampledCommand, shared, start
from passenger.cli.invocation import Invocation

JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group("config", cls=click.Group)
def config() -> None:
    """Look at the settings, check them, begin a file of them."""


def _below(name: str) -> Callable[[Callable[..., int]], click.Command]:
    """Make a command of the group."""

    def make(function: Callable[..., int]) -> click.Command:
        meant = functools.partial(shared, meant=("config_path", "profile"))
        made = click.command(name, cls=ExampledCommand)(meant(function))
        config.add_command(made)
        return made

    return make


@_below("show")
@JSON
def show(invocation: Invocation, *, as_json: bool) -> int:
    """Each setting, its value, and where that comes from."""
    return start("passenger.cli.config:show", invocation, json=as_json)


@_below("path")
@JSON
def path(invocation: Invocation, *, as_json: bool) -> int:
    """Where your config file is, or would be."""
    return start("passenger.cli.config_file:path", invocation, json=as_json)


@_below("check")
@JSON
def check(invocation: Invocation, *, as_json: bool) -> int:
    """Whether the settings can be used, and what is wrong with them."""
    return start("passenger.cli.config_check:check", invocation, json=as_json)


@_below("init")
def init(invocation: Invocation) -> int:
    """Write a config file with every setting, commented out."""
    return start("passenger.cli.config_file:init", invocation)
