"""What is to stand in a user's file, where, and what an edit has found there before."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Key = str | tuple[str, str]
"""A member's name; or, in an array, the member and the text that tell one object from the others."""

KeyPath = tuple[Key, ...]

Format = Literal["json", "json-comments", "jsonc", "toml", "yaml", "yaml-list", "dotenv", "block", "whole"]

NO_KEY = "passenger"
"""What is written where any key will do."""


class UnreadableError(Exception):
    """A text that is not of its format, or has a form that is not edited; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One value in one file."""

    file: Path
    format: Format
    keys: KeyPath
    value: object
    secret: bool = False
    """Whether the value is a key of the server."""
    conceals: bool = False
    """Whether what stands there before may be a key, though the value is none: it is emptied."""
    variable: object = None
    """What stands for a secret instead, where the client reads an environment variable; None where it cannot."""
    address: bool = False
    """Whether it is the address that a secret beside it belongs to."""

    @property
    def meets_key(self) -> bool:
        """Whether a key may stand there before or after: it is not shown, and put back beside its own address alone."""
        return self.secret or self.conceals


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands in a text, and the entry that it belongs to."""

    start: int
    end: int
    value: object
    """As it is compared."""
    entry: int
    """Where its entry begins: at its name, where it has one."""
    over: int
    """Where its entry ends."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What was put around a new entry, so that the same is taken away with it."""

    lead: str = ""
    tail: str = ""


class Editor(Protocol):
    """One format. Texts go in and come out; no file is touched. An entry is lines, unless `remove` says otherwise."""

    def find(self, text: str, keys: KeyPath) -> Spot | None:
        """The value, None where there is none.

        Raises:
            UnreadableError: the text is not of this format.
        """

    def comparable(self, value: object) -> object:
        """A value as `find` would give it back."""
        return value

    def replace(self, text: str, spot: Spot, value: object) -> str:
        """Put a value in another's place."""

    def insert(self, text: str, keys: KeyPath, value: object) -> tuple[str, Frame]:
        """Add an entry; all that is above it is there."""

    def remove(self, text: str, spot: Spot, frame: Frame) -> str:
        """Take an entry away."""
        return cut(text, spot.entry, spot.over, frame)


def digest(value: object) -> str:
    """A fingerprint of a value that does not reveal it."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def match_end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where what matches there ends; there, where nothing does."""
    found = pattern.match(text, at)
    return found.end() if found else at


def line_end(text: str) -> str:
    """How its lines end: as the first one does."""
    first, found, _ = text.partition("\n")
    return "\r\n" if found and first.endswith("\r") else "\n"


def cut(text: str, start: int, end: int, frame: Frame) -> str:
    """The text without the lines of an entry and, where they are still there, what was put around it.

    A line end that was put before them stays where it has come to end a line before others.
    """
    before = start - len(frame.lead)
    if text.endswith(frame.lead, 0, start) and (end == len(text) or text.endswith("\n", 0, before)):
        start = before
    if frame.tail and text.startswith(frame.tail, end):
        end += len(frame.tail)
    return text[:start] + text[end:]


def key_path(keys: Sequence[Key]) -> str:
    """The way to a value, as people read it: `env.ANTHROPIC_MODEL`, `customModels[Passenger]`."""
    parts = (f".{key}" if isinstance(key, str) else f"[{key[1]}]" for key in keys)
    return "".join(parts).removeprefix(".") or "(the whole file)"
