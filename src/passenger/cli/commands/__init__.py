"""Each command's flags and help, made when they are asked for; what a command does is imported when it is run."""

from collections.abc import Iterator, MutableMapping
from importlib import import_module

import click

COMMANDS = (
    "serve",
    "login",
    "logout",
    "launch",
    "refresh",
    "ask",
    "setup",
    "models",
    "status",
    "explain",
    "demo",
    "simulate",
    "config",
    "service",
    "completion",
    "doctor",
)
"""All commands, in the order in which a new user meets them; each has a module of its name."""


class Commands(MutableMapping[str, click.Command]):
    """The commands by their names: of sixteen, with a dozen flags each, nearly every run needs one."""

    def __init__(self) -> None:
        self._made: dict[str, click.Command | None] = dict.fromkeys(COMMANDS)

    def __getitem__(self, name: str) -> click.Command:
        made = self._made[name]
        if made is None:
            made = self._made[name] = getattr(import_module(f"{__name__}.{name}"), name)
        return made

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._made

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)
