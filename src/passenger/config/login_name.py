"""The user's own names for several logins (`--profile work`), and where the files of each are."""

import re
from collections.abc import Mapping
from pathlib import Path

from passenger.config.kinds import shown
from passenger.config.problems import Origin, Problem

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
        raise ValueError(f"must be 1 to 32 small letters, digits, - and _, beginning with no sign; not {shown(text)}")
    return None if text == USUAL else text


def is_plain(text: str) -> bool:
    """Whether every file system takes it as a directory's name, and none takes it for another one's."""
    return _NAME.fullmatch(text) is not None and _DEVICES.fullmatch(text) is None


def chosen(flag: str | None, environ: Mapping[str, str]) -> str | Problem | None:
    """The name that the flag chooses, else the environment; an empty variable is as good as none."""
    origin = Origin("environment", VARIABLE) if flag is None else Origin("flag", FLAG)
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
