"""The command line: its commands, flags and help. What a command does is imported only when it is run."""

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from passenger import __version__
from passenger.cli.exits import EXIT_CODES, OK
from passenger.cli.invocation import Invocation
from passenger.cli.outcome import outcome

COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("passenger.cli.serve", "run"),
    "login": ("passenger.cli.login", "run"),
    "refresh": ("passenger.cli.refresh", "run"),
    "demo": ("passenger.cli.demo", "run"),
    "simulate": ("passenger.cli.simulate", "run"),
    "config show": ("passenger.cli.config", "show"),
}
"""Each command's module and entry point: `(invocation, **its own flags) -> exit code`."""

DEMO_PORT = 8081
SIMULATE_PORT = 8082
LOOPBACK = "127.0.0.1"
PLANS = ("free", "individual", "individual_pro", "business", "enterprise")
"""The simulator's plans, repeated here so that help need not import it."""

EXAMPLES = (
    ("passenger demo", "try it on a simulated Copilot, offline"),
    ("passenger login", "log in to GitHub, once"),
    ("passenger", "serve it at http://127.0.0.1:8081/v1"),
    ("passenger --port 9000 -v", "... elsewhere, and say more"),
    ("passenger -c work.toml", "... with the settings of one file alone"),
    ("passenger config show", "each setting, and where it comes from"),
)
ENVIRONMENT = (
    ("PASSENGER_<SECTION>_<KEY>", "any setting, such as PASSENGER_SERVER_PORT=9000"),
    ("PASSENGER_LOG", "error, warning, info, debug, trace; else RUST_LOG"),
    ("PASSENGER_LOG_FORMAT", "text or json"),
    ("COPILOT_GITHUB_TOKEN", "a GitHub login to use before the saved one"),
    ("GH_TOKEN", "a GitHub login to use after the saved one"),
    ("HTTPS_PROXY, NO_PROXY", "the way through a company's proxy"),
    ("NO_COLOR, FORCE_COLOR", "never, always colour"),
)


# --- help --------------------------------------------------------------------------------------------------------


