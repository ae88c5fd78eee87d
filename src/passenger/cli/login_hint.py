"""What to type to log in and to serve, for the login that is meant; hides that a name may be misspelled."""

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


def with_profile(invocation: Invocation, command: str) -> str:
    """A command for the login that is meant."""
    name = invocation.login_name
    return command if name is None else f"{command} --profile {name}"


def serve_command(invocation: Invocation) -> str:
    """The command that serves with the login that is meant."""
    return with_profile(invocation, "passenger")
