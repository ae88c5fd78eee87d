"""Raw control characters in the strings of a JSON text that comes in pieces, written as the escapes that JSON wants.

RFC 8259 (section 7) allows none there; Claude writes them in the arguments of its calls now and then.
"""

import re

_CONTROL = re.compile(r"[\x00-\x1f]")
_TOKEN = re.compile(r'\\(?:.|\Z)|["\x00-\x1f]', re.DOTALL)
_SHORT = {"\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t"}


class ControlEscapes:
    """Escapes one text. Pieces are only kept until the first control character comes, which hardly ever does."""

    def __init__(self) -> None:
        self._before: list[str] | None = []
        self._inside = False
        """Whether the next character is inside a string."""
        self._escaped = False
        """Whether a backslash came right before it."""

    def write(self, piece: str) -> str:
        """What the piece becomes."""
        if self._before is not None:
            # What can be printed has none; to know that takes a third of the time.
            if piece.isprintable() or _CONTROL.search(piece) is None:
                self._before.append(piece)
                return piece
            before, self._before = "".join(self._before), None
            self._written(before)
        return self._written(piece)

    def _written(self, piece: str) -> str:
        at = 1 if self._escaped else 0
        self._escaped = self._escaped and not piece
        return piece[:at] + _TOKEN.sub(self._token, piece[at:])

    def _token(self, match: re.Match[str]) -> str:
        found = match[0]
        if found[0] == "\\":
            self._escaped = len(found) == 1
        elif found == '"':
            self._inside = not self._inside
        elif self._inside:
            return _SHORT.get(found, f"\\u{ord(found):04x}")
        return found
