"""What one turn of one program is: which package, how it is pointed at Passenger, what it is asked; all as values.

A turn is the smallest piece of agent's work: the scripted model calls a tool of the program's own that reads a file,
and says what the tool said. Only who has really read the file and sent it back can print what stands in it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from clients.verdict import Seen, verdict

Registry = Literal["npm", "pip"]
Dialect = Literal["chat", "responses", "messages", "gemini", "ollama"]

SCRIPTS = Path(__file__).parent / "scripts"

NOTE = "note.txt"
"""The file that a turn reads, in the working directory."""

MOST = 150
"""Requests after which a turn is ended: a program that does not get what it expects may ask for ever."""

KEY = "passenger-takes-any-key"

COMPLETIONS_ONLY = "gpt-4o"
RESPONSES_ONLY = "gpt-5.5"
CLAUDE = "claude-opus-4.6"
NEWEST_CLAUDE = "claude-opus-5"
GEMINI = "gemini-3.1-pro-preview"
MODELS: Mapping[Dialect, Sequence[str]] = {
    "chat": (COMPLETIONS_ONLY, RESPONSES_ONLY, CLAUDE),
    "responses": (RESPONSES_ONLY, CLAUDE, COMPLETIONS_ONLY),
    "messages": (CLAUDE, RESPONSES_ONLY, COMPLETIONS_ONLY),
    "gemini": (GEMINI, RESPONSES_ONLY, CLAUDE),
    "ollama": (GEMINI, RESPONSES_ONLY, CLAUDE),
}
"""The simulated models that a dialect is tried with, the most natural first; whatever it is, one is translated to.

Ollama's is none of OpenAI's older ones: aider's litellm takes their names for OpenAI's own, and asks there.
"""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program as its registry has it: the packages with their versions, and the command that they install."""

    name: str
    title: str
    registry: Registry
    packages: tuple[str, ...]
    command: str

    @property
    def version(self) -> str:
        """The version of the program itself, which is its first package."""
        return self.packages[0].rpartition("@" if self.registry == "npm" else "==")[2]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where a turn takes place: Passenger's address without a path, a model, an empty home and working directory.

    `packages` is the directory that holds the program's own, for a script beside it, `key` what it shows to be let in.
    """

    url: str
    model: str
    home: Path
    work: Path
    secret: str
    packages: Path
    key: str = KEY

    @property
    def note(self) -> Path:
        """The file that holds the secret."""
        return self.work / NOTE


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is run: arguments after the command's name, variables, files by their whole path, and standard input.

    `then` are the arguments of further runs in the same home, one after the other.
    """

    arguments: Sequence[str]
    then: Sequence[Sequence[str]] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Path, str] = field(default_factory=dict)
    stdin: str = ""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A way to use a program; `told` says what becomes of the secret, as the table tells it.

    `edits` is set where the program shows nothing of the note, but must have written this text into it. `sends` and
    `gets` are texts that must have gone over the wire, to Passenger and from it, as JSON spells them. `only` are the
    models to try instead of the dialect's. `cues` are words of the program's own and the directives they stand for,
    `most` the requests after which it is ended; `fault` is what a relay before Passenger spoils, `refusal` what
    it is refused, `patience` the seconds that it may take, as long as any where it is 0; `judge` finds the result.
    """

    program: Program
    dialect: Dialect
    told: str
    command: Callable[[Setting], Command]
    edits: str = ""
    sends: Sequence[str] = ()
    gets: Sequence[str] = ()
    only: Sequence[str] = ()
    cues: Mapping[str, str] = field(default_factory=dict)
    most: int = MOST
    fault: str = ""
    refusal: str = ""
    patience: float = 0.0
    judge: Callable[[Seen], str] = verdict

    @property
    def models(self) -> Sequence[str]:
        """The models to try, the most natural first."""
        return self.only or MODELS[self.dialect]


def call(tool: str, **arguments: object) -> str:
    """A prompt to which the simulated model answers with that tool call, and then with what the tool has said."""
    return f"Please read the note. [[call {tool} {json.dumps(arguments)}]]"


def script(name: str) -> str:
    """The text of a script that is run by the program's own interpreter, beside the packages that it needs."""
    return (SCRIPTS / name).read_text()


def as_json(value: object) -> str:
    """A configuration file."""
    return json.dumps(value, indent=2)
