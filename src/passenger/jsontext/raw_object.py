"""A JSON object whose top level can be edited while every untouched value keeps its bytes."""

import json
import re
from typing import Any

import msgspec

from passenger.errors import Failure, Kind
from passenger.jsontext import surrogates

Fields = dict[str, msgspec.Raw]

_FIELDS = msgspec.json.Decoder(Fields)
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


class RawObject:
    """The bytes of a JSON object and the edits made to them. An object without edits is never encoded again."""

    def __init__(self, raw: bytes, fields: Fields | None = None) -> None:
        """`fields` are its top-level values if they have been split already."""
        self._raw = raw
        self._fields = dict(fields) if fields is not None else None
        self._edited = False

    def get(self, name: str) -> Any:
        """The decoded value of one top-level field, None where it is absent."""
        raw = self._split().get(name)
        return None if raw is None else _decoded(name, bytes(raw))

    def raw_value(self, name: str) -> bytes:
        """The bytes of one top-level field, empty where it is absent."""
        return bytes(self._split().get(name, b""))

    def names(self) -> frozenset[str]:
        """The names of the top-level fields."""
        return frozenset(self._split())

    @property
    def raw(self) -> bytes:
        """The bytes before any edit."""
        return self._raw

    def __contains__(self, name: str) -> bool:
        return name in self._split()

    def set(self, name: str, value: object) -> None:
        """Replace one top-level field, or add it at the end."""
        self._split()[name] = msgspec.Raw(surrogates.encode(value))
        self._edited = True

    def set_raw(self, name: str, value: bytes) -> None:
        """Replace one top-level field by a value that is JSON already, or add it at the end."""
        self._split()[name] = msgspec.Raw(value)
        self._edited = True

    def drop(self, name: str) -> None:
        """Remove one top-level field if it is there."""
        if self._split().pop(name, None) is not None:
            self._edited = True

    def rename(self, name: str, new: str) -> None:
        """Move a value to another name, unless that name has a value of its own."""
        fields = self._split()
        if name in fields:
            fields.setdefault(new, fields[name])
            del fields[name]
            self._edited = True

    def inside(self, name: str) -> "RawObject | None":
        """The object that a field holds, to be edited and put back; None for any other value."""
        raw = self.raw_value(name)
        return RawObject(raw) if raw.lstrip().startswith(b"{") else None

    def put_object(self, name: str, inside: "RawObject") -> None:
        """Put an edited object back; an empty one is dropped."""
        if inside.names():
            self.set(name, msgspec.Raw(inside.encode()))
        else:
            self.drop(name)

    def encode(self) -> bytes:
        """The bytes to send."""
        return surrogates.encode(self._split()) if self._edited else self._raw

    def _split(self) -> Fields:
        if self._fields is None:
            self._fields = split_object(self._raw)
        return self._fields


def _decoded(name: str, raw: bytes) -> Any:
    """The value of a field. Fails for a number of more digits than can be read."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Failure(Kind.INVALID, f"{name} cannot be read: {error}", param=name) from error


def split(raw: bytes) -> Fields | None:
    """The raw top-level values of a JSON object; None for anything else, and for one with lone surrogates."""
    try:
        return _FIELDS.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def split_object(raw: bytes) -> Fields:
    """The raw top-level values of a JSON object, also with lone surrogates. Raises MsgspecError where it is none."""
    try:
        return _FIELDS.decode(raw)
    except msgspec.DecodeError:
        surrogates.decode(_FIELDS, raw)
        return _split_object_leniently(raw.decode())


def split_array(raw: bytes) -> list[bytes]:
    """The raw values of a JSON array, also with lone surrogates. Raises MsgspecError where it is none."""
    try:
        return [bytes(item) for item in _ITEMS.decode(raw)]
    except msgspec.DecodeError:
        surrogates.decode(_ITEMS, raw)
        return _split_array_leniently(raw.decode())


# --- an order of magnitude slower, whatever is escaped -----------------------------------------------------------

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def _split_object_leniently(text: str) -> Fields:
    fields: Fields = {}
    at = _skip_space(text, _skip_space(text, 0) + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        start = _skip_space(text, _skip_space(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        fields[name] = msgspec.Raw(text[start:end].encode())
        at = _skip_comma(text, end)
    return fields


def _split_array_leniently(text: str) -> list[bytes]:
    items: list[bytes] = []
    at = _skip_space(text, _skip_space(text, 0) + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        items.append(text[at:end].encode())
        at = _skip_comma(text, end)
    return items


def _skip_comma(text: str, at: int) -> int:
    at = _skip_space(text, at)
    return _skip_space(text, at + 1) if text[at] == "," else at


def _skip_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at
