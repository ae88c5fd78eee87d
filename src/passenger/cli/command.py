"""What all commands have in common: the shared flags, help with examples, a late start, and the flags to tell again."""

import functools
import shlex
from collections import UserDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from passenger.config.invocation import DEFAULT_PORT, Invocation

LOOPBACK = "127.0.0.1"


class ExampledCommand(click.Command):
    """A command whose help shows examples first."""

    examples: Sequence[tuple[str, str]] = ()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then the options."""
        write_table(formatter, "Examples", self.examples)
        super().format_options(ctx, formatter)


def write_table(formatter: click.HelpFormatter, title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Write a section of two columns, none where it has no rows."""
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)


# --- shared flags ------------------------------------------------------------------------------------------------

_A_FILE = click.Path(path_type=Path)

SHARED: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]] = {
    "config_path": (("-c", "--config"), {"type": _A_FILE, "help": "Read this TOML file, and no other."}),
    "host": (("--host",), {"metavar": "ADDRESS", "help": f"Listen here.  [{LOOPBACK}]"}),
    "port": (("--port",), {"type": click.IntRange(0, 65535), "metavar": "PORT"}),
    "ollama_port": (
        ("--ollama-port",),
        {"type": click.IntRange(1, 65535), "metavar": "PORT", "help": "Listen here, too; Ollama's own is 11434."},
    ),
    "workers": (
        ("--workers",),
        {"type": click.IntRange(1, 64), "metavar": "N", "help": "Serve in this many processes.  [1]"},
    ),
    "ca_bundle": (("--ca-bundle",), {"type": _A_FILE, "help": "Believe the certificates in this PEM file, too."}),
    "profile": (
        ("--profile",),
        {"metavar": "NAME", "help": "Use the login of this name, such as work; else PASSENGER_PROFILE."},
    ),
    "access_token_path": (
        ("--access-token-path",),
        {"type": _A_FILE, "help": "Keep the GitHub login in this file alone."},
    ),
    "copilot_token_path": (
        ("--copilot-token-path",),
        {"type": _A_FILE, "help": "Keep the Copilot token in this file alone."},
    ),
    "verbosity": (("-v", "--verbose"), {"count": True, "help": "Log more; -vv: of libraries too."}),
    "quiet": (("-q", "--quiet"), {"is_flag": True, "help": "Log warnings and errors only."}),
    "log_format": (
        ("--log-format",),
        {
            "type": click.Choice(["text", "console", "json"]),
            "callback": lambda _ctx, _parameter, value: "text" if value == "console" else value,  # as it was called
            "help": "How to log.  [text]",
        },
    ),
}
"""The flags that every command takes, so that each may stand before or after the command's name."""

PLACE = ("host", "port")
LOGGING = ("verbosity", "quiet", "log_format")
LOGIN = ("config_path", "profile", "access_token_path", "copilot_token_path", "ca_bundle")
ACCOUNT = (*LOGIN, *LOGGING)
"""Those that mean something to some commands; the help of each shows no other."""


def given_flags(invocation: Invocation, names: Iterable[str]) -> Iterator[tuple[str, object]]:
    """Those of these flags that were given, as a user spells them, and their values."""
    for name in names:
        value = getattr(invocation, name)
        if value is not None:
            yield SHARED[name][0][0], value


def with_shared_flags(
    command: Callable[..., int], meant: Collection[str] = tuple(SHARED), port: int = DEFAULT_PORT
) -> Callable[..., int]:
    """Give a command the shared flags, and call it with the Invocation they make, its own flags after it.

    Its help shows only those that are `meant`.
    """

    @functools.wraps(command)
    def with_invocation(**given: Any) -> int:
        ctx = click.get_current_context()
        flags = {name: given.pop(name) for name in SHARED}
        ctx.obj = _join_flags(ctx.obj or {}, flags)
        return command(Invocation(**ctx.obj), **given)

    decorated: Callable[..., int] = with_invocation
    for name in reversed(list(SHARED)):
        spelled, attributes = SHARED[name]
        attributes = {"help": f"0 is any free port.  [{port}]", **attributes}
        decorated = click.option(*spelled, name, hidden=name not in meant, **attributes)(decorated)
    return decorated


def _join_flags(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The flags before the command's name together with those after it, which win."""
    flags = {**before, **{name: value for name, value in after.items() if value is not None}}
    flags["verbosity"] = before.get("verbosity", 0) + after["verbosity"]
    flags["quiet"] = before.get("quiet", False) or after["quiet"]
    if flags["quiet"] and flags["verbosity"]:
        raise click.UsageError("-q and -v contradict each other.")
    return flags


# --- commands ----------------------------------------------------------------------------------------------------

Declared = Callable[..., int]
"""A command's function: it is called with the Invocation and the command's own flags, and gives the exit code."""


class Commands(UserDict[str, Any]):
    """Commands by name, in the order of their declaration; each is built when it is looked up.

    Of twenty, with a dozen flags each, nearly every run needs one.
    """

    def command(
        self,
        name: str,
        *examples: tuple[str, str],
        meant: Collection[str] = tuple(SHARED),
        port: int = DEFAULT_PORT,
    ) -> Callable[[Declared], Declared]:
        """Declare a command that takes the shared flags, and whose help shows those that are `meant`, and examples."""

        def declare(function: Declared) -> Declared:
            self.data[name] = lambda: _build(name, function, examples, meant, port)
            return function

        return declare

    def group(self, name: str, text: str) -> "Commands":
        """Declare a command that has others below it, and give those."""
        below = Commands()
        self.data[name] = lambda: click.Group(name, below, help=text)
        return below

    def __getitem__(self, name: str) -> click.Command:
        command: click.Command | Callable[[], click.Command] = self.data[name]
        if not isinstance(command, click.Command):
            command = self.data[name] = command()
        return command


def _build(
    name: str, function: Declared, examples: Sequence[tuple[str, str]], meant: Collection[str], port: int
) -> click.Command:
    built = click.command(name, cls=ExampledCommand)(with_shared_flags(function, meant, port))
    built.params.sort(key=lambda parameter: parameter.name in SHARED)  # its own first
    built.examples = examples
    return built


def start(entry: str, invocation: Invocation, **flags: Any) -> int:
    """Import a command's module and call its entry point, `module:function`; it takes `(invocation, **flags)`."""
    module, _, function = entry.partition(":")
    code: int = getattr(import_module(module), function)(invocation, **flags)
    return code


def place(invocation: Invocation, port: int) -> dict[str, Any]:
    """The host and port of a command that reads no settings."""
    return {
        "host": LOOPBACK if invocation.host is None else invocation.host,
        "port": port if invocation.port is None else invocation.port,
    }


PROGRAM = "passenger"
_BETWEEN = " && "


def with_flags(invocation: Invocation, typed: str) -> str:
    """A line for the shell in which each command of ours has the flags of this invocation."""
    return _BETWEEN.join(_add_flags(invocation, command) for command in typed.split(_BETWEEN))


def _add_flags(invocation: Invocation, command: str) -> str:
    program, space, rest = command.partition(" ")
    if program != PROGRAM:
        return command
    words = shlex.split(rest)
    given = given_flags(invocation, (*LOGIN, *PLACE))
    flags = [shlex.join((flag, str(value))) for flag, value in given if flag not in words]
    return " ".join([program, *flags]) + space + rest
