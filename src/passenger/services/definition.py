"""What a service manager has to be told, whichever it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

NAME = "passenger"
TITLE = "Passenger: GitHub Copilot as the APIs of OpenAI, Anthropic, Gemini and Ollama"
SERVE = ("serve", "--await-login")
ISOLATED = ("-P", "-m", "passenger")
"""How the interpreter is told to run us and to import nothing from the directory that it is in."""

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
        """The working directory: one that nobody else can put anything into."""
        return self.state_dir

    @property
    def written(self) -> tuple[Path, ...]:
        """All directories that are written."""
        return tuple(dict.fromkeys((self.config_dir, self.state_dir, *self.writable)))

    @property
    def confidential(self) -> tuple[str, ...]:
        """The variables that hold a password: those of proxies, in the address."""
        return tuple(name for name, value in sorted(self.environment.items()) if "@" in value)
