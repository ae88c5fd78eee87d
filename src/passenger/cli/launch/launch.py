"""`passenger launch`: run a client wired to Passenger for this one process, and leave nothing behind."""

import difflib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from passenger.cli.client_names import name_other_command, usual_name
from passenger.cli.launch.run import LaunchFlags, Run
from passenger.cli.launch.server import NotStartedError, server_for_run, with_run_key
from passenger.cli.outcome import complain
from passenger.cli.person import can_answer, pick
from passenger.cli.reach import KEY_VARIABLE
from passenger.clients import stage
from passenger.clients.find import find_program
from passenger.clients.models import NoModelError
from passenger.clients.plan import Client, Installed, Machine, machine_of
from passenger.clients.registry import ALL, CLIENTS
from passenger.config.invocation import Invocation
from passenger.observe.records import TAG_LENGTH
from passenger.private_file import StoreError
from passenger.server.control.client import ServerError
from passenger.server.process.exit_codes import FAILED, OK, USAGE


def run(invocation: Invocation, **given: Any) -> int:
    """Run a client and return its exit code; 2 for an unknown client, 1 if it or its model cannot be had."""
    flags, machine = LaunchFlags(**given), machine_of(invocation)
    name = usual_name(flags.client or "") or (None if flags.is_shown else _pick_client(machine))
    if name is None:
        return _list(machine, as_json=flags.as_json)
    return _launch(invocation, name, flags, machine)


# --- which client ------------------------------------------------------------------------------------------------


def _pick_client(machine: Machine) -> str | None:
    """Ask which client to run; None without a terminal or without an installed client."""
    there = [client for client in ALL if find_program(client, machine.environ, machine.home)]
    if not (there and can_answer()):
        return None
    for number, client in enumerate(there, 1):
        click.echo(f"{number:>3}  {client.title}", err=True)
    return there[pick("Which", len(there)) - 1].name


def _list(machine: Machine, *, as_json: bool) -> int:
    """Print all clients; without --json it is an error that none was named."""
    found = [(client, find_program(client, machine.environ, machine.home)) for client in ALL]
    if as_json:
        click.echo(json.dumps([_describe(*one) for one in found], indent=2))
        return OK
    width = max(len(client.name) for client in ALL)
    for client, there in found:
        state = f"{there.path}  {there.version}".rstrip() if there else f"not installed: {client.install}"
        click.echo(f"{client.name:<{width}}  {state}")
    return complain(_WHICH if any(there for _, there in found) else _NONE, USAGE)


_WHICH = "say which client to launch, as in `passenger launch claude`"
_NONE = "none of these is installed here; the line beside a name installs it"


def _describe(client: Client, there: Installed | None) -> Mapping[str, object]:
    return {
        "name": client.name,
        "title": client.title,
        "path": str(there.path) if there else None,
        "version": there.version if there else None,
        "install": client.install,
        "run": client.is_run,
    }


def _describe_unknown(name: str) -> str:
    if (known := name_other_command(name)) is not None:
        return known
    near = difflib.get_close_matches(name.casefold(), CLIENTS, n=3, cutoff=0.4)
    return f"there is no client {name!r}; " + (f"did you mean {' or '.join(near)}?" if near else ", ".join(CLIENTS))


# --- one run -----------------------------------------------------------------------------------------------------


def _launch(invocation: Invocation, name: str, flags: LaunchFlags, machine: Machine) -> int:
    client = CLIENTS.get(name)
    if client is None:
        return complain(_describe_unknown(name), USAGE)
    if (flag := find_refused(client.managed, flags.arguments)) is not None:
        return complain(f"`{flag}` is set by the launch itself{_instead(flag)}", USAGE)
    installed = find_program(client, machine.environ, machine.home)
    if installed is None and not flags.is_shown:
        return complain(f"{client.title} is not installed; this installs it: {client.install}", FAILED)
    return _carry_out(invocation, client, flags, machine, installed)


def _instead(flag: str) -> str:
    return ": use `passenger launch ... --model`" if flag in {"-m", "--model", "-c model"} else ""


def _carry_out(
    invocation: Invocation, client: Client, flags: LaunchFlags, machine: Machine, installed: Installed | None
) -> int:
    """Run the client in a directory that is gone afterwards, at a server that is there; what fails is said."""
    where, tag = invocation.state_dir / "launch", secrets.token_hex(TAG_LENGTH // 2)
    try:
        stage.make(where / client.name)
        with (
            stage.directory_for(where / client.name, tag) as directory,
            server_for_run(invocation, where / f"server-{tag}.log", demo=flags.demo) as reached,
        ):
            shown = replace(reached, team=None) if flags.is_shown else reached
            with with_run_key(shown, client.name, tag) as own:
                return Run(invocation, client, flags, machine, installed, directory, own, tag, where).carry_out()
    except (NotStartedError, ServerError, NoModelError, StoreError, OSError) as error:
        if isinstance(error, OSError) and not error.filename:
            raise  # it is no file, but a stdout that takes no more
        return complain(*_explain(error, str(where)))


def _explain(error: Exception, where: str) -> tuple[str, int]:
    """What went wrong, and the exit code of it."""
    match error:
        case NotStartedError():
            return f"no server could be started: {error}", error.code
        case ServerError(status=401):
            return f"{error}: put one of its API keys into {KEY_VARIABLE}", FAILED
        case NoModelError():
            return str(error), USAGE
        case OSError():
            hint = "; set XDG_STATE_HOME to a directory of yours" if where in str(error.filename) else ""
            return f"{error.filename} cannot be used: {error.strerror or error}{hint}", FAILED
        case _:
            return str(error), FAILED


def find_refused(managed: Iterable[str], arguments: Sequence[str]) -> str | None:
    """The first argument of the user's that is set by the launch already, as it is managed; None where none is."""
    flags = [flag for flag in managed if " " not in flag]
    settings = [flag.partition(" ")[::2] for flag in managed if " " in flag]
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for place, argument in enumerate(ours):
        for flag in flags:
            if argument == flag or argument.startswith(f"{flag}=") or _is_joined(flag, argument):
                return flag
        for flag, name in settings:
            if any(_sets(text, name) for text in _values(flag, ours, place)):
                return f"{flag} {name}"
    return None


def _is_joined(flag: str, argument: str) -> bool:
    """Whether a short flag has its value behind it without a space."""
    return len(flag) == 2 and argument.startswith(flag) and not argument.startswith("--")


def _values(flag: str, arguments: Sequence[str], place: int) -> Iterable[str]:
    """The value that a flag is given there: `-c x`, `--config x`, `--config=x`, `-cx`."""
    argument, after = arguments[place], arguments[place + 1 : place + 2]
    long = {"-c": "--config"}.get(flag, flag)
    if argument in {flag, long}:
        return after
    if argument.startswith(f"{long}="):
        return [argument.removeprefix(f"{long}=")]
    return [argument.removeprefix(flag).removeprefix("=")] if _is_joined(flag, argument) else []


def _sets(text: str, name: str) -> bool:
    key = text.partition("=")[0].strip()
    return key == name or key.startswith(f"{name}.")
