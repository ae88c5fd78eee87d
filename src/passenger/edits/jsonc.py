"""JSON in the dialects that editors and agents read: with comments and trailing commas, with comments, or strict.

A document is read into spans; an edit replaces or adds the bytes of one value and leaves all others alone.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from json.decoder import scanstring  # type: ignore[attr-defined]  # the standard library's own reader of strings

from passenger.edits.edit import Editor, Frame, Key, KeyPath, Spot, UnreadableError, cut, line_end, match_end

DEEPEST = 200
"""Levels of a document that are read."""

_SPACE = re.compile(r"[ \t\r\n]*")
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_ATOM = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_INDENT = re.compile(r"\n([ \t]+)[^\s]")


@dataclass(slots=True)
class Node:
    """A value of a document, by its place."""

    start: int
    end: int
    value: object
    children: "list[tuple[str | None, int, Node]]" = field(default_factory=list)
    """The name of each member (an array's have none), where its entry begins, and its value."""


# --- reading -----------------------------------------------------------------------------------------------------


class JsoncReader:
    """One pass over a document."""

    def __init__(self, text: str, *, comments: bool, trailing: bool) -> None:
        self.text = text
        self.comments = comments
        self.trailing = trailing
        self.at = 0

    def document(self) -> Node | None:
        """The one value, None where there is none."""
        self.at = 1 if self.text.startswith("\ufeff") else 0
        self.skip()
        if self.at == len(self.text):
            return None
        node = self.read(0)
        self.skip()
        if self.at != len(self.text):
            raise self.wrong("something after the document's end")
        return node

    def skip(self) -> None:
        """Skip spaces and comments."""
        while True:
            self.at = match_end(_SPACE, self.text, self.at)
            comment = _COMMENT.match(self.text, self.at)
            if not comment:
                return
            if not self.comments:
                raise self.wrong("a comment, which the program does not take here")
            self.at = comment.end()

    def read(self, depth: int) -> Node:
        """The value that begins here."""
        if depth > DEEPEST:
            raise self.wrong("more levels than are read")
        match self.text[self.at : self.at + 1]:
            case "{":
                return self.container("}", depth)
            case "[":
                return self.container("]", depth)
            case '"':
                start, value = self.at, self.string()
                return Node(start, self.at, value)
            case _:
                return self.atom()

    def string(self) -> str:
        """The string that begins here."""
        if self.text[self.at : self.at + 1] != '"':
            raise self.wrong("no string where there should be one")
        try:
            value, self.at = scanstring(self.text, self.at + 1, True)
        except ValueError as error:
            raise self.wrong("a string that does not end") from error
        return str(value)

    def atom(self) -> Node:
        """The number or the word that begins here."""
        found = _ATOM.match(self.text, self.at)
        if not found:
            raise self.wrong("no value where there should be one")
        try:
            value = json.loads(found[0])
        except ValueError as error:
            raise self.wrong("a number that is too long") from error
        self.at = found.end()
        return Node(found.start(), found.end(), value)

    def container(self, close: str, depth: int) -> Node:
        """The object or array that begins here."""
        start, children = self.at, list[tuple[str | None, int, Node]]()
        self.at += 1
        while not self._closes(close, bool(children)):
            entry, name = self.at, self._name() if close == "}" else None
            children.append((name, entry, self.read(depth + 1)))
            self._skip_comma(close)
        values = [node.value for _, _, node in children]
        value = values if close == "]" else dict(zip([name for name, _, _ in children], values, strict=True))
        return Node(start, self.at, value, children)

    def _closes(self, close: str, has_children: bool) -> bool:
        self.skip()
        if self.text[self.at : self.at + 1] != close:
            return False
        if has_children and not self.trailing and self._follows_comma:
            raise self.wrong("a comma before the end, which the program does not take here")
        self.at += 1
        return True

    def _name(self) -> str:
        name = self.string()
        self.skip()
        if self.text[self.at : self.at + 1] != ":":
            raise self.wrong("no colon after a name")
        self.at += 1
        self.skip()
        return name

    def _skip_comma(self, close: str) -> None:
        self.skip()
        mark = self.text[self.at : self.at + 1]
        self._follows_comma = mark == ","
        if self._follows_comma:
            self.at += 1
        elif mark != close:
            raise self.wrong("no comma between two values")

    _follows_comma = False

    def wrong(self, what: str) -> UnreadableError:
        """The error that says so, with the line."""
        return UnreadableError(f"line {self.text.count(chr(10), 0, self.at) + 1}: {what}")


@lru_cache(maxsize=2)
def document(text: str, *, comments: bool, trailing: bool) -> Node | None:
    """A document, read once for all that is looked for in it: an edit looks many times."""
    return JsoncReader(text, comments=comments, trailing=trailing).document()


# --- editing -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JsonEditor(Editor):
    """JSON with what a program takes beyond the standard."""

    comments: bool = True
    trailing: bool = True

    def read(self, text: str) -> Node | None:
        """The document, None where it has no value."""
        return document(text, comments=self.comments, trailing=self.trailing)

    def find(self, text: str, keys: KeyPath) -> Spot | None:
        """The last of that name, which is the one that counts."""
        node, entry = self.read(text), None
        for key in keys:
            found = None if node is None else _child(node, key)
            entry, node = found or (None, None)
        if node is None:
            return None
        return Spot(node.start, node.end, node.value, node.start if entry is None else entry, node.end)

    def replace(self, text: str, spot: Spot, value: object) -> str:
        """Put a value in another's place."""
        return text[: spot.start] + _write_value(text, value, _indent_at(text, spot.start)) + text[spot.end :]

    def insert(self, text: str, keys: KeyPath, value: object) -> tuple[str, Frame]:
        """Add a member after the last one, whose comments stay beside it."""
        if not keys:
            tail = "" if text else "\n"
            return text + _write_value(text, value, "") + tail, Frame(tail=tail)
        above = self.find(text, keys[:-1])
        nodes = () if above is None else _nodes(self.read(text))
        node = next((node for node in nodes if above and node.start == above.start), None)
        if node is None or not isinstance(node.value, dict if isinstance(keys[-1], str) else list):
            raise UnreadableError(
                f"line {text.count(chr(10), 0, above.start if above else 0) + 1}: not an object there"
            )
        name = f"{json.dumps(keys[-1], ensure_ascii=False)}: " if isinstance(keys[-1], str) else ""
        return _after(text, node, name, value) if node.children else _within(text, node, name, value)

    def remove(self, text: str, spot: Spot, frame: Frame) -> str:
        """Take a member away, with the comma that is then too many."""
        if not frame.lead and spot.entry == spot.start and _is_root(text, spot):
            return cut(text, spot.start, spot.end, frame)
        after = _token_after(text, spot.over)
        cuts = [(after, after + 1)] if text[after : after + 1] == "," else list(self._comma_before(text, spot))
        start = spot.entry
        if text.endswith(frame.lead, 0, start):
            start -= len(frame.lead)
        end = spot.over
        if cuts == [(end, end + 1)]:
            cuts, end = [], end + 1
        if frame.tail and text.startswith(frame.tail, end):
            end += len(frame.tail)
        for first, last in sorted([*cuts, (start, end)], reverse=True):
            text = text[:first] + text[last:]
        return text

    def _comma_before(self, text: str, spot: Spot) -> Iterator[tuple[int, int]]:
        for node in _nodes(self.read(text)):
            starts = [entry for _, entry, _ in node.children]
            if spot.entry in starts[1:]:
                before = node.children[starts.index(spot.entry) - 1][2]
                comma = _token_after(text, before.end)
                yield comma, comma + 1


def _child(node: Node, key: Key) -> tuple[int, Node] | None:
    for name, entry, child in reversed(node.children):
        if isinstance(key, str):
            if name == key:
                return entry, child
        elif name is None and isinstance(child.value, dict) and child.value.get(key[0]) == key[1]:
            return entry, child
    return None


def _nodes(node: Node | None) -> Iterator[Node]:
    if node is not None:
        yield node
        for _, _, child in node.children:
            yield from _nodes(child)


def _is_root(text: str, spot: Spot) -> bool:
    return not text[: spot.start].strip("\ufeff \t\r\n") and not text[spot.end :].strip()


def _after(text: str, node: Node, name: str, value: object) -> tuple[str, Frame]:
    """With the last member's own indentation."""
    _, entry, last = node.children[-1]
    space = text[:entry][len(text[:entry].rstrip(" \t\r\n")) :]
    token = _token_after(text, last.end)
    comma = token if token < node.end and text[token] == "," else None
    at = _past_comments(text, last.end if comma is None else comma + 1)
    lead = line_end(text) + space.rpartition("\n")[2] if "\n" in space else " "
    comments = list(_COMMENT.finditer(text, last.end, at))
    if "\n" not in lead and comments and comments[-1].end() == at and comments[-1][0].startswith("//"):
        lead = line_end(text)
    indent = lead.rpartition("\n")[2] if "\n" in lead else _indent_at(text, at)
    new = f"{lead}{name}{_write_value(text, value, indent)}"
    if comma is not None:
        return text[:at] + new + "," + text[at:], Frame(lead)
    return text[: last.end] + "," + text[last.end : at] + new + text[at:], Frame(lead)


def _token_after(text: str, at: int) -> int:
    reader = JsoncReader(text, comments=True, trailing=True)
    reader.at = at
    reader.skip()
    return reader.at


def _within(text: str, node: Node, name: str, value: object) -> tuple[str, Frame]:
    """Into an object without members, on a line of its own."""
    at = _past_comments(text, node.start + 1)
    outer = _indent_at(text, node.start)
    lead = line_end(text) + outer + _unit(text)
    tail = "" if "\n" in text[at : node.end] else line_end(text) + outer
    new = lead + name + _write_value(text, value, outer + _unit(text)) + tail
    return text[:at] + new + text[at:], Frame(lead, tail)


def _past_comments(text: str, at: int) -> int:
    """Behind the comments that begin on the same line."""
    while comment := re.compile(r"[ \t]*(?://[^\r\n]*|/\*.*?\*/)", re.DOTALL).match(text, at):
        at = comment.end()
    return at


def _indent_at(text: str, at: int) -> str:
    """The indentation of the line on which it stands."""
    line = text[text.rfind("\n", 0, at) + 1 : at].removeprefix("\ufeff")
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """What one level is indented by."""
    found = _INDENT.search(text)
    return found[1] if found else "  "


def _write_value(text: str, value: object, indent: str) -> str:
    lines = json.dumps(value, indent=_unit(text), ensure_ascii=False).split("\n")
    return (line_end(text) + indent).join(lines)
