"""The flags that a user has given, put into a command that he is told to type: it has to mean the same as his own."""

import shlex
from collections.abc import Iterator

from passenger.cli.invocation import Invocation

PROGRAM = "passenger"
_BETWEEN = " && "


def with_flags(invocation: Invocation, typed: str) -> str:
    """A line for the shell in which each command of ours has the flags of this invocation."""
    return _BETWEEN.join(_flagged(invocation, command) for command in typed.split(_BETWEEN))


def _flagged(invocation: Invocation, command: str) -> str:
    program, space, rest = command.partition(" ")
    if program != PROGRAM:
        return command
    words = shlex.split(rest)
    flags = [shlex.join(flag) for flag in _given(invocation) if flag[0] not in words]
    return " ".join([program, *flags]) + space + rest


def _given(invocation: Invocation) -> Iterator[tuple[str, str]]:
    """Those that tell which login, which settings and which address are meant."""
    given = {
        "-c": invocation.config_path,
        "--profile": invocation.profile,
        "--access-token-path": invocation.access_token_path,
        "--copilot-token-path": invocation.copilot_token_path,
        "--ca-bundle": invocation.ca_bundle,
        "--host": invocation.host,
        "--port": invocation.port,
    }
    for flag, value in given.items():
        if value is not None:
            yield flag, str(value)
