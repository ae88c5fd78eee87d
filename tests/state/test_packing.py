"""Responses and items as blobs."""

import hashlib
import os

import pytest

from passenger.state.packing import LARGE_IMAGE, DamagedError, pack, pack_events, unpack, unpack_events

URL = b"data:image/png;base64," + b"A" * LARGE_IMAGE


def missing(_: bytes) -> bytes:
    raise DamagedError("an image is missing")


@pytest.mark.parametrize(
    "item",
    [
        b'{"id":"1"}',
        b'{"text":"' + b"x" * 2 * LARGE_IMAGE + b'"}',
        b'{"text":"' + URL + b' not alone"}',
        b'{"text":"data:image/png;base64,short"}' + b" " * LARGE_IMAGE,
    ],
)
def test_what_has_no_large_image_is_one_blob(item: bytes) -> None:
    packed = pack(b"{}", (item,), (item, b"{}"))
    assert not packed.images
    assert unpack(packed.data, missing) == (b"{}", (item,), (item, b"{}"))


def test_large_images_are_apart_and_once() -> None:
    other = URL.replace(b"A", b"B")
    item = b'[{"image_url":"%b"},{"image_url":"%b"},{"image_url":"%b"}]' % (URL, other, URL)
    packed = pack(b"{}", (item,))
    assert packed.images == {hashlib.sha256(one).digest(): one for one in (URL, other)}
    assert len(packed.data) < 1_000
    assert unpack(packed.data, packed.images.__getitem__).input == (item,)
    with pytest.raises(DamagedError):
        unpack(packed.data, missing)


def test_events_come_back() -> None:
    events = [b'{"n":0}', b"", os.urandom(100)]
    assert unpack_events(pack_events(events)) == events


@pytest.mark.parametrize("data", [b"", b"x", pack(b"{}", ()).data[:-3]])
def test_what_is_no_blob_of_ours_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedError):
        unpack(data, missing)
    with pytest.raises(DamagedError):
        unpack_events(data)
