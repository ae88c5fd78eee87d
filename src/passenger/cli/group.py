"""The bare command: its help, its flags, and the commands below it."""

from collections.abc import Sequence

import click

from passenger import __version__
from passenger.cli.command import ExampledCommand, start, with_shared_flags, write_table
from passenger.cli.commands import COMMANDS
from passenger.cli.outcome import outcome
from passenger.config.invocation import Invocation
from passenger.server.process.exit_codes import EXIT_CODES, OK

EXAMPLES = (
    ("passenger demo", "try it on a simulated Copilot, offline"),
    ("passenger login", "log in to GitHub, once"),
    ("passenger", "serve it at http://127.0.0.1:8081/v1"),
    ("passenger launch claude", "run Claude Code on it, from another terminal"),
    ("passenger --port 9000 -v", "... elsewhere, and say more"),
    ("passenger -c work.toml", "... with the settings of one file alone"),
    ("passenger config show", "each setting, and where it comes from"),
)
ENVIRONMENT = (
    ("PASSENGER_<SECTION>_<KEY>", "any setting, such as PASSENGER_SERVER_PORT=9000"),
    ("PASSENGER_LOG", "error, warning, info, debug, trace; else RUST_LOG"),
    ("PASSENGER_LOG_FORMAT", "text or json"),
    ("PASSENGER_PROFILE", "the name of the login to use, where --profile is not given"),
    ("COPILOT_GITHUB_TOKEN", "a GitHub login to use before the saved one"),
    ("GH_TOKEN", "a GitHub login to use after the saved one"),
    ("HTTPS_PROXY, NO_PROXY", "the way through a company's proxy"),
    ("NO_COLOR, FORCE_COLOR", "never, always colour"),
)


class Root(click.Group):
    """The bare command: examples, commands, options, environment and exit codes, in that order."""

    command_class = ExampledCommand

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order in which a new user meets them."""
        return list(self.commands)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write all there is after the introduction."""
        write_table(formatter, "Examples", EXAMPLES)
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)
        write_table(formatter, "Environment", ENVIRONMENT)
        write_table(formatter, "Exit codes", [(str(code), text) for code, text in EXIT_CODES.items()])


@click.group(
    cls=Root,
    commands=COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="[COMMAND]",
)
@with_shared_flags
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
        return start("passenger.cli.login.login:run", invocation, browser=True, token_stdin=False)
    if refresh_token:
        return start("passenger.cli.login.login:refresh", invocation)
    return start("passenger.cli.serve.serve:run", invocation, may_ask=True)


def run(arguments: Sequence[str]) -> int:
    """Run a command line and give its exit code; every error that is the user's to mend is said on stderr."""
    return outcome(lambda: root.main(list(arguments), prog_name="passenger", standalone_mode=False))
