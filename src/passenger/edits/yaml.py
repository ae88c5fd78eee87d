"""YAML, as far as it can be edited by lines: single values at the top, and entries of a list.

There is no reader of YAML here. What is not surely of the one form that is known is refused, and a client that is run
afterwards tells whether it reads the file.
"""

import json
import re
from collections.abc import Iterable, Mapping

from passenger.edits.edit import Editor, Frame, KeyPath, Spot, UnreadableError, line_end

BEGIN, END = "# >>> passenger", "# <<< passenger"
"""Between them stand the entries of a list that are ours."""

_BLOCK = re.compile(rf"(?:^|(?<=\A\ufeff))([ ]*){BEGIN}\r?\n(.*?)^\1{END}(?:\r?\n|\Z)", re.MULTILINE | re.DOTALL)
_STRANGE = re.compile(r"^(?:%|---[^\r\n]*\S|\.\.\.)|^[^\S\r\n]*\t", re.MULTILINE)
_ITEM = re.compile(r"^([ ]*)-(?:[ ]|\r?$)", re.MULTILINE)


def check(text: str) -> str:
    """The text again.

    Raises:
        UnreadableError: it has directives, several documents or tabs, or is in braces.
    """
    body = text.removeprefix("\ufeff")
    if found := _STRANGE.search(body):
        raise UnreadableError(f"line {body.count(chr(10), 0, found.start()) + 1}: a form that is not edited")
    if len(re.findall(r"^---", body, re.MULTILINE)) > 1:
        raise UnreadableError("several documents in one file")
    if re.match(r"(?:\s|---|#[^\n]*\n)*[{\[&!*\"'|>]", body):
        raise UnreadableError("a document that does not begin with a name or a list")
    return text


# --- single values -----------------------------------------------------------------------------------------------

_SCALAR = r"(\"(?:\\.|[^\"\\\r\n])*\"|'(?:''|[^'\r\n])*'|[^\s\"'#&*!|>%@`{{\[][^\r\n#]*?)"


class YamlEditor(Editor):
    """A name at the top whose value stands on the same line."""

    def find(self, text: str, keys: KeyPath) -> Spot | None:
        """The value as it is written, or the text in its quotes."""
        name = re.escape(str(keys[0]))
        found = list(re.finditer(rf"^\ufeff?(?:{name}|\"{name}\"|'{name}')[ ]*:(?=\s|\Z)", check(text), re.MULTILINE))
        if not found:
            return None
        line = re.compile(rf"[ ]*{_SCALAR}[ ]*(?:#[^\r\n]*)?(?:\r?\n|\Z)(?![ ]+[^\s#])").match(text, found[-1].end())
        if len(found) > 1 or not line:
            raise UnreadableError(f"{keys[0]} is written in a form that is not edited")
        start = found[0].start() + found[0][0].startswith("\ufeff")
        return Spot(line.start(1), line.end(1), _value(line[1]), start, line.end())

    def comparable(self, value: object) -> object:
        """As text: whether `1` is a number is the reader's business."""
        return value if isinstance(value, str) else json.dumps(value)

    def replace(self, text: str, spot: Spot, value: object) -> str:
        """Put a value in another's place."""
        return text[: spot.start] + json.dumps(value, ensure_ascii=False) + text[spot.end :]

    def insert(self, text: str, keys: KeyPath, value: object) -> tuple[str, Frame]:
        """A line at the end."""
        if _ITEM.match(_first_line(text)):
            raise UnreadableError("a list where there should be names")
        lead = "" if not text.strip("\ufeff") or text.endswith("\n") else line_end(text)
        return text + f"{lead}{keys[0]}: {json.dumps(value, ensure_ascii=False)}{line_end(text)}", Frame(lead)


def _value(written: str) -> str:
    if written.startswith('"'):
        try:
            return str(json.loads(written))
        except ValueError as error:
            raise UnreadableError("a text in a form that is not edited") from error
    return written[1:-1].replace("''", "'") if written.startswith("'") else written


def _first_line(text: str) -> str:
    lines = text.removeprefix("\ufeff").splitlines()
    return next((line for line in lines if line.strip() and not line.lstrip().startswith(("#", "---"))), "")


# --- entries of a list -------------------------------------------------------------------------------------------


class YamlListEditor(Editor):
    """Our entries at the beginning of the list of a name, or of the list that is the document."""

    def find(self, text: str, keys: KeyPath) -> Spot | None:
        """Our lines, without the indentation that they have in common."""
        found = list(_BLOCK.finditer(check(text)))
        if len(found) > 1:
            raise UnreadableError("our lines stand there twice")
        if not found:
            return None
        block = found[0]
        return Spot(block.start(2), block.end(2), _dedent(block[2], block[1]), block.start(), block.end())

    def comparable(self, value: object) -> object:
        """As lines."""
        return "\n".join(list_lines(value))

    def replace(self, text: str, spot: Spot, value: object) -> str:
        """Put lines in others' place."""
        indent = text[spot.entry : text.index("#", spot.entry)]
        return text[: spot.start] + _join_lines(list_lines(value), indent, line_end(text)) + text[spot.end :]

    def insert(self, text: str, keys: KeyPath, value: object) -> tuple[str, Frame]:
        """At the beginning of the list, where no entry's own end has to be found."""
        at, indent, lead = _place(check(text), str(keys[0]) if keys else None)
        lines = [BEGIN, *list_lines(value), END]
        return text[:at] + lead + _join_lines(lines, indent, line_end(text)) + text[at:], Frame(lead)


def _place(text: str, name: str | None) -> tuple[int, str, str]:
    """Where a list begins, its indentation, and what has to stand there first."""
    nl = line_end(text)
    open_end = "" if not text.strip("\ufeff") or text.endswith("\n") else nl
    if name is None:
        item = _ITEM.search(text.removeprefix("\ufeff"))
        if item and not item[1] and _first_line(text).startswith("-"):
            return item.start() + text.startswith("\ufeff"), "", ""
        if _first_line(text):
            raise UnreadableError("names where there should be a list")
        return len(text), "", open_end
    if _first_line(text).startswith("-"):
        raise UnreadableError("a list where there should be names")
    found = list(re.finditer(rf"^\ufeff?{re.escape(name)}[ ]*:[ ]*(#[^\r\n]*)?(\r?\n|\Z)", text, re.MULTILINE))
    if len(found) != 1:
        if found or re.search(rf"^\ufeff?[\"']?{re.escape(name)}[\"']?[ ]*:", text, re.MULTILINE):
            raise UnreadableError(f"{name} is written in a form that is not edited")
        return len(text), "  ", f"{open_end}{name}:{nl}"
    first = _first_line(text[found[0].end() :])
    item = _ITEM.match(first)
    if first.startswith(" ") and not item:
        raise UnreadableError(f"{name} is written in a form that is not edited")
    return found[0].end(), item[1] if item else "  ", "" if found[0][2] else nl


def list_lines(value: object) -> list[str]:
    """Each entry as lines: a dash, and its members."""
    entries: Iterable[Mapping[str, object]] = value if isinstance(value, list) else []
    return [
        f"{'  ' if place else '- '}{key}: {json.dumps(one, ensure_ascii=False)}"
        for entry in entries
        for place, (key, one) in enumerate(entry.items())
    ]


def _join_lines(lines: Iterable[str], indent: str, nl: str) -> str:
    return "".join(f"{indent}{line}{nl}" for line in lines)


def _dedent(block: str, indent: str) -> str:
    return "\n".join(line.removeprefix(indent) for line in block.splitlines())
