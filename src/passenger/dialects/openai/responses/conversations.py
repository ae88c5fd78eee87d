"""Conversations as OpenAI's clients send and get them.

https://platform.openai.com/docs/api-reference/conversations
"""

import secrets
from typing import Any

import msgspec
from msgspec import Raw, Struct

from passenger.dialects.openai.responses.stored_items import head_of
from passenger.dialects.openai.responses.stored_turn import check_metadata
from passenger.jsontext.reading import decode_as, invalid

MOST_ITEMS = 20
"""Items that may be added by one request."""


class _Body(Struct):
    items: list[Raw] | None = None
    metadata: dict[str, str] | None = None


_BODY = msgspec.json.Decoder(_Body)


def new_conversation_id() -> str:
    """A random id: 128 bits."""
    return f"conv_{secrets.token_hex(16)}"


def read_items(body: bytes) -> tuple[bytes, ...]:
    """The items that a request adds.

    Raises:
        Failure: they are no list, too many, or one is no item.
    """
    items = decode_as(_BODY, body).items or ()
    if len(items) > MOST_ITEMS:
        raise invalid(f"items may be {MOST_ITEMS} at once, not {len(items)}", "items")
    for place, item in enumerate(items):
        if not head_of(bytes(item)).is_item:
            raise invalid("an item has a type, or a role as a message, or the id that it refers to", f"items[{place}]")
    return tuple(map(bytes, items))


def read_metadata(body: bytes) -> bytes:
    """The metadata of a request, as JSON.

    Raises:
        Failure: it is too large, or not of texts.
    """
    metadata = decode_as(_BODY, body).metadata or {}
    check_metadata(metadata)
    return msgspec.json.encode(metadata)


def write_conversation(name: str, created: int, metadata: bytes) -> bytes:
    """The conversation object."""
    shape: dict[str, Any] = {"id": name, "object": "conversation", "created_at": created, "metadata": Raw(metadata)}
    return msgspec.json.encode(shape)


def write_deleted(name: str) -> bytes:
    """What is told of a conversation that was deleted."""
    return msgspec.json.encode({"id": name, "object": "conversation.deleted", "deleted": True})
