"""A unit read back as systemd.syntax(7) and systemd.service(5) say."""

import re

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


def directives(text: str) -> dict[str, str]:
    """The directives of a unit, each of which has but one line."""
    lines = [line.partition("=")[::2] for line in text.splitlines() if "=" in line and not line.startswith("#")]
    found = dict(lines)
    assert len(found) == len(lines)
    return found


def words(line: str) -> list[str]:
    """The words of a command line or of a list of paths."""
    return [_plain(quoted if bare is None else bare) for quoted, bare in _pairs(line)]


def _pairs(line: str) -> list[tuple[str, str | None]]:
    return [(found[1] or "", found[2]) for found in _WORD.finditer(line)]


def _plain(word: str) -> str:
    word = re.sub(r"\\(.)", r"\1", word)
    return word.replace("%%", "%").replace("$$", "$")
