"""The user's own names for several logins (`--profile work`): where the files of each are, and how to log in to it."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from passenger.config.invocation import Invocation
from passenger.config.kinds import describe
from passenger.config.problems import Problem, SettingOrigin, nearest

VARIABLE = "PASSENGER_PROFILE"
FLAG = "--profile"

USUAL = "default"
"""What the login without a name is called, where it has to be said."""

SIMULATED = "simulated"
"""The profile whose GitHub is `passenger simulate`."""

DIRECTORY = "logins"
"""Beside the directory of profiles by host, so that no name of a user's can be one of those."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
"""Names that Windows keeps for devices, whatever the directory."""


def read_name(text: str) -> str | None:
    """The name of a login, None for the usual one.

    Raises:
        ValueError: it is no name; the text says what one is.
    """
    if not is_plain(text):
        raise ValueError(
            f"must be 1 to 32 small letters, digits, - and _, beginning with no sign; not {describe(text)}"
        )
    return None if text == USUAL else text


def is_plain(text: str) -> bool:
    """Whether every file system takes it as a directory's name, and none takes it for another one's."""
    return _NAME.fullmatch(text) is not None and _DEVICES.fullmatch(text) is None


def choose_name(flag: str | None, environ: Mapping[str, str]) -> str | Problem | None:
    """The name that the flag chooses, else the environment; an empty variable is as good as none."""
    origin = SettingOrigin("environment", VARIABLE) if flag is None else SettingOrigin("flag", FLAG)
    text = environ.get(VARIABLE) or USUAL if flag is None else flag
    try:
        return read_name(text)
    except ValueError as error:
        return Problem(origin, str(error))


def home_of(directory: Path, name: str | None) -> Path:
    """Where all of a login's files are, below one of our own directories."""
    return directory if name is None else directory / DIRECTORY / name


def names_in(directory: Path) -> list[str]:
    """The names that have been used, as far as the directory can be read."""
    try:
        return sorted(path.name for path in (directory / DIRECTORY).iterdir() if _NAME.fullmatch(path.name))
    except OSError:
        return []


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
    told = {flag: value.absolute() if isinstance(value, Path) else value for flag, value in given.items() if value}
    return " ".join([command, *(shlex.join((flag, str(value))) for flag, value in told.items())])
