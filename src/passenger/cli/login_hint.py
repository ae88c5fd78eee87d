"""What to type to log in and to serve, for the login that is meant; hides that a name may be misspelled."""

import shlex
from pathlib import Path

from passenger.cli.invocation import Invocation
from passenger.config.login_name import SIMULATED, names_in
from passenger.config.problems import nearest


def login_hint(invocation: Invocation) -> str:
    """The command, and the name that may have been meant where nothing is kept under this one."""
    name = invocation.login_name
    if name is None:
        return "run `passenger login`"
    command = "passenger login --simulated" if name == SIMULATED else f"passenger login --profile {name}"
    known = names_in(invocation.user_dir)
    near = None if name in known else nearest(name, known)
    return f"run `{command}`" + (f", or did you mean --profile {near}?" if near else "")


def with_login(invocation: Invocation, command: str) -> str:
    """A command for the login that is meant and the settings that were given, from any directory."""
    given = {
        "--profile": invocation.login_name,
        "-c": invocation.config_path,
        "--access-token-path": invocation.access_token_path,
        "--copilot-token-path": invocation.copilot_token_path,
    }
    flags = ((flag, _absolute(value)) for flag, value in given.items() if value is not None)
    return " ".join([command, *map(shlex.join, flags)])


def _absolute(value: str | Path) -> str:
    return str(value.absolute()) if isinstance(value, Path) else value
