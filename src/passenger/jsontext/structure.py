"""The brackets and commas of JSON, which bound the number of its values and their depth. They are found at C speed."""

from collections.abc import Iterator
from itertools import accumulate

PIECE = 256 * 1024
"""Bytes that are scanned in one step, so that other threads can run in between."""

_SLICE = 128
_MARKS = b"[]{},"
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_MARKS = bytes(byte for byte in range(256) if byte not in _MARKS)
_NO_MARKS_OR_QUOTES = bytes(byte for byte in range(256) if byte not in _MARKS + b'"')


def marks(text: bytes) -> bytes:
    """All brackets and commas, those in strings included."""
    return text.translate(None, _NO_MARKS)


def values(found: bytes) -> int:
    """The number of values that these marks bound: each but the first follows an opening bracket or a comma."""
    return len(found) - found.count(b"]") - found.count(b"}")


def outside(text: bytes) -> Iterator[bytes]:
    """The brackets and commas outside of strings, piece by piece. Some of them where the text is no JSON."""
    quoted = escaped = False
    for start in range(0, len(text), PIECE):
        piece, escaped = _unescaped(text[start : start + PIECE], escaped)
        parts = piece.translate(None, _NO_MARKS_OR_QUOTES).split(b'"')
        yield b"".join(parts[quoted::2])
        quoted ^= not len(parts) % 2


def has_more_values(text: bytes, most: int) -> bool:
    """Whether a text has more values than that."""
    if len(text) <= most:
        return False
    count = 0
    for piece in outside(text):
        count += values(piece)
        if count > most:
            return True
    return False


def _unescaped(piece: bytes, escaped: bool) -> tuple[bytes, bool]:
    """A piece without escaped backslashes and quotes, and whether it ends within an escape."""
    if escaped:
        piece = piece[1:]
    cut = (len(piece) - len(piece.rstrip(b"\\"))) % 2 == 1
    if cut:
        piece = piece[:-1]
    return (piece.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in piece else piece), cut


def is_deeper(found: bytes, most: int) -> bool:
    """Whether these marks are nested more levels deep than that."""
    brackets = found.translate(None, b",")
    if len(brackets) <= most:
        return False
    level = 0
    for start in range(0, len(brackets), _SLICE):
        piece = brackets[start : start + _SLICE]
        opened = piece.count(b"[") + piece.count(b"{")
        if level + opened > most and max(accumulate((_STEPS[byte] for byte in piece), initial=level)) > most:
            return True
        level = max(0, level + 2 * opened - len(piece))
    return False
