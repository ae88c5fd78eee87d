"""What the shell offers for an argument while it is typed; nothing is asked of anybody."""

import contextlib

import click

from passenger.cli.invocation import Invocation


def complete_model(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """The names of models that begin so, as the last server of this user knew them."""
    with contextlib.suppress(Exception):  # whatever is wrong, nobody wants to read it while typing
        from passenger.control.known_names import known_names  # noqa: PLC0415 - only while completing

        return [name for name in known_names(Invocation().state_dir) if name.startswith(begun)]
    return []
