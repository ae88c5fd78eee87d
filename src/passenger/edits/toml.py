"""TOML: keys above the first table, and whole tables. `tomllib` reads; what is written are lines.

A key inside a table that the user has written is not edited.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from passenger.edits.edit import Editor, Frame, KeyPath, Spot, UnreadableError, line_end, match_end

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r?\n)?")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""' + r'"{0,2}' + r"|'''.*?''''{0,2}" + r'|"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'", re.DOTALL
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Statement:
    """A table's header, or a key with its value."""

    keys: tuple[str, ...]
    is_header: bool
    start: int
    value: int
    """Where the value begins; of a header, its end."""
    end: int
    over: int
    """The end of its line."""


def statements(text: str) -> Iterator[Statement]:
    """All of a text that tomllib can read."""
    at = 1 if text.startswith("\ufeff") else 0
    while (at := match_end(_SPACE, text, at)) < len(text):
        start, is_header = at, text[at] == "["
        brackets = 2 if text.startswith("[[", at) else 1
        keys, at = _read_key(text, at + brackets if is_header else at)
        value = at = at + brackets if is_header else match_end(re.compile(r"[ \t]*"), text, at + 1)
        end = at if is_header else _value_end(text, at)
        at = match_end(_REST, text, end)
        yield Statement(keys, is_header, start, value, end, at)


def _read_key(text: str, at: int) -> tuple[tuple[str, ...], int]:
    """The parts of a key, and where `=` or `]` stands."""
    keys: list[str] = []
    while text[at] not in "=]":
        if text[at] in " \t.":
            at += 1
            continue
        found = _BARE.match(text, at) or _STRING.match(text, at)
        if not found:
            raise UnreadableError(f"line {text.count(chr(10), 0, at) + 1}: no key where there should be one")
        keys.append(found[0] if _BARE.fullmatch(found[0]) else next(iter(tomllib.loads(f"{found[0]} = 1"))))
        at = found.end()
    return tuple(keys), at


def _value_end(text: str, at: int) -> int:
    """The end of a value: brackets are closed, and strings and comments are no brackets."""
    depth = 0
    while at < len(text):
        if found := _STRING.match(text, at):
            at = found.end()
        elif text[at] in "[{":
            depth, at = depth + 1, at + 1
        elif text[at] in "]}":
            depth, at = depth - 1, at + 1
        elif text[at] == "#" and depth:
            at = match_end(re.compile(r"[^\n]*"), text, at)
        elif not depth and text[at] in "#\r\n":
            break
        else:
            at += 1
    return len(text[:at].rstrip(" \t"))


class TomlEditor(Editor):
    """Root keys, where the value is no table, and whole tables."""

    def find(self, text: str, keys: KeyPath) -> Spot | None:
        """A root key's value; or a table, which is its header and all that stands below it."""
        value = _value(_read(text), keys)
        found = list(statements(text))
        if value is None:
            return None
        for place, one in enumerate(found):
            if one.is_header and one.keys == keys:
                over = _table_end(found, place)
                return Spot(one.start, over, value, one.start, over)
            if one.is_header:
                continue
            if one.keys == keys and not any(before.is_header for before in found[:place]):
                return Spot(one.value, one.end, value, one.start, one.over)
        raise UnreadableError(f"{'.'.join(map(str, keys))} is written in a form that is not edited")

    def replace(self, text: str, spot: Spot, value: object) -> str:
        """Put a value, or a table's lines, in another's place."""
        new = _literal(value) if spot.entry != spot.start else _below(text[spot.start : spot.end], text, value)
        return text[: spot.start] + new + text[spot.end :]

    def insert(self, text: str, keys: KeyPath, value: object) -> tuple[str, Frame]:
        """A key after the last one above the first table, a table at the end."""
        nl = line_end(text)
        if isinstance(value, Mapping):
            lead = "" if not text.strip("\ufeff") else nl if text.endswith("\n") else nl + nl
            return text + lead + _table(keys, value, nl), Frame(lead)
        _read(text)
        roots = list(_roots(text))
        at = roots[-1].over if roots else int(text.startswith("\ufeff"))
        lead = nl if at and roots and not text.endswith("\n", 0, at) else ""
        return text[:at] + f"{lead}{_key(keys)} = {_literal(value)}{nl}" + text[at:], Frame(lead)


def _read(text: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UnreadableError(str(error)) from error


def _value(document: object, keys: KeyPath) -> object:
    for key in keys:
        document = document.get(str(key)) if isinstance(document, Mapping) else None
    return document


def _roots(text: str) -> Iterator[Statement]:
    for one in statements(text):
        if one.is_header:
            return
        yield one


def _table_end(found: list[Statement], place: int) -> int:
    """The end of the last line of a table."""
    over = found[place].over
    for one in found[place + 1 :]:
        if one.is_header:
            break
        over = one.over
    return over


def _below(old: str, text: str, value: object) -> str:
    """A table's new lines below the header that is there."""
    assert isinstance(value, Mapping)  # noqa: S101 - what is replaced is a table
    header = next(statements(old))
    return old[: header.end] + line_end(text) + _lines(value, line_end(text))


def _table(keys: KeyPath, value: Mapping[str, object], nl: str) -> str:
    return f"[{_key(keys)}]{nl}{_lines(value, nl)}"


def _lines(value: Mapping[str, object], nl: str) -> str:
    return "".join(f"{_key((key,))} = {_literal(one)}{nl}" for key, one in value.items())


def _key(keys: KeyPath) -> str:
    return ".".join(str(key) if _BARE.fullmatch(str(key)) else json.dumps(str(key)) for key in keys)


def _literal(value: object) -> str:
    """Text, numbers, truth and lists are as in JSON; its only difference is U+007F, which TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
