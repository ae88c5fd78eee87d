"""What the shell offers for an argument while it is typed; nothing is asked of anybody."""

import contextlib

import click

from passenger.cli.invocation import Invocation


def complete_model(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """The names of models that begin so, as the last server of this user knew them, or of the login that is named."""
    with contextlib.suppress(Exception):  # whatever is wrong, nobody wants to read it while typing
        from passenger.control.known_names import known_names  # noqa: PLC0415 - only while completing

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