class ExampledCommand(click.Command):
    """A command whose help shows examples first."""

    examples: Sequence[tuple[str, str]] = ()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then the options."""
        _write_table(formatter, "Examples", self.examples)
        super().format_options(ctx, formatter)


class Root(click.Group):
    """The bare command: examples, commands, options, environment and exit codes, in that order."""

    command_class = ExampledCommand

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order in which a new user meets them."""
        return list(self.commands)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write all there is after the introduction."""
        _write_table(formatter, "Examples", EXAMPLES)
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)
        _write_table(formatter, "Environment", ENVIRONMENT)
        _write_table(formatter, "Exit codes", [(str(code), text) for code, text in EXIT_CODES.items()])


def _write_table(formatter: click.HelpFormatter, title: str, rows: Sequence[tuple[str, str]]) -> None:
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
    "workers": (
        ("--workers",),
        {"type": click.IntRange(1, 64), "metavar": "N", "help": "Serve in this many processes.  [1]"},
    ),
    "ca_bundle": (("--ca-bundle",), {"type": _A_FILE, "help": "Believe the certificates in this PEM file, too."}),
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
ACCOUNT = ("config_path", "ca_bundle", "access_token_path", "copilot_token_path", *LOGGING)
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


def _start(name: str, invocation: Invocation, **flags: Any) -> int:
    module, entry = COMMANDS[name]
    code: int = getattr(import_module(module), entry)(invocation, **flags)
    return code


# --- commands ----------------------------------------------------------------------------------------------------


@click.group(
    cls=Root,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="[COMMAND]",
)
@shared
@click.option("--login", is_flag=True, help="The same as `passenger login`.")
@click.option("--refresh-token", is_flag=True, help="The same as `passenger refresh`.")
@click.version_option(__version__, "-V", "--version", message="passenger %(version)s")
def root(invocation: Invocation, *, login: bool, refresh_token: bool) -> int:
    """Your GitHub Copilot subscription as the APIs your programs already speak. Without a command: serve."""
    command = click.get_current_context().invoked_subcommand
    flags = [name for name, given in (("--login", login), ("--refresh-token", refresh_token)) if given]
    if len([*flags, command] if command else flags) > 1:
        raise click.UsageError(f"{flags[0]} is a command by itself: leave out {command or flags[1]}.")
    if command:
        return OK
    if login:
        return _start("login", invocation, browser=True, token_stdin=False)
    return _start("refresh" if refresh_token else "serve", invocation)


def command(
    name: str, *examples: tuple[str, str], meant: Collection[str] = tuple(SHARED), port: int = DEMO_PORT
) -> Callable[[Callable[..., int]], click.Command]:
    """Register a command that takes the shared flags and shows examples in its help."""

    def register(function: Callable[..., int]) -> click.Command:
        made = click.command(name, cls=ExampledCommand)(shared(function, meant, port))
        made.params.sort(key=lambda parameter: parameter.name in SHARED)  # its own first
        made.examples = examples
        root.add_command(made)
        return made

    return register


@command("serve", ("passenger serve --port 9000", "listen on port 9000"))
def serve(invocation: Invocation) -> int:
    """Serve your subscription until stopped."""
    return _start("serve", invocation)


@command(
    "login",
    ("passenger login", "show a code to enter on github.com"),
    ("passenger login --token-stdin < token.txt", "take a GitHub token that exists already"),
    meant=ACCOUNT,
)
@click.option("--no-browser", is_flag=True, help="Never open a browser.")
@click.option("--token-stdin", is_flag=True, help="Read a GitHub token from stdin.")
def login(invocation: Invocation, *, no_browser: bool, token_stdin: bool) -> int:
    """Log in to GitHub and get a first Copilot token."""
    return _start("login", invocation, browser=not no_browser, token_stdin=token_stdin)


@command("refresh", ("passenger refresh", "after your plan has changed, say"), meant=ACCOUNT)
def refresh(invocation: Invocation) -> int:
    """Exchange the GitHub login for a new Copilot token now."""
    return _start("refresh", invocation)


@command("demo", ("passenger demo --port 9000", "listen on port 9000"), meant=(*PLACE, *LOGGING))
def demo(invocation: Invocation) -> int:
    """Serve a simulated Copilot: no account, no network, nothing kept."""
    return _start("demo", invocation, **_place(invocation, DEMO_PORT))


@command(
    "simulate",
    ("passenger simulate", f"listen at http://{LOOPBACK}:{SIMULATE_PORT}"),
    ("passenger simulate --token-lifetime 60", "see how a client takes a token that expires"),
    meant=(*PLACE, *LOGGING),
    port=SIMULATE_PORT,
)
@click.option("--plan", type=click.Choice(PLANS), help="The plan of the simulated account.")
@click.option(
    "--token-lifetime",
    type=click.IntRange(1),
    metavar="SECONDS",
    help="How long a Copilot token is good for.",
)
def simulate(invocation: Invocation, *, plan: str | None, token_lifetime: int | None) -> int:
    """Stand in for GitHub and Copilot, to test against."""
    place = _place(invocation, SIMULATE_PORT)
    return _start("simulate", invocation, **place, plan=plan, token_lifetime=token_lifetime)


def _place(invocation: Invocation, port: int) -> dict[str, Any]:
    return {
        "host": LOOPBACK if invocation.host is None else invocation.host,
        "port": port if invocation.port is None else invocation.port,
    }


@root.group("config", cls=click.Group)
def config() -> None:
    """Look at the settings."""


@click.command("show", cls=ExampledCommand)
@functools.partial(shared, meant=("config_path",))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show(invocation: Invocation, *, as_json: bool) -> int:
    """Each setting, its value, and where that comes from."""
    return _start("config show", invocation, json=as_json)


config.add_command(show)


def run(arguments: Sequence[str]) -> int:
    """Run a command line and give its exit code; every error that is the user's to mend is said on stderr."""
    return outcome(lambda: root.main(list(arguments), prog_name="passenger", standalone_mode=False))
