"""`passenger launch`: run a client wired to Passenger for this one process, and leave nothing behind."""

import difflib
import json
import secrets
from collections.abc import Mapping, Sequence

import click

from passenger.cli.commands.launch import Flags
from passenger.cli.exits import FAILED, OK, USAGE
from passenger.cli.invocation import Invocation
from passenger.cli.launch_run import Run
from passenger.cli.launch_server import server_for_run
from passenger.cli.machine import machine_of
from passenger.cli.own_server import NotStartedError
from passenger.cli.person import can_answer, picked
from passenger.cli.reach import KEY_VARIABLE
from passenger.clients import stage
from passenger.clients.find import find
from passenger.clients.managed import refused
from passenger.clients.models import NoModelError
from passenger.clients.plan import Client, Installed, Machine
from passenger.clients.registry import ALL, CLIENTS
from passenger.control.client import ServerError
from passenger.control.records import TAG_LENGTH
from passenger.log import plain
from passenger.store import StoreError

LAUNCHABLE: Sequence[Client] = [client for client in ALL if client.launch is not None]


def run(invocation: Invocation, *, flags: Flags) -> int:
    """Run a client, and end as it does; 2 where it is none of ours, 1 where it or its model cannot be had."""
    machine = machine_of(invocation)
    name = flags.client or (None if flags.is_shown else _picked(machine))
    if name is None:
        return _list(machine, as_json=flags.as_json)
    return _launch(invocation, name, flags, machine)


# --- which client ------------------------------------------------------------------------------------------------


def _picked(machine: Machine) -> str | None:
    """The client that the user picks from a menu; None where nobody can pick, or there is nothing to pick."""
    there = [client for client in LAUNCHABLE if find(client, machine.environ, machine.home)]
    if not (there and can_answer()):
        return None
    for number, client in enumerate(there, 1):
        click.echo(f"{number:>3}  {client.title}", err=True)
    return there[picked("Which", len(there)) - 1].name


def _list(machine: Machine, *, as_json: bool) -> int:
    """Print all clients; without --json it is an error that none was named."""
    found = [(client, find(client, machine.environ, machine.home)) for client in LAUNCHABLE]
    if as_json:
        click.echo(json.dumps([_described(*one) for one in found], indent=2))
        return OK
    width = max(len(client.name) for client in LAUNCHABLE)
    for client, there in found:
        state = f"{there.path}  {there.version}".rstrip() if there else f"not installed: {client.install}"
        click.echo(f"{client.name:<{width}}  {state}")
    return _fail(_WHICH if any(there for _, there in found) else _NONE, USAGE)


_WHICH = "say which client to launch, as in `passenger launch claude`"
_NONE = "none of these is installed here; the line beside a name installs it"


def _described(client: Client, there: Installed | None) -> Mapping[str, object]:
    return {
        "name": client.name,
        "title": client.title,
        "path": str(there.path) if there else None,
        "version": there.version if there else None,
        "install": client.install,
        "run": client.is_run,
    }


def _unknown(name: str) -> str:
    if (known := CLIENTS.get(name)) is not None:
        return f"{known.title} cannot be launched; try `passenger setup {name}`"
    names = [client.name for client in LAUNCHABLE]
    near = difflib.get_close_matches(name.casefold(), names, n=3, cutoff=0.4)
    return f"there is no client {name!r}; " + (f"did you mean {' or '.join(near)}?" if near else ", ".join(names))


# --- one run -----------------------------------------------------------------------------------------------------


def _launch(invocation: Invocation, name: str, flags: Flags, machine: Machine) -> int:
    client = CLIENTS.get(name)
    if client is None or client.launch is None:
        return _fail(_unknown(name), USAGE)
    if (flag := refused(client.managed, flags.arguments)) is not None:
        return _fail(f"`{flag}` is set by the launch itself{_instead(flag)}", USAGE)
    installed = find(client, machine.environ, machine.home)
    if installed is None and not flags.is_shown:
        return _fail(f"{client.title} is not installed; this installs it: {client.install}", FAILED)
    return _carry_out(invocation, client, flags, machine, installed)


def _instead(flag: str) -> str:
    return ": use `passenger launch ... --model`" if flag in {"-m", "--model", "-c model"} else ""


def _carry_out(
    invocation: Invocation, client: Client, flags: Flags, machine: Machine, installed: Installed | None
) -> int:
    """Run the client in a directory that is gone afterwards, at a server that is there; what fails is said."""
    where, tag = invocation.state_dir / "launch", secrets.token_hex(TAG_LENGTH // 2)
    try:
        stage.make(where / client.name)
        with (
            stage.directory_for(where / client.name, tag) as directory,
            server_for_run(invocation, where / f"server-{tag}.log", demo=flags.demo) as reached,
        ):
            return Run(invocation, client, flags, machine, installed, directory, reached, tag, where).carry_out()
    except (NotStartedError, ServerError, NoModelError, StoreError, OSError) as error:
        if isinstance(error, OSError) and not error.filename:
            raise  # it is no file, but a stdout that takes no more
        return _fail(*_explained(error, str(where)))


def _explained(error: Exception, where: str) -> tuple[str, int]:
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


def _fail(text: str, code: int) -> int:
    click.echo(plain(f"passenger: {text}"), err=True)
    return code
