"""Files of lines, such as a shell's: one block of ours between two marks."""

import re
from dataclasses import dataclass

from passenger.edits.edit import Frame, Keys, Spot, UnreadableError, cut, line_end

BEGIN, END = "# >>> passenger >>>", "# <<< passenger <<<"
_BLOCK = re.compile(rf"^{BEGIN}\r?\n(.*?)^{END}(?:\r?\n|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class BlockEditor:
    """The block; it is appended where there is none."""

    def find(self, text: str, keys: Keys) -> Spot | None:
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

    def insert(self, text: str, keys: Keys, value: object) -> tuple[str, Frame]:
        """At the end."""
        nl = line_end(text)
        lead = "" if not text or text.endswith("\n") else nl
        return f"{text}{lead}{BEGIN}{nl}{self._lines(text, value)}{END}{nl}", Frame(lead)

    def remove(self, text: str, spot: Spot, frame: Frame) -> str:
        """Take the block away."""
        return cut(text, spot.entry, spot.over, frame)

    def _lines(self, text: str, value: object) -> str:
        return str(self.comparable(value)).replace("\n", line_end(text))
