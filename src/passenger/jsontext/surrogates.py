"""Lone surrogates in the escapes of a JSON text, which RFC 8259 (8.2) allows and no UTF-8 can write."""

import re
from collections.abc import Iterator

PIECE = 64 * 1024
"""Bytes that are mended in one step: each escape that is found costs some memory for as long as the step takes."""

_ESCAPE = 6
"""Bytes of one."""

_HIGH = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}")
# What comes first is what is searched for fast; so the look behind comes last.
_LONE_HIGH = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})")
_LONE_LOW = re.compile(rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")
_PLACEHOLDER = rb"\\ufffd"


def without_lone(text: bytes) -> bytes:
    """The text with U+FFFD for each of them."""
    return b"".join(map(_mended, _pieces(text))) if _may_have(text) else text


def _may_have(text: bytes) -> bool:
    return b"\\ud" in text or b"\\uD" in text


def _mended(piece: bytes) -> bytes:
    """A piece without them. Between escaped backslashes each backslash begins an escape."""
    if not _may_have(piece):
        return piece
    parts = piece.split(rb"\\")
    return rb"\\".join([_LONE_LOW.sub(_PLACEHOLDER, _LONE_HIGH.sub(_PLACEHOLDER, part)) for part in parts])


def _pieces(text: bytes) -> Iterator[bytes]:
    """Pieces that begin and end between escapes, and never within a pair of surrogates."""
    start = 0
    while start < len(text):
        piece = text[start : start + PIECE]
        if start + PIECE < len(text):
            piece = piece[: _last_cut(piece)]
        yield piece
        start += len(piece)


def _last_cut(piece: bytes) -> int:
    if _begins_escape(piece, len(piece) - 1):
        return _before_high(piece, len(piece) - 1)
    at = piece.rfind(rb"\u", len(piece) - _ESCAPE)
    return _before_high(piece, at) if at >= 0 and _begins_escape(piece, at) else len(piece)


def _begins_escape(piece: bytes, at: int) -> bool:
    """Whether the byte there is a backslash that is not escaped itself."""
    before = piece[: at + 1]
    return (len(before) - len(before.rstrip(b"\\"))) % 2 == 1


def _before_high(piece: bytes, at: int) -> int:
    """The place before the first half of a pair whose second one may be there."""
    high = at - _ESCAPE
    return high if high > 0 and _HIGH.match(piece, high) and _begins_escape(piece, high) else at
