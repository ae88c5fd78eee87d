"""Responses and items as they lie in the file: compressed, and their large images apart, to be kept once each."""

import hashlib
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from passenger.state.stored import Items

LARGE_IMAGE = 64 * 1024
"""Bytes from which on an image is kept apart."""

_IMAGE = re.compile(rb'(?<=")(data:image/[\w.+-]+;base64,[A-Za-z0-9+/=]{%d,})(?=")' % LARGE_IMAGE)

_LEVEL = 1
"""Of zlib: JSON shrinks to a half at a third of the time that level 6 takes for a little less."""

_Pieces = bytes | list[bytes]
"""An item; or pieces of one, of which each second is the digest of an image that was there."""


class DamagedError(Exception):
    """What lies in the file is not what was written."""


class Packed(NamedTuple):
    """The blob of a row, and the images to keep beside it, by digest."""

    data: bytes
    images: Mapping[bytes, bytes]


class Unpacked(NamedTuple):
    """What was packed."""

    answer: bytes
    input: Items
    output: Items


class _Row(Struct, array_like=True):
    answer: bytes
    input: list[_Pieces]
    output: list[_Pieces] = []


_ROW = msgspec.msgpack.Decoder(_Row)
_EVENTS = msgspec.msgpack.Decoder(list[bytes])
_ENCODER = msgspec.msgpack.Encoder()


def pack(answer: bytes, input_: Sequence[bytes], output: Sequence[bytes] = ()) -> Packed:
    """An answer with its items, or items alone, as a blob."""
    images = dict[bytes, bytes]()
    row = _Row(answer, [_split(one, images) for one in input_], [_split(one, images) for one in output])
    return Packed(zlib.compress(_ENCODER.encode(row), _LEVEL), images)


def unpack(data: bytes, image: Callable[[bytes], bytes]) -> Unpacked:
    """What was packed; `image` gives an image by its digest.

    Raises:
        DamagedError: the blob is none of ours.
    """
    try:
        row = _ROW.decode(zlib.decompress(data))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise DamagedError(str(error)) from error
    input_, output = (tuple(_join(one, image) for one in items) for items in (row.input, row.output))
    return Unpacked(row.answer, input_, output)


def pack_events(events: Sequence[bytes]) -> bytes:
    """Events as a blob."""
    return zlib.compress(_ENCODER.encode(events), _LEVEL)


def unpack_events(data: bytes) -> list[bytes]:
    """What was packed.

    Raises:
        DamagedError: the blob is none of ours.
    """
    try:
        return _EVENTS.decode(zlib.decompress(data))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise DamagedError(str(error)) from error


def _split(item: bytes, images: dict[bytes, bytes]) -> _Pieces:
    """The item in pieces, if it has large images, which are added to `images`."""
    if len(item) < LARGE_IMAGE:
        return item
    pieces = _IMAGE.split(item)
    if len(pieces) == 1:
        return item
    for place in range(1, len(pieces), 2):
        digest = hashlib.sha256(pieces[place]).digest()
        images[digest] = pieces[place]
        pieces[place] = digest
    return pieces


def _join(item: _Pieces, image: Callable[[bytes], bytes]) -> bytes:
    if isinstance(item, bytes):
        return item
    return b"".join(image(piece) if place % 2 else piece for place, piece in enumerate(item))
