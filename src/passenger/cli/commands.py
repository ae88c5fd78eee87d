"""The commands in the order in which a new user meets them: flags, help, and what is imported to run each."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from passenger.cli.cache_commands import declare_cache_commands
from passenger.cli.command import ACCOUNT, LOGGING, LOGIN, LOOPBACK, PLACE, Commands, place, start
from passenger.cli.completion import SHELLS, complete_model
from passenger.cli.team.commands import declare_team_commands
from passenger.config.invocation import DEFAULT_PORT, SIMULATOR_PORT, Invocation

COMMANDS = Commands()

PLANS = ("free", "individual", "individual_pro", "business", "enterprise")
"""The simulator's plans, repeated here so that help need not import it."""

SETUP_ACTIONS = ("write", "undo", "status", "dry_run")

_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
_MODEL = click.option("-m", "--model", metavar="MODEL", shell_complete=complete_model, help="The model to talk to.")

# --- serving and logging in --------------------------------------------------------------------------------------


@COMMANDS.command(
    "serve",
    ("passenger serve --port 9000", "listen on port 9000"),
    ("passenger serve --await-login", "listen before anybody is logged in"),
)
@click.option(
    "--await-login",
    is_flag=True,
    default=None,
    help="Listen without a login, too, and take up the first one that is made.",
)
def serve(invocation: Invocation, *, await_login: bool | None) -> int:
    """Serve your subscription until stopped."""
    return start("passenger.cli.serve.serve:run", replace(invocation, await_login=await_login))


@COMMANDS.command(
    "login",
    ("passenger login", "show a code to enter on github.com"),
    ("passenger login --token-stdin < token.txt", "take a GitHub token that exists already"),
    ("passenger login --profile work", "keep a second login, under a name"),
    ("passenger login --simulated", "see it without an account, in a profile of its own"),
    meant=ACCOUNT,
)
@click.option("--no-browser", is_flag=True, help="Never open a browser.")
@click.option("--token-stdin", is_flag=True, help="Read a GitHub token from stdin.")
@click.option("--simulated", is_flag=True, help="Log in at a simulated GitHub.")
def login(invocation: Invocation, *, no_browser: bool, **given: Any) -> int:
    """Log in to GitHub and get a first Copilot token."""
    return start("passenger.cli.login.login:run", invocation, browser=not no_browser, **given)


