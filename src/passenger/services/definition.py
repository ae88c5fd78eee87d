"""What a service manager needs to know of the service, and the files that it is written into."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from passenger.private_file import PRIVATE_FILE

NAME = "passenger"
TITLE = "Passenger: GitHub Copilot as the APIs of OpenAI, Anthropic, Gemini and Ollama"
SERVE = ("serve", "--await-login")
ISOLATED = ("-P", "-m", "passenger")
"""The interpreter's arguments that run us, and import nothing from the working directory."""

MARK = "Made by `passenger service install`, which replaces it."
"""By which our own file is known."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A service: the interpreter that is to run it, the directories that it may write, and its variables."""

    python: Path
    config_dir: Path
    state_dir: Path
    arguments: tuple[str, ...] = ()
    """Flags that were given when it was installed."""
    environment: Mapping[str, str] = field(default_factory=dict)
    writable: tuple[Path, ...] = ()
    """Directories that are written besides those two."""

    @property
    def command(self) -> tuple[str, ...]:
        """The command line."""
        return (str(self.python), *ISOLATED, *SERVE, *self.arguments)

    @property
    def directory(self) -> Path:
        """The working directory: one that others cannot write to."""
        return self.state_dir

    @property
    def written(self) -> tuple[Path, ...]:
        """All directories that are written."""
        return tuple(dict.fromkeys((self.config_dir, self.state_dir, *self.writable)))

    @property
    def confidential(self) -> tuple[str, ...]:
        """The variables that hold a password: those of proxies, in the address."""
        return tuple(name for name, value in sorted(self.environment.items()) if "@" in value)


class ForeignError(Exception):
    """A file has our file's name and is not ours."""


def write(path: Path, text: str) -> None:
    """Put the text there.

    Raises:
        ForeignError: somebody else's file is there.
        OSError: it cannot be written.
    """
    check(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        temporary.touch(PRIVATE_FILE, exist_ok=False)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove(path: Path) -> bool:
    """Take it away and say whether there was one.

    Raises:
        ForeignError: somebody else's file is there.
    """
    check(path)
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def check(path: Path) -> None:
    """Check that no foreign file has the name of ours.

    Raises:
        ForeignError: one has.
    """
    if path.is_symlink() or (path.exists() and not (path.is_file() and MARK in path.read_text(errors="replace"))):
        raise ForeignError(f"{path} is not made by us and stays as it is: move it away first")
