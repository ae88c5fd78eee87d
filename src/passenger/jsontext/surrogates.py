"""Lone surrogates: halves of a character beyond U+FFFF, which JSON can escape and UTF-8 cannot hold.

RFC 8259 (8.2) allows their escapes, and clients and models do write them; msgspec refuses to read and to write them.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

PIECE = 64 * 1024
"""Bytes whose escapes are replaced in one step: each escape that is found costs some memory for as long as it takes."""


def decode(decoder: "msgspec.json.Decoder[T]", data: bytes) -> T:
    """JSON as the decoder's shape, with U+FFFD for each lone surrogate.

    Raises:
        ValueError: it is not JSON (a msgspec.ValidationError: it is of another shape).
        RecursionError: it is nested too deeply.
    """
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        whole = replace_escapes(data)
        if whole is data:
            raise
        return decoder.decode(whole)


def decode_or_none(decoder: "msgspec.json.Decoder[T]", data: bytes) -> T | None:
    """The same; None where it is not JSON of the decoder's shape."""
    try:
        return decode(decoder, data)
    except (ValueError, RecursionError):
        return None


def decode_object(data: bytes) -> dict[str, Any]:
    """A JSON object as plain values, with the lone surrogates that it has; `encode` writes them again.

    Raises:
        msgspec.MsgspecError: it is no JSON object.
    """
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError as error:
        try:
            document = json.loads(data)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise msgspec.DecodeError(str(error)) from None
        return document


def encode(value: Any) -> bytes:
    """Plain and raw values as JSON. Lone surrogates are written as escapes."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return _encode_leniently(value)


def _encode_leniently(value: Any) -> bytes:
    match value:
        case dict():
            members = (json.dumps(name).encode() + b":" + _encode_leniently(inner) for name, inner in value.items())
            return b"{" + b",".join(members) + b"}"
        case list():
            return b"[" + b",".join(map(_encode_leniently, value)) + b"]"
        case msgspec.Raw():
            return bytes(value)
        case _:
            return json.dumps(value).encode()


# --- in strings --------------------------------------------------------------------------------------------------

_SURROGATE = re.compile("[\ud800-\udfff]")


def replace_surrogates(text: str) -> str:
    """The text with U+FFFD for each lone surrogate."""
    return _SURROGATE.sub("\ufffd", text)


def replace_surrogates_in(value: Any) -> Any:
    """The value with U+FFFD for each lone surrogate in its strings and keys."""
    match value:
        case str():
            return replace_surrogates(value)
        case dict():
            return {replace_surrogates(key): replace_surrogates_in(inner) for key, inner in value.items()}
        case list():
            return [replace_surrogates_in(inner) for inner in value]
        case _:
            return value


def join_surrogates(text: str) -> str:
    """The text with each pair of surrogates as one character, and U+FFFD for each lone one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# --- in escapes --------------------------------------------------------------------------------------------------

_ESCAPE_LENGTH = 6

_HIGH = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}")
# What comes first is what is searched for fast; so the look behind comes last.
_LONE_HIGH = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})")
_LONE_LOW = re.compile(rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")
_REPLACEMENT = rb"\\ufffd"


def replace_escapes(text: bytes) -> bytes:
    """JSON with U+FFFD for the escape of each lone surrogate; the very same where it cannot have any."""
    return b"".join(map(_replace_in_piece, _pieces(text))) if _may_have(text) else text


def _may_have(text: bytes) -> bool:
    return b"\\ud" in text or b"\\uD" in text


def _replace_in_piece(piece: bytes) -> bytes:
    """Between escaped backslashes each backslash begins an escape."""
    if not _may_have(piece):
        return piece
    parts = piece.split(rb"\\")
    return rb"\\".join([_LONE_LOW.sub(_REPLACEMENT, _LONE_HIGH.sub(_REPLACEMENT, part)) for part in parts])


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
    at = piece.rfind(rb"\u", len(piece) - _ESCAPE_LENGTH)
    return _before_high(piece, at) if at >= 0 and _begins_escape(piece, at) else len(piece)


def _begins_escape(piece: bytes, at: int) -> bool:
    """Whether the byte there is a backslash that is not escaped itself."""
    before = piece[: at + 1]
    return (len(before) - len(before.rstrip(b"\\"))) % 2 == 1


def _before_high(piece: bytes, at: int) -> int:
    """The place before a high surrogate whose low one may be there."""
    high = at - _ESCAPE_LENGTH
    return high if high > 0 and _HIGH.match(piece, high) and _begins_escape(piece, high) else at