@COMMANDS.command(
    "logout",
    ("passenger logout", "ask, then remove the saved login and its token"),
    ("passenger logout --profile work --yes", "remove those of one profile without asking"),
    meant=ACCOUNT,
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def logout(invocation: Invocation, *, yes: bool) -> int:
    """Remove the saved login and its Copilot token."""
    return start("passenger.cli.login.logout:run", invocation, yes=yes)


@COMMANDS.command(
    "launch",
    ("passenger launch claude", "run Claude Code on your subscription"),
    ("passenger launch codex --model gpt-5.5", "... Codex, with this model"),
    ('passenger launch claude -- -p "Who are you?"', "... with arguments of its own"),
    ("passenger launch claude --demo", "... on a simulated Copilot, offline"),
    meant=(*ACCOUNT, *PLACE),
)
@click.argument("client", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS]")
@_MODEL
@click.option(
    "--small-model",
    metavar="MODEL",
    shell_complete=complete_model,
    help="The model for titles and other small jobs.",
)
@click.option("--print", "only_print", is_flag=True, help="Show what would be run, and run nothing.")
@click.option("--json", "as_json", is_flag=True, help="The same for programs; without a client: the list.")
@click.option("--no-check", is_flag=True, help="Send no request to see whether the model answers.")
@click.option("--demo", is_flag=True, help="Use a simulated Copilot: no account, no network.")
def launch(invocation: Invocation, **given: Any) -> int:
    """Run a client wired to Passenger, this once; edits nothing."""
    return start("passenger.cli.launch.launch:run", invocation, **given)


@COMMANDS.command("refresh", ("passenger refresh", "after your plan has changed, say"), meant=ACCOUNT)
def refresh(invocation: Invocation) -> int:
    """Exchange the GitHub login for a new Copilot token now."""
    return start("passenger.cli.login.login:refresh", invocation)


@COMMANDS.command(
    "ask",
    ('passenger ask "What is a monad?"', "of the model that Copilot begins with"),
    ('git diff | passenger ask -m gpt-5.5 "Review this"', "... of another, about what comes in"),
    meant=(*ACCOUNT, *PLACE),
)
@click.argument("question", nargs=-1)
@click.option(
    "-m",
    "--model",
    metavar="MODEL",
    shell_complete=complete_model,
    help="Ask this model; `passenger models` lists them.",
)
def ask(invocation: Invocation, *, question: tuple[str, ...], model: str | None) -> int:
    """Ask a model a question, which may come from stdin."""
    return start("passenger.cli.ask.ask:run", invocation, question=" ".join(question), model=model)


@COMMANDS.command(
    "setup",
    ("passenger setup claude", "show what would change, ask, write it, and prove it"),
    ("passenger setup claude --undo", "put back what was there"),
    ("passenger setup codex --default --yes", "so that plain `codex` uses it; without a question"),
    meant=(*ACCOUNT, *PLACE),
)
@click.argument("client", required=False)
@click.option("--write", is_flag=True, help="Write it, once you have said yes.  [default]")
@click.option("--undo", is_flag=True, help="Put back what was there, value by value.")
@click.option("--status", is_flag=True, help="Say what has been written, and whether it still stands.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--default", is_flag=True, help="Codex and pi: plain `codex` or `pi` uses it, not only when told to.")
@click.option("--yes", is_flag=True, help="Ask nothing; what is not safe is refused.")
@_MODEL
@click.option(
    "--small-model",
    metavar="MODEL",
    shell_complete=complete_model,
    help="The model for titles and other small jobs, and for the proof.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs; it asks nothing.")
def setup(invocation: Invocation, **given: Any) -> int:
    """Write Passenger into a client's own settings, or undo that."""
    chosen = [name for name in SETUP_ACTIONS if given.pop(name)]
    if len(chosen) > 1:
        raise click.UsageError("--write, --undo, --status and --dry-run exclude each other.")
    return start("passenger.cli.setup.setup:run", invocation, action=(*chosen, "write")[0], **given)


# --- what there is -----------------------------------------------------------------------------------------------


@COMMANDS.command(
    "models",
    ("passenger models", "those to choose from"),
    ("passenger models gpt-5.5", "all there is to know of one"),
    ("passenger models --all --json", "every one, for programs"),
    meant=(*ACCOUNT, *PLACE),
)
@click.argument("name", required=False, shell_complete=complete_model)
@click.option("--all", "every", is_flag=True, help="Those that are hidden or no chat models, too.")
@_JSON
def models(invocation: Invocation, **given: Any) -> int:
    """The models of your account: sizes, abilities, prices."""
    return start("passenger.cli.models:run", invocation, **given)


@COMMANDS.command("status", ("passenger status", "exit code 1 where no server of yours runs"), meant=(*ACCOUNT, *PLACE))
@_JSON
def status(invocation: Invocation, *, as_json: bool) -> int:
    """Tell whether your server runs, for whom, and what is left."""
    return start("passenger.cli.status:run", invocation, as_json=as_json)


@COMMANDS.command(
    "resume",
    ("passenger resume 3f9a2c71d04e8b56", "as `passenger status` shows it"),
    meant=(*ACCOUNT, *PLACE),
)
@click.argument("session")
def resume(invocation: Invocation, *, session: str) -> int:
    """Let a session go on that the breaker has paused."""
    return start("passenger.cli.resume:run", invocation, session=session)


@COMMANDS.command(
    "explain",
    ("passenger explain", "list the last requests"),
    ("passenger explain 96bb7a9e", "what became of one; the beginning of its id is enough"),
    meant=(*ACCOUNT, *PLACE),
)
@click.argument("request", metavar="REQUEST-ID", required=False)
@_JSON
def explain(invocation: Invocation, *, request: str | None, as_json: bool) -> int:
    """List the last requests, or tell what became of one."""
    return start("passenger.cli.explain:run", invocation, request=request, as_json=as_json)


_BY = ("model", "client", "session", "day", "user", "key")


@COMMANDS.command(
    "usage",
    ("passenger usage", "this month, by model"),
    ("passenger usage --by day --since 7d", "the last seven days, one by one"),
    ("passenger usage --by session --csv > november.csv", "for a spreadsheet"),
    meant=("config_path", "profile", *PLACE),
)
@click.option("--by", type=click.Choice(_BY), default="model", show_default=True, help="What a row is.")
@click.option("--since", metavar="WHEN", default="month", show_default=True, help="7d, 24h, 2026-11-01, month.")
@_JSON
@click.option("--csv", "as_csv", is_flag=True, help="For spreadsheets.")
@click.option("--watch", is_flag=True, help="Draw it anew every 2 s, until Ctrl-C.")
def usage(invocation: Invocation, *, by: str, since: str, **forms: bool) -> int:
    """Tell what was used and what it cost, with a forecast."""
    chosen = [name.removeprefix("as_") for name, is_given in forms.items() if is_given]
    if len(chosen) > 1:
        raise click.UsageError("--json, --csv and --watch exclude each other.")
    return start("passenger.cli.usage.usage:run", invocation, by=by, since=since, form=(*chosen, "text")[0])


# --- without an account ------------------------------------------------------------------------------------------


@COMMANDS.command(
    "demo", ("passenger demo --port 9000", "listen on port 9000"), meant=(*PLACE, "ollama_port", *LOGGING)
)
@click.option(
    "--pace/--no-pace",
    default=None,
    help="Stream at a pace that a person can follow.  [where stdout is a terminal]",
)
def demo(invocation: Invocation, *, pace: bool | None) -> int:
    """Serve a simulated Copilot: no account, no network."""
    return start("passenger.cli.serve.demo:run", invocation, pace=pace, **place(invocation, DEFAULT_PORT))


@COMMANDS.command(
    "simulate",
    ("passenger simulate", f"listen at http://{LOOPBACK}:{SIMULATOR_PORT}"),
    ("passenger simulate --token-lifetime 60", "see how a client takes a token that expires"),
    meant=(*PLACE, *LOGGING),
    port=SIMULATOR_PORT,
)
@click.option("--plan", type=click.Choice(PLANS), help="The plan of the simulated account.")
@click.option(
    "--token-lifetime",
    type=click.IntRange(1),
    metavar="SECONDS",
    help="How long a Copilot token is good for.",
)
@click.option("--credits", type=click.IntRange(0), metavar="N", help="Bill by tokens; N AI credits a month.")
@click.option("--no-exchange", is_flag=True, help="Exchange no login: Copilot takes each as it is.")
def simulate(invocation: Invocation, *, no_exchange: bool, **given: Any) -> int:
    """Stand in for GitHub and Copilot, to test against."""
    where = place(invocation, SIMULATOR_PORT)
    return start("passenger.cli.serve.simulate:run", invocation, **where, exchange=not no_exchange, **given)


# --- keeping house -----------------------------------------------------------------------------------------------

CONFIG = COMMANDS.group("config", "Look at the settings, check them, begin a file of them.")
_WHOSE = ("config_path", "profile")


@CONFIG.command("show", meant=_WHOSE)
@_JSON
def config_show(invocation: Invocation, *, as_json: bool) -> int:
    """Each setting, its value, and where that comes from."""
    return start("passenger.cli.config:show", invocation, json=as_json)


@CONFIG.command("path", meant=_WHOSE)
@_JSON
def config_path(invocation: Invocation, *, as_json: bool) -> int:
    """Where your config file is, or would be."""
    return start("passenger.cli.config:path", invocation, json=as_json)


@CONFIG.command("check", meant=_WHOSE)
@_JSON
def config_check(invocation: Invocation, *, as_json: bool) -> int:
    """Whether the settings can be used, and what is wrong with them."""
    return start("passenger.cli.config:check", invocation, json=as_json)


@CONFIG.command("init", meant=_WHOSE)
def config_init(invocation: Invocation) -> int:
    """Write a config file with every setting, commented out."""
    return start("passenger.cli.config:init", invocation)


declare_team_commands(COMMANDS)
declare_cache_commands(COMMANDS)

_LEDGER = ("config_path", "profile")


@COMMANDS.command("backup", ("passenger backup ledger-november.sqlite", "while a server runs, too"), meant=_LEDGER)
@click.argument("file", type=click.Path(path_type=Path))
def backup(invocation: Invocation, *, file: Path) -> int:
    """Copy the ledger and a team's file elsewhere."""
    return start("passenger.cli.backup:run_backup", invocation, file=file)


@COMMANDS.command(
    "restore", ("passenger restore ledger-november.sqlite", "what is there is kept beside it"), meant=_LEDGER
)
@click.argument("file", type=click.Path(path_type=Path))
def restore(invocation: Invocation, *, file: Path) -> int:
    """Put such copies in their places, while no server runs."""
    return start("passenger.cli.backup:run_restore", invocation, file=file)


SERVICE = COMMANDS.group("service", "Run Passenger as a service of your own account.")


@SERVICE.command("install", meant=(*LOGIN, *PLACE, "ollama_port", "workers"))
@click.option("--print", "print_only", is_flag=True, help="Only show what would be installed.")
@click.option("--no-sandbox", is_flag=True, help="Where the system grants no user namespaces.")
def service_install(invocation: Invocation, *, print_only: bool, no_sandbox: bool) -> int:
    """Start it now and at each login; again after an update."""
    return start("passenger.cli.service:install", invocation, print_only=print_only, sandbox=not no_sandbox)


@SERVICE.command("uninstall", meant=())
def service_uninstall(invocation: Invocation) -> int:
    """Stop it and take it away; logins and settings stay."""
    return start("passenger.cli.service:uninstall", invocation)


@SERVICE.command("status", meant=())
@_JSON
def service_status(invocation: Invocation, *, as_json: bool) -> int:
    """Whether it runs; exit 1 if not."""
    return start("passenger.cli.service:status", invocation, json=as_json)


@SERVICE.command("logs", meant=())
@click.option("-n", "--lines", type=click.IntRange(1), default=100, show_default=True, help="Show so many.")
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
def service_logs(invocation: Invocation, *, lines: int, follow: bool) -> int:
    """What it has said last."""
    return start("passenger.cli.service:logs", invocation, lines=lines, follow=follow)


@COMMANDS.command(
    "completion",
    ('eval "$(passenger completion bash)"', "into ~/.bashrc"),
    ('eval "$(passenger completion zsh)"', "into ~/.zshrc, after compinit"),
    ("passenger completion fish | source", "into ~/.config/fish/config.fish"),
    meant=(),
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(invocation: Invocation, *, shell: str) -> int:
    """Print what completes commands, flags and models in a shell."""
    return start("passenger.cli.completion:run", invocation, shell=shell)


@COMMANDS.command(
    "doctor",
    ("passenger doctor", "look at everything, and say what to type"),
    ("passenger doctor --client claude", "... of clients, at this one alone"),
    ("passenger doctor --report", "a text to paste where you ask for help"),
    meant=(*ACCOUNT, *PLACE),
)
@click.option("--client", metavar="NAME", help="Look at this client, and at no other.")
@_JSON
@click.option("--report", is_flag=True, help="A text to paste, with no secret in it.")
def doctor(invocation: Invocation, *, client: str | None, as_json: bool, report: bool) -> int:
    """Find out what is wrong, and what mends it."""
    return start("passenger.cli.doctor.doctor:run", invocation, client=client, json=as_json, report=report)
