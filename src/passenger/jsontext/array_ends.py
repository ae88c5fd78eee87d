"""The first and the last objects of a JSON array, found without decoding those in between."""

import re
from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

import msgspec

from passenger.jsontext.reading import decode_strictly

T = TypeVar("T")

TRIES = 16
"""Positions that are tried for the start or the end of one object before the whole array is split."""

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_FIRST_KEY = re.compile(rb'\[[ \t\n\r]*\{[ \t\n\r]*("[^"\\]*")')
_SPACE = b" \t\n\r"
_COMMA, _BRACKET, _OPENING, _CLOSING = b",[{}"


class ArrayItem(NamedTuple, Generic[T]):
    """An object of an array: its start and end in the array's text, and its decoded value."""

    start: int
    stop: int
    value: T


def from_the_end(array: bytes, decoder: "msgspec.json.Decoder[T]") -> Iterator[ArrayItem[T]]:
    """The objects of a JSON array from the last to the first, up to one that the decoder refuses.

    Objects of one array nearly always begin with the same key. A brace before that key and after a comma (or the
    array's bracket) begins an object of the array if a whole object ends before the next one's comma: the braces inside
    of an object would not be balanced, and inside of a string the key's quote would be escaped.
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


def from_the_start(array: bytes, decoder: "msgspec.json.Decoder[T]") -> Iterator[ArrayItem[T]]:
    """The same from the first to the last."""
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
    """The index of the last byte before this one that is not white space."""
    at -= 1
    while at > 0 and text[at] in _SPACE:
        at -= 1
    return at


def _ending_at(array: bytes, stop: int, key: bytes, decoder: "msgspec.json.Decoder[T]") -> ArrayItem[T] | None:
    """The object that ends at `stop`, None where the key does not show where it begins."""
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


def _starting_at(array: bytes, start: int, key: bytes, decoder: "msgspec.json.Decoder[T]") -> ArrayItem[T] | None:
    """The object that begins at `start`, None where the key does not show where it ends."""
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


def _objects(
    array: bytes, places: Iterable[tuple[int, int]], decoder: "msgspec.json.Decoder[T]"
) -> Iterator[ArrayItem[T]]:
    for start, stop in places:
        item = _item(array, start, stop, decoder)
        if item is None:
            return
        yield item


def _item(array: bytes, start: int, stop: int, decoder: "msgspec.json.Decoder[T]") -> ArrayItem[T] | None:
    value = decode_strictly(decoder, array[start:stop])
    return None if value is None else ArrayItem(start, stop, value)


def _places(array: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each value, found by splitting the whole array; none where it cannot be split."""
    at = 1
    for raw in map(bytes, decode_strictly(_ARRAY, array) or ()):
        start = array.index(raw, at)
        at = start + len(raw)
        yield start, at


def _after(text: bytes, at: int) -> int:
    """The index of the first byte from `at` on that is not white space."""
    while text[at] in _SPACE:
        at += 1
    return at
