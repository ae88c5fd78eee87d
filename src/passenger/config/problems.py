"""What is wrong with the settings, and where each value came from, in words a person can act on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from passenger.observe.redaction import one_line

SettingSource = Literal["default", "file", "environment", "flag"]


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """Where a value came from: a file and line, an environment variable or a flag.

    `found` marks a file that nobody named: it was lying in the working directory.
    """

    kind: SettingSource = "default"
    name: str = ""
    line: int | None = None
    found: bool = False

    def __str__(self) -> str:
        if self.kind == "default":
            return "default"
        return one_line(self.name if self.line is None else f"{self.name}:{self.line}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, with what setting (if any), and what to do about it."""

    origin: SettingOrigin
    what: str

    def __str__(self) -> str:
        return f"{self.origin}: {one_line(self.what)}"


class ConfigError(Exception):
    """The settings cannot be used. It carries all problems at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` most like `word`; None if none is."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a typo costs this import

    return next(iter(get_close_matches(word, sorted(words), 1, 0.6)), None)


def label(section: str, key: str) -> str:
    """A setting as messages name it."""
    return f"[{section}] {key}"
