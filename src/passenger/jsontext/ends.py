"""The first and the last objects of a JSON array, found without reading those in between."""

import re
from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

import msgspec

T = TypeVar("T")

TRIES = 16
"""Places that are tried for the beginning or the end of one object, before the whole array is read."""

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_FIRST_KEY = re.compile(rb'\[[ \t\n\r]*\{[ \t\n\r]*("[^"\\]*")')
_SPACE = b" \t\n\r"
_COMMA, _BRACKET, _OPENING, _CLOSING = b",[{}"


class Item(NamedTuple, Generic[T]):
    """An object of an array: where it begins and ends in the array's text, and what was read of it."""

    start: int
    stop: int
    value: T


def from_the_end(array: bytes, decoder: "msgspec.json.Decoder[T]") -> Iterator[Item[T]]:
    """The objects of a JSON array, the last first, up to what is none of the decoder's.

    Objects of one array nearly always begin with the same key. Where it follows a brace that follows a comma or the
    array's bracket, and a whole object is between that brace and the next one's comma, this is an object of the array:
    within one the braces would not be even, and within a string the key's quote would be escaped.
    """
    key = _FIRST_KEY.match(array)
    stop = before(array, len(array) - 1)
    while key is not None and array[stop] == _CLOSING:
        item = _ending_at(array, stop + 1, key[1], decoder)
        if item is None:
            places = reversed([place for place in _places(array) if place[1] <= stop + 1])
            yield from _objects(array, places, decoder)
            return
        yield item
        comma = before(array, item[0])
        if array[comma] == _BRACKET:
            return
        stop = before(array, comma)


def from_the_start(array: bytes, decoder: "msgspec.json.Decoder[T]") -> Iterator[Item[T]]:
    """The same, the first first."""
    key, start = _FIRST_KEY.match(array), array.find(b"{")
    while key is not None and array[start] == _OPENING:
        item = _starting_at(array, start, key[1], decoder)
        if item is None:
            yield from _objects(array, (place for place in _places(array) if place[0] >= start), decoder)
            return
        yield item
        comma = _after(array, item[1])
        if array[comma] != _COMMA:
            return
        start = _after(array, comma + 1)


def before(text: bytes, at: int) -> int:
    """The place of the last byte before this one that is no white space."""
    at -= 1
    while at > 0 and text[at] in _SPACE:
        at -= 1
    return at


def _ending_at(array: bytes, stop: int, key: bytes, decoder: "msgspec.json.Decoder[T]") -> Item[T] | None:
    """The object that ends there, None where the key does not tell where it begins."""
    at = stop
    for _ in range(TRIES):
        at = array.rfind(key, 0, at)
        if at < 0:
            return None
        start = at - 1 if array[at - 1] == _OPENING else before(array, at)
        if array[start] == _OPENING and (array[start - 1] in b",[" or array[before(array, start)] in b",["):
            item = _item(array, start, stop, decoder)
            if item is not None:
                return item
    return None


def _starting_at(array: bytes, start: int, key: bytes, decoder: "msgspec.json.Decoder[T]") -> Item[T] | None:
    """The object that begins there, None where the key does not tell where it ends."""
    at = start + len(key)
    for _ in range(TRIES):
        at = array.find(key, at + 1)
        if at < 0:
            return _item(array, start, before(array, len(array) - 1) + 1, decoder)
        comma = before(array, before(array, at))
        if array[comma] == _COMMA:
            item = _item(array, start, before(array, comma) + 1, decoder)
            if item is not None:
                return item
    return None


def _objects(array: bytes, places: Iterable[tuple[int, int]], decoder: "msgspec.json.Decoder[T]") -> Iterator[Item[T]]:
    for start, stop in places:
        item = _item(array, start, stop, decoder)
        if item is None:
            return
        yield item


def _item(array: bytes, start: int, stop: int, decoder: "msgspec.json.Decoder[T]") -> Item[T] | None:
    try:
        return Item(start, stop, decoder.decode(array[start:stop]))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _places(array: bytes) -> Iterator[tuple[int, int]]:
    """Where each value begins and ends, all of them read; none where the fast decoder cannot."""
    at = 1
    for raw in map(bytes, _split(array)):
        start = array.index(raw, at)
        at = start + len(raw)
        yield start, at


def _split(array: bytes) -> list[msgspec.Raw]:
    try:
        return _ARRAY.decode(array)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []


def _after(text: bytes, at: int) -> int:
    """The place of the first byte from there on that is no white space."""
    while text[at] in _SPACE:
        at += 1
    return at
