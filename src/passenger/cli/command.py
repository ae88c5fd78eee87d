"""What all commands have in common: the shared flags, help with examples, and a start that imports late."""

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from passenger.cli.invocation import Invocation

DEMO_PORT = 8081
SIMULATE_PORT = 8082
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


def _as_text(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """The format under its own name: it used to be called `console`."""
    return "text" if value == "console" else value


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
        {"type": click.Choice(["text", "console", "json"]), "callback": _as_text, "help": "How to log.  [text]"},
    ),
}
"""The flags that every command takes, so that each may stand before or after the command's name."""

PLACE = ("host", "port")
LOGGING = ("verbosity", "quiet", "log_format")
ACCOUNT = ("config_path", "ca_bundle", "profile", "access_token_path", "copilot_token_path", *LOGGING)
"""Those that mean something to some commands; the help of each shows no other."""


def shared(
    command: Callable[..., int], meant: Collection[str] = tuple(SHARED), port: int = DEMO_PORT
) -> Callable[..., int]:
    """Give a command the shared flags, and call it with the Invocation they make, its own flags after it.

    Its help shows only those that are `meant`.
    """

    @functools.wraps(command)
    def with_invocation(**given: Any) -> int:
        ctx = click.get_current_context()
        flags = {name: given.pop(name) for name in SHARED}
        ctx.obj = _joined(ctx.obj or {}, flags)
        return command(Invocation(**ctx.obj), **given)

    decorated: Callable[..., int] = with_invocation
    for name in reversed(list(SHARED)):
        spelled, attributes = SHARED[name]
        attributes = {"help": f"0 is any free port.  [{port}]", **attributes}
        decorated = click.option(*spelled, name, hidden=name not in meant, **attributes)(decorated)
    return decorated


def _joined(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The flags before the command's name together with those after it, which win."""
    flags = {**before, **{name: value for name, value in after.items() if value is not None}}
    flags["verbosity"] = before.get("verbosity", 0) + after["verbosity"]
    flags["quiet"] = before.get("quiet", False) or after["quiet"]
    if flags["quiet"] and flags["verbosity"]:
        raise click.UsageError("-q and -v contradict each other.")
    return flags


# --- a command of its own ----------------------------------------------------------------------------------------


def command(
    name: str, *examples: tuple[str, str], meant: Collection[str] = tuple(SHARED), port: int = DEMO_PORT
) -> Callable[[Callable[..., int]], click.Command]:
    """Make a command that takes the shared flags and shows examples in its help."""

    def make(function: Callable[..., int]) -> click.Command:
        made = click.command(name, cls=ExampledCommand)(shared(function, meant, port))
        made.params.sort(key=lambda parameter: parameter.name in SHARED)  # its own first
        made.examples = examples
        return made

    return make


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
