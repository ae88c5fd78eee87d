"""Escaping of raw control characters in the strings of JSON that comes in pieces.

RFC 8259 (section 7) forbids them there. Claude sometimes writes them in the arguments of a tool call.
"""

import re

_CONTROL = re.compile(r"[\x00-\x1f]")
_TOKEN = re.compile(r'\\(?:.|\Z)|["\x00-\x1f]', re.DOTALL)
_SHORT = {"\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t"}


class ControlEscapes:
    """Escapes one text. Its pieces are kept until the first control character, which hardly ever comes."""

    def __init__(self) -> None:
        self._before: list[str] | None = []
        self._inside = False
        """Whether the next character is inside a string."""
        self._escaped = False
        """Whether a backslash came right before it."""

    def write(self, piece: str) -> str:
        """The piece with its control characters escaped."""
        if self._before is not None:
            # A printable piece has none; to check that takes a third of the time.
            if piece.isprintable() or _CONTROL.search(piece) is None:
                self._before.append(piece)
                return piece
            before, self._before = "".join(self._before), None
            self._escape(before)
        return self._escape(piece)

    def _escape(self, piece: str) -> str:
        at = 1 if self._escaped else 0
        self._escaped = self._escaped and not piece
        return piece[:at] + _TOKEN.sub(self._replace, piece[at:])

    def _replace(self, match: re.Match[str]) -> str:
        found = match[0]
        if found[0] == "\\":
            self._escaped = len(found) == 1
        elif found == '"':
            self._inside = not self._inside
        elif self._inside:
            return _SHORT.get(found, f"\\u{ord(found):04x}")
        return found
