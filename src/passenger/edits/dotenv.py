"""Files of environment variables, a line each: `NAME=value`, as dotenv reads them."""

import re
from dataclasses import dataclass

from passenger.edits.edit import Frame, Keys, Spot, UnreadableError, cut, line_end

_LINE = re.compile(
    r"^(?:\ufeff)?[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*([^\r\n]*?)[ \t]*(?:\r?\n|\Z)", re.MULTILINE
)
_PLAIN = re.compile(r"[\w.:/@%+,-]*")
_QUOTED = re.compile(r"""("[^"]*"|'[^']*'|`[^`]*`)[ \t]*(#.*)?""")


@dataclass(frozen=True, slots=True)
class DotenvEditor:
    """One variable: the last of that name, which is the one that counts."""

    def find(self, text: str, keys: Keys) -> Spot | None:
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
        return text[: spot.start] + _written(value) + text[spot.end :]

    def insert(self, text: str, keys: Keys, value: object) -> tuple[str, Frame]:
        """A line at the end."""
        lead = "" if not text.strip("\ufeff") or text.endswith("\n") else line_end(text)
        return text + f"{lead}{keys[0]}={_written(value)}{line_end(text)}", Frame(lead)

    def remove(self, text: str, spot: Spot, frame: Frame) -> str:
        """Take the line away."""
        return cut(text, spot.entry, spot.over, frame)


def _read(rest: str, line: int) -> tuple[str, str]:
    """A value as it is written, and as it is meant."""
    if rest[:1] not in {'"', "'", "`"}:
        plain = re.split(r"\s+#|^#", rest)[0]
        return plain, plain
    if not (found := _QUOTED.fullmatch(rest)):
        raise UnreadableError(f"line {line}: a value over several lines")
    return found[1], found[1][1:-1]


def _written(value: object) -> str:
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    mark = next((mark for mark in "'\"`" if mark not in text), None)
    if mark is None or "\n" in text or "\\" in text:
        raise UnreadableError("a value that cannot be written on one line")
    return f"{mark}{text}{mark}"
