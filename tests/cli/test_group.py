"""The command line: what it takes, what it refuses, and what it says about itself."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from passenger import __version__
from passenger.cli.commands import PLANS
from passenger.cli.group import root, run
from passenger.server.process.exit_codes import EXIT_CODES
from passenger.simulator.account import SKUS
from tests.cli.conftest import Command

ACCOUNT = {"--config", "--ca-bundle", "--profile", "--access-token-path", "--copilot-token-path"}
PLACE = {"--host", "--port"}
LOG = {"--verbose", "--quiet", "--log-format"}
TEAM = {"--config", "--profile"}
LIMITS = {"--rpm", "--tpm", "--concurrency"}
MEANT: dict[str, set[str]] = {
    "serve": ACCOUNT | PLACE | LOG | {"--ollama-port", "--workers", "--await-login"},
    "login": ACCOUNT | LOG | {"--no-browser", "--token-stdin", "--simulated"},
    "logout": ACCOUNT | LOG | {"--yes"},
    "refresh": ACCOUNT | LOG,
    "ask": ACCOUNT | PLACE | LOG | {"--model"},
    "setup": ACCOUNT
    | PLACE
    | LOG
    | {"--write", "--undo", "--status", "--dry-run", "--default", "--yes", "--model", "--small-model", "--json"},
    "models": ACCOUNT | PLACE | LOG | {"--all", "--json"},
    "status": ACCOUNT | PLACE | LOG | {"--json"},
    "resume": ACCOUNT | PLACE | LOG,
    "usage": {"--config", "--profile", *PLACE, "--by", "--since", "--json", "--csv", "--watch"},
    "explain": ACCOUNT | PLACE | LOG | {"--json"},
    "launch": ACCOUNT | PLACE | LOG | {"--model", "--small-model", "--print", "--json", "--no-check", "--demo"},
    "demo": PLACE | LOG | {"--ollama-port", "--pace"},
    "simulate": PLACE | LOG | {"--plan", "--token-lifetime", "--credits", "--no-exchange"},
    "config show": {"--config", "--profile", "--json"},
    "config path": {"--config", "--profile", "--json"},
    "config check": {"--config", "--profile", "--json"},
    "config init": {"--config", "--profile"},
    "doctor": ACCOUNT | PLACE | LOG | {"--client", "--json", "--report"},
    "backup": {"--config", "--profile"},
    "restore": {"--config", "--profile"},
    "cache stats": {"--config", "--profile", "--since", "--json"},
    "cache clear": {"--config", "--profile"},
    "users add": TEAM | {"--github", "--tag", "--json"},
    "users invite": TEAM | {"--any-github", "--json"},
    "users list": TEAM | {"--json"},
    "users show": TEAM | {"--json"},
    "users disable": TEAM,
    "users enable": TEAM,
    "users delete": TEAM | {"--yes"},
    "users limit": TEAM | LIMITS,
    "keys create": TEAM | {"--name", "--admin", "--model", "--dialect", "--for", "--from", "--expires", "--json"},
    "keys list": TEAM | {"--user", "--all", "--json"},
    "keys show": TEAM | {"--json"},
    "keys rotate": TEAM | {"--grace", "--json"},
    "keys revoke": TEAM | {"--now"},
    "keys limit": TEAM | LIMITS,
    "budget set": TEAM | {"--per", "--action", "--reserve", "--timezone"},
    "budget show": TEAM | {"--json"},
    "budget raise": TEAM | {"--per", "--until"},
    "budget remove": TEAM | {"--per"},
    "service install": ACCOUNT | PLACE | {"--ollama-port", "--workers", "--print", "--no-sandbox"},
    "service uninstall": set(),
    "service status": {"--json"},
    "service logs": {"--lines", "--follow"},
    "completion": set(),
}
PORTS = {name: "8081" for name, flags in MEANT.items() if flags >= PLACE} | {"simulate": "8082"}

HEAVY = (
    "aiohttp",
    "asyncio",
    "httptools",
    "msgspec",
    "platformdirs",
    "rich",
    "ssl",
    "starlette",
    "passenger.config.schema",
    "passenger.simulator",
)


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_has_examples_first_then_commands_options_environment_exit_codes(command: Command, flag: str) -> None:
    ended = command(flag)
    assert (ended.code, ended.err) == (0, "")
    titles = re.findall(r"^(\w[\w ]*):$", ended.out, re.MULTILINE)
    assert titles == ["Examples", "Commands", "Options", "Environment", "Exit codes"]


def test_help_names_every_flag_of_passenger_rs_and_every_exit_code(command: Command) -> None:
    text = command("--help").out
    for flag in ("-c, --config", "--login", "--refresh-token", "--access-token-path", "--copilot-token-path"):
        assert flag in text
    for flag in ("-h, --help", "-V, --version"):
        assert flag in text
    for code, meaning in EXIT_CODES.items():
        assert re.search(rf"^  {code} +{re.escape(meaning)}$", text, re.MULTILINE)


def test_help_cuts_no_commands_sentence_short(command: Command) -> None:
    for arguments in ([], ["config"], ["service"]):
        listed = command(*arguments, "--help").out.partition("\nCommands:\n")[2].partition("\n\n")[0]
        assert listed
        assert [line for line in listed.splitlines() if not line.endswith(".") or line.endswith("...")] == []


def leaves(group: click.Group, above: str = "") -> Iterator[str]:
    for name, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from leaves(one, f"{name} ")
        else:
            yield above + name


def test_the_table_below_has_every_command() -> None:
    assert set(MEANT) == set(leaves(root))


@pytest.mark.parametrize("name", sorted(MEANT))
def test_each_command_has_help_of_its_own(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert run([*name.split(), "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: passenger {name} [OPTIONS]")


@pytest.mark.parametrize("name", sorted(MEANT))
def test_the_help_of_each_command_shows_the_flags_that_mean_something_there(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert run([*name.split(), "--help"]) == 0
    options = capsys.readouterr().out.partition("\nOptions:\n")[2]
    assert set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", options, re.MULTILINE)) == MEANT[name] | {"--help"}
    assert re.findall(r"any free port\.  \[(\d+)\]", options) == ([PORTS[name]] if name in PORTS else [])


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_the_version_is_told(command: Command, flag: str) -> None:
    assert command(flag).out == f"passenger {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["login", "--help"], ["nonsense"]])
def test_help_imports_nothing_that_only_work_needs(home: Path, arguments: list[str]) -> None:
    script = (
        "import sys\n"
        "from passenger.cli import main\n"
        f"sys.argv = ['passenger', *{arguments!r}]\n"
        "main()\n"
        f"print('loaded:', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True, cwd=home)
    assert done.stdout.splitlines()[-1] == "loaded: []"


REFUSED = [
    (["srve"], "No such command 'srve'. (Did you mean one of: 'serve', 'service'?)"),
    (["confg", "show"], "No such command 'confg'. Did you mean 'config'?"),
    (["config", "shwo"], "No such command 'shwo'. Did you mean 'show'?"),
    (["--prot", "1"], "No such option '--prot'. (Did you mean one of: '--host', '--port', '--profile'?)"),
    (["--port", "x"], "'x' is not a valid integer range."),
    (["--port", "70000"], "70000 is not in the range 0<=x<=65535."),
    (["serve", "--port", "-1"], "-1 is not in the range 0<=x<=65535."),
    (["--port"], "Option '--port' requires an argument."),
    (["--log-format", "xml"], "'xml' is not one of 'text', 'console', 'json'."),
    (["--login", "--refresh-token"], "--login is a command by itself: leave out --refresh-token."),
    (["--login", "serve"], "--login is a command by itself: leave out serve."),
    (["--refresh-token", "login"], "--refresh-token is a command by itself: leave out login."),
    (["-q", "serve", "-v"], "-q and -v contradict each other."),
    (["serve", "extra"], "Got unexpected extra argument (extra)"),
    (["simulate", "--plan", "gold"], "'gold' is not one of 'free',"),
    (["simulate", "--token-lifetime", "0"], "0 is not in the range x>=1."),
    (["simulate", "--credits", "-1"], "-1 is not in the range x>=0."),
]


@pytest.mark.parametrize(("arguments", "complaint"), REFUSED)
def test_wrong_usage_is_refused_with_a_word_on_what_was_meant(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert complaint in err


READS = {"models", "status", "explain", "config show", "config path", "config check"}
"""The commands that tell something and change nothing."""


def test_every_command_that_reads_has_a_form_for_programs() -> None:
    assert {name for name, flags in MEANT.items() if "--json" in flags} >= READS


def test_a_command_that_does_not_exist_is_no_traceback(command: Command) -> None:
    ended = command("lgin")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[-1] == "Error: No such command 'lgin'. Did you mean 'login'?"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "9", "config", "show"],
        ["config", "show", "--port", "9"],
        ["--port", "8", "config", "show", "--port", "9"],
    ],
)
def test_shared_flags_count_before_and_after_the_command_and_the_later_wins(
    command: Command, arguments: list[str]
) -> None:
    assert re.search(r"^port = 9 +# --port$", command(*arguments).out, re.MULTILINE)


def test_every_command_takes_every_shared_flag() -> None:
    shared = {parameter.name for parameter in root.params} - {"login", "refresh_token", "version"}
    assert {"config_path", "access_token_path", "copilot_token_path", "host", "port"} <= shared
    for name in ("serve", "login", "refresh", "demo", "simulate"):
        assert shared <= {parameter.name for parameter in root.commands[name].params}


@pytest.mark.parametrize("arguments", [[], ["serve"], ["--refresh-token"], ["refresh"]])
def test_without_a_login_the_exit_code_says_so_at_once(command: Command, arguments: list[str]) -> None:
    ended = command(*arguments)
    assert ended.code == 4
    assert "passenger login" in ended.err


def test_the_plans_offered_are_the_simulator_s() -> None:
    assert set(PLANS) == set(SKUS)
