"""A JSON object whose top level can be edited while every untouched value keeps its bytes."""

import json
import re
from typing import Any

import msgspec

from passenger.decoding import dumps
from passenger.errors import Failure, Kind

Fields = dict[str, msgspec.Raw]

_FIELDS = msgspec.json.Decoder(Fields)


class Body:
    """The bytes of a request and the edits made to them; an unedited body is never re-serialised."""

    def __init__(self, raw: bytes, fields: Fields | None = None) -> None:
        """`fields` are its top-level values, where they have been split already."""
        self._raw = raw
        self._fields = dict(fields) if fields is not None else None
        self._edited = False

    def get(self, name: str) -> Any:
        """The decoded value of one top-level field, None where it is absent."""
        raw = self._opened().get(name)
        return None if raw is None else _decoded(name, bytes(raw))

    def raw_value(self, name: str) -> bytes:
        """The bytes of one top-level field, none where it is absent."""
        return bytes(self._opened().get(name, b""))

    def names(self) -> frozenset[str]:
        """The names of the top-level fields."""
        return frozenset(self._opened())

    @property
    def raw(self) -> bytes:
        """The bytes that it was made of."""
        return self._raw

    def __contains__(self, name: str) -> bool:
        return name in self._opened()

    def set(self, name: str, value: object) -> None:
        """Replace one top-level field, or add it at the end."""
        self._opened()[name] = msgspec.Raw(dumps(value))
        self._edited = True

    def set_raw(self, name: str, value: bytes) -> None:
        """The same with a value that is JSON already."""
        self._opened()[name] = msgspec.Raw(value)
        self._edited = True

    def drop(self, name: str) -> None:
        """Remove one top-level field where it is there."""
        if self._opened().pop(name, None) is not None:
            self._edited = True

    def rename(self, name: str, new: str) -> None:
        """Move a value to another name; the other name's own value wins where both are there."""
        fields = self._opened()
        if name in fields:
            fields.setdefault(new, fields[name])
            del fields[name]
            self._edited = True

    def inside(self, name: str) -> "Body | None":
        """The object that a field holds, to be edited and put back; None where it holds none."""
        raw = self.raw_value(name)
        return Body(raw) if raw.lstrip().startswith(b"{") else None

    def put_object(self, name: str, inside: "Body") -> None:
        """Put an object back that was edited; nothing is left of one that has become empty."""
        if inside.names():
            self.set(name, msgspec.Raw(inside.encode()))
        else:
            self.drop(name)

    def encode(self) -> bytes:
        """The bytes to send."""
        return dumps(self._opened()) if self._edited else self._raw

    def _opened(self) -> Fields:
        if self._fields is None:
            self._fields = _split(self._raw)
        return self._fields


def _decoded(name: str, raw: bytes) -> Any:
    """The value of a field.

    Raises:
        Failure: it has a number of more digits than can be read.
    """
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Failure(Kind.INVALID, f"{name} cannot be read: {error}", param=name) from error


def split(raw: bytes) -> Fields | None:
    """The top-level values as the bytes they are.

    None where it is not a JSON object, or has lone surrogate escapes: RFC 8259 (8.2) allows these, and they are passed
    on, but the fast decoder refuses them.
    """
    try:
        return _FIELDS.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _split(raw: bytes) -> Fields:
    """The same, from what is known to be a JSON object."""
    fields = split(raw)
    return _split_leniently(raw.decode()) if fields is None else fields


_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def _split_leniently(text: str) -> Fields:
    """The same, an order of magnitude slower, whatever is escaped."""
    fields: Fields = {}
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        fields[name] = msgspec.Raw(text[start:end].encode())
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at
    return fields


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at
