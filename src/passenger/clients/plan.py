"""How a client is wired to Passenger, as values: the server and its models, and what is to be run and written."""

import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from passenger.config.invocation import Invocation
from passenger.edits.concealing import mask_secret

if TYPE_CHECKING:
    from passenger.copilot.model_cards import ModelCard

FAMILIES = ("claude-sonnet", "gpt", "claude", "gemini", "grok")
"""How names of models begin, the family first that suits most agents."""

DialectName = Literal["completions", "responses", "messages", "gemini", "ollama"]


# --- what is there -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Installed:
    """A client's program on this machine."""

    path: Path
    version: str
    """As the program says it; empty where it does not."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a client would look for settings of its own."""

    home: Path
    environ: Mapping[str, str]
    cwd: Path
    platform: str = "linux"
    """As `sys.platform` has it."""

    @property
    def settings_dir(self) -> Path:
        """Where programs with windows keep their settings."""
        match self.platform:
            case "darwin":
                return self.home / "Library" / "Application Support"
            case "win32":
                return Path(self.environ.get("APPDATA") or self.home / "AppData" / "Roaming")
            case _:
                return self.config_dir

    @property
    def config_dir(self) -> Path:
        """`XDG_CONFIG_HOME`, on every system."""
        return Path(self.environ.get("XDG_CONFIG_HOME") or self.home / ".config")


def _no_program(_arguments: Sequence[str]) -> str:
    raise OSError("no program of this client is at hand")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The server that a client is wired to, the models that were chosen, and the place for files of our own."""

    base: str
    """The server's address without `/v1`, such as `http://127.0.0.1:8081`."""
    key: str
    model: "ModelCard"
    small: "ModelCard"
    catalog: Sequence["ModelCard"]
    """All that the account may ask, in Copilot's order."""
    directory: Path
    """A directory for the files of this wiring alone, which nobody else can read. After a launch it is gone."""
    kept: Path
    """A directory beside it for what the client itself is to find again on the next run."""
    machine: Machine
    installed: Installed | None = None
    ask: Callable[[Sequence[str]], str] = _no_program
    """Run the installed program with arguments, and give what it prints.

    Raises:
        OSError: it cannot be run, or it fails.
    """

    @property
    def chosen(self) -> Sequence["ModelCard"]:
        """The model and the small one, or the one that is both."""
        return [self.model] if self.small.id == self.model.id else [self.model, self.small]

    @property
    def chat(self) -> Sequence["ModelCard"]:
        """The models that chat and that Copilot's own clients offer, the chosen ones first."""
        ids = {self.model.id, self.small.id}
        return [*self.chosen, *(card for card in self.catalog if card.is_offered and card.id not in ids)]


# --- what is to be done ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OwnedFile:
    """A file of our own, written whole and readable by the user alone."""

    path: Path
    text: str
    shown: str | None = None
    """What is shown of it, where it has more in it than what is ours."""


@dataclass(frozen=True, slots=True)
class OwnedLink:
    """A symbolic link of our own to something of the user's."""

    path: Path
    target: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run of a client. No key stands in `argv`: every process of the machine can read that."""

    argv: Sequence[str]
    """Beginning with the program; what the user adds comes after it."""
    env: Mapping[str, str] = field(default_factory=dict)
    unset: Sequence[str] = ()
    """Variables of the user's that would win over ours."""
    files: Sequence[OwnedFile] = ()
    links: Sequence[OwnedLink] = ()
    notes: Sequence[str] = ()
    """What the user should know before it starts, one sentence each."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something of the user's that would lead a client elsewhere."""

    where: str
    """A file or a variable."""
    what: str
    """What stands there, without any secret."""
    fix: str
    """What to do, to be typed or read."""


# --- a client ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program that can be wired to Passenger; what it cannot have is None."""

    name: str
    """As the user types it."""
    title: str
    binaries: Sequence[str]
    """Its command, then places off the PATH where it is installed to; `~` is the home directory."""
    install: str
    """The one line that installs it."""
    dialects: Sequence[DialectName]
    """What it can speak, the best first."""
    managed: Sequence[str] = ()
    """Its flags that a launch sets by itself, as the user would spell them."""
    launch: Callable[[Site], Plan] | None = None
    prefers: Sequence[str] = FAMILIES
    """How the names of the models begin that it was made for, the best first."""
    takes_small: bool = True
    """Whether it can be given a model for small jobs."""
    is_run: bool = True
    """Whether it has been run for real; otherwise its wiring is from its vendor's pages."""

    def dialect_for(self, model: "ModelCard") -> DialectName:
        """What it speaks to a model: the first dialect of its own that the model speaks too, else its first."""
        return next((dialect for dialect in self.dialects if dialect in model.dialects), self.dialects[0])


def machine_of(invocation: Invocation) -> Machine:
    """Home, environment and working directory of the user."""
    return Machine(Path.home(), invocation.environ, invocation.cwd, sys.platform)


HIDDEN = "<key>"


def as_shell(plan: Plan, arguments: Sequence[str], key: str) -> str:
    """The command line that does the same, and the files that it needs."""
    return "\n".join(_lines(plan, _mask_all(arguments, key)))


def _mask_all(arguments: Iterable[str], key: str) -> list[str]:
    return [mask_secret(argument, key, HIDDEN) for argument in arguments]


def _lines(plan: Plan, arguments: Sequence[str]) -> Iterable[str]:
    for name in plan.unset:
        yield f"unset {name}"
    for name, value in plan.env.items():
        yield f"export {name}={shlex.quote(value)}"
    yield shlex.join([*plan.argv, *arguments])
    for file in plan.files:
        yield f"\n# {file.path}\n{_shown_text(file).rstrip()}"
    for link in plan.links:
        yield f"# {link.path} -> {link.target}"
    for note in plan.notes:
        yield f"# {note}"


def _shown_text(file: OwnedFile) -> str:
    return file.text if file.shown is None else file.shown


def as_data(plan: Plan, arguments: Sequence[str], key: str) -> Mapping[str, object]:
    """The same as JSON has it."""
    return {
        "argv": [*plan.argv, *_mask_all(arguments, key)],
        "env": dict(plan.env),
        "unset": list(plan.unset),
        "files": {str(file.path): _shown_text(file) for file in plan.files},
        "links": {str(link.path): str(link.target) for link in plan.links},
        "notes": list(plan.notes),
    }
