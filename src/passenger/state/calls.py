"""What the processes of a server say to the one that has their store: calls and replies, as MessagePack in frames.

A connection carries one call at a time: a frame up, then one or more down. A frame is its length in 4 bytes,
big-endian, then its content.
"""

import asyncio
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import msgspec
from msgspec import Raw, Struct

from passenger.state.stored import Items, StoredConversation, StoredResponse

LARGEST = 1 << 30
"""Bytes of a frame; the store's own limits are far lower."""

_LENGTH = 4

ARGUMENTS: Mapping[str, Any] = {
    "put": tuple[StoredResponse],
    "get": tuple[str, str],
    "chain": tuple[str, str],
    "find_items": tuple[str, list[str]],
    "delete": tuple[str, str],
    "put_conversation": tuple[StoredConversation],
    "get_conversation": tuple[str, str],
    "delete_conversation": tuple[str, str],
    "add_items": tuple[str, str, Items],
    "conversation_items": tuple[str, str],
    "delete_item": tuple[str, str, str],
    "append": tuple[str, str, int, list[bytes]],
    "close_log": tuple[str, str],
    "cancel": tuple[str, str],
    "cancelled": tuple[str, str],
    "follow": tuple[str, str, int],
    "take_place": tuple[str, int],
}
"""The types of each call's arguments, in the order of `Store`."""


class ReplyKind(IntEnum):
    """What a reply is."""

    VALUE = 0
    LOST = 1
    ITEM = 2
    """One of several: more follow, a `VALUE` at last."""
    BROKEN = 3
    """The store has failed; its process has logged why."""


class StoreCall(Struct, frozen=True, array_like=True):
    """A call of one method."""

    method: str
    arguments: Raw


class StoreReply(Struct, frozen=True, array_like=True):
    """What comes back; `trouble` is what is wrong with the store now."""

    kind: ReplyKind
    value: Raw
    trouble: str | None = None


CALL, REPLY = msgspec.msgpack.Decoder(StoreCall), msgspec.msgpack.Decoder(StoreReply)


def to_msgpack(value: object) -> Raw:
    """A value as MessagePack."""
    return Raw(msgspec.msgpack.encode(value))


def to_frame(message: StoreCall | StoreReply) -> bytes:
    """A call or reply as a frame."""
    content = msgspec.msgpack.encode(message)
    return len(content).to_bytes(_LENGTH, "big") + content


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """The content of the next frame.

    Raises:
        EOFError: the other side has gone.
        ValueError: the frame is larger than any.
    """
    length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
    if length > LARGEST:
        raise ValueError(f"a frame of {length} bytes")
    return await reader.readexactly(length)
