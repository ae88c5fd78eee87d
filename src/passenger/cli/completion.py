"""`passenger completion`: the code with which a shell completes commands, flags and names of models."""

import contextlib

import click

from passenger.config.invocation import Invocation
from passenger.server.process.exit_codes import OK

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_PASSENGER_COMPLETE"


def run(_invocation: Invocation, *, shell: str) -> int:
    """Print the code."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only this command needs it

    from passenger.cli.group import root  # noqa: PLC0415 - it is what imports this

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - one of those that the flag offers
    click.echo(kind(root, {}, "passenger", VARIABLE).source())
    return OK


def complete_model(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """The names of models that begin so, as the last server of this user knew them, or of the login that is named."""
    with contextlib.suppress(Exception):  # whatever is wrong, nobody wants to read it while typing
        from passenger.copilot.known_names import known_names  # noqa: PLC0415 - only while completing

        one = Invocation(profile=_profile(ctx))
        login = one.profile or one.environ.get("PASSENGER_PROFILE") or None
        return [name for name in known_names(one.state_dir, login) if name.startswith(begun)]
    return []


def _profile(ctx: click.Context | None) -> str | None:
    """The value of `--profile` on the line so far, behind the command's name or before it."""
    while ctx is not None:
        if profile := ctx.params.get("profile"):
            return str(profile)
        ctx = ctx.parent
    return None
