"""The editor of each format, and those of the simple ones: a dotenv file, a block between marks, a whole file."""

import re
from collections.abc import Mapping

from passenger.edits.edit import Editor, Format, Frame, KeyPath, Spot, UnreadableError, line_end
from passenger.edits.jsonc import JsonEditor
from passenger.edits.toml import TomlEditor
from passenger.edits.yaml import YamlEditor, YamlListEditor

_LINE = re.compile(
    r"^(?:\ufeff)?[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*([^\r\n]*?)[ \t]*(?:\r?\n|\Z)", re.MULTILINE
)
_PLAIN = re.compile(r"[\w.:/@%+,-]*")
_QUOTED = re.compile(r"""("[^"]*"|'[^']*'|`[^`]*`)[ \t]*(#.*)?""")


class DotenvEditor(Editor):
    """One variable: the last of that name, which is the one that counts."""

    def find(self, text: str, keys: KeyPath) -> Spot | None:
        """The value, without the quotes around it; a comment behind it stays."""
        spot = None
        for line in _LINE.finditer(text):
            written, value = _read(line[2], text.count("\n", 0, line.start(2)) + 1)
            if line[1] == keys[0]:
                start = line.start() + line[0].startswith("\ufeff")
                spot = Spot(line.start(2), line.start(2) + len(written), value, start, line.end())
        return spot

    def comparable(self, value: object) -> object:
        """As text."""
        return str(value)

    def replace(self, text: str, spot: Spot, value: object) -> str:
        """Put a value in another's place."""
        return text[: spot.start] + _write_value(value) + text[spot.end :]

    def insert(self, text: str, keys: KeyPath, value: object) -> tuple[str, Frame]:
        """A line at the end."""
        lead = "" if not text.strip("\ufeff") or text.endswith("\n") else line_end(text)
        return text + f"{lead}{keys[0]}={_write_value(value)}{line_end(text)}", Frame(lead)


def _read(rest: str, line: int) -> tuple[str, str]:
    """A value as it is written, and as it is meant."""
    if rest[:1] not in {'"', "'", "`"}:
        plain = re.split(r"\s+#|^#", rest)[0]
        return plain, plain
    if not (found := _QUOTED.fullmatch(rest)):
        raise UnreadableError(f"line {line}: a value over several lines")
    return found[1], found[1][1:-1]


def _write_value(value: object) -> str:
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    mark = next((mark for mark in "'\"`" if mark not in text), None)
    if mark is None or "\n" in text or "\\" in text:
        raise UnreadableError("a value that cannot be written on one line")
    return f"{mark}{text}{mark}"


BEGIN, END = "# >>> passenger >>>", "# <<< passenger <<<"
_BLOCK = re.compile(rf"^{BEGIN}\r?\n(.*?)^{END}(?:\r?\n|\Z)", re.MULTILINE | re.DOTALL)


class BlockEditor(Editor):
    """The block; it is appended where there is none."""

    def find(self, text: str, keys: KeyPath) -> Spot | None:
        """The lines between the marks."""
        found = list(_BLOCK.finditer(text))
        if len(found) > 1 or text.count(BEGIN) != len(found):
            raise UnreadableError("our marks stand there without an end, or twice")
        if not found:
            return None
        block = found[0]
        lines = block[1].replace("\r\n", "\n")
        return Spot(block.start(1), block.end(1), lines, block.start(), block.end())

    def comparable(self, value: object) -> object:
        """With the end of the last line."""
        text = str(value)
        return text if text.endswith("\n") or not text else text + "\n"

    def replace(self, text: str, spot: Spot, value: object) -> str:
        """Put lines in others' place."""
        return text[: spot.start] + self._lines(text, value) + text[spot.end :]

    def insert(self, text: str, keys: KeyPath, value: object) -> tuple[str, Frame]:
        """At the end."""
        nl = line_end(text)
        lead = "" if not text or text.endswith("\n") else nl
        return f"{text}{lead}{BEGIN}{nl}{self._lines(text, value)}{END}{nl}", Frame(lead)

    def _lines(self, text: str, value: object) -> str:
        return str(self.comparable(value)).replace("\n", line_end(text))


class WholeEditor(Editor):
    """The text is the value; an empty one is none."""

    def find(self, text: str, keys: KeyPath) -> Spot | None:
        """All of it."""
        return Spot(0, len(text), text, 0, len(text)) if text else None

    def replace(self, text: str, spot: Spot, value: object) -> str:
        """The other text."""
        return str(value)

    def insert(self, text: str, keys: KeyPath, value: object) -> tuple[str, Frame]:
        """The text."""
        return str(value), Frame()

    def remove(self, text: str, spot: Spot, frame: Frame) -> str:
        """Nothing remains."""
        return ""


EDITORS: Mapping[Format, Editor] = {
    "json": JsonEditor(comments=False, trailing=False),
    "json-comments": JsonEditor(comments=True, trailing=False),
    "jsonc": JsonEditor(),
    "toml": TomlEditor(),
    "yaml": YamlEditor(),
    "yaml-list": YamlListEditor(),
    "dotenv": DotenvEditor(),
    "block": BlockEditor(),
    "whole": WholeEditor(),
}
"""By the name that an edit gives."""
