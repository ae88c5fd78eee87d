"""The flags and help of `passenger service`."""

import functools

import click

from passenger.cli.command import PLACE, ExampledCommand, shared, start
from passenger.cli.invocation import Invocation

_ENTRY = "passenger.cli.service:{}"
_without_flags = functools.partial(shared, meant=())


@click.group("service", cls=click.Group)
def service() -> None:
    """Run Passenger as a service of your own account."""


@service.command("install", cls=ExampledCommand)
@functools.partial(
    shared,
    meant=(
        "config_path",
        "ca_bundle",
        "profile",
        "access_token_path",
        "copilot_token_path",
        *PLACE,
        "ollama_port",
        "workers",
    ),
)
@click.option("--print", "print_only", is_flag=True, help="Only show what would be installed.")
@click.option("--no-sandbox", is_flag=True, help="Where the system grants no user namespaces.")
def install(invocation: Invocation, *, print_only: bool, no_sandbox: bool) -> int:
    """Start it now and at each login; again after an update."""
    return start(_ENTRY.format("install"), invocation, print_only=print_only, sandbox=not no_sandbox)


@service.command("uninstall", cls=ExampledCommand)
@_without_flags
def uninstall(invocation: Invocation) -> int:
    """Stop it and take it away; logins and settings stay."""
    return start(_ENTRY.format("uninstall"), invocation)


@service.command("status", cls=ExampledCommand)
@_without_flags
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(invocation: Invocation, *, as_json: bool) -> int:
    """Whether it runs; exit 1 if not."""
    return start(_ENTRY.format("status"), invocation, json=as_json)


@service.command("logs", cls=ExampledCommand)
@_without_flags
@click.option("-n", "--lines", type=click.IntRange(1), default=100, show_default=True, help="Show so many.")
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
def logs(invocation: Invocation, *, lines: int, follow: bool) -> int:
    """What it has said last."""
    return start(_ENTRY.format("logs"), invocation, lines=lines, follow=follow)
