"""What one check has found: whether it is well, a sentence about it, and what to type where it is not."""

from dataclasses import dataclass
from shlex import quote
from typing import Literal

from passenger.config import Origin

STATUS = "https://www.githubstatus.com"
"""Where GitHub says what is wrong on its side."""

State = Literal["ok", "warn", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of what the doctor says."""

    id: str
    """What was looked at: `login`, `upstream.copilot`, `client.claude`. It does not change between versions."""
    state: State
    text: str
    fix: str | None = None
    """A command that mends it, or that shows what is needed to mend it."""
    see: str | None = None
    """A page where a person can change it."""


def ok(name: str, text: str) -> Finding:
    """It is well."""
    return Finding(name, "ok", text)


def warn(name: str, text: str, fix: str | None = None, see: str | None = None) -> Finding:
    """It works, and will surprise somebody."""
    return Finding(name, "warn", text, fix, see)


def fail(name: str, text: str, fix: str | None = None, see: str | None = None) -> Finding:
    """It does not work."""
    return Finding(name, "fail", text, fix, see)


def edit(origin: Origin, otherwise: str) -> str:
    """What opens a setting at its line, or takes its variable away; something else where a flag has set it."""
    match origin.kind:
        case "environment":
            return f"unset {quote(origin.name)}"
        case "file":
            return f"${{EDITOR:-vi}} +{origin.line or 1} {quote(origin.name)}"
        case _:
            return otherwise


def skip(name: str, text: str) -> Finding:
    """It cannot be told, or does not matter here."""
    return Finding(name, "skip", text)
