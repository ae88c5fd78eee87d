"""The ids of items: read from an item's JSON, and made for those that come without one."""

import secrets

import msgspec
from msgspec import Struct

from passenger.jsontext import surrogates


class _Item(Struct):
    id: str = ""


_ITEM = msgspec.json.Decoder(_Item)


def read_id(item: bytes) -> str:
    """The id of an item, empty if it has none."""
    return surrogates.decode(_ITEM, item).id


def new_item_id(prefix: str) -> str:
    """A random id such as `msg_0123...`: 128 bits, so that nobody guesses another's."""
    return f"{prefix}_{secrets.token_hex(16)}"
